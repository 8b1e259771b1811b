"""The journal of a sandbox, and what its clients have covered."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from mock_server import __version__
from mock_server.http import problems
from mock_server.http.exchange import UNSEEN, Response
from mock_server.http.near import not_one_of
from mock_server.http.operation import operation
from mock_server.http.router import JSON
from mock_server.observation.entry import Entry, Filter
from mock_server.observation.journal import Journal
from mock_server.observation.stream import Position
from mock_server.worlds import snapshot
from mock_server.worlds.registry import Sandboxes

LIMIT = 100
WAIT_MS = 5000
Json = dict[str, Any]


@operation("listRequests")
def list_requests(
    sandboxes: Sandboxes, *, sandbox_id: str, limit: int = LIMIT, **filters: Any
) -> Json:
    filter = _filter(sandboxes, sandbox_id, **filters)
    journal = _journal(sandboxes, sandbox_id)
    return _page(journal, list(journal.entries(filter)), limit, bodies=filter.bodies)


@operation("getRequest")
def get_request(sandboxes: Sandboxes, *, sandbox_id: str, number: str) -> Json:
    for entry in _journal(sandboxes, sandbox_id).entries(Filter()):
        if str(entry.number) == number:
            return entry.as_json()
    raise problems.not_found(f"No request {number[:20]} is remembered.")


@operation("waitForRequests")
def wait_for_requests(
    sandboxes: Sandboxes,
    *,
    sandbox_id: str,
    count: int = 1,
    timeout_ms: int = WAIT_MS,
    **filters: Any,
) -> Response:
    filter = _filter(sandboxes, sandbox_id, **filters)
    journal = _journal(sandboxes, sandbox_id)
    return Response(200, headers=(JSON,), stream=_wait(journal, filter, count, timeout_ms))


@operation("streamRequests")
def stream_requests(
    sandboxes: Sandboxes, *, sandbox_id: str, last_event_id: str | None = None, **filters: Any
) -> Response:
    # A browser that comes back asks the same URL again, so its header goes before `since`.
    after = None if last_event_id is None else Position.read(last_event_id)
    filter = _filter(sandboxes, sandbox_id, **filters)
    headers = (("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"))
    stream = _journal(sandboxes, sandbox_id).stream(filter, after)
    return Response(200, b": listening\n\n", headers, stream=stream)


@operation("exportRequests")
def export_requests(sandboxes: Sandboxes, *, sandbox_id: str) -> Json:
    entries = _journal(sandboxes, sandbox_id).entries(Filter())
    creator = {"name": "my-account-kit", "version": __version__}
    return {"log": {"version": "1.2", "creator": creator, "entries": list(map(_har, entries))}}


@operation("exportBundle")
def export_bundle(sandboxes: Sandboxes, *, sandbox_id: str) -> Json:
    journal = _journal(sandboxes, sandbox_id)
    entries = list(journal.entries(Filter()))
    # `OPTIONS *` asks for nothing that a replay could find.
    requests = [each for each in entries if not each.steers and each.request.path[:1] == "/"]
    return {
        "format": "my-account-bundle",
        "version": 1,
        # A replay asks the requests again; it does not change the world between them.
        "complete": journal.complete and len(requests) == len(entries),
        "snapshot": snapshot.initial_snapshot_of(sandboxes.get(sandbox_id)),
        "requests": [each.as_json() for each in requests],
    }


@operation("clearJournal")
def clear_journal(sandboxes: Sandboxes, *, sandbox_id: str) -> None:
    _journal(sandboxes, sandbox_id).clear()


@operation("getCoverage")
def get_coverage(sandboxes: Sandboxes) -> Json:
    return sandboxes.coverage.as_json(sandboxes.operations)


@operation("getSandboxCoverage")
def get_sandbox_coverage(sandboxes: Sandboxes, *, sandbox_id: str) -> Json:
    return _journal(sandboxes, sandbox_id).coverage.as_json(sandboxes.operations)


def _filter(sandboxes: Sandboxes, sandbox_id: str, **filters: Any) -> Filter:
    """
    What selects requests.

    Raises:
        Problem: 409, it names what never asked or was asked, as a slip of the pen does.
    """
    filter = Filter(**filters)
    operations = [route.id for route in sandboxes.operations]
    if filter.operation is not None and filter.operation not in operations:
        raise problems.conflict(f"The operation {not_one_of(filter.operation, operations)}")
    sandbox, persona = sandboxes.get(sandbox_id), filter.persona
    seen = any(sandbox.journal.entries(Filter(persona=persona)))
    # Before a real implementation nobody is known until they ask.
    may_come = seen or sandboxes.upstream or persona in sandbox.world
    if persona is not None and not may_come:
        raise problems.conflict(f"The persona {not_one_of(persona, sandbox.world)}")
    return filter


def _journal(sandboxes: Sandboxes, sandbox_id: str) -> Journal:
    return sandboxes.get(sandbox_id).journal


def _page(journal: Journal, entries: list[Entry], limit: int, *, bodies: bool = True) -> Json:
    """The latest entries, oldest first, and how many there are and were."""
    latest = [each.as_json(bodies=bodies) for each in (entries[-limit:] if limit else [])]
    return {
        "count": len(entries),
        "forgotten": journal.forgotten,
        "last_event_id": str(journal.position),
        "entries": latest,
    }


async def _wait(
    journal: Journal, filter: Filter, count: int, timeout_ms: int
) -> AsyncIterator[bytes]:
    entries = await journal.wait_for(filter, count, timeout_ms / 1000)
    yield msgspec.json.encode(_page(journal, entries, LIMIT) | {"met": len(entries) >= count})


def _har(entry: Entry) -> Json:
    """An entry as HTTP Archive 1.2 writes it; instants are the sandbox's, durations real."""
    shown = entry.as_json()
    url = f"{entry.request.base_url}{shown['path']}"
    query = f"?{shown['query']}" if shown["query"] else ""
    parameters = parse_qsl(shown["query"], keep_blank_values=True)
    answer = shown["response"]
    wait_ms = round((entry.took_s + entry.response.delay_s) * 1000, 3)
    receive_ms = round(entry.response.drip_s * 1000, 3)
    is_lost = entry.response.wire in UNSEEN
    mime, refused = entry.response.header("Content-Type") or "", entry.response.status == 401
    return {
        "startedDateTime": shown["at"],
        "time": wait_ms + receive_ms,
        "request": _har_message(shown["request"]["headers"].items())
        | {
            "method": entry.request.method,
            "url": url + query,
            "queryString": [{"name": name, "value": value} for name, value in parameters],
        }
        | _har_body(entry, shown["request"]["body"]),
        "response": _har_message(() if is_lost else answer["headers"])
        | {
            # Browsers write 0 where no answer came.
            "status": 0 if is_lost else entry.response.status,
            "statusText": "",
            "redirectURL": "",
            "content": {"size": 0, "mimeType": ""}
            if is_lost
            else {"size": entry.body_bytes, "mimeType": mime, "text": answer["body"]},
        },
        "cache": {},
        "timings": {"send": 0, "wait": wait_ms, "receive": receive_ms},
        "comment": shown["reason"],
        # Members of our own begin with an underscore; tokens are not kept, so this tells who asked.
        "_persona": entry.persona if entry.role == "customer" and not refused else None,
    }


def _har_body(entry: Entry, text: str) -> Json:
    """The body of a request, if it has one."""
    mime = entry.request.headers.get("content-type", "")
    return {"postData": {"mimeType": mime, "text": text}} if entry.request_bytes else {}


def _har_message(headers: Any) -> Json:
    pairs = [{"name": name, "value": value} for name, value in headers]
    sizes = {"headersSize": -1, "bodySize": -1}
    return {"httpVersion": "HTTP/1.1", "cookies": [], "headers": pairs} | sizes

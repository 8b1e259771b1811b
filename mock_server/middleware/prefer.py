"""What a single request prefers: `Prefer: code=404, delay=800`, or `?__code=404&__delay=800`."""

from collections.abc import Awaitable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl
from urllib.request import parse_http_list

import msgspec
from msgspec.structs import replace
from starlette.types import ASGIApp, Receive, Scope, Send

from mock_server.http import problems
from mock_server.http.document import Document
from mock_server.http.exchange import Request, Response, answer_of
from mock_server.http.problems import Problem
from mock_server.http.router import JSON, refusal
from mock_server.middleware import faults
from mock_server.middleware.context import ApiContext, OperationLayer

NAMES = ("code", "example", "delay")
LONGEST_DELAY_MS = 60_000
LONGEST_HEADER = 1000
Examples = Mapping[str, Mapping[int, Mapping[str, Any]]]


class Prefer(OperationLayer):
    """Answers as the request prefers."""

    def __init__(self, app: ASGIApp, examples: Examples) -> None:
        super().__init__(app)
        self._examples = examples

    def handle(
        self, context: ApiContext, scope: Scope, receive: Receive, send: Send
    ) -> Awaitable[None]:
        """Pass the request on, or answer as was preferred; 400 where the document has none such."""
        request = context.request
        if "prefer" not in request.headers and "__" not in request.query:
            return self.app(scope, receive, send)
        return self._answer(context, scope, receive, send)

    async def _answer(
        self, context: ApiContext, scope: Scope, receive: Receive, send: Send
    ) -> None:
        try:
            preferred = dict(_preferences_of(context.request))
            response = await self._respond(preferred, context.operation.id, scope, receive)
        except Problem as problem:
            response = refusal(problem)
        await response(scope, receive, send)

    async def _respond(
        self, preferred: Mapping[str, str], id: str, scope: Scope, receive: Receive
    ) -> Response:
        if not preferred:
            return await answer_of(self.app, scope, receive)
        known = self._examples[id]
        code = _number("code", preferred["code"], 599) if "code" in preferred else None
        if code is not None and code not in known:
            codes = ", ".join(map(str, known))
            raise problems.bad_request(
                f"{id} documents no {code}, only {codes}; for others, POST a fault to the control"
                ' API with "off_contract": true.'
            )
        delay_s = _number("delay", preferred.get("delay", "0"), LONGEST_DELAY_MS) / 1000
        response = _example(known, code, preferred.get("example"))
        if response is None:
            response = await answer_of(self.app, scope, receive)
        applied = ("Preference-Applied", ", ".join(f"{k}={v}" for k, v in preferred.items()))
        headers = (*response.headers, applied)
        return replace(response, headers=headers, delay_s=response.delay_s + delay_s)


def _example(
    known: Mapping[int, Mapping[str, Any]], code: int | None, name: str | None
) -> Response | None:
    """The example that is meant; None where the request wants a success of its own."""
    if name is not None:
        by_name = {
            name: (status, body)
            for status in ([code] if code else known)
            for name, body in known[status].items()
        }
        if name not in by_name:
            names = ", ".join(by_name)
            raise problems.bad_request(f"There is no example '{name[:80]}', only {names}.")
        return _example_response(*by_name[name])
    if code is None or code < 300:
        return None
    return _example_response(code, next(iter(known[code].values()), None))


def _example_response(status: int, body: Any) -> Response:
    if status < 300:
        return Response(status, msgspec.json.encode(body), (JSON,))
    return faults.error(status, body["message"] if body else None)


def _preferences_of(request: Request) -> Iterator[tuple[str, str]]:
    for name, value in parse_qsl(request.query, keep_blank_values=True):
        if name.startswith("__") and name[2:] in NAMES:
            yield name[2:], value
    for name, value in preferences(request.headers.get("prefer", "")):
        if name in NAMES:
            yield name, value


def preferences(header: str) -> Iterator[tuple[str, str]]:
    """
    Name and value of each preference of a `Prefer` header, RFC 7240, less its parameters.

    Raises:
        Problem: 400, the header is longer than 1,000 characters.
    """
    if len(header) > LONGEST_HEADER:
        raise problems.bad_request(
            f"The Prefer header may be {LONGEST_HEADER} characters long; it has {len(header)}."
        )
    for preference in parse_http_list(header):
        name, _, value = preference.partition(";")[0].partition("=")
        yield name.strip().lower(), value.strip().strip('"').strip()


def _number(name: str, text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6) or int(text) > most:
        raise problems.bad_request(
            f"The preference '{name}' must be a number up to {most}; got '{text[:80]}'."
        )
    return int(text)


def examples_of(document: Document) -> Examples:
    """The named examples of every answer of every operation."""
    return {
        operation["operationId"]: {
            int(status): dict(_examples(document, answer))
            for status, answer in operation["responses"].items()
        }
        for _, _, operation in document.operations()
    }


def _examples(document: Document, answer: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    content = document.resolve(answer).get("content", {}).get("application/json", {})
    for name, example in content.get("examples", {}).items():
        yield name, document.resolve(example).get("value")

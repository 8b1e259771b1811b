"""One request to a sandbox: what was answered, why, and what the document says of both."""

from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from mock_server.http import bounds
from mock_server.http.adapter import problem_of
from mock_server.http.bounds import BoundsError
from mock_server.http.exchange import Request, Response
from mock_server.http.router import Route, violation
from mock_server.observation.redaction import Redactor

Json = dict[str, Any]


class Verdict(NamedTuple):
    """What the document says of a request or of an answer."""

    valid: bool | None
    """Whether it allows it; None where that was not judged."""
    problem: str | None = None
    """What it does not allow, or why it was not judged."""


VALID = Verdict(True)


class Entry(Struct, frozen=True, dict=True):
    """One request and its answer."""

    number: int
    """Counted from 1 in its sandbox."""
    at: datetime
    """By the sandbox's clock."""
    route: Route | None
    """The operation, if it was for one."""
    persona: str | None
    """Whom the token names."""
    role: str | None
    """What kind of token it is: customer, staff, expired, revoked or unknown."""
    request: Request
    response: Response
    request_bytes: int
    """How long the request's body was before it was cut."""
    body_bytes: int
    """How long the body was that was sent."""
    changes: list[Json]
    took_s: float = 0.0
    """How long it took to answer, less what a fault holds it back."""
    request_judged: Verdict | None = None
    """What the document says of the request, where it was cut since."""
    answer_judged: Verdict | None = None
    """What the document says of the answer, where it was cut since."""

    @cached_property
    def request_verdict(self) -> Verdict:
        """Whether the document allows the request."""
        return self.request_judged or _verdict(self._request_problem())

    @cached_property
    def answer_verdict(self) -> Verdict:
        """Whether the document allows the answer."""
        return self.answer_judged or self._judge_answer()

    def cut(self, most: int) -> "Entry":
        """The entry with at most so many bytes of each side, judged before if need be."""
        changes: dict[str, Any] = {}
        if self.request.size > most:
            changes |= {"request": _cut(self.request, most), "request_judged": self.request_verdict}
        if len(self.response.body) > most:
            cut = msgspec.structs.replace(self.response, body=self.response.body[:most])
            # What nothing altered was judged before it was sent.
            judged = self.answer_verdict if self.response.is_altered else VALID
            changes |= {"response": cut, "answer_judged": judged}
        return msgspec.structs.replace(self, **changes) if changes else self

    def _request_problem(self) -> str | None:
        if self.steers:
            return None
        if self.route is None:
            return f"no operation answers {self.request.method} {self.request.path[:200]}"
        return problem_of(self.route, self.request)

    @property
    def steers(self) -> bool:
        """Whether it changed the world through the control API."""
        return self.request.path.startswith("/__mock__/")

    def reason(self) -> str:
        """Why it was answered so."""
        if self.steers:
            return "the world was changed through the control API"
        if self.response.fault:
            return f"fault {self.response.fault} struck"
        if preferred := self.response.header("Preference-Applied"):
            return f"the request preferred {preferred}"
        if self.response.status < 400:
            return f"the token is {self.persona}'s" if self.persona else "it needs no token"
        body = decode_json(self.response.body)
        message = body.get("message") if isinstance(body, dict) else None
        return message if isinstance(message, str) else "it was refused"

    @property
    def violations(self) -> list[str]:
        """What the document does not allow of the request and of its answer; tokens left out."""
        sides = (("request", self.request_verdict), ("answer", self.answer_verdict))
        return [
            f"{side}: {self._redactor.text(verdict.problem)}"
            for side, verdict in sides
            if verdict.valid is False and verdict.problem
        ]

    @property
    def unjudged(self) -> list[str]:
        """That the answer was not judged, and why; nothing where it was."""
        verdict = self.answer_verdict
        return [f"the answer is not judged: {verdict.problem}"] if verdict.valid is None else []

    def as_json(self, *, bodies: bool = True) -> Json:
        """As the control API shows it; tokens left out, and bodies where nobody asks for them."""
        request, response, hidden = self.request, self.response, self._redactor.text

        def shown(body: bytes) -> str | None:
            return hidden(body.decode("utf-8", "replace")) if bodies else None

        return {
            "number": self.number,
            "at": self.at,
            "operation": self.route.id if self.route else None,
            "persona": self.persona,
            "role": self.role,
            "method": request.method,
            "path": hidden(request.path),
            "query": hidden(request.query),
            "status": response.status,
            "fault": response.fault,
            "rule": response.rule,
            "reason": hidden(self.reason()),
            "changes": self.changes,
            "request": {
                **self._shown(self.request_verdict),
                "headers": self._redactor.headers(request.headers),
                "body": shown(request.body),
                "body_bytes": self.request_bytes,
            },
            "response": {
                **self._shown(self.answer_verdict),
                "headers": self._redactor.pairs(response.headers),
                "body": shown(response.body),
                "body_bytes": self.body_bytes,
            },
        }

    @cached_property
    def _redactor(self) -> Redactor:
        return Redactor(self.request.headers, self.request.query)

    def _shown(self, verdict: Verdict) -> Json:
        text = verdict.problem
        return {"valid": verdict.valid, "problem": text and self._redactor.text(text)}

    def _judge_answer(self) -> Verdict:
        route, response = self.route, self.response
        if response.wire:
            return Verdict(False, f"it was lost on its way: {response.wire}")
        if route is None:
            return VALID
        if response.status not in route.answers:
            return Verdict(False, f"the document lists no {response.status} for {route.id}")
        if route.answers[response.status] is None or self.request.method == "HEAD":
            return VALID
        media_type = (response.header("Content-Type") or "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            what = f"it is {media_type or 'of no media type'} and not application/json"
            return Verdict(False, what)
        if self.body_bytes > len(response.body):
            return Verdict(None, f"it has more than the {len(response.body)} bytes that are judged")
        return _verdict(_body_problem(route, response))


class Filter(Struct, frozen=True):
    """Selects entries, and what of them is shown; a field that is not set matches all."""

    operation: str | None = None
    status: int | None = None
    persona: str | None = None
    method: str | None = None
    since: int = 0
    """Entries with a higher number."""
    bodies: bool = True
    """Whether their bodies are shown."""

    def __call__(self, entry: Entry) -> bool:
        return (
            entry.number > self.since
            and self.operation in (None, entry.route and entry.route.id)
            and self.status in (None, entry.response.status)
            and self.persona in (None, entry.persona)
            and self.method in (None, entry.request.method)
        )


def _verdict(problem: str | None) -> Verdict:
    return VALID if problem is None else Verdict(False, problem)


def _body_problem(route: Route, response: Response) -> str | None:
    if not response.body:
        return "its body is empty"
    try:
        body = bounds.json_tree(response.body)
    except BoundsError as error:
        return f"it cannot be read as JSON: {error}"
    return violation(route, response.status, body)


def _cut(request: Request, most: int) -> Request:
    """The request with at most so much of its headers, its path, its query and its body."""
    headers, left = {}, most
    for name, value in request.headers.items():
        headers[name] = value[: max(0, left)]
        left -= len(name) + len(value)
        if left <= 0:
            break
    path, query, body = (each[:most] for each in (request.path, request.query, request.body))
    return msgspec.structs.replace(request, path=path, query=query, body=body, headers=headers)


def decode_json(body: bytes) -> Any:
    """The JSON of a body; None where it is none."""
    try:
        return bounds.json_tree(body)
    except BoundsError:
        return None

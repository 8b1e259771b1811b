"""Refusals, one function per kind; the adapter turns each into the contract's error envelope."""

from http import HTTPStatus
from typing import Literal

RuleId = Literal[
    "AUTH-01",
    "AUTH-02",
    "AUTH-03",
    "AUTH-04",
    "AUTH-06",
    "AUTH-09",
    "AUTH-10",
    "ERR-03",
    "HTTP-01",
    "PAYMENT-02",
    "PREF-06",
    "PREF-07",
]
"""The rules of the document that the mock refuses requests by."""


class Problem(Exception):
    """
    A request that is refused: `status`, a `message` for the client, extra `headers`, and the
    `rule` of the document that it is refused by, for the journal.
    """

    def __init__(
        self,
        status: int,
        message: str,
        headers: tuple[tuple[str, str], ...] = (),
        rule: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.headers, self.rule = status, message, headers, rule

    def under(self, rule: RuleId) -> "Problem":
        """This problem, citing a rule of the document."""
        self.rule = rule
        return self


def sentence(mistake: str) -> str:
    """What is wrong as a sentence, which may end by asking what was meant."""
    return mistake if mistake.endswith("?") else f"{mistake}."


def misdirected(number: int, owner: int, count: int) -> Problem:
    """421, the request belongs to another of several servers."""
    return Problem(
        HTTPStatus.MISDIRECTED_REQUEST,
        f"This sandbox lives in shard {owner} of {count}; this is shard {number}. The balancer"
        " before them sends it there: 'mock-server shards' writes its configuration.",
    )


def token_missing(message: str) -> Problem:
    """401, no token was sent."""
    return Problem(HTTPStatus.UNAUTHORIZED, message, (("WWW-Authenticate", "Bearer"),))


def invalid_token(message: str) -> Problem:
    """401, a token was sent and is not accepted: RFC 6750, section 3.1."""
    challenge = 'Bearer error="invalid_token"'
    return Problem(HTTPStatus.UNAUTHORIZED, message, (("WWW-Authenticate", challenge),))


def forbidden(message: str) -> Problem:
    """403: a valid token without permission on this resource."""
    return Problem(HTTPStatus.FORBIDDEN, message)


def not_found(message: str) -> Problem:
    """404: no such path, no such id, or not visible to the caller."""
    return Problem(HTTPStatus.NOT_FOUND, message)


def bad_request(message: str) -> Problem:
    """400: the request is malformed."""
    return Problem(HTTPStatus.BAD_REQUEST, message)


def bad_parameter(name: str, got: str, want: str, rule: str | None = None) -> Problem:
    """400: a parameter that could not be parsed; the message names it."""
    message = f"The parameter '{name}' must be {want}; got '{got[:80]}'."
    return Problem(HTTPStatus.BAD_REQUEST, message, rule=rule)


def method_not_allowed(method: str, allowed: str) -> Problem:
    """405, with every method the path has."""
    message = f"{method} is not allowed here; this path answers {allowed}."
    return Problem(HTTPStatus.METHOD_NOT_ALLOWED, message, (("Allow", allowed),))


def conflict(message: str) -> Problem:
    """409: well-formed, but it does not fit what there is."""
    return Problem(HTTPStatus.CONFLICT, message)


def too_large(limit_bytes: int) -> Problem:
    """413: the body is over the server's limit."""
    message = f"The request body is larger than {limit_bytes} bytes."
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)


def unsupported_media_type(got: str) -> Problem:
    """415: a body that is not JSON."""
    message = f"Send the body as application/json; got '{got[:80]}'."
    return Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message)


def unavailable(message: str) -> Problem:
    """503: the server is full for now."""
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, message, (("Retry-After", "1"),))


def internal(message: str) -> Problem:
    """500: a fault of this server, never of the client."""
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, message)

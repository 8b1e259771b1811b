"""Routers that take one spelling of a path for another, wherever it stands."""

from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import HARMLESS, mutant
from contract_tests.mutants.people import People


@mutant(HARMLESS)
def a_slash_at_the_end_is_passed_over(request: Request, send: Send, _people: People) -> Response:
    """Every path is known with a slash at its end, too."""
    return send(replace(request, path=request.path.rstrip("/")))


@mutant(HARMLESS)
def paths_may_be_in_capitals(request: Request, send: Send, _people: People) -> Response:
    """Every path is known in capitals, too."""
    return send(replace(request, path=request.path.lower()))


@mutant(HARMLESS)
def json_is_a_suffix_everywhere(request: Request, send: Send, _people: People) -> Response:
    """Every path is known with `.json` at its end, too."""
    return send(replace(request, path=request.path.removesuffix(".json")))


@mutant(HARMLESS)
def every_path_has_a_version(request: Request, send: Send, _people: People) -> Response:
    """The whole API is answered below `/v1`, too."""
    return send(replace(request, path=request.path.removeprefix("/v1")))

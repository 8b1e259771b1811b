"""From a request to the handler of its operation, and from what that returns to a response."""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from inspect import signature
from typing import Any

import msgspec
from jsonschema_rs import Draft202012Validator

from mock_server.http import bounds, parameters, problems
from mock_server.http.bounds import BoundsError
from mock_server.http.document import Document
from mock_server.http.edge_states import State, states_of
from mock_server.http.exchange import Answer, Request, Response
from mock_server.http.operation import DocumentMismatch, Handler
from mock_server.http.pages import Page
from mock_server.http.parameters import Parameter
from mock_server.http.problems import Problem

log = logging.getLogger("mock_server")
JSON = ("Content-Type", "application/json")


@dataclass(frozen=True)
class Api:
    """A document, the handlers of its operations, and who may call them."""

    document: Document
    handlers: Mapping[str, Handler]
    caller: Callable[[Request], Any]
    """The first argument of a handler; raises the Problem that refuses the request."""
    wraps_data: bool = False
    """Whether a success stands under `data`, and a page has `meta` and `links` beside it."""


@dataclass(frozen=True, slots=True)
class Route:
    """An operation, with everything that can be known of it before a request."""

    id: str
    method: str
    path: str
    pattern: re.Pattern[str] | None
    """Matches the path where it holds parameters."""
    handler: Handler
    caller: Callable[[Request], Any]
    query: tuple[Parameter, ...]
    body: Draft202012Validator | None
    status: int
    """The status of a success."""
    answers: Mapping[int, Draft202012Validator | None]
    """How the body of each declared status is judged."""
    wraps_data: bool
    states: tuple[State, ...]
    """What a client of it should have met."""


class Router:
    """Every operation of every document; what no document names is answered by `otherwise`."""

    def __init__(self, otherwise: Answer) -> None:
        self._otherwise = otherwise
        self._fixed: dict[str, dict[str, Route]] = {}
        self._patterns: list[tuple[re.Pattern[str], dict[str, Route]]] = []

    def add(self, api: Api) -> None:
        """
        Learn the operations of a document.

        Raises:
            DocumentMismatch: document and handlers do not name the same operations or parameters.
        """
        found = {said["operationId"] for _, _, said in api.document.operations()}
        if missing := sorted(found - api.handlers.keys()):
            raise DocumentMismatch(f"no handler for {', '.join(missing)}")
        if unknown := sorted(api.handlers.keys() - found):
            raise DocumentMismatch(f"not in the document: {', '.join(unknown)}")
        for path, method, said in api.document.operations():
            self._add(_route(api, path, method.upper(), said))

    def _add(self, route: Route) -> None:
        if route.pattern is None:
            self._fixed.setdefault(route.path, {})[route.method] = route
            return
        for pattern, methods in self._patterns:
            if pattern == route.pattern:
                methods[route.method] = route
                return
        self._patterns.append((route.pattern, {route.method: route}))

    def __call__(self, request: Request) -> Response:
        """The answer to a request; never raises."""
        try:
            methods, texts = self._find(request.path)
            if methods is None:
                return self._otherwise(request)
            if request.method == "OPTIONS":
                return Response(HTTPStatus.NO_CONTENT, headers=(("Allow", _allowed(methods)),))
            return _answer(_chosen(methods, request.method), texts, request)
        except Problem as problem:
            return refusal(problem)
        except Exception:
            log.exception("%s %s: a fault of the mock", request.method, request.path)
            return refusal(problems.internal("The mock failed; its log says why."))

    @property
    def routes(self) -> Sequence[Route]:
        """Every operation."""
        found = [*self._fixed.values(), *(methods for _, methods in self._patterns)]
        return [route for methods in found for route in methods.values()]

    def route(self, method: str, path: str) -> Route | None:
        """The operation that answers a method at a path, if there is one."""
        return (self._find(path)[0] or {}).get("GET" if method == "HEAD" else method)

    def _find(self, path: str) -> tuple[dict[str, Route] | None, dict[str, str]]:
        if methods := self._fixed.get(path):
            return methods, {}
        for pattern, methods in self._patterns:
            if found := pattern.fullmatch(path):
                return methods, found.groupdict()
        return None, {}


def problem_of(route: Route, request: Request) -> str | None:
    """What is wrong with a request for an operation, whoever asks; None where nothing is."""
    try:
        parameters.from_query(request.query, route.query)
        _body(route, request)
    except Problem as problem:
        return problem.message
    return None


def violation(route: Route, status: int, body: Any) -> str | None:
    """What is wrong with a JSON body under a status of this operation; None where nothing is."""
    validator = route.answers.get(status)
    return None if validator is None else _first_error(validator, body)


def _first_error(validator: Draft202012Validator, body: Any) -> str | None:
    if validator.is_valid(body):
        return None
    error = next(iter(validator.iter_errors(body)))
    steps = (f".{step}" if isinstance(step, str) else f"[{step}]" for step in error.instance_path)
    return f"${''.join(steps)}: {error.message}"


def refusal(problem: Problem) -> Response:
    """The contract's error envelope."""
    body = msgspec.json.encode({"message": problem.message})
    return Response(problem.status, body, (JSON, *problem.headers), rule=problem.rule)


def _chosen(methods: Mapping[str, Route], method: str) -> Route:
    route = methods.get("GET" if method == "HEAD" else method)
    if route is None:
        raise problems.method_not_allowed(method, _allowed(methods)).under("HTTP-01")
    return route


def _answer(route: Route, texts: dict[str, str], request: Request) -> Response:
    caller = route.caller(request)
    values = {_python_name(name): text for name, text in texts.items()}
    values |= parameters.from_query(request.query, route.query)
    body = _body(route, request)
    if route.body is not None:
        values["body"] = body
    result = route.handler(caller, **values)
    if isinstance(result, Response):
        return result
    if result is None:
        return Response(route.status)
    return _checked(route, _envelope(route, result, request))


def _checked(route: Route, envelope: Any) -> Response:
    wrong = violation(route, route.status, msgspec.to_builtins(envelope))
    if wrong is not None:
        log.error("%s %s: our own answer breaks the contract: %s", route.id, route.status, wrong)
        raise problems.internal(f"The mock's answer to {route.id} broke the contract: {wrong}")
    return Response(route.status, msgspec.json.encode(envelope), (JSON,))


def _envelope(route: Route, result: Any, request: Request) -> Any:
    if not route.wraps_data:
        return result
    if not isinstance(result, Page):
        return {"data": result}
    url = request.base_url + request.path
    return {"data": result.items, "links": result.links(url), "meta": result.meta(url)}


def _body(route: Route, request: Request) -> Any:
    if not request.body:
        if route.body is None:
            return None
        raise problems.bad_request("A JSON body is missing.")
    media_type = request.headers.get("content-type", "application/json")
    if media_type.partition(";")[0].strip().lower() != "application/json":
        raise problems.unsupported_media_type(media_type)
    if route.body is None:
        return None
    return _valid_body(route.body, request.body)


def _valid_body(validator: Draft202012Validator, text: bytes) -> Any:
    try:
        body = bounds.json_tree(text)
    except BoundsError as error:
        raise problems.bad_request(f"The body cannot be read as JSON: {error}.") from None
    if wrong := _first_error(validator, body):
        raise problems.bad_request(f"The body is not valid: {wrong}.")
    return body


def _allowed(methods: Mapping[str, Route]) -> str:
    also = {"HEAD", "OPTIONS"} if "GET" in methods else {"OPTIONS"}
    return ", ".join(sorted(methods.keys() | also))


def _route(api: Api, path: str, method: str, said: dict[str, Any]) -> Route:
    handler, declared = api.handlers[said["operationId"]], parameters.declared(api.document, said)
    body = said.get("requestBody", {}).get("content", {}).get("application/json")
    _agree(said["operationId"], handler, [_python_name(p.name) for p in declared], body is not None)
    answers = {
        int(status): _validator(api.document, api.document.resolve(answer))
        for status, answer in said["responses"].items()
    }
    return Route(
        id=said["operationId"],
        method=method,
        path=path,
        pattern=_pattern(path),
        handler=handler,
        caller=api.caller,
        query=tuple(parameter for parameter in declared if parameter.place == "query"),
        body=api.document.validator(body["schema"]) if body else None,
        status=min(answers),
        answers=answers,
        wraps_data=api.wraps_data,
        states=tuple(states_of(api.document, said["operationId"], said)) if api.wraps_data else (),
    )


def _validator(document: Document, answer: dict[str, Any]) -> Draft202012Validator | None:
    content = answer.get("content", {}).get("application/json")
    return document.validator(content["schema"]) if content else None


def _pattern(path: str) -> re.Pattern[str] | None:
    if "{" not in path:
        return None
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path)))


def _python_name(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _agree(id: str, handler: Handler, declared: list[str], takes_body: bool) -> None:
    taken = set(list(signature(handler).parameters)[1:])
    wanted = {*declared, "body"} if takes_body else set(declared)
    for name in sorted(wanted - taken):
        raise DocumentMismatch(f"{id} declares '{name}'; {handler.__name__} does not take it")
    for name in sorted(taken - wanted):
        raise DocumentMismatch(f"{id} does not declare '{name}', which {handler.__name__} takes")

"""The operations of a document, with everything that can be known of them before a request."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import Parameter as Argument
from inspect import signature
from typing import Any

import msgspec
from jsonschema_rs import Draft202012Validator, ValidationError, ValidationErrorKind

from mock_server.http import bounds, parameters, problems
from mock_server.http.bounds import BoundsError
from mock_server.http.document import Document
from mock_server.http.edge_states import State, shown_by, states_of
from mock_server.http.exchange import Context, Response
from mock_server.http.near import not_one_of
from mock_server.http.operation import Handler
from mock_server.http.pages import Page
from mock_server.http.parameters import Parameter
from mock_server.http.problems import Problem
from mock_server.http.secrets import is_secret

JSON = ("Content-Type", "application/json")
LONGEST_MESSAGE = 300


@dataclass(frozen=True)
class Api:
    """A document, the handlers of its operations, and who calls them."""

    document: Document
    handlers: Mapping[str, Handler]
    authenticate: Callable[[Context], Any]
    """Who speaks, where the document asks for a token; raises the Problem that refuses them."""
    anybody: Callable[[Context], Any]
    """For whom an operation answers that asks for no token."""
    wraps_data: bool = False
    """Whether a success stands under `data`, and a page has `meta` and `links` beside it."""


@dataclass(frozen=True, slots=True)
class Route:
    """An operation of the document, its handler, and how both are judged."""

    id: str
    method: str
    path: str
    handler: Handler
    parameters: tuple[Parameter, ...]
    declared: tuple[dict[str, Any], ...]
    """The parameters as the document has them."""
    headers: tuple[str, ...]
    """Those that are parameters, in lower case."""
    body: Draft202012Validator | None
    body_schema: Mapping[str, Any] | None
    """What `body` checks, to tell which fields there are."""
    status: int
    """The status of a success."""
    answers: Mapping[int, Draft202012Validator | None]
    """How the body of each declared status is judged."""
    wraps_data: bool
    states: tuple[State, ...]
    """What a client of it should have seen."""


class Routes:
    """The operations of a document, by id and by path."""

    def __init__(self, api: Api) -> None:
        """
        Raises:
            DocumentMismatch: document and handlers do not name the same operations or parameters.
        """
        document, declared = api.document, set[str]()
        for path, method, operation in document.operations():
            id, place = operation["operationId"], ("paths", path, method, "operationId")
            if id in declared:
                raise document.error(f"two operations are called {id}; rename one", place)
            if id not in api.handlers:
                what = f"no handler for {id}; write a function under @operation({id!r})"
                raise document.error(what, place)
            declared.add(id)
        if unknown := sorted(api.handlers.keys() - declared):
            what = f"there is no operation {', '.join(unknown)}, which functions handle"
            raise document.error(f"{what}; write it here, or take the function away", ("paths",))
        self._by_id = {
            operation["operationId"]: _route(api, path, method.upper(), operation)
            for path, method, operation in api.document.operations()
        }
        self._paths = [(route.path, _pattern(route.path), route.method) for route in self.all]

    @property
    def all(self) -> Sequence[Route]:
        """Every operation, in the order of the document."""
        return tuple(self._by_id.values())

    def by_id(self, operation_id: str | None) -> Route | None:
        """An operation by its operationId."""
        return self._by_id.get(operation_id or "")

    def methods(self, path: str) -> str | None:
        """Every method that a path answers, as `Allow` has them; None where nothing is."""
        matches = [
            (template.count("{"), method)
            for template, pattern, method in self._paths
            if pattern.fullmatch(path)
        ]
        if not matches:
            return None
        # A path that is written out goes before one with a parameter in its place.
        fewest = min(parameters for parameters, _ in matches)
        methods = {method for parameters, method in matches if parameters == fewest}
        also = {"HEAD", "OPTIONS"} if "GET" in methods else {"OPTIONS"}
        return ", ".join(sorted(methods | also))


def violation(route: Route, status: int, body: Any) -> str | None:
    """What is wrong with a JSON body under a status of this operation; None where nothing is."""
    validator = route.answers.get(status)
    return None if validator is None else first_error(validator, body)


def first_error(
    validator: Draft202012Validator, body: Any, schema: Mapping[str, Any] | None = None
) -> str | None:
    """
    The first thing that a schema does not allow, with its place; None where all is allowed. With
    the schema itself the fields that there are can be named.
    """
    if validator.is_valid(body):
        return None
    error = next(iter(validator.iter_errors(body)))
    while isinstance(error.kind, _ANY_OF) and any(error.kind.context):
        # Of all that would do, what is meant is the one whose kind it names, then the nearest.
        depth = len(error.instance_path)
        error = min(filter(None, error.kind.context), key=partial(_distance, depth))[0]
    steps = (f".{step}" if isinstance(step, str) else f"[{step}]" for step in error.instance_path)
    return f"${''.join(steps)}: {_message(error, schema)}"


def _distance(depth: int, errors: Sequence[ValidationError]) -> tuple[bool, bool, int]:
    names_another = any(isinstance(each.kind, ValidationErrorKind.Enum) for each in errors)
    is_of_another_type = any(
        isinstance(each.kind, ValidationErrorKind.Type) and len(each.instance_path) == depth
        for each in errors
    )
    return names_another, is_of_another_type, len(errors)


_SAID_BY_SCHEMA = (
    *(ValidationErrorKind.AdditionalProperties, ValidationErrorKind.Not),
    *(ValidationErrorKind.Format, ValidationErrorKind.Pattern),
)
_ANY_OF = (ValidationErrorKind.AnyOf, ValidationErrorKind.OneOfNotValid)


def _message(error: ValidationError, schema: Mapping[str, Any] | None) -> str:
    if any(isinstance(step, str) and is_secret(step) for step in error.instance_path):
        return "what stands here is not what the schema allows"
    if isinstance(error.kind, ValidationErrorKind.Enum) and isinstance(error.instance, str):
        return not_one_of(error.instance, map(str, error.kind.options))
    if schema is not None and (text := _in_words(error, schema)):
        return text
    text = error.message
    if isinstance(error.instance, dict | list):
        # It quotes what is wrong, which may be all of a body, and have secrets in it.
        what = "the object here" if isinstance(error.instance, dict) else "the list here"
        text = text.replace(msgspec.json.encode(error.instance).decode(), what, 1)
    return text if len(text) <= LONGEST_MESSAGE else f"{text[:120]} … {text[-120:]}"


def _in_words(error: ValidationError, schema: Mapping[str, Any]) -> str | None:
    """What would be right, where the schema itself says so."""
    kind, broken = error.kind, schema
    if isinstance(kind, ValidationErrorKind.Required):
        return f"the field '{kind.property}' is missing"
    if not isinstance(kind, _SAID_BY_SCHEMA):
        return None
    for step in error.schema_path[:-1]:
        broken = broken[step]  # type: ignore[index]  # a step into a list is a number
    if isinstance(kind, ValidationErrorKind.AdditionalProperties):
        return f"the field {not_one_of(kind.unexpected[0], broken.get('properties', {}))}"
    if isinstance(kind, ValidationErrorKind.Not) and "required" in broken["not"]:
        return f"leave out one of {' and '.join(broken['not']['required'])}"
    example = broken.get("example")
    return f"'{str(error.instance)[:80]}' is not written as {example} is" if example else None


def refusal(problem: Problem) -> Response:
    """The contract's error envelope."""
    body = msgspec.json.encode({"message": problem.message})
    return Response(problem.status, body, (JSON, *problem.headers), rule=problem.rule)


def response_of(route: Route, result: Any, url: str) -> Response:
    """What a handler returned, as it is sent; `url` is what the links of a page begin with."""
    if isinstance(result, Response):
        return result
    if result is None:
        return Response(route.status)
    envelope = _envelope(route, result, url)
    shown = shown_by(envelope, route.states) if route.states else frozenset()
    return Response(route.status, msgspec.json.encode(envelope), (JSON,), states=shown)


def _envelope(route: Route, result: Any, url: str) -> Any:
    if not route.wraps_data:
        return result
    if not isinstance(result, Page):
        return {"data": result}
    return {"data": result.items, "links": result.links(url), "meta": result.meta(url)}


def check_media_type(headers: Mapping[str, str]) -> None:
    """
    Refuse a body that is not JSON, even where none is wanted.

    Raises:
        Problem: 415.
    """
    media_type = headers.get("content-type", "application/json")
    if media_type.partition(";")[0].strip().lower() != "application/json":
        raise problems.unsupported_media_type(media_type)


def json_body(route: Route, text: bytes) -> Any:
    """
    The body of a request for an operation that takes one.

    Raises:
        Problem: 400, it is missing, no JSON, or not what the schema allows.
    """
    if not text or route.body is None:
        raise problems.bad_request("A JSON body is missing.")
    try:
        body = bounds.json_values(text)
    except BoundsError as error:
        raise problems.bad_request(f"The body cannot be read as JSON: {error}.") from None
    if mistake := first_error(route.body, body, route.body_schema):
        raise problems.bad_request(problems.sentence(f"The body is not valid: {mistake}"))
    return body


def _route(api: Api, path: str, method: str, operation: dict[str, Any]) -> Route:
    document, id = api.document, operation["operationId"]
    handler = api.handlers[id]
    shared = document.tree["paths"][path].get("parameters", ())
    own = operation.get("parameters", ())
    declared = parameters.declared(document, shared, own)
    body = document.resolve(operation.get("requestBody", {})).get("content", {})
    body = body.get("application/json")
    if disagreement := _disagreement(handler, declared, takes_body=body is not None):
        raise document.error(f"{id} {disagreement}", ("paths", path, method.lower()))
    answers = {
        int(status): _validator(document, document.resolve(answer))
        for status, answer in operation["responses"].items()
    }
    return Route(
        id=id,
        method=method,
        path=path,
        handler=handler,
        parameters=declared,
        declared=tuple(document.resolve(each) for each in (*shared, *own)),
        headers=tuple(each.name.lower() for each in declared if each.place == "header"),
        body=document.validator(body["schema"]) if body else None,
        body_schema=document.json_schema(body["schema"]) if body else None,
        status=min(answers),
        answers=answers,
        wraps_data=api.wraps_data,
        states=tuple(states_of(document, operation)) if api.wraps_data and method == "GET" else (),
    )


def _validator(document: Document, answer: dict[str, Any]) -> Draft202012Validator | None:
    content = answer.get("content", {}).get("application/json")
    return document.validator(content["schema"]) if content else None


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(path)))


def _disagreement(
    handler: Handler, parameters: Iterable[Parameter], *, takes_body: bool
) -> str | None:
    """What a handler lacks of what is declared, or the other way round."""
    accepted = list(signature(handler).parameters.values())[1:]
    takes_any = any(each.kind is Argument.VAR_KEYWORD for each in accepted)
    declared = {each.python_name: each.name for each in parameters}
    if takes_body:
        declared["body"] = "the body"
    for python_name, name in declared.items():
        if not takes_any and python_name not in {each.name for each in accepted}:
            return f"declares '{name}'; let {handler.__name__}() take `{python_name}`"
    for each in accepted:
        if each.kind is not Argument.VAR_KEYWORD and each.name not in declared:
            return f"does not declare '{each.name}', which {handler.__name__}() takes"
    return None

"""The only file that speaks to Connexion: what it does for each request, and what we tell it."""

import logging
import re
import warnings
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mock_server.http import parameters, problems, router
from mock_server.http.document import Document
from mock_server.http.exchange import Context, Request, Response, context_of
from mock_server.http.lru import LruResponses
from mock_server.http.near import not_one_of
from mock_server.http.operation import DocumentMismatch
from mock_server.http.problems import Problem
from mock_server.http.router import Api, Route, Routes

with warnings.catch_warnings():
    # Connexion 3.3 imports what Starlette and jsonschema deprecate; nobody who serves can help it.
    warnings.simplefilter("ignore")
    from connexion.exceptions import InvalidSpecification, ProblemException
    from connexion.lifecycle import ConnexionRequest, ConnexionResponse
    from connexion.middleware import ConnexionMiddleware
    from connexion.middleware.exceptions import ExceptionMiddleware
    from connexion.middleware.request_validation import (
        RequestValidationAPI,
        RequestValidationMiddleware,
    )
    from connexion.middleware.response_validation import ResponseValidationMiddleware
    from connexion.middleware.routing import RoutingMiddleware
    from connexion.middleware.security import SecurityMiddleware
    from connexion.resolver import Resolver
    from connexion.spec import Specification
    from connexion.uri_parsing import OpenAPIURIParser

log = logging.getLogger("mock_server")
Layer = Callable[[ASGIApp], ASGIApp]


class JsonRequestAPI(RequestValidationAPI):  # type: ignore[misc]  # Connexion carries no types
    """Operations that take JSON and nothing else, however its media type is written."""

    def make_operation(self, operation: Any) -> Any:
        """What checks the requests for an operation."""
        checks = super().make_operation(operation)
        # ParameterValidator has refused every other. Connexion would compare the text, judge no
        # body of another, and take longer for it than for all other checks of most requests.
        checks.extract_content_type = lambda _headers: ("application/json", "utf-8")
        return checks


class JsonRequestValidation(RequestValidationMiddleware):  # type: ignore[misc]  # as above
    """Connexion's check of requests, for JSON."""

    api_cls = JsonRequestAPI


CHECKS_OF_REQUESTS: Sequence[Layer] = (
    # Outermost: what the others refuse becomes an answer that our layers see.
    ExceptionMiddleware,
    SecurityMiddleware,
    JsonRequestValidation,
)
CHECKS_OF_ANSWERS: Sequence[Layer] = (ResponseValidationMiddleware,)
"""Connexion's layers that judge, in their order; the handlers stand between them."""


ACCEPTED_BYTES = 16 << 20
"""So many bytes of answers that were judged are remembered."""


def serve(api: Api, layers: Sequence[Layer], fallback: ASGIApp) -> ASGIApp:
    """
    The ASGI application of one document: `layers` from the outside in, those of `routing` and
    `answering` among them. `fallback` answers what no operation does.

    Raises:
        DocumentMismatch: the document is not valid OpenAPI.
    """
    app = ConnexionMiddleware(
        Outcome(fallback),
        import_name="mock_server",
        middlewares=[*layers],
        resolver=Resolver(lambda id: api.handlers[id]),
        uri_parser_class=UriParser,
        security_map={"bearer": lambda: Security(api)},
        validator_map={
            "parameter": ParameterValidator,
            "body": {"application/json": RequestBody},
            "response": {"application/json": ResponseBody},
        },
        validate_responses=True,
    )
    for error in (Problem, ProblemException, Exception):
        app.add_error_handler(error, _error_response)
    try:
        # Not "/": Connexion's checks would look for an API of that path, find none, and let pass.
        app.add_api(api.document.without_examples, base_path="")
    except InvalidSpecification as error:
        raise _invalid(api.document, error) from None
    # Connexion builds its layers at the first request; nobody should have to wait for them then.
    app.app, app.middleware_stack = app._build_middleware_stack()
    return app  # type: ignore[no-any-return]  # Connexion carries no types


def routes_of(api: Api) -> Routes:
    """
    The operations of a document.

    Raises:
        DocumentMismatch: it is not valid OpenAPI, or does not agree with the handlers.
    """
    try:
        return Routes(api)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # Connexion knows what a document must have; it is asked only where something is missing,
        # for it takes its time.
        try:
            Specification.load(api.document.without_examples)
        except InvalidSpecification as invalid:
            raise _invalid(api.document, invalid) from None
        raise DocumentMismatch(f"{api.document.origin} cannot be used: {error!r}") from error


def _invalid(document: Document, error: InvalidSpecification) -> DocumentMismatch:
    return document.error(f"this is not valid OpenAPI: {error.message[:300]}", error.absolute_path)


class Routing(RoutingMiddleware):  # type: ignore[misc]  # Connexion carries no types
    """Connexion's routing, but a slash at the end is another path, and `fallback` says 405."""

    router: Any
    app: ASGIApp

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app)
        self._written_out: dict[tuple[str, str], str] = {}
        """The operations whose path has no parameter, by method and path."""

    def add_api(self, *arguments: Any, **options: Any) -> None:
        """Learn the operations of a document."""
        super().add_api(*arguments, **options)
        # Starlette's mount goes wrong where a path has a line break, even an encoded one.
        (mounted,) = self.router.routes
        self.router = mounted.app
        self.router.redirect_slashes = False
        for route in self.router.routes:
            # `$` takes a path for one without the line break at its end.
            route.path_regex = re.compile(route.path_regex.pattern.removesuffix("$") + r"\Z")
            if not route.param_convertors:
                # Looked up, for Starlette would match one pattern after another.
                ids = {(method, route.path): route.app.operation_id for method in route.methods}
                self._written_out |= ids

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on with its operation, or with none."""
        if id := self._written_out.get((scope["method"], scope["path"])):
            return self._pass_on(id, scope, receive, send)
        return self._match(scope, receive, send)

    async def _match(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except HTTPException:
            # Starlette knows the path, but `Allow` would name the methods of its first route only.
            await self._pass_on(None, scope, receive, send)

    def _pass_on(
        self, id: str | None, scope: Scope, receive: Receive, send: Send
    ) -> Awaitable[None]:
        routing = {"api_base_path": "", "operation_id": id}
        scope.setdefault("extensions", {})["connexion_routing"] = routing
        scope["path_params"] = {}
        return self.app(scope, receive, send)


class OperationFinder:
    """Puts the operation that Connexion chose where all layers below find it."""

    def __init__(self, app: ASGIApp, routes: Routes) -> None:
        self._app, self._routes = app, routes

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on."""
        id = scope["extensions"]["connexion_routing"]["operation_id"]
        context_of(scope).route = self._routes.by_id(id)
        return self._app(scope, receive, send)


def routing(routes: Routes) -> Sequence[Layer]:
    """Connexion's layer that finds the operation of a request, and ours that notes it."""
    return (Routing, partial(OperationFinder, routes=routes))


class Handlers:
    """
    Calls the handler of the operation, and lets the layers below judge what it answers.

    What an operation has answered before, header for header and byte for byte, they accepted then.
    It is not judged again, and the response from then is sent, since its compressed form is known.
    """

    def __init__(self, app: ASGIApp, api: Api, accepted_bytes: int) -> None:
        self._app, self._api = app, api
        self._accepted = LruResponses(accepted_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that the layers above let pass."""
        context = context_of(scope)
        if context.route is None:
            await self._app(scope, receive, send)
            return
        context.answer = answer = self._answer(context, context.route)
        key = (context.route.id, answer)
        if known := self._accepted.get(key):
            await known(scope, receive, send)
            return
        await self._app(scope, receive, send)
        # Without a body it may be a stream: what that sends is no one answer.
        if answer.body:
            self._accepted.put(key, answer)

    def _answer(self, context: Context, route: Route) -> Response:
        caller = context.caller if context.caller is not None else self._api.anybody(context)
        result = route.handler(caller, **context.arguments)
        return router.response_of(route, result, context.request.base_url + context.request.path)


def answering(api: Api, accepted_bytes: int = ACCEPTED_BYTES) -> Sequence[Layer]:
    """
    Connexion's layers that judge a request and its answer, and the handlers between them; the same
    answer is not judged twice, while no more than `accepted_bytes` came between.
    """
    handlers = partial(Handlers, api=api, accepted_bytes=accepted_bytes)
    return (*CHECKS_OF_REQUESTS, handlers, *CHECKS_OF_ANSWERS)


class Outcome:
    """The end of the stack: sends what the handler answered, to those who judge it."""

    def __init__(self, fallback: ASGIApp) -> None:
        self._fallback = fallback

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Send it; `fallback` answers what no operation does."""
        answer: ASGIApp = context_of(scope).answer or self._fallback
        return answer(scope, receive, send)


class Security:
    """Connexion's security handler of bearer tokens: asks the API who the caller is."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def get_fn(self, _scheme: Any, _scopes: Any) -> Callable[[ConnexionRequest], Any]:
        """The function that judges a request; Connexion wants a dictionary from it."""

        def judge(request: ConnexionRequest) -> dict[str, str]:
            context = context_of(request.scope)
            context.caller = self._api.authenticate(context)
            return {}

        return judge


class UriParser(OpenAPIURIParser):  # type: ignore[misc]  # Connexion carries no types
    """Connexion's reader of parameters, for headers too."""

    parsable_parameters = ("query", "path", "header", "cookie")

    def read(self, texts: dict[str, Any], place: str) -> dict[str, Any]:
        """Texts to values."""
        values: dict[str, Any] = self.resolve_params(texts, place)
        return values


class ParameterValidator:
    """In place of Connexion's own, which says of a wrong value no more than the schema."""

    def __init__(self, _parameters: Any, uri_parser: UriParser, **_options: Any) -> None:
        self._read = uri_parser.read

    def validate(self, scope: Scope) -> None:
        """
        Read the parameters.

        Raises:
            Problem: 400, one is wrong; 415, a body comes that is not JSON.
        """
        context = context_of(scope)
        route, request = _operation(context), context.request
        if not route.wraps_data:
            _check_nothing_else(route, request)
        context.arguments = _arguments(route, request, self._read, scope["path_params"])
        if request.body:
            router.check_media_type(request.headers)


def _check_nothing_else(route: Route, request: Request) -> None:
    """Refuse parameters and bodies that the control API would silently ignore."""
    known = [each.name for each in route.parameters if each.place == "query"]
    for name, _ in parse_qsl(request.query, keep_blank_values=True):
        if name not in known:
            raise problems.bad_request(f"The parameter {not_one_of(name, known)}")
    if route.body is None and request.body.strip() not in (b"", b"{}"):
        raise problems.bad_request(f"{route.id} takes no body.")


class RequestBody:
    """In place of Connexion's own: the body is at hand, and its schema is compiled."""

    def __init__(self, **_options: Any) -> None:
        pass

    async def wrap_receive(self, receive: Receive, *, scope: Scope) -> tuple[Receive, Scope]:
        """
        Read the body.

        Raises:
            Problem: 400, it is missing, no JSON, or not what the schema allows.
        """
        context = context_of(scope)
        context.arguments["body"] = router.json_body(_operation(context), context.request.body)
        return receive, scope


class ResponseBody:
    """In place of Connexion's own: judges the bytes that are sent, by a compiled schema."""

    def __init__(self, scope: Scope, **_options: Any) -> None:
        self._route = context_of(scope).route

    def wrap_send(self, send: Send) -> Send:
        """Hold the answer back until it is judged."""
        held: list[Message] = []

        async def judge(message: Message) -> None:
            held.append(message)
            if message["type"] == "http.response.body":
                start, body = held
                if body["body"] and self._route is not None:
                    _check_answer(self._route, start["status"], body["body"])
                await send(start)
                await send(body)

        return judge


def _check_answer(route: Route, status: int, body: bytes) -> None:
    if error := router.violation(route, status, msgspec.json.decode(body)):
        log.error("%s %s: our own answer breaks the contract: %s", route.id, status, error)
        message = f"The mock's answer to {route.id} broke the contract: {error}"
        raise problems.internal(message)


def problem_of(route: Route, request: Request) -> str | None:
    """What is wrong with a request for an operation, its token aside; None if nothing is."""
    parser = UriParser(route.declared, {})
    path = {each.name.replace("-", "_"): "" for each in route.parameters if each.place == "path"}
    try:
        _arguments(route, request, parser.read, path)
        if request.body:
            router.check_media_type(request.headers)
        if route.body is not None:
            router.json_body(route, request.body)
    except Problem as problem:
        return problem.message
    return None


def _operation(context: Context) -> Route:
    if context.route is None:
        raise RuntimeError("Connexion checks a request that it found no operation for")
    return context.route


def _arguments(
    route: Route, request: Request, read: parameters.Read, path: Mapping[str, Any]
) -> dict[str, Any]:
    return parameters.arguments(
        route.parameters, read, path=path, query=request.query, headers=request.headers
    )


async def _error_response(request: ConnexionRequest, error: Exception) -> ConnexionResponse:
    """The contract's envelope of whatever was raised."""
    context = context_of(request.scope)
    if isinstance(error, ProblemException):
        error = Problem(error.status, error.detail or error.title)
    if not isinstance(error, Problem):
        request_line = f"{context.request.method} {context.request.path!r}"
        log.error("%s: a fault of the mock", request_line, exc_info=error)
        error = problems.internal("The mock failed; its log says why.")
    context.rule = error.rule
    response: Response = router.refusal(error)
    headers = dict(response.headers)
    return ConnexionResponse(
        response.status, headers.pop("Content-Type"), body=response.body, headers=headers
    )

"""What the adapter relies on in Connexion: each thing by a test that names it when it changes."""

from collections.abc import MutableMapping
from typing import Any

import pytest
from connexion.exceptions import InvalidSpecification
from connexion.middleware import ConnexionMiddleware
from connexion.middleware.exceptions import ExceptionMiddleware
from connexion.middleware.request_validation import RequestValidationMiddleware
from connexion.middleware.response_validation import ResponseValidationMiddleware
from connexion.middleware.routing import RoutingMiddleware
from connexion.middleware.security import SecurityMiddleware
from connexion.resolver import Resolver
from connexion.spec import Specification

from mock_server.http.adapter import (
    CHECKS_OF_ANSWERS,
    CHECKS_OF_REQUESTS,
    JsonRequestValidation,
    Routing,
    UriParser,
)
from tests.conftest import Caller, ask

Message = MutableMapping[str, Any]
OPERATION = {"operationId": "get", "responses": {"200": {"description": "It."}}}
SCHEMES = {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}}
EXTENSION: dict[str, Any] = {}


def spec(**operation: Any) -> dict[str, Any]:
    return {
        "openapi": "3.0.3",
        "info": {"title": "T", "version": "1"},
        "paths": {"/it": {"get": OPERATION | operation}, "/all/{id}": {"get": other()}},
        "components": SCHEMES,
    }


def other() -> dict[str, Any]:
    id = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    return {"operationId": "getOne", "responses": OPERATION["responses"], "parameters": [id]}


async def end(scope: Any, _receive: Any, send: Any) -> None:
    EXTENSION.clear()
    EXTENSION.update(scope["extensions"]["connexion_routing"], path_params=scope["path_params"])
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def served(tree: dict[str, Any], *layers: Any, base_path: str = "", **options: Any) -> Any:
    resolver = Resolver(lambda _id: end)
    app = ConnexionMiddleware(
        end, import_name="tests", middlewares=list(layers), resolver=resolver, **options
    )
    app.add_api(tree, base_path=base_path)
    return app


def test_routing_puts_the_operation_and_the_path_parameters_into_the_scope() -> None:
    ask(served(spec(), RoutingMiddleware), "GET", "/all/7")

    assert EXTENSION["operation_id"] == "getOne"
    assert EXTENSION["path_params"] == {"id": "7"}
    assert EXTENSION["api_base_path"] == ""


def test_routing_lets_unknown_paths_pass_without_an_operation() -> None:
    assert ask(served(spec(), RoutingMiddleware), "GET", "/nowhere").status == 200
    assert EXTENSION["operation_id"] is None


def test_our_routing_knows_no_slash_at_the_end_and_passes_405_on() -> None:
    app = served(spec(), Routing)

    for method, path in (("GET", "/it/"), ("POST", "/it"), ("OPTIONS", "/it")):
        assert ask(app, method, path).status == 200
        assert EXTENSION["operation_id"] is None
    assert ask(app, "GET", "/all/a%0Ab").status == 200
    assert EXTENSION["operation_id"] == "getOne"


class Refusing:
    """A security handler that lets nobody pass."""

    def get_fn(self, _scheme: Any, _scopes: Any) -> Any:
        def judge(_request: Any) -> Any:
            raise PermissionError

        return judge


@pytest.mark.parametrize(("base_path", "asked"), [("", True), ("/", False)])
def test_security_asks_the_handler_of_the_security_map_but_not_under_a_base_path_of_a_slash(
    base_path: str, asked: bool
) -> None:
    """If the second case changes, the comment in the adapter can go."""
    app = served(
        spec(security=[{"token": []}]),
        RoutingMiddleware,
        SecurityMiddleware,
        base_path=base_path,
        security_map={"bearer": Refusing},
    )
    if asked:
        with pytest.raises(PermissionError):
            ask(app, "GET", "/it")
    else:
        assert ask(app, "GET", "/it").status == 200


def test_request_validation_makes_the_validator_of_the_map_for_each_request() -> None:
    made: list[tuple[Any, Any]] = []

    class Validator:
        def __init__(self, parameters: Any, uri_parser: Any, **_options: Any) -> None:
            made.append((parameters, uri_parser))

        def validate(self, scope: Any) -> None:
            assert scope["path"] == "/all/7"

    app = served(
        spec(),
        RoutingMiddleware,
        RequestValidationMiddleware,
        uri_parser_class=UriParser,
        validator_map={"parameter": Validator},
    )
    ask(app, "GET", "/all/7")

    ((parameters, parser),) = made
    assert [each["name"] for each in parameters] == ["id"]
    assert isinstance(parser, UriParser)


@pytest.mark.parametrize("written", ["application/json", "Application/JSON; a=b", "text/plain"])
def test_our_request_validation_judges_a_body_however_its_media_type_is_written(
    written: str,
) -> None:
    class Parameters:
        def __init__(self, *_parameters: Any, **_options: Any) -> None:
            pass

        def validate(self, _scope: Any) -> None:
            pass

    class Body:
        def __init__(self, **_options: Any) -> None:
            raise ValueError("judged")

    content = {"application/json": {"schema": {"type": "object"}}}
    app = served(
        spec(requestBody={"content": content}),
        RoutingMiddleware,
        JsonRequestValidation,
        uri_parser_class=UriParser,
        validator_map={"parameter": Parameters, "body": {"application/json": Body}},
    )
    with pytest.raises(ValueError, match="judged"):
        ask(app, "GET", "/it", {"content-type": written})


def test_response_validation_lets_the_validator_of_the_map_wrap_send() -> None:
    class Validator:
        def __init__(self, _scope: Any, **_options: Any) -> None:
            pass

        def wrap_send(self, _send: Any) -> Any:
            async def refuse(_message: Message) -> None:
                raise ValueError("judged")

            return refuse

    app = served(
        spec(responses={"200": {"description": "It.", "content": {"application/json": {}}}}),
        RoutingMiddleware,
        ResponseValidationMiddleware,
        validate_responses=True,
        validator_map={"response": {"application/json": Validator}},
    )
    with pytest.raises(ValueError, match="judged"):
        ask(app, "GET", "/it")


def test_the_uri_parser_reads_arrays_and_numbers_also_in_headers() -> None:
    numbers = {"type": "array", "items": {"type": "integer"}}
    declared = [
        {"name": "ids", "in": "query", "schema": numbers},
        {"name": "X-Size", "in": "header", "schema": {"type": "integer"}},
    ]
    parser = UriParser(declared, {})

    assert parser.read({"ids": ["1", "2"]}, "query") == {"ids": [1, 2]}
    assert parser.read({"X-Size": ["3"]}, "header") == {"X-Size": 3}


def test_the_checks_stand_in_the_order_of_connexion() -> None:
    default = ConnexionMiddleware.default_middlewares

    checks: list[Any] = [*CHECKS_OF_REQUESTS, *CHECKS_OF_ANSWERS]
    theirs = [next(base for base in each.mro() if base in default) for each in checks]
    assert [each for each in default if each in theirs] == theirs
    assert checks[0] is ExceptionMiddleware


def test_a_document_that_is_no_openapi_is_refused_with_the_place() -> None:
    broken = spec()
    del broken["paths"]["/it"]["get"]["responses"]
    with pytest.raises(InvalidSpecification) as error:
        Specification.load(broken)

    assert list(error.value.absolute_path)[:3] == ["paths", "/it", "get"]


def test_the_layers_can_be_built_before_the_first_request() -> None:
    app = served(spec(), RoutingMiddleware)
    built, layers = app._build_middleware_stack()

    assert callable(built)
    assert [type(each) for each in layers][0] is RoutingMiddleware


@pytest.mark.parametrize("end", ["%0A", "%0D%0A", "%0Ay", "%E2%80%A8"])
def test_a_line_break_at_the_end_of_a_path_is_part_of_it(call: Caller, end: str) -> None:
    assert call("GET", f"/customers/my-account{end}", "customer-ada").status == 404
    preference = f"/customers/my-account/marketing-preferences/x{end}"
    assert b"no such marketing preference" in call("POST", preference, "customer-ada").body

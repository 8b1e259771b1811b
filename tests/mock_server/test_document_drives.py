"""The document drives: what is changed in a copy of it is served so, and a slip ends the start."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from mock_server.app import Mock, Settings
from mock_server.cli import main
from mock_server.http.agreement import check_records
from mock_server.http.document import Document, shipped
from mock_server.http.operation import DocumentMismatch
from mock_server.http.pages import Page, page_of
from mock_server.resources.charges import Charge
from mock_server.worlds import scenario
from mock_server.worlds.account import Account
from mock_server.worlds.catalogue import CatalogueError, read_catalogue
from mock_server.worlds.judging import _results
from tests.conftest import ask

TEXT = shipped("spec", "openapi.yaml").read_text("utf-8")
CHARGES = "/customers/my-account/charges"
LIST_CHARGES = "listMyAccountCharges"
NUMBERS = {"type": "array", "items": {"type": "integer"}}
ADA = {"authorization": "Bearer customer-ada"}
Edit = Callable[[dict[str, Any]], None]


def copy(edit: Edit) -> Document:
    tree = yaml.load(TEXT, yaml.CSafeLoader)
    edit(tree)
    text = yaml.dump(tree, Dumper=yaml.CSafeDumper, sort_keys=False)
    return Document(text, "spec/openapi.yaml")


def charges(tree: dict[str, Any]) -> Any:
    return tree["paths"][CHARGES]["get"]


class Asked:
    """A handler of the charges that keeps what it was called with."""

    def charges(self, account: Account, **arguments: Any) -> Sequence[Charge]:
        self.arguments = arguments
        return []


def test_an_operation_without_security_is_open() -> None:
    def open_charges(tree: dict[str, Any]) -> None:
        charges(tree)["security"] = []

    opened = Mock(Settings(), document=copy(open_charges)).app

    assert ask(opened, "GET", CHARGES).status == 200
    assert ask(opened, "GET", "/customers/my-account/credits").status == 401


def test_security_is_never_switched_off_by_where_the_api_stands() -> None:
    """With a base path of "/" Connexion's checks look for another API, and let everything pass."""
    app = Mock(Settings()).app

    assert ask(app, "GET", CHARGES).status == 401
    assert ask(app, "GET", "/shop/my-account/orders?page=x", ADA).status == 400


def test_a_field_that_the_document_requires_and_no_record_has_ends_the_start() -> None:
    def require(tree: dict[str, Any]) -> None:
        credit = tree["components"]["schemas"]["Credit"]
        credit["required"].append("transferable")
        credit["properties"]["transferable"] = {"type": "boolean"}

    with pytest.raises(DocumentMismatch) as error:
        Mock(Settings(), document=copy(require))

    text = str(error.value)
    assert text.startswith("spec/openapi.yaml:")
    assert "'transferable'" in text
    assert "Credit of mock_server.resources.credits" in text


def test_an_answer_that_breaks_the_document_is_a_500_that_names_what_is_missing() -> None:
    def untyped(_account: Account) -> Any:
        return [{"id": "1"}]

    app = Mock(Settings(), handlers={LIST_CHARGES: untyped}).app
    answer = ask(app, "GET", CHARGES, ADA)

    assert answer.status == 500
    assert "membership_id" in json.loads(answer.body)["message"]


@pytest.mark.parametrize(
    ("declared", "sent", "seen"),
    [
        ({"name": "ratio", "schema": {"type": "number", "maximum": 2}}, "?ratio=1.5", 1.5),
        ({"name": "ratio", "schema": {"type": "number", "maximum": 2}}, "?ratio=2.5", 400),
        ({"name": "ratio", "schema": {"type": "number"}}, "?ratio=1e5", 400),
        ({"name": "size", "schema": {"type": "integer", "minimum": 3}}, "?size=3", 3),
        ({"name": "size", "schema": {"type": "integer", "minimum": 3}}, "?size=2", 400),
        ({"name": "size", "schema": {"type": "integer"}}, "?size=1_0", 400),
        ({"name": "size", "schema": {"type": "integer"}}, "?size=%2B1", 400),
        ({"name": "size", "schema": {"type": "integer"}}, "?size=1&size=2", 400),
        ({"name": "size", "schema": {"type": "integer", "default": 7}}, "", 7),
        ({"name": "ids", "schema": NUMBERS}, "?ids=1&ids=2", [1, 2]),
        ({"name": "ids", "schema": NUMBERS, "explode": False}, "?ids=1,2", [1, 2]),
        ({"name": "ids", "schema": NUMBERS}, "?ids=1&ids=x", 400),
        (
            {"name": "code", "schema": {"type": "string", "pattern": "^[A-Z]+$"}},
            "?code=ab",
            400,
        ),
        ({"name": "code", "required": True, "schema": {"type": "string"}}, "", 400),
    ],
)
def test_a_parameter_of_any_type_works_with_no_code_but_the_handler(
    declared: dict[str, Any], sent: str, seen: Any
) -> None:
    def declare(tree: dict[str, Any]) -> None:
        charges(tree).setdefault("parameters", []).append({"in": "query"} | declared)

    asked = Asked()
    app = Mock(Settings(), document=copy(declare), handlers={LIST_CHARGES: asked.charges}).app
    answer = ask(app, "GET", CHARGES + sent, ADA)

    if seen == 400:
        assert answer.status == 400
        assert declared["name"] in json.loads(answer.body)["message"]
    else:
        assert answer.status == 200
        assert asked.arguments == {declared["name"]: seen}


def test_headers_and_parameters_of_a_path_are_read_too() -> None:
    def declare(tree: dict[str, Any]) -> None:
        tree["paths"][CHARGES]["parameters"] = [
            {"name": "X-Shop-Number", "in": "header", "schema": {"type": "integer"}},
            {"name": "since", "in": "query", "schema": {"type": "string"}},
        ]

    asked = Asked()
    app = Mock(Settings(), document=copy(declare), handlers={LIST_CHARGES: asked.charges}).app
    right = ask(app, "GET", f"{CHARGES}?since=may", ADA | {"X-Shop-Number": "12"})
    other = ask(app, "GET", f"{CHARGES}?since=may", ADA | {"X-Shop-Number": "13"})

    assert (right.status, other.status) == (200, 200)
    assert asked.arguments == {"since": "may", "x_shop_number": 13}
    assert ask(app, "GET", CHARGES, ADA | {"X-Shop-Number": "x"}).status == 400


def rename(tree: dict[str, Any]) -> None:
    charges(tree)["operationId"] = "listEverything"


def add_parameter(tree: dict[str, Any]) -> None:
    charges(tree)["parameters"] = [{"name": "sort", "in": "query", "schema": {"type": "string"}}]


def drop(tree: dict[str, Any]) -> None:
    del tree["paths"][CHARGES]


def twice(tree: dict[str, Any]) -> None:
    charges(tree)["operationId"] = "listMyAccountCredits"


def misspell(tree: dict[str, Any]) -> None:
    del charges(tree)["responses"]


def lead_nowhere(tree: dict[str, Any]) -> None:
    charges(tree)["responses"]["401"] = {"$ref": "#/components/responses/Nothing"}


def allow_null(tree: dict[str, Any]) -> None:
    tree["components"]["schemas"]["Credit"]["properties"]["coupon_description"]["nullable"] = False


def forget_a_member(tree: dict[str, Any]) -> None:
    tree["components"]["schemas"]["ChargeStatus"]["enum"].remove("errored")


def drop_a_rule(tree: dict[str, Any]) -> None:
    tree["x-rules"] = [each for each in tree["x-rules"] if each["id"] != "AUTH-10"]


def cite_nothing(tree: dict[str, Any]) -> None:
    page = tree["paths"]["/shop/my-account/orders"]["get"]["parameters"][0]
    page["x-refused-by"]["malformed"] = "PAGE-99"


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        (rename, "listEverything"),
        (add_parameter, "'sort'"),
        (drop, "no operation listMyAccountCharges"),
        (twice, "two operations"),
        (misspell, "responses"),
        (lead_nowhere, "Nothing"),
        (allow_null, "null"),
        (forget_a_member, "errored"),
        (drop_a_rule, "AUTH-10"),
        (cite_nothing, "PAGE-99"),
    ],
)
def test_a_document_that_does_not_fit_ends_the_start_in_one_line(edit: Edit, named: str) -> None:
    with pytest.raises(DocumentMismatch) as error:
        Mock(Settings(), document=copy(edit))

    text = str(error.value)
    assert re.match(r"spec/openapi\.yaml:[0-9]+: ", text), text
    assert named in text
    assert "\n" not in text


def test_a_reference_that_leads_nowhere_is_named_with_its_line() -> None:
    lines = TEXT.splitlines()
    number = next(n for n, line in enumerate(lines) if "#/components/headers/AnyOrigin" in line)
    lines[number] = lines[number].replace("AnyOrigin", "NoSuch")
    with pytest.raises(DocumentMismatch, match=rf"^spec/openapi.yaml:{number + 1}: .*NoSuch"):
        Mock(Settings(), document=Document("\n".join(lines), "spec/openapi.yaml"))


def test_a_line_that_is_no_yaml_is_named() -> None:
    lines = TEXT.splitlines()
    lines[40] = "  [: not yaml"
    with pytest.raises(DocumentMismatch, match=r"^spec/openapi.yaml:4[0-9]: "):
        Mock(Settings(), document=Document("\n".join(lines), "spec/openapi.yaml"))


CATALOGUE = shipped("fixtures", "catalogue.yaml").read_text("utf-8")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("currency: ", "curency: ", "the field 'curency' is not one of name, organisation,"),
        ("price: ", "price: x", "is not a whole number from 0 to 100000000"),
        ("brand: stillwater", "brand: stilwater", "did you mean 'stillwater'?"),
        ("sites:", "sites: [}", "did not find expected"),
        ("sites:", "brands:", "'brands' stands here a second time"),
        ("practitioners:", "practitoners:", "did you mean 'practitioners'?"),
    ],
)
def test_a_slip_in_the_catalogue_is_one_line_with_file_and_line(
    old: str, new: str, told: str
) -> None:
    with pytest.raises(CatalogueError) as error:
        read_catalogue(CATALOGUE.replace(old, new, 1))

    line = CATALOGUE[: CATALOGUE.index(old)].count("\n") + 1
    assert str(error.value).startswith(f"fixtures/catalogue.yaml:{line}: ")
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_every_record_is_compared() -> None:
    document, operations = Document.of("openapi.yaml"), Mock(Settings()).sandboxes.operations
    compared = check_records(document, operations)

    assert compared >= {"Customer", "Charge", "Credit", "Membership", "PaymentMethod", "Order"}
    assert compared >= {"Guest", "BookingItem", "PackageItem", "PurchaseItem", "OrderTotals"}


def test_a_scenario_whose_records_break_the_contract_is_refused_by_check(tmp_path: Path) -> None:
    file = tmp_path / "mia.yaml"
    file.write_text('title: Mia\ncustomers:\n  mia:\n    customer: {email: "a..b@example.com"}\n')
    result = CliRunner().invoke(main, ["scenarios", "check", str(file)])

    assert result.exit_code == 2
    assert f"{file}:4: mia.customer.email:" in result.stderr
    assert "a..b@example.com" in result.stderr


@pytest.mark.parametrize(
    ("total", "pages"),
    [
        (0, []),
        (100, [1]),
        (101, [1, 2]),
        (2001, [*range(1, 22)]),
        (4100, [*range(1, 21), *range(22, 42)]),
    ],
)
def test_of_a_long_list_the_pages_at_both_ends_are_judged(total: int, pages: list[int]) -> None:
    asked: list[tuple[int, int | None]] = []

    def list_all(_account: Any, *, page: int = 1, per_page: int | None = None) -> Page[int]:
        asked.append((page, per_page))
        return page_of(range(total), page, per_page)

    judged = list(_results(SimpleNamespace(parameters=(), handler=list_all), None))

    assert asked == [(1, None), *((page, 100) for page in pages)]
    assert len(judged) == len(asked)


def test_every_scenario_that_comes_along_passes_check() -> None:
    result = CliRunner().invoke(main, ["scenarios", "check", *scenario.names()])

    assert result.exit_code == 0, result.stderr

"""What the contract promises about itself: that it is whole, and that its examples obey it."""

import re
import warnings
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
import schemathesis
import yaml
from schemathesis.core.result import Ok

from mock_server.http.document import Document

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from connexion.spec import Specification

DOCUMENT = Document.of("openapi.yaml")
ACCOUNT = "/customers/my-account"
PREFERENCE = f"{ACCOUNT}/marketing-preferences/{{marketingPreferenceId}}"
OPT_IN = "actionMyAccountMarketingPreferenceOptIn"
OPT_OUT = "actionMyAccountMarketingPreferenceOptOut"
OPERATIONS = {
    "getMyAccountDetails": ("get", ACCOUNT, {200, 401}),
    "listMyAccountCharges": ("get", f"{ACCOUNT}/charges", {200, 401}),
    "listMyAccountCredits": ("get", f"{ACCOUNT}/credits", {200, 400, 401}),
    "listMyAccountMarketingPreferences": (
        "get",
        f"{ACCOUNT}/marketing-preferences",
        {200, 401},
    ),
    OPT_IN: ("post", PREFERENCE, {200, 401, 403, 404}),
    OPT_OUT: ("delete", PREFERENCE, {200, 401, 403, 404}),
    "listMyAccountMemberships": ("get", f"{ACCOUNT}/memberships", {200, 401}),
    "listMyAccountPaymentMethods": ("get", f"{ACCOUNT}/payment-methods", {200, 401, 404}),
    "listMyAccountOrders": ("get", "/shop/my-account/orders", {200, 400, 401}),
}
PARAMETERS = {
    "listMyAccountCredits": [("query", "redeemed", "boolean"), ("query", "expired", "boolean")],
    OPT_IN: [("path", "marketingPreferenceId", "string")],
    OPT_OUT: [("path", "marketingPreferenceId", "string")],
    "listMyAccountOrders": [("query", "page", "integer"), ("query", "per_page", "integer")],
}


def _said(id: str) -> dict[str, Any]:
    return next(said for _, _, said in DOCUMENT.operations() if said["operationId"] == id)


def _examples(id: str, status: str = "200") -> dict[str, Any]:
    """The values of an answer's named examples."""
    media = DOCUMENT.resolve(_said(id)["responses"][status])["content"]["application/json"]
    return {name: DOCUMENT.resolve(each)["value"] for name, each in media["examples"].items()}


def _answers() -> list[tuple[str, str]]:
    return [
        (said["operationId"], status)
        for _, _, said in DOCUMENT.operations()
        for status in said["responses"]
    ]


def _rules() -> list[dict[str, Any]]:
    of_operations = [said.get("x-rules", ()) for _, _, said in DOCUMENT.operations()]
    return [rule for rules in (DOCUMENT.tree["x-rules"], *of_operations) for rule in rules]


def _nodes(node: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        yield where, node
        node = list(node.items())
    elif isinstance(node, list):
        node = list(enumerate(node))
    for key, value in node if isinstance(node, list) else ():
        yield from _nodes(value, f"{where}/{key}")


def test_the_operations_are_the_nine_documented_ones() -> None:
    found = {
        said["operationId"]: (method, path, set(map(int, said["responses"])))
        for path, method, said in DOCUMENT.operations()
    }

    assert found == OPERATIONS
    assert len(list(DOCUMENT.operations())) == len(OPERATIONS)


def test_the_parameters_are_the_documented_ones_and_stand_at_their_operation() -> None:
    found = {}
    for _, _, said in DOCUMENT.operations():
        parameters = map(DOCUMENT.resolve, said.get("parameters", ()))
        found[said["operationId"]] = [
            (each["in"], each["name"], each["schema"]["type"]) for each in parameters
        ]

    assert found == dict.fromkeys(OPERATIONS, []) | PARAMETERS
    assert not any("parameters" in item for item in DOCUMENT.tree["paths"].values())


def test_the_ruled_status_is_marked_as_such() -> None:
    answer = DOCUMENT.resolve(_said("listMyAccountCredits")["responses"]["400"])

    assert answer["x-source"] == "ruled"


@pytest.mark.parametrize("id, status", _answers())
def test_every_example_fits_its_schema(id: str, status: str) -> None:
    answer = DOCUMENT.resolve(_said(id)["responses"][status])
    validator = DOCUMENT.validator(answer["content"]["application/json"]["schema"])
    misfits = {
        name: [error.message for error in validator.iter_errors(value)]
        for name, value in _examples(id, status).items()
    }

    assert misfits == dict.fromkeys(misfits, [])
    assert len(misfits) >= (2 if status == "200" else 1)


@pytest.mark.parametrize("id, status", _answers())
def test_every_answer_may_be_read_from_any_origin(id: str, status: str) -> None:
    headers = DOCUMENT.resolve(_said(id)["responses"][status])["headers"]

    assert "Access-Control-Allow-Origin" in headers
    assert ("WWW-Authenticate" in headers) is (status == "401")


def test_every_example_of_an_order_adds_up() -> None:
    orders = [each for page in _examples("listMyAccountOrders").values() for each in page["data"]]

    assert orders
    for order in orders:
        items = order["booking_items"] + order["package_items"] + order["purchase_items"]
        totals, payments = order["totals"], order["payment_totals"]
        assert sum(item["total_cost"] for item in items) == order["total_cost"] == totals["total"]
        assert totals["subtotal"] - totals["order_discount"] == totals["total"]
        assert order["net_total"] + order["total_tax"] == order["total_cost"]
        provided = payments["paid"] + payments["pending"] + payments["chargeable"]
        assert provided == payments["provided"]
        assert totals["total"] - provided == payments["missing"]
        assert totals["total"] - payments["paid"] == payments["unpaid"]


def test_every_example_of_a_page_adds_up() -> None:
    for page in _examples("listMyAccountOrders").values():
        meta, shown = page["meta"], len(page["data"])
        assert meta["last_page"] == max(1, -(-meta["total"] // meta["per_page"]))
        first = (meta["current_page"] - 1) * meta["per_page"] + 1
        assert meta["from"] == (first if shown else None)
        assert meta["to"] == (first + shown - 1 if shown else None)
        assert bool(page["links"].get("next")) is (meta["current_page"] < meta["last_page"])
        submitted = [order["submitted_at"] for order in page["data"]]
        assert all(newer >= older for newer, older in pairwise(submitted))


def test_the_examples_of_an_opt_out_show_one_preference_less() -> None:
    opted_in = {
        id: [[each["opted_in"] for each in value["data"]] for value in _examples(id).values()]
        for id in (OPT_IN, OPT_OUT)
    }

    assert all(any(flags) for flags in opted_in[OPT_IN])
    assert not any(all(flags) for flags in opted_in[OPT_OUT])


def test_every_rule_stands_once_and_says_where_it_comes_from() -> None:
    ids = [rule["id"] for rule in _rules()]

    assert len(ids) == len(set(ids))
    for rule in _rules():
        assert re.fullmatch(r"[A-Z]+-\d{2}", rule["id"])
        assert rule["source"] in ("documented", "client", "ruled")
        chosen_by = {"operations", "applies_to", "except"}
        assert rule.keys() - chosen_by == {"id", "source", "text", "why"}
        assert rule["text"].endswith(".") and rule["why"].endswith((".", "?"))
        assert {*rule.get("operations", ()), *rule.get("except", ())} <= OPERATIONS.keys()


def test_every_yaml_parser_reads_the_same_document() -> None:
    assert yaml.safe_load(DOCUMENT.text) == DOCUMENT.tree


def test_no_sentence_was_cut_at_a_comma_inside_braces() -> None:
    for where, node in _nodes(DOCUMENT.tree):
        assert not [key for key in node if " " in str(key)], where


def test_every_number_has_bounds_that_a_browser_can_count_to() -> None:
    integers = {
        where: schema for where, schema in _nodes(DOCUMENT.tree) if schema.get("type") == "integer"
    }

    assert integers
    for where, schema in integers.items():
        assert -(2**53) <= schema["minimum"] <= schema["maximum"] <= 2**53, where


def test_every_nullable_enum_lists_null() -> None:
    for where, schema in _nodes(DOCUMENT.tree["components"]["schemas"]):
        if "enum" in schema:
            assert (None in schema["enum"]) is schema.get("nullable", False), where


def test_every_field_says_what_it_is() -> None:
    for name, schema in DOCUMENT.tree["components"]["schemas"].items():
        for field, said in schema.get("properties", {}).items():
            assert DOCUMENT.resolve(said).get("description"), f"{name}.{field}"


def test_no_schema_of_an_answer_forbids_new_fields() -> None:
    for where, schema in _nodes(DOCUMENT.tree["components"]["schemas"]):
        assert "additionalProperties" not in schema, where


def test_links_lead_from_the_list_to_opt_in_and_opt_out_and_between_the_two() -> None:
    targets = {
        said["operationId"]: {
            DOCUMENT.resolve(link)["operationId"]
            for link in said["responses"]["200"].get("links", {}).values()
        }
        for _, _, said in DOCUMENT.operations()
    }

    assert targets["listMyAccountMarketingPreferences"] == {OPT_IN, OPT_OUT}
    assert targets[OPT_IN] == {OPT_OUT}
    assert targets[OPT_OUT] == {OPT_IN}


def test_connexion_loads_the_document() -> None:
    specification = Specification.from_dict(DOCUMENT.tree)

    assert specification.base_path == ""


@pytest.mark.slow
def test_schemathesis_loads_the_document() -> None:
    schema = schemathesis.openapi.from_dict(DOCUMENT.tree)
    read = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
    found = [operation.definition.raw["operationId"] for operation in read]

    assert sorted(found) == sorted(OPERATIONS)

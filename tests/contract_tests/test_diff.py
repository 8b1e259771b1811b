"""What changed between two documents, and whether it breaks a client."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from contract_tests.cli import main
from contract_tests.diff import differences
from contract_tests.document import Contract

DOCUMENT = Contract.load().text
CREDITS = "GET /customers/my-account/credits"


def changed(pattern: str, replacement: str) -> list[tuple[str, str, str]]:
    """The differences once the first match of a pattern is replaced in the document."""
    text, count = re.subn(pattern, replacement, DOCUMENT, count=1, flags=re.S)
    assert count == 1
    found = differences(Contract(DOCUMENT), Contract(text))
    return [(each.kind, each.place, each.text) for each in found]


def test_a_document_does_not_differ_from_itself() -> None:
    assert differences(Contract(DOCUMENT), Contract(DOCUMENT)) == []


BREAKING: dict[str, tuple[str, str, str]] = {
    "another operationId": ("listMyAccountCredits", "listCredits", "is now listCredits"),
    "a field that is gone": (r"\n        coupon_code: \{[^\n]*", "", "the field is gone"),
    "a field of another type": (
        "(multi_use: {type: )boolean",
        r"\1string",
        "type boolean is now string",
    ),
    "a field that may be missing": (r"\n        - coupon_code", "", "may be missing now"),
    "a field that may be null": (
        "(multi_use: {type: boolean, )",
        r"\1nullable: true, ",
        "it may be null now",
    ),
    "a narrower parameter": (
        r"(name: page\n.*?maximum: )2147483647",
        r"\g<1>1000",
        "maximum 2147483647 is now 1000",
    ),
    "another default": (r"(name: redeemed\n.*?default: )false", r"\1true", "default False is now"),
    "another address": (r"(servers:\n[^\n]*url: )/", r"\1/v2", "/ is gone"),
    "a parameter that is gone": (r"        - name: redeemed\n.*?(?=        - name)", "", "is gone"),
}


@pytest.mark.parametrize("name", BREAKING)
def test_what_a_client_relies_on_breaks_it(name: str) -> None:
    pattern, replacement, text = BREAKING[name]
    breaking = [each for each in changed(pattern, replacement) if each[0] == "breaking"]

    assert breaking
    assert any(text in each[2] for each in breaking)


def test_an_operation_that_is_gone_breaks_and_a_new_one_is_additive() -> None:
    none = Contract("paths: {}")
    one = Contract("paths: {/x: {get: {operationId: getX, responses: {}}}}")

    assert [str(each) for each in differences(one, none)] == [
        "breaking: GET /x: the operation is gone"
    ]
    assert [str(each) for each in differences(none, one)] == ["additive: GET /x: a new operation"]


ADDITIVE: dict[str, tuple[str, str, str]] = {
    "a new field": (
        r"(\n        coupon_code: \{)",
        r"\n        note: {type: string}\1",
        "a new field",
    ),
    "a new member of an enum": (
        r"(ChargeStatus: \{type: string, enum: \[)",
        r"\1disputed, ",
        "new members: disputed",
    ),
}


@pytest.mark.parametrize("name", ADDITIVE)
def test_what_a_client_need_not_know_is_additive(name: str) -> None:
    pattern, replacement, text = ADDITIVE[name]
    found = changed(pattern, replacement)

    assert {each[0] for each in found} == {"additive"}
    assert all(text in each[2] for each in found)


def test_a_rule_that_says_something_else_is_told() -> None:
    found = changed("A request without a token is answered 401", "A stranger is answered 401")

    assert found == [
        (
            "rule",
            "AUTH-01",
            "'A request without a token is answered 401.' is now 'A stranger is answered 401.'",
        )
    ]


def test_a_new_and_a_stronger_rule_are_told() -> None:
    rule = '- {id: ERR-99, source: ruled, text: "New.", why: "Why."}'
    assert changed("(\nx-rules:\n)", f"\\1  {rule}\n") == [("rule", "ERR-99", "new (ruled): New.")]
    assert changed("(id: ERR-02, source: )ruled", r"\1documented") == [
        ("rule", "ERR-02", "ruled is now documented")
    ]


@pytest.fixture
def run(tmp_path: Path) -> Callable[[str], Result]:
    def ran(new: str) -> Result:
        old_file, new_file = tmp_path / "old.yaml", tmp_path / "new.yaml"
        old_file.write_text(DOCUMENT)
        new_file.write_text(new)
        return CliRunner().invoke(main, ["diff", str(old_file), str(new_file)])

    return ran


def test_the_command_exits_with_1_where_a_client_breaks(
    run: Callable[[str], Result],
) -> None:
    same, broken = run(DOCUMENT), run(DOCUMENT.replace("listMyAccountCredits", "listCredits"))

    assert (same.exit_code, same.stdout) == (0, "no difference\n")
    assert broken.exit_code == 1
    assert f"breaking: {CREDITS}: operationId listMyAccountCredits" in broken.stdout


def test_a_file_that_is_no_document_is_told_in_one_line(
    run: Callable[[str], Result],
) -> None:
    answer = run("just text")

    assert (answer.exit_code, answer.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("pattern", "replacement", "told"),
    [
        (r"\{id: HTTP-06, source: ruled, ", "{id: HTTP-06, ", "HTTP-06 has no `source`"),
        (r"\nx-rules:\n", "\nx-rules:\n  - 5\n", "a mapping with an `id`"),
        (r"\nx-rules:\n.*?\npaths:", "\nx-rules: none\npaths:", "a list of rules"),
        (
            r"\n  schemas:\n",
            "\n  schemas:\n    A: {allOf: [{$ref: '#/components/schemas/A'}]}\n"
            "    B: {$ref: '#/components/schemas/A'}\n",
            "is made of itself",
        ),
        (
            r"\n  schemas:\n",
            "\n  schemas:\n    A: {$ref: 'other.yaml#/A'}\n",
            "out of the document",
        ),
        (r"\n  schemas:\n", "\n  schemas:\n    A: {$ref: '#/nowhere'}\n", "leads nowhere"),
    ],
)
def test_a_mistake_in_a_document_is_told_in_a_line_with_the_file(
    tmp_path: Path, pattern: str, replacement: str, told: str
) -> None:
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(DOCUMENT)
    text, count = re.subn(pattern, replacement, DOCUMENT, count=1, flags=re.S)
    new.write_text(text)
    result = CliRunner().invoke(main, ["diff", str(old), str(new)])

    assert (count, result.exit_code) == (1, 2)
    [line] = result.stderr.splitlines()
    assert told in line and "new.yaml" in line

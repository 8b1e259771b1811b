"""What a profile says of a customer: checked before the run, and not falsified by time."""

import pytest
from click.testing import CliRunner

from contract_tests import cli
from contract_tests.check import Plan, check
from contract_tests.engine import Options
from contract_tests.facts import FACTS
from contract_tests.target import NamedCustomer, Target, TargetError, complete


def told(facts: dict[str, object]) -> str:
    customer = NamedCustomer("t", "zoe", facts=facts)
    with pytest.raises(TargetError) as error:
        complete(Target(base_url="http://127.0.0.1:1", customers=(customer,)))
    return str(error.value)


def test_an_unknown_fact_is_refused_with_the_one_that_is_meant() -> None:
    assert (
        "zoe: facts: there is no fact 'redemed_credits', did you mean 'redeemed_credits'"
        in told({"redemed_credits": []})
    )


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("order_count", "many", "a whole number"),
        ("order_count", -1, "a whole number"),
        ("charges", True, "a whole number"),
        ("redeemed_credits", "3a5c7e91-2b4d-4f6a-8c0e-1d3f5b7a9c20", "a list of UUIDs"),
        ("redeemed_credits", ["abc"], "a list of UUIDs"),
        ("foreign_preference", "newsletter", "a UUID"),
        ("payment_provider", "yes", "true or false"),
    ],
)
def test_a_fact_of_another_kind_is_refused_with_what_would_be_right(
    name: str, value: object, kind: str
) -> None:
    assert f"{name} is {value!r}, not {kind}" in told({name: value})


def test_every_fact_is_listed_with_its_meaning_and_an_example() -> None:
    output = CliRunner().invoke(cli.main, ["facts"]).output

    assert all(f"{fact.name}: {fact.example}" in output for fact in FACTS)
    assert all(fact.meaning in output for fact in FACTS)


def test_a_redeemed_credit_that_has_expired_since_is_no_violation(url: str) -> None:
    target = complete(Target(base_url=url))
    ada = target.customers[0]
    once = {*ada.facts["redeemed_credits"], *ada.facts["redeemed_expired_credits"]}
    said = NamedCustomer(ada.token, "ada", facts={"redeemed_credits": sorted(once)})
    report = check(
        complete(Target(base_url=url, customers=(said,), now=target.now)),
        Plan(Options(only=("filters",)), "quick"),
    )

    assert len(once) > len(ada.facts["redeemed_credits"])
    assert [each.id for each in report.verdicts if each.outcome in ("violated", "unstable")] == []

"""Laws explained by example: what a right implementation answers, and a mutant of it."""

import pytest

from contract_tests.document import Contract
from contract_tests.example import example
from contract_tests.laws import GROUPS, LAWS
from contract_tests.target import Target, complete

pytestmark = pytest.mark.slow

CONTRACT = Contract.load()
ONE_OF_EACH_GROUP = [next(law for law in LAWS if law.group == group) for group in GROUPS]


@pytest.mark.long
@pytest.mark.parametrize("law", ONE_OF_EACH_GROUP, ids=lambda law: law.rule)
def test_a_mutant_of_the_rule_answers_otherwise_than_is_right(url: str, law: object) -> None:
    judge = next(each for each in LAWS if each is law)
    shown = example(CONTRACT.rules[judge.rule], judge, CONTRACT, complete(Target(base_url=url)))

    assert shown is not None
    assert judge.rule in shown.mutant.rules
    assert shown.right.url == shown.wrong.url
    assert {line[0] for line in shown.difference()} & {"+", "-"}

"""What a target needs before a mutant that is asleep can show."""

from contract_tests.mutants.mutant import Mutant
from contract_tests.mutants.people import People

PAGES = "a customer with three pages of orders"
CREDITS = "a customer with live, redeemed and expired credits, and one that is both"
BY_RULE = {
    "AUTH-04": "a staff token",
    "AUTH-05": "a staff token",
    "AUTH-11": "a staff token",
    "AUTH-06": "an expired token",
    "AUTH-09": "a revoked token",
    "AUTH-10": "the token of a locked customer",
    "PAGE-07": "a customer without orders",
    "PAYMENT-01": "a customer who pays by direct debit",
    "PAYMENT-02": "a customer whom no payment processor knows",
    "PAYMENT-03": "a customer without payment methods",
    "PREF-06": "the fact `foreign_preference`: the id of another organisation's preference",
    "MEMBER-02": "a customer who shares a membership",
    "MEMBER-06": "a customer who is a member, but does not lead",
}
"""Rule → what to add to the profile, or to the data of its customers."""
BY_GROUP = {
    "PAGE": PAGES,
    "OWN": "a second customer with records of the same kinds",
    "CREDITS": CREDITS,
    "PREF": "a customer with two marketing preferences",
    "MEMBER": "customers with active, upcoming and expired memberships",
    "CHARGES": "a customer with charges of every status",
    "ORDER": "a customer with past and coming bookings",
    "PAYMENT": "a customer with cards and direct debits",
    "CONC": "a second customer",
}
WRITES = "a run that may write"


def wakes(mutant: Mutant, people: People) -> str:
    """What would let a mutant that is asleep show at this target."""
    if mutant.needs:
        return mutant.needs
    rule = mutant.rules[0]
    by_group = BY_GROUP.get(rule.partition("-")[0], f"an answer like this: {mutant.text}")
    needs = BY_RULE.get(rule, by_group)
    return f"{needs}; {WRITES}" if people.target.read_only and _writes(rule, people) else needs


def _writes(rule: str, people: People) -> bool:
    """Whether a rule is about what changes something."""
    contract = people.contract
    about = contract.rules[rule].operations if rule in contract.rules else ()
    return any(not contract.operations[id].reads for id in about)

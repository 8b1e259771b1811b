"""The table of contents: every resource, and every kind of record that people hold."""

from typing import Any

from mock_server.resources import (
    charges,
    credits,
    customer,
    marketing_preferences,
    memberships,
    orders,
    payment_methods,
)
from mock_server.worlds.account import Account, Kind

# Each after those that it refers to: so they are checked before it is made.
RESOURCES = (
    customer,
    marketing_preferences,
    payment_methods,
    memberships,
    charges,
    credits,
    orders,
)
KINDS: dict[str, Kind[Any, Any]] = {
    member.name: member
    for resource in RESOURCES
    for member in vars(resource).values()
    if isinstance(member, Kind)
}


def facts_of(account: Account) -> dict[str, Any]:
    """What a tester may want to know of a customer, resource by resource."""
    facts: dict[str, Any] = {}
    for resource in RESOURCES:
        facts |= resource.facts(account)
    return facts

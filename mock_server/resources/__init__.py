"""The table of contents: every resource, and every kind of record that people hold."""

from typing import Any

from mock_server.account import Kind
from mock_server.resources import (
    charges,
    credits,
    customer,
    marketing_preferences,
    memberships,
    orders,
    payment_methods,
)

RESOURCES = (
    customer,
    charges,
    credits,
    marketing_preferences,
    memberships,
    payment_methods,
    orders,
)
KINDS: dict[str, Kind[Any, Any]] = {
    member.name: member
    for resource in RESOURCES
    for member in vars(resource).values()
    if isinstance(member, Kind)
}

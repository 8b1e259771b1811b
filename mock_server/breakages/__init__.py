"""The table of contents: every way to be wrong on purpose, and every harmless variant, by id."""

from mock_server.breakages import (
    authentication,
    benign,
    bodies,
    concurrency,
    errors,
    filters,
    http,
    ownership,
    pagination,
    preferences,
    records,
    time,
)
from mock_server.breakages.breakage import Breakage

_GROUPS = (
    authentication,
    ownership,
    bodies,
    filters,
    *pagination.PARTS,
    preferences,
    *records.PARTS,
    http,
    errors,
    time,
    concurrency,
    benign,
)
BREAKAGES: dict[str, Breakage] = {
    member.id: member
    for group in _GROUPS
    for member in vars(group).values()
    if isinstance(member, Breakage)
}

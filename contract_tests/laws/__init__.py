"""The table of contents: every law, in the order in which they are judged."""

from contract_tests.law import laws_of
from contract_tests.laws import (
    authentication,
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

# Those that only look at what others recorded come last.
LAWS = laws_of(
    (
        filters,
        pagination,
        preferences,
        authentication,
        time,
        concurrency,
        http,
        errors,
        ownership,
        records,
        bodies,
    )
)
GROUPS = tuple(dict.fromkeys(law.group for law in LAWS))

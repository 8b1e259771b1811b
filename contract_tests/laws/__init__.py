"""The table of contents: every law, in the order in which they are judged."""

from contract_tests.law import laws_of
from contract_tests.laws import (
    aftermath,
    authentication,
    bodies,
    concurrency,
    errors,
    filters,
    http,
    ownership,
    pagination,
    preferences,
    recorded,
    time,
)
from contract_tests.laws.records import (
    charges,
    credits,
    customer,
    memberships,
    money,
    orders,
    payment_methods,
)

# Time comes before what changes anything; what only looks at what others recorded comes last.
# Concurrency leaves every preference decided alike, which is how the next law wants them.
LAWS = laws_of(
    (
        time,
        filters,
        pagination,
        concurrency,
        preferences,
        authentication,
        http,
        errors,
        ownership,
        customer,
        charges,
        credits,
        memberships,
        payment_methods,
        orders,
        money,
        bodies,
        aftermath,
    )
)
GROUPS = tuple(dict.fromkeys(law.group for law in LAWS))
RECORDED = laws_of((recorded,))
"""What judges recorded traffic besides."""
TIMELESS = ("authentication", "bodies", "errors", "http", "ownership")
"""Groups whose laws hold of any answers, whenever each was given."""

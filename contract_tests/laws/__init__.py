"""Every law, in the order in which they are judged."""

from contract_tests.law import laws_of
from contract_tests.laws import (
    aftermath,
    authentication,
    bodies,
    concurrency,
    errors,
    extras,
    filters,
    http,
    ownership,
    recorded,
    time,
)
from contract_tests.laws.pagination import asking, links, meta, walking
from contract_tests.laws.preferences import bodies_sent, decisions, listing, refusals
from contract_tests.laws.records import (
    charges,
    credits,
    customer,
    memberships,
    money,
    orders,
    payment_methods,
)

# The order matters, as all laws share one target and one record of exchanges. Laws that need the
# target untouched come first (filters, pagination, and time, which compares what those were shown a
# second and more before), then those that write: concurrency goes before preferences, as it leaves
# every preference decided alike, which those need. Laws that only look at what others exchanged
# come after them, and what a run leaves behind is judged last.
LAWS = laws_of(
    (
        filters,
        meta,
        walking,
        links,
        asking,
        time,
        concurrency,
        decisions,
        listing,
        refusals,
        bodies_sent,
        authentication,
        http,
        extras,
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
TIMELESS = ("authentication", "bodies", "errors", "http", "ownership", "extras")
"""Groups whose laws hold of any answers, whenever each was given."""

"""Faults in single records: sums, states and what excludes what; a module for each resource."""

from mock_server.breakages.records import (
    charges,
    credits,
    customer,
    memberships,
    orders,
    payment_methods,
)

PARTS = (customer, charges, credits, memberships, payment_methods, orders)

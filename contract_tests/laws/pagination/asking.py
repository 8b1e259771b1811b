"""Numbers that are none, and parameters that are repeated."""

from collections.abc import Sequence

from contract_tests.actor import ORDERS, Customer
from contract_tests.exchange import Query
from contract_tests.law import law
from contract_tests.laws.filters import (
    check_malformed,
    check_malformed_at,
    percent_encoded,
    values_for,
)
from contract_tests.laws.pagination.pages import HUGE, NAMES, readable
from contract_tests.session import Session
from contract_tests.values import not_numbers


@law("PAGE-10")
def what_is_no_positive_integer_is_refused(session: Session, customers: list[Customer]) -> None:
    values = not_numbers(session.seed)
    for number, customer in enumerate(reversed(readable(customers))):
        operation = customer.operation(ORDERS)
        for name in NAMES:
            for value in values_for(values, number):
                check_malformed(customer, operation, ((name, value),), name)
            other = NAMES[1 - NAMES.index(name)]
            for bare in (name, f"{name}&{other}=1"):
                check_malformed_at(customer, operation, bare, name)
            for fine in ("1", str(HUGE)):
                check_malformed(customer, operation, ((other, fine), (name, values["word"])), name)
                check_malformed(customer, operation, ((name, "0"), (other, fine)), name)
        pairs = _malformed_pairs(values_for(values, number))
        for page, size in pairs if number == 0 else pairs[:2]:
            check_malformed(customer, operation, (("page", page), ("per_page", size)), *NAMES)


def _malformed_pairs(values: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of malformed values: the same one twice, and two different ones."""
    twice = [(value, value) for value in ("0", "", *values[::5])]
    return [*twice, ("0", "-1"), ("a", "b"), *zip(values[1::5], values[2::5], strict=False)]


@law("PAGE-11")
def a_repeated_parameter_is_refused(customers: list[Customer]) -> None:
    for number, customer in enumerate(reversed(readable(customers))):
        operation = customer.operation(ORDERS)
        for name in NAMES:
            queries = _repeated(name, NAMES[1 - NAMES.index(name)])
            for query in queries if number == 0 else queries[number % 3 :: 3]:
                check_malformed(customer, operation, query, name)
            coded = percent_encoded(name, number)
            check_malformed_at(customer, operation, f"{name}=2&{coded}=1", name)


def _repeated(name: str, other: str) -> list[Query]:
    """Queries that give a parameter more than once: alike, differing, empty, apart, thrice."""
    return [
        ((name, "1"), (name, "1")),
        ((name, "1"), (name, "2")),
        ((name, "2"), (other, "1"), (name, "1")),
        ((name, "1"), (name, "")),
        ((name, ""), (name, "1")),
        ((name, "1"), (name, "2"), (name, "3")),
        ((name, "1"), (name, "1"), (name, "1")),
        ((other, "1"), (name, "2"), (name, "1")),
        ((name, "1"), (other, "1"), (name, "1"), (name, "1")),
    ]

"""Queries that laws send: parameters of every operation, with values that it knows or does not."""

from contract_tests.document import Operation
from contract_tests.exchange import Query

UNKNOWN = (("utm_source", "newsletter"), ("sort", "oldest"))
"""Parameters that no operation has, and that change nothing."""


def malformed_queries(operation: Operation) -> list[Query]:
    """Queries that cannot be understood: one for each parameter that is no text."""
    values = {"boolean": "yes", "integer": "abc", "number": "abc"}
    return [((name, text),) for type, text in values.items() for name in operation.queries(type)]


def unusual_query(operation: Operation, page: str = "2") -> Query:
    """A query that is understood, and that few send."""
    flags = tuple((name, "true") for name in operation.queries("boolean"))
    pages = tuple((name, page) for name in operation.queries("integer"))
    return (*flags, *pages) or UNKNOWN[:1]


def query_past_the_end(operation: Operation) -> Query:
    """A query that is understood, and answers an empty page where there are pages."""
    return unusual_query(operation, page="99999")

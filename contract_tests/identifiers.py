"""Values in answers that identify one customer: ids, addresses, numbers."""

from collections.abc import Iterator, Mapping, Sequence

from contract_tests.actor import Customer, Record
from contract_tests.exchange import numbers_in

FIELDS = (
    *("id", "email", "phone", "stripe_id", "express_stripe_id", "avatar_id", "payment_method_id"),
    *("basket_id", "customer_credit_id"),
)
"""Fields whose values belong to one customer alone."""
UNSHARED = ("id", "email", "stripe_id", "express_stripe_id", "payment_method_id", "basket_id")
"""Those of a record of its own that can be nobody else's, wherever else they are shown."""
PARTS = ("payment_method", "booking_items", "package_items", "purchase_items", "coupon_codes")
"""Fields whose records belong to who owns the record round them."""


def owners_by_identifier(
    customers: Sequence[Customer], accounts: Mapping[str, Record]
) -> dict[str, str]:
    """Values that identify one of the customers, in lower case, each with the customer's name."""
    own: dict[str, set[str]] = {}
    in_records: dict[str, set[str]] = {}
    holders = {str(each["id"]).lower(): name for name, each in accounts.items()}
    for customer in customers:
        for owner, key, value in _identifiers_of(customer, holders):
            names = own if key in UNSHARED else in_records
            names.setdefault(value.lower(), set()).add(owner)
    # What is somebody's own is theirs wherever else it is shown; a number can be two people's.
    owners = _with_one_owner(in_records | own)
    owners |= {value: holders.get(value, min(names)) for value, names in own.items()}
    owners |= _phones(accounts)
    numbers: dict[str, set[str]] = {}
    for value, owner in owners.items():
        for number in numbers_in(value):
            numbers.setdefault(number, set()).add(owner)
    # An id may come without its hyphens, and a phone number with others.
    unhyphenated = {value.replace("-", ""): owner for value, owner in owners.items()}
    return _with_one_owner(numbers) | unhyphenated | owners


def _with_one_owner(names: Mapping[str, set[str]]) -> dict[str, str]:
    return {value: min(owners) for value, owners in names.items() if len(owners) == 1}


def _phones(accounts: Mapping[str, Record]) -> dict[str, str]:
    """The number of each account that is no other account's, whatever else shows it."""
    holders: dict[str, set[str]] = {}
    for name, account in accounts.items():
        if phone := account.get("phone"):
            holders.setdefault(str(phone).lower(), set()).add(name)
    return _with_one_owner(holders)


def _identifiers_of(
    customer: Customer, holders: Mapping[str, str]
) -> Iterator[tuple[str, str, str]]:
    """
    Every identifying field and value that is declared of a customer, or answered to them, and
    whose it is: a record that names one of the `holders` is theirs, whoever is shown it.
    """
    client, contract = customer.client, customer.client.contract
    for named in client.target.customers:
        if named.name == customer.name and named.id:
            yield customer.name, "id", named.id
    if email := customer.facts.get("email"):
        yield customer.name, "email", email
    owned = contract.rules["OWN-02"].operations if "OWN-02" in contract.rules else ()
    mine = [each for each in contract.reads if not each.lists or each.id in owned]
    for operation in mine:
        customer.cached_call(operation)
    ids = {each.id for each in mine}
    for exchange in client.exchanges:
        if exchange.actor == customer.name and exchange.operation in ids and exchange.fits:
            for record in exchange.records:
                owner = holders.get(str(record.get("customer_id")).lower(), customer.name)
                yield from ((owner, *each) for each in _identifiers_in(record))


def _identifiers_in(record: Record, within: str = "") -> Iterator[tuple[str, str]]:
    """Values in a record, by field, that identify its owner: its own, and those of its parts."""
    for key in FIELDS:
        if record.get(key):
            yield f"{within}{key}", str(record[key])
    for name in PARTS:
        part = record.get(name)
        for each in part if isinstance(part, list) else [part]:
            if isinstance(each, dict):
                yield from _identifiers_in(each, f"{name}.")

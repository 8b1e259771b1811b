"""Waiting until a target answers its customers."""

import time

from contract_tests.client import Client
from contract_tests.document import Contract, Operation
from contract_tests.exchange import Exchange
from contract_tests.target import NamedCustomer, Target, TargetError, Unreachable, complete
from contract_tests.transport import NotSent


def ready(target: Target, contract: Contract, patience_s: float) -> Target:
    """
    The target with what can be found out, once one of its customers is answered 200.

    Raises:
        TargetError: it is not described well enough.
        Unreachable: no such answer came within `patience_s` seconds.
    """
    deadline = time.monotonic() + patience_s
    while True:
        try:
            completed = complete(target)
            _check_tokens(completed, contract)
            return completed
        except Unreachable:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.2)


def _check_tokens(target: Target, contract: Contract) -> None:
    client, account = Client(target, contract), contract.account
    replies = []
    for customer in target.customers:
        answer = _read(client, account, customer)
        reply = f"{account.path} answered {customer.name} {answer.brief()}"
        if answer.status not in (401, 403):
            replies.append((answer.ok, reply))
        elif customer is target.customers[0]:
            raise Unreachable(f"not ready: {reply}")
        else:
            raise TargetError(f"the token of {customer.name} is not accepted: {reply}")
    # Where anything is answered, a law tells of what is not.
    others = (_read(client, each, target.customers[0]).ok for each in contract.reads)
    if replies and not any(ok for ok, _ in replies) and not any(others):
        raise Unreachable(f"not ready: {replies[0][1]}")


def _read(client: Client, operation: Operation, customer: NamedCustomer) -> Exchange:
    try:
        return client.send("GET", operation.path, token=customer.token)
    except NotSent as reason:
        raise Unreachable(f"not ready: {operation.path}: {reason}") from None

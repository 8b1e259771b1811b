"""Waiting until a target answers its first customer."""

import time

from contract_tests.client import Client
from contract_tests.document import Contract
from contract_tests.target import Target, TargetError, Unreachable, complete
from contract_tests.transport import NotSent


def ready(target: Target, contract: Contract, patience_s: float) -> Target:
    """
    The target with what can be found out, once its first customer is answered 200.

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
    operation = contract.account
    client = Client(target, contract)
    for customer in target.customers:
        try:
            answer = client.send("GET", operation.path, token=customer.token)
        except NotSent as reason:
            raise Unreachable(f"not ready: {operation.path}: {reason}") from None
        if answer.ok:
            continue
        reply = f"{operation.path} answered {customer.name} {answer.brief()}"
        if customer is target.customers[0] or answer.status not in (401, 403):
            raise Unreachable(f"not ready: {reply}")
        raise TargetError(f"the token of {customer.name} is not accepted: {reply}")

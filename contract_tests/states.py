"""Provider states, in the manner of Pact: the target is asked to be as a run needs it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from msgspec.structs import replace

from contract_tests.strict_json import NoJson, parse
from contract_tests.target import (
    NamedCustomer,
    Target,
    TargetError,
    Unreachable,
    with_checked_facts,
)
from contract_tests.transport import Broken, Sender

STATE = "customers with credits in every state, several pages of orders and something to consent to"


@contextmanager
def provider_state(target: Target) -> Iterator[Target]:
    """
    The target in the state that a run needs, where it names a `state_url`; taken back afterwards.

    The hook is sent `{"state", "params", "action": "setup" | "teardown"}`. It may answer a setup
    with `{"customers": [...]}`, in the words of a profile, which then stand for the profile's.

    Raises:
        TargetError: the hook refused, or answered what no profile could say.
        Unreachable: it did not answer.
    """
    if target.state_url is None:
        yield target
        return
    answer = _call_hook(target, "setup")
    try:
        yield _with_customers(target, answer)
    finally:
        _call_hook(target, "teardown")


def _call_hook(target: Target, action: str) -> Any:
    names = [each.name for each in target.customers]
    message = {"state": STATE, "params": {"customers": names}, "action": action}
    url = str(target.state_url)
    body = msgspec.json.encode(message)
    hook = Sender(replace(target, base_url=url, read_only=False))
    try:
        answer = hook.send("POST", url, (("Content-Type", "application/json"),), body)
    except Broken as error:
        raise Unreachable(f"{url}: {error}") from None
    if not 200 <= answer.status < 300:
        raise TargetError(f"{url}: {action} was answered {answer.status}")
    try:
        return parse(answer.content)[0]
    except NoJson:
        return None


def _with_customers(target: Target, answer: Any) -> Target:
    if not isinstance(answer, dict) or "customers" not in answer:
        return target
    try:
        customers = msgspec.convert(answer["customers"], tuple[NamedCustomer, ...])
    except msgspec.ValidationError as error:
        raise TargetError(f"{target.state_url}: customers: {error}") from None
    if any(each.token_command for each in customers):
        raise TargetError(f"{target.state_url}: token_command: an answer may name tokens alone")
    return replace(target, customers=with_checked_facts(customers))

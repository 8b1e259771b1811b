"""Who is answered, and how the others are refused."""

import pytest

from mock_server.app import Settings
from tests.conftest import Caller

ACCOUNT = "/customers/my-account"
READS = [
    ACCOUNT,
    f"{ACCOUNT}/charges",
    f"{ACCOUNT}/credits",
    f"{ACCOUNT}/marketing-preferences",
    f"{ACCOUNT}/memberships",
    f"{ACCOUNT}/payment-methods",
    "/shop/my-account/orders",
]
PREFERENCE = f"{ACCOUNT}/marketing-preferences/anything"


@pytest.mark.parametrize("path", READS)
def test_a_customer_token_is_answered(call: Caller, path: str) -> None:
    assert call("GET", path, "customer-ada").status == 200


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("who", [None, "nonsense", "customer-nobody", "expired-ada", "revoked-ada"])
def test_every_other_token_is_refused_with_401(call: Caller, path: str, who: str | None) -> None:
    answer = call("GET", path, who)

    assert answer.status == 401
    challenge = "Bearer" if who is None else 'Bearer error="invalid_token"'
    assert answer.header("WWW-Authenticate") == challenge


@pytest.mark.parametrize("authorization", ["customer-ada", "Basic customer-ada", "Bearer", ""])
def test_the_bearer_prefix_is_mandatory(call: Caller, authorization: str) -> None:
    assert call("GET", ACCOUNT, authorization=authorization).status == 401


def test_a_staff_token_gets_401_on_reads_and_403_on_writes(call: Caller) -> None:
    assert {call("GET", path, "staff-sam").status for path in READS} == {401}
    assert call("POST", PREFERENCE, "staff-sam").status == 403
    assert call("DELETE", PREFERENCE, "staff-sam").status == 403


def test_the_refusal_of_a_staff_token_says_that_the_kinds_were_mixed(call: Caller) -> None:
    for method, path in [("GET", ACCOUNT), ("POST", PREFERENCE)]:
        message = call.json(method, path, "staff-sam")["message"]
        assert "staff token" in message
        assert "customer token" in message


def test_how_a_staff_token_is_refused_can_be_set() -> None:
    call = Caller(Settings(staff_read_status=403, staff_write_status=401))

    assert call("GET", ACCOUNT, "staff-sam").status == 403
    assert call("POST", PREFERENCE, "staff-sam").status == 401


@pytest.mark.parametrize("persona", ["lena", "anon"])
def test_a_locked_or_anonymised_customer_is_refused(call: Caller, persona: str) -> None:
    assert call("GET", ACCOUNT, f"customer-{persona}").status == 401


def test_authentication_is_judged_before_parameters(call: Caller) -> None:
    assert call("GET", "/shop/my-account/orders?page=abc").status == 401

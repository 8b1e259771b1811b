"""Mutants in single charges."""

from datetime import timedelta

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import CHARGES, Tree, at, changed, edit, mutant
from contract_tests.mutants.people import People
from contract_tests.mutants.records.memberships import NOBODY

FUTURE = "2099-01-01T00:00:00Z"


@edit("CHARGES-01", CHARGES)
def oldest_charge_first(tree: Tree, _request: Request) -> None:
    """Charges are the wrong way round."""
    tree["data"].reverse()


@edit("CHARGES-01", CHARGES)
def the_oldest_charge_stands_third(tree: Tree, _request: Request) -> None:
    """The oldest of five or more charges stands third."""
    if len(tree["data"]) > 4:
        tree["data"].insert(2, tree["data"].pop())


@edit("CHARGES-02", CHARGES)
def failures_have_no_reason(tree: Tree, _request: Request) -> None:
    """A charge that failed has no reason."""
    for charge in tree["data"]:
        charge["failure_reason"] = None


@edit("CHARGES-02", CHARGES)
def errored_charges_have_no_reason(tree: Tree, _request: Request) -> None:
    """A charge that failed has a reason, one that errored has none."""
    for charge in tree["data"]:
        if charge["status"] == "errored":
            charge["failure_reason"] = None


@edit("CHARGES-02", CHARGES)
def a_success_has_a_reason(tree: Tree, _request: Request) -> None:
    """The oldest charge has a reason although it succeeded."""
    for charge in tree["data"][-1:]:
        charge["failure_reason"] = "None."


@edit("CHARGES-03", CHARGES)
def pending_charges_are_completed(tree: Tree, _request: Request) -> None:
    """A charge is completed when it is billed, even while it is processing."""
    for charge in tree["data"]:
        charge["completed_at"] = charge["completed_at"] or charge["billed_at"]


@edit("CHARGES-03", CHARGES)
def refunds_are_not_completed(tree: Tree, _request: Request) -> None:
    """A refunded charge has no completed_at."""
    for charge in tree["data"]:
        if charge["status"] == "refunded":
            charge["completed_at"] = None


@edit("CHARGES-04", CHARGES)
def the_newest_charge_is_due_one_day(tree: Tree, _request: Request) -> None:
    """The newest charge lies far in the future."""
    for charge in tree["data"][:1]:
        charge["billed_at"] = FUTURE


@mutant("CHARGES-04")
def a_charge_is_listed_before_it_is_due(request: Request, send: Send, people: People) -> Response:
    """The newest charge is only due in an hour."""
    due = (people.now + timedelta(hours=1)).isoformat()

    def postpone(tree: Tree, _request: Request) -> None:
        for charge in tree["data"][:1]:
            charge["billed_at"] = due

    response = send(request)
    return changed(request, response, postpone) if at(request, CHARGES) else response


@edit("CHARGES-05", CHARGES)
def a_charge_of_no_membership(tree: Tree, _request: Request) -> None:
    """The oldest charge is for a membership that the customer does not have."""
    for charge in tree["data"][-1:]:
        charge["membership_id"] = NOBODY


@edit("CHARGES-05", CHARGES)
def a_refund_of_no_membership(tree: Tree, _request: Request) -> None:
    """A refunded charge is for a membership that the customer does not have."""
    for charge in tree["data"]:
        if charge["status"] == "refunded":
            charge["membership_id"] = NOBODY


@edit("CHARGES-06", CHARGES)
def joining_fees_are_a_penny_too_high(tree: Tree, _request: Request) -> None:
    """A joining fee is a penny too high."""
    for charge in tree["data"]:
        charge["amount"] += charge["type"] == "joining_fee"


@edit("CHARGES-06", CHARGES)
def charges_are_in_pounds(tree: Tree, _request: Request) -> None:
    """Amounts are in pounds."""
    for charge in tree["data"]:
        charge["amount"] //= 100


@edit("CHARGES-07", CHARGES)
def a_charge_is_completed_before_it_is_billed(tree: Tree, _request: Request) -> None:
    """The oldest charge was completed when the world was young."""
    for charge in tree["data"][-1:]:
        charge["completed_at"] = charge["completed_at"] and "2001-01-01T00:00:00Z"


@edit("CHARGES-07", CHARGES)
def completed_in_the_future(tree: Tree, _request: Request) -> None:
    """Refunds are completed in the future."""
    for charge in tree["data"]:
        if charge["status"] in ("refunded", "succeeded"):
            charge["completed_at"] = FUTURE


@edit("CHARGES-08", CHARGES)
def charges_in_francs(tree: Tree, _request: Request) -> None:
    """The oldest charge is in another currency."""
    for charge in tree["data"][-1:]:
        charge["currency"] = "CHF" if charge["currency"].upper() != "CHF" else "EUR"


@edit("CHARGES-09", CHARGES)
def a_joining_fee_is_charged_again(tree: Tree, _request: Request) -> None:
    """Whoever paid a joining fee pays it again at the end of the list, under another id."""
    fees = [each for each in tree["data"] if each["type"] == "joining_fee"]
    for fee in fees[:1]:
        tree["data"].append(fee | {"id": fee["id"][:-1] + ("0" if fee["id"][-1] != "0" else "1")})

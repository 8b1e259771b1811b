"""Mutants in single credits; which ones are listed is the filters' business."""

from contract_tests.mutants.message import Request
from contract_tests.mutants.mutant import CREDITS, Tree, edit
from contract_tests.mutants.records.charges import FUTURE
from contract_tests.mutants.records.memberships import NOBODY


@edit("CREDITS-10", CREDITS)
def a_credit_of_no_membership(tree: Tree, _request: Request) -> None:
    """The first credit is of a membership that the customer does not have."""
    for credit in tree["data"][:1]:
        credit["membership_id"] = NOBODY


@edit("CREDITS-10", CREDITS)
def a_redeemed_credit_of_no_membership(tree: Tree, _request: Request) -> None:
    """The last redeemed credit is of a membership that the customer does not have."""
    for credit in [each for each in tree["data"] if each["redeemed_at"]][-1:]:
        credit["membership_id"] = NOBODY


@edit("CREDITS-11", CREDITS)
def a_multi_use_credit_is_redeemed(tree: Tree, _request: Request) -> None:
    """Where redeemed credits are listed, multi-use ones are redeemed too."""
    for credit in tree["data"]:
        if credit["multi_use"] and any(each["redeemed_at"] for each in tree["data"]):
            credit["redeemed_at"] = credit["issued_at"]


@edit("CREDITS-11", CREDITS)
def a_redeemed_credit_is_multi_use(tree: Tree, _request: Request) -> None:
    """The last redeemed credit is called multi-use."""
    for credit in [each for each in tree["data"] if each["redeemed_at"]][-1:]:
        credit["multi_use"] = True


@edit("CREDITS-12", CREDITS)
def revoked_at_is_filled(tree: Tree, _request: Request) -> None:
    """The last credit has a revoked_at."""
    for credit in tree["data"][-1:]:
        credit["revoked_at"] = FUTURE


@edit("CREDITS-12", CREDITS)
def revoked_at_is_filled_once_redeemed(tree: Tree, _request: Request) -> None:
    """Only redeemed credits have a revoked_at."""
    for credit in tree["data"]:
        credit["revoked_at"] = credit["redeemed_at"]


@edit("CREDITS-13", CREDITS)
def redeemed_before_it_was_issued(tree: Tree, _request: Request) -> None:
    """A redeemed credit was redeemed before it was issued."""
    for credit in tree["data"]:
        if credit["redeemed_at"]:
            credit["redeemed_at"] = "2001-01-01T00:00:00Z"


@edit("CREDITS-13", CREDITS)
def issued_in_the_future(tree: Tree, _request: Request) -> None:
    """The last credit is issued in the future."""
    for credit in tree["data"][-1:]:
        credit["issued_at"] = "2099-01-01T00:00:00Z"

"""Mutants in what happens but once, and in what those who are refused leave behind."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace as with_fields

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    ACCOUNT,
    CHARGES,
    CREDITS,
    ORDERS,
    PAYMENT_METHODS,
    PREFERENCES,
    Change,
    Tree,
    at,
    changed,
    decides,
    retargeted,
    stateful,
)
from contract_tests.mutants.people import People

Note = Callable[[Tree, str], None]
"""Changes an answer, given the moment at which it began to be changed."""
Wakes = Callable[[Request, Response, People], bool]


def _since(wakes: Wakes, path: str, note: Note) -> Change:
    """What changes for a customer at a path once something happened, and never again."""
    begun: dict[str, str] = {}

    def change(request: Request, send: Send, people: People) -> Response:
        response, name = send(request), people.name(request)
        if not begun and wakes(request, response, people):
            begun[name or people.names[0]] = people.now.isoformat()
        shown = at(request, path) and name in begun
        return changed(request, response, lambda t, _: note(t, begun[name])) if shown else response

    return change


def _decided(method: str, turn: int = -1) -> Wakes:
    """The first decision of anybody, or of the customer whose turn it is."""
    return lambda request, response, people: (
        decides(request)
        and request.method == method
        and response.status == 200
        and (turn < 0 or people.name(request) == people.names[turn])
    )


def _dated(tree: Tree, now: str) -> None:
    for each in tree["data"][:1]:
        each["updated_at"] = now


def _asked_for(tree: Tree, now: str) -> None:
    for order in tree["data"][:1]:
        order.update(special_requests="Consented", updated_at=now)


def _labelled(tree: Tree, now: str) -> None:
    label = {"id": "label-99", "value": "Consented", "colour": "green"}
    account = tree["data"]
    account.update(labels=[*account["labels"], label], updated_at=now)


def _rewarded(tree: Tree, now: str) -> None:
    for each in tree["data"][-1:]:
        id = "99999999-0000-4000-8000-000000000000"
        tree["data"].append(each | {"id": id, "issued_at": now})


@stateful("TIME-02", needs="a customer with payment methods")
def the_first_opt_in_dates_a_card() -> Change:
    """The first opt-in of all dates the payment method that stands first; no other does."""
    return _since(_decided("POST"), PAYMENT_METHODS, _dated)


@stateful("TIME-02", needs="a second customer with payment methods")
def the_first_opt_out_of_the_second_dates_a_card() -> Change:
    """The first opt-out of the second customer dates the payment method that stands first."""
    return _since(_decided("DELETE", 1), PAYMENT_METHODS, _dated)


@stateful("TIME-02", needs="a customer with orders")
def the_first_opt_in_is_noted_in_an_order() -> Change:
    """The first opt-in of all is noted in the newest order."""
    return _since(_decided("POST"), ORDERS, _asked_for)


@stateful("TIME-02")
def the_first_opt_out_is_a_label() -> Change:
    """The first opt-out of all gives the customer another label."""
    return _since(_decided("DELETE"), ACCOUNT, _labelled)


@stateful("TIME-02", needs="a customer with credits")
def the_first_opt_in_is_rewarded() -> Change:
    """The first opt-in of all, and that one alone, issues a credit, dated now."""
    return _since(_decided("POST"), CREDITS, _rewarded)


def _staff_decided(request: Request, _response: Response, people: People) -> bool:
    return decides(request) and people.role(request) == "staff"


@stateful("AUTH-12", needs="a staff token, and a run that may write")
def what_staff_may_not_do_dates_a_preference() -> Change:
    """A decision of staff is refused, and `updated_at` of the preference is its moment."""
    return _dating_what_is_refused("staff")


@stateful("AUTH-12", needs="customers of two organisations, and a run that may write")
def what_is_foreign_is_dated_for_its_own() -> Change:
    """A forbidden decision sets `updated_at` of its preference for those who may make it."""
    return _dating_what_is_refused("customer")


def _dating_what_is_refused(role: str) -> Change:
    when: dict[str, str] = {}

    def dated(request: Request, send: Send, people: People) -> Response:
        response = send(request)
        if decides(request) and response.status == 403 and people.role(request) == role:
            when.setdefault(request.path.rpartition("/")[2], people.now.isoformat())

        def date(tree: Tree, _request: Request) -> None:
            for each in tree["data"]:
                each["updated_at"] = when.get(each["id"], each["updated_at"])

        listed = request.path == PREFERENCES or decides(request)
        return changed(request, response, date) if listed else response

    return dated


@stateful(("AUTH-12", "TIME-02"), needs="a staff token, and a run that may write")
def what_staff_may_not_do_is_noted_in_the_account() -> Change:
    """A decision of staff is refused, and stands in the first customer's account."""

    def note(tree: Tree, now: str) -> None:
        tree["data"].update(external_ref="Staff was here", updated_at=now)

    return _since(_staff_decided, ACCOUNT, note)


@stateful(("AUTH-12", "TIME-02"), needs="a staff token, payment methods, a run that may write")
def what_staff_may_not_do_dates_a_card() -> Change:
    """A decision of staff is refused, and dates the first customer's payment method."""
    return _since(_staff_decided, PAYMENT_METHODS, _dated)


def dating(moment: Callable[[datetime], datetime]) -> Change:
    """Decisions that differ from the last set `updated_at`, to what a clock makes of the time."""
    last: dict[tuple[str, str], tuple[str, str]] = {}

    def dated(request: Request, send: Send, people: People) -> Response:
        response, name = send(request), people.name(request)
        if decides(request) and response.status == 200:
            key = name, request.path.rpartition("/")[2].lower()
            if key not in last or last[key][0] != request.method:
                last[key] = request.method, moment(people.now).isoformat()

        def date(tree: Tree, _request: Request) -> None:
            for each in tree["data"]:
                _, each["updated_at"] = last.get((name, each["id"]), ("", each["updated_at"]))

        listed = request.path == PREFERENCES or decides(request)
        return changed(request, response, date) if listed else response

    return dated


@retargeted(lambda target: with_fields(target, now=None))
@stateful("PREF-11", needs="a clock that runs, and a run that may write")
def decisions_are_dated_by_a_clock_that_stands() -> Change:
    """`updated_at` of a preference is when the first decision was made, whichever is decided on."""
    began: list[datetime] = []

    def standing(now: datetime) -> datetime:
        began.append(now)
        return began[0].astimezone(UTC)

    return dating(standing)


@retargeted(lambda target: with_fields(target, now=None))
@stateful("PREF-11", needs="a clock that runs, and a run that may write")
def decisions_are_dated_by_the_one_before() -> Change:
    """`updated_at` of a preference is a millisecond after the decision before it."""
    dates: list[datetime] = []

    def creeping(now: datetime) -> datetime:
        dates.append(dates[-1] + timedelta(milliseconds=1) if dates else now)
        return dates[-1]

    return dating(creeping)


@stateful("OWN-03", needs="a second customer, and a run that may write")
def a_decision_dates_everybodys_preference() -> Change:
    """A decision moves `updated_at` of the preference for all others, and not for who decides."""
    when: dict[str, tuple[str, str]] = {}

    def dated(request: Request, send: Send, people: People) -> Response:
        response, name = send(request), people.name(request)
        if decides(request) and response.status == 200:
            when[request.path.rpartition("/")[2]] = name, people.now.isoformat()

        def date(tree: Tree, _request: Request) -> None:
            for each in tree["data"]:
                who, moment = when.get(each["id"], (name, ""))
                each["updated_at"] = each["updated_at"] if who == name else moment

        listed = request.path == PREFERENCES or decides(request)
        return changed(request, response, date) if listed else response

    return dated


@stateful("PREF-11", needs="a run that may write")
def decisions_are_dated_by_the_clock_on_the_wall() -> Change:
    """`updated_at` of a preference is the moment of the decision, an hour ahead of the time."""
    return dating(lambda now: now + timedelta(hours=1))


@stateful("TIME-02")
def reading_the_charges_dates_the_account() -> Change:
    """Each read of the charges moves the `updated_at` of the account."""
    reads = 0

    def change(request: Request, send: Send, people: People) -> Response:
        nonlocal reads
        response = send(request)
        reads += request.path == CHARGES and response.status == 200

        def date(tree: Tree, _request: Request) -> None:
            moved = datetime.fromisoformat(tree["data"]["updated_at"]) + timedelta(seconds=reads)
            tree["data"]["updated_at"] = moved.isoformat()

        shown = request.path == ACCOUNT and request.method == "GET" and reads
        return changed(request, response, date) if shown else response

    return change


@stateful(("TIME-01", "TIME-02"))
def the_first_look_dates_a_preference() -> Change:
    """The first read of preferences dates the last of them to now, as later ones show."""
    seen: set[str] = set()

    def dating(request: Request, send: Send, people: People) -> Response:
        response, name = send(request), people.name(request)
        if not at(request, PREFERENCES) or response.status != 200 or request.method != "GET":
            return response
        first = name not in seen
        seen.add(name)

        def date(tree: Tree, _request: Request) -> None:
            for each in tree["data"][-1:]:
                each["updated_at"] = people.now.isoformat()

        return response if first else changed(request, response, date)

    return dating


@stateful(
    ("PREF-06", "PREF-08"),
    needs="a fifth customer, a foreign_preference, and a run that may write",
)
def what_is_foreign_dates_the_first() -> Change:
    """A refused decision sets `updated_at` of the first own preference, to the second."""
    when: dict[str, str] = {}

    def dating(request: Request, send: Send, people: People) -> Response:
        response, name = send(request), people.name(request)
        if name and decides(request) and response.status == 403:
            when[name] = people.now.replace(microsecond=0).isoformat()

        def date(tree: Tree, _request: Request) -> None:
            tree["data"][0]["updated_at"] = when[name]

        listed = request.path == PREFERENCES or decides(request)
        return changed(request, response, date) if listed and name in when else response

    return dating

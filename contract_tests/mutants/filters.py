"""Mutants in which credits are listed."""

import re
from datetime import datetime, timedelta
from unicodedata import normalize
from urllib.parse import parse_qsl, urlencode

from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    CREDITS,
    Tree,
    answer,
    at,
    changed,
    edit,
    error,
    mutant,
    without_repeats,
)
from contract_tests.mutants.people import People

REVOKED = "the fact `revoked_credits` of a customer who has other credits"


def _with_query(request: Request, query: str) -> Request:
    return replace(request, query=query)


def _flags(request: Request) -> tuple[bool, bool]:
    query = request.query.lower()
    return "redeemed=true" in query, "expired=true" in query


@mutant("CREDITS-01")
def redeemed_ones_are_always_listed(request: Request, send: Send, _people: People) -> Response:
    """Without flags redeemed credits are listed too."""
    plain = at(request, CREDITS) and not request.query
    return send(_with_query(request, "redeemed=true") if plain else request)


@mutant("CREDITS-01")
def expired_ones_are_always_listed(request: Request, send: Send, _people: People) -> Response:
    """Without flags expired credits are listed too."""
    plain = at(request, CREDITS) and not request.query
    return send(_with_query(request, "expired=true") if plain else request)


@edit("CREDITS-02", CREDITS)
def redeemed_true_shows_only_those(tree: Tree, request: Request) -> None:
    """`redeemed=true` hides the credits that are not redeemed."""
    if _flags(request)[0]:
        tree["data"] = [each for each in tree["data"] if each["redeemed_at"]]


@mutant("CREDITS-02")
def redeemed_true_is_ignored(request: Request, send: Send, _people: People) -> Response:
    """`redeemed=true` alone adds nothing."""
    alone = at(request, CREDITS) and _flags(request) == (True, False)
    return send(_with_query(request, "") if alone else request)


@edit("CREDITS-02", CREDITS)
def redeemed_true_drops_the_endless(tree: Tree, request: Request) -> None:
    """`redeemed=true` alone hides one live credit, the last that never expires."""
    if _flags(request) == (True, False):
        tree["data"] = [each for each in tree["data"] if each["expires_at"]]


@edit("CREDITS-03", CREDITS)
def expired_true_drops_live_ones(tree: Tree, request: Request) -> None:
    """`expired=true` alone hides the first live credit."""
    live = [each for each in tree["data"] if not each["redeemed_at"]]
    if _flags(request) == (False, True) and live:
        tree["data"].remove(live[-1])


@mutant("CREDITS-03")
def the_flags_are_swapped(request: Request, send: Send, _people: People) -> Response:
    """`expired` is taken for `redeemed` and the other way round."""
    if not at(request, CREDITS):
        return send(request)
    query = request.query.replace("redeemed", "?").replace("expired", "redeemed")
    return send(_with_query(request, query.replace("?", "expired")))


@mutant("CREDITS-04")
def either_flag_shows_both_kinds(request: Request, send: Send, people: People) -> Response:
    """A credit both redeemed and expired is listed when `redeemed` is true."""
    if not at(request, CREDITS) or _flags(request) != (True, False):
        return send(request)
    plain = {each["id"] for each in _listed(send(_with_query(request, "")))}

    def keep(tree: Tree, _request: Request) -> None:
        tree["data"] = [each for each in tree["data"] if each["redeemed_at"] or each["id"] in plain]

    return changed(request, send(_with_query(request, "redeemed=true&expired=true")), keep)


def _listed(response: Response) -> list[Tree]:
    found: list[Tree] = response.json.get("data", [])
    return found


@edit("CREDITS-04", CREDITS)
def both_flags_drop_the_doubly_gone(tree: Tree, request: Request) -> None:
    """With both flags a credit that is both redeemed and expired is still hidden."""
    if _flags(request) == (True, True):
        gone = [each for each in tree["data"] if each["redeemed_at"]][:1]
        tree["data"] = [each for each in tree["data"] if each not in gone]


def _revoked(tree: Tree, request: Request, people: People) -> list[Tree]:
    """The caller's revoked credits, made up from their ids and a credit that is listed."""
    ids = people.facts(people.name(request)).get("revoked_credits", ())
    return [tree["data"][0] | {"id": id, "redeemed_at": None} for id in ids]


@mutant("CREDITS-05", needs=REVOKED)
def revoked_credits_are_listed(request: Request, send: Send, people: People) -> Response:
    """A revoked credit is listed as if it were live."""
    if not at(request, CREDITS):
        return send(request)

    def add(tree: Tree, request: Request) -> None:
        tree["data"].extend(_revoked(tree, request, people))

    return changed(request, send(request), add)


@mutant("CREDITS-05", needs=REVOKED)
def revoked_ones_pass_for_expired(request: Request, send: Send, people: People) -> Response:
    """With `expired=true` a revoked credit is listed, relabelled as expired."""
    if not at(request, CREDITS) or not _flags(request)[1]:
        return send(request)

    def add(tree: Tree, request: Request) -> None:
        for credit in _revoked(tree, request, people)[:1]:
            tree["data"].insert(0, credit | {"expires_at": credit["issued_at"]})

    return changed(request, send(request), add)


@mutant("CREDITS-06")
def false_is_taken_for_true(request: Request, send: Send, _people: People) -> Response:
    """`redeemed=false` includes redeemed credits."""
    query = request.query.replace("redeemed=false", "redeemed=true")
    return send(_with_query(request, query) if at(request, CREDITS) else request)


@mutant("CREDITS-06")
def expired_false_hides_redeemed(request: Request, send: Send, _people: People) -> Response:
    """`expired=false` switches `redeemed=true` off."""
    both = at(request, CREDITS) and "expired=false" in request.query and _flags(request)[0]
    return send(_with_query(request, "") if both else request)


@edit("CREDITS-07", CREDITS)
def endless_credits_come_first(tree: Tree, _request: Request) -> None:
    """Credits without expiry come first."""
    tree["data"].sort(key=lambda each: each["expires_at"] is not None)


@edit("CREDITS-07", CREDITS)
def two_credits_are_swapped(tree: Tree, request: Request) -> None:
    """With `expired=true` the first two credits are the wrong way round."""
    if _flags(request)[1] and len(tree["data"]) > 1:
        tree["data"][:2] = tree["data"][1::-1]


@mutant("CREDITS-08")
def credits_live_a_week_longer(request: Request, send: Send, people: People) -> Response:
    """What expired within the last ten days is listed as if it had not."""
    return _living_longer(request, send, people, timedelta(days=11))


@mutant("CREDITS-08")
def credits_live_an_hour_longer(request: Request, send: Send, people: People) -> Response:
    """What expired within the last hour is listed as if it had not."""
    return _living_longer(request, send, people, timedelta(hours=1))


_NOT_EXPIRED = r"(redeemed=(true|false))?&?(expired=false)?"
"""A query that is understood, and asks for nothing that has expired."""


def _living_longer(request: Request, send: Send, people: People, longer: timedelta) -> Response:
    if not at(request, CREDITS) or not re.fullmatch(_NOT_EXPIRED, request.query):
        return send(request)
    parts = [part for part in request.query.split("&") if part.startswith("redeemed")]
    since = people.now - longer
    late = send(_with_query(request, "&".join([*parts, "expired=true"])))

    def keep(tree: Tree, _request: Request) -> None:
        tree["data"] = [
            each
            for each in tree["data"]
            if each["expires_at"] is None or datetime.fromisoformat(each["expires_at"]) > since
        ]

    plain, longer_kept = send(request), changed(request, late, keep)
    # Written anew the same list may look another: a mutant that changes nothing sleeps.
    return plain if longer_kept.json == plain.json else longer_kept


@mutant("CREDITS-09")
def upper_case_is_refused(request: Request, send: Send, _people: People) -> Response:
    """`TRUE` is answered 400."""
    return _refused_word(request, send, "TRUE")


@mutant("CREDITS-09")
def one_is_taken_for_true(request: Request, send: Send, _people: People) -> Response:
    """`expired=1` is accepted."""
    return _taken_for_true(request, send, "1")


@mutant("CREDITS-09")
def an_empty_flag_is_accepted(request: Request, send: Send, _people: People) -> Response:
    """`redeemed=` is accepted."""
    empty = at(request, CREDITS) and request.query == "redeemed="
    return send(_with_query(request, "") if empty else request)


@mutant("CREDITS-09")
def a_repeated_flag_is_accepted(request: Request, send: Send, _people: People) -> Response:
    """Of a repeated flag the first counts."""
    twice = at(request, CREDITS) and request.query.count("redeemed=") > 1
    return send(_with_query(request, request.query.partition("&")[0]) if twice else request)


@answer("CREDITS-09", CREDITS, status=400)
def a_refused_flag_is_not_named(_response: Response, _request: Request) -> Response:
    """The refusal of a flag does not say which."""
    return error(400, "The request is not valid.")


@mutant("CREDITS-09")
def only_some_cases_will_do(request: Request, send: Send, _people: People) -> Response:
    """`True` is answered 400, `true` and `TRUE` are fine."""
    return _refused_word(request, send, "True")


def _refused_word(request: Request, send: Send, word: str) -> Response:
    refused = at(request, CREDITS) and f"={word}" in request.query
    return error(400, "redeemed and expired are true or false") if refused else send(request)


@mutant("CREDITS-09")
def on_is_taken_for_true(request: Request, send: Send, _people: People) -> Response:
    """`expired=on` is accepted."""
    return _taken_for_true(request, send, "on")


def _taken_for_true(request: Request, send: Send, word: str) -> Response:
    return send(_with_query(request, request.query.replace(f"expired={word}", "expired=true")))


@mutant("CREDITS-09")
def the_same_flag_twice_will_do(request: Request, send: Send, _people: People) -> Response:
    """A flag may be repeated as long as it says the same."""
    return send(without_repeats(request) if at(request, CREDITS) else request)


@mutant("CREDITS-09")
def a_flag_may_be_in_bold(request: Request, send: Send, _people: People) -> Response:
    """A flag is normalised as Unicode before it is read: letters of other forms are the same."""
    query = urlencode([(name, normalize("NFKC", value)) for name, value in _pairs(request)])
    return send(_with_query(request, query) if at(request, CREDITS) else request)


@mutant("CREDITS-09")
def a_flag_may_end_in_a_line_feed(request: Request, send: Send, _people: People) -> Response:
    """`expired` may be followed by a line feed."""
    query = urlencode([(name, value.removesuffix("\n")) for name, value in _pairs(request)])
    ends = at(request, CREDITS) and "%0A" in request.query and "expired" in request.query
    return send(_with_query(request, query) if ends else request)


@mutant(("CREDITS-09", "CREDITS-02"), needs="a customer with redeemed credits")
def a_flag_in_code_is_refused(request: Request, send: Send, _people: People) -> Response:
    """`redeemed` is answered 400 where a letter of its value is percent-encoded."""
    coded = at(request, CREDITS) and re.search(r"redeemed=\w*%[67]", request.query)
    response = send(request)
    return error(400, "redeemed is odd") if coded and response.status == 200 else response


@mutant("CREDITS-09")
def a_flag_may_come_thrice(request: Request, send: Send, _people: People) -> Response:
    """`expired` may be given three times."""
    thrice = at(request, CREDITS) and len(re.findall("expired=", request.query)) == 3
    return send(_with_query(request, "expired=true") if thrice else request)


def _pairs(request: Request) -> list[tuple[str, str]]:
    return parse_qsl(request.query, keep_blank_values=True)

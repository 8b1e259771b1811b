"""Mutants in marketing preferences."""

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    MEMBERSHIPS,
    PREFERENCES,
    Change,
    Tree,
    answer,
    at,
    changed,
    decides,
    edit,
    error,
    mutant,
    stateful,
)
from contract_tests.mutants.people import People


def _named(request: Request) -> str:
    return request.path.rpartition("/")[2]


def _listed(request: Request, send: Send) -> Response:
    """The caller's preferences as they are."""
    return send(replace(request, method="GET", path=PREFERENCES, query=""))


def _consents(request: Request, send: Send) -> dict[str, bool]:
    """Every preference of the caller: id → opted in; empty for those who have no account."""
    listed = _listed(request, send)
    records = listed.json["data"] if listed.status == 200 else ()
    return {record["id"]: record["opted_in"] for record in records}


@edit("PREF-01", PREFERENCES)
def only_presented_ones_are_listed(tree: Tree, _request: Request) -> None:
    """Preferences that were never presented are left out."""
    tree["data"] = tree["data"][:-1]


@edit("PREF-02", PREFERENCES)
def opted_in_ones_come_first(tree: Tree, _request: Request) -> None:
    """Those opted in to come first."""
    tree["data"].sort(key=lambda each: not each["opted_in"])


@edit("PREF-02", PREFERENCES)
def newest_preference_first(tree: Tree, _request: Request) -> None:
    """The list is the wrong way round."""
    tree["data"].reverse()


@mutant("PREF-03")
def only_the_changed_one_is_answered(request: Request, send: Send, _people: People) -> Response:
    """Opting in or out answers the changed preference alone, in a list."""
    if not decides(request):
        return send(request)
    named = _named(request)

    def cut(tree: Tree, _request: Request) -> None:
        tree["data"] = [each for each in tree["data"] if each["id"] == named]

    return changed(request, send(request), cut)


@answer("PREF-03", status=200)
def opt_out_answers_nothing(response: Response, request: Request) -> Response:
    """Opting out answers 204."""
    return Response(204) if request.method == "DELETE" else response


@stateful("PREF-03", needs="a fifth customer, who never opted in to a preference")
def opting_out_of_what_the_fifth_never_decided_is_not_found() -> Change:
    """Opting out is answered 404 where the fifth customer never opted in: there is nothing."""
    opted_in: set[str] = set()

    def nothing_there(request: Request, send: Send, people: People) -> Response:
        if not decides(request) or people.name(request) not in people.names[4:5]:
            return send(request)
        named = _named(request).lower()
        if request.method == "POST" or _consents(request, send).get(named):
            opted_in.add(named)
        return send(request) if named in opted_in else error(404)

    return nothing_there


@stateful("PREF-03", needs="a customer with two preferences that nobody opted in to")
def opting_out_of_what_was_never_decided_answers_nothing() -> Change:
    """Opting out answers 204 where the customer never decided: there was nothing to do."""
    decided: set[tuple[str, str]] = set()

    def nothing_to_do(request: Request, send: Send, people: People) -> Response:
        opted_in = decides(request) and _consents(request, send).get(_named(request))
        response, key = send(request), (people.name(request), _named(request).lower())
        if not decides(request) or response.status != 200:
            return response
        fresh = key not in decided and opted_in is False
        decided.add(key)
        return Response(204) if fresh and request.method == "DELETE" else response

    return nothing_to_do


@mutant(("PREF-04", "PREF-03"))
def the_answer_is_the_list_before(request: Request, send: Send, _people: People) -> Response:
    """Opting in or out answers the list as it was before."""
    if not decides(request):
        return send(request)
    before, response = _listed(request, send), send(request)
    return before if response.status == 200 else response


@mutant("PREF-04")
def nothing_is_kept(request: Request, send: Send, _people: People) -> Response:
    """Opting in is answered well and forgotten."""
    if not decides(request):
        return send(request)
    before, response = _consents(request, send), send(request)
    if response.status == 200:
        undo = "POST" if before[_named(request)] else "DELETE"
        send(replace(request, method=undo))
    return response


@mutant("PREF-04")
def the_last_one_cannot_be_left(request: Request, send: Send, _people: People) -> Response:
    """The last preference of the list cannot be opted out of."""
    if request.method == "DELETE" and [*_consents(request, send)][-1:] == [_named(request)]:
        return _listed(request, send)
    return send(request)


@stateful("PREF-04")
def the_first_read_after_a_change_is_old() -> Change:
    """The first read after a change shows the list as it was before."""
    kept: dict[str, Response] = {}

    def stale(request: Request, send: Send, people: People) -> Response:
        who = people.name(request)
        if decides(request):
            before, response = _listed(request, send), send(request)
            if response.body != before.body:
                kept[who] = before
            return response
        reads = request.method == "GET" and request.path == PREFERENCES
        old = kept.pop(who, None) if reads else None
        return old or send(request)

    return stale


@mutant("PREF-05")
def a_second_opt_out_is_404(request: Request, send: Send, _people: People) -> Response:
    """Opting out of what one is out of is answered 404."""
    if request.method == "DELETE" and _consents(request, send).get(_named(request)) is False:
        return error(404)
    return send(request)


@mutant("PREF-05")
def a_second_opt_in_toggles(request: Request, send: Send, _people: People) -> Response:
    """Opting in twice opts out."""
    opts_in = request.method == "POST" and decides(request)
    if opts_in and _consents(request, send).get(_named(request)):
        return send(replace(request, method="DELETE"))
    return send(request)


@mutant("PREF-06")
def a_foreign_preference_is_404(request: Request, send: Send, people: People) -> Response:
    """Another organisation's preference is answered 404."""
    response = send(request)
    foreign = decides(request) and people.role(request) == "customer"
    return error(404) if foreign and response.status == 403 else response


@mutant("PREF-06")
def a_foreign_opt_out_is_fine(request: Request, send: Send, people: People) -> Response:
    """Opting out of another organisation's preference is answered 200."""
    response = send(request)
    foreign = request.method == "DELETE" and people.role(request) == "customer"
    if foreign and response.status == 403:
        return send(replace(request, method="GET", path=PREFERENCES))
    return response


@mutant("PREF-07")
def an_unknown_preference_is_fine(request: Request, send: Send, _people: People) -> Response:
    """Opting out of a preference that does not exist is answered 200."""
    response = send(request)
    if request.method == "DELETE" and response.status == 404:
        return send(replace(request, method="GET", path=PREFERENCES))
    return response


@answer("PREF-07", status=404)
def what_is_no_uuid_is_400(response: Response, request: Request) -> Response:
    """An id that is not a UUID is answered 400."""
    return error(400) if decides(request) and len(_named(request)) != 36 else response


@mutant("PREF-08")
def a_neighbour_changes_too(request: Request, send: Send, _people: People) -> Response:
    """Opting in or out does the same to the first preference of the list."""
    response = send(request)
    if not decides(request) or response.status != 200:
        return response
    return send(replace(request, path=f"{PREFERENCES}/{response.json['data'][0]['id']}"))


@mutant("PREF-08")
def opting_in_is_exclusive(request: Request, send: Send, _people: People) -> Response:
    """Opting out of one opts out of the one after it."""
    response = send(request)
    if request.method == "DELETE" and response.status == 200:
        ids = [each["id"] for each in response.json["data"]]
        after = ids[(ids.index(_named(request)) + 1) % len(ids)]
        return send(replace(request, path=f"{PREFERENCES}/{after}"))
    return response


@answer("PREF-09", status=200)
def a_body_is_demanded(response: Response, request: Request) -> Response:
    """Opting in without a body is answered 400."""
    return (
        error(400, "A body is missing.")
        if request.method == "POST" and decides(request) and not request.body
        else response
    )


@edit("PREF-10", PREFERENCES)
def a_preference_of_another_organisation(tree: Tree, _request: Request) -> None:
    """The last preference is another organisation's."""
    for each in tree["data"][-1:]:
        each["organisation_id"] = "00000000-0000-4000-8000-000000000002"


@mutant("PREF-07")
def what_is_unknown_opts_out_of_the_first(
    request: Request, send: Send, _people: People
) -> Response:
    """Opting out of an unknown preference is answered 404, and opts out of the first."""
    return _also_the_first(request, send, "DELETE", 404)


@mutant("PREF-06")
def what_is_foreign_opts_in_to_the_first(request: Request, send: Send, _people: People) -> Response:
    """Opting in to another organisation's preference is answered 403, and opts in to the first."""
    return _also_the_first(request, send, "POST", 403)


def _also_the_first(request: Request, send: Send, method: str, status: int) -> Response:
    response = send(request)
    if request.method == method and response.status == status:
        first = next(iter(_consents(request, send)))
        send(replace(request, path=f"{PREFERENCES}/{first}"))
    return response


@mutant("PREF-07")
def a_preference_may_be_named_by_its_place(
    request: Request, send: Send, _people: People
) -> Response:
    """Opting in to `1` opts in to what stands first in the list."""
    if not (request.method == "POST" and decides(request) and _named(request) == "1"):
        return send(request)
    first = next(iter(_consents(request, send)), "1")
    return send(replace(request, path=f"{PREFERENCES}/{first}"))


@mutant("PREF-07")
def an_id_too_long_for_its_column_breaks_opt_in(
    request: Request, send: Send, _people: People
) -> Response:
    """An id of more than 255 characters is answered 500."""
    too_long = request.method == "POST" and decides(request) and len(_named(request)) > 255
    return error(500) if too_long else send(request)


@mutant("PREF-09")
def json_without_a_body_is_malformed(request: Request, send: Send, _people: People) -> Response:
    """Opting out is answered 400 where the type of a body is named and none is sent."""
    named = request.method == "DELETE" and "content-type" in request.headers
    return error(400) if named and decides(request) and not request.body else send(request)


@mutant("PREF-06")
def what_is_forbidden_takes_back_the_second(
    request: Request, send: Send, _people: People
) -> Response:
    """Opting in to another organisation's preference opts out of the second of one's own."""
    response = send(request)
    if request.method == "POST" and decides(request) and response.status == 403:
        for second in list(_consents(request, send))[1:2]:
            send(replace(request, method="DELETE", path=f"{PREFERENCES}/{second}"))
    return response


@mutant("TIME-02")
def head_opts_in_to_the_first(request: Request, send: Send, _people: People) -> Response:
    """HEAD of the list opts in to the first preference."""
    response = send(request)
    if request.method == "HEAD" and request.path == PREFERENCES and response.status == 200:
        for first in list(_consents(request, send))[:1]:
            send(replace(request, method="POST", path=f"{PREFERENCES}/{first}"))
    return response


@mutant("PREF-07")
def an_id_is_known_by_its_beginning(request: Request, send: Send, _people: People) -> Response:
    """Opting in takes the first eight letters of an id for the id."""
    return _known_as(request, send, "POST", lambda id: id[:8])


@mutant("PREF-07")
def an_id_may_be_the_name_of_a_file(request: Request, send: Send, _people: People) -> Response:
    """Opting out takes an id with `.json` behind it for the id."""
    return _known_as(request, send, "DELETE", lambda id: f"{id}.json")


@mutant("PREF-07")
def an_id_may_end_in_a_line_feed(request: Request, send: Send, _people: People) -> Response:
    """Opting out takes an id with a line feed behind it for the id."""
    return _known_as(request, send, "DELETE", lambda id: f"{id}%0A")


def _known_as(request: Request, send: Send, method: str, name: Callable[[str], str]) -> Response:
    if request.method != method or not decides(request):
        return send(request)
    ids = [id for id in _consents(request, send) if name(id) == _named(request)]
    return send(replace(request, path=f"{PREFERENCES}/{ids[0]}") if ids else request)


@answer("PREF-07", status=404)
def an_id_of_a_day_is_malformed(response: Response, request: Request) -> Response:
    """An unknown UUID of version 7 is answered 400."""
    return error(400) if decides(request) and _named(request)[14:15] == "7" else response


@stateful("PREF-08", needs="three marketing preferences, and a run that may write")
def two_opt_ins_imply_a_third() -> Change:
    """Opting in to the third right after the first opts in to the second, too."""
    return _implied("POST", (0, 2), 1)


@stateful("PREF-08", needs="three marketing preferences, and a run that may write")
def two_opt_outs_imply_a_third() -> Change:
    """Opting out of the last right after the one before it opts out of the first, too."""
    return _implied("DELETE", (-2, -1), 0)


def _implied(method: str, pair: tuple[int, int], third: int) -> Change:
    """Two decisions, one right after the other, decide on a third preference before they answer."""
    last: dict[str, str] = {}

    def implying(request: Request, send: Send, people: People) -> Response:
        ids, name = [*_consents(request, send)] if decides(request) else [], people.name(request)
        if request.method == method and len(ids) > 2:
            earlier, last[name] = last.get(name), _named(request)
            if (earlier, last[name]) == tuple(ids[place] for place in pair):
                send(replace(request, path=f"{PREFERENCES}/{ids[third]}"))
        return send(request)

    return implying


@stateful(("PREF-03", "PREF-04"))
def the_first_opt_in_creates() -> Change:
    """The first opt-in of all is answered 201."""
    return _first_answered("POST", 201)


@stateful(("PREF-03", "PREF-04"))
def the_first_opt_out_answers_nothing() -> Change:
    """The first opt-out of all is answered 204."""
    return _first_answered("DELETE", 204)


def _first_answered(method: str, status: int) -> Change:
    count = 0

    def answered(request: Request, send: Send, _people: People) -> Response:
        nonlocal count
        response = send(request)
        first = request.method == method and decides(request) and response.status == 200
        count += first
        body = response.body if status == 201 else b""
        return replace(response, status=status, body=body) if first and count == 1 else response

    return answered


@mutant("PREF-09")
def what_is_no_json_cannot_be_opted_in_with(
    request: Request, send: Send, _people: People
) -> Response:
    """Opting in is answered 415 where another type than JSON is named, and no body is sent."""
    return _of_json_alone(request, send, "POST")


@mutant("PREF-09")
def what_is_no_json_cannot_be_opted_out_with(
    request: Request, send: Send, _people: People
) -> Response:
    """Opting out is answered 415 where another type than JSON is named, and no body is sent."""
    return _of_json_alone(request, send, "DELETE")


def _of_json_alone(request: Request, send: Send, method: str) -> Response:
    named = request.headers.get("content-type", "application/json")
    refused = request.method == method and decides(request) and not request.body
    return error(415) if refused and not named.startswith("application/json") else send(request)


@mutant("PREF-06")
def a_foreign_opt_out_is_fine_without_consents(
    request: Request, send: Send, _people: People
) -> Response:
    """Opting out of a foreign preference is answered 200 to who is opted in to nothing."""
    return _fine_where(request, send, "DELETE", opted_in=False)


@mutant("PREF-06")
def a_foreign_opt_in_is_fine_with_all_consents(
    request: Request, send: Send, _people: People
) -> Response:
    """Opting in to a foreign preference is answered 200 to who is opted in to everything."""
    return _fine_where(request, send, "POST", opted_in=True)


def _fine_where(request: Request, send: Send, method: str, *, opted_in: bool) -> Response:
    response = send(request)
    if request.method == method and decides(request) and response.status == 403:
        alike = set(_consents(request, send).values()) == {opted_in}
        return _listed(request, send) if alike else response
    return response


@mutant(("HTTP-01", "TIME-02"))
def a_preflight_opts_out(request: Request, send: Send, _people: People) -> Response:
    """A preflight that asks for an opt-out, and carries a token, opts out."""
    preflight = request.method == "OPTIONS"
    asked = request.headers.get("access-control-request-method") if preflight else ""
    if asked == "DELETE" and request.path.startswith(f"{PREFERENCES}/"):
        send(replace(request, method="DELETE"))
    return send(request)


@mutant("HTTP-01")
def the_first_customer_reads_one_preference(
    request: Request, send: Send, people: People
) -> Response:
    """GET of one preference answers it to the first customer."""
    first = people.name(request) == people.names[0]
    if first and request.method == "GET" and request.path.startswith(f"{PREFERENCES}/"):
        listed = _listed(request, send)
        named = [each for each in listed.json["data"] if each["id"] == _named(request)]
        return replace(listed, body=msgspec.json.encode({"data": named[0]})) if named else listed
    return send(request)


@stateful("PREF-07")
def what_is_of_another_kind_is_forbidden() -> Change:
    """Opting in to the id of a membership is answered 403."""
    seen: set[str] = set()

    def forbidden(request: Request, send: Send, _people: People) -> Response:
        response = send(request)
        if at(request, MEMBERSHIPS) and response.status == 200 and request.method == "GET":
            seen.update(each["id"] for each in response.json["data"])
        return error(403) if decides(request) and _named(request) in seen else response

    return forbidden


@answer("PREF-07", status=404)
def what_has_the_form_of_a_uuid_and_is_none_is_400(
    response: Response, request: Request
) -> Response:
    """Opting out of an id with letters beyond f, as long as a UUID, is answered 400."""
    named = _named(request)
    shaped = len(named) == 36 and named.count("-") == 4 and set(named) - set("0123456789abcdef-")
    return error(400) if shaped and request.method == "DELETE" else response

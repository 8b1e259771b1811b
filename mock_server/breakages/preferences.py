"""Faults in marketing preferences."""

import time

import msgspec
from msgspec.structs import replace

from mock_server.breakages.breakage import (
    PREFERENCES,
    Tree,
    changed,
    decides,
    edit,
    error,
    fault,
    remembering,
)
from mock_server.http.exchange import Answer, Request, Response
from mock_server.worlds.sandbox import PlantedFault, Sandbox

STALE_S = 1.0


def _named(request: Request) -> str:
    return request.path.rpartition("/")[2]


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


@fault("PREF-03")
def only_the_changed_one_is_answered(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Opting in or out answers the changed preference alone, in a list."""
    if not decides(request):
        return answer(request)
    named = _named(request)

    def cut(tree: Tree, _request: Request) -> None:
        tree["data"] = [each for each in tree["data"] if each["id"] == named]

    return changed(request, answer(request), cut)


@fault("PREF-03")
def opt_out_answers_nothing(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Opting out answers 204."""
    response = answer(request)
    gone = request.method == "DELETE" and response.status == 200
    return Response(204) if gone else response


@fault("PREF-03")
def the_answer_is_the_list_before(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Opting in or out answers the list as it was before."""
    before = answer(replace(request, method="GET", path=PREFERENCES))
    response = answer(request)
    return before if decides(request) and response.status == 200 else response


@fault("PREF-04")
def nothing_is_kept(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Opting in is answered well and forgotten."""
    before = answer(replace(request, method="GET", path=PREFERENCES))
    response = answer(request)
    if not decides(request) or response.status != 200:
        return response
    was = {each["id"]: each["opted_in"] for each in msgspec.json.decode(before.body)["data"]}
    undo = "POST" if was[_named(request)] else "DELETE"
    answer(replace(request, method=undo))
    return response


@fault("PREF-04")
def the_last_one_cannot_be_left(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """The last preference of the list cannot be opted out of."""
    listed = answer(replace(request, method="GET", path=PREFERENCES))
    if request.method == "DELETE" and listed.status == 200:
        last = msgspec.json.decode(listed.body)["data"][-1]
        return listed if last["id"] == _named(request) else answer(request)
    return answer(request)


@remembering("PREF-04")
def reads_are_a_second_old() -> PlantedFault:
    """After a change the list is read from a cache for a second."""
    cached: dict[str, tuple[float, Response]] = {}

    def stale(request: Request, answer: Answer, _sandbox: Sandbox) -> Response:
        who = request.headers.get("authorization", "")
        if decides(request):
            before = answer(replace(request, method="GET", path=PREFERENCES))
            cached[who] = (time.monotonic() + STALE_S, before)
        until, old = cached.get(who, (0.0, None))
        reads = request.method == "GET" and request.path == PREFERENCES
        return old if reads and old and time.monotonic() < until else answer(request)

    return stale


@remembering("PREF-05")
def a_second_opt_out_is_404() -> PlantedFault:
    """Opting out of what one is out of is answered 404."""

    def twice(request: Request, answer: Answer, _sandbox: Sandbox) -> Response:
        listed = answer(replace(request, method="GET", path=PREFERENCES))
        if request.method == "DELETE" and listed.status == 200:
            now = {
                each["id"]: each["opted_in"] for each in msgspec.json.decode(listed.body)["data"]
            }
            if now.get(_named(request)) is False:
                return error(404)
        return answer(request)

    return twice


@fault("PREF-05")
def a_second_opt_in_toggles(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Opting in twice opts out."""
    listed = answer(replace(request, method="GET", path=PREFERENCES))
    if request.method == "POST" and decides(request) and listed.status == 200:
        now = {each["id"]: each["opted_in"] for each in msgspec.json.decode(listed.body)["data"]}
        if now.get(_named(request)):
            return answer(replace(request, method="DELETE"))
    return answer(request)


@fault("PREF-06")
def a_foreign_preference_is_404(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Another organisation's preference is answered 404."""
    response = answer(request)
    foreign = decides(request) and b"organisation" in response.body
    return error(404) if foreign and response.status == 403 else response


@fault("PREF-06")
def a_foreign_opt_out_is_fine(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Opting out of another organisation's preference is answered 200."""
    response = answer(request)
    if request.method == "DELETE" and response.status == 403 and b"organisation" in response.body:
        return answer(replace(request, method="GET", path=PREFERENCES))
    return response


@fault("PREF-07")
def an_unknown_preference_is_fine(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Opting out of a preference that does not exist is answered 200."""
    response = answer(request)
    if request.method == "DELETE" and response.status == 404:
        return answer(replace(request, method="GET", path=PREFERENCES))
    return response


@fault("PREF-07")
def what_is_no_uuid_is_400(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """An id that is not a UUID is answered 400."""
    response = answer(request)
    odd = decides(request) and len(_named(request)) != 36
    return error(400) if odd and response.status == 404 else response


@fault("PREF-08")
def a_neighbour_changes_too(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Opting in or out does the same to the first preference of the list."""
    listed = answer(replace(request, method="GET", path=PREFERENCES))
    if decides(request) and listed.status == 200:
        first = msgspec.json.decode(listed.body)["data"][:1]
        if first and answer(request).status == 200:
            answer(replace(request, path=f"{PREFERENCES}/{first[0]['id']}"))
    return answer(request)


@fault("PREF-08")
def opting_in_is_exclusive(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Opting out of one opts out of the one after it."""
    response = answer(request)
    if request.method == "DELETE" and response.status == 200:
        ids = [each["id"] for each in msgspec.json.decode(response.body)["data"]]
        after = ids[(ids.index(_named(request)) + 1) % len(ids)]
        return answer(replace(request, path=f"{PREFERENCES}/{after}"))
    return response


@fault("PREF-09")
def a_body_is_demanded(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Opting in without a body is answered 400."""
    response = answer(request)
    bare = request.method == "POST" and decides(request) and not request.body
    return error(400, "A body is missing.") if bare and response.status == 200 else response


@edit("PREF-10", PREFERENCES)
def a_preference_of_another_organisation(tree: Tree, _request: Request) -> None:
    """The last preference is another organisation's."""
    for each in tree["data"][-1:]:
        each["organisation_id"] = "00000000-0000-4000-8000-000000000002"


@fault("PREF-07")
def what_is_unknown_opts_out_of_the_first(
    request: Request, answer: Answer, _s: Sandbox
) -> Response:
    """Opting out of an unknown preference is answered 404, and opts out of the first."""
    return _also_the_first(request, answer, "DELETE", 404)


@fault("PREF-06")
def what_is_foreign_opts_in_to_the_first(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Opting in to another organisation's preference is answered 403, and opts in to the first."""
    return _also_the_first(request, answer, "POST", 403)


def _also_the_first(request: Request, answer: Answer, method: str, status: int) -> Response:
    response = answer(request)
    if request.method == method and response.status == status:
        listed = answer(replace(request, method="GET", path=PREFERENCES)).body
        first = msgspec.json.decode(listed)["data"][0]["id"]
        answer(replace(request, path=f"{PREFERENCES}/{first}"))
    return response

"""Faults on demand, and what a single request may prefer."""

import json
import math
import socket
import sys
from typing import Any

import httpx
import pytest

from mock_server.app import Settings
from mock_server.http.document import Document
from mock_server.middleware.prefer import examples_of, preferences
from mock_server.worlds.faults import Delay, LogNormal
from tests.conftest import Caller
from tests.mock_server.test_time import ACCOUNT, World

METHODS = f"{ACCOUNT}/payment-methods"
WIRE = [
    "EMPTY_RESPONSE",
    "MALFORMED_RESPONSE_CHUNK",
    "RANDOM_DATA_THEN_CLOSE",
    "CONNECTION_RESET_BY_PEER",
    "truncated",
]


@pytest.fixture
def world(client: httpx.Client) -> World:
    return World(client)


def ask(world: World, path: str = ACCOUNT, **headers: str) -> httpx.Response:
    token = {"Authorization": f"Bearer {world.token('ada')}"}
    return world.client.get(path, headers=token | headers)


def fault(world: World, **rule: Any) -> httpx.Response:
    return world.client.post(f"{world.path}/faults", json=rule)


def test_the_next_two_calls_fail_and_then_all_is_well(world: World) -> None:
    fault(world, kind="status", status=404, operation="listMyAccountPaymentMethods", count=2)
    answers = [ask(world, METHODS) for _ in range(3)]

    assert [each.status_code for each in answers] == [404, 404, 200]
    assert [each.headers.get("X-Mock-Fault") for each in answers] == ["1", "1", None]
    assert set(answers[0].json()) == {"message"}
    assert ask(world).status_code == 200


def test_a_request_that_comes_again_counts_once_where_requests_are_counted(world: World) -> None:
    fault(world, kind="rate_limit", count=2, count_by="request")
    ids = ["one", "one", "two", "one", "two", "three", "one"]
    answers = [ask(world, **{"X-Request-Id": id}).status_code for id in ids]
    [shown] = world.client.get(f"{world.path}/faults").json()

    assert answers == [429, 429, 429, 429, 429, 200, 429]
    assert (shown["seen"], shown["hits"]) == (3, 2)


def test_attempts_are_counted_where_nobody_asks_for_more(world: World) -> None:
    fault(world, kind="rate_limit", count=1)
    answers = [ask(world, **{"X-Request-Id": "one"}).status_code for _ in range(2)]
    fault(world, kind="rate_limit", count=1, count_by="request")
    nameless = [ask(world).status_code for _ in range(2)]

    assert answers == nameless == [429, 200]


def test_skipped_calls_pass_before_a_fault_begins(world: World) -> None:
    fault(world, kind="rate_limit", skip=1, count=1, retry_after_s=7)
    answers = [ask(world) for _ in range(3)]

    assert [each.status_code for each in answers] == [200, 429, 200]
    assert answers[1].headers["Retry-After"] == "7"
    assert answers[1].headers["X-Mock-Off-Contract"] == "rate_limit"


def test_a_limit_may_ask_for_no_pause(world: World) -> None:
    fault(world, kind="rate_limit", retry_after_s=0)

    assert ask(world).headers["Retry-After"] == "0"


def test_a_status_that_is_not_documented_must_be_asked_for_as_such(world: World) -> None:
    refused = fault(world, kind="status", status=503)
    allowed = fault(world, kind="status", status=503, off_contract=True, message="Back soon.")

    assert refused.status_code == 409
    assert "off_contract" in refused.json()["message"]
    assert allowed.json()["documented"] is False
    assert ask(world).json() == {"message": "Back soon."}


def test_a_message_is_no_success(world: World) -> None:
    refused = fault(world, kind="status", status=200)
    allowed = fault(world, kind="status", status=200, off_contract=True)
    answer = ask(world)

    assert (refused.status_code, allowed.json()["documented"]) == (409, False)
    assert "no error 200" in refused.json()["message"]
    assert "X-Mock-Off-Contract" in answer.headers


def test_an_unknown_operation_is_refused_with_those_there_are(world: World) -> None:
    answer = fault(world, kind="latency", delay_ms=1, operation="getEverything")

    assert answer.status_code == 409
    assert "listMyAccountOrders" in answer.json()["message"]


def test_chance_strikes_the_same_calls_in_every_sandbox_of_a_seed(client: httpx.Client) -> None:
    seen = []
    for world in (World(client), World(client)):
        fault(world, kind="status", status=401, probability=0.5)
        seen.append([ask(world).status_code for _ in range(20)])

    assert seen[0] == seen[1]
    assert set(seen[0]) == {200, 401}


@pytest.mark.parametrize("kind", WIRE)
def test_a_connection_breaks_as_wiremock_breaks_it(world: World, kind: str) -> None:
    fault(world, kind=kind, count=1)

    with pytest.raises(httpx.TransportError):
        ask(world)
    assert ask(world).status_code == 200


@pytest.mark.parametrize("kind", ["malformed_json", "wrong_type"])
def test_a_body_is_not_what_was_promised(world: World, kind: str) -> None:
    fault(world, kind=kind)
    answer = ask(world)

    assert answer.status_code == 200
    assert answer.headers["X-Mock-Off-Contract"] == kind
    assert "data" in answer.text
    assert not answer.text.endswith("}}")


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "latency", "delay_ms": 120},
        {"kind": "latency", "delay_ms": {"uniform": [100, 140]}},
        {"kind": "latency", "delay_ms": {"lognormal": {"median_ms": 400, "sigma": 0.1}}},
        {"kind": "drip", "duration_ms": 120},
    ],
)
def test_a_late_answer_is_late_and_right(world: World, rule: dict[str, Any]) -> None:
    right = ask(world)
    assert fault(world, **rule).json()["documented"] is True
    late = ask(world)

    assert late.json() == right.json()
    assert late.elapsed.total_seconds() >= 0.1


def test_a_fault_in_one_sandbox_is_none_in_another(client: httpx.Client) -> None:
    broken, whole = World(client), World(client)
    fault(broken, kind="status", status=401)

    assert ask(broken).status_code == 401
    assert ask(whole).status_code == 200


def test_faults_are_listed_with_what_they_struck_and_taken_back(world: World) -> None:
    fault(world, kind="status", status=401, count=1)
    for _ in range(3):
        ask(world)
    listed = world.client.get(f"{world.path}/faults").json()
    world.client.post(f"{world.path}/faults/clear")

    assert [(each["id"], each["seen"], each["hits"]) for each in listed] == [("1", 3, 1)]
    assert world.client.get(f"{world.path}/faults").json() == []


def test_a_refused_opt_in_changes_nothing_and_a_lost_one_does(world: World) -> None:
    mine = world.get(f"{ACCOUNT}/marketing-preferences")
    id = next(each["id"] for each in mine if not each["opted_in"])
    path, token = f"{ACCOUNT}/marketing-preferences/{id}", world.token("ada")
    fault(
        world,
        kind="status",
        status=403,
        count=1,
        operation="actionMyAccountMarketingPreferenceOptIn",
    )

    world.client.post(path, headers={"Authorization": f"Bearer {token}"})
    assert world.get(f"{ACCOUNT}/marketing-preferences") == mine
    fault(world, kind="EMPTY_RESPONSE", count=1)
    with pytest.raises(httpx.TransportError):
        world.client.post(path, headers={"Authorization": f"Bearer {token}"})
    assert world.get(f"{ACCOUNT}/marketing-preferences") != mine


def test_a_mistake_in_a_secret_does_not_quote_it(world: World) -> None:
    answer = fault(world, kind="answer", headers={"Authorization": ["hush-hush"]})

    assert answer.status_code == 400
    assert "what stands here is not what the schema allows" in answer.json()["message"]
    assert "hush" not in answer.text


@pytest.mark.parametrize(
    ("kind", "is_reset"), [("CONNECTION_RESET_BY_PEER", True), ("EMPTY_RESPONSE", False)]
)
def test_only_a_connection_that_is_to_be_reset_is(world: World, kind: str, is_reset: bool) -> None:
    fault(world, kind=kind, count=1)
    url = world.client.base_url
    head = f"GET {ACCOUNT} HTTP/1.1\r\nHost: {url.host}\r\n"
    token = f"Authorization: Bearer {world.token('ada')}\r\n\r\n"
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        connection.sendall((head + token).encode())
        try:
            rest: bytes | None = connection.recv(1)
        except ConnectionResetError:
            rest = None

    assert rest == (None if is_reset else b"")


def test_a_request_may_prefer_a_documented_answer(world: World) -> None:
    by_header = ask(world, METHODS, Prefer="code=404, delay=50")
    by_query = ask(world, f"{METHODS}?__code=404&__delay=50")

    for answer in (by_header, by_query):
        assert answer.status_code == 404
        assert answer.headers["Preference-Applied"] == "code=404, delay=50"
        assert answer.elapsed.total_seconds() >= 0.05
    assert ask(world, METHODS).status_code == 200


def test_a_request_may_prefer_an_example(world: World) -> None:
    answer = ask(world, f"{ACCOUNT}/credits", Prefer="example=none")

    assert answer.json() == {"data": []}


def test_each_answer_of_the_document_may_be_preferred_by_its_example(call: Caller) -> None:
    document = Document.of("openapi.yaml")
    examples = examples_of(document)
    for path, method, operation in document.operations():

        def prefer(what: str, method: str = method.upper(), path: str = path) -> tuple[Any, ...]:
            answer = call(method, path.replace("{", "").replace("}", ""), prefer=what)
            assert answer.header("Content-Type") == "application/json"
            return answer.status, json.loads(answer.body), answer.header("WWW-Authenticate")

        for status, named in examples[operation["operationId"]].items():
            challenge = 'Bearer error="invalid_token"' if status == 401 else None
            for name, body in named.items():
                wanted = (status, body, challenge)
                assert prefer(f"code={status}, example={name}") == wanted
            if status >= 300:
                assert prefer(f"code={status}") == (status, [*named.values()][0], challenge)


@pytest.mark.parametrize(
    ("prefer", "told"),
    [("code=503", "404"), ("example=unheard-of", "revoked"), ("delay=soon", "delay")],
)
def test_what_cannot_be_preferred_is_told_with_what_can(
    world: World, prefer: str, told: str
) -> None:
    answer = ask(world, METHODS, Prefer=prefer)

    assert answer.status_code == 400
    assert told in answer.json()["message"]


def test_preferences_of_other_software_are_let_be(world: World) -> None:
    answer = ask(world, Prefer='respond-async; wait=10, return="minimal"')

    assert answer.status_code == 200
    assert "Preference-Applied" not in answer.headers


@pytest.mark.parametrize(
    ("header", "preferred"),
    [
        ("code=404", {"code": "404"}),
        (' Code = "404" ; because=tests,  delay=5', {"code": "404", "delay": "5"}),
        ('note="a, code=500", code=404', {"note": "a, code=500", "code": "404"}),
        ("respond-async, wait=10", {"respond-async": "", "wait": "10"}),
        ("", {}),
        ('a="', {"a": ""}),
        (",,;,=,", {"": ""}),
    ],
)
def test_preferences_are_read_as_their_rfc_says(header: str, preferred: dict[str, str]) -> None:
    assert dict(preferences(header)) == preferred


@pytest.mark.parametrize("piece", [" ", "a", '"', ";", ",", "=", "\\", 'a="', " ;", "a= "])
def test_twice_the_header_is_twice_the_work(piece: str) -> None:
    def steps(length: int) -> int:
        header, count = f"a={piece * length}"[:length] + '""x', 0

        def counted(*_event: object) -> Any:
            nonlocal count
            count += 1
            return counted

        sys.settrace(counted)
        try:
            list(preferences(header))
        finally:
            sys.settrace(None)
        return count

    assert steps(900) < 2.5 * steps(450)


def test_a_long_preference_is_refused_unread_and_before_any_token(client: httpx.Client) -> None:
    for header in (20_000 * "a" + '"', f'a={2_000 * " "}""x'):
        answer = client.get(f"{ACCOUNT}/charges", headers={"Prefer": header})
        assert answer.status_code == 400
        assert "1000 characters" in answer.json()["message"]


@pytest.mark.parametrize("path", ["charges", "credits", "memberships", "payment-methods"])
def test_malformed_json_reaches_the_client_and_the_journal_on_every_list(
    client: httpx.Client, path: str
) -> None:
    sandbox = client.post("/__mock__/sandboxes", json={}).json()
    place = f"/__mock__/sandboxes/{sandbox['id']}"
    client.post(f"{place}/faults", json={"kind": "malformed_json", "off_contract": True})
    headers = {"Authorization": f"Bearer {sandbox['customers'][0]['token']}"}
    answer = client.get(f"/customers/my-account/{path}", headers=headers)

    assert (answer.status_code, answer.headers["X-Mock-Fault"]) == (200, "1")
    with pytest.raises(ValueError):
        answer.json()
    (entry,) = client.get(f"{place}/journal").json()["entries"]
    assert entry["fault"] == "1"


def test_a_page_out_of_a_fault_is_none_of_the_mocks_own(world: World) -> None:
    fault(world, kind="answer", body="<script>", headers={"Content-Type": "text/html"})

    answer = world.client.get(f"{world.said['base_path']}{ACCOUNT}")
    assert answer.headers["Content-Security-Policy"] == "sandbox"


def test_the_spread_of_a_lognormal_delay_is_its_sigma() -> None:
    narrow = Delay(lognormal=LogNormal(100, 0.1))
    wide = Delay(lognormal=LogNormal(100, 1.0))

    for delay in (narrow, wide):
        assert delay.at(0.5) == pytest.approx(100)
    assert narrow.at(0.8413) == pytest.approx(100 * math.e**0.1, rel=0.01)
    assert wide.at(0.8413) == pytest.approx(100 * math.e, rel=0.01)
    assert wide.at(0.1587) == pytest.approx(100 / math.e, rel=0.01)


def test_a_uniform_delay_lies_between_its_bounds_in_either_order() -> None:
    for bounds in ((100, 300), (300, 100)):
        delay = Delay(uniform=bounds)
        assert [delay.at(share) for share in (0.0, 0.5, 1.0)] == [100, 200, 300]


def test_a_rate_limit_says_to_come_back_in_a_second_unless_told_otherwise(world: World) -> None:
    fault(world, kind="rate_limit", count=1)
    fault(world, kind="rate_limit", count=1, retry_after_s=9)

    assert [ask(world).headers["Retry-After"] for _ in range(2)] == ["1", "9"]


def test_the_delays_of_faults_of_the_request_and_of_the_server_add_up() -> None:
    call = Caller(Settings(delay_ms=1))
    for delay_ms in (2, 4):
        rule = {"kind": "latency", "delay_ms": delay_ms}
        call.control("POST", "/__mock__/sandboxes/default/faults", rule)
    answer = call("GET", ACCOUNT, "customer-ada", prefer="delay=8")

    assert answer.status == 200
    assert answer.delay_s == pytest.approx(0.015)


def test_a_delay_before_an_error_is_waited_for_too() -> None:
    call = Caller(Settings())
    for rule in ({"kind": "latency", "delay_ms": 2}, {"kind": "status", "status": 401}):
        call.control("POST", "/__mock__/sandboxes/default/faults", rule)
    answer = call("GET", ACCOUNT, "customer-ada")

    assert (answer.status, answer.delay_s) == (401, pytest.approx(0.002))
    assert answer.header("X-Mock-Fault") == "1, 2"


@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_status_that_has_no_body_comes_without_one(world: World, status: int) -> None:
    fault(world, kind="status", status=status, off_contract=True, count=1)
    fault(world, kind="answer", status=status, count=1)
    answers = [ask(world) for _ in range(3)]
    refused = [
        fault(world, kind="answer", status=status, body={}),
        fault(world, kind="status", status=status, off_contract=True, message="Gone."),
    ]

    assert [each.status_code for each in answers] == [status, status, 200]
    assert [each.content for each in answers[:2]] == [b"", b""]
    assert [each.status_code for each in refused] == [409, 409]
    assert all("has no body" in each.json()["message"] for each in refused)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"kind": "drip", "status": 500}, "'status' is for status and answer and rate_limit"),
        ({"kind": "truncated", "message": "x"}, "'message' is for status and rate_limit"),
        ({"kind": "rate_limit", "body": {}}, "'body' is for answer, and not for rate_limit"),
        ({"kind": "latency", "delay_ms": {"uniform": [5]}}, "$.delay_ms.uniform"),
    ],
)
def test_what_a_kind_of_fault_would_pass_over_is_refused(
    world: World, rule: dict[str, Any], told: str
) -> None:
    refused = fault(world, **rule)

    assert refused.status_code in (400, 409)
    assert told in refused.json()["message"]


def test_an_answer_of_ones_own_names_its_type_once_and_stays_sandboxed(world: World) -> None:
    headers = {"content-type": "text/html", "Content-Security-Policy": "default-src *"}
    fault(world, kind="answer", body="<script>", headers=headers)
    answer = ask(world)

    assert answer.headers.get_list("Content-Type") == ["text/html"]
    assert "sandbox" in answer.headers.get_list("Content-Security-Policy")

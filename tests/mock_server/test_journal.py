"""What was asked, why it was answered so, and what clients have met."""

import json
import logging
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import Result

from mock_server.app import Settings
from mock_server.client import Customer, MockError, MockServer, Sandbox
from mock_server.middleware.request_log import logged_text
from mock_server.observation.redaction import Redactor
from tests.conftest import Caller, Serve
from tests.mock_server.test_cli import run

ACCOUNT = "/customers/my-account"
PREFERENCES = f"{ACCOUNT}/marketing-preferences"
SCENARIOS = sorted(each.stem for each in Path("fixtures/scenarios").glob("*.yaml"))
LISTS = (
    PREFERENCES,
    f"{ACCOUNT}/charges",
    f"{ACCOUNT}/credits?expired=true&redeemed=true",
    f"{ACCOUNT}/memberships",
    f"{ACCOUNT}/payment-methods",
    "/shop/my-account/orders",
    "/shop/my-account/orders?per_page=100",
)


@pytest.fixture
def mock_server(my_account_mock: MockServer) -> MockServer:
    return my_account_mock


@pytest.fixture
def sandbox(my_account_sandbox: Sandbox) -> Sandbox:
    return my_account_sandbox


@pytest.fixture
def ada(sandbox: Sandbox) -> Customer:
    return sandbox.customer("ada")


def ask(who: Customer, path: str = ACCOUNT, method: str = "GET") -> httpx.Response:
    with who.http() as http:
        return http.request(method, path)


def test_an_entry_tells_who_asked_and_why_it_was_answered_so(
    sandbox: Sandbox, ada: Customer
) -> None:
    id = ask(ada, PREFERENCES).json()["data"][1]["id"]
    for method in ("DELETE", "POST", "POST"):
        ask(ada, f"{PREFERENCES}/{id}", method)
    *_, changing, again = sandbox.requests(persona="ada")

    assert changing["operation"] == "actionMyAccountMarketingPreferenceOptIn"
    assert changing["reason"] == "the token is ada's"
    assert changing["changes"] == [{"persona": "ada", "preference_id": id, "opted_in": True}]
    assert again["changes"] == []
    assert again["request"]["valid"] is True
    assert again["response"]["valid"] is True


@pytest.mark.parametrize(
    ("token", "role", "rule"),
    [
        ("staff", "staff", "AUTH-04"),
        ("expired", "expired", "AUTH-06"),
        ("revoked", "revoked", "AUTH-09"),
        ("unknown", "unknown", "AUTH-02"),
    ],
)
def test_a_refusal_names_the_kind_of_token_and_the_rule(
    sandbox: Sandbox, token: str, role: str, rule: str
) -> None:
    httpx.get(sandbox.url + ACCOUNT, headers={"Authorization": f"Bearer {sandbox.tokens[token]}"})
    [entry] = sandbox.requests(status=401)

    assert (entry["role"], entry["rule"]) == (role, rule)
    assert sandbox.tokens[token] not in json.dumps(entry)


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("/shop/my-account/orders?page=none", "PAGE-10"),
        ("/shop/my-account/orders?per_page=0", "PAGE-10"),
        ("/shop/my-account/orders?page=1&page=2", "PAGE-11"),
        (f"{ACCOUNT}/credits?expired=perhaps", "CREDITS-09"),
    ],
)
def test_a_parameter_that_is_refused_names_its_rule(
    sandbox: Sandbox, ada: Customer, path: str, rule: str
) -> None:
    ask(ada, path)
    [entry] = sandbox.requests(status=400)

    assert entry["rule"] == rule


def test_a_malformed_request_is_told_to_be_one(sandbox: Sandbox, ada: Customer) -> None:
    ask(ada, "/shop/my-account/orders?page=none")
    ask(ada, f"{ACCOUNT}/order-history")
    malformed, unknown = sandbox.requests()

    assert not malformed["request"]["valid"]
    assert "page" in str(malformed["request"]["problem"])
    assert malformed["response"]["valid"]
    assert unknown["operation"] is None
    assert "no operation" in str(unknown["request"]["problem"])


def test_an_answer_off_the_contract_is_told_to_be_one(sandbox: Sandbox, ada: Customer) -> None:
    for kind in ("rate_limit", "malformed_json", "wrong_type"):
        sandbox.fault(kind, count=1)
        ask(ada)
    found = [(each["fault"], each["response"]["valid"]) for each in sandbox.requests()]

    assert found == [("1", False), ("2", False), ("3", False)]


def test_what_is_cut_in_the_journal_is_judged_whole(sandbox: Sandbox, ada: Customer) -> None:
    ask(ada, "/shop/my-account/orders?per_page=100")
    ask(ada, f"/shop/my-account/orders?q={'z' * 10_000}&per_page=none")
    sandbox.fault("malformed_json")
    ask(ada, "/shop/my-account/orders?per_page=100")
    whole, refused, malformed = sandbox.requests()

    assert (whole["request"]["valid"], whole["response"]["valid"]) == (True, True)
    assert (refused["status"], refused["request"]["valid"]) == (400, False)
    assert "per_page" in (refused["request"]["problem"] or "")
    assert (malformed["request"]["valid"], malformed["response"]["valid"]) == (True, False)


def test_the_ring_forgets_the_oldest_and_bodies_are_cut(sandbox: Sandbox, ada: Customer) -> None:
    with ada.http() as http:
        for _ in range(510):
            http.get(ACCOUNT)
        http.get("/shop/my-account/orders?per_page=100")
    kept = sandbox.requests()

    assert [kept[0]["number"], kept[-1]["number"], len(kept)] == [12, 511, 500]
    assert len(kept[-1]["response"]["body"]) <= 8192 < kept[-1]["response"]["body_bytes"]


def test_waiting_ends_when_the_requests_have_come(sandbox: Sandbox, ada: Customer) -> None:
    late = threading.Timer(0.2, lambda: [ask(ada), ask(ada)])
    late.start()
    found = sandbox.wait_for(2, operation="getMyAccountDetails", timeout_ms=30_000)
    late.join()

    assert len(found) == 2


def test_waiting_in_vain_tells_what_was_asked_instead(sandbox: Sandbox, ada: Customer) -> None:
    ask(ada, f"{ACCOUNT}/charges")
    with pytest.raises(AssertionError, match=r"expected 1 or more, found 0(.|\n)*charges  as ada"):
        sandbox.wait_for(operation="listMyAccountOrders", timeout_ms=50)


def test_the_stream_sends_what_comes(sandbox: Sandbox, ada: Customer) -> None:
    url = f"{sandbox.server.url}/__mock__/sandboxes/{sandbox.id}/journal/stream"
    with httpx.stream("GET", url, params={"operation": "listMyAccountCharges"}) as answer:
        lines = answer.iter_lines()
        assert next(lines) == ": listening"
        ask(ada)
        ask(ada, f"{ACCOUNT}/charges")
        event = [next(lines) for _ in range(4)]

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert event[2] == "event: request"
    assert json.loads(event[3].removeprefix("data: "))["persona"] == "ada"


def test_bodies_are_left_out_of_lists_and_streams_where_asked_and_shown_of_one_request(
    sandbox: Sandbox, ada: Customer
) -> None:
    ask(ada)
    ask(ada, f"{ACCOUNT}/charges")
    place = f"/__mock__/sandboxes/{sandbox.id}/journal"
    first, second = sandbox.requests()
    listed = sandbox.server.call("GET", f"{place}?bodies=false")["entries"]
    with httpx.stream("GET", f"{sandbox.server.url}{place}/stream?bodies=false") as answer:
        data = next(line for line in answer.iter_lines() if line.startswith("data: "))
    streamed = json.loads(data.removeprefix("data: "))

    assert sandbox.server.call("GET", f"{place}/2") == second
    assert streamed == listed[0]
    assert [(each["request"]["body"], each["response"]["body"]) for each in listed] == [
        (None,) * 2
    ] * 2
    for side in ("request", "response"):
        listed[0][side]["body"] = first[side]["body"]
    assert listed[0] == first
    with pytest.raises(MockError, match="404: No request 3 is remembered"):
        sandbox.server.call("GET", f"{place}/3")
    with pytest.raises(MockError, match="404: No request third"):
        sandbox.server.call("GET", f"{place}/third")


def test_the_archive_is_one_that_browsers_read(sandbox: Sandbox, ada: Customer) -> None:
    ask(ada, "/shop/my-account/orders?page=2")
    url = f"{sandbox.server.url}/__mock__/sandboxes/{sandbox.id}/journal/har"
    log = httpx.get(url).json()["log"]

    assert log["version"] == "1.2"
    assert log["entries"][0]["request"]["url"].endswith("/shop/my-account/orders?page=2")
    assert log["entries"][0]["response"]["status"] == 200


def test_the_archive_has_the_body_of_a_request_and_no_answer_that_nobody_saw(
    sandbox: Sandbox, ada: Customer
) -> None:
    with ada.http() as http:
        http.post(f"{PREFERENCES}/nothing", json={"why": "not"})
        sandbox.fault("EMPTY_RESPONSE")
        with pytest.raises(httpx.HTTPError):
            http.get(ACCOUNT)
    url = f"{sandbox.server.url}/__mock__/sandboxes/{sandbox.id}/journal/har"
    sent, lost = httpx.get(url).json()["log"]["entries"]

    assert sent["request"]["postData"] == {"mimeType": "application/json", "text": '{"why":"not"}'}
    assert "postData" not in lost["request"]
    assert (lost["response"]["status"], lost["response"]["headers"]) == (0, [])


def test_the_archive_tells_how_long_answers_took(sandbox: Sandbox, ada: Customer) -> None:
    sandbox.fault("latency", delay_ms=40, count=1)
    sandbox.fault("drip", duration_ms=30, count=1)
    with ada.http() as http:
        for _ in range(2):
            http.get("/customers/my-account")
    path = f"/__mock__/sandboxes/{sandbox.id}/journal/har"
    late, prompt = sandbox.server.call("GET", path)["log"]["entries"]

    assert late["timings"]["wait"] > 40
    assert late["timings"]["receive"] == 30
    assert late["time"] == late["timings"]["wait"] + 30
    assert 0 < prompt["time"] == prompt["timings"]["wait"] < late["time"]


@pytest.mark.slow
def test_coverage_tells_what_was_met_even_after_the_sandbox_is_closed(serve: Serve) -> None:
    server = MockServer(serve())
    before = server.coverage()
    with server.sandbox("failed-payment") as sandbox:
        ask(sandbox.customer("ada"), f"{ACCOUNT}/charges")
        ask(sandbox.customer("ada"), f"{PREFERENCES}/nothing", "POST")
    after = server.coverage()
    charges = after["operations"][1]

    assert before["met"] == 0
    assert charges["statuses"] == {"200": 1, "401": 0}
    assert charges["states"]["status failed"] is True
    assert charges["states"]["status refunded"] is False
    assert charges["personas"] == ["ada"]


@pytest.mark.slow
def test_each_edge_state_that_coverage_asks_for_is_in_a_scenario_we_ship(serve: Serve) -> None:
    server = MockServer(serve())
    for scenario in SCENARIOS:
        with server.sandbox(scenario, now="2026-03-01T09:00:00Z") as sandbox:
            for person in sandbox.customers:
                with person.http() as http:
                    for path in LISTS:
                        http.get(path)
    states = {
        (operation["operation"], state): seen
        for operation in server.coverage()["operations"]
        for state, seen in operation["states"].items()
    }

    unseen = [state for state, seen in states.items() if not seen]
    assert not unseen, unseen


@pytest.mark.slow
def test_the_coverage_command_fails_below_what_is_required(serve: Serve) -> None:
    url = serve()
    thin, plain = run("coverage", "--url", url, "--require", "50"), run("coverage", "--url", url)

    assert (thin.exit_code, plain.exit_code) == (1, 0)
    told = "no 403 on actionMyAccountMarketingPreferenceOptIn was ever seen"
    assert told in " ".join(plain.stdout.split())


def test_a_command_without_a_mock_ends_with_one_line() -> None:
    ran = run("coverage", "--url", "http://127.0.0.1:9")

    assert ran.exit_code == 2
    assert len(ran.stderr.splitlines()) == 1


@pytest.fixture
def bundle(sandbox: Sandbox, ada: Customer, tmp_path: Path) -> Path:
    """What a tester attaches to a bug report."""
    for path in (ACCOUNT, f"{ACCOUNT}/charges", "/shop/my-account/orders"):
        ask(ada, path)
    for each in ask(ada, PREFERENCES).json()["data"]:
        ask(ada, f"{PREFERENCES}/{each['id']}", "POST")
    sandbox.advance("P2M")
    ask(ada, f"{ACCOUNT}/charges")
    ask(ada, ACCOUNT, "HEAD")
    with ada.http() as http:
        http.get(f"{ACCOUNT}/payment-methods", headers={"Prefer": "code=404"})
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        http.post(f"{PREFERENCES}/anything", headers=form, content=b"a=1")
    httpx.get(sandbox.url + ACCOUNT, headers={"Authorization": f"Bearer {sandbox.tokens['staff']}"})
    file = tmp_path / "bug.json"
    url = f"{sandbox.server.url}/__mock__/sandboxes/{sandbox.id}/bundle"
    file.write_bytes(httpx.get(url).content)
    return file


def replayed(*arguments: Any) -> Result:
    return run("replay", *map(str, arguments))


@pytest.mark.slow
def test_a_bundle_is_answered_the_same_on_another_mock(bundle: Path) -> None:
    ran = replayed(bundle)

    assert ran.exit_code == 0, ran.output
    assert "0 of 13 requests are answered differently" in ran.stdout


def test_a_service_that_answers_otherwise_is_told(bundle: Path, mock_server: MockServer) -> None:
    with mock_server.sandbox() as other:
        tokens = [f"{who}={other.customer('ada').token}" for who in ("ada", "staff")]
        options = [part for token in tokens for part in ("--token", token)]
        ran = replayed(bundle, "--url", mock_server.url, *options)

    assert ran.exit_code == 1
    assert "status 401 then, 200 now" in ran.stdout


@pytest.mark.slow
def test_a_bundle_becomes_a_test_that_passes(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "test_bug.py").write_text(replayed(bundle, "--as", "pytest").stdout)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"], cwd=tmp_path, capture_output=True, text=True
    )
    script = replayed(bundle, "--as", "playwright").stdout

    assert "1 passed" in ran.stdout, ran.stdout
    assert script.count("expect(await call(") == 13


def test_a_file_that_is_no_bundle_ends_with_one_line(tmp_path: Path) -> None:
    file = tmp_path / "notes.json"
    for text in ("{}", "not JSON", '{"format": "my-account-bundle", "version": 9}'):
        file.write_text(text)
        ran = replayed(file)
        assert (ran.exit_code, len(ran.stderr.splitlines())) == (2, 1)


def test_the_client_tells_a_refusal_in_its_own_words(mock_server: MockServer) -> None:
    with pytest.raises(MockError, match="unknown scenario 'no-such'"):
        mock_server.sandbox("no-such")


def test_no_secret_leaves_the_journal(sandbox: Sandbox, ada: Customer) -> None:
    secrets = [f"hush-{number}" for number in range(12)]
    (query, key, *headers, field, form) = secrets
    names = ("X-Api-Key", "X-Auth-Token", "Proxy-Authorization", "Cookie", "X-CSRF-Token")
    sent = ada.headers | dict(zip(names, headers, strict=False))
    url = f"{sandbox.server.url}{ACCOUNT}?access_token={query}&api_key={key}&page=1"
    body = json.dumps({"nested": {"refresh_token": field, "token": 'a"' + field}, "x": "kept"})
    httpx.request("GET", url, headers=sent | {"Content-Type": "application/json"}, content=body)
    httpx.request("GET", url, headers=sent, content=f"client_secret={form}&y=kept".encode())
    base = f"{sandbox.server.url}/__mock__/sandboxes/{sandbox.id}"
    texts = [httpx.get(f"{base}/{place}").text for place in ("journal", "journal/har", "bundle")]

    for text in texts:
        assert "hush-" not in text
        assert ada.token not in text
        assert "page=1" in text
    assert all(text.count("kept") == 2 for text in (texts[0], texts[2]))


JWT = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJodXNoLWh1c2gifQ.hush-hush"
CANARIES = {
    "a name that is encoded": {"query": "%61ccess_token=hush-hush"},
    "a URL in a parameter": {"query": "next=https%3A%2F%2Fx.test%2F%3Faccess_token%3Dhush-hush"},
    "twice encoded": {"query": "a=b%253Dc%2526api_key%253Dhush-hush"},
    "a parameter of a path": {"path": ";jsessionid=hush-hush"},
    "in a header and in the path": {
        "path": "/hush-hush",
        "header": ("X-Api-Key", "hush-hush"),
    },
    "in the query and in the path": {"path": "/hush-hush", "query": "token=hush-hush"},
    "a URL in a header": {"header": ("Referer", "https://x.test/?a=b&access_token=hush-hush")},
    "a token by its look": {"header": ("X-Seen", "Bearer hush-hush"), "query": f"x={JWT}"},
    "proofs and sessions": {"header": ("DPoP", "hush-hush"), "query": "session=hush-hush"},
    "a name with an escape": {"body": '{"to\\u006ben": "hush-hush"}'},
    "in a list": {"body": '{"tokens": ["hush-hush"], "x": [{"password": "hush-hush"}]}'},
    "in an object": {"body": '{"credentials": {"name": "hush-hush"}}'},
    "JSON in JSON": {"body": '{"x": "{\\"a\\": {\\"secret\\": \\"hush-hush\\"}}"}'},
    "JSON that is cut": {"body": '{"token": "hush-hush", "x": "' + "y" * 9000 + '"}'},
    "in the midst of JSON that is cut": {
        "body": '{"a": "' + "z" * 40 + '", "token": "hush-hush", "x": "' + "y" * 9000 + '"}'
    },
    "a form": {"body": "user%5Bpassword%5D=hush-hush&x=y"},
}


@pytest.mark.parametrize("canary", CANARIES.values(), ids=CANARIES.keys())
def test_no_canary_leaves_the_journal_or_the_log(canary: dict[str, Any]) -> None:
    log = logging.getLogger("mock_server.requests")
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(str(vars(record)))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    call = Caller(Settings())
    headers = dict([canary["header"]]) if "header" in canary else {}
    target = f"/customers/my-account{canary.get('path', '')}?{canary.get('query', '')}"
    call("GET", target, "customer-ada", body=canary.get("body", "").encode(), **headers)
    log.removeHandler(handler)
    places = ("journal", "journal/har", "bundle")
    texts = [call("GET", f"/__mock__/sandboxes/default/{place}").body for place in places]

    assert "my-account" in str(lines)
    for text in (*texts, str(lines).encode()):
        assert b"hush" not in text


def test_what_is_no_secret_is_left_as_it_was() -> None:
    texts = ('{"has_password": true,  "x": 1}', "a=b&c=%2F", 'Bearer error="invalid_token"', "[{")

    assert [Redactor({"authorization": "Bearer x"}).text(each) for each in texts] == list(texts)


def test_an_answer_lost_on_its_way_was_not_met(sandbox: Sandbox, ada: Customer) -> None:
    sandbox.fault("EMPTY_RESPONSE", operation="listMyAccountOrders", count=5)
    with pytest.raises(httpx.HTTPError):
        ask(ada, "/shop/my-account/orders?per_page=100")
    coverage = sandbox.server.coverage(sandbox.id)
    (orders,) = (c for c in coverage["operations"] if c["operation"] == "listMyAccountOrders")
    entry = sandbox.requests(operation="listMyAccountOrders")[-1]

    assert orders["statuses"]["200"] == 0
    assert not any(orders["states"].values())
    assert entry["response"]["valid"] is False
    assert "lost on its way" in str(entry["response"]["problem"])


@pytest.mark.parametrize("path", ["/a\nb", "/a\x1b[31m", "/a\u2028b", "/" + "0123456789abcdef" * 2])
def test_a_line_of_the_log_is_one_line_and_tells_no_sandbox(path: str) -> None:
    line = logged_text(path)

    assert line.isprintable()
    assert "0123456789abcdef" not in line


def test_a_token_that_ran_out_is_called_expired(sandbox: Sandbox) -> None:
    sandbox.set_clock(now="2026-03-01T09:00:00Z", running=False, force=True)
    token = sandbox.mint("ada", 60)
    headers = {"Authorization": f"Bearer {token}"}
    httpx.get(f"{sandbox.server.url}{ACCOUNT}", headers=headers)
    sandbox.advance("PT60S")
    httpx.get(f"{sandbox.server.url}{ACCOUNT}", headers=headers)
    before, after = sandbox.requests()

    assert (before["status"], before["role"], before["persona"]) == (200, "customer", "ada")
    assert (after["status"], after["role"], after["persona"]) == (401, "expired", "ada")
    assert after["rule"] == "AUTH-06"


def test_a_token_of_nobody_or_of_another_sandbox_is_unknown(sandbox: Sandbox) -> None:
    for token in ("customer-nobody", "nonsense"):
        headers = {"Authorization": f"Bearer {token}"}
        httpx.get(f"{sandbox.url}{ACCOUNT}", headers=headers)

    assert [(each["role"], each["persona"]) for each in sandbox.requests()] == [
        ("unknown", None)
    ] * 2


@pytest.mark.parametrize(
    ("query", "status", "told"),
    [
        ("operaton=listMyAccountCharges", 400, "'operaton' is not one of operation,"),
        ("operation=listMyAccountCharge", 409, "did you mean 'listMyAccountCharges'?"),
        ("operaton=x", 400, "did you mean 'operation'?"),
    ],
)
@pytest.mark.parametrize("place", ["journal", "journal/wait", "journal/stream"])
def test_a_filter_that_nobody_knows_is_refused(
    sandbox: Sandbox, place: str, query: str, status: int, told: str
) -> None:
    url = f"{sandbox.server.url}/__mock__/sandboxes/{sandbox.id}/{place}?{query}"
    answer = httpx.get(url)

    assert answer.status_code == status
    assert told in answer.json()["message"]


def test_a_misspelt_persona_did_not_stay_away(sandbox: Sandbox) -> None:
    with pytest.raises(MockError, match=r"did you mean 'chloe'\?$"):
        sandbox.assert_requested("listMyAccountCharges", times=0, persona="cloe")

    sandbox.assert_requested("listMyAccountCharges", times=0, persona="chloe")


def test_a_misspelt_operation_was_not_called_never(sandbox: Sandbox) -> None:
    with pytest.raises(MockError, match="did you mean 'listMyAccountCharges'"):
        sandbox.assert_requested("listMyAccountCharge", times=0)


def test_a_reset_takes_nothing_along_in_silence(sandbox: Sandbox) -> None:
    url = f"{sandbox.server.url}/__mock__/sandboxes/{sandbox.id}/reset"

    assert httpx.post(url, json={"scenario": "empty"}).status_code == 400
    assert httpx.post(url, json={}).status_code == 200


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"kind": "latncy"}, "$.kind: 'latncy' is not one of status, "),
        ({"kind": "latncy"}, "did you mean 'latency'?"),
        ({"kind": "latency"}, "the field 'delay_ms' is missing"),
        ({"kind": "status"}, "the field 'status' is missing"),
        ({"kind": "status", "stats": 404}, "the field 'stats' is not one of kind, "),
        ({"kind": "status", "stats": 404}, "did you mean 'status'?"),
        ({"kind": "latency", "delay_ms": {"uniform": [1, 2], "sigma": 1}}, "$.delay_ms: "),
    ],
)
def test_a_fault_that_is_none_is_refused_with_what_would_be_right(
    sandbox: Sandbox, rule: dict[str, str], told: str
) -> None:
    answer = httpx.post(f"{sandbox.server.url}/__mock__/sandboxes/{sandbox.id}/faults", json=rule)

    assert answer.status_code == 400
    assert told in answer.json()["message"]


def test_headers_and_queries_are_cut_as_bodies_are(call: Caller) -> None:
    headers = {f"x-{number}": "y" * 5_000 for number in range(20)}
    call("GET", f"{ACCOUNT}?q={'z' * 30_000}", "customer-ada", **headers)
    (entry,) = call.control("GET", "/__mock__/sandboxes/default/journal")["entries"]

    assert len(json.dumps(entry["request"])) < 10_000
    assert len(entry["query"]) == 8192
    assert entry["status"] == 200

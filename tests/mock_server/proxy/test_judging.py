"""What the proxy finds against the contract, and where it tells so."""

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.mock_server.proxy.servers import (
    ACCOUNT,
    ADA,
    CREDITS,
    IMPLEMENTATION,
    ORDERS,
    TELL,
    Pair,
    Proxying,
    Serving,
    answer,
    raw,
)
from tests.needs import needs


@pytest.mark.slow
def test_a_body_that_grows_too_long_when_it_is_read_passes_unjudged_and_is_told_so(
    pair: Pair,
) -> None:
    server, here = pair
    bomb = gzip.compress(b'{"data":[' + b" " * (300 << 20) + b"]}")
    server.answer = answer(bomb, Content_Encoding="gzip")
    _, headers, body = raw(here.url, path=CREDITS, headers=ADA | TELL)

    assert body == bomb
    assert "is not judged" in dict(headers)["x-contract-violations"]
    assert here.entries[-1]["response"]["body_bytes"] > 8 << 20
    assert "is not judged" in here.log
    assert here.peak_mib < 300


BAD_CREDIT = b'{"data":[{"id":"1"}]}'


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        (answer(BAD_CREDIT), "$.data[0]"),
        (answer(gzip.compress(BAD_CREDIT), Content_Encoding="gzip"), "$.data[0]"),
        (
            answer(
                b"".join(map(gzip.compress, (BAD_CREDIT[:9], BAD_CREDIT[9:]))),
                Content_Encoding="gzip",
            ),
            "$.data[0]",
        ),
        (answer(b"<p>", Content_Type="text/html"), "it is text/html and not application/json"),
        (answer(b"{"), "it cannot be read as JSON"),
        (answer(b'{"data":[],"x":' + b"[" * 400 + b"]" * 400 + b"}"), "deeper than 50 levels"),
        (answer(b""), "its body is empty"),
        (answer(b'{"data":null}'), "$.data"),
        (answer(b'{"message":"a"}', "418 Teapot"), "the document lists no 418"),
    ],
)
def test_an_answer_off_contract_is_told_where_it_was_asked_for(
    pair: Pair, sent: bytes, problem: str
) -> None:
    server, here = pair
    server.answer = sent
    plain = raw(here.url, path=CREDITS)
    told = raw(here.url, path=CREDITS, headers=TELL)

    assert "x-contract-violations" not in dict(plain[1])
    (header,) = (text for name, text in told[1] if name == "x-contract-violations")
    assert header.startswith("answer: ")
    assert problem in header
    assert (told[0], told[2]) == (plain[0], plain[2])
    assert [problem in str(each) for each in here.problems] == [False, True] * 2
    assert "answer: " in here.log


@pytest.mark.parametrize("path", [ACCOUNT, CREDITS])
@pytest.mark.parametrize(
    "body", [b'{"data":{}}', b'{"data":[1]}', b'{"data":"x"}', b"[1]", b"null"]
)
def test_an_answer_of_any_shape_passes_and_is_judged(pair: Pair, path: str, body: bytes) -> None:
    server, here = pair
    server.answer = answer(body)
    got = here.get(path)

    assert (got.status_code, got.content) == (200, body)
    (entry,) = here.entries
    assert entry["response"]["valid"] is False
    assert entry["persona"] == "customer-1"


@pytest.mark.slow
def test_with_errors_a_violation_is_502_that_a_page_can_read(
    proxy: Proxying, upstream: Serving
) -> None:
    sent = answer(BAD_CREDIT, Access_Control_Allow_Origin="https://a.example")
    here = proxy(upstream(sent).url, "--errors")
    got = here.get(CREDITS)

    assert got.status_code == 502
    assert "The contract is violated. answer: $.data[0]" in got.json()["message"]
    assert got.headers["access-control-allow-origin"] == "https://a.example"
    assert here.entries[0]["status"] == 200


@pytest.mark.slow
def test_a_right_implementation_passes_with_errors(proxy: Proxying, url: str) -> None:
    here = proxy(url, "--errors")
    for path in (
        ACCOUNT,
        f"{ACCOUNT}/charges",
        f"{ACCOUNT}/memberships",
        ORDERS,
    ):
        assert here.get(path).json()["data"]
    refused = here.get(f"{ORDERS}?page=0")

    assert refused.status_code == 502
    assert "request: The parameter 'page'" in refused.json()["message"]


def test_a_request_off_contract_goes_on_and_is_told(proxy: Proxying, url: str) -> None:
    here = proxy(url)
    wrong = here.get(f"{ORDERS}?page=abc", **ADA, **TELL)
    here.get(f"{ACCOUNT}/wishes")

    assert wrong.status_code == 400
    assert "'page' must be an integer" in wrong.headers["x-contract-violations"]
    assert here.problems[0::2] == [
        "The parameter 'page' must be an integer from 1 to 2147483647; got 'abc'.",
        f"no operation answers GET {ACCOUNT}/wishes",
    ]


@pytest.mark.slow
def test_coverage_has_statuses_and_edge_states_of_what_passed(proxy: Proxying, url: str) -> None:
    here = proxy(url)
    here.get(ORDERS)
    here.get(CREDITS, Authorization="Bearer customer-eve")
    here.get(ACCOUNT, Authorization="Bearer nobody")
    met = {each["operation"]: each for each in here.control("/coverage")["operations"]}

    assert met["listMyAccountOrders"]["states"]["a next page"]
    assert met["listMyAccountOrders"]["personas"] == ["customer-1"]
    assert met["listMyAccountCredits"]["states"]["an empty list"]
    assert met["listMyAccountCredits"]["personas"] == ["customer-2"]
    assert met["getMyAccountDetails"]["statuses"]["401"] == 1


@pytest.mark.slow
def test_whoever_signs_in_again_is_the_same_customer(proxy: Proxying, url: str) -> None:
    opened = httpx.post(f"{url}/__mock__/sandboxes", json={}).json()
    first, other = (each["token"] for each in opened["customers"][:2])
    issued = httpx.post(
        f"{url}/__mock__/sandboxes/{opened['id']}/tokens", json={"persona": "ada", "expires_in": 60}
    )
    again = issued.json()["token"]
    here = proxy(url)
    for token in (first, other, again):
        here.get(ACCOUNT, Authorization=f"Bearer {token}")
    here.get(CREDITS, Authorization=f"Bearer {again}")

    assert [each["persona"] for each in here.entries] == [
        *("customer-1", "customer-2", "customer-1", "customer-1")
    ]


def test_no_token_stands_in_journal_archive_bundle_or_log(pair: Pair) -> None:
    server, here = pair
    secret = "tok-5d1f7a90aa"
    body = json.dumps({"data": [{"id": secret}], "access_token": "other-secret"}).encode()
    server.answer = answer(body, Set_Cookie="session=other-secret")
    here.get(
        f"{CREDITS}?access_token=other-secret",
        Authorization=f"Bearer {secret}",
        Cookie="session=other-secret",
    )
    seen = [json.dumps(here.control(path)) for path in ("/journal", "/journal/har", "/bundle")]

    for text in (*seen, here.log):
        assert CREDITS in text
        assert secret not in text
        assert "other-secret" not in text


@pytest.mark.parametrize(
    "data",
    [
        {"token": "only-here"},
        [{"id": {"session_id": "only-here"}}],
        [{"id": [{"password": ["only-here"] * 40}]}],
        {"api_key": 1, "more": [{"secret": "only-here"}]},
    ],
)
def test_what_is_wrong_with_an_answer_is_told_without_the_secrets_in_it(
    pair: Pair, data: object
) -> None:
    server, here = pair
    server.answer = answer(json.dumps({"data": data}).encode())
    here.get(CREDITS)
    seen = [json.dumps(here.control(path)) for path in ("/journal", "/bundle")]

    for text in (*seen, here.log):
        assert "$.data" in text
        assert "only-here" not in text


@pytest.mark.slow
def test_the_kit_judges_the_journal_of_a_right_implementation(
    proxy: Proxying, url: str, tmp_path: Path
) -> None:
    here = proxy(url)
    for who in ("ada", "ben"):
        for path in (ACCOUNT, CREDITS, ORDERS, f"{ACCOUNT}/charges"):
            here.get(path, Authorization=f"Bearer customer-{who}")
    (tmp_path / "seen.har").write_text(json.dumps(here.control("/journal/har")))
    command = [sys.executable, "-m", "contract_tests", "judge", tmp_path / "seen.har"]
    judged = subprocess.run(command, capture_output=True, text=True, check=False)

    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert re.search(r"\b[1-9]\d* hold", judged.stdout), judged.stdout


@pytest.mark.slow
def test_an_implementation_on_node_below_a_path_passes_with_errors(proxy: Proxying) -> None:
    environment = {**os.environ, "PORT": "0", "PREFIX": "/club"}
    with subprocess.Popen(
        [needs("node"), IMPLEMENTATION], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        profile = json.loads(process.stdout.readline())
        here = proxy(profile["base_url"], "--errors")
        token = profile["customers"][0]["token"]
        for path in (ACCOUNT, CREDITS, f"{ORDERS}?per_page=2"):
            assert here.get(path, Authorization=f"Bearer {token}").status_code == 200
        process.terminate()

    assert here.problems == [None] * 6

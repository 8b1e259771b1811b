"""Gateways, proxies and broken servers: an end in time, and nobody accused who did no wrong."""

import gzip
import json
import re
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import pytest
import trustme
from click.testing import CliRunner, Result

from contract_tests.cli import main
from contract_tests.document import Contract
from tests.contract_tests.hostile import Answer, Asked, Odd, Raw, proxy

pytestmark = pytest.mark.slow

JSON = {"Content-Type": "application/json"}
ACCOUNT, CHARGES = "/customers/my-account", "/customers/my-account/charges"
TWO = ("--customer-token", "customer-ada", "--customer-token", "customer-ben")
LITTLE = ("--customer-token", "customer-chloe", "--customer-token", "customer-henry")
"""Two who have less, for runs of every law."""
HTML = Answer(403, {"Content-Type": "text/html"}, b"<h1>Forbidden</h1>")


def run(base_url: str, *arguments: str, env: dict[str, str] | None = None) -> Result:
    """A run that waits for slow answers, as on a busy machine all are."""
    command = ["run", "--base-url", base_url, "--timeout", "60", *arguments]
    result = CliRunner().invoke(main, command, env=env)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def quick(base_url: str, *arguments: str) -> Result:
    return run(base_url, "--depth", "quick", *arguments)


def said(body: str | bytes, status: int = 200) -> Answer:
    return Answer(status, JSON, body.encode() if isinstance(body, str) else body)


def on_charges(answer: Answer | Raw) -> Odd:
    return lambda asked: answer if asked.path == CHARGES else None


@pytest.fixture
def authority(tmp_path: Path) -> tuple[SSLContext, Path]:
    """A server's TLS, and the certificate of who signed it."""
    signer, context = trustme.CA(), SSLContext(PROTOCOL_TLS_SERVER)
    signer.issue_cert("127.0.0.1").configure_cert(context)
    signer.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return context, tmp_path / "ca.pem"


@pytest.mark.long
@pytest.mark.parametrize("by", ["variable", "option", "insecure"])
def test_both_engines_trust_the_same_certificates(
    url: str, authority: tuple[SSLContext, Path], by: str
) -> None:
    context, file = authority
    agents: set[str] = set()
    given = {"variable": (), "option": ("--ca", str(file)), "insecure": ("--insecure",)}[by]

    def odd(asked: Asked) -> None:
        agents.add(re.sub(r"[?].*", "", asked.path))

    with proxy(url, odd, tls=context) as at:
        env = {"SSL_CERT_FILE": str(file)} if by == "variable" else {}
        result = run(at, *given, "--only", "schema", "--customer-token", "customer-ada", env=env)

    assert result.exit_code == 0, result.stdout + result.stderr
    assert "9 holds" in result.stdout
    assert len(agents) > 8


def test_an_unknown_certificate_is_exit_3(url: str, authority: tuple[SSLContext, Path]) -> None:
    with proxy(url, lambda asked: None, tls=authority[0]) as at:
        result = run(at, *TWO)

    assert result.exit_code == 3
    assert "CERTIFICATE_VERIFY_FAILED" in result.stderr


@pytest.mark.parametrize("only", ["schema", "bodies"])
def test_a_proxy_is_heard_by_both_engines(url: str, only: str) -> None:
    seen: list[str] = []

    def odd(asked: Asked) -> None:
        seen.append(asked.target)
        asked.target = re.sub("^http://staging.invalid", "", asked.target)

    with proxy(url, odd) as at:
        env = {"HTTP_PROXY": at, "http_proxy": at, "NO_PROXY": "", "no_proxy": ""}
        result = run("http://staging.invalid", "--only", only, *TWO, env=env)

    assert result.exit_code == 0, result.stdout + result.stderr
    assert len(seen) > 15
    assert all(each.startswith("http://staging.invalid/") for each in seen)


def test_a_proxy_that_is_down_is_exit_3(url: str) -> None:
    env = {"HTTP_PROXY": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1"}
    result = run(url, *TWO, env=env | {"NO_PROXY": "", "no_proxy": ""})

    assert result.exit_code == 3
    assert "cannot be reached" in result.stderr


def test_a_token_that_lapses_in_mid_run_accuses_nobody(url: str) -> None:
    asked_by_ada = 0

    def odd(asked: Asked) -> Answer | None:
        nonlocal asked_by_ada
        asked_by_ada += asked.headers.get("Authorization") == "Bearer customer-ada"
        if asked_by_ada > 60 and asked.headers.get("Authorization") == "Bearer customer-ada":
            asked.headers["Authorization"] = "Bearer no-such-token"
        return None

    with proxy(url, odd) as at:
        result = run(at, *TWO)

    assert result.exit_code == 4, result.stdout
    assert "the token of customer-a is no longer accepted" in result.stdout
    assert "violated," not in result.stdout


@pytest.mark.long
@pytest.mark.parametrize("form", ["date", "decimal", "seconds", "absent", "nonsense"])
def test_a_429_is_waited_for_as_it_asks(url: str, form: str) -> None:
    count = 0

    def odd(asked: Asked) -> Answer | None:
        nonlocal count
        count += 1
        if count % 40:
            return None
        soon = format_datetime(datetime.now(UTC) + timedelta(seconds=1), usegmt=True)
        after = {"date": soon, "decimal": "0.2", "seconds": "1", "nonsense": "²"}.get(form)
        headers = {"Retry-After": after} if after else {}
        return Answer(429, headers, b"slow down")

    with proxy(url, odd) as at:
        result = quick(at, "--only", "bodies", "--only", "errors", *TWO)

    assert result.exit_code == 0, result.stdout
    assert "unstable" not in result.stdout.split("KEPT")[1]


@pytest.mark.long
@pytest.mark.parametrize(
    "answer",
    [
        Answer(429, {"Retry-After": "3600"}, b"slow down"),
        Answer(429, {"Retry-After": formatdate(4e9, usegmt=True)}, b"slow down"),
        Answer(503, {"Retry-After": "600", **JSON}, b'{"message": "closed"}'),
        Answer(503, {"Content-Type": "text/html"}, b"<h1>Service Unavailable</h1>"),
    ],
)
def test_what_asks_for_too_much_patience_is_not_covered(url: str, answer: Answer) -> None:
    with proxy(url, on_charges(answer)) as at:
        result = quick(at, "--only", "bodies", "--only", "http", *TWO)

    assert result.exit_code == 0, result.stdout
    assert f"rate-limited: {answer.status}" in result.stdout


@pytest.mark.long
def test_a_gateways_page_is_no_answer_of_the_api(url: str) -> None:
    def odd(asked: Asked) -> Answer | None:
        strange = re.search("%00|%3C|%27|=.*[-<'].*", asked.target)
        return HTML if strange or asked.method in ("PUT", "PATCH") else None

    with proxy(url, odd) as at:
        result = run(at, *LITTLE)

    assert result.exit_code == 0, result.stdout


def test_a_page_for_whatever_is_unknown_lets_nobody_in(url: str) -> None:
    paths = {each.path for each in Contract.load().operations.values()}
    known = re.compile("|".join(re.sub(r"{\w+}", "[^/]+", path) for path in paths))
    page = Answer(200, {"Content-Type": "text/html"}, b"<!doctype html><div id=app></div>")

    def odd(asked: Asked) -> Answer | None:
        return None if known.fullmatch(asked.path) else page

    with proxy(url, odd) as at:
        result = quick(at, *TWO, "--only", "AUTH-01", "--only", "ERR-03")

    assert set(re.findall(r"VIOLATED ([A-Z]+-\d+)", result.stdout)) == {"ERR-03"}


def test_a_server_that_knows_no_chunks_keeps_the_contract(url: str) -> None:
    with proxy(url, lambda asked: None, knows_chunks=False) as at:
        result = quick(at, *TWO, "--only", "PREF-09", "--only", "PREF-05", "--only", "HTTP-05")

    assert result.exit_code == 0, result.stdout
    assert "holds" in result.stdout


def test_a_redirect_says_where_to(url: str) -> None:
    def odd(asked: Asked) -> Answer:
        return Answer(308, {"Location": f"https://elsewhere.example{asked.path}/"})

    with proxy(url, odd) as at:
        result = quick(at, *TWO)

    assert result.exit_code == 3
    assert f"308 to https://elsewhere.example{ACCOUNT}/" in result.stderr


@pytest.mark.parametrize("whose", [["chloe"], ["henry"], ["chloe", "henry"]])
def test_an_account_that_fails_while_others_are_answered_is_a_violation(
    url: str, whose: list[str]
) -> None:
    tokens = [f"Bearer customer-{name}" for name in whose]
    panic = Answer(500, JSON | {"Access-Control-Allow-Origin": "*"}, b'{"message": "panic"}')

    def odd(asked: Asked) -> Answer | None:
        theirs = asked.headers.get("Authorization") in tokens
        read = asked.method in ("GET", "HEAD") and asked.path == ACCOUNT
        return panic if read and theirs else None

    with proxy(url, odd) as at:
        result = quick(at, *LITTLE)

    broken = re.findall(r"VIOLATED (\S+)", result.stdout)
    assert result.exit_code == 1, result.stderr
    assert broken == [f"{rule}@getMyAccountDetails" for rule in ("BODY-01", "ERR-01")]


def test_a_server_that_is_not_up_yet_is_waited_for(url: str) -> None:
    refused = 0

    def odd(asked: Asked) -> Answer | None:
        nonlocal refused
        refused += 1
        return Answer(503, body=b"starting") if refused < 4 else None

    with proxy(url, odd) as at:
        result = quick(at, "--wait", "60", "--only", "bodies")

    assert result.exit_code == 0, result.stdout + result.stderr
    assert refused > 4


def dripping(handler: BaseHTTPRequestHandler) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + b"X: y\r\n" * 1000:
        handler.wfile.write(bytes([byte]))
        time.sleep(0.3)


def dripping_body(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(1000):
        handler.wfile.write(b" ")
        time.sleep(0.3)


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[")
    for _ in range(10_000):
        handler.wfile.write(b"0," * 50_000)


def silent(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(300)
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.long
@pytest.mark.parametrize("raw", [dripping, dripping_body, endless, silent])
def test_an_answer_that_never_ends_is_none(url: str, raw: Raw) -> None:
    with proxy(url, on_charges(raw)) as at:
        result = run(at, "--timeout", "1.5", "--only", "BODY-01@listMyAccountCharges", *TWO)

    assert result.exit_code == 1, result.stdout + result.stderr
    assert "no answer" in result.stdout


BOMB = gzip.compress(b" " * (40 << 20))


@pytest.mark.long
@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(200, JSON | {"Content-Encoding": "gzip"}, BOMB), "longer than 16 MiB"),
        (
            Answer(200, JSON | {"Content-Encoding": "gzip"}, b"no gzip"),
            "not what its Content-Encoding",
        ),
        (Answer(200, JSON | {"Content-Encoding": "gzip"}, b'{"data": []}'), "Content-Encoding"),
        (said(b"[" * 1_000_000), "nested deeper"),
        (said('{"data": [], "fee": NaN}'), "it has NaN, which no browser reads"),
        (said('{"data": [], "fee": -Infinity}'), "no browser reads"),
        (said('{"data": [],}'), "the body is no JSON"),
        (said('{"data": []}'.encode("utf-16")), "the body is no JSON"),
        (said('{"data": "\\ud800"}'), "BODY-0"),
        (said(f'{{"data": {"9" * 10_000}}}'), "BODY-0"),
        (said(b'{"data": "\xff"}'), "BODY-0"),
        (said("null"), "BODY-0"),
    ],
)
def test_a_body_that_no_browser_can_use_is_a_violation_and_no_crash(
    url: str, answer: Answer, told: str, tmp_path: Path
) -> None:
    kinds = ("junit", "json", "html", "sarif")
    reports = [f"--report={kind}={tmp_path / kind}" for kind in kinds]
    with proxy(url, on_charges(answer)) as at:
        result = quick(at, "--only", "bodies", *TWO, *reports)

    assert result.exit_code == 1, result.stdout + result.stderr
    assert told in result.stdout
    assert json.loads((tmp_path / "json").read_text("utf-8"))["verdict"] == "broken"


@pytest.mark.parametrize("body", ["5", "null", '{"customers": 5}', '{"customers": [{}]}', "[{}]"])
def test_whatever_stands_where_our_mock_would_tell_its_people(url: str, body: str) -> None:
    def odd(asked: Asked) -> Answer | None:
        return said(body) if "__mock__" in asked.path else None

    with proxy(url, odd) as at:
        result = quick(at)

    assert result.exit_code == 2
    assert "nobody to speak for" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--customer-token", "customer-ada", "--customer-token", "nonsense"), "is not accepted"),
        (("--customer-token", "customer-ada", "--customer-token", "customer-ada"), "same token"),
        ((*TWO, "--staff-token", "customer-ben"), "the staff token is the token of"),
        ((*TWO, "--timeout", "nan"), "--timeout"),
        ((*TWO, "--timeout", "0"), "--timeout"),
        ((*TWO, "--rate", "-1"), "--rate"),
        ((*TWO, "--rate", "0"), "--rate"),
        ((*TWO, "--max-time", "0"), "--max-time"),
        ((*TWO, "--header", "X-Key"), "--header"),
        ((*TWO, "--header", "Authorization: Bearer x"), "kit's own"),
    ],
)
def test_what_cannot_be_meant_is_exit_2_before_any_law(
    url: str, arguments: tuple[str, ...], told: str
) -> None:
    result = quick(url, *arguments)

    assert result.exit_code == 2, result.stdout
    assert told in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("only", ["schema", "bodies"])
def test_a_gateways_key_is_sent_by_both_engines_and_shown_by_none(url: str, only: str) -> None:
    missing: list[str] = []

    def odd(asked: Asked) -> Answer | None:
        if asked.headers.get("X-Gateway-Key") != "gateway-key-4711":
            missing.append(asked.target)
        return said('{"data": "gateway-key-4711"}') if asked.path == CHARGES else None

    with proxy(url, odd) as at:
        result = run(at, *TWO, "--only", only, "--header", "X-Gateway-Key: gateway-key-4711")

    assert result.exit_code == 1, result.stdout
    assert missing == []
    assert "gateway-key-4711" not in result.stdout
    assert "$X_GATEWAY_KEY" in result.stdout


def test_a_run_ends_when_its_time_is_over(url: str) -> None:
    def odd(asked: Asked) -> None:
        time.sleep(0.1)

    with proxy(url, odd) as at:
        result = run(at, *TWO, "--max-time", "3")

    assert result.exit_code == 4, result.stdout
    assert "the time of the run is over (3 s)" in result.stdout

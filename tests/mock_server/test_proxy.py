"""`mock-server proxy`: a real implementation, judged as its traffic passes, and never changed."""

import gzip
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Event, Thread
from typing import Any

import httpx
import pytest
import trustme

from tests.mock_server.test_cli import run
from tests.needs import needs

ACCOUNT, CREDITS = "/customers/my-account", "/customers/my-account/credits"
ORDERS = "/shop/my-account/orders"
ADA = {"Authorization": "Bearer customer-ada"}
TELL = {"Prefer": "contract-violations"}
IMPLEMENTATION = Path(__file__).parent.parent / "contract_tests" / "implementation.mjs"


class Proxied:
    """A running proxy."""

    def __init__(self, url: str, log: Path, pid: int) -> None:
        self.url, self._log, self.pid = url, log, pid

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(self.url + path, headers=headers or ADA, timeout=60)

    def control(self, path: str) -> Any:
        return httpx.get(f"{self.url}/__mock__/sandboxes/default{path}").raise_for_status().json()

    @property
    def entries(self) -> list[dict[str, Any]]:
        return self.control("/journal")["entries"]

    @property
    def problems(self) -> list[str | None]:
        return [each[side]["problem"] for each in self.entries for side in ("request", "response")]

    @property
    def peak_mib(self) -> int:
        """The most memory that it ever took."""
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        assert found
        return int(found[1]) // 1024

    @property
    def log(self) -> str:
        return self._log.read_text()


@contextmanager
def proxied(folder: Path, upstream: str, *options: object, **env: str) -> Iterator[Proxied]:
    port_file, log = folder / "port", folder / "log"
    port_file.unlink(missing_ok=True)
    command = ["proxy", upstream, "--port", "0", "--port-file", port_file, *options]
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "mock_server", *map(str, command)],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=os.environ | env,
        )
    try:
        assert process.stdout
        assert upstream in process.stdout.readline(), log.read_text()
        yield Proxied(f"http://127.0.0.1:{port_file.read_text()}", log, process.pid)
    finally:
        process.terminate()
        process.communicate(timeout=20)


Proxying = Callable[..., Proxied]


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxying]:
    """Starts a proxy before an upstream; stops it at the end."""
    with ExitStack() as started:
        yield lambda upstream, *options, **env: started.enter_context(
            proxied(tmp_path, upstream, *options, **env)
        )


Script = Callable[["Server.Handler"], None]


class Server(ThreadingTCPServer):
    """An upstream that answers every request with the same bytes, and keeps what it was sent."""

    daemon_threads = True
    allow_reuse_address = True

    class Handler(StreamRequestHandler):
        server: "Server"

        def handle(self) -> None:
            while line := self.rfile.readline():
                head = [line]
                while (line := self.rfile.readline()) not in (b"\r\n", b""):
                    head.append(line)
                self.server.asked.append([each.rstrip(b"\r\n").decode() for each in head])
                self.server.bodies.append(self._body(self.server.asked[-1]))
                if isinstance(self.server.answer, bytes):
                    self.wfile.write(self.server.answer)
                else:
                    self.server.answer(self)
                    return

        def _body(self, head: list[str]) -> bytes:
            fields = dict(each.lower().split(": ", 1) for each in head[1:])
            if "transfer-encoding" not in fields:
                return self.rfile.read(int(fields.get("content-length", 0)))
            pieces = b""
            while size := int(self.rfile.readline(), 16):
                pieces += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return pieces

    def __init__(self, answer: bytes | Script, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Server.Handler)
        self.answer, self.asked, self.bodies = answer, list[list[str]](), list[bytes]()
        self._context = context
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self.server_address[1]}"

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self._context:
            connection = self._context.wrap_socket(connection, server_side=True)
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what some tests are about."""


Serving = Callable[..., Server]
Pair = tuple[Server, Proxied]


@pytest.fixture
def upstream() -> Iterator[Serving]:
    """Starts an upstream that answers with these bytes; stops it at the end."""
    with ExitStack() as started:

        def start(answer: bytes | Script, context: ssl.SSLContext | None = None) -> Server:
            server = started.enter_context(Server(answer, context))
            Thread(target=server.serve_forever, daemon=True).start()
            started.callback(server.shutdown)
            return server

        yield start


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    server = Server(b"")
    Thread(target=server.serve_forever, daemon=True).start()
    with server, proxied(tmp_path_factory.mktemp("proxy"), server.url) as here:
        yield server, here
        server.shutdown()


@pytest.fixture
def pair(running: Pair) -> Pair:
    """An upstream whose answer a test sets, and a proxy of no options before it, both forgetful."""
    server, here = running
    server.asked.clear()
    httpx.post(f"{here.url}/__mock__/sandboxes/default/journal/clear")
    return running


def answer(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    fields = {"Content_Type": "application/json", "Content_Length": str(len(body))} | headers
    lines = "".join(f"{name.replace('_', '-')}: {text}\r\n" for name, text in fields.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body


def raw(
    url: str, method: str = "GET", path: str = ACCOUNT, headers: Mapping[str, str] | None = None
) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers in their order and body of an answer, as they came over the socket."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
    with closing(connection):
        connection.putrequest(method, path, skip_host=False, skip_accept_encoding=True)
        for name, text in (headers or {}).items():
            connection.putheader(name, text)
        connection.endheaders()
        got = connection.getresponse()
        fields = [(name.lower(), text) for name, text in got.getheaders()]
        return got.status, fields, got.read()


NO_CREDITS = b'{"data":[]}'
ZIPPED = gzip.compress(NO_CREDITS)


@pytest.mark.parametrize(
    "sent",
    [
        answer(NO_CREDITS, Date="Tue, 01 Jan 2030 00:00:00 GMT", Server="odd/1", ETag='"x"'),
        answer(ZIPPED, Content_Encoding="gzip"),
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5\r\n" + NO_CREDITS[:5] + b"\r\n6\r\n" + NO_CREDITS[5:] + b"\r\n0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nX-Odd: 1\r\n\r\n",
        b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n',
        answer(b"", "302 Found", Location="https://elsewhere.example/"),
        answer(b"<h1>Bad gateway</h1>", "502 Bad Gateway", Content_Type="text/html"),
        b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 1\r\n\r\n\xff",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nKeep-Alive: timeout=9\r\n\r\n{}",
    ],
    ids=["plain", "zipped", "chunked", "204", "304", "redirect", "html", "cookies", "keep-alive"],
)
def test_an_answer_passes_untouched(pair: Pair, sent: bytes) -> None:
    server, here = pair
    server.answer = sent
    ours, theirs = raw(here.url, path=CREDITS), raw(server.url, path=CREDITS)

    assert ours[0] == theirs[0]
    assert ours[1] == [each for each in theirs[1] if each[0] != "keep-alive"]
    assert ours[2] == theirs[2]


def test_the_answer_to_head_keeps_its_length(pair: Pair) -> None:
    server, here = pair
    server.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n"
    status, headers, body = raw(here.url, "HEAD")

    assert (status, headers, body) == (200, [("content-length", "77")], b"")


def test_a_request_reaches_upstream_as_it_was_sent(proxy: Proxying, upstream: Serving) -> None:
    server = upstream(answer(b"{}"))
    here = proxy(f"{server.url}/club")
    path = "/a/../b/%2e%2F/@c;d?x=%20y&&z"
    hop = {"Connection": "X-Hop", "X-Hop": "1", "TE": "trailers"}
    raw(here.url, "GET", path, {"X-One": "1", "Accept-Encoding": "br, gzip;q=0.5"} | hop)
    httpx.post(here.url, content=iter([b"in ", b"pieces"]), headers={"Host": "shop.example"})

    assert server.asked[0][0] == f"GET /club{path} HTTP/1.1"
    assert sorted(each.lower() for each in server.asked[0][1:]) == [
        "accept-encoding: gzip;q=0.5",
        f"host: {server.url.removeprefix('http://')}",
        "x-one: 1",
    ]
    assert server.bodies[1] == b"in pieces"


def test_preflights_and_what_is_not_the_api_pass_unjudged(pair: Pair) -> None:
    server, here = pair
    server.answer = b"HTTP/1.1 204 No\r\nAccess-Control-Allow-Origin: https://a.example\r\n\r\n"
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    allowed = httpx.options(here.url + ACCOUNT, headers=asked).headers
    here.get("/docs")
    here.get("/")

    assert allowed.get_list("access-control-allow-origin") == ["https://a.example"]
    assert [head[0].split()[1] for head in server.asked] == [ACCOUNT, "/docs", "/"]
    assert here.entries == []


def test_a_body_comes_as_it_is_sent_and_not_when_it_is_whole(pair: Pair) -> None:
    server, here = pair
    first_seen = Event()

    def slowly(handler: Server.Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{ ")
        first_seen.wait(20)
        handler.wfile.write(b" }")

    server.answer = slowly
    with httpx.stream("GET", here.url + ACCOUNT) as got:
        pieces = got.iter_raw()
        assert next(pieces) == b"{ "
        first_seen.set()
        assert b"".join(pieces) == b" }"


@pytest.mark.slow
def test_a_body_too_long_to_be_judged_passes_whole(proxy: Proxying, upstream: Serving) -> None:
    body = b'{"data":[' + b" " * (20 << 20) + b"]}"
    here = proxy(upstream(answer(body)).url, "--errors")
    got = here.get(CREDITS)

    assert got.content == body
    (entry,) = here.entries
    assert entry["response"]["body_bytes"] == len(body)


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


@pytest.mark.slow
@pytest.mark.parametrize("path", [CREDITS, "/elsewhere"])
def test_with_errors_a_body_that_takes_long_is_not_held_back_to_its_end(
    proxy: Proxying, upstream: Serving, path: str
) -> None:
    seen = Event()

    def trickle(handler: Server.Handler) -> None:
        handler.wfile.write(answer(b"", Content_Length="1000"))
        while not seen.wait(0.1):
            handler.wfile.write(b" ")

    here = proxy(upstream(trickle).url, "--errors", "--timeout", "1")
    with httpx.stream("GET", here.url + path, headers=ADA, timeout=20) as got:
        assert next(got.iter_raw()).strip() == b""
        seen.set()


def test_nobody_there_is_502_and_says_what_was_tried(proxy: Proxying) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        upstream = f"http://127.0.0.1:{taken.getsockname()[1]}"
        here = proxy(upstream)
        got = here.get(ACCOUNT)

    assert got.status_code == 502
    message = f"GET {upstream}{ACCOUNT} could not be sent: Connection refused."
    assert got.json() == {"message": message}
    assert got.headers["access-control-allow-origin"] == "*"
    assert here.entries[0]["reason"] == message
    assert message in here.log
    assert here.control("/coverage")["met"] == 0


@pytest.mark.slow
def test_what_does_not_answer_is_504(proxy: Proxying, upstream: Serving) -> None:
    over = Event()
    here = proxy(upstream(lambda _handler: over.wait(20) and None).url, "--timeout", "0.2")
    got = here.get(ACCOUNT)
    over.set()

    assert got.status_code == 504
    assert "not answered within 0.2 s" in got.json()["message"]


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"", "disconnected"),
        (b"\x00\x01\r\n\r\n", "illegal status line"),
        (b"SSH-2.0\r\n\r\n", "illegal status line"),
    ],
)
def test_what_is_not_http_is_502(pair: Pair, sent: bytes, reason: str) -> None:
    server, here = pair
    server.answer = lambda handler: handler.wfile.write(sent) and None
    got = here.get(ACCOUNT)

    assert got.status_code == 502
    assert reason in got.json()["message"]


def half(handler: Server.Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")


def test_an_answer_that_breaks_off_breaks_off(pair: Pair) -> None:
    server, here = pair
    server.answer = half
    with pytest.raises(httpx.RemoteProtocolError):
        here.get(ACCOUNT)

    assert here.entries[0]["response"]["problem"] == "it was lost on its way: truncated"
    assert "Traceback" not in here.log


@pytest.mark.slow
def test_with_errors_an_answer_that_breaks_off_is_502(proxy: Proxying, upstream: Serving) -> None:
    got = proxy(upstream(half).url, "--errors").get(ACCOUNT)

    assert got.status_code == 502
    assert "broke off its answer" in got.json()["message"]


BAD_CREDIT = b'{"data":[{"id":"1"}]}'


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        (answer(BAD_CREDIT), "$.data[0]"),
        (answer(gzip.compress(BAD_CREDIT), Content_Encoding="gzip"), "$.data[0]"),
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

    assert plain == raw(server.url, path=CREDITS)
    (header,) = (text for name, text in told[1] if name == "x-contract-violations")
    assert header.startswith("answer: ")
    assert problem in header
    assert (told[0], told[2]) == (plain[0], plain[2])
    assert [problem in str(each) for each in here.problems] == [False, True] * 2
    assert "answer: " in here.log


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


@pytest.mark.slow
def test_a_certificate_is_trusted_by_its_authority_or_not_at_all(
    proxy: Proxying, upstream: Serving, tmp_path: Path
) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(trusted)
    server = upstream(answer(NO_CREDITS), context)

    refused = proxy(server.url).get(CREDITS)
    assert refused.status_code == 502
    assert "--ca" in refused.json()["message"]
    assert proxy(server.url, "--ca", trusted).get(CREDITS).content == NO_CREDITS
    assert proxy(server.url, "--insecure").get(CREDITS).content == NO_CREDITS


@pytest.mark.slow
def test_a_proxy_of_the_company_is_heeded(proxy: Proxying, upstream: Serving) -> None:
    company = upstream(answer(NO_CREDITS))
    here = proxy("http://staging.invalid", HTTP_PROXY=company.url, NO_PROXY="")

    assert here.get(CREDITS).content == NO_CREDITS
    assert company.asked[0][0] == f"GET http://staging.invalid{CREDITS} HTTP/1.1"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("staging",), "'staging' is not a URL such as"),
        (("https://a.example", "--ca", "none.pem"), "none.pem: cannot be trusted: No such file"),
        (("https://a.example", "--host", "0.0.0.0"), "others can reach the control API"),
        (("http://localhost:4019", "--port", "4019"), "is the proxy itself"),
    ],
)
def test_what_cannot_be_is_one_line(arguments: tuple[str, ...], line: str) -> None:
    refused = run("proxy", "--port", "0", *arguments)

    assert refused.exit_code == 2
    assert line in refused.stderr
    assert "Traceback" not in refused.stderr


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


def test_what_cannot_be_forwarded_is_the_clients_mistake(proxy: Proxying, url: str) -> None:
    before = proxy(url)
    odd = {"Authorization": "Bearer  "}
    status, _, body = raw(before.url, "OPTIONS", "*")

    assert (status, b"Only paths are forwarded" in body) == (400, True)
    with socket.create_connection(("127.0.0.1", int(before.url.rpartition(":")[2]))) as client:
        head = "".join(f"{name}: {text}\r\n" for name, text in odd.items())
        client.sendall(f"GET {ACCOUNT} HTTP/1.1\r\nHost: a\r\n{head}\r\n".encode())
        assert client.recv(65536)[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 401")


def test_a_header_that_is_not_ascii_passes(pair: Pair) -> None:
    upstream, proxy = pair
    upstream.answer = answer(NO_CREDITS, X_Odd="caf\xe9")
    status, headers, body = raw(proxy.url, path=CREDITS)

    assert (status, body, dict(headers)["x-odd"]) == (200, NO_CREDITS, "caf\xc3\xa9")

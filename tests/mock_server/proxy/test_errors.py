"""What the proxy answers where upstream is silent or breaks off, or its options cannot be used."""

import socket
from threading import Event

import httpx
import pytest

from tests.mock_server.proxy.servers import ACCOUNT, Pair, Proxying, Server, Serving, raw
from tests.mock_server.test_cli import run


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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"", "disconnected"),
        (b"\x00\x01\r\n\r\n", "illegal status line"),
        (b"SSH-2.0\r\n\r\n", "illegal status line"),
        (b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", "the status 999"),
        (b"HTTP/1.1 200 OK\r\nX-Odd: a\x01b\r\n\r\n", "a control character in X-Odd"),
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


def test_what_cannot_be_forwarded_is_the_clients_mistake(proxy: Proxying, url: str) -> None:
    before = proxy(url)
    odd = {"Authorization": "Bearer  "}
    status, _, body = raw(before.url, "OPTIONS", "*")

    assert (status, b"Only paths are forwarded" in body) == (400, True)
    with socket.create_connection(("127.0.0.1", int(before.url.rpartition(":")[2]))) as client:
        head = "".join(f"{name}: {text}\r\n" for name, text in odd.items())
        client.sendall(f"GET {ACCOUNT} HTTP/1.1\r\nHost: a\r\n{head}\r\n".encode())
        assert client.recv(65536)[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 401")

"""What makes a server pleasant to run: its log, its banner, its browser, its certificate."""

import asyncio
import json
import logging
import os
import pty
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import IO

import httpx
import pytest
import trustme

from mock_server.cli.announce import BatchingHandler
from tests.mock_server.test_cli import one_line, run

ADA = {"Authorization": "Bearer customer-ada"}
ACCOUNT = "/customers/my-account"
START = (sys.executable, "-m", "mock_server", "serve", "--port", "0")


class Server:
    """A running server, what it printed, and its log."""

    def __init__(self, process: "subprocess.Popen[str]", log: IO[str]) -> None:
        assert process.stdout is not None
        self.process, self.log = process, log
        self.banner = ""
        for line in process.stdout:
            self.banner += line
            if line.startswith(("  curl ", "{")):
                break
        self.url = re.findall(r"https?://[^\s\"]+", self.banner)[0]

    def line(self) -> str:
        return self.log.readline()


@contextmanager
def serving(
    *options: str, terminal: bool = False, folder: Path | None = None, **env: str
) -> Iterator[Server]:
    """A server whose log goes to a pipe, or to a terminal."""
    near, far = pty.openpty() if terminal else os.pipe()
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | env
    with subprocess.Popen(
        [*START, *options],
        stdout=subprocess.PIPE,
        stderr=far,
        text=True,
        env=environment,
        cwd=folder,
    ) as process:
        os.close(far)
        with os.fdopen(near, encoding="utf-8") as log:
            try:
                yield Server(process, log)
            finally:
                process.terminate()


def asked(server: Server, path: str, **headers: str) -> str:
    """The line of a request."""
    httpx.get(f"{server.url}{path}", headers=headers or ADA)
    return server.line()


@pytest.mark.slow
def test_a_line_has_query_person_rule_fault_and_time() -> None:
    with serving() as server:
        line = asked(server, f"{ACCOUNT}/credits?expired=true&access_token=hush")
        assert re.search(
            r"GET \S+/credits\?expired=true&access_token=REDACTED 200 [\d.]+ ms ada$", line
        )
        assert "AUTH-02" in asked(server, ACCOUNT, Authorization="Bearer nobody")
        fault = {"kind": "EMPTY_RESPONSE", "count": 1}
        httpx.post(f"{server.url}/__mock__/sandboxes/default/faults", json=fault)
        server.line()
        with pytest.raises(httpx.HTTPError):
            asked(server, ACCOUNT)
        assert re.search(r"GET \S+ lost [\d.]+ ms ada fault ", server.line())


@pytest.mark.slow
def test_a_quiet_server_logs_only_what_goes_wrong() -> None:
    with serving("--quiet") as server:
        assert httpx.get(server.url + ACCOUNT).status_code == 401
        port = int(server.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"nonsense\r\n\r\n")
            connection.recv(4096)
        assert "Invalid HTTP request" in server.line()


@pytest.mark.slow
def test_json_has_the_same_as_fields() -> None:
    with serving("--log-format", "json") as server:
        line = json.loads(asked(server, f"{ACCOUNT}?a=b"))
    wanted = {"method": "GET", "path": ACCOUNT, "query": "a=b", "status": 200, "persona": "ada"}

    assert wanted.items() <= line.items()
    assert line["ms"] > 0
    assert line["rule"] is None
    assert line["fault"] is None


@pytest.mark.slow
def test_in_json_every_line_is_json_even_of_what_is_no_request() -> None:
    with serving("--log-format", "json") as server:
        port = int(server.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"nonsense\r\n\r\n")
            connection.recv(4096)
        assert json.loads(server.line())["level"] == "warning"


@pytest.mark.slow
def test_a_request_is_one_line_whatever_it_holds() -> None:
    with serving() as server:
        for path in ("/a%0Ab", "/a%C2%85b", "/a%E2%80%A8b", "/a?b=%0A&\xa0"):
            assert "/a" in asked(server, path)
            assert ACCOUNT in asked(server, ACCOUNT)


def test_lines_of_one_turn_are_written_together_and_what_goes_wrong_at_once() -> None:
    written: list[str] = []
    handler = BatchingHandler()
    handler.stream = StringIO()
    handler.stream.write = lambda text: written.append(text) or 0  # type: ignore[func-returns-value]
    log = logging.Logger("turns")
    log.addHandler(handler)

    async def turns() -> None:
        log.info("one")
        log.info("two")
        assert written == []
        await asyncio.sleep(0)
        assert written == ["one\ntwo\n"]
        log.info("three")
        log.warning("four")
        assert written[1:] == ["three\nfour\n"]
        log.info("five")
        await asyncio.sleep(0)
        assert written[2:] == ["five\n"]

    asyncio.run(turns())
    log.info("six")
    assert written[3:] == ["six\n"]


@pytest.mark.slow
def test_a_server_that_ends_has_logged_every_request() -> None:
    with serving() as server:
        with httpx.Client(base_url=server.url, headers=ADA) as client:
            for _ in range(20):
                client.get(ACCOUNT)
            server.process.terminate()
        assert sum(ACCOUNT in line for line in server.log) == 20


@pytest.mark.slow
def test_a_terminal_gets_colour_unless_it_wants_none() -> None:
    with serving(terminal=True) as server:
        assert "\x1b[32m" in asked(server, ACCOUNT)
    with serving(terminal=True, NO_COLOR="1") as server:
        assert "\x1b" not in asked(server, ACCOUNT)


def test_the_banner_names_the_console_and_what_is_refused_and_no_pipe_gets_colour() -> None:
    with serving() as server:
        assert "\x1b" not in asked(server, ACCOUNT)
        assert f"console       {server.url}/__mock__/" in server.banner
        refused = server.banner.partition("Refused everywhere")[2]
        for token in ("staff-sam", "expired-ada", "revoked-ada"):
            assert token in refused
            answer = httpx.get(server.url + ACCOUNT, headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 401


@pytest.mark.slow
def test_open_opens_the_console(tmp_path: Path) -> None:
    pipe, script = tmp_path / "pipe", tmp_path / "browser"
    os.mkfifo(pipe)
    script.write_text(f'#!/bin/sh\necho "$1" > {pipe}\n')
    script.chmod(0o755)
    with serving("--open", BROWSER=f"{script} %s") as server:
        assert pipe.read_text().strip() == f"{server.url}/__mock__/"


@pytest.mark.slow
def test_tls_is_served_with_a_certificate_that_is_kept(tmp_path: Path) -> None:
    seen = set()
    for _ in range(2):
        with serving("--tls", HOME=str(tmp_path), XDG_CONFIG_HOME=str(tmp_path)) as server:
            authority = Path(server.line().rpartition(": ")[2].strip())
            seen.add(authority.read_bytes())
            context = ssl.create_default_context(cafile=str(authority))
            orders = httpx.get(
                f"{server.url}/shop/my-account/orders", headers=ADA, verify=context
            ).json()
            assert orders["links"]["first"].startswith(server.url.replace("http:", "https:"))
            with pytest.raises(httpx.ConnectError):
                httpx.get(server.url)
            answer = subprocess.run(
                server.banner.splitlines()[-1], shell=True, check=True, capture_output=True
            )
            assert b'"Ada"' in answer.stdout
    assert len(seen) == 1
    for file in authority.parent.glob("server.pem"):
        assert file.stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_tls_is_served_with_a_certificate_of_ones_own(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    issued.private_key_pem.write_to_path(key)
    for pem in issued.cert_chain_pems:
        pem.write_to_path(cert, append=True)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with serving("--tls-cert", str(cert), "--tls-key", str(key)) as server:
        assert httpx.get(server.url + ACCOUNT, headers=ADA, verify=context).status_code == 200


def test_what_is_no_certificate_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "cert.pem"
    for text in (None, "none"):
        if text:
            file.write_text(text)
        line = one_line(run("serve", "--port", "0", "--tls-cert", str(file)))
        assert f"{file}: not a certificate and its key, in PEM" in line


def test_help_tells_of_completion() -> None:
    assert "_MOCK_SERVER_COMPLETE=bash_source" in run("--help").output

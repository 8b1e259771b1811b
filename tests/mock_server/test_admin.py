"""Who may use the control API."""

import socket
import subprocess
import sys

import httpx
import pytest

from mock_server.app import Settings
from tests.conftest import Caller, Serve

HEALTH, SANDBOXES = "/__mock__/health", "/__mock__/sandboxes"


def serving(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "mock_server", "serve", "--port", "0", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_server_that_others_can_reach_does_not_start_unguarded() -> None:
    refused = serving("--host", "0.0.0.0")

    assert refused.returncode == 2
    assert "--admin-token" in refused.stderr


def test_an_empty_admin_token_is_none() -> None:
    refused = serving("--admin-token", "")

    assert refused.returncode == 2
    assert "--admin-token is empty" in refused.stderr


@pytest.mark.slow
@pytest.mark.parametrize("token", ["a b", "clé", "a\nb"])
def test_an_admin_token_is_one_that_every_client_can_send(token: str) -> None:
    refused = serving("--admin-token", token)

    assert refused.returncode == 2
    assert "signs of ASCII only" in refused.stderr


@pytest.mark.slow
def test_with_an_admin_token_nobody_without_it_is_answered(serve: Serve) -> None:
    url = serve("--host", "0.0.0.0", "--admin-token", "letmein").replace("0.0.0.0", "127.0.0.1")
    answers = [
        httpx.post(f"{url}{SANDBOXES}", json={}, headers=headers)
        for headers in ({}, {"Authorization": "Bearer guess"}, {"Authorization": "Bearer letmein"})
    ]

    assert [each.status_code for each in answers] == [401, 401, 201]
    bare = httpx.post(f"{url}{SANDBOXES}", json={}, headers={"Authorization": "letmein"})
    assert bare.status_code == 401
    assert httpx.get(f"{url}{HEALTH}").status_code == 200
    assert httpx.get(f"{url}/__mock__/docs").status_code == 200
    ada = {"Authorization": "Bearer customer-ada"}
    assert httpx.get(f"{url}/customers/my-account", headers=ada).status_code == 200


def test_an_admin_token_is_asked_for_where_the_document_says_so() -> None:
    call = Caller(Settings(admin_token="letmein"))
    sent = (
        {},
        *({"authorization": each} for each in ("Bearer guess", "letmein", "Bearer letmein")),
    )
    answers = [call("POST", SANDBOXES, body=b"{}", **headers) for headers in sent]

    assert [each.status for each in answers] == [401, 401, 401, 201]
    challenge = 'Bearer error="invalid_token"'
    assert [each.header("WWW-Authenticate") for each in answers[1:]] == [challenge, challenge, None]
    assert b"the server's admin token" in answers[0].body
    for path in (HEALTH, "/__mock__/docs"):
        assert call("GET", path).status == 200


@pytest.mark.parametrize(
    ("settings", "status"),
    [(Settings(), 403), (Settings(admin_token="x"), 200), (Settings(insecure_admin=True), 200)],
)
def test_under_any_name_only_a_guarded_or_a_daring_server_answers(
    settings: Settings, status: int
) -> None:
    call = Caller(settings)

    assert call("GET", HEALTH, host="mock.test:4010").status == status
    assert call("GET", HEALTH, host="localhost").status == 200


@pytest.mark.slow
def test_who_says_so_leaves_it_open(serve: Serve) -> None:
    url = serve("--host", "0.0.0.0", "--insecure-admin")

    assert httpx.get(f"{url}{HEALTH}", headers={"Host": "mock.test:4010"}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example"])
def test_a_name_that_was_made_to_lead_here_is_not_answered(url: str, host: str) -> None:
    port = url.rpartition(":")[2]
    headers = {"Host": f"{host}:{port}", "Origin": f"http://{host}:{port}"}
    answer = httpx.post(f"{url}{SANDBOXES}", json={}, headers=headers)

    assert answer.status_code == 403
    assert "loopback" in answer.json()["message"]


def test_this_machine_by_any_of_its_names_is_answered(url: str) -> None:
    port = url.rpartition(":")[2]
    for host in ("localhost", "127.0.0.1", "[::1]"):
        headers = {"Host": f"{host}:{port}"}
        assert httpx.get(f"{url}{HEALTH}", headers=headers).status_code == 200


def test_a_foreign_page_is_not_answered(url: str) -> None:
    answer = httpx.get(f"{url}{HEALTH}", headers={"Origin": "https://shop.example"})

    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_a_request_without_a_host_gets_the_envelope(url: str) -> None:
    port = int(url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /__mock__/health HTTP/1.0\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")

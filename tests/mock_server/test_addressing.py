"""However the path of the control API is written, whoever may not use it is not answered."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from mock_server.http.document import Document
from mock_server.http.paths import is_control
from tests.conftest import Serve
from tests.marks import rest_is_slow

BODIES: dict[str, Any] = {
    "createSandbox": {},
    "setClock": {"advance": "P1D"},
    "createToken": {"persona": "ada"},
    "createFault": {"kind": "latency", "delay_ms": 1},
}
SPELLINGS = {
    "plain": lambda path: path,
    "in the default sandbox": lambda path: f"/@default{path}",
    "in two sandboxes": lambda path: f"/@default/@default{path}",
    "in a sandbox of no name": lambda path: f"/@{path}",
    "sandbox encoded": lambda path: f"/%40default{path}",
    "sandbox and prefix encoded": lambda path: f"/@default{encoded(path)}",
    "prefix encoded": lambda path: encoded(path),
    "encoded twice": lambda path: f"/@default{encoded(path).replace('%', '%25')}",
    "slash encoded": lambda path: f"/@default%2f{path[1:]}",
    "two slashes": lambda path: f"/{path}",
    "two slashes in a sandbox": lambda path: f"/@default/{path}",
    "dot segment": lambda path: f"/.{path}",
    "dot segment in a sandbox": lambda path: f"/@default/.{path}",
    "from the API": lambda path: f"/customers/..{path}",
    "from the API, encoded": lambda path: f"/customers/%2e%2e{path}",
    "upper case": lambda path: path.replace("__mock__", "__MOCK__"),
    "parameters": lambda path: path.replace("__mock__", "__mock__;x=1"),
    "parameters in a sandbox": lambda path: f"/@default;x{path}",
    "backslash": lambda path: "/\\" + path[1:],
    "backslash in a sandbox": lambda path: "/@default\\" + path[1:],
    "absolute": lambda path: f"http://127.0.0.1{path}",
    "absolute in a sandbox": lambda path: f"http://127.0.0.1/@default{path}",
}
ATTACKS = {
    "no token": (True, {}),
    "foreign origin": (False, {"Origin": "http://evil.example"}),
    "foreign host": (False, {"Host": "rebound.example"}),
}


def encoded(path: str) -> str:
    return path.replace("__mock__", "%5f%5fmock%5F%5F")


def operations() -> Iterator[tuple[str, str, Any]]:
    for path, method, operation in Document.of("control.yaml").operations():
        id = operation["operationId"]
        if id != "getHealth":
            yield method.upper(), path.replace("{sandboxId}", "default"), BODIES.get(id)


def head_of(url: str, method: str, target: str, body: Any, headers: dict[str, str]) -> str:
    """The status line and headers of the answer to a request whose target is sent as it is."""
    address = httpx.URL(url)
    content = json.dumps(body).encode() if body is not None else b""
    sent = {
        "Host": f"127.0.0.1:{address.port}",
        "Content-Type": "application/json",
        "Content-Length": str(len(content)),
        "Connection": "close",
    } | headers
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
    with socket.create_connection((address.host, address.port), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + content)
        head = b""
        while b"\r\n\r\n" not in head and (piece := connection.recv(65536)):
            head += piece
    return head.partition(b"\r\n\r\n")[0].decode("latin-1")


@pytest.mark.parametrize("attack", rest_is_slow(ATTACKS))
def test_no_spelling_of_a_path_lets_anybody_in(serve: Serve, attack: str) -> None:
    guarded, headers = ATTACKS[attack]
    url = serve(*(["--admin-token", "letmein"] if guarded else []), "--scenario", "empty")
    answered, readable = [], []
    for method, path, body in operations():
        for how, spelling in SPELLINGS.items():
            head = head_of(url, method, spelling(path), body, headers)
            status = int(head.split()[1])
            if status < 400:
                answered.append((method, path, how, status))
            if "access-control-" in head.lower():
                readable.append((method, path, how))

    assert not answered
    assert not readable


@pytest.mark.parametrize("how", SPELLINGS)
def test_a_foreign_page_is_promised_nothing_by_a_preflight(url: str, how: str) -> None:
    target = SPELLINGS[how]("/__mock__/sandboxes")
    headers = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}

    assert "access-control-" not in head_of(url, "OPTIONS", target, None, headers).lower()


def test_a_sandbox_prefix_leads_to_the_api_only(client: httpx.Client) -> None:
    assert client.get("/@default/__mock__/sandboxes").status_code == 404
    assert client.get("/@default/__mock__/openapi.yaml").status_code == 404
    ada = {"Authorization": "Bearer customer-ada"}
    assert client.get("/@default/customers/my-account", headers=ada).status_code == 200


def test_what_is_not_the_control_api_stays_the_apis() -> None:
    for path in ("/customers/my-account", "/x/__mock__", "/customers/__mock__/x", "/__mock__x"):
        assert not is_control(path)

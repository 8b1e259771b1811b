"""Files that change under a running server."""

import shutil
from pathlib import Path

import httpx
import pytest

from mock_server.client.client import MockServer
from tests.mock_server.test_comfort import Server, serving

ACCOUNT = "/customers/my-account"
SCENARIO = "title: Mine\ncustomers:\n  ada:\n    customer: {first_name: NAME}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "mine.yaml"
    file.write_text(SCENARIO)
    return file


def first_name(server: Server, token: str) -> str:
    headers = {"Authorization": f"Bearer {token}"}
    return str(httpx.get(server.url + ACCOUNT, headers=headers).json()["data"]["first_name"])


def problem(server: Server) -> str | None:
    found: str | None = httpx.get(f"{server.url}/__mock__/health").json()["problem"]
    return found


def wait(server: Server, text: str) -> str:
    """The line of the log that begins with a text."""
    while text not in (line := server.line()):
        assert line, "the log ended"
    return line


def test_a_scenario_changes_while_sandboxes_and_tokens_stay(file: Path) -> None:
    with serving("--reload", "--scenario", str(file)) as server:
        wait(server, "watching")
        mock = MockServer(server.url)
        sandbox = mock.sandbox()
        sandbox.fault("latency", delay_ms=1)
        own = mock.sandbox("new-customer")
        token = sandbox.mint("ada", "P1D")
        file.write_text(SCENARIO.replace("NAME", "Grace"))
        assert "mine.yaml" in wait(server, "reloaded")

        assert first_name(server, "customer-ada") == "Grace"
        assert first_name(server, token) == "Grace"
        assert first_name(server, own.customer("ada").token) == "Ada"
        assert len(sandbox.faults()) == 1
        assert [each["status"] for each in sandbox.requests()] == [200]
        sandbox.reset()
        assert first_name(server, token) == "Grace"
        mock.close()


@pytest.mark.slow
def test_a_change_made_by_hand_outlives_the_file(file: Path) -> None:
    with serving("--reload", "--scenario", str(file)) as server:
        wait(server, "watching")
        mock = MockServer(server.url)
        sandbox = mock.sandbox()
        sandbox.change("ada", customer={"first_name": "Zoe"})
        file.write_text(SCENARIO.replace("NAME", "Grace"))
        wait(server, "reloaded")

        assert first_name(server, sandbox.customer("ada").token) == "Zoe"
        sandbox.reset()
        assert first_name(server, sandbox.customer("ada").token) == "Grace"
        mock.close()


@pytest.mark.slow
def test_a_broken_file_is_shown_in_place_and_the_last_good_one_served(file: Path) -> None:
    with serving("--reload", "--scenario", str(file)) as server:
        wait(server, "watching")
        assert problem(server) is None
        file.write_text("title: [\n")
        assert "mine.yaml:" in wait(server, "not reloaded")

        assert "mine.yaml:" in (problem(server) or "")
        assert first_name(server, "customer-ada") == "NAME"
        file.write_text(SCENARIO.replace("NAME", "Grace"))
        wait(server, " reloaded")
        assert problem(server) is None
        assert first_name(server, "customer-ada") == "Grace"


@pytest.mark.slow
def test_the_document_and_the_catalogue_change_too(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    for name in ("mock_server", "spec", "fixtures"):
        shutil.copytree(root / name, tmp_path / name)
    document, catalogue = tmp_path / "spec" / "openapi.yaml", tmp_path / "fixtures/catalogue.yaml"
    with serving("--reload", folder=tmp_path) as server:
        wait(server, "watching")
        text = document.read_text()
        document.write_text(text.replace("\n  title: ", "\n  title: Changed ", 1))
        wait(server, " reloaded")
        title = httpx.get(f"{server.url}/openapi.json").json()["info"]["title"]
        assert title.startswith("Changed ")

        document.write_text(
            text.replace("operationId: getMyAccountDetails\n", "operationId: getIt\n")
        )
        assert "getIt" in wait(server, "not reloaded")
        document.write_text(text)
        wait(server, " reloaded")
        catalogue.write_text("sites: 1\n")
        wait(server, "not reloaded")
        assert httpx.get(f"{server.url}/openapi.json").status_code == 200


@pytest.mark.slow
def test_a_scenario_that_somebody_is_at_work_on_is_listed_with_what_is_wrong(
    tmp_path: Path,
) -> None:
    root = Path(__file__).parents[2]
    for name in ("mock_server", "spec", "fixtures"):
        shutil.copytree(root / name, tmp_path / name)
    with serving(folder=tmp_path) as server:
        (tmp_path / "fixtures/scenarios/empty.yaml").write_text("title: [\n")
        listed = {
            each["name"]: each["title"]
            for each in httpx.get(f"{server.url}/__mock__/scenarios").json()
        }

    assert "empty.yaml:2: " in listed["empty"]
    assert listed["lapsed-member"] != "lapsed-member"

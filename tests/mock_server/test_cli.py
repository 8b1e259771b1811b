"""The command line, as a user types it."""

import json
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from mock_server import __version__
from mock_server.cli import COMMANDS, main
from tests.marks import rest_is_slow


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def one_line(result: Result) -> str:
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    [line] = result.stderr.strip().splitlines()
    return line


def test_version_and_help_answer() -> None:
    assert __version__ in run("--version").output
    for command in ([], ["serve"], ["scenarios"], ["token"]):
        assert run(*command, "--help").exit_code == 0


HELP = """
import sys
import time
from click.testing import CliRunner
from mock_server.cli import main

assert CliRunner().invoke(main, ["--help"]).exit_code == 0
print(sorted({"connexion", "faker", "starlette", "httpx", "rich", "yaml"} & set(sys.modules)))
"""


def test_help_imports_no_server() -> None:
    ran = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, check=False)

    assert ran.stdout == "[]\n", ran.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_describes_each_as_its_own_help_does(name: str) -> None:
    _, line = COMMANDS[name]

    assert line in run("--help").output
    assert line in run(name, "--help").output


def test_an_unknown_scenario_is_one_line_that_names_the_known_ones() -> None:
    line = one_line(run("serve", "--scenario", "nowhere"))

    assert "unknown scenario 'nowhere'" in line
    assert "heavy-history" in line


def test_a_taken_port_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        line = one_line(run("serve", "--port", str(taken.getsockname()[1])))

    assert "cannot listen on 127.0.0.1:" in line


def test_workers_want_a_port_of_their_own() -> None:
    assert "--port 0 are for one process" in run("serve", "--workers", "2", "--port", "0").stderr


@pytest.mark.slow
def test_a_port_file_that_cannot_be_written_is_one_line() -> None:
    command = [sys.executable, "-m", "mock_server", "serve", "--port", "0"]
    ended = subprocess.run(
        [*command, "--port-file", "/nowhere/port"], capture_output=True, text=True, check=False
    )

    assert ended.returncode == 2
    assert ended.stderr == "mock-server: /nowhere/port: No such file or directory\n"


def test_broken_yaml_is_one_line_with_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("title: x\ncustomers: [}\n")

    assert "broken.yaml:2:" in one_line(run("scenarios", "check", str(file)))


def test_a_wrong_word_in_a_scenario_is_named_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "typo.yaml"
    file.write_text("title: x\ncustomers:\n  ada:\n    credits:\n      gift: {state: gone}\n")
    line = one_line(run("scenarios", "check", str(file)))

    assert "typo.yaml:5: ada.credits.gift" in line
    assert "gone" in line


def test_an_unknown_reference_in_a_scenario_names_what_there_is(tmp_path: Path) -> None:
    file = tmp_path / "reference.yaml"
    file.write_text("title: x\ncustomers:\n  ada:\n    memberships:\n      m: {rate: golden}\n")

    assert "golden" in one_line(run("scenarios", "check", str(file)))


def test_an_unknown_quirk_or_instant_is_refused() -> None:
    for option in (["--now", "yesterday"], ["--quirk", "odd"]):
        result = run("serve", *option)
        assert result.exit_code == 2
        assert option[1] in result.stderr


def test_the_scenarios_that_come_along_are_listed_and_shown() -> None:
    listed = run("scenarios", "list").output
    assert {"default", "empty", "heavy-history"} <= set(re.findall(r"^\S+", listed, re.M))
    assert "ada" in run("scenarios", "show", "default").output


def test_a_token_is_printed_for_a_persona_and_refused_for_a_stranger() -> None:
    assert run("token", "ada").output == "customer-ada\n"
    assert run("token", "sam").output == "staff-sam\n"
    assert "nobody is called 'zoe'" in one_line(run("token", "zoe"))


def test_a_variable_stands_for_an_option() -> None:
    result = CliRunner().invoke(main, ["serve"], env={"MOCK_SERVER_SCENARIO": "nowhere"})

    assert "unknown scenario 'nowhere'" in one_line(result)


@pytest.mark.parametrize("number", rest_is_slow([signal.SIGTERM, signal.SIGINT]))
def test_a_server_greets_serves_and_ends_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    command = [sys.executable, "-m", "mock_server", "serve", "--port", "0", "--log-format", "json"]
    process = subprocess.Popen(
        [*command, "--port-file", str(port_file)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    greeting = json.loads(process.stdout.readline())
    process.send_signal(number)
    _, errors = process.communicate(timeout=10)

    assert greeting["tokens"]["ada"] == "customer-ada"
    assert process.returncode == 0
    assert b"Traceback" not in errors


def test_no_text_of_a_stranger_steers_the_terminal(tmp_path: Path) -> None:
    file = tmp_path / "odd.yaml"
    odd = r'"\e]0;owned\a \u202Egnp"'
    file.write_text(f"title: {odd}\ncustomers: {{zoe: {{description: {odd}}}}}\n")
    shown = run("scenarios", "show", str(file)).output
    file.write_text(f"title: x\ncustomers: {{{odd}: {{}}}}\n")
    refused = run("scenarios", "check", str(file)).output

    for text in (shown, refused):
        assert "owned" in text
        assert all(line.isprintable() for line in text.splitlines())


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--port", "99999"),
        ("--port", "-1"),
        ("--seed", "-1"),
        ("--seed", "99999999999999999999"),
        ("--delay", "999999999"),
        ("--staff-read-status", "999"),
        ("--staff-write-status", "200"),
        ("--now", "9999-12-31T23:59:59-14:00"),
        ("--sandbox-ttl", "nan"),
        ("--sandbox-ttl", "-1"),
        ("--now", "2026-03-01T09:00:00"),
        ("--redirect-uri", "app.example"),
        ("--redirect-uri", "javascript:alert(1)"),
    ],
)
def test_a_value_out_of_its_bounds_is_refused_with_what_would_be_right(
    option: str, value: str
) -> None:
    result = run("serve", "--port", "0", option, value)
    [line] = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]

    assert result.exit_code == 2
    assert f"'{option}'" in line


@pytest.mark.parametrize(
    "arguments",
    [
        "shards --listen abc",
        "shards --listen 80;",
        "shards --count 1 --address a:b",
        "shards --count 1 --address 4011",
        "proxy http://a:99999",
        "proxy http://127.0.0.1:1 --timeout nan",
        "coverage --url http://[::1",
        "coverage --require nan",
        "replay bug.json --mock nowhere",
        "serve --snapshot /dev/zero",
        "serve --shard 3/2",
        "serve --shard a/b",
        "serve --workers 2 --shard 1/2",
    ],
)
def test_a_value_that_is_none_is_refused_in_a_line(arguments: str) -> None:
    result = run(*arguments.split())
    told = [line for line in result.stderr.splitlines() if re.match("Error: |mock-server: ", line)]

    assert (result.exit_code, len(told)) == (2, 1), result.stderr
    assert isinstance(result.exception, SystemExit)


def test_a_fault_of_the_mocks_own_is_a_line_and_has_an_exit_code_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("of\nnothing")

    monkeypatch.setattr("mock_server.cli.shards.nginx", fail)
    result = run("shards")

    assert result.exit_code == 70
    assert result.stderr.startswith(
        "mock-server: a fault of its own: ZeroDivisionError: of nothing"
    )
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("closed", [0, 1, 2])
def test_a_server_starts_whichever_standard_stream_is_closed(closed: int, tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    command = f"exec {shlex.quote(sys.executable)} -m mock_server serve --port 0 --port-file "
    process = subprocess.Popen(
        ["sh", "-c", f"{command}{shlex.quote(str(port_file))} {closed}>&-"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not (port_file.exists() and port_file.read_text()):
            assert process.poll() is None
            time.sleep(0.02)
        url = f"http://127.0.0.1:{port_file.read_text()}"
        assert httpx.get(f"{url}/__mock__/health").status_code == 200
    finally:
        process.terminate()
        process.wait()

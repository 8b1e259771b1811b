"""What a profile says: keys, variables, and commands that give tokens."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from contract_tests.cli import main
from contract_tests.profile import load
from contract_tests.states import provider_state
from contract_tests.target import TargetError
from tests.contract_tests.hostile import Answer, Asked, proxy

Written = Callable[[str], Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Writes a profile."""

    def write(text: str) -> Path:
        path = tmp_path / "profile.yaml"
        path.write_text(text, "utf-8")
        return path

    return write


def run(profile: Path) -> Result:
    return CliRunner().invoke(main, ["run", "--profile", str(profile), "--depth", "quick"])


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("customers: []\nread_only: true\ncustomers: []\n", ("3", "1")),
        ("customers:\n- token: a\n  facts:\n    charges: 1\n    charges: 1\n", ("5", "4")),
        ("tokens: {staff: a, staff: b}\n", ("1", "1")),
    ],
)
def test_a_key_that_stands_twice_is_exit_2_with_both_lines(
    written: Written, text: str, lines: tuple[str, str]
) -> None:
    result = run(written(text))

    assert result.exit_code == 2
    assert f"profile.yaml:{lines[0]}: " in result.stderr
    assert f"stands in line {lines[1]} already" in result.stderr


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("custmers: []\n", "a profile has no field 'custmers', but base_url, customers, tokens"),
        ("custmers: []\n", "did you mean 'customers'?"),
        ("customers:\n- tokn: a\n", "customers has no field 'tokn', but token, name, id"),
        (
            "tokens: {lockd: a}\n",
            "tokens has no field 'lockd', but staff, expired, revoked",
        ),
    ],
)
def test_a_field_that_does_not_exist_is_exit_2_with_those_that_do(
    written: Written, text: str, reason: str
) -> None:
    result = run(written(text))

    assert result.exit_code == 2
    assert reason in result.stderr
    assert "Traceback" not in result.output


def test_variables_are_filled_in_once_the_yaml_is_read(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "a: b # c\n- '\"")
    monkeypatch.setenv("DIGITS", "0042")
    monkeypatch.setenv("COUNT", "23")
    profile = load(
        written(
            "# ${NO_SUCH_VARIABLE} is what a comment may say\n"
            "customers:\n"
            "- token: '${TOKEN}'\n"
            "  facts:\n"
            "    order_count: ${COUNT}\n"
            "- token: ${DIGITS}\n"
            "timeout_s: ${COUNT}\n"
        )
    )

    assert [each.token for each in profile.customers] == ["a: b # c\n- '\"", "0042"]
    assert (profile.customers[0].facts, profile.timeout_s) == ({"order_count": 23}, 23)


PRINTS = f"[{sys.executable}, -c, 'print(\"customer-ada \")']"


def test_a_command_gives_a_token_with_a_shell_only_where_it_is_a_text(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHO", "ben")
    customers = f"- token_command: {PRINTS}\n- token_command: echo customer-${{WHO}} | tr -d '\\n'"
    text = f"customers:\n{customers}\ntokens: {{staff: {{token_command: [echo, $HOME]}}}}\n"
    profile = load(written(text))

    assert [each.token for each in profile.customers] == ["customer-ada", "customer-ben"]
    assert profile.tokens.staff == "$HOME"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("token_command: [no-such-program]", "cannot be run: No such file"),
        ("token_command: echo s3cret-in-clear; exit 7", "ended with 7, not 0"),
        ("token_command: 'true'", "wrote no token"),
        ("{token_command: echo x, token: y}", "leave one of them out"),
        ("token_command: 5", "token_command"),
    ],
)
def test_a_command_that_gives_none_is_exit_2_in_one_line_without_its_output(
    written: Written, said: str, told: str
) -> None:
    result = run(written(f"base_url: http://127.0.0.1:1\ncustomers:\n- {said}\n"))

    assert result.exit_code == 2
    assert told in result.stderr
    assert "s3cret" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.long
@pytest.mark.parametrize("renewed", [True, False])
def test_a_token_that_lapses_in_mid_run_is_renewed_by_its_command(
    url: str, written: Written, tmp_path: Path, renewed: bool
) -> None:
    """Ada's token holds for 150 requests of hers; after it, only the second one does."""
    asked, counter = 0, tmp_path / "count"

    def odd(request: Asked) -> Answer | None:
        nonlocal asked
        said = request.headers.get("Authorization")
        asked += said == "Bearer lapsing-token-1"
        good = "Bearer lapsing-token-1" if asked <= 150 else "Bearer lapsing-token-2"
        if said and said.startswith("Bearer lapsing-token-") and said[:22] == said:
            request.headers["Authorization"] = "Bearer customer-ada" if said == good else "Bearer x"
        return None

    counts = f"echo >> {counter}; echo lapsing-token-$(wc -l < {counter})"
    command = counts if renewed else "echo lapsing-token-1"
    text = f"customers: [{{token_command: '{command}', name: ada}}, {{token: customer-ben}}]"
    with proxy(url, odd) as at:
        result = run(written(f"base_url: {at}\n{text}\n"))

    assert result.exit_code == (0 if renewed else 4), result.stdout
    assert "lapsing-token" not in result.output
    assert asked > 150
    if renewed:
        assert counter.read_text().count("\n") == 2


def test_a_state_hook_is_asked_with_the_headers_and_the_deadline_of_all_else(
    url: str, written: Written
) -> None:
    seen: list[str | None] = []

    def odd(asked: Asked) -> Answer:
        seen.append(asked.headers.get("X-Gateway-Key"))
        commands = b'{"customers": [{"token_command": "touch /tmp/never"}]}'
        return Answer(200, {"Content-Type": "application/json"}, commands)

    with proxy(url, odd) as at:
        profile = load(
            written(f"state_url: {at}/state\nread_only: true\nheaders: {{X-Gateway-Key: key}}\n")
        )
        with pytest.raises(TargetError, match="tokens alone"), provider_state(profile):
            raise AssertionError("nothing was provided")

    assert seen == ["key", "key"]

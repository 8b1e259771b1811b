"""No secret leaves the kit, in whatever form it came back."""

import base64
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from click.testing import CliRunner, Result

from contract_tests.cli import main
from contract_tests.redaction import Redactor
from tests.contract_tests.hostile import Answer, Asked, proxy

TOKEN = "k9/+\"Canary7&<Wt'=~%41_x\\u00e9zz42"
"""Every letter of it that some encoding alters."""
PLAIN = "0f5c3b9ad2Canary7Wt51e8"
LEAK = ("canary7", "ganary7")


def forms(token: str) -> dict[str, str]:
    """A token, as a careless server may give it back."""
    bearer = f"Bearer {token}".encode()
    return {
        "plain": token,
        "json": json.dumps(token),
        "json in json": json.dumps(json.dumps(token)),
        "percent": quote(token, safe=""),
        "percent twice": quote(quote(token, safe=""), safe=""),
        "every letter percent": "".join(f"%{ord(each):02x}" for each in token),
        "every letter escaped": "".join(f"\\u{ord(each):04X}" for each in token),
        "html": html.escape(token),
        "numbered html": "".join(f"&#{ord(each)};" for each in token),
        "base64": base64.b64encode(token.encode()).decode(),
        "base64url": base64.urlsafe_b64encode(token.encode()).decode().rstrip("="),
        "base64 of more": base64.b64encode(b"me:" + bearer + b"!").decode(),
        "hex": token.encode().hex(),
        "upper": token.upper(),
        "lower": token.lower(),
        "broken over lines": token[:9] + "\r\n  " + token[9:],
        "a letter a line": "\n".join(token),
        "zero-width": "\u200b".join(token),
        "repr": repr(token),
        "in a sentence": f"bad token 'Bearer {token}'.",
        "cut off": f"bad token {token[:-2]}",
    }


def leaks(text: str) -> bool:
    """Whether a canary can be read from a text, with some effort."""
    words = [text, unquote(unquote(text)), html.unescape(text)]
    words += [re.sub(r"[\s\u200b│]", "", each) for each in words]
    words.append(re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text))
    for coded in re.findall(r"[\w+/=-]{12,}", text):
        for shift in range(4):
            raw = coded[shift:].replace("-", "+").replace("_", "/").rstrip("=")
            try:
                words.append(base64.b64decode(raw[: len(raw) // 4 * 4]).decode("latin-1"))
            except ValueError:
                continue
        words += [bytes.fromhex(h).decode("latin-1") for h in re.findall(r"(?:[\da-f]{2})+", coded)]
    return any(leak in each.lower() for each in words for leak in LEAK)


@pytest.mark.parametrize("form", forms(TOKEN))
@pytest.mark.parametrize("token", [TOKEN, PLAIN])
def test_a_token_is_hidden_in_every_form(form: str, token: str) -> None:
    redact = Redactor()
    redact.hide(token, "$ADA_TOKEN")
    text = f"it says {forms(token)[form]}"

    assert leaks(text)
    assert not leaks(redact(text))
    assert "$ADA_TOKEN" in redact(text) or "${ADA_TOKEN}" in redact(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a1b2c3d4-00a1-4a1a-a1a1-a1b2c3d4e5f6", "a1b2c3d4-00a1-4a1a-a1a1-a1b2c3d4e5f6"),
        ("token a1 is bad", "token $EVE_TOKEN is bad"),
        ("customer-adams", "customer-adams"),
        ("no customer", "no customer"),
        ("'customer-ada'", "'$ADA_TOKEN'"),
        ("customer-ada%20x", "$ADA_TOKEN%20x"),
    ],
)
def test_a_short_token_cuts_nothing_that_it_happens_to_stand_in(text: str, shown: str) -> None:
    redact = Redactor()
    redact.hide("a1", "$EVE_TOKEN")
    redact.hide("customer-ada", "$ADA_TOKEN")

    assert redact(text) == shown


def test_an_altered_token_is_shown_as_a_shell_makes_it() -> None:
    redact = Redactor()
    redact.hide(PLAIN, "$ADA_TOKEN")
    for token, shown in {
        f"{PLAIN}x": "${ADA_TOKEN}x",
        PLAIN[:-1]: "${ADA_TOKEN%?}",
        PLAIN.upper(): "${ADA_TOKEN^^}",
        f"{PLAIN[:9]}Z{PLAIN[10:]}": "${ADA_TOKEN:0:9}Z${ADA_TOKEN: -13}",
    }.items():
        redact.hide_altered(token)
        assert redact(f"Bearer {token}") == f"Bearer {shown}"


@pytest.mark.parametrize("form", forms(TOKEN))
def test_a_token_that_was_altered_is_hidden_in_every_form(form: str) -> None:
    redact = Redactor()
    redact.hide(TOKEN, "$ADA_TOKEN")
    altered = f"Z{TOKEN[1:]}"
    redact.hide_altered(altered)

    assert not leaks(redact(f"it says {forms(altered)[form]}"))


def test_what_no_terminal_can_take_is_shown_escaped() -> None:
    assert Redactor()("a\x1b[31m\ud800\x00b") == "a\\x1b[31m\\ud800\\x00b"


@pytest.fixture
def echoing(url: str) -> Iterator[tuple[str, dict[str, str]]]:
    """A server that gives tokens back wherever it can, and secrets of its own; and its tokens."""
    tokens = {f"{name}{TOKEN}": f"customer-{name}" for name in ("ada", "ben")}
    tokens[f"staff{PLAIN}"] = "staff-sam"
    count = 0

    def odd(asked: Asked) -> Answer | None:
        nonlocal count
        count += 1
        scheme, _, token = asked.headers.get("Authorization", "").partition(" ")
        if token in tokens and "=" not in asked.target and count % 3:
            asked.headers["Authorization"] = f"{scheme} {tokens[token]}"
            return None
        form = list(forms(token).values())[count % 21]
        said: dict[str, Any] = {"message": f"{form} Canary7inClear-{count}"}
        said["data"] = [{"id": form, "total": form}]
        said |= {"accessToken": "Canary7ofTheAnswer", "nested": {"api_key": "short:Canary7"}}
        headers = {
            "Set-Cookie": "sid=Canary7cookie99; Path=/",
            "X-Auth-Token": "Canary7header99",
            "WWW-Authenticate": 'Bearer realm="x", nonce="Canary7nonce99"',
            "X-Echo": quote(token),
            "Content-Type": "application/json",
        }
        said["message"] = said["message"].replace("Canary7inClear", "plainly")
        return Answer(200 if count % 2 else 418, headers, json.dumps(said).encode())

    with proxy(url, odd) as at:
        yield at, tokens


def run(*arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, ["run", *arguments], env=env)


@pytest.mark.long
def test_no_output_shows_a_secret_of_requests_or_answers(
    echoing: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    at, tokens = echoing
    ada, ben, staff = tokens
    files = {kind: tmp_path / kind for kind in ("junit", "json", "html", "sarif")}
    reports = [f"--report={kind}={file}" for kind, file in files.items()]
    who = [f"--customer-token={ada}", f"--customer-token={ben}", f"--staff-token={staff}"]
    groups = ("authentication", "errors", "ownership", "bodies", "PREF-04", "CREDITS-01")
    only = [f"--only={group}" for group in groups]
    asked = ("--base-url", at, "--depth", "quick", "--wait", "5", *who, *only, *reports)
    result = run(*asked, env={"GITHUB_ACTIONS": "true"})

    assert result.exit_code == 1, result.stderr
    outputs = {kind: file.read_text("utf-8") for kind, file in files.items()}
    outputs |= {"stdout": result.stdout, "stderr": result.stderr}
    assert [kind for kind, text in outputs.items() if leaks(text)] == []
    assert "_TOKEN" in outputs["stdout"]


def test_the_line_that_tells_of_an_unready_target_shows_no_token(url: str) -> None:
    def odd(asked: Asked) -> Answer:
        return Answer(403, body=f"go away, {asked.headers['Authorization']}\nat once".encode())

    with proxy(url, odd) as at:
        result = run("--base-url", at, "--customer-token", PLAIN)

    assert result.exit_code == 3
    assert "403 go away" in result.stderr
    assert not leaks(result.stderr)
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("token", "told"),
    [
        (f"{PLAIN}\n", "white space"),
        (f"{PLAIN}é", "no header can carry"),
        ("", "is empty"),
    ],
)
def test_a_token_that_no_header_can_carry_is_exit_2_without_it(
    url: str, token: str, told: str
) -> None:
    result = run("--base-url", url, "--customer-token", "x", "--customer-token", token)

    assert result.exit_code == 2
    assert told in result.stderr
    assert not leaks(result.stderr)
    assert len(result.stderr.splitlines()) == 1


def test_credentials_in_the_base_url_are_exit_2_without_them() -> None:
    result = run("--base-url", "http://me:Canary7@127.0.0.1:1", "--customer-token", "x")

    assert result.exit_code == 2
    assert not leaks(result.stderr)


@pytest.mark.parametrize(
    ("altered", "line", "shown"),
    [
        ("Bearerquite-a-token", "Bearer quite-a-token", "Bearer $ADA_TOKEN"),
        ("QUITE-A-TOKEN", "Bearer QUITE-A-TOKEN", "Bearer ${ADA_TOKEN^^}"),
        ("QUITE-A-TOKEN", "Bearer quite-a-token", "Bearer $ADA_TOKEN"),
    ],
)
def test_a_token_that_differs_from_an_altered_one_in_a_blank_or_in_case_is_told_from_it(
    altered: str, line: str, shown: str
) -> None:
    redact = Redactor()
    redact.hide("quite-a-token", "$ADA_TOKEN")
    redact.hide_altered(altered)

    assert redact(line) == shown


def test_a_token_spliced_from_two_shows_neither_half() -> None:
    redact = Redactor()
    redact.hide("first-canary-0001", "$ADA_TOKEN")
    redact.hide("other-ganary-0002", "$BEN_TOKEN")
    redact.hide_altered("first-canganary-0002")

    assert redact("Bearer first-canganary-0002") == "Bearer ${ADA_TOKEN:0:9}${BEN_TOKEN: -11}"

"""What is hidden of a request and of its answer, and what is left to be read."""

import json
from base64 import b64encode
from typing import Any

import pytest

from mock_server.http.secrets import _SECRETS
from mock_server.observation.redaction import Redactor

NOTHING = Redactor({})
BASIC = b64encode(b"ada:hush%20hush").decode()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Bearer hush", "Bearer REDACTED"),
        ("dPoP hush", "dPoP REDACTED"),
        (f"Basic {BASIC}", "Basic REDACTED"),
        ("Bearer", "Bearer"),
        ("Bearer ", "Bearer REDACTED"),
        ("hush", "REDACTED"),
        ("Hush hush", "REDACTED"),
        ("", "REDACTED"),
    ],
)
def test_of_a_secret_header_the_scheme_is_left(value: str, shown: str) -> None:
    shown_headers = NOTHING.headers({"authorization": value, "accept": "*/*"})

    assert shown_headers == {"authorization": shown, "accept": "*/*"}
    assert NOTHING.pairs([("X-Api-Key", "a"), ("x-api-key", "b")]) == [
        ("X-Api-Key", "REDACTED"),
        ("x-api-key", "REDACTED"),
    ]


@pytest.mark.parametrize(
    ("headers", "query", "text", "shown"),
    [
        ({"authorization": "Bearer hush-hush"}, "", "/a/hush-hush/b", "/a/REDACTED/b"),
        ({"authorization": "hush-hush"}, "", "/a/hush-hush", "/a/REDACTED"),
        ({"x-api-key": "hush hush-hush"}, "", "/hush-hush", "/REDACTED"),
        ({"authorization": f"Basic {BASIC}"}, "", f"/{BASIC}", "/REDACTED"),
        ({"authorization": f"Basic {BASIC}"}, "", "ada:hush%20hush", "REDACTED"),
        ({"authorization": f"Basic {BASIC}"}, "", "/hush%20hush", "/REDACTED"),
        ({"authorization": f"Basic {BASIC}"}, "", "/hush hush", "/REDACTED"),
        ({"authorization": "Basic hush-hush"}, "", "/hush-hush", "/REDACTED"),
        ({"authorization": "Basic"}, "", "/basic", "/basic"),
        ({"x-api-key": "hu/sh+hu"}, "", "/hu%2Fsh%2Bhu", "/REDACTED"),
        # The longer of two goes first, or its end would be left.
        ({"x-api-key": "hush-hush", "cookie": "hush-hush-h"}, "", "/hush-hush-h", "/REDACTED"),
        ({}, "token=hush-hush&page=second", "/hush-hush/second", "/REDACTED/second"),
        # A short one is many an innocent word.
        ({"x-api-key": "page1"}, "", "/page1", "/page1"),
        ({"x-api-key": "page12"}, "", "/page12", "/REDACTED"),
        ({"accept": "hush-hush"}, "", "/hush-hush", "/hush-hush"),
    ],
)  # fmt: skip
def test_what_a_request_says_in_secret_is_hidden_wherever_it_stands(
    headers: dict[str, str], query: str, text: str, shown: str
) -> None:
    assert Redactor(headers, query).text(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("seen: Bearer hush-h.~+/==", "seen: Bearer REDACTED"),
        ("Bearer hush!", "Bearer hush!"),
        ("(eyJhbGci.eyJzdWIi.c2ln)", "(REDACTED)"),
        ("eyJhbGci.eyJzdWIi.", "REDACTED"),
        ("keyJhbGci.eyJzdWIi.c2ln", "keyJhbGci.eyJzdWIi.c2ln"),
        ("token=hush&page=1", "token=REDACTED&page=1"),
        ("page=1&user%5Bpassword%5D=hush", "page=1&user%5Bpassword%5D=REDACTED"),
        ("my+password=hush", "my+password=REDACTED"),
        ("next=%2Fa%3Ftoken%3Dhush%26b%3D1", "next=%2Fa%3Ftoken%3DREDACTED%26b%3D1"),
        ("%74oken%3Dhush", "token%3DREDACTED"),
        ("a=%5Btoken", "a=%5Btoken"),
        ("token", "token"),
    ],
)
def test_what_a_name_or_a_look_tells_is_hidden_in_a_text(text: str, shown: str) -> None:
    assert NOTHING.text(text) == shown


@pytest.mark.parametrize("name", _SECRETS)
@pytest.mark.parametrize("written", ["{}", "My-{}", "x_{}"])
def test_whatever_is_named_as_a_secret_is_hidden_where_nothing_else_hints_at_it(
    name: str, written: str
) -> None:
    name = written.format(name)

    assert NOTHING.text(f"a=b&{name}=hush") == f"a=b&{name}=REDACTED"
    assert json.loads(NOTHING.text(json.dumps({name: "hush"}))) == {name: "REDACTED"}
    assert NOTHING.text(f'{{"{name}": "hu') == f'{{"{name}": "REDACTED'
    assert NOTHING.headers({name: "hush"}) == {name: "REDACTED"}


@pytest.mark.parametrize(
    ("tree", "shown"),
    [
        ({"token": "hush", "x": 1}, {"token": "REDACTED", "x": 1}),
        ({"token": 12.5, "pwd": 7}, {"token": "REDACTED", "pwd": "REDACTED"}),
        ({"secret": None, "session": True}, {"secret": None, "session": True}),
        (
            {"credentials": {"a": ["hush", {"b": "hush"}]}},
            {"credentials": {"a": ["REDACTED", {"b": "REDACTED"}]}},
        ),
        ([{"x": {"cookie": ["hush"]}}], [{"x": {"cookie": ["REDACTED"]}}]),
        ({"x": '{"token":"hush","y":1}'}, {"x": '{"token":"REDACTED","y":1}'}),
        ({"x": "a=1&token=hush"}, {"x": "a=1&token=REDACTED"}),
    ],
)
def test_what_a_name_tells_is_hidden_in_json(tree: Any, shown: Any) -> None:
    assert json.loads(NOTHING.text(json.dumps(tree))) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"token": "hush", "x": "y', '{"token": "REDACTED", "x": "y'),
        ('{"x": 1, "token" : "hu', '{"x": 1, "token" : "REDACTED'),
        ('[{"pass\\u0077ord":"a\\"b"', '[{"pass\\u0077ord":"REDACTED"'),
        ('{"a": "b", "\\x": "token"', '{"a": "b", "\\x": "token"'),
    ],
)
def test_of_json_that_was_cut_each_field_that_can_be_told_is_hidden(text: str, shown: str) -> None:
    assert NOTHING.text(text) == shown


def test_texts_in_texts_are_looked_through_several_deep() -> None:
    text = '{"token": "hush"}'
    for _ in range(3):
        text = json.dumps({"x": text})

    assert "hush" not in NOTHING.text(text)

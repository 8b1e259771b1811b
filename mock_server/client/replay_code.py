"""Repro bundles written out as tests."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from mock_server.client.replay import Bundle, Recorded

_PYTEST = """\
\"\"\"Written by `mock-server replay --as pytest`; it needs the plugin of the My Account kit.\"\"\"

import json

import httpx

SNAPSHOT = json.loads({snapshot!r})


def test_the_recorded_requests_are_answered_as_recorded(my_account_mock):
    with my_account_mock.sandbox(snapshot=SNAPSHOT) as sandbox, httpx.Client() as http:
        tokens = dict(sandbox.tokens) | {{each.persona: each.token for each in sandbox.customers}}

        def call(at, who, method, target, headers, body):
            sandbox.set_clock(now=at, running=False, force=True)
            url = my_account_mock.url if who else sandbox.url
            if who:
                headers |= {{"Authorization": f"Bearer {{tokens[who]}}"}}
            answer = http.request(method, url + target, headers=headers, content=body.encode())
            return answer.status_code

{calls}
"""
_PLAYWRIGHT = """\
// Written by `mock-server replay --as playwright`; my-account-mock.js is served by the mock under
// /__mock__/client.js, and MOCK_URL says where the mock is.
import {{ expect, test }} from "@playwright/test";
import {{ MockServer }} from "./my-account-mock.js";

const SNAPSHOT = JSON.parse({snapshot});

test("the recorded requests are answered as recorded", async ({{ request }}) => {{
  const server = new MockServer(process.env.MOCK_URL ?? "http://127.0.0.1:4010");
  const sandbox = await server.sandbox({{ snapshot: SNAPSHOT }});
  const tokens = {{ ...sandbox.tokens }};
  for (const each of sandbox.customers) tokens[each.persona] = each.token;

  async function call(at, who, method, target, headers, body) {{
    await sandbox.setClock({{ now: at, running: false, force: true }});
    const url = who ? server.url : sandbox.url;
    if (who) headers.Authorization = `Bearer ${{tokens[who]}}`;
    const data = body ? body : undefined;
    return (await request.fetch(url + target, {{ method, headers, data }})).status();
  }}

{calls}
  await sandbox.close();
}});
"""


def as_pytest(bundle: Bundle) -> str:
    """A test for the pytest plugin."""
    calls = "\n".join(
        f"        assert call({_arguments(each, repr)}) == {each.status}" for each in _sent(bundle)
    )
    return _PYTEST.format(snapshot=json.dumps(bundle.snapshot), calls=calls)


def as_playwright(bundle: Bundle) -> str:
    """A test for Playwright's test runner."""
    calls = "\n".join(
        f"  expect(await call({_arguments(each, json.dumps)})).toBe({each.status});"
        for each in _sent(bundle)
    )
    return _PLAYWRIGHT.format(snapshot=json.dumps(json.dumps(bundle.snapshot)), calls=calls)


WRITERS: Mapping[str, Callable[[Bundle], str]] = {
    "pytest": as_pytest,
    "playwright": as_playwright,
}


def _sent(bundle: Bundle) -> list[Recorded]:
    """The requests that are known whole, and were answered by the API and by no fault."""
    return [each for each in bundle.requests if each.is_whole and not each.fault]


def _arguments(request: Recorded, literal: Callable[[Any], str]) -> str:
    """The arguments of a call; `literal` writes a value as the language writes it."""
    caller = (request.at.isoformat(), request.caller, request.method, request.target)
    return ", ".join(map(literal, (*caller, request.headers, request.request.body)))

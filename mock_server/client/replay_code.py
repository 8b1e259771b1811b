"""Repro bundles written out as tests."""

import json
from collections.abc import Callable, Mapping

from mock_server.client.replay import Bundle, Json, caller

_PYTEST = """\
\"\"\"Written by `mock-server replay --as pytest`; it needs the plugin of the My Account kit.\"\"\"

import json

import httpx

SNAPSHOT = json.loads({snapshot!r})


def test_the_recorded_requests_are_answered_as_recorded(my_account_mock):
    with my_account_mock.sandbox(snapshot=SNAPSHOT) as sandbox, httpx.Client(
        base_url=my_account_mock.url
    ) as http:
        tokens = dict(sandbox.tokens) | {{each.persona: each.token for each in sandbox.customers}}

        def call(at, who, method, path):
            sandbox.set_clock(now=at, running=False, force=True)
            headers = {{"Authorization": f"Bearer {{tokens[who]}}"}} if who else {{}}
            return http.request(method, path, headers=headers).status_code

{calls}
"""
_PLAYWRIGHT = """\
// Written by `mock-server replay --as playwright`; my-account-mock.js is served by the mock under
// /__mock__/client.js, and MOCK_URL says where the mock is.
import {{ expect, test }} from "@playwright/test";
import {{ MockServer }} from "./my-account-mock.js";

const SNAPSHOT = {snapshot};

test("the recorded requests are answered as recorded", async ({{ request }}) => {{
  const server = new MockServer(process.env.MOCK_URL ?? "http://127.0.0.1:4010");
  const sandbox = await server.sandbox({{ snapshot: SNAPSHOT }});
  const tokens = {{ ...sandbox.tokens }};
  for (const each of sandbox.customers) tokens[each.persona] = each.token;

  async function call(at, who, method, path) {{
    await sandbox.setClock({{ now: at, running: false, force: true }});
    const headers = who ? {{ Authorization: `Bearer ${{tokens[who]}}` }} : {{}};
    return (await request.fetch(server.url + path, {{ method, headers }})).status();
  }}

{calls}
  await sandbox.close();
}});
"""


def as_pytest(bundle: Bundle) -> str:
    """A test for the pytest plugin."""
    lines = (f"        assert call({_said(each)}) == {each['status']}" for each in _sent(bundle))
    calls = "\n".join(lines)
    return _PYTEST.format(snapshot=json.dumps(bundle.snapshot), calls=calls)


def as_playwright(bundle: Bundle) -> str:
    """A test for Playwright's test runner."""
    calls = "\n".join(
        f"  expect(await call({_said_in_js(each)})).toBe({each['status']});"
        for each in _sent(bundle)
    )
    return _PLAYWRIGHT.format(snapshot=json.dumps(bundle.snapshot, indent=1), calls=calls)


WRITERS: Mapping[str, Callable[[Bundle], str]] = {
    "pytest": as_pytest,
    "playwright": as_playwright,
}


def _sent(bundle: Bundle) -> list[Json]:
    """The requests that were answered by the API, and by no fault."""
    return [each for each in bundle.requests if not each["fault"]]


def _arguments(request: Json) -> tuple[str, str | None, str, str]:
    query = f"?{request['query']}" if request["query"] else ""
    return request["at"], caller(request), request["method"], request["path"] + query


def _said(request: Json) -> str:
    return ", ".join(map(repr, _arguments(request)))


def _said_in_js(request: Json) -> str:
    return ", ".join(map(json.dumps, _arguments(request)))

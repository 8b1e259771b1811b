"""The JavaScript client, by Node's own test runner, behind a page in Chromium, and its types."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.needs import needs
from tests.test_readme import example

PACKED = Path(__file__).parents[2] / "mock_server" / "client" / "javascript"
TESTS = Path(__file__).parents[1] / "javascript"
CACHE = Path(__file__).parents[2] / ".cache" / "npm"
PACKAGES = (
    "@playwright/test@1.64.1",
    "openid-client@6.9.0",
    "typescript@5.9.3",
    "@types/node@20.19.43",
)
CLIENT = "my-account-mock"
STRICT = ("--strict", "--noEmit", "--allowJs", "--checkJs", "--skipLibCheck", "--target", "es2022")


@pytest.fixture(scope="module")
def bare(url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but our tests, and the client and types that the mock serves."""
    needs("node")
    made = tmp_path_factory.mktemp("javascript")
    (made / "package.json").write_text('{"type": "module"}')
    for name, module in ((f"{CLIENT}.js", f"{CLIENT}.mjs"), (f"{CLIENT}.d.ts", f"{CLIENT}.d.mts")):
        served = httpx.get(f"{url}/__mock__/client{name.removeprefix(CLIENT)}").content
        (made / name).write_bytes(served)
        (made / module).write_bytes(served)
    for test in TESTS.iterdir():
        shutil.copy(test, made)
    return made


@pytest.fixture(scope="module")
def folder(bare: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a front end's, with test tools and our package."""
    needs("npm")
    made = tmp_path_factory.mktemp("front-end") / "javascript"
    shutil.copytree(bare, made)
    npm = ["npm", "install", "--prefix", str(made), "--cache", str(CACHE), "--no-save", "--silent"]
    pack = ["npm", "pack", "--silent", "--pack-destination", str(made), str(PACKED)]
    subprocess.run([*pack, "--cache", str(CACHE)], check=True, stdout=subprocess.DEVNULL)
    (packed,) = made.glob("my-account-mock-*.tgz")
    subprocess.run([*npm, "--no-audit", "--no-fund", *PACKAGES, str(packed)], check=True)
    return made


def ran(
    url: str, folder: Path, *command: str, **variables: str
) -> "subprocess.CompletedProcess[str]":
    known = os.environ | {"MOCK_URL": url} | variables
    return subprocess.run(
        command, cwd=folder, env=known, capture_output=True, text=True, check=False
    )


def test_the_client_does_in_node_what_it_says(url: str, bare: Path) -> None:
    done = ran(url, bare, "node", "--test", "client.test.mjs")

    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_a_customer_signs_in_with_openid_client(url: str, folder: Path) -> None:
    done = ran(url, folder, "node", "--test", "signin.test.mjs")

    assert done.returncode == 0, done.stdout


def test_the_example_of_the_readme_runs(url: str, bare: Path) -> None:
    code = example("js", "my-account-mock.js").replace("http://127.0.0.1:4010", url)
    (bare / "example.js").write_text(code)
    done = ran(url, bare, "node", "example.js")

    assert (done.returncode, done.stderr) == (0, "")
    assert "expected 1 or more, found 0" in done.stdout


@pytest.mark.slow
def test_a_page_in_chromium_lives_in_the_sandbox_of_its_token(url: str, folder: Path) -> None:
    chromium = needs("chromium")
    done = ran(url, folder, "node", "--test", "page.test.mjs", CHROMIUM=chromium)

    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_the_types_fit_what_the_client_is_used_for(url: str, folder: Path) -> None:
    modern = ("--module", "nodenext", "--moduleResolution", "nodenext", "--types", "node")
    done = ran(url, folder, "npx", "tsc", *STRICT, *modern, "client.test.mjs")

    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_the_npm_package_is_found_by_its_name_with_its_types(url: str, folder: Path) -> None:
    code = f'import {{ MockServer }} from "{CLIENT}";\n'
    code += "const server: MockServer = new MockServer(process.env.MOCK_URL);\n"
    (folder / "consumer.mts").write_text(code)
    modern = ("--module", "nodenext", "--moduleResolution", "nodenext", "--types", "node")
    compiled = ran(url, folder, "npx", "tsc", *STRICT, *modern, "consumer.mts")
    ask = "const own = await new MockServer(process.env.MOCK_URL).sandbox(); await own.close();"
    run = f'import {{ MockServer }} from "{CLIENT}"; {ask} console.log(own.scenario);'
    done = ran(url, folder, "node", "--input-type=module", "--eval", run)

    assert compiled.returncode == 0, compiled.stdout
    assert (done.stdout, done.stderr) == ("default\n", "")


def test_the_types_name_what_the_client_has(bare: Path) -> None:
    code, types = ((bare / f"{CLIENT}.{kind}").read_text() for kind in ("js", "d.ts"))
    methods = [
        line.split("(")[0].strip().removeprefix("async ")
        for line in code.splitlines()
        if line.startswith("  ") and line[2].isalpha() and "#" not in line and line.endswith(") {")
    ]
    used = (bare / "client.test.mjs").read_text()

    assert len(methods) > 15
    assert [name for name in methods if f"{name}(" not in types] == []
    assert [name for name in methods[1:] if f".{name}(" not in used and name != "constructor"] == []


@pytest.mark.slow
def test_a_bug_report_written_out_for_playwright_passes_there(url: str, folder: Path) -> None:
    sandbox = httpx.post(f"{url}/__mock__/sandboxes", json={"scenario": "failed-payment"}).json()
    token = {"Authorization": f"Bearer {sandbox['customers'][0]['token']}"}
    for path in ("/customers/my-account/charges", "/shop/my-account/orders?page=2"):
        httpx.get(url + path, headers=token)
    httpx.get(url + sandbox["base_path"] + "/customers/my-account")
    bundle = f"{url}/__mock__/sandboxes/{sandbox['id']}/bundle"
    (folder / "bug.json").write_bytes(httpx.get(bundle).content)
    replay = [sys.executable, "-m", "mock_server", "replay", "bug.json", "--as", "playwright"]
    (folder / "bug.spec.js").write_text(ran(url, folder, *replay).stdout)

    done = ran(url, folder, "npx", "playwright", "test", "bug.spec.js", "--reporter=line")

    assert "1 passed" in done.stdout, done.stdout + done.stderr

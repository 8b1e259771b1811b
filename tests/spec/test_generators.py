"""Clients that are generated from the document compile, and talk to the mock."""

import json
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

from mock_server.http.document import Document
from tests.needs import needs

pytestmark = pytest.mark.slow
CACHE = Path(__file__).parents[2] / ".cache" / "npm"
PACKAGES = (
    "openapi-typescript@7.13.0",
    "openapi-fetch@0.17.0",
    "orval@8.38.0",
    "typescript@5.9.3",
    "@types/node@20.19.43",
)
STRICT = (
    "--strict",
    "--noUncheckedIndexedAccess",
    "--exactOptionalPropertyTypes",
    "--skipLibCheck",
)
MODERN = ("--target", "es2022", "--module", "nodenext", "--moduleResolution", "nodenext")
USE = """
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

const client = createClient<paths>({ baseUrl: process.argv[2] ?? "" });
const headers = { Authorization: "Bearer customer-ada" };
const eve = { Authorization: "Bearer customer-eve" };
const charges = await client.GET("/customers/my-account/charges", { headers });
const status: components["schemas"]["ChargeStatus"] | undefined = charges.data?.data[0]?.status;
const params = { query: { per_page: 2 } };
const orders = await client.GET("/shop/my-account/orders", { headers, params });
const refused = await client.GET("/customers/my-account/payment-methods", { headers: eve });
const more = orders.data?.links.next !== undefined;
console.log(JSON.stringify([status, more, refused.error?.message]));
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A front end's folder, with the generators and the document in it."""
    needs("npm")
    made = tmp_path_factory.mktemp("generated")
    (made / "package.json").write_text('{"type": "module"}')
    npm = ["npm", "install", "--prefix", str(made), "--cache", str(CACHE), "--no-save", "--silent"]
    subprocess.run([*npm, "--no-audit", "--no-fund", *PACKAGES], check=True)
    (made / "openapi.yaml").write_text(Document.of("openapi.yaml").text)
    return made


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.mark.long
def test_openapi_typescript_and_openapi_fetch_compile_and_run(url: str, folder: Path) -> None:
    run(folder, "npx", "openapi-typescript", "openapi.yaml", "-o", "schema.d.ts")
    (folder / "use.ts").write_text(USE)
    run(folder, "npx", "tsc", *STRICT, *MODERN, "--types", "node", "use.ts")

    status, more, message = json.loads(run(folder, "node", "use.js", url))
    assert (
        status in Document.of("openapi.yaml").tree["components"]["schemas"]["ChargeStatus"]["enum"]
    )
    assert (more, message) == (True, "No payment processor knows this customer.")


@pytest.mark.long
def test_orval_compiles_and_names_the_enums(folder: Path) -> None:
    config = {
        "api": {
            "input": "./openapi.yaml",
            "output": {"target": "./orval/api.ts", "client": "fetch"},
        }
    }
    (folder / "orval.config.mjs").write_text(f"export default {json.dumps(config)}")
    run(folder, "npx", "orval", "--config", "orval.config.mjs")
    options = (
        "--target",
        "es2022",
        "--module",
        "esnext",
        "--moduleResolution",
        "bundler",
        "--noEmit",
    )
    run(
        folder,
        "npx",
        "tsc",
        "--strict",
        "--skipLibCheck",
        *options,
        "--lib",
        "es2022,dom",
        "orval/api.ts",
    )

    assert "export const ChargeStatus" in (folder / "orval/api.ts").read_text()


def test_openapi_generator_compiles_for_typescript_fetch(folder: Path, tmp_path: Path) -> None:
    java, jar = needs("java"), _jar()
    run(
        folder,
        java,
        "-jar",
        jar,
        "generate",
        "-g",
        "typescript-fetch",
        "-i",
        "openapi.yaml",
        "-o",
        "fetch",
    )
    options = (
        "--target",
        "es2022",
        "--module",
        "esnext",
        "--moduleResolution",
        "bundler",
        "--noEmit",
    )
    run(
        folder,
        "npx",
        "tsc",
        "--strict",
        "--skipLibCheck",
        *options,
        "--lib",
        "es2022,dom",
        "fetch/index.ts",
    )


def _jar() -> str:
    """The generator itself, which its package on the index carries."""
    found = [
        each for each in files("openapi_generator_cli").iterdir() if each.name.endswith(".jar")
    ]
    return str(found[0])

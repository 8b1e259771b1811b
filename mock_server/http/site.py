"""
What a browser finds beside the API: the documents, raw and rendered.

Links are relative, for a proxy may serve all of it below a path of its own.
"""

import copy
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace
from starlette.types import Receive, Scope, Send
from swagger_ui_bundle import swagger_ui_path

from mock_server.http import problems
from mock_server.http.document import Document
from mock_server.http.exchange import Request, Response, context_of
from mock_server.http.router import JSON, Routes, refusal

Pages = Callable[[Request], Response]
YAML = ("Content-Type", "application/yaml")
HTML = ("Content-Type", "text/html; charset=utf-8")
_ASSETS = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}
_MEDIA_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
READING = "GET, HEAD, OPTIONS"
NOSNIFF = ("X-Content-Type-Options", "nosniff")


def _guards(*scripts: str) -> tuple[tuple[str, str], ...]:
    """Nothing but our own files and these scripts runs in our pages, and nobody frames them."""
    hashes = (b64encode(sha256(each.encode()).digest()).decode() for each in scripts)
    allowed = " ".join(["'self'", *(f"'sha256-{each}'" for each in hashes)])
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return (("Content-Security-Policy", policy), NOSNIFF, ("Cache-Control", "no-cache"))


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<link rel="stylesheet" href="{docs}/swagger-ui.css"></head>
<body><div id="ui"></div><script src="{docs}/swagger-ui-bundle.js"></script>
<script>{script}</script></body></html>"""
_MORE_STYLE = b"""
#ui { overflow-x: auto; }
@media (prefers-color-scheme: dark) {
  html { background: #fff; filter: invert(0.88) hue-rotate(180deg); }
}"""
"""Swagger UI is wider than a telephone, whose page is not to move sideways, and knows no night."""
_SCRIPT = """SwaggerUIBundle({{url: "{url}", dom_id: "#ui", deepLinking: true,
docExpansion: "list", persistAuthorization: true}})"""
_WHOSE_TOKEN = """

Authorize as a person of the mock: their token is `customer-` with the name, and
[the console](__mock__/) lists them all."""


class Fallback:
    """Answers what no operation answers: 405 and OPTIONS where a path has others, pages, 404."""

    def __init__(self, routes: Routes, pages: Pages) -> None:
        self._routes, self._pages = routes, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        request = context_of(scope).request
        allowed = self._routes.methods(request.path)
        response = (
            self._pages(request) if allowed is None else method_not_served(request.method, allowed)
        )
        await response(scope, receive, send)


def method_not_served(method: str, allowed: str) -> Response:
    """405 for a method that a path does not serve, or the answer to OPTIONS."""
    if method == "OPTIONS":
        return Response(HTTPStatus.NO_CONTENT, headers=(("Allow", allowed),))
    return refusal(problems.method_not_allowed(method, allowed).under("HTTP-01"))


def pages(business: Document, control: Document, schemas: Mapping[str, bytes]) -> Pages:
    """The handler of paths that are in no document: home, documentation, console, assets."""
    known = {
        "/": Response(307, headers=(("Location", "__mock__/"),)),
        "/openapi.yaml": Response(200, business.text.encode(), (YAML,)),
        "/openapi.json": Response(200, business.json, (JSON,)),
        # Below our own path too, for before a real implementation the others are that one's.
        "/__mock__/contract.json": Response(200, business.json, (JSON,)),
        "/__mock__/openapi.yaml": Response(200, control.text.encode(), (YAML,)),
        "/__mock__/openapi.json": Response(200, control.json, (JSON,)),
        "/__mock__/client.js": _script("my-account-mock.js", "text/javascript"),
        "/__mock__/client.d.ts": _script("my-account-mock.d.ts", "text/plain"),
        "/docs": _page("My Account API", "docs/openapi.json", "docs"),
        "/docs/openapi.json": Response(200, _with_rules_shown(business), (JSON,)),
        "/__mock__/docs": _page("My Account mock, control API", "openapi.json", "docs"),
    }
    known |= {path: Response(200, schema, (JSON,)) for path, schema in schemas.items()}
    known |= dict(_static("console", "/__mock__/"))
    known |= dict(_static("shopfront", "/__mock__/shopfront/"))

    # No browser is to guess what any of it is.
    known = {path: _without_sniffing(response) for path, response in known.items()}

    def page(request: Request) -> Response:
        response = _home(request) or known.get(request.path) or _asset(request.path)
        if response is None:
            what = f"There is nothing at {request.path[:200]}."
            return refusal(problems.not_found(what).under("ERR-03"))
        return (
            response
            if request.method in ("GET", "HEAD")
            else method_not_served(request.method, READING)
        )

    return page


def _home(request: Request) -> Response | None:
    """Where the root of a sandbox of one's own leads: to the console, and to that sandbox."""
    _, at, id = request.base_url.rpartition("/@")
    if not at or request.path != "/":
        return None
    return Response(307, headers=(("Location", f"../__mock__/#/{id}/people"),))


def _without_sniffing(response: Response) -> Response:
    if NOSNIFF in response.headers:
        return response
    return replace(response, headers=(*response.headers, NOSNIFF))


def _page(title: str, url: str, docs: str) -> Response:
    script = _SCRIPT.format(url=url)
    text = _PAGE.format(title=title, docs=docs, script=script)
    return Response(200, text.encode(), (HTML, *_guards(script)))


def _script(name: str, media_type: str) -> Response:
    text = files("mock_server.client").joinpath("javascript", name).read_bytes()
    return Response(200, text, (("Content-Type", f"{media_type}; charset=utf-8"),))


def _static(name: str, home: str) -> Iterator[tuple[str, Response]]:
    """The files of a page of ours, by path; its `index.html` stands at `home`."""
    for file in files("mock_server.client").joinpath(name).iterdir():
        media_type = _MEDIA_TYPES.get(Path(file.name).suffix)
        if media_type:
            path = home if file.name == "index.html" else f"/__mock__/{name}/{file.name}"
            headers = (("Content-Type", f"{media_type}; charset=utf-8"), *_guards())
            yield path, Response(200, file.read_bytes(), headers)
    yield f"{home.rstrip('/')}", Response(307, headers=(("Location", f"{home.split('/')[-2]}/"),))


@cache
def _asset(path: str) -> Response | None:
    name = path.removeprefix("/__mock__").removeprefix("/docs/")
    if name not in _ASSETS:
        return None
    headers = (("Content-Type", _ASSETS[name]), NOSNIFF)
    more = _MORE_STYLE if name.endswith(".css") else b""
    return Response(200, Path(swagger_ui_path, name).read_bytes() + more, headers)


def _with_rules_shown(document: Document) -> bytes:
    """The document as JSON, with rules folded into the description of what they rule."""
    tree = copy.deepcopy(document.tree)
    tree["info"]["description"] = tree["info"].get("description", "") + _WHOSE_TOKEN
    places = [(tree, tree["info"])]
    places += (
        (operation, operation) for item in tree["paths"].values() for operation in _operations(item)
    )
    for ruled, described in places:
        described["description"] = "\n\n".join(
            [described.get("description", ""), *_folded(ruled.get("x-rules", ()))]
        )
    return msgspec.json.encode(tree)


def _operations(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (operation for operation in item.values() if isinstance(operation, dict))


def _folded(rules: Sequence[dict[str, str]]) -> Iterator[str]:
    if rules:
        yield f"<details><summary>Rules ({len(rules)})</summary>"
        yield "\n".join(f"* **{rule['id']}** ({rule['source']}): {rule['text']}" for rule in rules)
        yield "</details>"

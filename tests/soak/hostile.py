"""What strangers send: broken, huge, deep and odd requests; the same ones for the same seed."""

import json
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from mock_server.http.document import Document

BEARERS = ("customer-ada", "staff-sam", "expired-ada", "revoked-ada", "customer-nobody")
SIGN_IN = ("authorize", "token", "userinfo", "jwks", "revoke", "logout", "nothing")
PAGES = (
    *(
        "/",
        "/docs",
        "/docs/",
        "/docs/swagger-ui.css",
        "/openapi.yaml",
        "/openapi.json",
        "/__mock__",
    ),
    *("/__mock__/", "/__mock__/docs", "/__mock__/client.js", "/__mock__/shopfront/", "*"),
    *("/.well-known/openid-configuration", "/oauth/jwks", "/favicon.ico", "/../etc/passwd"),
)
METHODS = (
    *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"),
    *("get", "M-SEARCH", "QUERY", "PRI", "BREW", "SOURCE"),
)
TEXTS = (
    *("", " ", "\0", "\r\nX-Injected: y", "\n\n", "\x1b[31m", "null", "true ", "TRUE", "NaN", "-1"),
    *("0", "1", "+1", "0x10", "1e999", "1_000", "\u0661\u0662", "9" * 400, "99999999999999999999"),
    *(
        "\u202egnp.exe",
        "<script>alert(1)</script>",
        "'\"`$(id)\\",
        "../../etc/passwd",
        "a" * 10_000,
    ),
    *("é", "😀", "%00", "%c0%af", "%", "%zz", "javascript:alert(1)", "__proto__", "[]", "a&b=c;d"),
    *(
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2026-02-30T00:00:00Z",
        "2026-03-01T24:00:00Z",
    ),
    *(
        "2026-03-01T09:00:00",
        "2026-03-01T09:00:00+99:99",
        "2200-12-31T23:59:59+00:00",
        "2026-W10-1",
    ),
    *("P1Y", "-P1M", "P99999999999Y", "PT0S", "P", "PT1e5S", "P1M2W", "-PT99999999999999999999S"),
)
TOKENS = (
    *(
        "null",
        "true",
        "0",
        "-1",
        "0.5",
        "1e999",
        "-1e999",
        "NaN",
        "Infinity",
        "-0",
        "1" * 400,
        "[]",
    ),
    *("{}", '"\\ud800"', '"\\u0000"', '"\xff"', "'a'", '{"a":1,"a":2}', "[1,]", "9007199254740993"),
    *("[" * 40 + "]" * 40, "[" * 60 + "]" * 60, '{"a":' * 3000 + "1" + "}" * 3000, "[" * 30_000),
    *("2e308", "1.7976931348623157e308", "-9223372036854775809", '""', '{"$ref":"#"}', '{"":""}'),
)
YAML = (
    *("title: x\ncustomers: {ada: &a {credits: *a}}", "a: &a [*b]", "&a [*a, *a]", "- " * 3000),
    *("title: !!python/object/apply:os.system [id]", "title: x\n<<: {title: y}\n<<: z", "{" * 3000),
    *(
        "title: x\ntitle: y",
        "title: x\ncustomers: {ada: {credits: {open: 1000000}}}",
        "\t",
        "---\n---",
    ),
    *("title: x\ncustomers: {'a b': {}}", "%YAML 9.9\n---\n", "title: 2026-02-30", "? [a, b]\n: c"),
    *(
        "title: \ud83d\ude00",
        "a: &a {b: 1}\nc: {<<: [*a, *a], b: 2}",
        "title: x\ncustomers: []",
        "\ufeff",
    ),
)
HEADERS: Sequence[tuple[str, Sequence[str]]] = (
    (
        "Host",
        ("", "[::1", "a b", "evil.example", "127.0.0.1:99999999", "\xff", "a,b", "localhost\0"),
    ),
    ("Authorization", ("", "Bearer", "Bearer  ", "bearer customer-ada", "Basic YWRhOng=", "\xff")),
    (
        "Authorization",
        ("Bearer " + "x" * 9000, "Bearer a.b.c", "Bearer .customer-ada", "Bearer \0"),
    ),
    (
        "Authorization",
        tuple(f"Bearer customer-ada~{end}" for end in ("", "99991231T235959Z", "x~y")),
    ),
    (
        "Prefer",
        ("code=404", "code=999", "code=" + "9" * 900, " " * 999, '"' * 999, "example=", "=;,="),
    ),
    ("Prefer", ("delay=-1", "delay=1e3", "delay=5", "code=200, example=nope", "x" * 20_000)),
    ("Origin", ("null", "https://evil.example", "\xff", "http://127.0.0.1:0", "x" * 5000)),
    ("Content-Type", ("", "text/html", "application/json; charset=utf-16", "multipart/form-data")),
    ("Content-Type", ("multipart/form-data; boundary=x", "APPLICATION/JSON", "*/*", ";", "\xff")),
    ("Accept-Encoding", ("gzip;q=0", "gzip, gzip", "\xff", "br" * 2000, "*")),
    ("Access-Control-Request-Method", ("GET", "\xff", "x" * 3000)),
    ("Access-Control-Request-Headers", ("a, b", "\xff\xfe")),
    ("Expect", ("100-continue", "200-ok")),
    ("Upgrade", ("websocket", "h2c", "TLS/1.0")),
    ("Connection", ("upgrade", "keep-alive, upgrade", "TE", "\xff")),
    ("Range", ("bytes=0-0", "bytes=-99999999999")),
    ("Cookie", ("my-account-mock-default=ada", "=;=;" * 500, "\xff")),
    ("X-HTTP-Method-Override", ("DELETE", "\xff")),
    ("X-Forwarded-Host", ("evil.example", "[", "a,b,c")),
    ("X-Forwarded-Proto", ("javascript", "https")),
    ("X-Forwarded-Prefix", ("/..", "//evil.example")),
    ("If-None-Match", ("*", '"x"')),
    ("Last-Event-ID", ("-1", "9" * 400, "x", "1")),
    ("X-" + "a" * 3000, ("b",)),
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is sent on one connection."""

    kind: str
    pieces: Sequence[bytes]
    requests: int = 1
    abrupt: bool = False
    """Whether the connection is dropped at once, without waiting for an answer."""
    endless: bool = False
    """Whether an answer may go on for ever."""


@dataclass(frozen=True, slots=True)
class Target:
    """An operation of one of the two documents."""

    method: str
    path: str
    queries: Sequence[str]
    is_endless: bool


def targets() -> Sequence[Target]:
    """Every operation of both documents."""
    return [
        Target(
            method.upper(),
            path,
            [each["name"] for each in _parameters(document, operation) if each["in"] == "query"],
            path.endswith(("/stream", "/wait")),
        )
        for document in map(Document.of, ("openapi.yaml", "control.yaml"))
        for path, method, operation in document.operations()
    ]


def _parameters(document: Document, operation: dict[str, Any]) -> list[dict[str, Any]]:
    return [document.resolve(each) for each in operation.get("parameters", ())]


class Stranger:
    """Somebody who sends what nobody should; `sandbox` is one of their own to play with."""

    def __init__(self, seed: int) -> None:
        self.random, self.targets, self.sandbox = Random(seed), targets(), "default"
        self.snapshot: Any = {}
        """That of a sandbox, to be forged."""
        self._kinds: Sequence[tuple[Callable[[], Attempt], int]] = (
            (self.burst, 6),
            (self.broken_frame, 2),
            (self.broken_off, 1),
            (self.slowly, 1),
            (self.huge_head, 1),
        )

    def attempt(self) -> Attempt:
        """The next one."""
        makers, weights = zip(*self._kinds, strict=True)
        maker: Callable[[], Attempt] = self.random.choices(makers, weights)[0]
        return maker()

    def burst(self) -> Attempt:
        """Well-framed requests of odd content, one after another without waiting."""
        makers = (self._operation, self._operation, self._control, self._control, self._other)
        requests = [
            self.random.choice(makers)() for _ in range(self.random.choice((1, 1, 2, 5, 20)))
        ]
        endless = any(each[1] for each in requests)
        if endless:
            requests = [each for each in requests if each[1]][:1]
        text = b"".join(text for text, _ in requests)
        return Attempt("burst", [text], len(requests), endless=endless)

    def broken_frame(self) -> Attempt:
        """What is hardly HTTP."""
        head = "GET /customers/my-account HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer customer-ada"
        post = "POST /__mock__/sandboxes HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        frames = (
            *(
                "\r\n\r\n",
                "\0" * 50,
                "GET\r\n\r\n",
                "GET / HTTP/9.9\r\n\r\n",
                "GET /\r\n\r\n",
                "\n",
            ),
            *(
                "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET / HTTP/1.1\nHost: a\n\n",
                "\x16\x03\x01\x02",
            ),
            *(
                "GET / HTTP/1.0\r\n\r\n",
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                "OPTIONS * HTTP/1.1\r\n\r\n",
            ),
            *(
                f"{head}\r\n\r\n" + "x" * 70_000,
                f"{head}\r\n : x\r\n\r\n",
                f"{head}\r\n folded\r\n\r\n",
            ),
            *(
                f"{head}\r\nX : y\r\n\r\n",
                f"{head}\r\nX\0: y\r\n\r\n",
                f"{head}\r\nX: a\0b\r\n\r\n",
            ),
            *(f"{head}\rX: y\r\n\r\n", f"{head}\r\nHost: b\r\n\r\n", f"{head}\r\nNoColon\r\n\r\n"),
            "GET http://evil.example/__mock__/health HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET https://user:pass@[::1]:1/%2e%2e/__mock__/ HTTP/1.1\r\nHost: a\r\n\r\n",
            *(
                "CONNECT evil.example:443 HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET ? HTTP/1.1\r\nHost: a\r\n\r\n",
            ),
            *("GET //a HTTP/1.1\r\nHost: a\r\n\r\n", "GET \xff HTTP/1.1\r\nHost: a\r\n\r\n"),
            *(
                "GET http:// HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET http://[ HTTP/1.1\r\nHost: a\r\n\r\n",
            ),
            *(
                f"{post}Content-Length: {size}\r\n\r\n{{}}"
                for size in ("-1", "1e9", "+2", "2, 2", "0x2")
            ),
            *(
                f"{post}Content-Length: {size}\r\n\r\n{{}}"
                for size in ("9" * 30, "", "\u00b2", "2 2")
            ),
            f"{post}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}",
            f"{post}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            *(
                f"{post}Transfer-Encoding: {coding}\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"
                for coding in (
                    "chunked",
                    "CHUNKED",
                    "gzip, chunked",
                    "chunked, chunked",
                    "x",
                    "\xff",
                )
            ),
            *(
                f"{post}Transfer-Encoding: chunked\r\n\r\n{chunks}"
                for chunks in (
                    "-1\r\n{}\r\n",
                    "zz\r\n",
                    "ffffffffffffffffff\r\n",
                    "2;a=b\r\n{}\r\n0\r\n\r\n",
                )
            ),
            f"{post}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\nHost: evil\r\nX: y\r\n\r\n",
        )
        frame = self.random.choice(frames).encode("latin-1", "replace")
        if self.random.random() < 0.2:
            place = self.random.randrange(len(frame))
            frame = frame[:place] + self.random.randbytes(1) + frame[place + 1 :]
        return Attempt("broken frame", [frame], abrupt=self.random.random() < 0.3)

    def broken_off(self) -> Attempt:
        """A request that ends in the middle, or whose client is gone before the answer."""
        text, _ = self.random.choice((self._operation, self._control))()
        place = self.random.choice((len(text), self.random.randrange(len(text))))
        return Attempt("broken off", [text[:place]], abrupt=True)

    def slowly(self) -> Attempt:
        """A request that trickles in."""
        text, endless = self._control()
        places = sorted(self.random.sample(range(1, len(text)), min(5, len(text) - 1)))
        pieces = [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]
        return Attempt("slowly", pieces, endless=endless)

    def huge_head(self) -> Attempt:
        """More headers, or longer ones, than anybody needs."""
        count, size = self.random.choice(
            ((3000, 3), (20, 3000), (1, 60_000), (1, 90_000), (40, 9000))
        )
        more = [(f"X-{n}", "y" * size) for n in range(count)]
        return Attempt("huge head", [self._request("GET", "/customers/my-account", more)])

    def _operation(self) -> tuple[bytes, bool]:
        target = self.random.choice(self.targets)
        method = target.method if self.random.random() < 0.9 else self.random.choice(METHODS)
        path = self._path(target.path)
        names = self.random.choices((*target.queries, "x", "__code", "__delay"), k=3)
        pairs = [
            (name, self._text()) for name in names for _ in range(self.random.choice((0, 1, 2)))
        ]
        # An answer that waits for what never comes shows nothing.
        pairs = [(name, text) for name, text in pairs if name not in ("__delay", "timeout_ms")]
        query = urlencode(
            [*pairs, *([("timeout_ms", "5")] if target.path.endswith("/wait") else [])]
        )
        if self.random.random() < 0.2:
            query = self._text()[:2000]
        return self._request(method, f"{path}?{_visible(query)}"), target.is_endless

    def _path(self, template: str) -> str:
        path = template.replace("{sandboxId}", self.random.choice((self.sandbox, "default")))
        while "{" in path:
            before, _, rest = path.partition("{")
            value = self.random.choice(("ada", "1", quote(self._text()[:500], safe="")))
            path = before + value + rest.partition("}")[2]
        match self.random.randrange(12):
            case 0:
                return "".join(f"%{ord(each):02x}" if each != "/" else each for each in path)
            case 1:
                return f"/@{self.random.choice(('default', self.sandbox, 'x', '%00'))}{path}"
            case 2:
                place = self.random.randrange(len(path))
                odd = (
                    "%00",
                    "%0d%0a",
                    "%c0%af",
                    "%ff",
                    "/../",
                    "//",
                    ";a",
                    "%",
                    "%2f",
                    "\\",
                    "\xff",
                )
                return path[:place] + self.random.choice(odd) + path[place:]
            case 3:
                return path + self.random.choice(
                    ("/", "%20", "?", "#x", ".json", "%3f", "/" * 3000)
                )
        return path

    def _control(self) -> tuple[bytes, bool]:
        """A body for the control API, spoilt in one place."""
        method, path, body = self.random.choice(self._bodies())
        text = self._spoilt(body)
        if self.random.random() < 0.1:
            text = text[: self.random.randrange(len(text) + 1)]
        headers = [("Content-Type", "application/json")]
        return self._request(method, path, headers, text), False

    def _bodies(self) -> Sequence[tuple[str, str, Any]]:
        home = f"/__mock__/sandboxes/{self.sandbox}"
        scenario = {
            "title": "x",
            "customers": {"zoe": {"credits": {"open": 2}, "orders": {"a": 3}}},
        }
        opening = {"scenario": "default", "seed": 7, "now": "2026-03-01T09:00:00Z", "overrides": {}}
        answer = {"kind": "answer", "status": 200, "body": {"data": []}, "headers": {"X-A": "b"}}
        late = {
            "kind": "latency",
            "delay_ms": {"lognormal": {"median_ms": 1, "sigma": 0.1}},
            "skip": 1,
        }
        person = {"customer": {"first_name": "Zoë"}, "credits": {"open": 1}, "charges": None}
        forged = {
            "snapshot": self._with_odd_yaml() if self.random.random() < 0.4 else self.snapshot
        }
        return [
            ("POST", "/__mock__/sandboxes", opening),
            ("POST", "/__mock__/sandboxes", {"scenario": scenario}),
            ("POST", "/__mock__/sandboxes", forged),
            ("POST", "/__mock__/sandboxes", forged),
            ("POST", f"{home}/scenario", {"scenario": scenario, "seed": 1}),
            ("POST", f"{home}/reset", {}),
            ("PATCH", f"{home}/customers/ada", person),
            (
                "PATCH",
                f"{home}/clock",
                {"now": "2026-03-01T09:00:00Z", "running": False, "force": True},
            ),
            ("PATCH", f"{home}/clock", {"advance": "P1M"}),
            ("POST", f"{home}/tokens", {"persona": "ada", "expires_in": 60}),
            ("POST", f"{home}/faults", answer),
            ("POST", f"{home}/faults", late),
            ("POST", f"{home}/faults", {"kind": "status", "status": 401, "count": 1}),
            ("POST", f"{home}/faults", {"kind": "drip", "duration_ms": 5, "probability": 0.5}),
            (
                "POST",
                f"{home}/faults",
                {"kind": self.random.choice(("truncated", "EMPTY_RESPONSE"))},
            ),
            ("POST", f"{home}/faults/clear", {}),
            ("POST", f"{home}/journal/clear", {}),
        ]

    def _with_odd_yaml(self) -> Any:
        snapshot = json.loads(json.dumps(self.snapshot))
        if snapshot:
            snapshot["scenario"]["text"] = self.random.choice(YAML)
        return snapshot

    def _spoilt(self, body: Any) -> bytes:
        """JSON with one value replaced, added, said twice or left out; or as it is."""
        body, how = json.loads(json.dumps(body)), self.random.random()
        places = list(_places(body))
        if how < 0.85 and places:
            parent, key = self.random.choice(places)
            if how < 0.1:
                del parent[key]
            elif how < 0.25 and isinstance(parent, dict):
                parent[self.random.choice(("unknown", "", "__proto__", "a" * 5000, "\ud800"))] = (
                    "HOLE"
                )
            else:
                parent[key] = "HOLE"
        token = self.random.choice((*TOKENS, *(json.dumps(each) for each in TEXTS)))
        text = json.dumps(body).replace('"HOLE"', token)
        return text.encode("latin-1") if "\xff" in token else text.encode()

    def _other(self) -> tuple[bytes, bool]:
        """Pages, and the sign-in."""
        if self.random.random() < 0.4:
            method, path = self.random.choice(METHODS), self.random.choice(PAGES)
            return self._request(method, path), False
        fields = {
            "client_id": "shop",
            "response_type": "code",
            "redirect_uri": "http://localhost:1/back",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "code_challenge_method": "S256",
            "scope": "openid profile",
            "login_hint": "ada",
            "state": "s",
            "grant_type": self.random.choice(("authorization_code", "refresh_token", "password")),
            "code": f"{self.sandbox}.x",
            "refresh_token": "x",
            "token": "customer-ada",
            "id_token_hint": "eyJhbGciOiJub25lIn0.e30.",
            "acr_values": f"sandbox:{self.sandbox}",
        }
        for name in self.random.sample(sorted(fields), 3):
            fields[name] = self._text()
        path = f"/oauth/{self.random.choice(SIGN_IN)}"
        text = urlencode([*fields.items(), *self.random.sample(sorted(fields.items()), 1)])
        if self.random.random() < 0.5:
            return self._request("GET", f"{path}?{text[:20_000]}"), False
        forms = (
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/plain",
        )
        headers = [("Content-Type", self.random.choice(forms))]
        return self._request("POST", path, headers, text.encode()), False

    def _request(
        self, method: str, path: str, headers: Sequence[tuple[str, str]] = (), body: bytes = b""
    ) -> bytes:
        """A request whose frame is right."""
        kept = dict(headers)
        pairs = [
            ("Host", "127.0.0.1"),
            ("Authorization", f"Bearer {self._bearer()}"),
            *kept.items(),
        ]
        for _ in range(self.random.choice((0, 0, 1, 1, 3))):
            name, values = self.random.choice(HEADERS)
            if self.random.random() < 0.8:
                pairs = [each for each in pairs if each[0] != name]
            pairs.append((name, self.random.choice(values)))
        if body or method in ("POST", "PUT", "PATCH"):
            pairs.append(("Content-Length", str(len(body))))
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {text}" for name, text in pairs), "", ""]
        return "\r\n".join(lines).encode("latin-1", "replace") + body

    def _bearer(self) -> str:
        prefix = self.random.choice(("", "", f"{self.sandbox}.", "x."))
        return prefix + self.random.choice(BEARERS)

    def _text(self) -> str:
        if self.random.random() < 0.8:
            return self.random.choice(TEXTS)
        return "".join(self.random.choices(string.printable, k=self.random.randrange(40)))


def _visible(query: str) -> str:
    """A query that leaves the request line one line."""
    return "".join(each if "!" <= each <= "\xff" else "%20" for each in query)


def _places(node: Any) -> Any:
    """Every place of a tree: what it stands in, and its key there."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in list(pairs):
        yield node, key
        if isinstance(value, dict | list):
            yield from _places(value)

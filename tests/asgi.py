"""Calling an ASGI application without a server."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote


def scope_of(
    method: str,
    raw_path: bytes,
    query: bytes,
    headers: Iterable[tuple[bytes, bytes]],
    *,
    scheme: str = "http",
    server: tuple[str, int | None] = ("127.0.0.1", 4010),
) -> dict[str, Any]:
    """What a server tells an application of a request; names of headers in any case."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": scheme,
        "path": unquote(raw_path.decode()),
        "raw_path": raw_path,
        "root_path": "",
        "query_string": query,
        "headers": [(name.lower(), value) for name, value in headers],
        "server": server,
        "client": ("127.0.0.1", 1),
        "extensions": {},
    }

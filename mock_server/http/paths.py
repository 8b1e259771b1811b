"""What a path is for: the control API, or the My Account API in some sandbox."""

import re
from posixpath import normpath
from urllib.parse import unquote

CONTROL = "__mock__"
_PREFIX = re.compile(r"/@([^/]*)(/.*)")


def is_control(path: str) -> bool:
    """
    Whether a decoded path is meant for the control API, however it is written.

    The answer is the same for `/__mock__/x`, `//__MOCK__/x`, `/a/../__mock__/x` and
    `/@any/__mock__/x`, so that no spelling escapes what guards the control API. Only the plain
    spelling is ever routed.
    """
    if CONTROL not in path.lower() and "%" not in path:
        return False
    lowered = unquote(path).lower().replace("\\", "/")
    plain = "/".join(segment.partition(";")[0] for segment in lowered.split("/"))
    segments = normpath(f"/{plain}").split("/")
    return next((each for each in segments if each and each[0] != "@"), "") == CONTROL


def sandbox_of(path: str) -> tuple[str, str] | None:
    """The id of the sandbox that a path names, as in `/@ID/customers/…`, and the rest of it."""
    match = _PREFIX.fullmatch(path) if path.startswith("/@") else None
    return (match[1], match[2]) if match else None

"""The names of what nobody may see."""

import re
from functools import lru_cache

_SECRETS = (
    *("authorization", "auth", "cookie", "token", "tokens", "jwt", "apikey", "accesskey"),
    *("privatekey", "secret", "secrets", "password", "passwords", "passwd", "pwd", "passphrase"),
    *("assertion", "codeverifier", "session", "sessionid", "credential", "credentials"),
    *("signature", "dpop"),
)
"""How the names of headers, parameters and fields end that hold a secret."""
_LONGEST_ENDING = 40


def is_secret(name: str) -> bool:
    """Whether a header, parameter or field of this name holds a secret."""
    return _ends_as_secret(name[-_LONGEST_ENDING:])


@lru_cache(1000)
def _ends_as_secret(name: str) -> bool:
    return re.sub(r"[-_.\s\[\]]", "", name).lower().endswith(_SECRETS)

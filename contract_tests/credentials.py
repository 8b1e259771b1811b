"""Credentials that must be refused: nearly a customer's, or a customer's in another place."""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from contract_tests.exchange import Query

SCHEMES = ("JWT", "OAuth", "ApiKey", "Negotiate", "MAC", "Hawk", "DPoP", "GNAP", "XBearer", "bear")
"""Schemes other than `Bearer`; those that stand first are the more usual ones."""
SPELLINGS = ("bearer {}", "BEARER {}", "Bearer  {}", "bEaReR {}")
"""Spellings of the scheme that a server may take or not; neither opens anything to a stranger."""
BEARER = re.compile(r"Bearer +[\w.~+/-]+=*", re.ASCII)
"""One bearer token (RFC 6750, section 2.1); who sends another form of it has sent none."""
QUERY_NAMES = (
    *("access_token", "token", "api_key", "api_token", "auth_token", "jwt", "key"),
    *("authorization", "bearer", "id_token", "session"),
)
"""Parameters in which other services take a token, those first that most do."""
SHORT = 160
"""Letters of a token that may stand in one URL as often as that."""
LONG = 5000
"""Letters of a token that is longer than any, and that servers still take."""
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Headers and query sent in place of a customer's token, and the rule that refuses them."""

    rule: str
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Query = ()
    odd: bool = False
    """Whether who stands before an API may refuse it as it likes."""

    @property
    def is_token(self) -> bool:
        """Whether it has the form of a bearer token, and nothing else of the kind beside it."""
        sent = [value for name, value in self.headers.items() if name.lower() == "authorization"]
        return len(sent) == 1 and bool(BEARER.fullmatch(sent[0]))


def nearly_valid(
    token: str, others: Sequence[str], identity: Mapping[str, str], turn: int, drawn: str
) -> Iterator[Credentials]:
    """
    Everything that is nearly a customer's credentials, or that a slip would take for them. `others`
    are tokens that are known; `identity` names the customer, by kind of value. Of what is unlikely
    there are some at each `turn`, others at the next; `drawn` is a word that means nothing.
    """
    for altered in (*altered_tokens(token, others), *invented_tokens(identity)):
        yield Credentials("AUTH-02", {"Authorization": f"Bearer {altered}"})
    for two in (f"{token} {token[:4]}", f"Bearer {token}", f'"{token}"'):
        yield Credentials("AUTH-02", {"Authorization": f"Bearer {two}"})
    for header in _without_the_prefix(token):
        yield Credentials("AUTH-03", {"Authorization": header})
    yield Credentials("AUTH-01", {"Authorization": "Bearer"})
    yield misplaced(token)
    for odd in in_turn([*_with_tail(token), *_odd_tokens(identity)], turn, 6):
        yield Credentials("AUTH-02", {"Authorization": f"Bearer {odd}"}, odd=True)
    for scheme in (*SCHEMES[:2], *in_turn([*SCHEMES[2:], drawn], turn, 2)):
        yield Credentials("AUTH-03", {"Authorization": f"{scheme} {token}"})
    yield in_turn(_twofold(token, drawn), turn, 1)[0]


def in_turn(values: Sequence[str] | Sequence[Credentials], turn: int, count: int) -> list[Any]:
    """`count` of the values at each turn, until all have been."""
    return [values[(turn * count + number) % len(values)] for number in range(count)]


def invented_tokens(identity: Mapping[str, str]) -> tuple[str, ...]:
    """Tokens that nobody was given: words of programs, wildcards, other forms, an id."""
    unsigned = _jwt("none", identity, "")
    return ("null", "undefined", "%", "*", unsigned, str(UUID(int=7)), identity["id"], "kit" * 100)


def _with_tail(token: str) -> list[str]:
    """A token with what is trimmed, ends a text or is decoded somewhere."""
    # More padding than there should be is read over by decoders of base64.
    padding = () if {".", "="} & set(token) else ("=",)
    tails = (".", *padding, "%0A", "'", "%00", ";x", ",x", "--", "/", "#")
    return [*(f"{token}{tail}" for tail in tails), f"%{ord(token[0]):02X}{token[1:]}"]


def _odd_tokens(identity: Mapping[str, str]) -> list[str]:
    """Tokens that mean something to a database or a program, or name the customer otherwise."""
    forged = [_jwt("HS256", identity, "c2lnbmVk"), _jwt("RS256", identity, "c2lnbmVk" * 40)]
    values = (identity.get(kind, "") for kind in ("email", "phone", "membership_number"))
    named = [each.replace(" ", "") for each in values if each and each.isascii()]
    true = ["'/**/or/**/'1'='1", "'/**/OR/**/1=1--", "' OR '1'='1", '"||"1"="1']
    words = ["true", "1", "0", "admin", "test", "{}", "[]", '{"$ne":""}', "../token", "${token}"]
    encoded = b64encode(identity["id"].encode()).decode()
    return [*forged, *named, *true, *words, "a'b", encoded, "x" * LONG]


def _jwt(algorithm: str, identity: Mapping[str, str], signature: str) -> str:
    """A JSON Web Token that nobody signed, for the customer."""
    claims = {"sub": identity["id"], "customer_id": identity["id"], "exp": 2**31}
    claims |= {"email": identity["email"]}
    parts = ({"alg": algorithm, "typ": "JWT"}, claims)
    coded = (urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in parts)
    return ".".join([*coded, signature])


def _twofold(token: str, drawn: str) -> list[Credentials]:
    """Two headers, of which the first must be refused whatever the second is."""
    first = {"AUTH-03": (f"Basic {drawn}", token), "AUTH-02": (f"Bearer {drawn}",)}
    return [
        Credentials(rule, {"Authorization": each, "authorization": f"Bearer {token}"}, odd=True)
        for rule, values in first.items()
        for each in values
    ]


def altered_tokens(token: str, others: Sequence[str]) -> list[str]:
    """Tokens that are nearly this one, several of the same length; none is one of `others`."""
    middle = next((at for at in range(len(token) // 2, len(token)) if token[at].isalnum()), 0)
    candidates = [
        _lengthened(token),
        _shortened(token),
        _with_other_letter(token, 0),
        _with_other_letter(token, middle),
        _with_other_letter(token, len(token.rstrip("=")) - 1),
        token.swapcase(),
        *(token[: len(token) // 2] + each[len(each) // 2 :] for each in others),
    ]
    excluded = {token, *others, ""}
    return [each for each in dict.fromkeys(candidates) if each not in excluded]


def _with_other_letter(token: str, at: int) -> str:
    # The last letter of base64 carries bits that no one reads; half the alphabet away the first
    # of its bits changes, which is always read.
    letter = token[at]
    place = _LETTERS.find(letter)
    other = _LETTERS[(place + 32) % 62] if place >= 0 else "x" if letter != "x" else "y"
    return token[:at] + other + token[at + 1 :]


def _without_the_prefix(token: str) -> tuple[str, ...]:
    basic = b64encode(f"{token}:".encode()).decode()
    schemes = (f"{scheme} {token}" for scheme in ("Basic", "Token", "Digest", "Bearer:"))
    return (token, *schemes, f"Basic {basic}", f"Bearer{token}", f"Basic x, Bearer {token}")


def misplaced(token: str) -> Credentials:
    """A token in all the wrong places: other headers, cookies, the query."""
    headers = {
        "X-Authorization": f"Bearer {token}",
        "Proxy-Authorization": f"Bearer {token}",
        "X-Auth-Token": token,
        "X-Access-Token": token,
        "X-Api-Key": token,
        "Cookie": "; ".join(f"{name}={token}" for name in ("token", "access_token", "session")),
    }
    # Of long ones not all may stand in one URL.
    names = QUERY_NAMES if len(token) < SHORT else QUERY_NAMES[:3]
    return Credentials("AUTH-01", headers, tuple((name, token) for name in names))


def _lengthened(token: str) -> str:
    """A token with a letter more."""
    return f"{token}x"


def _shortened(token: str) -> str:
    """A token without its last letter; padding does not count."""
    return token.rstrip("=")[:-1]

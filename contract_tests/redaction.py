"""Takes secrets out of everything that is shown: variables stand in their place."""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import unescape
from os.path import commonprefix
from typing import Any
from urllib.parse import urlsplit

from contract_tests.strict_json import leaves
from contract_tests.target import Target
from contract_tests.transport import proxy_of

SHORT = 8
"""A secret below this length is looked for as a word alone, in no other form."""
WORD = 16
"""Below this length a secret inside of a longer word is not taken for it: it would cut ids."""
BEGINNING = 12
"""So many letters of a secret are hidden where the rest was cut off; fewer are a mere word."""
ROUNDS = 4
"""How many encodings may lie over one another."""
NAMES = re.compile(
    r"token|secret|passw|credential|api.?key|authorization|cookie|session.?id|jwt|private.?key"
)
"""Names of headers and JSON fields whose values are secret, in lower case."""
_NAMED = re.compile(NAMES.pattern.encode())
OPEN = ("accept", "user-agent", "content-type", "host", "origin", "via", "x-request-id")
"""Headers of a profile that tell no secret."""
PARAMETERS = ("realm", "error", "error_description", "error_uri", "scope", "charset")
"""What a challenge may say in clear."""
HIDDEN = "(hidden)"
_UNSHOWABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_VARIABLE = re.compile(r"\$\w+")
_BASE64 = re.compile(r"[a-z0-9+/=_-]")
_FIELD = re.compile(
    rf"""("[^"]*(?:{NAMES.pattern})[^"]*"\s*:\s*")(?:[^"\\]|\\.)*("|$)""", re.I | re.S
)
_COOKIE = re.compile(r"((?:^|,\s*)[^=;,\s]+=)[^;,]*")
_CHALLENGE = re.compile(r'([\w-]+)=("(?:[^"\\]|\\.)*"|[^\s,"]+)')
_GAPS = r"[\s\x00-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f"
_GAPS += r"\u2028-\u202f\u205f-\u206f\u3000\ufe00-\ufe0f\ufeff]"
_UNIT = re.compile(
    rf"""(?P<gap>{_GAPS}+)
    |(?P<hex>%[0-9a-f]{{2}}|\\x[0-9a-f]{{2}}|\\u[0-9a-f]{{4}}|\\u\{{0*[0-9a-f]{{1,4}}\}})
    |(?P<escape>\\[nrtbfv0])
    |(?P<escaped>\\[!-/:-@\[-`{{-~])
    |(?P<entity>&(?:\#\d{{1,6}}|\#x[0-9a-f]{{1,5}}|[a-z]{{2,8}});)""",
    re.I | re.X,
)


@dataclass(frozen=True, slots=True)
class _Plain:
    """A text without its escapes and gaps, in lower case, and where each letter stood."""

    text: str
    starts: list[int]
    ends: list[int]

    def before(self, at: int) -> str:
        """The letter right before a place; empty where there is none, or a gap."""
        return self.text[at - 1] if at > 0 and self.ends[at - 1] == self.starts[at] else ""

    def after(self, at: int) -> str:
        """The letter right after a place; empty where there is none, or a gap."""
        touches = 0 < at < len(self.text) and self.ends[at - 1] == self.starts[at]
        return self.text[at] if touches else ""


def _of_a_word(letter: str) -> bool:
    return letter.isalnum() or letter in ("_", "-")


def _plain(text: str) -> _Plain:
    current = _Plain(_lower(text), list(range(len(text))), list(range(1, len(text) + 1)))
    for _ in range(ROUNDS):
        simpler = _decode_once(current)
        if simpler is current:
            break
        current = simpler
    return current


def _decode_once(plain: _Plain) -> _Plain:
    units = list(_UNIT.finditer(plain.text))
    if not units:
        return plain
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for unit in units:
        parts.append(plain.text[at : unit.start()])
        starts += plain.starts[at : unit.start()]
        ends += plain.ends[at : unit.start()]
        at = unit.end()
        if letter := _letter(unit):
            parts.append(letter)
            starts.append(plain.starts[unit.start()])
            ends.append(plain.ends[unit.end() - 1])
    parts.append(plain.text[at:])
    return _Plain("".join(parts), starts + plain.starts[at:], ends + plain.ends[at:])


def _letter(unit: "re.Match[str]") -> str:
    """The character that an escape stands for; nothing for a gap."""
    if unit["hex"]:
        return _lower(chr(int(unit["hex"].lstrip("%\\xu{").rstrip("}") or "0", 16)))
    if unit["escaped"]:
        return unit["escaped"][1]
    if unit["entity"]:
        # A name that HTML does not know stands for itself, whose first letter is as good.
        return _lower(unescape(unit["entity"]))[:1]
    return ""


def _lower(text: str) -> str:
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(low if len(low := each.lower()) == 1 else each for each in text)


@dataclass
class Redactor:
    """Replaces the secrets of a run in everything that is shown."""

    secrets: dict[str, str] = field(default_factory=dict)
    """Secret → what is shown for it."""
    _forms: dict[str, list[str]] = field(default_factory=dict)
    _open: str = ""
    """The target's URL, which is no secret though a token may begin with a part of it."""

    def hide(self, secret: str, replacement: str, *, encoded: bool = True) -> None:
        """Show `replacement` in place of a secret from now on, of its base64 and hex forms too."""
        if secret and secret not in self._forms:
            self.secrets[secret] = replacement
            self._forms[secret] = [_plain(secret).text, *(_encodings(secret) if encoded else ())]

    def hide_target(self, target: Target) -> None:
        """Hide everything secret that a target is described with."""
        for each in target.customers:
            self.hide(each.token, f"${variable(each.name or 'customer')}_TOKEN")
        for role in target.tokens.__struct_fields__:
            self.hide(getattr(target.tokens, role) or "", f"${role.upper()}_TOKEN")
        for name, value in target.headers.items():
            if not name.lower().startswith(OPEN):
                self.hide(value, f"${variable(name)}")
        self.hide(urlsplit(target.base_url).password or "", HIDDEN)
        proxy = urlsplit(proxy_of(target.base_url) or "")
        self.hide(proxy.password or "", "$PROXY_PASSWORD")
        self._open = target.base_url.lower()

    def hide_altered(self, token: str) -> None:
        """Hide a token that was made from a secret, as what a shell makes of its variable."""
        if token in self.secrets:
            return
        tokens = {
            secret: replacement[1:]
            for secret, replacement in self.secrets.items()
            if _of_shell(replacement)
        }
        candidates = (_made_from(secret, token, name) for secret, name in tokens.items())
        # As it was sent alone: `BearerX` and `Bearer X` are the same without their gaps.
        if replacement := next(filter(None, (_splice_of(token, tokens), *candidates)), None):
            self.hide(token, replacement)

    def hide_answer(self, headers: Iterable[tuple[str, str]], body: bytes, tree: Any) -> None:
        """Hide the secrets that an answer gave out."""
        for name, value in headers:
            for secret in _of_header(name, value):
                self._hide_if_distinct(secret)
        if _NAMED.search(body.lower()):
            for place, secret in leaves(tree):
                if isinstance(secret, str) and place and NAMES.search(place[-1].lower()):
                    self._hide_if_distinct(secret)

    def _hide_if_distinct(self, secret: str) -> None:
        # A short one, or a mere word, stands in too many texts that have nothing to do with it.
        least = WORD if secret.isalpha() else SHORT
        if len(secret) >= least and not secret.startswith(("http", "$")):
            self.hide(secret, HIDDEN, encoded=False)

    def header(self, name: str, value: str) -> str:
        """A header's value as it may be shown."""
        name = name.lower()
        if name == "www-authenticate":
            return self(_CHALLENGE.sub(_parameter, value))
        if name == "set-cookie":
            return self(_COOKIE.sub(rf"\g<1>{HIDDEN}", value))
        return HIDDEN if NAMES.search(name) and value not in ("", "*") else self(value)

    def __call__(self, text: str) -> str:
        """
        The text without secrets, in whatever form they stand in it, and without what no terminal
        or file can take: control characters and lone surrogates are shown escaped.
        """
        return "".join(part for part, _ in self.parts(text))

    def parts(self, text: str) -> list[tuple[str, bool]]:
        """The text in parts, each with whether it stands for a secret."""
        text = _UNSHOWABLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
        parts, at = list[tuple[str, bool]](), 0
        for start, end, replacement in sorted(self._spans(text)):
            parts += [(text[at:start], False), (_delimited(replacement, text[end:]), True)]
            at = end
        return [*parts, (text[at:], False)]

    def _spans(self, text: str) -> list[tuple[int, int, str]]:
        """Where secrets stand, and what is shown for each."""
        spans = list[tuple[int, int, str]]()
        if not text or not self.secrets:
            return spans
        plain = _plain(text)
        # As they stand first: some altered tokens differ in their case or their blanks alone.
        for places in (_exactly, self._places):
            for secret in self._longest_first():
                for start, end in places(secret, text, plain):
                    if all(end <= taken[0] or start >= taken[1] for taken in spans):
                        spans.append((start, end, self.secrets[secret]))
        for place in self._cut_off(plain, spans):
            spans.append(place)
        return spans

    def body(self, text: str) -> str:
        """A body as it may be shown."""
        return self(_FIELD.sub(rf"\g<1>{HIDDEN}\g<2>", text))

    def _longest_first(self) -> list[str]:
        return sorted(self.secrets, key=len, reverse=True)

    def _places(self, secret: str, text: str, plain: _Plain) -> Iterator[tuple[int, int]]:
        if len(secret) < SHORT:
            word = rf"(?<![\w-]){re.escape(secret)}(?![\w-])"
            yield from (match.span() for match in re.finditer(word, text))
            return
        whole = len(secret) < WORD
        for number, form in enumerate(self._forms[secret]):
            at = plain.text.find(form)
            while at >= 0:
                first, last = at, at + len(form)
                if number > 0:
                    first, last = _whole_encoded_word(plain, first, last)
                inside = _of_a_word(plain.before(first)) or _of_a_word(plain.after(last))
                if not (whole and inside):
                    yield plain.starts[first], plain.ends[last - 1]
                at = plain.text.find(form, last)

    def _cut_off(
        self, plain: _Plain, spans: list[tuple[int, int, str]]
    ) -> Iterator[tuple[int, int, str]]:
        """Most of a secret, from its beginning, where a text was cut."""
        for secret in (
            each for each in self._longest_first() if each in self._forms and len(each) >= SHORT
        ):
            form = self._forms[secret][0]
            least = max(BEGINNING, len(form) * 3 // 4)
            while least < len(form) and form[:least] in self._open:
                least += 1
            at = plain.text.find(form[:least]) if least < len(form) else -1
            while at >= 0:
                end = at + len(commonprefix((form, plain.text[at : at + len(form)])))
                inside = _of_a_word(plain.before(at)) or _of_a_word(plain.after(end))
                first, last = plain.starts[at], plain.ends[end - 1]
                if not inside and all(last <= taken[0] or first >= taken[1] for taken in spans):
                    yield first, last, self.secrets[secret]
                at = plain.text.find(form[:least], end)


def _exactly(secret: str, text: str, _plain: _Plain) -> Iterator[tuple[int, int]]:
    """Where a secret stands letter by letter, and as a word of its own if it is not long."""
    at = text.find(secret)
    while at >= 0:
        end = at + len(secret)
        inside = _of_a_word(text[max(at - 1, 0) : at]) or _of_a_word(text[end : end + 1])
        if len(secret) >= WORD or not inside:
            yield at, end
        at = text.find(secret, end)


def _delimited(replacement: str, rest: str) -> str:
    """The variable in braces, where letters follow that a shell would take for a part of it."""
    plain = replacement.startswith("$") and not replacement.startswith("${")
    goes_on = rest[:1].isalnum() or rest[:1] == "_"
    return f"${{{replacement[1:]}}}" if plain and goes_on else replacement


def _whole_encoded_word(plain: _Plain, first: int, last: int) -> tuple[int, int]:
    """Extend a match to the whole base64 or hex word around it."""
    while (letter := plain.before(first)) and _BASE64.fullmatch(letter):
        first -= 1
    while (letter := plain.after(last)) and _BASE64.fullmatch(letter):
        last += 1
    return first, last


def _encodings(secret: str) -> Iterator[str]:
    """A secret in hex, and in base64 at any place of a longer text."""
    raw = secret.encode()
    if len(raw) < SHORT:
        return
    yield raw.hex()
    for shift in range(3):
        encoded = b64encode(bytes(shift) + raw).decode()
        # The first and the last letters depend on what stands beside the secret, too.
        whole = encoded[(0, 2, 3)[shift] : len(encoded) - (0, 3, 2)[(shift + len(raw)) % 3]]
        yield whole.lower()
        yield whole.lower().replace("+", "-").replace("/", "_")


def _of_shell(replacement: str) -> bool:
    return bool(_VARIABLE.fullmatch(replacement))


def _splice_of(token: str, tokens: dict[str, str]) -> str | None:
    """The shell expression for a token spliced of two known ones; None if it is not."""
    for secret, name in tokens.items():
        first = len(commonprefix((secret, token)))
        for other, last_name in tokens.items() if 0 < first < len(token) else ():
            if other != secret and other.endswith(token[first:]):
                return f"${{{name}:0:{first}}}${{{last_name}: -{len(token) - first}}}"
    return None


def _made_from(secret: str, token: str, variable: str) -> str | None:
    """The shell expression that makes one token of another; None if they have little in common."""
    if token == secret.upper():
        return f"${{{variable}^^}}"
    if token == secret.lower():
        return f"${{{variable},,}}"
    if token == secret.swapcase():
        return f"${{{variable}~~}}"
    first = len(commonprefix((secret, token)))
    last = len(commonprefix((secret[first:][::-1], token[first:][::-1])))
    if first + last < max(4, len(secret) / 2):
        return None
    middle = token[first : len(token) - last]
    head = f"${{{variable}}}" if first == len(secret) else f"${{{variable}:0:{first}}}"
    if last == 0 and not middle and first == len(secret) - 1:
        return f"${{{variable}%?}}"
    return (head if first else "") + middle + (f"${{{variable}: -{last}}}" if last else "")


def _of_header(name: str, value: str) -> Iterator[str]:
    name = name.lower()
    if name == "set-cookie":
        yield value.partition(";")[0].partition("=")[2].strip()
    elif name == "www-authenticate":
        parameters = (
            each for each in _CHALLENGE.finditer(value) if each[1].lower() not in PARAMETERS
        )
        yield from (each[2].strip('"') for each in parameters)
    elif NAMES.search(name):
        yield value


def _parameter(match: "re.Match[str]") -> str:
    return match[0] if match[1].lower() in PARAMETERS else f"{match[1]}={HIDDEN}"


def variable(name: str) -> str:
    """A name as a shell's variable."""
    return re.sub(r"\W", "_", name, flags=re.A).upper()

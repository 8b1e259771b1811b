"""Values to be refused, drawn by Hypothesis from every kind: the same seed, the same ones."""

from collections.abc import Mapping
from functools import cache
from uuid import UUID

import hypothesis
from hypothesis import Phase, Verbosity
from hypothesis import strategies as st

Strategies = Mapping[str, st.SearchStrategy[str]]
Values = dict[str, str]

_SMALL = st.integers(1, 9)
_WORDS = st.text("bcdgijkmpqvwz", min_size=2, max_size=8)
_FULL_WIDTH = str.maketrans({chr(at): chr(at + 0xFEE0) for at in range(0x21, 0x7F)})
_BOLD = str.maketrans(
    {chr(at): chr(at + 0x1D41A - ord("a")) for at in range(ord("a"), ord("z") + 1)}
)
_LOOK_ALIKE = str.maketrans("ae", "\u0430\u0435")
"""Letters of another alphabet that look the same."""
_BLANKS = st.sampled_from("\r\v\f\x1f\x85\xa0\u2003\u2028\u3000")
"""White space to one language or another, beside the usual."""
_INVISIBLE = st.sampled_from("\u200b\ufeff\u00ad")
"""What is dropped in one language or another."""
_EASTERN = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def _with_blank(text: str) -> st.SearchStrategy[str]:
    return st.sampled_from([f" {text}", f"{text} "])


def _with_number(form: str) -> st.SearchStrategy[str]:
    return _SMALL.map(lambda number: form % number)


NOT_NUMBERS: Strategies = {
    "zero": st.just("0"),
    "zeros": st.just("00"),
    "negative zero": st.just("-0"),
    "negative": st.integers(-99, -2).map(str),
    "minus one": st.just("-1"),
    "empty": st.just(""),
    "word": _WORDS,
    "fraction": st.tuples(_SMALL, _SMALL).map(lambda pair: f"{pair[0]}.{pair[1]}"),
    "whole fraction": _with_number("%d.0"),
    "exponent": _with_number("%de1"),
    "no exponent": _with_number("%de0"),
    "sign": _with_number("+%d"),
    "blank before": _with_number(" %d"),
    "blank after": _with_number("%d "),
    "tab": _with_number("\t%d"),
    "line feed": _with_number("%d\n"),
    "white space": st.tuples(_SMALL, _BLANKS).map(lambda pair: f"{pair[0]}{pair[1]}"),
    "invisible": st.tuples(_SMALL, _INVISIBLE).map(lambda pair: f"{pair[0]}{pair[1]}"),
    "nul": _with_number("%d\0"),
    "hexadecimal": _with_number("0x%d"),
    "binary": st.sampled_from(["0b1", "0b10", "0o7"]),
    "rest": st.tuples(_SMALL, _WORDS).map(lambda pair: f"{pair[0]}{pair[1]}"),
    "list": st.tuples(_SMALL, _SMALL).map(lambda pair: f"{pair[0]},{pair[1]}"),
    "separator": _with_number("%d_0"),
    "brackets": _with_number("[%d]"),
    "full width": _SMALL.map(lambda number: str(number).translate(_FULL_WIDTH)),
    "encoded twice": _with_number("%%3%d"),
    "quoted": _with_number('"%d"'),
    "punctuation": st.tuples(_SMALL, st.sampled_from([";", "--", "'", "."])).map(
        lambda pair: f"{pair[0]}{pair[1]}"
    ),
    "quotient": st.just("1/1"),
    "sum": st.tuples(_SMALL, _SMALL).map(lambda pair: f"{pair[0]}+{pair[1]}"),
    **{f"the word {word}": st.just(word) for word in ("first", "last", "next", "prev")},
    **{f"the word {word}": st.just(word) for word in ("all", "max")},
    "eastern": _SMALL.map(lambda number: str(number).translate(_EASTERN)),
    "superscript": st.sampled_from("²³¹"),
    "true": st.just("true"),
    "null": st.just("null"),
    "undefined": st.just("undefined"),
    "not a number": st.just("NaN"),
    "infinity": st.just("Infinity"),
    "long": st.just("x" * 260),
}
"""What is no integer, or below 1, by kind."""

_BOOLEAN = st.sampled_from(["true", "false"])

NOT_BOOLEANS: Strategies = {
    "one": st.just("1"),
    "zero": st.just("0"),
    "empty": st.just(""),
    "yes": st.just("yes"),
    "no": st.just("no"),
    "on": st.just("on"),
    "off": st.just("off"),
    "t": st.sampled_from(["t", "T"]),
    "f": st.sampled_from(["f", "F"]),
    "letter": st.sampled_from(["y", "n", "x", "j"]),
    "word": _WORDS,
    "number": st.sampled_from(["2", "-1", "1.0", "01"]),
    "null": st.just("null"),
    "constant": st.sampled_from(["none", "None", "nil", "undefined", "NaN"]),
    "white space": _BOOLEAN.flatmap(_with_blank),
    "rest": st.tuples(_BOOLEAN, _WORDS).map("".join),
    "cut": st.sampled_from(["tru", "fals", "tr"]),
    "list": st.sampled_from(["true,true", "true,false", "[true]"]),
    "full width": st.just("true".translate(_FULL_WIDTH)),
    "full width capitals": st.just("TRUE".translate(_FULL_WIDTH)),
    "bold": st.just("true".translate(_BOLD)),
    "look-alike": st.just("true".translate(_LOOK_ALIKE)),
    "line feed": st.just("true\n"),
    "unusual white space": _BLANKS.map(lambda blank: f"true{blank}"),
    "invisible": _INVISIBLE.map(lambda letter: f"true{letter}"),
    "nul": st.just("true\0"),
    "encoded twice": st.just("%74rue"),
    "quoted": st.just('"true"'),
    "quoted once": st.just("'true'"),
    "semicolon": st.just("true;x"),
    "punctuation": st.sampled_from(["true;", "true--", "true.", "!false"]),
    "only": st.sampled_from(["only", "all", "both", "any"]),
    "long": st.just("true" * 65),
}
"""
What is neither true nor false, by kind. A long s is no kind: to Unicode `falſe` is `FALSE` in
another case, and Java takes it so.
"""

_HEX = "0123456789abcdef"


FILE_ENDING = ".json"
"""What some routers drop from every path."""


def _unknown_uuid(version: int) -> st.SearchStrategy[str]:
    return st.uuids(version=4).map(lambda id: f"{str(id)[:14]}{version}{str(id)[15:]}")


def not_ids(own: str) -> Strategies:
    """Strings that are no preference's id, by kind; the last resemble `own`, which is one."""
    return {
        "word": _WORDS,
        "number": st.integers(2, 10**6).map(str),
        "place": st.sampled_from("01"),
        "unknown UUID": st.uuids(version=4).map(str),
        "nil UUID": st.just(str(UUID(int=0))),
        "hex24": st.text(_HEX, min_size=24, max_size=24),
        "another script": st.text("äßλж漢字", min_size=1, max_size=6),
        "capital UUID": st.uuids(version=4).map(lambda id: str(id).upper()),
        "wildcard": st.sampled_from(["*", "%", "_"]),
        "all": st.just("all"),
        "collection": st.sampled_from(["any", "me", "first", "latest"]),
        "null": st.just("null"),
        "undefined": st.just("undefined"),
        "quote": st.sampled_from(["'", "x' OR '1'='1"]),
        "control": st.sampled_from(["\0", "x\0"]),
        "long": st.text("abcdef0123456789", min_size=65, max_size=80),
        "longer than columns are": st.text("abcdef", min_size=256, max_size=320),
        "without hyphens": st.just(own.replace("-", "")),
        "braces": st.just(f"{{{own}}}"),
        "URN": st.just(f"urn:uuid:{own}"),
        "blank before": st.just(f" {own}"),
        "blank after": st.just(f"{own} "),
        "tail": st.sampled_from(["-x", "x", "-0000"]).map(lambda tail: own + tail),
        "longer": st.sampled_from(_HEX).map(lambda digit: own + digit),
        "shorter": st.just(own[:-1]),
        "half": st.just(own[: len(own) // 2]),
        "beginning": st.just(own[:8]),
        "end": st.just(own[-12:]),
        "line feed": st.just(f"{own}\n"),
        "invisible": st.tuples(st.just(own), _INVISIBLE).map("".join),
        "white space": st.tuples(st.just(own), _BLANKS).map("".join),
        "file name": st.just(f"{own}{FILE_ENDING}"),
        "list": st.just(f"{own},{UUID(int=0)}"),
        "greatest UUID": st.just(str(UUID(int=2**128 - 1))),
        **{f"unknown UUID of version {each}": _unknown_uuid(each) for each in (0, 1, 5, 7)},
        "not hexadecimal": st.sampled_from("gz").map(lambda letter: 8 * letter + own[8:]),
        "hyphens elsewhere": st.just("-" * 4 + own.replace("-", "")),
        "first place": st.just("1"),
    }


def boolean_casings(seed: int) -> list[str]:
    """`true` and `false` in capitals, in title case, and both in a casing that is drawn."""
    drawn = _drawn(
        {word: st.tuples(*map(_either_case, word)).map("".join) for word in ("true", "false")}, seed
    )
    return list(dict.fromkeys(["TRUE", "FALSE", "True", "False", *drawn.values()]))


def _either_case(letter: str) -> st.SearchStrategy[str]:
    return st.sampled_from([letter, letter.upper()])


@cache
def drawn_numbers(seed: int, count: int) -> list[int]:
    """`count` whole numbers."""
    drawn = _drawn({f"{place}": st.integers(0, 10**6).map(str) for place in range(count)}, seed)
    return [int(each) for each in drawn.values()]


def pairs_walk(count: int, seed: int) -> list[int]:
    """A walk over `count` places, in an order that is drawn, that goes once from each to each."""
    places = sorted(range(count), key=drawn_numbers(seed, count).__getitem__)
    left = {place: [each for each in places if each != place] for place in places}
    walk, path = [], places[:1]
    # Hierholzer's: every place has as many ways in as out.
    while path:
        if ways := left[path[-1]]:
            path.append(ways.pop())
        else:
            walk.append(path.pop())
    return walk[::-1]


@cache
def not_numbers(seed: int) -> Values:
    """A value of every kind that is no integer, or below 1."""
    return _drawn(NOT_NUMBERS, seed)


@cache
def not_booleans(seed: int) -> Values:
    """A value of every kind that is neither true nor false."""
    return _drawn(NOT_BOOLEANS, seed)


@cache
def unknown_ids(own: str, seed: int) -> Values:
    """A value of every kind that is no preference's id."""
    return _drawn(not_ids(own), seed)


def _drawn(strategies: Strategies, seed: int) -> Values:
    drawn: list[Values] = []

    # The first example is the simplest of its kind; the last is as good as any.
    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=5,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        verbosity=Verbosity.quiet,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(st.fixed_dictionaries(dict(strategies)))
    def collect(values: Values) -> None:
        drawn.append(values)

    collect()
    return drawn[-1]

"""Scenarios: named worlds, written in YAML, and what is wrong with one."""

import re
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from mock_server.http.bounds import (
    LARGEST_TEXT,
    LONGEST_SCALAR,
    MOST_CUSTOMERS,
    MOST_RECORDS,
    BoundsError,
    long_texts,
)
from mock_server.http.document import shipped
from mock_server.http.errors import UserError
from mock_server.http.near import nearest, not_one_of
from mock_server.http.yaml_text import YamlError
from mock_server.worlds import scenario_text
from mock_server.worlds.account import Kind
from mock_server.worlds.catalogue import Catalogue, load_catalogue, unknown_references
from mock_server.worlds.scenario_text import Place, depth_in, line_of
from mock_server.worlds.shapes import MOST_SOUGHT, Mistakes, TooManyMistakes, convert, quoted

Kinds = Mapping[str, Kind[Any, Any]]
_TOO_LONG = f"a text is longer than {LONGEST_SCALAR} characters"
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_NAME = re.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class ScenarioError(UserError):
    """A scenario that cannot be used: a line for each mistake, where, and what would be right."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a scenario says of one customer."""

    description: str
    holdings: Mapping[str, Mapping[str, Any]]


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a scenario, and where it came from."""

    origin: str
    text: str
    is_file: bool = True
    """Whether its lines are ones that somebody can look up."""

    @classmethod
    def of(cls, origin: str, tree: Any) -> "Source":
        """A scenario that did not come as text."""
        # JSON is YAML, but for a few characters that YAML takes in escapes only.
        text = _ESCAPED.sub(_escape, msgspec.json.encode(tree).decode())
        return cls(origin, text, is_file=False)


@dataclass(frozen=True, slots=True)
class Places:
    """Where each part of a scenario stands: on a line of its file, or in the overrides."""

    source: Source
    lines: Mapping[Place, int]
    overrides: Mapping[str, Any]
    within: Place
    """The part that the overrides are about, if a request says no more than that."""

    def error(self, mistakes: Collection[tuple[Place, str]]) -> ScenarioError:
        """A line for each mistake: where it is, the words that lead there, and what it is."""
        order = {place: number for number, place in enumerate(self.lines)}
        ordered = sorted(
            mistakes, key=lambda each: order.get(each[0][: depth_in(self.lines, each[0])], 0)
        )
        lines = list(dict.fromkeys(self._line(place, what) for place, what in ordered))
        if len(mistakes) >= MOST_SOUGHT:
            lines.append(f"no more than {MOST_SOUGHT} mistakes are looked for")
        return ScenarioError("\n".join(lines))

    def _line(self, place: Place, what: str) -> str:
        depth, depth_in_file = self._depth_in_overrides(place), depth_in(self.lines, place)
        if depth and depth >= depth_in_file:
            named = place[len(self.within) :] if self.within else ("overrides", *place)
            return f"{'.'.join(named or place)}: {what}"
        within = place[1:] if len(place) > 1 and place[0] == "customers" else place
        where = ".".join(within) or "scenario"
        if not self.source.is_file:
            return f"{'.'.join((self.source.origin, *place))}: {what}"
        return f"{self.source.origin}:{line_of(self.lines, place)}: {where}: {what}"

    def _depth_in_overrides(self, place: Place) -> int:
        node: Any = self.overrides
        for depth, name in enumerate(place):
            if not isinstance(node, Mapping) or name not in node:
                return depth
            node = node[name]
        return len(place)


@dataclass(frozen=True, slots=True)
class Reading:
    """A scenario as it was read, and which parts of it are in doubt."""

    tree: Mapping[str, Any]
    mistakes: Mistakes
    meant: Set[Place]
    """Places that seem to be left out, but that an unknown name may have been meant for."""

    def deepest_place(self, place: Place) -> Place:
        """The place, or the nearest one above it that the scenario has."""
        node: Any = self.tree
        for depth, name in enumerate(place):
            if not isinstance(node, Mapping) or name not in node:
                return place[:depth]
            node = node[name]
        return place

    def is_in_doubt(self, place: Place) -> bool:
        """Whether a mistake or an unknown name may change what stands at a place."""
        doubted = {mistaken for mistaken, _ in self.mistakes} | self.meant
        return any(one[: len(place)] == place[: len(one)] for one in doubted)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named world: who is in it, and what they hold."""

    name: str
    title: str
    description: str
    staff: tuple[str, ...]
    customers: Mapping[str, Plan]
    catalogue: Catalogue
    source: Source
    document: Mapping[str, Any]
    """The whole of it, with what was laid over it, in the words of a scenario file."""
    places: Places
    reading: Reading

    @property
    def mistakes(self) -> Mistakes:
        """What is wrong with its form; it has what can be read without."""
        return self.reading.mistakes

    @property
    def reread_from(self) -> str | Source:
        """Where it can be read anew: a name, a file, or the text where it came from neither."""
        origin = self.source.origin
        if origin == _shipped(self.name):
            return self.name
        return origin if self.source.is_file and Path(origin).is_file() else self.source


class Header(Struct, frozen=True, forbid_unknown_fields=True):
    """What a file says, before what people hold is read."""

    title: str
    description: str = ""
    staff: tuple[str, ...] = ("sam",)
    customers: dict[str, Any] = {}
    catalogue: dict[str, Any] = {}
    """What is sold besides what everybody knows, or in place of it, by section and name."""


def names() -> list[str]:
    """The scenarios that come with the mock."""
    files = (entry.name for entry in shipped("fixtures", "scenarios").iterdir())
    return sorted(name.removesuffix(".yaml") for name in files if name.endswith(".yaml"))


def load(source: str | Source, kinds: Kinds) -> Scenario:
    """
    The scenario that comes with the mock under this name, or that a file or a text holds.

    Raises:
        ScenarioError: no such scenario or file, or its form is wrong.
    """
    scenario = read(source, kinds, {})
    if scenario.mistakes:
        raise scenario.places.error(scenario.mistakes)
    return scenario


def read(
    source: str | Source, kinds: Kinds, overrides: Mapping[str, Any], within: Place = ()
) -> Scenario:
    """
    A scenario as far as it can be read, with what is wrong with it; `overrides` says what differs,
    in the words of a scenario file, and mistakes in it are told from `within` on.

    Raises:
        ScenarioError: no such scenario or file, or nothing of it can be read.
    """
    if isinstance(source, Source):
        return _Reader(source, kinds, overrides, within).scenario(source.origin)
    return _Reader(source_of(source), kinds, overrides, within).scenario(Path(source).stem)


def _shipped(name: str) -> str:
    return f"fixtures/scenarios/{name}.yaml"


def source_of(source: str) -> Source:
    """
    The text that a name or a path leads to.

    Raises:
        ScenarioError: no such scenario or file.
    """
    if source in names():
        file = shipped("fixtures", "scenarios", f"{source}.yaml")
        return Source(_shipped(source), file.read_text("utf-8"))
    try:
        with Path(source).open(encoding="utf-8") as stream:
            return Source(source, stream.read(LARGEST_TEXT + 1))
    except UnicodeDecodeError:
        raise ScenarioError(f"{source} cannot be read: it is not text in UTF-8") from None
    except (IsADirectoryError, PermissionError) as error:
        raise ScenarioError(f"{source} cannot be read: {error.strerror}") from None
    except (OSError, ValueError):
        known = ", ".join(names())
        raise ScenarioError(
            f"unknown scenario '{source}': it is not a readable file, nor one of {known}"
        ) from None


class _Reader:
    """Reads one scenario; `mistakes` are those that were found in it."""

    def __init__(
        self, source: Source, kinds: Kinds, overrides: Mapping[str, Any], within: Place
    ) -> None:
        self.source, self.kinds, self.overrides, self.within = source, kinds, overrides, within
        self.mistakes = Mistakes()
        self._meant: set[Place] = set()
        self._cost = 0

    def scenario(self, name: str) -> Scenario:
        text = self._text()
        places = Places(self.source, text.lines, self.overrides, self.within)
        try:
            return self._scenario(name, text, places)
        except TooManyMistakes:
            raise places.error(self.mistakes) from None

    def _scenario(self, name: str, text: scenario_text.YamlText, places: Places) -> Scenario:
        self.mistakes.extend(text.mistakes)
        self.mistakes.extend((each, _TOO_LONG) for each in long_texts(self.overrides))
        tree = merge_patch(text.tree, self.overrides)
        header = self._convert(tree, Header, ())
        # What is in it can be told of even where it has no title.
        header = header or convert({**tree, "title": ""}, Header, (), Mistakes())
        self._check_names(header)
        customers = {who: self._plan(who, plan) for who, plan in header.customers.items()}
        if self._is_too_much:
            raise places.error(self.mistakes)
        catalogue = self._catalogue(header.catalogue)
        about = (header.title, header.description, header.staff)
        reading = Reading(tree, self.mistakes, self._meant)
        return Scenario(name, *about, customers, catalogue, self.source, tree, places, reading)

    def _catalogue(self, own: Mapping[str, Any]) -> Catalogue:
        """What is sold; only what everybody knows, where the scenario's own has a mistake in it."""
        shared, place, before = load_catalogue(), ("catalogue",), len(self.mistakes)
        if not own:
            return shared
        tree = merge_patch(msgspec.to_builtins(shared), own)
        catalogue: Catalogue = convert(tree, Catalogue, place, self.mistakes)
        if len(self.mistakes) == before:
            unknown = unknown_references(catalogue)
            self.mistakes.extend(((*place, *where), problem) for where, problem in unknown)
        if len(self.mistakes) == before:
            return catalogue
        what = "people's sites, rates and preferences are looked up once this is right"
        self.mistakes.append((place, what))
        return shared

    def _text(self) -> scenario_text.YamlText:
        origin = self.source.origin
        try:
            text = scenario_text.read(self.source.text)
        except (BoundsError, YamlError) as error:
            raise ScenarioError(f"{origin}:{error}") from None
        if not isinstance(text.tree, dict):
            raise ScenarioError(f"{origin}:1: a scenario is a mapping with a title and customers")
        return text

    def _check_names(self, header: Header) -> None:
        self._is_too_much = len(header.customers) > MOST_CUSTOMERS
        if self._is_too_much:
            what = f"{len(header.customers)} customers; a scenario may have {MOST_CUSTOMERS}"
            self.mistakes.append((("customers",), what))
        places = {("customers", who): who for who in header.customers}
        places |= {("staff", str(n)): who for n, who in enumerate(header.staff)}
        for place, who in places.items():
            if not _NAME.fullmatch(who):
                what = "stands in a token, so it is letters from a to z, digits, - and _"
                self.mistakes.append((place, f"the name '{who[:80]}' {what}"))

    def _plan(self, who: str, plan: Any) -> Plan:
        place = ("customers", who)
        plan = {} if plan is None else plan
        if not isinstance(plan, dict):
            self.mistakes.append((place, "a customer is a mapping of what they hold"))
            return Plan("", {})
        # Null, as an override may say, is nothing.
        held = {kind: value for kind, value in plan.items() if value is not None}
        about = held.pop("description", "")
        description = convert(about, str, (*place, "description"), self.mistakes) or ""
        return Plan(description, {kind: self._kind(who, kind, held[kind]) for kind in held})

    def _kind(self, who: str, kind_name: str, value: Any) -> dict[str, Any]:
        place, kind = ("customers", who, kind_name), self.kinds.get(kind_name)
        if kind is None:
            known = ("description", *sorted(self.kinds))
            self.mistakes.append((place, not_one_of(kind_name, known)))
            self._note_unknown(kind_name, known, (), place[:-1])
            return {}
        if not kind.single and not isinstance(value, dict):
            self.mistakes.append((place, "must map names to holdings"))
            return {}
        made = (
            {"self": self._make_holding(kind, value, place)}
            if kind.single
            else {
                name: self._holding(kind, name, holding, (*place, name))
                for name, holding in value.items()
            }
        )
        # What cannot be read is left out: whoever refers to it would stumble.
        return {name: holding for name, holding in made.items() if holding is not None}

    def _holding(self, kind: Kind[Any, Any], name: str, value: Any, place: Place) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            value = {"count": value} | ({kind.state: name} if kind.state else {})
        value = {} if value is None else value
        if not isinstance(value, dict):
            what = "must be how many, or a mapping of what they are like"
            self.mistakes.append((place, f"{what}; got {quoted(value)}"))
            return None
        return self._make_holding(kind, value, place)

    def _make_holding(self, kind: Kind[Any, Any], value: Any, place: Place) -> Any:
        holding, before = self._convert(value, kind.holding, place), self._cost
        self._cost += kind.cost * getattr(holding, "count", 1)
        if self._cost > MOST_RECORDS >= before:
            what = (
                f"too many records: a scenario may have {MOST_RECORDS} in all, of which a"
                f" membership counts as {self.kinds['memberships'].cost} and an order as none"
            )
            self.mistakes.append((place, what))
            self._is_too_much = True
        return holding

    def _convert(self, value: Any, shape: type[Struct], place: Place) -> Any:
        made = convert(value, shape, place, self.mistakes)
        known = shape.__struct_encode_fields__
        for name in value.keys() - known if isinstance(value, Mapping) else ():
            self._note_unknown(name, known, value, place)
        return made

    def _note_unknown(
        self, name: str, known: Iterable[str], present: Iterable[str], place: Place
    ) -> None:
        meant = nearest(name, set(known) - set(present))
        if meant:
            self._meant.add((*place, meant))


def merge_patch(base: Any, changes: Any) -> Any:
    """`base` with `changes` laid over it as a JSON merge patch (RFC 7396): null removes."""
    if not isinstance(changes, Mapping):
        return changes
    result = dict(base) if isinstance(base, Mapping) else {}
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result

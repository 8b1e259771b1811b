"""Scenarios: named worlds, written in YAML, and what is wrong with one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from mock_server.http import bounds
from mock_server.http.bounds import MOST_CUSTOMERS, MOST_RECORDS, BoundsError
from mock_server.http.document import shipped
from mock_server.http.yaml_text import YamlError, line_of, place_of, tree_of
from mock_server.worlds.account import Kind

Kinds = Mapping[str, Kind[Any, Any]]
Place = tuple[str, ...]


class ScenarioError(Exception):
    """A scenario that cannot be used: what is wrong, where, and what would be right."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a scenario says of one customer."""

    description: str
    holdings: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a scenario, and where it came from."""

    origin: str
    text: str

    def error(self, what: str, place: Place) -> ScenarioError:
        """What is wrong, with the file, the line and the words that lead there."""
        where = ".".join(place[1:] if place[:1] == ("customers",) else place)
        line = line_of(self.text, place)
        return ScenarioError(f"{self.origin}:{line}: {where or 'scenario'}: {what}")


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named world: who is in it, and what they hold."""

    name: str
    title: str
    description: str
    staff: tuple[str, ...]
    customers: Mapping[str, Plan]
    source: Source
    document: Mapping[str, Any]
    """The whole of it, with what was laid over it, in the words of a scenario file."""


class Header(Struct, frozen=True, forbid_unknown_fields=True):
    """What a file says, before what people hold is read."""

    title: str
    description: str = ""
    staff: tuple[str, ...] = ("sam",)
    customers: dict[str, dict[str, Any]] = {}


def names() -> list[str]:
    """The scenarios that come with the mock."""
    found = (entry.name for entry in shipped("fixtures", "scenarios").iterdir())
    return sorted(name.removesuffix(".yaml") for name in found if name.endswith(".yaml"))


def load(
    source: str | Source, kinds: Kinds, overrides: Mapping[str, Any] | None = None
) -> Scenario:
    """
    The scenario that comes with the mock under this name, or that a file or a text holds.

    `overrides` says what differs, in the words of a scenario file.

    Raises:
        ScenarioError: no such scenario or file, or something in it is wrong.
    """
    if isinstance(source, Source):
        return _Reader(source, kinds).scenario(source.origin, overrides or {})
    return _Reader(_read(source), kinds).scenario(Path(source).stem, overrides or {})


def _read(source: str) -> Source:
    if source in names():
        file = shipped("fixtures", "scenarios", f"{source}.yaml")
        return Source(f"fixtures/scenarios/{source}.yaml", file.read_text("utf-8"))
    try:
        return Source(source, Path(source).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ValueError):
        known = ", ".join(names())
        raise ScenarioError(
            f"unknown scenario '{source}': it is not a readable file, nor one of {known}"
        ) from None


@dataclass(frozen=True, slots=True)
class _Reader:
    source: Source
    kinds: Kinds

    def scenario(self, name: str, overrides: Mapping[str, Any]) -> Scenario:
        tree = merged(self._tree(), overrides)
        header = self._convert(tree, Header, ())
        if len(header.customers) > MOST_CUSTOMERS:
            what = f"{len(header.customers)} customers; a scenario may have {MOST_CUSTOMERS}"
            raise self.source.error(what, ("customers",))
        customers = {who: self._plan(who, dict(said)) for who, said in header.customers.items()}
        self._afford(customers)
        return Scenario(
            name, header.title, header.description, header.staff, customers, self.source, tree
        )

    def _afford(self, customers: Mapping[str, Plan]) -> None:
        cost = 0
        for who, plan in customers.items():
            for kind, holdings in plan.holdings.items():
                for name, holding in holdings.items():
                    cost += self.kinds[kind].cost * getattr(holding, "count", 1)
                    if cost > MOST_RECORDS:
                        what = (
                            f"too many records: a scenario may have {MOST_RECORDS} in all,"
                            f" of which a membership counts as {self.kinds['memberships'].cost}"
                            " and an order as none"
                        )
                        raise self.source.error(what, ("customers", who, kind, name))

    def _tree(self) -> dict[str, Any]:
        origin = self.source.origin
        try:
            bounds.check_yaml(self.source.text)
            tree = tree_of(self.source.text)
        except (BoundsError, YamlError) as error:
            raise ScenarioError(f"{origin}:{error}") from None
        except ValueError as error:
            raise ScenarioError(f"{origin}: {error}") from None
        if not isinstance(tree, dict):
            raise ScenarioError(f"{origin}:1: a scenario is a mapping with a title and customers")
        return tree

    def _plan(self, who: str, said: dict[str, Any]) -> Plan:
        description = said.pop("description", "")
        if not isinstance(description, str):
            raise self.source.error(
                "description must be a sentence", ("customers", who, "description")
            )
        return Plan(description, self._kinds(who, said))

    def _kinds(self, who: str, said: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """What is held of each kind; null, as an override may say, is nothing."""
        held = [kind for kind in said if said[kind] is not None]
        return {kind: dict(self._holdings(who, kind, said)) for kind in held}

    def _holdings(
        self, who: str, kind_name: str, said: dict[str, Any]
    ) -> Iterator[tuple[str, Any]]:
        place = ("customers", who, kind_name)
        kind = self.kinds.get(kind_name)
        if kind is None:
            known = ", ".join(sorted(self.kinds))
            raise self.source.error(f"'{kind_name}' is not one of description, {known}", place)
        value = said[kind_name]
        if kind.single:
            yield "self", self._convert(value, kind.holding, place)
            return
        if not isinstance(value, dict):
            raise self.source.error("must map names to holdings", place)
        for name, holding in value.items():
            yield str(name), self._holding(kind, str(name), holding, (*place, str(name)))

    def _holding(self, kind: Kind[Any, Any], name: str, said: Any, place: Place) -> Any:
        if isinstance(said, int) and not isinstance(said, bool):
            said = {"count": said} | ({kind.state: name} if kind.state else {})
        return self._convert(said or {}, kind.holding, place)

    def _convert(self, value: Any, shape: type[Any], place: Place) -> Any:
        try:
            return msgspec.convert(value, shape)
        except msgspec.ValidationError as error:
            what, fields = place_of(error)
            raise self.source.error(what, place + fields) from None


def merged(base: Any, changes: Any) -> Any:
    """`base` with `changes` laid over it as a JSON merge patch (RFC 7396): null removes."""
    if not isinstance(changes, Mapping):
        return changes
    result = dict(base) if isinstance(base, Mapping) else {}
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result

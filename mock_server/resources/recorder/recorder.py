"""What passes the proxy, kept as long as it runs, and written as a scenario."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from threading import Event, Thread
from typing import Any

import yaml

from mock_server.http.bounds import MOST_CUSTOMERS
from mock_server.http.errors import UserError
from mock_server.observation.entry import Entry
from mock_server.observation.people import (
    CHARGES,
    CREDITS,
    DETAILS,
    MEMBERSHIPS,
    METHODS,
    ORDERS,
    PREFERENCES,
)
from mock_server.resources import KINDS
from mock_server.resources.everything import describe
from mock_server.resources.recorder.holdings import ObservedCustomer, ScenarioBuilder
from mock_server.resources.recorder.pseudonyms import Pseudonyms
from mock_server.worlds import scenario
from mock_server.worlds.scenario import ScenarioError, Source
from mock_server.worlds.scenario_text import Place
from mock_server.worlds.shapes import Mistakes, convert
from mock_server.worlds.world import World

Json = dict[str, Any]
HEAD = "# Recorded by mock-server proxy; every personal value is made up.\n"
LISTS = {
    CHARGES: "charges",
    CREDITS: "credits",
    MEMBERSHIPS: "memberships",
    METHODS: "payment_methods",
    ORDERS: "orders",
    PREFERENCES: "marketing_preferences",
    "actionMyAccountMarketingPreferenceOptIn": "marketing_preferences",
    "actionMyAccountMarketingPreferenceOptOut": "marketing_preferences",
}
"""What each operation lists, by the names of a scenario."""
IN_PARTS = ("credits", "orders")
"""Kinds of which an answer shows a part only: a page, or what the filter lets through."""
WRITTEN_EVERY_S = 5.0
SERVED_AFTER = [timedelta(days=days) for days in (0, 1, 2, 3, 5, 8, 13, 21, 34, 89)]
"""When a scenario is tried: dates count from the day on which it is served."""


class RecordingError(UserError):
    """A recording that cannot be written; the message says why."""


class Recorder:
    """What customers were seen to have."""

    def __init__(self, file: Path) -> None:
        """
        Raises:
            RecordingError: the file is somebody's own, or cannot be written.
        """
        self._file = file
        self._people: dict[str, ObservedCustomer] = {}
        self._now: datetime | None = None
        self._ends, self._writer = Event(), Thread(target=self._write_at_times, daemon=True)
        self._is_written = True
        try:
            with file.open("a+", encoding="utf-8") as stream:
                stream.seek(0)
                begins = stream.read(len(HEAD))
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise RecordingError(f"{file} cannot be recorded to: {reason}") from None
        if begins not in ("", HEAD):
            raise RecordingError(f"{file} is no recording; choose a name that is free")

    def add(self, entry: Entry, body: Any) -> None:
        """Add an answer that keeps the contract; the recording is written soon."""
        route, persona, status = entry.route, entry.persona, entry.response.status
        if route is None or persona is None or not entry.answer_verdict.valid:
            return
        if persona not in self._people and len(self._people) == MOST_CUSTOMERS:
            return
        customer = self._people.setdefault(persona, ObservedCustomer(persona))
        self._now = entry.at
        if route.id == METHODS and status in (HTTPStatus.OK, HTTPStatus.NOT_FOUND):
            customer.has_provider = status == HTTPStatus.OK
        if status == HTTPStatus.OK and isinstance(body, dict):
            _take(customer, route.id, body)
        self._is_written = False
        if not self._writer.is_alive():
            self._writer.start()

    def _write_at_times(self) -> None:
        """Write what is new now and then: a recording outlives a proxy that is killed."""
        while not self._ends.wait(WRITTEN_EVERY_S):
            if not self._is_written:
                # What cannot be written is told at the end.
                with suppress(UserError):
                    self._write()

    def end(self) -> str:
        """
        Write the scenario a last time; gives what became of it in words.

        Raises:
            RecordingError: the file cannot be written.
        """
        self._ends.set()
        if self._writer.is_alive():
            self._writer.join()
        return self._write()

    def _write(self) -> str:
        if self._now is None:
            if not self._file.stat().st_size:
                self._file.unlink()
            return "nothing was recorded: no answer that keeps the contract opened anything"
        self._is_written = True
        people = [
            replace(customer, lists={**customer.lists}) for customer in tuple(self._people.values())
        ]
        text, left_out = _text(people, self._now)
        try:
            _write_whole(self._file, text)
        except OSError as error:
            raise RecordingError(f"{self._file} cannot be written: {error.strerror}") from None
        count = len(people)
        lacking = f"; left out: {', '.join(left_out)}" if left_out else ""
        return f"{self._file}: {count} customer{'s'[: count != 1]} recorded{lacking}"


def _text(everybody: Sequence[ObservedCustomer], now: datetime) -> tuple[str, list[str]]:
    """The scenario as a file has it, and what is left out of it."""
    people = everybody
    while True:
        try:
            tree, left_out = _scenario(people, now)
            break
        except ScenarioError:
            # More than a scenario may hold.
            if len(people) == 1:
                raise
            people = people[: len(people) * 3 // 4]
    left_out += [customer.name for customer in everybody if customer.name not in tree["customers"]]
    lines = "".join(f"# The mock cannot say it: {each}\n" for each in left_out)
    text = yaml.safe_dump(
        tree, sort_keys=False, allow_unicode=True, width=100, default_flow_style=None
    )
    return f"{HEAD}{lines}{text}", left_out


def _write_whole(file: Path, text: str) -> None:
    """Write a file so that whoever reads it, at any time, has all of it."""
    if not file.is_file():
        file.write_text(text, "utf-8")
        return
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    temporary.write_text(text, "utf-8")
    temporary.replace(file.resolve())


def _scenario(people: Sequence[ObservedCustomer], now: datetime) -> tuple[Json, list[str]]:
    """
    The scenario of what people were seen to have, and what of it was left out.

    Raises:
        ScenarioError: it is more than a scenario may hold.
    """
    everything = [[customer.details, *customer.lists.values()] for customer in people]
    book = ScenarioBuilder(people, now, Pseudonyms(everything))
    customers = book.customers()
    tree = {
        "title": f"Recorded on {now.day} {now:%B %Y}",
        "description": "What the proxy saw of a real implementation, without its people.",
        "customers": customers,
        "catalogue": book.catalogue,
    }
    return tree, _remove_impossible(tree, now)


def _take(customer: ObservedCustomer, operation: str, body: Json) -> None:
    """Keep what a success shows."""
    if operation == DETAILS:
        customer.details = body["data"]
        return
    kind = LISTS.get(operation)
    if kind is None:
        return
    records = {each["id"]: each for each in body["data"]}
    if kind in IN_PARTS:
        records = {each["id"]: each for each in customer.of(kind)} | records
    customer.lists[kind] = list(records.values())
    if kind == "orders":
        customer.order_count = body["meta"]["total"]


def _remove_impossible(tree: Json, now: datetime) -> list[str]:
    """Remove from a scenario what cannot be served; returns the names."""
    left_out = []
    while places := sorted({*_unreadable(tree), *_impossible(tree, now)}):
        for *above, name in places:
            node = tree
            for step in above:
                node = node.get(step, {})
            if node.pop(name, None) is not None:
                left_out.append(".".join((*above[1:], name)))
    return left_out


def _unreadable(tree: Json) -> Iterator[Place]:
    """Fields of a form that scenarios do not have."""
    for who, held in tree["customers"].items():
        for kind in (KINDS[name] for name in held if name in KINDS):
            holdings = {"": held[kind.name]} if kind.single else held[kind.name]
            for name, value in holdings.items():
                mistakes = Mistakes()
                convert(value, kind.holding, (), mistakes)
                for place, _ in mistakes:
                    yield ("customers", who, kind.name, *([name] if name else []), *place[:1])


def _impossible(tree: Json, now: datetime) -> Iterator[Place]:
    """Holdings that no world could have, on whichever day it is opened."""
    if any(_unreadable(tree)):
        return
    source = Source.of("recording", tree)
    read = scenario.load(source, KINDS)
    for later in SERVED_AFTER:
        world = World(read, 1, now + later, read.catalogue, describe)
        for place, what in world.mistakes(KINDS.values()):
            if place == ("customers",):
                raise ScenarioError(what)
            yield place

"""Known violations: what an implementation may go on doing until a date, and nothing besides."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import msgspec
import yaml
from msgspec import Struct

from contract_tests.law import Verdict
from contract_tests.target import TargetError

LASTS = timedelta(days=90)
"""How long an entry that the kit writes holds."""
UNEXPLAINED = "written by --write-baseline; say why it is tolerated"


class Known(Struct, frozen=True, forbid_unknown_fields=True):
    """A violation that is known, why it is tolerated, and the last day on which it is."""

    law: str
    """RULE@operation, as reports name it."""
    reason: str
    until: date

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Z]+-\d+@\S.*", self.law):
            raise ValueError(f"law '{self.law}' is not like PREF-06@{'{operation}'}")
        if not self.reason.strip():
            raise ValueError(f"{self.law} needs a reason; it is printed")


class Baseline(Struct, frozen=True, forbid_unknown_fields=True):
    """A file of known violations."""

    known: tuple[Known, ...] = ()


def load(path: Path) -> tuple[Known, ...]:
    """
    Read a baseline.

    Raises:
        TargetError: the file cannot be read, or something in it is wrong.
    """
    try:
        tree = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
        return msgspec.convert(tree or {}, Baseline).known
    except (OSError, UnicodeDecodeError) as error:
        raise TargetError(f"{path}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise TargetError(f"{path}: {getattr(error, 'problem', 'not YAML')}") from None
    except msgspec.ValidationError as error:
        raise TargetError(f"{path}: {error}") from None


def check_entries(known: Sequence[Known], places: Sequence[str]) -> None:
    """
    Every entry must name a place that is judged, and no place may be named twice.

    Raises:
        TargetError: one does not.
    """
    laws = [each.law for each in known]
    for law in laws:
        if law not in places:
            raise TargetError(f"baseline: there is nothing to judge at '{law}'")
        if laws.count(law) > 1:
            raise TargetError(f"baseline: {law} stands there twice")


def tolerate(verdict: Verdict, known: Sequence[Known], today: date) -> Verdict:
    """The verdict, which is `known` where an entry that has not ended speaks of its violation."""
    if verdict.outcome not in ("violated", "unstable"):
        return verdict
    for each in known:
        if each.law == verdict.id and today <= each.until:
            tolerance = f"{each.reason} (until {each.until}; got {verdict.actual})"
            return replace(verdict, outcome="known", actual=tolerance)
    return verdict


def notes(verdicts: Sequence[Verdict], known: Sequence[Known], today: date) -> Iterator[str]:
    """Notes on entries that ended, no longer happen, or could not be judged."""
    outcomes = {each.id: each.outcome for each in verdicts}
    for each in known:
        if today > each.until:
            yield f"baseline: {each.law} was tolerated until {each.until} ({each.reason})"
        elif outcomes.get(each.law) == "holds":
            yield f"baseline: {each.law} no longer happens; take it out ({each.reason})"
        elif outcomes.get(each.law) == "not covered":
            yield f"baseline: {each.law} could not be judged ({each.reason})"


def as_yaml(verdicts: Sequence[Verdict], known: Sequence[Known], today: date) -> str:
    """A baseline of all that is violated now; entries that were there keep reason and end."""
    before = {each.law: each for each in known if today <= each.until}
    entries = [
        before.get(each.id) or Known(each.id, UNEXPLAINED, today + LASTS)
        for each in verdicts
        if each.outcome in ("violated", "unstable", "known")
    ]
    tree = {"known": [msgspec.to_builtins(each, builtin_types=(date,)) for each in entries]}
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=100)

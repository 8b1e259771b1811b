"""Instants and ISO 8601 durations: reading them, and adding them as a calendar does."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

_DURATION = re.compile(
    r"(?P<sign>[+-])?P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)
FIRST_YEAR, LAST_YEAR = 1900, 2300
"""No scenario needs others, and what is billed month by month has to come to an end."""
WANTED = "a duration such as P10D or -PT1H, `midnight`, or an instant such as 2026-03-01T09:00:00Z"


@dataclass(frozen=True, slots=True)
class Duration:
    """Whole months, which differ in length, and a time, which does not."""

    months: int = 0
    time: timedelta = timedelta()

    def __mul__(self, times: int) -> "Duration":
        return Duration(self.months * times, self.time * times)

    def after(self, start: datetime) -> datetime:
        """The instant this long after `start`; a day that the month lacks becomes its last."""
        months = start.month - 1 + self.months
        year, month = start.year + months // 12, months % 12 + 1
        day = min(start.day, monthrange(year, month)[1])
        return start.replace(year=year, month=month, day=day) + self.time


@cache
def parse_duration(text: str) -> Duration:
    """
    Read an ISO 8601 duration, with an optional sign before it.

    Raises:
        ValueError: it is none.
    """
    match = _DURATION.fullmatch(text)
    if match is None or text[-1] in "PT":
        raise ValueError(f"'{text}' is not an ISO 8601 duration such as P30D, P1M or PT90S")
    parts = {name: int(value or 0) for name, value in match.groupdict().items() if name != "sign"}
    months = parts.pop("years") * 12 + parts.pop("months")
    try:
        return Duration(months, timedelta(**parts)) * (-1 if match["sign"] == "-" else 1)
    except OverflowError:
        raise ValueError(f"'{text}' is longer than a calendar goes") from None


def parse_instant(text: str, opened_at: datetime) -> datetime:
    """
    Read an instant of a scenario: a duration counts from `opened_at`, `midnight` is the next one in
    UTC, `midnight Europe/London` the next one there, anything else is absolute.

    Raises:
        ValueError: it is none of these.
    """
    if text.startswith("midnight"):
        return _next_midnight(text.removeprefix("midnight").strip(), opened_at)
    instant = _relative(text, opened_at) if "P" in text[:2] else _absolute(text)
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise ValueError(f"'{text}' is not in the years {FIRST_YEAR} to {LAST_YEAR}")
    return instant


def _next_midnight(zone: str, opened_at: datetime) -> datetime:
    try:
        there = opened_at.astimezone(ZoneInfo(zone or "UTC"))
    except (KeyError, ValueError, OSError):
        what = f"'midnight {zone[:80]}' names no time zone; write one such as Europe/London"
        raise ValueError(what) from None
    # The day is added to the wall clock: from one midnight to the next may be 23 or 25 hours.
    return (midnight(there) + timedelta(days=1)).astimezone(UTC)


def _absolute(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo:
            return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"'{text}' is outside the calendar") from None
    except ValueError:
        raise ValueError(f"'{text}' is not {WANTED}") from None
    raise ValueError(f"'{text}' has no time zone; write {instant:%Y-%m-%dT%H:%M:%S}Z for UTC")


def _relative(text: str, opened_at: datetime) -> datetime:
    length = parse_duration(text)
    try:
        return length.after(opened_at)
    except (ValueError, OverflowError):
        raise ValueError(f"'{text}' from now is outside the calendar") from None


def midnight(instant: datetime) -> datetime:
    """The beginning of the instant's day."""
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)


def working_days_after(start: datetime, days: int) -> datetime:
    """The same time of day, `days` days later, Saturdays and Sundays not counted."""
    instant = start
    while days:
        instant += timedelta(days=1)
        days -= instant.weekday() < 5
    return instant

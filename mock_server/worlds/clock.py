"""The only file that asks the machine for the time, and a world's own time beside it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from mock_server.worlds.moments import Duration

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""No clock leaves these: beyond them calendars, and what is billed by them, lose their meaning."""
OUT_OF_BOUNDS = f"A sandbox's clock shows times from {EARLIEST:%Y} to {LATEST:%Y} only."


class ClockError(Exception):
    """A time that a clock cannot show."""


def machine_now() -> datetime:
    """What the machine's clock says, in UTC."""
    return datetime.now(UTC)


def instant(text: str) -> datetime:
    """
    Read an ISO 8601 instant with an offset.

    Raises:
        ClockError: no calendar has it.
    """
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ClockError(f"'{text[:40]}' is no instant such as 2026-03-01T09:00:00Z.") from None


@dataclass(frozen=True, slots=True)
class Clock:
    """
    A world's time: standing still, or running since an instant of the machine's clock.

    Months and time are kept apart from the base, so that a month twice is two months.
    """

    base: datetime
    advanced: Duration = Duration()
    since: datetime | None = None
    """When it began to run, by the machine's clock; None while it stands still."""
    _shown: datetime = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """
        Raises:
            ClockError: it would show a time before EARLIEST or after LATEST.
        """
        object.__setattr__(self, "_shown", _within_bounds(self.base, self.advanced))

    @property
    def runs(self) -> bool:
        return self.since is not None

    def now(self) -> datetime:
        """The instant it is, in UTC."""
        return self._shown if self.since is None else self._shown + (machine_now() - self.since)

    def at(self, instant: datetime) -> "Clock":
        """
        The same clock, put to an instant.

        Raises:
            ClockError: the instant is out of bounds.
        """
        return Clock(instant.astimezone(UTC), since=machine_now() if self.runs else None)

    def later(self, by: Duration) -> "Clock":
        """
        The same clock, advanced.

        Raises:
            ClockError: that leads out of bounds.
        """
        try:
            time = self.advanced.time + by.time
        except OverflowError:
            raise ClockError(OUT_OF_BOUNDS) from None
        return Clock(self.base, Duration(self.advanced.months + by.months, time), self.since)

    def running(self, runs: bool) -> "Clock":
        """The same time on a clock that runs, or that stands still."""
        if runs == self.runs:
            return self
        if self.since is None:
            return Clock(self.base, self.advanced, machine_now())
        elapsed = machine_now() - self.since
        return Clock(self.base, Duration(self.advanced.months, self.advanced.time + elapsed))


def _within_bounds(base: datetime, advanced: Duration) -> datetime:
    try:
        shown = advanced.after(base)
    except (ValueError, OverflowError):
        shown = None
    if shown is None or not EARLIEST <= shown <= LATEST:
        raise ClockError(OUT_OF_BOUNDS)
    return shown

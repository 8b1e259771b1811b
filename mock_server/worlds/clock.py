"""The only file that asks the machine for the time, and a world's own time beside it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from mock_server.http.errors import UserError
from mock_server.worlds.moments import Duration

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""No clock leaves these: beyond them calendars, and what is billed by them, lose their meaning."""
OUT_OF_BOUNDS = f"A sandbox's clock shows times from {EARLIEST:%Y} to {LATEST:%Y} only."


class ClockError(UserError):
    """A time that a clock cannot show."""


def machine_now() -> datetime:
    """The machine's current time, in UTC."""
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

    Months are kept apart from the base, so that a month twice is two months; they count from the
    day that the clock has come to by what time was added before them.
    """

    base: datetime
    months: int = 0
    since: datetime | None = None
    """When it began to run, by the machine's clock; None while it stands still."""
    _shown: datetime = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """
        Raises:
            ClockError: it would show a time before EARLIEST or after LATEST.
        """
        object.__setattr__(self, "_shown", _later(self.base, Duration(self.months)))

    @property
    def runs(self) -> bool:
        return self.since is not None

    def now(self) -> datetime:
        """The current instant, in UTC; a clock that runs stands still at LATEST."""
        return self._shown if self.since is None else self._shown + self._elapsed(machine_now())

    def at(self, instant: datetime) -> "Clock":
        """
        A copy of this clock set to `instant`, running if this one runs.

        Raises:
            ClockError: the instant is out of bounds.
        """
        return Clock(instant.astimezone(UTC), since=machine_now() if self.runs else None)

    def later(self, by: Duration) -> "Clock":
        """
        A copy of this clock advanced by months first, then by time.

        Raises:
            ClockError: that leads out of bounds.
        """
        clock = self._settled()
        moved = Clock(clock.base, clock.months + by.months, clock.since)
        if not by.time:
            return moved
        return Clock(_later(moved._shown, Duration(time=by.time)), since=clock.since)

    def running(self, runs: bool) -> "Clock":
        """A copy of this clock, at the same time, that runs or stands still."""
        if runs == self.runs:
            return self
        clock = self._settled()
        return Clock(clock.base, clock.months, machine_now() if runs else None)

    def _settled(self) -> "Clock":
        """A copy of this clock with the elapsed time added to its base."""
        if self.since is None:
            return self
        now = machine_now()
        elapsed = self._elapsed(now)
        moved = self.base + elapsed
        if self.months and moved.date() != self.base.date():
            # A day has passed since months were added: the next ones count from what it shows.
            return Clock(self._shown + elapsed, 0, now)
        return Clock(moved, self.months, now)

    def _elapsed(self, now: datetime) -> timedelta:
        """How long it has run by now, as far as it may."""
        return min(now - (self.since or now), LATEST - self._shown)


def _later(start: datetime, by: Duration) -> datetime:
    try:
        shown = by.after(start)
    except (ValueError, OverflowError):
        shown = None
    if shown is None or not EARLIEST <= shown <= LATEST:
        raise ClockError(OUT_OF_BOUNDS)
    return shown

"""The only file that asks the machine for the time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Clock:
    """A world's time: standing still at `fixed`, or running `offset` ahead of the machine's."""

    fixed: datetime | None = None
    offset: timedelta = timedelta()

    def now(self) -> datetime:
        """The instant it is, in UTC."""
        return self.fixed or datetime.now(UTC) + self.offset

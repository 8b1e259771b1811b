"""Which of several servers behind one balancer this is; the ids of its sandboxes say so."""

import re
import secrets
from dataclasses import dataclass

from mock_server.http.errors import UserError

_PREFIX = re.compile(r"s(\d{1,4})-")
MOST = 1000


class ShardError(UserError):
    """It names no shard; the message says what would."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` servers, counted from 1; a server alone is the first of one."""

    number: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """
        Read `2/4`.

        Raises:
            ShardError: it is none.
        """
        number, _, count = text.partition("/")
        if not (number.isdecimal() and count.isdecimal() and 0 < int(number) <= int(count) <= MOST):
            raise ShardError(f"'{text}' is no shard such as 2/4, the second of four")
        return cls(int(number), int(count))

    def new_id(self) -> str:
        """An id that nobody can guess, and that is never drawn twice: 128 bits."""
        prefix = f"s{self.number}-" if self.count > 1 else ""
        return prefix + secrets.token_hex(16)

    def owner_of(self, id: str) -> int | None:
        """The other shard that drew an id; None where it may be one of this server's own."""
        match = _PREFIX.match(id) if self.count > 1 else None
        return int(match[1]) if match and int(match[1]) != self.number else None

"""Consents as a run found them, in a file until they are put back: `kill -9` leaves it behind."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout
from msgspec import Struct

from contract_tests import cache
from contract_tests.actor import Customer
from contract_tests.law import NotCovered
from contract_tests.session import Session
from contract_tests.target import Unreachable
from contract_tests.transport import NotSent


class Consents(Struct, frozen=True):
    """A customer by name, and their marketing preferences: id → opted in."""

    name: str
    opted_in: dict[str, bool]


Note = dict[str, Consents]
"""By the id of the account."""


@dataclass
class Leftovers:
    """Changed consents that an earlier run left behind, and that this one may."""

    session: Session
    file: Path | None
    """Where it is noted; None where it is not."""
    summary: str = ""
    """One line on what was put back for an earlier run; empty if nothing was."""
    missing: Note = field(default_factory=dict)
    """What could not be put back yet."""

    def put_back(self) -> None:
        """Put back what an earlier run changed, for those who take part in this one."""
        self.missing = _read(self.file)
        if not self.missing:
            return
        session, changed = self.session.restarted(), list[str]()
        contract = session.contract
        session.survey(contract.account, contract.preferences)
        owners = {id: name for name, id in session.ids.items()}
        for customer in session.customers:
            for id in [id for id in self.missing if owners.get(id) == customer.name]:
                count = _restore(customer, self.missing[id].opted_in)
                if count is not None:
                    del self.missing[id]
                    changed += [f"{count} of {customer.name}"] if count else []
        if changed:
            self.summary = f"consents that an earlier run could not put back: {', '.join(changed)}"

    def note(self, session: Session) -> None:
        """Write down what the survey of a run found, before anything is written at the target."""
        ids = session.ids
        initial = {
            ids[name]: Consents(name, opted_in)
            for name, opted_in in session.consents.items()
            if opted_in and name in ids
        }
        self._write(initial | self.missing)

    def restore(self) -> list[str]:
        """Put back what this run changed; says what could not be."""
        left = self.session.restore()
        if not left:
            self._write(self.missing)
        return left

    def _write(self, note: Note) -> None:
        with suppress(OSError):  # Without a note the run is as good; only `kill -9` is worse.
            if self.file and note:
                self.file.write_bytes(msgspec.json.encode(note))
            elif self.file:
                self.file.unlink(missing_ok=True)


@contextmanager
def tracking(session: Session) -> Iterator[Leftovers]:
    """
    Put back what an earlier run left, then have the session note what it finds; but not where
    nothing is written or no socket is used, nor beside another run at the same target.
    """
    target = session.client.target
    lock = None if target.read_only or session.client.transport else _lock(target.base_url)
    if lock is None:
        yield Leftovers(session, None)
        return
    try:
        leftovers = Leftovers(session, cache.file_for(target.base_url, "leftovers"))
        leftovers.put_back()
        session.when_surveyed = leftovers.note
        yield leftovers
    finally:
        with suppress(OSError):
            Path(lock.lock_file).unlink()
        lock.release()


def _lock(base_url: str) -> FileLock | None:
    """The lock of a live run; None where another holds it, or no file can be written."""
    try:
        file = cache.file_for(base_url, "leftovers")
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(file.with_suffix(".lock"))
        lock.acquire(timeout=0)
        return lock
    except (OSError, RuntimeError, Timeout):
        return None


def _read(file: Path | None) -> Note:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Note) if file else {}
    except (OSError, msgspec.DecodeError):
        return {}


def _restore(customer: Customer, opted_in: dict[str, bool]) -> int | None:
    """Put consents back; how many, or None if one could not be."""
    try:
        now = customer.consents()
        restorable = {id: value for id, value in opted_in.items() if id in now}
        answers = customer.restore(restorable, now)
    except (NotCovered, NotSent, Unreachable):
        return None
    return len(answers) if all(answer.ok for answer in answers) else None

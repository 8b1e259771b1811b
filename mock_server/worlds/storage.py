"""Sandboxes on disk, so that a restart finds them again."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from mock_server.http.errors import UserError
from mock_server.worlds import snapshot
from mock_server.worlds.snapshot import Snapshot, SnapshotError

_TABLE = "CREATE TABLE sandboxes (id TEXT PRIMARY KEY, snapshot BLOB NOT NULL)"
_APPLICATION = 0x4D794163
"""By this number in its header a file of SQLite tells whose it is."""
_MAGIC = b"SQLite format 3\0"


class StorageError(UserError):
    """A file that sandboxes cannot be kept in; the message says why."""


class Storage:
    """
    A file of sandboxes, of one server at a time. Each change is a transaction: however the
    process ends, the file holds every sandbox either as it was before or as it was after.
    """

    def __init__(self, file: Path) -> None:
        """
        Nothing is written before `begin`.

        Raises:
            StorageError: it is no such file, or another server has it.
        """
        self._file = Path(os.path.realpath(file))
        self._database: sqlite3.Connection
        if not self._file.parent.is_dir():
            raise self._error(f"there is no folder {self._file.parent}")
        self._lock = FileLock(f"{self._file}.lock")
        try:
            self._is_new = not os.path.lexists(self._file) or not self._check_owner()
            self._lock.acquire(blocking=False)
        except Timeout:
            raise self._error("another server keeps its own in it; give each a file") from None
        except OSError as error:
            raise self._error(error.strerror) from None

    def _check_owner(self) -> bool:
        """Whether sandboxes have been written to it."""
        if not self._file.is_file():
            raise self._error("it is no ordinary file")
        if self._file.stat().st_nlink > 1:
            # Under that name another server would find no lock.
            raise self._error("it is a hard link, and has another name; give it one of its own")
        with self._file.open("rb") as stream:
            head = stream.read(100)
        if not head:
            return False
        if not head.startswith(_MAGIC) or int.from_bytes(head[68:72], "big") != _APPLICATION:
            raise self._error("it is not a file of the mock's")
        query = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL"
        if self._rows(query) != [(_TABLE,)]:
            raise self._error("it has other tables than the mock's")
        return True

    def _rows(self, query: str) -> list[tuple[object, ...]]:
        """What a query finds; the file stays as it is, and so does its log."""
        try:
            with closing(sqlite3.connect(f"{self._file.as_uri()}?mode=ro", uri=True)) as database:
                return database.execute(query).fetchall()
        except sqlite3.Error as error:
            raise self._error(str(error)) from None

    def unusable(self, id: str, error: SnapshotError) -> StorageError:
        """One of its sandboxes cannot be opened. Whoever knows an id in full may use it."""
        return self._error(f"its sandbox {id[:8]}… is {error}")

    def _error(self, reason: str | None) -> StorageError:
        return StorageError(f"sandboxes cannot be kept in {self._file}: {reason}")

    def all(self) -> Iterator[tuple[str, Snapshot]]:
        """
        Every sandbox in it, in the order in which they were opened.

        Raises:
            StorageError: one cannot be read, or the file is damaged.
        """
        if self._is_new:
            return
        if self._rows("PRAGMA quick_check(1)") != [("ok",)]:
            raise self._error("it is damaged")
        for id, text in self._rows("SELECT id, snapshot FROM sandboxes ORDER BY rowid"):
            if not (isinstance(id, str) and isinstance(text, bytes)):
                raise self._error(f"its row {str(id)[:80]!r} is no sandbox")
            try:
                yield id, snapshot.decode(text)
            except SnapshotError as error:
                raise self.unusable(id, error) from None

    def begin(self) -> None:
        """
        Write from now on.

        Raises:
            StorageError: it cannot be written.
        """
        try:
            self._database = sqlite3.connect(
                self._file, isolation_level=None, check_same_thread=False
            )
            if self._is_new:
                new = f"BEGIN; PRAGMA application_id={_APPLICATION}; {_TABLE}; COMMIT"
                self._database.executescript(new)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            # Fails where nothing can be written, which a file that is there already does not tell.
            self._database.executescript("BEGIN IMMEDIATE; ROLLBACK")
            self._identity = self._identify()
        except (sqlite3.Error, OSError) as error:
            raise self._error(str(error)) from None

    def _identify(self) -> tuple[int, int]:
        """Which file it is that has the name now."""
        status = self._file.stat()
        return status.st_dev, status.st_ino

    def save(self, id: str, saved: Snapshot) -> None:
        """
        Save a sandbox as it is now.

        Raises:
            StorageError: it cannot be written.
        """
        put = (
            "INSERT INTO sandboxes VALUES (?, ?)"
            " ON CONFLICT(id) DO UPDATE SET snapshot = excluded.snapshot"
        )
        self._write(put, (id, msgspec.json.encode(saved)))

    def delete(self, id: str) -> None:
        """
        Delete a sandbox.

        Raises:
            StorageError: it cannot be written.
        """
        self._write("DELETE FROM sandboxes WHERE id = ?", (id,))

    def _write(self, statement: str, values: tuple[str | bytes, ...]) -> None:
        try:
            # SQLite goes on writing to what was deleted or replaced, where no restart looks.
            if self._identify() != self._identity:
                raise FileNotFoundError
            self._database.execute(statement, values)
        except FileNotFoundError:
            raise StorageError(f"{self._file} is gone, and only a restart makes another") from None
        except (sqlite3.Error, OSError) as error:
            raise StorageError(f"{self._file} cannot be written: {error}") from None

"""Sandboxes on disk, so that a restart finds them again."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from mock_server.worlds import snapshot
from mock_server.worlds.snapshot import Snapshot, SnapshotError

_TABLE = "CREATE TABLE sandboxes (id TEXT PRIMARY KEY, snapshot BLOB NOT NULL)"
_APPLICATION = 0x4D794163
"""By this number in its header a file of SQLite tells whose it is."""
_MAGIC = b"SQLite format 3\0"
_LOCKED_WITHIN_S = 1.0


class StorageError(Exception):
    """A file that sandboxes cannot be kept in; the message says why."""


class Storage:
    """
    A file of sandboxes. Each change is a transaction: however the process ends, the file holds
    every sandbox either as it was before or as it was after. No other process opens it meanwhile.
    """

    def __init__(self, file: Path) -> None:
        """
        Raises:
            StorageError: it is no such file, another server has it, or it cannot be written.
        """
        self._file = file
        try:
            _check_head(file)
            self._database = sqlite3.connect(
                file, timeout=_LOCKED_WITHIN_S, isolation_level=None, check_same_thread=False
            )
            # Held until the process ends, however it does.
            self._database.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._database.execute("BEGIN EXCLUSIVE")
            self._check_or_make_table()
            self._database.execute("COMMIT")
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
        except (sqlite3.Error, OSError) as error:
            raise StorageError(f"sandboxes cannot be kept in {file}: {_reason(error)}") from None

    def _check_or_make_table(self) -> None:
        [[health]] = self._database.execute("PRAGMA quick_check(1)")
        if health != "ok":
            raise StorageError(f"sandboxes cannot be kept in {self._file}: it is damaged")
        statements = [sql for (sql,) in self._database.execute("SELECT sql FROM sqlite_master")]
        if not statements:
            self._database.execute(f"PRAGMA application_id={_APPLICATION}")
            self._database.execute(_TABLE)
        elif [sql for sql in statements if sql is not None] != [_TABLE]:
            raise StorageError(f"sandboxes cannot be kept in {self._file}: it has other tables")

    def all(self) -> Iterator[tuple[str, Snapshot]]:
        """
        Every sandbox in it, in the order in which they were opened.

        Raises:
            StorageError: one cannot be read.
        """
        try:
            rows = self._database.execute("SELECT id, snapshot FROM sandboxes").fetchall()
        except sqlite3.Error as error:
            raise StorageError(f"{self._file} cannot be read: {error}") from None
        for id, text in rows:
            if not (isinstance(id, str) and isinstance(text, bytes)):
                raise StorageError(f"{self._file}: row {str(id)[:80]!r} is no sandbox")
            try:
                yield id, snapshot.decoded(text)
            except SnapshotError as error:
                raise StorageError(f"{self._file}: sandbox {id} is {error}") from None

    def save(self, id: str, saved: Snapshot) -> None:
        """
        Keep a sandbox as it is now.

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
        Keep a sandbox no longer.

        Raises:
            StorageError: it cannot be written.
        """
        self._write("DELETE FROM sandboxes WHERE id = ?", (id,))

    def _write(self, statement: str, values: tuple[str | bytes, ...]) -> None:
        try:
            self._database.execute(statement, values)
        except sqlite3.Error as error:
            raise StorageError(f"{self._file} cannot be written: {error}") from None


def _check_head(file: Path) -> None:
    """See whose file it is, before SQLite touches it."""
    if not file.exists():
        return
    if not file.is_file():
        raise StorageError(f"sandboxes cannot be kept in {file}: it is no ordinary file")
    with file.open("rb") as opened:
        head = opened.read(100)
    application = int.from_bytes(head[68:72], "big")
    if head and (not head.startswith(_MAGIC) or application != _APPLICATION):
        raise StorageError(f"sandboxes cannot be kept in {file}: it is not a file of the mock's")


def _reason(error: Exception) -> str:
    if getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
        return "another server keeps its own in it; give each a file"
    return str(error)

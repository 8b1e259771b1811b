"""Sandboxes on disk, so that a restart finds them again."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from mock_server.worlds import snapshot
from mock_server.worlds.snapshot import Snapshot, SnapshotError

_TABLE = "CREATE TABLE IF NOT EXISTS sandboxes (id TEXT PRIMARY KEY, snapshot BLOB NOT NULL)"


class StorageError(Exception):
    """A file that sandboxes cannot be kept in; the message says why."""


class Storage:
    """
    A file of sandboxes. Each change is a transaction: however the process ends, the file holds
    every sandbox either as it was before or as it was after.
    """

    def __init__(self, file: Path) -> None:
        """
        Raises:
            StorageError: it is no such file, or cannot be written.
        """
        self._file = file
        try:
            self._database = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            self._database.execute(_TABLE)
        except sqlite3.Error as error:
            raise StorageError(f"sandboxes cannot be kept in {file}: {error}") from None

    def all(self) -> Iterator[tuple[str, Snapshot]]:
        """
        Every sandbox in it, in the order in which they were opened.

        Raises:
            StorageError: one cannot be read.
        """
        with closing(self._database.execute("SELECT id, snapshot FROM sandboxes")) as rows:
            for id, text in rows:
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

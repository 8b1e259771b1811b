"""Documents, scenarios and catalogue that change under the running server."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from starlette.types import Receive, Scope, Send
from watchfiles import Change, awatch

from mock_server.app import Mock
from mock_server.http.document import shipped
from mock_server.worlds.catalogue import load_catalogue
from mock_server.worlds.registry import Sandboxes

TOLD_AFTER_MS = 300
"""After how long without a change it is said that changes are seen."""
log = logging.getLogger("mock_server")


class Reloading:
    """
    A mock that is made anew of its files when they change; its sandboxes and their tokens stay.

    While a file is broken the last good ones are served, and `/__mock__/health` says why.
    """

    def __init__(self, mock: Mock) -> None:
        self._mock = mock
        # What is kept across restarts, or was saved, is in the sandboxes that are there.
        self._settings = replace(mock.settings, persist=None, snapshot=None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the mock of the last good files does."""
        await self._mock.app(scope, receive, send)

    @property
    def sandboxes(self) -> Sandboxes:
        """Those that are open now."""
        return self._mock.sandboxes

    async def watch(self) -> None:
        """Reload at each change, until cancelled."""
        async for files in self._changes():
            load_catalogue.cache_clear()
            try:
                fresh = await asyncio.to_thread(Mock, self._settings)
                fresh.sandboxes.take_over(self._mock.sandboxes)
            except Exception as error:  # whatever a file made wrong, the last good one is served
                self._mock.sandboxes.problem = str(error) or repr(error)
                for line in self._mock.sandboxes.problem.splitlines():
                    log.error("not reloaded: %s", line)
            else:
                self._mock = fresh
                log.info("reloaded: %s", ", ".join(files))

    async def _changes(self) -> AsyncIterator[list[str]]:
        spec, fixtures = (Path(str(shipped(name))) for name in ("spec", "fixtures"))
        folders = {path.resolve() for path in (spec, fixtures, fixtures / "scenarios")}
        own = Path(str(self._settings.scenario)).resolve()
        # Its folder and not the file: editors put a new file in place of the old one.
        watched = folders | ({own.parent} if own.is_file() else set())

        def matters(_change: Change, path: str) -> bool:
            file = Path(path)
            return file == own or (file.parent in folders and file.suffix == ".yaml")

        begun = False
        async for changes in awatch(
            *watched,
            watch_filter=matters,
            recursive=False,
            rust_timeout=TOLD_AFTER_MS,
            yield_on_timeout=True,
        ):
            if not begun:
                log.info("watching %s", ", ".join(sorted(map(str, watched))))
                begun = True
            if changes:
                yield sorted({Path(path).name for _, path in changes})

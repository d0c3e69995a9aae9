"""The memory file of a view of an account, off the event loop: one piece of work after the other, and none is left half-way."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Protocol, TypeVar

from haversack.account.file import MemoryFile
from haversack.account.memory import Recalled

T = TypeVar("T")

_log = logging.getLogger("haversack.account")


class Aside(Protocol):
    """Does work that blocks where it holds up nobody."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]: ...


class KeptFile:
    """A MemoryFile. Whoever is cancelled leaves the work to end by itself; the file is closed behind the last of it."""

    def __init__(
        self, path: str | os.PathLike[str], aside: Aside, *, account: str | None = None, key_changed: bool = False
    ) -> None:
        self._path = path
        self._aside = aside
        self._account = account
        self._key_changed = key_changed
        self._file: MemoryFile | None = None
        self._last: asyncio.Task[Any] | None = None

    async def open(self) -> Recalled:
        """What an earlier run remembered."""
        return await self._do(self._open)

    async def append(self, record: bytes) -> None:
        """Write a record and sync it."""
        await self._do(partial(self._append, record))

    async def close(self, farewell: Callable[[], bytes]) -> None:
        """Write this last, and let go of the file."""
        await self._do(partial(self._close, farewell()))

    async def _do(self, work: Callable[[], T]) -> T:
        task = asyncio.create_task(self._after(self._last, work), name="haversack memory file")
        self._last = task
        # Somebody who is cancelled asks no more how it ended.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(task)

    async def _after(self, before: asyncio.Task[Any] | None, work: Callable[[], T]) -> T:
        if before is not None:
            await asyncio.wait({before})
        return await self._aside(work)

    def _open(self) -> Recalled:
        self._file = MemoryFile(self._path, account=self._account, key_changed=self._key_changed)
        return self._file.recall

    def _append(self, record: bytes) -> None:
        assert self._file is not None
        self._file.append(record)

    def _close(self, farewell: bytes) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        try:
            if farewell:
                file.append(farewell)
        except OSError:
            _log.exception("what was taken last is not written to %s, and will be told again", self._path)
        finally:
            file.close()

"""The memory file off the event loop: one piece of work after the other, also for those who give up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from haversack.account.file import MemoryFile
from haversack.account.kept import KeptFile

T = TypeVar("T")


async def test_a_write_that_is_given_up_is_finished_before_the_file_is_closed(tmp_path: Path) -> None:
    may_go_on = asyncio.Event()

    async def slowly(work: Callable[[], T]) -> T:
        await may_go_on.wait()
        return work()

    kept = KeptFile(tmp_path / "fills", slowly)
    may_go_on.set()
    await kept.open()
    may_go_on.clear()
    writing = asyncio.create_task(kept.append(b"one"))
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    closing = asyncio.create_task(kept.close(lambda: b" two"))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not closing.done()
    may_go_on.set()
    await closing
    assert (tmp_path / "fills").read_bytes() == b"one two"


async def test_an_opening_that_is_given_up_leaves_no_lock(tmp_path: Path) -> None:
    first = asyncio.Event()

    async def first_one_slowly(work: Callable[[], T]) -> T:
        # The work that comes second is not slow, and must wait all the same.
        if not first.is_set():
            first.set()
            for _ in range(5):
                await asyncio.sleep(0)
        return work()

    kept = KeptFile(tmp_path / "fills", first_one_slowly)
    opening = asyncio.create_task(kept.open())
    await first.wait()
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await kept.close(lambda: b"")
    MemoryFile(tmp_path / "fills").close()

"""Signatures that are checked beside the event loop: the same verdicts as at once, each for the one who asked."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator

import pytest

from haversack.credentials import Credentials
from haversack.exchange import verifying
from haversack.exchange.verifying import Claim, VerifyingThread

KEYS = Credentials("zDIJj9qneWIY0IYZ5aXoHcNMCm+XDhVcTssiT0HyY0A=", "4odxgSUxFrC/zsKWZF4OQwYAgnNu9hnWH3NxWfLAPz4=")


def claim(text: str, *, signed: str | None = None) -> Claim:
    signature = KEYS.sign((text if signed is None else signed).encode())
    return Claim(KEYS.public_key, text.encode(), base64.b64encode(signature).decode())


@pytest.fixture
async def thread() -> AsyncIterator[VerifyingThread]:
    verifying_thread = VerifyingThread()
    yield verifying_thread
    verifying_thread.close()


async def test_a_claim_that_comes_alone_is_checked(thread: VerifyingThread) -> None:
    assert await thread.is_true(claim("a"))
    assert not await thread.is_true(claim("a", signed="b"))


async def test_claims_that_come_together_get_each_its_own_verdict(thread: VerifyingThread) -> None:
    claims = [claim(str(number), signed=None if number % 3 else "another") for number in range(20)]
    assert await asyncio.gather(*map(thread.is_true, claims)) == [number % 3 != 0 for number in range(20)]


async def test_claims_are_answered_in_the_order_in_which_they_came(thread: VerifyingThread) -> None:
    answered: list[int] = []

    async def ask(number: int) -> None:
        if await thread.is_true(claim(str(number))):
            answered.append(number)

    await asyncio.gather(*(ask(number) for number in range(20)))
    assert answered == list(range(20))


async def test_one_who_asks_while_others_are_checked_is_answered(thread: VerifyingThread) -> None:
    async def ask_twice(number: int) -> list[bool]:
        return [await thread.is_true(claim(f"{number}-{turn}")) for turn in range(3)]

    assert await asyncio.gather(*map(ask_twice, range(5))) == [[True] * 3] * 5


async def test_one_who_no_longer_waits_keeps_no_other_waiting(thread: VerifyingThread) -> None:
    gone, stays = (asyncio.create_task(thread.is_true(claim(text))) for text in "ab")
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays


async def test_what_could_not_be_checked_is_not_true(thread: VerifyingThread, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(claims: object) -> list[bool]:
        raise MemoryError

    monkeypatch.setattr(verifying, "_checked", fail)
    assert await asyncio.gather(*(thread.is_true(claim(text)) for text in "ab")) == [False, False]
    monkeypatch.undo()
    assert await asyncio.gather(*(thread.is_true(claim(text)) for text in "ab")) == [True, True]

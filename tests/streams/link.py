"""A connection in memory, with the exchange's end in the hands of the test; and frames to send by it."""

import asyncio
import json
from collections.abc import Sequence

from haversack.streams.transport import BURST_MAX, HEARD, Closed, FrameSocket, Heard, Take

DATA = {
    "depth": {"E": 2, "T": 1, "U": 7, "a": [["99.14", "0.00"]], "b": [], "e": "depth", "s": "SOL_USDC", "u": 7},
    "trade": {"E": 2, "T": 1, "a": "1", "b": "2", "e": "trade", "m": False, "p": "20.10", "q": "1.5", "s": "SOL_USDC", "t": 9},
    "account": {"A": "10", "E": 2, "L": "20", "S": "0", "T": 1, "a": "USDT", "e": "balanceUpdate"},
}


def frame(stream: str, number: int = 7) -> str:
    """A frame of this stream; `number` shows in depth as the update id."""
    data = DATA.get(stream.partition(".")[0], {"n": number})
    if "U" in data:
        data = {**data, "U": number, "u": number}
    return json.dumps({"data": data, "stream": stream})


def refusal(code: int, message: str = "no") -> str:
    return json.dumps({"id": None, "error": {"code": code, "message": message}})


class Link:
    """Both ends of a connection: the shell's, and the test's."""

    def __init__(self, *, answers_pings: bool = True, is_stuck: bool = False) -> None:
        self.url = ""
        self.sent: list[str] = []
        self.pings = 0
        self.closes = 0
        self.answers_pings = answers_pings
        self.is_stuck = is_stuck
        self._inbox: asyncio.Queue[str | bytes | Heard | Closed] = asyncio.Queue()
        self._moved = asyncio.Condition()

    async def __call__(self, url: str) -> FrameSocket:
        await asyncio.sleep(0)
        self.url = url
        return self

    def say(self, *frames: str | bytes | Heard | Closed) -> None:
        for each in frames:
            self._inbox.put_nowait(each)

    async def requests(self, count: int) -> list[dict[str, object]]:
        """What was asked for, once it is this many frames."""
        async with self._moved:
            await self._moved.wait_for(lambda: len(self.sent) >= count)
        return [json.loads(text) for text in self.sent]

    async def pinged(self, count: int) -> None:
        async with self._moved:
            await self._moved.wait_for(lambda: self.pings >= count)

    async def receive(self) -> str | bytes | Heard | Closed:
        return await self._inbox.get()

    async def send(self, text: str) -> None:
        await self._when_unstuck()
        async with self._moved:
            self.sent.append(text)
            self._moved.notify_all()

    async def ping(self) -> None:
        await self._when_unstuck()
        async with self._moved:
            self.pings += 1
            self._moved.notify_all()
        if self.answers_pings:
            self.say(HEARD)

    async def close(self) -> None:
        self.closes += 1
        await asyncio.sleep(0)

    async def _when_unstuck(self) -> None:
        await asyncio.sleep(0)
        if self.is_stuck:
            await asyncio.Event().wait()


class StretchLink(Link):
    """One by which all that has come already is received in one piece."""

    async def receive_into(self, take: Take) -> Sequence[str | bytes | Heard] | Closed | None:
        came: list[str | bytes | Heard] = []
        while not came or (len(came) < BURST_MAX and not self._inbox.empty()):
            item = await self._inbox.get()
            if isinstance(item, Closed):
                if not came:
                    return item
                self.say(item)
                break
            came.append(item)
        return came

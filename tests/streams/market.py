"""A market behind a network in memory: it trades when it is told to, serves depth streams, and answers for snapshots."""

import json
import random
from collections.abc import Callable
from typing import Any

import msgspec

from book.made import SYMBOL
from book.world import Venue
from haversack.errors import ApiError
from haversack.streams.aio import AsyncStreams
from haversack.streams.book import AsyncBook
from haversack.wire.base import Operation
from haversack.wire.frames import write_frame
from haversack.wire.markets import Depth, GetDepth
from streams.network import Network, served
from streams.virtual import LoopClock, seconds

URL = "ws://localhost:1"
DEPTH = f"depth.{SYMBOL}"
TICKER = f"bookTicker.{SYMBOL}"


class Shop:
    """One venue, whose every market is the same; `streams` are connected to it."""

    def __init__(self, seed: int = 7) -> None:
        self.venue = Venue(random.Random(seed))
        self.network = Network()
        self.latency_s = 0.1
        self.is_down = False
        self.asked: list[str] = []
        """Symbols of which a snapshot was asked for."""
        self.under_way = 0
        self.under_way_max = 0
        self.old_ids: list[int] = []
        """Updates as of which the next snapshots are."""
        self.frames_lost = 0
        """How many of the next depth frames get lost."""

    def streams(self, **changes: Any) -> AsyncStreams:
        return AsyncStreams(URL, clock=LoopClock(), connect=self.network, **{"send": self.send, **changes})

    async def send(self, operation: Operation[Any]) -> Depth:
        assert isinstance(operation, GetDepth)
        if operation.limit is None:  # or it is a question after a silent stream
            self.asked.append(operation.symbol)
        self.under_way += 1
        self.under_way_max = max(self.under_way, self.under_way_max)
        try:
            await seconds(self.latency_s)
        finally:
            self.under_way -= 1
        if self.is_down:
            raise OSError("the network is down")
        if operation.symbol == "NOPE":
            raise ApiError.of(400, "INVALID_CLIENT_REQUEST", "Invalid market symbol")
        return self.venue.depth(self.old_ids.pop(0) if self.old_ids else None)

    def trade(self, count: int = 1, *, ticks: bool = False) -> None:
        """So many levels change, which is told at once to those who listen by the last connection."""
        link = self.network.links[-1]
        for _ in range(count):
            self.venue.move()
            message = self.venue.message()
            if self.frames_lost:
                self.frames_lost -= 1
                continue
            for stream in sorted(served(link)):
                kind, _, symbol = stream.partition(".")
                if kind == "depth":
                    link.say(write_frame(stream, msgspec.structs.replace(message, symbol=symbol)).decode())
                elif kind == "bookTicker" and ticks:
                    link.say(write_frame(stream, self.venue.ticker()).decode())

    def is_right(self, book: AsyncBook) -> bool:
        """Whether it is the venue's book as of its update, to the last level."""
        return (book.levels("Bid"), book.levels("Ask")) == self.venue.history[book.update_id]

    def is_newest(self, book: AsyncBook) -> bool:
        """Whether it is the venue's book as it is now."""
        return book.is_synced and book.update_id == self.venue.update_id and self.is_right(book)

    def requests(self, method: str) -> list[str]:
        """Streams that were asked for, or given up, by the last connection."""
        said = [json.loads(text) for text in self.network.links[-1].sent]
        return [name for each in said if each["method"] == method for name in each["params"]]


async def soon(is_so: Callable[[], bool], *, within_s: float = 5.0) -> float:
    """How long it took until this was so; an AssertionError if it was not in time."""
    for tenths in range(round(within_s * 10) + 1):
        if is_so():
            return tenths / 10
        await seconds(0.1)
    raise AssertionError(f"not within {within_s:g} s")

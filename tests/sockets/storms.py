"""Streams on a network that fails in every way, over real sockets: the harness of P11 for a stream connection and a book on it.

Each storm is drawn from its seed: gusts of faults while orders are placed, then all is well. Within the bound everything must
flow again, and the book must be that of the exchange. While it blows, nothing but our own errors may be seen, and between two
interruptions no message may be missing, unless the fault changes what frames say.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from haversack.client.aio import AsyncClient
from haversack.clock import SystemClock, seeded_random
from haversack.errors import ProtocolError
from haversack.streams.aio import AsyncStreams
from haversack.streams.backoff import Backoff
from haversack.streams.book import AsyncBook
from haversack.streams.heartbeat import Heartbeat
from haversack.streams.interruption import Interrupted
from haversack.streams.subscription import MarkedSubscription
from haversack.wire.events import DepthUpdate
from sockets.faults import Blackhole, Corrupts, CutAfter, Delays, Holds, How, Slices, Throttles, Uncompressed
from sockets.frames import Frames
from sockets.proxy import Fault, Proxy
from sockets.stage import SYMBOL, Stage, stage
from streams.virtual import seconds

HEALED_S_MAX = 5.0
QUICK = Backoff(first_s=0.01, longest_s=0.05)
BRISK = Heartbeat(interval_s=0.1, timeout_s=0.1)


@dataclass(slots=True)
class Report:
    """What came of all storms."""

    storms: int = 0
    gusts: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    messages: int = 0
    interruptions: int = 0
    healed_s_max: float = 0.0
    """The longest that anything took to flow again."""
    closed_s_max: float = 0.0
    """The longest that a close took."""
    wrong: list[str] = field(default_factory=list)


def _reset(proxy: Proxy, dice: Random) -> None:
    _each(proxy, lambda line: line.reset())


def _close(proxy: Proxy, dice: Random) -> None:
    _each(proxy, lambda line: line.close())


def _half_to_client(proxy: Proxy, dice: Random) -> None:
    _each(proxy, lambda line: line.to_client.shut())


def _half_to_server(proxy: Proxy, dice: Random) -> None:
    _each(proxy, lambda line: line.to_server.shut())


def _blackhole(proxy: Proxy, dice: Random) -> None:
    proxy.to_client = Blackhole()
    proxy.to_server = Blackhole() if dice.random() < 0.5 else None


def _stop(proxy: Proxy, dice: Random) -> None:
    proxy.to_client = Holds()


def _cut(proxy: Proxy, dice: Random) -> None:
    """In the middle of a frame, or of the next handshake."""
    if dice.random() < 0.5:
        _reset(proxy, dice)
    fault = CutAfter(dice.randrange(400), dice.choice(list(How)))
    proxy.to_server, proxy.to_client = (fault, None) if dice.random() < 0.3 else (None, fault)


def _refuse(proxy: Proxy, dice: Random) -> None:
    proxy.refuses = True
    _reset(proxy, dice)


def _corrupt(proxy: Proxy, dice: Random) -> None:
    fault = Corrupts(dice, one_in=dice.choice([30, 300]))
    proxy.to_server, proxy.to_client = (fault, None) if dice.random() < 0.3 else (None, fault)


def _slow(proxy: Proxy, dice: Random) -> None:
    faults: list[Fault] = [Slices(dice), Delays(dice), Throttles(20_000)]
    proxy.to_client, proxy.to_server = dice.choice(faults), dice.choice(faults)


def _frames(proxy: Proxy, dice: Random) -> None:
    """Frames are lost, doubled and swapped, which has to begin with a connection of its own."""
    proxy.to_server, proxy.to_client = Uncompressed(), Frames(dice, lost=0.2, twice=0.2, swapped=0.2)
    _reset(proxy, dice)


GUSTS: dict[str, Callable[[Proxy, Random], None]] = {
    gust.__name__[1:]: gust
    for gust in (_reset, _close, _half_to_client, _half_to_server, _blackhole, _stop, _cut, _refuse, _corrupt, _slow, _frames)
}
LIES = {"corrupt", "frames"}
"""After these a message may say anything: outside TLS nobody could tell."""


def _each(proxy: Proxy, do: Callable[[Any], None]) -> None:
    for line in proxy.lines:
        if not line.is_over:
            do(line)


class Witness:
    """Reads along on the depth stream, and notes what is missing."""

    def __init__(self, subscription: MarkedSubscription, report: Report) -> None:
        self._subscription, self._report = subscription, report
        self._last: int | None = None
        self.last = 0
        self.is_lied_to = False
        self._moved = asyncio.Condition()

    async def read(self) -> None:
        while True:
            try:
                message = await anext(self._subscription)
            except ProtocolError:
                self._last = None
                continue
            async with self._moved:
                self._take(message)
                self._moved.notify_all()

    async def reached(self, update_id: int) -> None:
        async with self._moved:
            await self._moved.wait_for(lambda: self.last >= update_id)

    def _take(self, message: Any) -> None:
        if isinstance(message, Interrupted):
            self._last = None
            self._report.interruptions += 1
        elif isinstance(message.event, DepthUpdate):
            event = message.event
            if self._last not in (None, event.first_update_id - 1) and not self.is_lied_to:
                self._report.wrong.append(f"after {self._last} came {event.first_update_id}, and nothing was said")
            self._last = None if self.is_lied_to else event.last_update_id
            self.last = event.last_update_id
            self._report.messages += 1


async def prove(*, storms: int, seed: int = 0) -> Report:
    """Weather as many storms, each with some gusts, and each on a stream connection of its own."""
    report = Report()
    async with stage(SystemClock()) as setting, setting.aio(timeout_s=0.3) as client:
        market = await setting.inspector.markets.get(SYMBOL)
        for number in range(seed, seed + storms):
            streams = client.streams(heartbeat=BRISK, backoff=QUICK)
            async with streams:
                book = await streams.book(SYMBOL, market=market)
                async with Reading(streams, report) as witness:
                    await weather(setting, book, witness, number, report)
                begun_us = setting.clock.monotonic_us()
            closed_s = (setting.clock.monotonic_us() - begun_us) / 1_000_000
            report.closed_s_max = max(report.closed_s_max, closed_s)
            await setting.clear()
            report.connections += streams.health().reconnects + 1
    return report


class Reading:
    """The witness at work, in a task of its own."""

    def __init__(self, streams: AsyncStreams, report: Report) -> None:
        self._witness = Witness(streams.subscribe(f"depth.{SYMBOL}", interruptions=True, queue_max=100_000), report)
        self._report = report

    async def __aenter__(self) -> Witness:
        self._task = asyncio.create_task(self._witness.read())
        return self._witness

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with_error = (await asyncio.gather(self._task, return_exceptions=True))[0]
        if not isinstance(with_error, asyncio.CancelledError):
            self._report.wrong.append(f"reading ended: {with_error!r}")


async def weather(setting: Stage, book: AsyncBook, witness: Witness, seed: int, report: Report) -> None:
    """One storm, and how long it takes until all is well."""
    dice, gusts = seeded_random(seed), []
    report.storms += 1
    for name in dice.sample(sorted(GUSTS), dice.randint(1, min(3, len(GUSTS)))):
        gusts.append(name)
        report.gusts[name] += 1
        # Once a message has lied, all that follow on its connection may.
        witness.is_lied_to = witness.is_lied_to or name in LIES
        GUSTS[name](setting.proxy, dice)
        for _ in range(dice.randint(1, 6)):
            await move(setting.inspector, dice)
            await seconds(dice.random() * 0.03)
        heal(setting, name)
    await move(setting.inspector, dice)
    begun_us = setting.clock.monotonic_us()
    try:
        async with asyncio.timeout(HEALED_S_MAX):
            await _is_true(setting, book, witness, dice)
    except TimeoutError:
        report.wrong.append(f"not well again {HEALED_S_MAX} s after {gusts} (seed {seed}): {book.trouble}")
    healed_s = (setting.clock.monotonic_us() - begun_us) / 1_000_000
    report.healed_s_max = max(report.healed_s_max, healed_s)


def heal(setting: Stage, name: str) -> None:
    """Let all be well. What was lied about has to be asked for anew: outside TLS a spoilt number looks like any other."""
    proxy = setting.proxy
    for fault in (proxy.to_client, proxy.to_server):
        if isinstance(fault, Holds):
            fault.released.set()
    proxy.heal()
    if name in LIES:
        _each(proxy, lambda line: line.reset())


async def _is_true(setting: Stage, book: AsyncBook, witness: Witness, dice: Random) -> None:
    """Wait until the book is the exchange's, and the witness hears of the newest update."""
    witness.is_lied_to = False
    while True:
        await book.synced()
        depth = await setting.inspector.markets.depth(SYMBOL)
        bids = dict(depth.bids)
        if book.is_synced and {level.price: level.quantity for level in book.levels("Bid")} == bids:
            break
        await seconds(0.002)
    while witness.last < int(depth.last_update_id):
        # A message that came while nobody listened never comes again: only another one shows that they are heard.
        await move(setting.inspector, dice)
        try:
            async with asyncio.timeout(0.05):
                await witness.reached(int(depth.last_update_id))
        except TimeoutError:
            continue


async def move(inspector: AsyncClient, dice: Random) -> None:
    """Change the book a little, by a way that no fault can reach."""
    await bid(inspector, Decimal(dice.randint(1_000, 1_020)) / 100)
    if dice.random() < 0.1:
        await inspector.orders.cancel_all(symbol=SYMBOL, order_type="RestingLimitOrder")


async def bid(client: AsyncClient, price: Decimal | str = "10.00") -> None:
    """A small order that rests, so that there is something to hear of."""
    await client.orders.place(symbol=SYMBOL, side="Bid", order_type="Limit", price=price, quantity="0.10", post_only=True)

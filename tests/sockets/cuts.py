"""An order whose connection is cut at every byte: the harness of P3 over real sockets.

Whatever is cut, the exchange has at most one order per intent, the request was sent once, the client says that it does not
know, and what it finds out afterwards is true.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from haversack.clock import ManualClock, seeded_random
from haversack.errors import OutcomeUnknown
from haversack.rest.outcome import Outcome, Resolution
from sockets.faults import CutAfter, How
from sockets.stage import SYMBOL, Caller, Stage, stage

POST = b"POST /api/v1/order HTTP/1.1\r\n"
FIRST_ID = 50_000
"""All ids have five digits, so that all requests are of one length."""
PATIENCE: dict[str, Any] = {"history_lag_s": 0.0, "clock_tolerance_s": 1.0}


class Part(Enum):
    """Which of the two is cut."""

    REQUEST = "request"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Cut:
    """One way to cut one exchange of messages."""

    part: Part
    after: int
    how: How
    is_blocking: bool
    is_kept: bool
    """Whether the order travels on a connection that another request opened."""


@dataclass(slots=True)
class Report:
    """What came of all cuts."""

    tries: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    """How each ended: answered, or unknown and then what it was found to be."""
    sent_twice: int = 0
    booked_twice: int = 0
    wrong: list[str] = field(default_factory=list)
    """Where something else than the truth was told."""


async def measure(setting: Stage, caller: Caller, client_id: int) -> tuple[int, int]:
    """How long an order's request and its answer are on the wire."""
    await place(caller, client_id)
    line = setting.proxy.lines[-1]
    return len(line.to_server.received), len(line.to_client.received)


async def place(caller: Caller, client_id: int) -> Any:
    """Place an order that rests."""
    order = {"symbol": SYMBOL, "side": "Bid", "order_type": "Limit", "price": "20.00", "quantity": "0.10"}
    return await caller(lambda client: client.orders.place(**order, client_id=client_id))


async def fate(caller: Caller, unknown: OutcomeUnknown) -> Outcome:
    """What the client finds out of it."""
    resolution: Resolution = await caller(lambda client: client.orders.resolve(unknown, **PATIENCE))
    return resolution.state


async def prove(*, points: int | None, seed: int) -> Report:
    """Cut at so many places of the request and as many of the answer, borders included; at every byte if None."""
    report = Report()
    async with stage(ManualClock()) as setting:
        lengths = await _lengths(setting)
        for client_id, cut in enumerate(plan(lengths, points, seed), start=FIRST_ID):
            await attempt(setting, cut, client_id, report)
    return report


async def _lengths(setting: Stage) -> dict[bool, tuple[int, int]]:
    found: dict[bool, tuple[int, int]] = {}
    for is_blocking in (False, True):
        caller = setting.caller(is_blocking=is_blocking)
        found[is_blocking] = await measure(setting, caller, FIRST_ID - 1 - is_blocking)
        await caller.close()
    await setting.clear()
    return found


def plan(lengths: dict[bool, tuple[int, int]], points: int | None, seed: int) -> Iterator[Cut]:
    """Every combination at every byte; or each point once, with the rest of the combination left to chance."""
    dice = seeded_random(seed)
    for is_blocking, (request, answer) in lengths.items():
        for part, length in ((Part.REQUEST, request), (Part.ANSWER, answer)):
            for after in spread(length, points):
                if points is None:
                    yield from (Cut(part, after, how, is_blocking, kept) for how in How for kept in (False, True))
                else:
                    yield Cut(part, after, dice.choice(list(How)), is_blocking, dice.random() < 0.5)


def spread(length: int, points: int | None) -> Iterable[int]:
    """Places from 0 to the length: all, or so many, evenly and with both ends."""
    if points is None or points > length:
        return range(length + 1)
    return sorted({round(length * number / (points - 1)) for number in range(points)} | {1, length - 1})


async def attempt(setting: Stage, cut: Cut, client_id: int, report: Report) -> None:
    """One order whose connection is cut, and what is known of it afterwards."""
    proxy = setting.proxy
    # A half-closed request is noticed by nobody but by a clock; the longer bound is for a machine that is busy.
    is_silent = cut.part is Part.REQUEST and cut.how is How.HALF
    caller = setting.caller(is_blocking=cut.is_blocking, timeout_s=0.05 if is_silent else 5.0)
    try:
        if cut.is_kept:
            await caller(lambda client: client.system.ping())
        before = [len(line.to_server.received) for line in proxy.lines]
        fault = CutAfter(cut.after, cut.how)
        proxy.to_server, proxy.to_client = (fault, None) if cut.part is Part.REQUEST else (None, fault)
        try:
            answered = await place(caller, client_id)
        except OutcomeUnknown as unknown:
            proxy.heal()
            told, is_answered = await fate(caller, unknown), False
        else:
            proxy.heal()
            told, is_answered = Outcome.DONE, True
            if answered.client_id != client_id:
                report.wrong.append(f"{cut}: the answer of another order")
        await _judge(setting, cut, client_id, report, told=told, is_answered=is_answered, before=before)
    finally:
        proxy.heal()
        await caller.close()
        await setting.clear()
        await proxy.idle()
        proxy.lines.clear()
        _clock(setting).advance(s=1)


async def _judge(
    setting: Stage, cut: Cut, client_id: int, report: Report, *, told: Outcome, is_answered: bool, before: list[int]
) -> None:
    starts = [*before, *[0] * (len(setting.proxy.lines) - len(before))]
    received = b"\n".join(bytes(line.to_server.received[at:]) for line, at in zip(setting.proxy.lines, starts, strict=True))
    booked = await setting.orders(client_id)
    report.tries += 1
    report.sent_twice += received.count(POST) > 1
    report.booked_twice += booked > 1
    report.kinds["answered" if is_answered else f"unknown, found {told.name}"] += 1
    if told is not (Outcome.DONE if booked else Outcome.NOT_DONE):
        report.wrong.append(f"{cut}: {booked} orders are there, and {told} was told")


def _clock(setting: Stage) -> ManualClock:
    assert isinstance(setting.clock, ManualClock)
    return setting.clock


if __name__ == "__main__":
    print(asyncio.run(prove(points=None, seed=0)))

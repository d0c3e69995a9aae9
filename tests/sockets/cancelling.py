"""Calls that are cancelled at every place where they wait, over real sockets: the harness of P15.

After each cancellation no task and no connection is left, nothing that came is lost, an order is booked at most once, and the
same client goes on to work.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

from client.test_given_up import Cancelling
from haversack.client.aio import AsyncClient
from haversack.clock import SystemClock
from haversack.errors import OutcomeUnknown
from haversack.streams.aio import AsyncStreams
from haversack.streams.subscription import Subscription
from haversack.wire.events import DepthUpdate
from sockets.faults import CutAfter
from sockets.stage import SYMBOL, Stage, stage
from sockets.storms import QUICK, bid

STEPS_MAX = 2_000
MESSAGES = 5


@dataclass(slots=True)
class Report:
    """What came of all cancellations."""

    calls: int = 0
    tries: int = 0
    cancelled: int = 0
    tasks_left: int = 0
    sockets_left: int = 0
    messages_lost: int = 0
    wrong: list[str] = field(default_factory=list)


class Scene:
    """What a call is made with: a client of its own, and what was prepared before."""

    def __init__(self, setting: Stage, client: AsyncClient, client_id: int) -> None:
        self.setting, self.client, self.client_id = setting, client, client_id
        self.streams: AsyncStreams
        self.subscription: Subscription
        self.unknown: OutcomeUnknown
        self.feeder: asyncio.Task[None] | None = None
        self.read: list[int] = []
        self.found: Any = None


Step = Callable[[Scene], Awaitable[object]]


async def with_nothing(scene: Scene) -> None:
    """Only the client."""


async def with_streams(scene: Scene) -> None:
    """A connection that is open, and a subscription that the exchange has."""
    scene.streams = scene.client.streams(backoff=QUICK)
    await scene.streams.__aenter__()
    scene.subscription = scene.streams.subscribe(f"depth.{SYMBOL}")
    await scene.subscription.sent()
    while not scene.subscription.waiting:
        await bid(scene.setting.inspector)
        with suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                await scene.subscription.ready()


async def with_messages(scene: Scene) -> None:
    """And the next message as soon as all are read."""
    await with_streams(scene)
    scene.feeder = asyncio.create_task(_feed(scene))


async def _feed(scene: Scene) -> None:
    while True:
        await bid(scene.setting.inspector)
        with suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                await scene.subscription.ready()
        while scene.subscription.waiting:  # noqa: ASYNC110  A reader tells nobody that it has read.
            await asyncio.sleep(0)


async def with_unknown(scene: Scene) -> None:
    """An order whose answer was lost."""
    scene.setting.proxy.to_client = CutAfter(0)
    try:
        await place(scene)
    except OutcomeUnknown as unknown:
        scene.unknown = unknown
    scene.setting.proxy.heal()


async def place(scene: Scene) -> None:
    order: dict[str, Any] = {"symbol": SYMBOL, "side": "Bid", "order_type": "Limit", "price": "20.00", "quantity": "0.10"}
    await scene.client.orders.place(**order, client_id=scene.client_id)


async def cancel_all(scene: Scene) -> None:
    await scene.client.orders.cancel_all(symbol=SYMBOL)


async def depth(scene: Scene) -> None:
    await scene.client.markets.depth(SYMBOL)


async def each_fill(scene: Scene) -> None:
    async for _ in scene.client.history.each_fill():
        pass


async def sync_clock(scene: Scene) -> None:
    await scene.client.sync_clock()


async def resolve(scene: Scene) -> None:
    await scene.client.orders.resolve(scene.unknown)


async def open_streams(scene: Scene) -> None:
    async with scene.client.streams(backoff=QUICK) as streams:
        await streams.subscribe(f"depth.{SYMBOL}").sent()


async def read(scene: Scene) -> None:
    while len(scene.read) < MESSAGES:
        await read_one(scene)


async def read_one(scene: Scene) -> None:
    event = (await anext(scene.subscription)).event
    assert isinstance(event, DepthUpdate)
    if scene.read and event.first_update_id != scene.read[-1] + 1:
        scene.found = f"after {scene.read[-1]} came {event.first_update_id}"
    scene.read.append(event.last_update_id)


async def unsubscribe(scene: Scene) -> None:
    await scene.subscription.close()
    await scene.streams.subscribe(f"trade.{SYMBOL}").sent()


async def close_streams(scene: Scene) -> None:
    await scene.streams.aclose()


async def book(scene: Scene) -> None:
    async with scene.streams.book(SYMBOL) as one:
        assert one.best_bid is not None


async def book_changes(scene: Scene) -> None:
    async with scene.streams.book(SYMBOL) as one:
        changes = one.changes()
        assert await anext(changes) is one
        await bid(scene.setting.inspector)
        assert await anext(changes) is one


async def account_view(scene: Scene) -> None:
    async with scene.client.account_view() as account:
        assert account.balances


CALLS: dict[str, tuple[Step, Step]] = {
    "place": (with_nothing, place),
    "open streams": (with_nothing, open_streams),
    "read": (with_messages, read),
    "cancel all": (with_nothing, cancel_all),
    "depth": (with_nothing, depth),
    "each fill": (with_nothing, each_fill),
    "sync clock": (with_nothing, sync_clock),
    "resolve": (with_unknown, resolve),
    "unsubscribe": (with_streams, unsubscribe),
    "close streams": (with_streams, close_streams),
    "book": (with_streams, book),
    "book changes": (with_streams, book_changes),
    "account view": (with_nothing, account_view),
}
QUICK_CALLS = ("place", "open streams", "read")


async def prove(*calls: str, turns: int = 0) -> Report:
    """Cancel each of these calls at its first wait, at its second, and so on, until it is through.

    With `turns` also after one turn of the loop, after two, and so on up to that number, wherever the call is by then.
    """
    report = Report()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: report.wrong.append(str(context.get("exception") or context["message"])))
    async with stage(SystemClock()) as setting:
        for name in calls:
            report.calls += 1
            for number in range(1, STEPS_MAX):
                if not await cancel(setting, name, number, report):
                    break
            else:
                report.wrong.append(f"{name} never ended")
            for number in range(1, turns + 1):
                await cancel(setting, name, number, report, by_turns=True)
            gc.collect()  # Whatever was not closed says so now.
    loop.set_exception_handler(None)
    return report


async def cancel(setting: Stage, name: str, number: int, report: Report, *, by_turns: bool = False) -> bool:
    """Whether there was a wait of this number, at which the call was cancelled."""
    prepare, call = CALLS[name]
    others = asyncio.all_tasks()
    report.tries += 1
    async with setting.aio() as client, AsyncExitStack() as closing:
        scene = Scene(setting, client, report.tries)
        await prepare(scene)
        if prepare in (with_streams, with_messages):
            closing.push_async_callback(scene.streams.aclose)
        was_cancelled = await (_after_turns if by_turns else _at_wait)(call(scene), number)
        report.cancelled += was_cancelled
        await _afterwards(scene, name, report)
    await _is_left_clean(setting, others, f"{name}, wait {number}", report)
    # Only now: an order that was on its way when its call was cancelled may have arrived later than what was asked since.
    if (booked := await setting.orders(scene.client_id)) > 1:
        report.wrong.append(f"{name}: {booked} orders for one intent")
    await setting.clear()
    return was_cancelled


async def _at_wait(call: Awaitable[object], number: int) -> bool:
    """Whether a call waited that often, and was cancelled where it did."""
    cancelling = Cancelling(call, number)

    async def run() -> None:
        await cancelling

    task = asyncio.create_task(run())
    await asyncio.wait([task])
    assert task.cancelled() is (cancelling.waits >= number), f"a cancelled call has to say so: {task!r}"
    return task.cancelled()


async def _after_turns(call: Awaitable[object], number: int) -> bool:
    """Whether a call was under way after so many turns, and was cancelled there."""

    async def run() -> None:
        await call

    task = asyncio.create_task(run())
    for _ in range(number):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()
    return task.cancelled()


async def _afterwards(scene: Scene, name: str, report: Report) -> None:
    """Nothing that came is lost, and the client still works."""
    if name == "read":
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                while len(scene.read) < MESSAGES:
                    await read_one(scene)
        assert scene.feeder is not None
        scene.feeder.cancel()
        await asyncio.wait([scene.feeder])
        report.messages_lost += MESSAGES - len(scene.read) + (scene.found is not None)
    await bid(scene.client)


async def _is_left_clean(setting: Stage, others: set[asyncio.Task[Any]], where: str, report: Report) -> None:
    try:
        await setting.proxy.until(lambda: not setting.proxy.open, 5.0)
    except TimeoutError:
        report.sockets_left += setting.proxy.open
        report.wrong.append(f"{where}: {setting.proxy.open} connections are left")
    with suppress(TimeoutError):
        async with asyncio.timeout(1):
            while asyncio.all_tasks() - others:  # noqa: ASYNC110  The exchange's own tasks end with what they serve.
                await asyncio.sleep(0)
    left = asyncio.all_tasks() - others
    report.tasks_left += len(left)
    report.wrong += [f"{where}: {task!r}" for task in left]
    setting.proxy.lines.clear()

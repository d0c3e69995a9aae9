"""A local exchange in virtual time, and account views on it: what happens within hours is seen at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from os import PathLike
from typing import Any, TypeVar

from haversack.account.aio import AccountEvents, AsyncAccount
from haversack.account.changes import AccountEvent, Filled
from haversack.account.life import OrderState, TrackedOrder
from haversack.client.aio import AsyncClient
from haversack.clock import PacedClock
from haversack.local import LocalExchange
from streams.virtual import LoopClock, seconds

T = TypeVar("T")
ORDER: dict[str, Any] = {"symbol": "SOL_USDC", "side": "Bid", "order_type": "Limit", "price": "99.00", "quantity": "1.5"}


async def inline(work: Callable[[], T]) -> T:
    """Work that blocks, done at once: threads know nothing of virtual time."""
    await asyncio.sleep(0)
    return work()


def view_of(client: AsyncClient, path: str | PathLike[str] | None = None, **said: Any) -> AsyncAccount:
    """What `client.account_view` gives, without threads."""
    wiring = client.account_view()._wiring  # pyright: ignore[reportPrivateUsage]
    return AsyncAccount(wiring, path, aside=inline, **said)


@asynccontextmanager
async def exchange_of(**said: Any) -> AsyncIterator[LocalExchange]:
    """An exchange without a crowd, on the time of the virtual loop."""
    async with LocalExchange(crowd=False, clock=PacedClock(LoopClock()), **said) as exchange:
        yield exchange


async def trade(taker: AsyncClient, maker: AsyncClient, quantity: str = "1") -> None:
    """One fill for each of the two; their orders are done after it."""
    order = {**ORDER, "price": "100", "quantity": quantity}
    await maker.orders.place(**order | {"side": "Ask"})
    await taker.orders.place(**order)


async def within(awaitable: Awaitable[T], limit_s: float = 300) -> T:
    """What it gives, unless it takes too long."""
    async with asyncio.timeout(limit_s):
        return await awaitable


async def next_fills(fills: AccountEvents[Filled], count: int) -> list[Filled]:
    return [await within(anext(fills)) for _ in range(count)]


async def all_that_comes(events: AccountEvents[Any], wait_s: float = 100) -> list[AccountEvent]:
    """Everything until nothing has come for so long, or the end."""
    found: list[AccountEvent] = []
    try:
        while True:
            found.append(await within(anext(events), wait_s))
    except (TimeoutError, StopAsyncIteration):
        return found


async def becomes(account: AsyncAccount, state: OrderState, wait_s: int = 100) -> TrackedOrder:
    """The order of this view that is in that state, once there is one."""
    for _ in range(wait_s):
        if found := [order for order in account.orders() if order.state is state]:
            return found[0]
        await seconds(1)
    raise AssertionError(f"no order became {state}: {[order.state for order in account.orders()]}")

"""Live books of the local exchange, which loses frames, cuts connections and refuses requests on demand."""

import asyncio
from decimal import Decimal

import pytest

from haversack.client.aio import AsyncClient
from haversack.clock import ManualClock
from haversack.errors import BookNotSynced, InvalidMarket, UsageError
from haversack.exchange.faults import AnswerAction, AnswerFault, Condition, ConditionKind, FrameAction, FrameFault
from haversack.local import LocalExchange
from haversack.streams.book import AsyncBook
from haversack.wire.markets import Depth

SOL, ETH = "SOL_USDC", "ETH_USDC"
PATIENCE_S = 30
FRAME_FAULTS = [
    *(FrameAction.DROP, FrameAction.DUPLICATE, FrameAction.SWAP, FrameAction.TRUNCATE, FrameAction.GARBAGE, FrameAction.CUT),
]


def is_same(book: AsyncBook, depth: Depth) -> bool:
    """Whether book and snapshot have the same levels, if they are of one update."""
    sides = [(level.price, level.quantity) for level in reversed(book.levels("Bid"))], list(book.levels("Ask"))
    return book.update_id == int(depth.last_update_id) and sides == (depth.bids, depth.asks)


async def trade(client: AsyncClient, count: int, symbol: str = SOL) -> None:
    """Orders that rest, and that make and take away levels."""
    for number in range(count):
        await client.orders.place(symbol=symbol, side="Bid", order_type="Limit", quantity="1", price=f"{20 + number}")
    await client.orders.cancel_all(symbol=symbol)


async def caught_up(book: AsyncBook, client: AsyncClient, symbol: str = SOL) -> None:
    """Wait until the book is that of the exchange, level for level; nobody trades meanwhile."""
    depth = await client.markets.depth(symbol)
    async with asyncio.timeout(PATIENCE_S):
        async for changed in book:
            if is_same(changed, depth):
                return


async def test_the_book_is_that_of_the_exchange_level_for_level() -> None:
    async with LocalExchange(seed=7, crowd=False) as exchange, exchange.client() as client, client.streams() as streams:
        book = await streams.book(SOL, check=True)
        await trade(client, 10)
        await caught_up(book, client)
        assert (book.counters.gaps, book.counters.disagreed) == (0, 0)
        assert book.counters.agreed > 0


async def test_books_in_a_crowd_stay_true_without_another_snapshot() -> None:
    clock = ManualClock()
    async with LocalExchange(seed=7, clock=clock) as exchange, exchange.client() as client, client.streams() as streams:
        books = {symbol: await streams.book(symbol, check=True) for symbol in (SOL, ETH)}
        for _ in range(30):
            await exchange.advance(s=1)
            for symbol, book in books.items():
                await caught_up(book, client, symbol)
        counters = [book.counters for book in books.values()]
        assert all(counts.applied > 50 and counts.agreed > 0 for counts in counters)
        assert [(counts.resyncs, counts.gaps, counts.disagreed) for counts in counters] == [(1, 0, 0)] * 2


@pytest.mark.parametrize("action", FRAME_FAULTS)
async def test_a_fault_of_the_stream_is_healed(action: FrameAction) -> None:
    async with LocalExchange(seed=7, crowd=False) as exchange, exchange.client() as client, client.streams() as streams:
        book = await streams.book(SOL)
        await trade(client, 3)
        await caught_up(book, client)
        exchange.faults.add(FrameFault(action=action, stream=f"depth.{SOL}"))
        await trade(client, 3)
        await caught_up(book, client)
        assert book.counters.resyncs == 2


@pytest.mark.parametrize("action", [AnswerAction.UNAVAILABLE, AnswerAction.LOSE_ANSWER, AnswerAction.GARBAGE])
async def test_snapshots_that_fail_are_asked_for_again(action: AnswerAction) -> None:
    clock = ManualClock()
    async with (
        LocalExchange(seed=7, crowd=False, clock=clock) as exchange,
        exchange.client() as client,
        client.streams() as streams,
    ):
        exchange.faults.add(AnswerFault(action=action, operation="GetDepth", times=2))
        async with asyncio.timeout(PATIENCE_S):
            book = await streams.book(SOL)
        await caught_up(book, client)


async def test_a_clock_that_is_off_is_measured_when_the_signature_of_a_stream_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async with LocalExchange(seed=7, crowd=False) as exchange, exchange.client() as client:
        measured = asyncio.Event()
        measure = client.sync_clock

        async def measure_and_tell() -> object:
            offset = await measure()
            measured.set()
            return offset

        monkeypatch.setattr(client, "sync_clock", measure_and_tell)
        exchange.faults.add(Condition(kind=ConditionKind.SKEWED_CLOCK, by_s=300))
        async with client.streams() as streams, asyncio.timeout(PATIENCE_S):
            balances = streams.subscribe("account.balanceUpdate")
            await measured.wait()
            # What is asked for after that is asked for after the private stream.
            await streams.subscribe(f"trade.{SOL}").sent()
            await client.orders.place(symbol=SOL, side="Bid", order_type="Limit", quantity="1", price="20")
            assert (await anext(balances)).stream == "account.balanceUpdate"


async def test_a_book_of_a_market_has_its_decimals_from_the_start() -> None:
    async with LocalExchange(seed=7, crowd=False) as exchange, exchange.client() as client, client.streams() as streams:
        market = await client.markets.get(SOL)
        await client.orders.place(symbol=SOL, side="Bid", order_type="Limit", quantity="1", price="20")
        book = await streams.book(SOL, market=market)
        assert book.best_bid is not None
        assert str(book.best_bid.price) == str(Decimal(20).quantize(market.filters.price.tick_size))
        with pytest.raises(UsageError, match=SOL):
            _ = streams.book(ETH, market=market)
        assert list(streams.health().books) == [SOL]


async def test_an_unknown_symbol_is_refused_and_leaves_nothing() -> None:
    async with LocalExchange(seed=7, crowd=False) as exchange, exchange.client() as client, client.streams() as streams:
        with pytest.raises(InvalidMarket):
            await (await streams.book("NOPE")).synced()
        assert streams.health().streams == {}


async def test_a_closed_book_cannot_be_read() -> None:
    async with LocalExchange(seed=7, crowd=False) as exchange, exchange.client() as client, client.streams() as streams:
        book = await streams.book(SOL)
        await book.close()
        with pytest.raises(BookNotSynced, match="closed"):
            book.levels("Bid")

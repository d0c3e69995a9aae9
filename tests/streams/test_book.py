"""Live books on a connection in memory: right, or they say that they are not. Hours pass without waiting."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest

from book.made import SYMBOL
from haversack.errors import (
    ApiError,
    BookNotSynced,
    Gap,
    InvalidRequest,
    StreamClosed,
    SubscriptionRefused,
    UntrustedServer,
    UsageError,
)
from haversack.streams.backoff import Backoff
from haversack.streams.book import AsyncBook
from haversack.wire.base import Operation
from haversack.wire.events import DepthUpdate
from streams.link import refusal
from streams.market import DEPTH, TICKER, Shop, soon
from streams.network import RESTART, served
from streams.virtual import run, seconds


async def _opened(book: AsyncBook) -> None:
    assert await book is book


async def _next(changes: AsyncIterator[AsyncBook]) -> None:
    assert (await anext(changes)).is_synced


def test_awaited_it_is_in_sync_and_follows_its_stream() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            book = await streams.book(SYMBOL)
            assert shop.requests("SUBSCRIBE") == [DEPTH]
            for _ in range(50):
                shop.trade()
                await seconds(0.01)
                assert shop.is_newest(book)
            assert (book.counters.applied, book.counters.gaps, book.counters.resyncs) == (50, 0, 1)
            assert repr(book) == f"AsyncBook({SYMBOL}; in sync)"

    run(main())


def test_what_happens_while_the_snapshot_is_on_its_way_is_in_the_book() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            book = streams.book(SYMBOL)
            await soon(lambda: DEPTH in served(shop.network.links[0]))
            shop.old_ids = [shop.venue.update_id]
            shop.trade(5)
            await _opened(book)
            assert shop.is_newest(book)

    run(main())


def test_not_awaited_it_says_that_it_cannot_be_read_yet() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            book = streams.book(SYMBOL)
            assert not book.is_synced
            with pytest.raises(BookNotSynced, match="waits for its first snapshot"):
                _ = book.best_bid
            assert book.last_good() is None
            await book.synced()
            assert book.trouble is None

    run(main())


def test_a_gap_is_seen_at_once_and_healed_by_a_new_snapshot() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            book = await streams.book(SYMBOL)
            good_id = book.update_id
            shop.frames_lost = 1
            shop.trade(2)
            await seconds(0.001)
            assert isinstance(book.trouble, Gap)
            with pytest.raises(Gap):
                book.levels("Bid")
            assert (good := book.last_good()) is not None
            assert good.update_id == good_id
            await soon(lambda: book.is_synced, within_s=0.5)
            assert shop.is_newest(book)
            assert len(shop.asked) == 2

    run(main())


def test_a_lost_connection_is_seen_at_once_and_the_book_comes_back() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            book = await streams.book(SYMBOL)
            shop.network.links[0].say(RESTART)
            await seconds(0.001)
            assert not book.is_synced
            assert "connection" in str(book.trouble)
            shop.venue.move()
            shop.venue.message()
            await book.synced()
            assert len(shop.network.links) == 2
            assert shop.is_newest(book)
            shop.trade()
            await seconds(0.01)
            assert shop.is_newest(book)

    run(main())


def test_no_snapshot_is_asked_for_before_the_stream_was() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            book = streams.book(SYMBOL)
            shop.network.is_down = True
            shop.network.links[0].say(RESTART)
            await seconds(300)
            asked = len(shop.asked)
            await seconds(300)
            assert len(shop.asked) == asked
            shop.network.is_down = False
            await _opened(book)
            assert shop.requests("SUBSCRIBE") == [DEPTH]

    run(main())


def test_rest_that_is_down_is_asked_ever_less_often_and_the_book_heals_within_five_seconds(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        shop = Shop()
        shop.is_down = True
        async with shop.streams() as streams:
            book = streams.book(SYMBOL)
            await seconds(600)
            assert not book.is_synced
            assert isinstance(book.trouble, BookNotSynced)
            assert isinstance(book.trouble.__cause__, OSError)
            assert len(shop.asked) <= 600 / 2 + 5
            assert len([record for record in caplog.records if "no snapshot" in record.getMessage()]) == 1
            shop.is_down = False
            await soon(lambda: book.is_synced)
            assert shop.is_newest(book)
            shop.trade()
            await seconds(0.01)
            assert shop.is_newest(book)

    run(main())


def test_in_a_quiet_market_a_snapshot_from_before_the_subscription_took_effect_is_noticed() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            shop.old_ids = [shop.venue.update_id]
            # Nobody hears of this one: the subscription takes effect after it, and the snapshot is from before.
            shop.venue.move()
            shop.venue.message()
            book = await streams.book(SYMBOL)
            assert not shop.is_newest(book)
            await seconds(5)
            assert shop.is_newest(book)
            shop.trade()
            await seconds(0.01)
            assert (book.counters.gaps, shop.is_newest(book)) == (0, True)

    run(main())


def test_a_snapshot_that_never_comes_is_given_up_and_asked_for_again() -> None:
    async def main() -> None:
        shop = Shop()
        shop.latency_s = 10**6
        async with shop.streams() as streams:
            books = [streams.book(f"M{number}_USDC") for number in range(20)]
            await seconds(1)
            shop.latency_s = 0.1
            await asyncio.gather(*(book.synced() for book in books))
            assert shop.under_way <= 8

    run(main())


def test_a_quiet_book_is_compared_until_another_snapshot_says_the_same() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            book = await streams.book(SYMBOL)
            for _ in range(2):
                shop.venue.move()
                shop.venue.message()
                await soon(lambda: shop.is_newest(book), within_s=3.5)
            await seconds(4)
            assert len(shop.asked) == 4

    run(main())


def test_a_book_whose_stream_speaks_is_not_compared_with_another_snapshot() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            await _opened(streams.book(SYMBOL))
            shop.trade()
            await seconds(7)
            assert len(shop.asked) == 1

    run(main())


def test_each_new_connection_has_its_first_snapshot_compared() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            book = await streams.book(SYMBOL)
            await seconds(5)
            before = len(shop.asked)
            shop.network.links[0].say(RESTART)
            await soon(lambda: len(shop.network.links) == 2 and book.is_synced)
            await seconds(5)
            assert len(shop.asked) == before + 2

    run(main())


def test_a_stream_that_died_is_found_out_and_the_book_is_right_again() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            book = await streams.book(SYMBOL)
            shop.trade()
            await seconds(1)
            shop.frames_lost = 1
            shop.trade()
            await seconds(12)
            assert shop.requests("UNSUBSCRIBE") == [DEPTH]
            assert shop.requests("SUBSCRIBE") == [DEPTH, DEPTH]
            await soon(lambda: shop.is_newest(book))

    run(main())


def test_a_stream_that_never_spoke_is_found_out_by_what_its_book_knows() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            book = await streams.book(SYMBOL)
            await seconds(4)
            shop.frames_lost = 1
            shop.trade()
            await seconds(8)
            assert shop.requests("UNSUBSCRIBE") == [DEPTH]
            await soon(lambda: shop.is_newest(book))

    run(main())


def test_many_books_have_their_snapshots_a_few_at_a_time() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            books = [streams.book(f"M{number}_USDC") for number in range(100)]
            await asyncio.gather(*(book.synced() for book in books))
            assert shop.under_way_max == 8
            assert len(shop.asked) == 100
            shop.trade(20)
            await seconds(0.1)
            assert all(shop.is_newest(book) for book in books)
            shop.network.links[0].say(RESTART)
            await soon(lambda: len(shop.network.links) == 2 and all(book.is_synced for book in books))
            assert shop.under_way_max == 8

    run(main())


def test_two_books_of_one_market_share_its_stream_and_its_snapshot() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            first, second = await streams.book(SYMBOL), await streams.book(SYMBOL)
            assert len(shop.asked) == 1
            await first.close()
            shop.trade()
            await seconds(0.01)
            assert shop.is_newest(second)
            with pytest.raises(BookNotSynced, match="closed"):
                _ = first.best_bid
            assert shop.requests("UNSUBSCRIBE") == []
            await second.close()
            await seconds(0.01)
            assert shop.requests("UNSUBSCRIBE") == [DEPTH]

    run(main())


@pytest.mark.parametrize("is_book_first", [True, False])
def test_a_book_and_a_subscription_read_the_same_stream(is_book_first: bool) -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            book = await streams.book(SYMBOL) if is_book_first else None
            subscription = streams.subscribe(DEPTH)
            book = book or await streams.book(SYMBOL)
            await subscription.sent()
            shop.trade(3)
            events = [(await anext(subscription)).event for _ in range(3)]
            assert all(isinstance(event, DepthUpdate) for event in events)
            assert shop.is_newest(book)
            await subscription.close()
            shop.trade(3)
            await seconds(0.01)
            assert shop.is_newest(book)
            again = streams.subscribe(DEPTH)
            await book.close()
            await again.sent()
            shop.trade()
            assert isinstance((await anext(again)).event, DepthUpdate)
            assert shop.requests("UNSUBSCRIBE") == []

    run(main())


def test_a_slow_iteration_sees_the_newest_and_never_a_queue() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            book = await streams.book(SYMBOL)
            seen: list[int] = []
            async for changed in book:
                seen.append(changed.update_id)
                if len(seen) == 5:
                    break
                shop.trade(100)
                await seconds(0.01)
            assert [after - before for before, after in itertools.pairwise(seen)] == [100] * 4
            assert shop.is_newest(book)

    run(main())


def test_iteration_gives_no_state_twice_and_none_that_cannot_be_read() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            book = await streams.book(SYMBOL)
            seen: list[int] = []

            async def watch() -> None:
                async for changed in book.changes():
                    assert shop.is_right(changed)
                    seen.append(changed.update_id)

            watching = asyncio.create_task(watch())
            for number in range(301):
                shop.frames_lost = number % 50 == 49
                shop.trade()
                await seconds(0.05)
            await seconds(3)
            await book.close()
            await watching
            assert book.counters.gaps >= 5
            assert seen == sorted(set(seen))
            assert seen[-1] == shop.venue.update_id

    run(main())


def test_a_wait_for_the_next_change_that_is_given_up_loses_nothing() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            book = await streams.book(SYMBOL)
            changes = book.changes()
            await _next(changes)
            for _ in range(3):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(1):
                        await _next(changes)
            assert not book._feed.waiters
            shop.trade()
            assert (await anext(changes)).update_id == shop.venue.update_id

    run(main())


def test_giving_up_the_wait_for_a_book_leaves_no_subscription() -> None:
    async def main() -> None:
        shop = Shop()
        shop.is_down = True
        async with shop.streams() as streams:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(3):
                    await _opened(streams.book(SYMBOL))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(3), streams.book(SYMBOL):
                    pass
            await seconds(0.01)
            assert served(shop.network.links[0]) == set()
            asked = len(shop.asked)
            await seconds(60)
            assert len(shop.asked) == asked

    run(main())


def test_giving_up_the_wait_for_a_book_that_one_has_leaves_it_open() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            book = await streams.book(SYMBOL)
            shop.is_down = True
            shop.frames_lost = 1
            shop.trade(2)
            await seconds(0.01)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await _opened(book)
            shop.is_down = False
            await soon(lambda: shop.is_newest(book))

    run(main())


def test_an_unknown_symbol_ends_with_the_exchange_s_answer_and_is_asked_for_once() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            book = streams.book("NOPE")
            changes = book.changes()
            with pytest.raises(InvalidRequest, match="Invalid market symbol"):
                await book.synced()
            with pytest.raises(InvalidRequest):
                await _next(changes)
            with pytest.raises(InvalidRequest):
                await _opened(streams.book("NOPE"))
            assert isinstance(book.ending, ApiError)
            assert isinstance(book.trouble, BookNotSynced)
            assert book.trouble.__cause__ is book.ending
            await seconds(60)
            assert shop.asked == ["NOPE", "NOPE"]
            assert served(shop.network.links[0]) == set()
            await book.close()

    run(main())


def test_a_refused_stream_is_raised_to_whoever_waits_and_the_book_is_not_in_sync() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            book = await streams.book(SYMBOL)
            changes = book.changes()
            await _next(changes)
            shop.network.links[0].say(refusal(4006, "Invalid stream"))
            with pytest.raises(SubscriptionRefused, match="Invalid stream"):
                await _next(changes)
            with pytest.raises(SubscriptionRefused):
                await book.synced()
            assert isinstance(book.trouble, BookNotSynced)
            assert isinstance(book.trouble.__cause__, SubscriptionRefused)
            assert "Invalid stream" in (streams.health().books[SYMBOL].trouble or "")
            await seconds(60)
            assert not book.is_synced

    run(main())


def test_a_stream_that_speaks_after_all_brings_its_book_back() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            book = await streams.book(SYMBOL)
            changes = book.changes()
            await _next(changes)
            shop.network.links[0].say(refusal(4006))
            with pytest.raises(SubscriptionRefused):
                await _next(changes)
            shop.trade()
            assert shop.is_newest(await anext(changes))

    run(main())


def test_a_refusal_is_forgotten_with_its_connection() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            book = await streams.book(SYMBOL)
            shop.network.links[0].say(refusal(4006))
            await soon(lambda: not book.is_synced)
            shop.is_down = True
            shop.network.links[0].say(RESTART)
            await soon(lambda: len(shop.network.links) == 2)
            waiting = asyncio.create_task(book.synced())
            await seconds(5)
            shop.is_down = False
            await waiting
            assert shop.is_newest(book)

    run(main())


def test_a_refusal_of_the_ticker_leaves_its_book_alone() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            book = await streams.book(SYMBOL, check=True)
            shop.trade()
            await seconds(0.01)
            shop.network.links[0].say(refusal(4006))
            await seconds(0.01)
            assert shop.is_newest(book)

    run(main())


@pytest.mark.parametrize("garbage", ["{", '{"data":{"e":"depth"},"stream":"' + DEPTH + '"}'])
def test_a_frame_that_is_not_understood_makes_the_book_begin_anew(garbage: str) -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            book = await streams.book(SYMBOL)
            shop.network.links[0].say(garbage)
            await seconds(0.001)
            assert not book.is_synced
            await soon(lambda: book.is_synced)
            assert len(shop.asked) == 2

    run(main())


@pytest.mark.parametrize(
    ("garbage", "is_concerned"),
    [
        ('{"data":{"e":"depth",,},"stream":"trade.OTHER"}', False),
        ('{"data":{"e":"depth",,},"stream":"' + DEPTH + '"}', True),
        ('{"data":{"e":"depth",,},"stream":"depth.NOBODY"}', True),
        ('{"data":{,},"stream":"' + DEPTH + '"}{"data":{,},"stream":"trade.OTHER"}', True),
        ('{"data":{"e":"depth",,},"stream":"trade.OTHER', True),
    ],
)
def test_a_frame_that_is_not_understood_and_names_one_stream_concerns_its_readers_alone(garbage: str, is_concerned: bool) -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            book = await streams.book(SYMBOL)
            trades = streams.subscribe("trade.OTHER")
            await trades.sent()
            shop.network.links[0].say(garbage)
            await seconds(0.001)
            assert book.is_synced != is_concerned
            assert trades.waiting == (not garbage.endswith(DEPTH + '"}'))

    run(main())


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("is_ticker_first", [True, False])
def test_the_book_ticker_checks_a_book_if_anybody_wants_it(check: bool, is_ticker_first: bool) -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            if not check and is_ticker_first:
                streams.subscribe(TICKER)
            book = await streams.book(SYMBOL, check=check)
            if not check and not is_ticker_first:
                await streams.subscribe(TICKER).sent()
            shop.trade(20, ticks=True)
            await seconds(0.01)
            assert (book.counters.agreed, book.counters.disagreed) == (20, 0)
            assert shop.requests("SUBSCRIBE").count(TICKER) == 1
            await book.close()
            await seconds(0.01)
            assert served(shop.network.links[0]) == (set() if check else {TICKER})

    run(main())


def test_a_book_that_the_ticker_contradicts_begins_anew() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            book = await streams.book(SYMBOL, check=True)
            shop.trade(3, ticks=True)
            await seconds(0.01)
            other = Shop(seed=8)
            wrong = other.venue.ticker()
            text = f'{{"data":{{"A":"1","B":"1","E":1,"T":1,"a":"{wrong.ask}","b":"0.01","e":"bookTicker","s":"{SYMBOL}",'
            shop.network.links[0].say(text + f'"u":{book.update_id}}},"stream":"{TICKER}"}}')
            await seconds(0.001)
            assert not book.is_synced
            await soon(lambda: book.is_synced)
            assert book.counters.disagreed == 1
            assert shop.is_newest(book)

    run(main())


def test_closing_ends_iterations_and_waits_and_asks_for_nothing_more() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            await seconds(0.1)
            before = asyncio.all_tasks()
            async with streams.book(SYMBOL) as book:
                watching = asyncio.create_task(_all_of(book))
                await seconds(1)
            assert await watching == 1
            await book.close()
            with pytest.raises(StreamClosed, match="closed by this side"):
                await book.synced()
            assert book.is_closed
            shop.is_down = True
            waiting = asyncio.create_task((other := streams.book(SYMBOL)).synced())
            await seconds(1)
            await other.close()
            with pytest.raises(StreamClosed):
                await waiting
            await seconds(0.01)
            assert asyncio.all_tasks() == before
            assert streams.health().books == {}

    run(main())


def test_closing_one_of_two_books_of_a_quiet_market_ends_its_iteration_at_once() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            first, second = await streams.book(SYMBOL), await streams.book(SYMBOL)
            watching = asyncio.create_task(_all_of(first))
            await seconds(20)
            await first.close()
            async with asyncio.timeout(0.01):
                assert await watching == 1
            assert second.is_synced

    run(main())


async def _all_of(book: AsyncBook) -> int:
    return len([changed async for changed in book])


def test_the_end_of_the_streams_ends_their_books_and_leaves_no_task() -> None:
    async def main() -> None:
        shop = Shop()
        before = asyncio.all_tasks()
        async with shop.streams() as streams:
            book, slow = await streams.book(SYMBOL), streams.book("SLOW_USDC")
            watching = asyncio.create_task(_all_of(book))
            await seconds(0.05)
        assert await watching == 1
        assert asyncio.all_tasks() == before
        with pytest.raises(StreamClosed):
            await _opened(slow)
        with pytest.raises(BookNotSynced, match="closed"):
            _ = book.mid
        assert book.last_good() is not None
        assert not streams.health().books[SYMBOL].is_synced
        with pytest.raises(StreamClosed):
            _ = streams.book(SYMBOL)

    run(main())


def test_closing_the_streams_waits_for_requests_that_need_a_moment_to_stop() -> None:
    async def main() -> None:
        shop = Shop()
        stopped: list[str] = []

        async def send(operation: Operation[Any]) -> object:
            try:
                return await shop.send(operation)
            finally:
                await seconds(0.5)
                stopped.append("stopped")

        async with shop.streams(send=send) as streams:
            book = streams.book(SYMBOL)
            await seconds(0.05)
        assert stopped == ["stopped"]
        assert not book.is_synced

    run(main())


def test_what_ends_the_streams_is_raised_by_their_books() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams(backoff=Backoff(attempts_max=0)) as streams:
            book = await streams.book(SYMBOL)
            shop.network.links[0].say(RESTART)
            with pytest.raises(StreamClosed, match="restart"):
                await _all_of(book)
            with pytest.raises(StreamClosed, match="restart"):
                await book.synced()
            assert isinstance(book.ending, StreamClosed | UntrustedServer)
            raised = await asyncio.gather(book.synced(), book.synced(), return_exceptions=True)
            assert raised[0] is not raised[1]

    run(main())


def test_a_book_needs_somebody_who_can_ask_and_the_right_market() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams(send=None) as streams:
            with pytest.raises(UsageError, match="send"):
                _ = streams.book(SYMBOL)
            assert streams.health().streams == {}

    run(main())


def test_health_tells_of_books() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.streams() as streams:
            book = await streams.book(SYMBOL)
            shop.trade(3)
            await seconds(0.01)
            health = streams.health()
            assert health.books[SYMBOL].is_synced
            assert health.books[SYMBOL].update_id == book.update_id
            assert health.books[SYMBOL].counters["applied"] == 3
            assert health.streams[DEPTH].events == 3
            assert health.streams[DEPTH].lag_us is not None

    run(main())

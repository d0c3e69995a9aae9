"""Who gets which stream, and in which form."""

from haversack.book.texts import DepthFrame, read_depth
from haversack.streams.books import TickerWish
from haversack.streams.feed import Feed
from haversack.streams.routes import Routes
from haversack.wire.markets import Depth, GetDepth
from streams.link import frame

DEPTH, TICKER = "depth.SOL_USDC", "bookTicker.SOL_USDC"


async def nothing(operation: GetDepth) -> Depth:
    raise OSError(operation)


def new_feed() -> Feed:
    return Feed("SOL_USDC", None, nothing, give_up=lambda feed: None, tasks=set())


def test_only_streams_that_nobody_but_books_reads_keep_their_texts() -> None:
    routes, feed, other = Routes(), new_feed(), TickerWish(DEPTH)
    found: list[set[str | bytes]] = []
    for change, reader in ((routes.add, feed), (routes.add, other), (routes.remove, other), (routes.remove, feed)):
        change(reader)
        found.append(set(routes.texts))
    assert found == [{DEPTH, DEPTH.encode()}, set(), {DEPTH, DEPTH.encode()}, set()]


def test_texts_go_to_every_book_of_the_stream() -> None:
    routes, feeds = Routes(), [new_feed(), new_feed()]
    for feed in feeds:
        routes.add(feed)
    said = read_depth(frame(DEPTH))
    assert isinstance(said, DepthFrame)
    for _ in range(2):
        assert routes.deliver(said, 100) == ()
    # Told twice of one update, each has noticed.
    assert [feed.book.counters.gaps for feed in feeds] == [1, 1]
    assert routes.stray == 0


def test_a_book_hears_the_ticker_only_while_somebody_wants_it_and_wants_it_not_itself() -> None:
    routes, feed, wish = Routes(), new_feed(), TickerWish(TICKER)
    routes.add(feed)
    assert routes.of([TICKER]) == ()
    routes.add(wish)
    assert routes.of([TICKER]) == (wish, feed)
    assert routes.remove(wish) == [TICKER]
    assert routes.of([TICKER]) == ()


def test_a_book_that_is_closed_hears_nothing_more() -> None:
    routes, feed, wish = Routes(), new_feed(), TickerWish(TICKER)
    routes.add(wish)
    routes.add(feed)
    assert routes.remove(feed) == [DEPTH]
    assert routes.of([TICKER, DEPTH]) == (wish,)

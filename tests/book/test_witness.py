"""A book and the book ticker of its market must say the same of one update."""

from __future__ import annotations

import pytest

from book.made import diff, synced, ticker
from haversack.book.witness import AHEAD_MAX
from haversack.errors import BookNotSynced

BID, ASK = ("19.99", "1.50"), ("20.01", "2")


def test_ticker_of_the_same_update_agrees() -> None:
    book = synced(100)
    book.ticker(ticker(100, BID, ASK))
    assert book.is_synced
    assert book.counters.agreed == 1


@pytest.mark.parametrize(
    ("bid", "ask"),
    [(("19.98", "1.5"), ASK), (("19.99", "1.51"), ASK), (None, ASK), (BID, None), (BID, ("20.01", "3")), (("sNaN", "1"), ASK)],
)
def test_ticker_that_says_otherwise_makes_the_book_begin_anew(bid: tuple[str, str] | None, ask: tuple[str, str] | None) -> None:
    book = synced(100)
    book.ticker(ticker(100, bid, ask))
    with pytest.raises(BookNotSynced, match="not those of the book ticker"):
        _ = book.best_bid
    assert book.counters.disagreed == 1
    assert book.outgoing() is not None


def test_ticker_may_come_before_the_message_of_its_update() -> None:
    book = synced(100)
    book.ticker(ticker(101, ("20.00", "1"), ASK))
    book.update(diff(101, bids=(("20.00", "1.00"),)))
    assert book.counters.agreed == 1
    book.ticker(ticker(102, ("20.00", "1"), ASK))
    book.update(diff(102, bids=(("20.00", "2.00"),)))
    assert not book.is_synced


def test_ticker_may_come_after_messages_of_later_updates() -> None:
    book = synced(100)
    book.ticker(ticker(100, BID, ASK))
    book.update(diff(101, bids=(("20.00", "1.00"),)))
    book.update(diff(102, bids=(("20.00", "0.00"),)))
    book.ticker(ticker(101, ("20.00", "1"), ASK))
    assert book.counters.agreed == 2
    book.ticker(ticker("102", ("20.00", "1"), ASK))
    assert not book.is_synced


def test_ticker_of_an_update_within_an_aggregated_message_says_nothing() -> None:
    book = synced(100)
    book.ticker(ticker(103, ("1", "1"), ASK))
    book.update(diff(101, 105))
    assert book.is_synced
    assert (book.counters.agreed, book.counters.disagreed) == (0, 0)


def test_empty_side_is_said_with_nothing() -> None:
    book = synced(100, asks=())
    book.ticker(ticker(100, BID, None))
    assert book.counters.agreed == 1


def test_ticker_of_another_market_is_not_heard() -> None:
    book = synced(100)
    book.ticker(ticker(100, ("1", "1"), ASK, symbol="BTC_USDC"))
    assert book.is_synced


def test_ticker_that_runs_far_ahead_tells_that_the_depth_stream_is_silent() -> None:
    book = synced(100)
    for number in range(101, 101 + AHEAD_MAX):
        book.ticker(ticker(number, BID, ASK))
    assert book.is_synced
    book.ticker(ticker(101 + AHEAD_MAX, BID, ASK))
    assert not book.is_synced


def test_tickers_whose_numbers_began_anew_are_not_waited_for() -> None:
    book = synced(100)
    for number in (10**9, 101):
        book.ticker(ticker(number, ("20.00", "1"), ASK))
    book.update(diff(101, bids=(("20.00", "1.00"),)))
    assert book.counters.agreed == 1


@pytest.mark.parametrize("update_id", ["", "x", "-5", "9" * 5_000])
def test_ticker_without_a_number_is_not_heard(update_id: str) -> None:
    book = synced(100)
    book.ticker(ticker(update_id, ("1", "1"), ASK))
    assert book.is_synced

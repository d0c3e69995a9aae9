"""How a snapshot and the messages around it become one book, and when they do not."""

from __future__ import annotations

import msgspec
import pytest

from book.made import ASKS, SYMBOL, depth, diff, rows, synced, ticket_of
from haversack.book.book import Book
from haversack.book.splice import DELAYS_MS, STALE_MAX, STALE_US_MAX
from haversack.errors import BookNotSynced, Gap


def subscribed(buffered_max: int = 64) -> Book:
    book = Book(SYMBOL, buffered_max=buffered_max)
    book.subscribed()
    return book


def test_book_asks_for_nothing_before_it_is_subscribed() -> None:
    book = Book(SYMBOL)
    assert book.outgoing() is None
    with pytest.raises(BookNotSynced, match="waits for its first snapshot"):
        _ = book.best_bid


def test_snapshot_alone_is_enough_on_a_market_where_nothing_happens() -> None:
    book = synced(100)
    assert book.update_id == 100
    assert rows(book, "Bid") == [("19.99", "1.5"), ("19.98", "3")]
    assert rows(book, "Ask") == [("20.01", "2"), ("20.03", "4")]
    assert book.outgoing() is None


def test_snapshot_is_asked_for_once() -> None:
    book = subscribed()
    assert book.outgoing() is not None
    assert book.outgoing() is None


def test_messages_before_during_and_after_the_snapshot_are_joined() -> None:
    book = subscribed()
    book.update(diff(98, bids=(("19.90", "9.00"),)))
    ticket = ticket_of(book)
    for number, bid in ((99, "1.00"), (100, "2.00"), (101, "3.00"), (102, "4.00")):
        book.update(diff(number, bids=(("19.97", bid),)))
    assert not book.is_synced
    book.snapshot_came(depth(100), ticket)
    assert book.update_id == 102
    assert rows(book, "Bid") == [("19.99", "1.5"), ("19.98", "3"), ("19.97", "4")]
    book.update(diff(103, bids=(("19.97", "0.00"),)))
    assert book.update_id == 103
    assert len(rows(book, "Bid")) == 2
    assert book.counters.stale_dropped == 3


def test_aggregated_message_that_reaches_over_the_snapshot_bridges_it() -> None:
    book = subscribed()
    ticket = ticket_of(book)
    book.update(diff(95, 99, bids=(("19.97", "1.00"),)))
    book.update(diff(100, 105, bids=(("19.96", "7.00"),)))
    book.snapshot_came(depth(102), ticket)
    assert book.update_id == 105
    assert rows(book, "Bid") == [("19.99", "1.5"), ("19.98", "3"), ("19.96", "7")]


def test_aggregated_message_may_reach_over_a_snapshot_that_came_first() -> None:
    book = synced(102)
    book.update(diff(90, 99, bids=(("19.97", "1.00"),)))
    book.update(diff(100, 105, bids=(("19.96", "7.00"),)))
    assert book.update_id == 105
    assert ("19.97", "1") not in rows(book, "Bid")
    assert book.counters.stale_dropped == 1


def test_snapshot_that_is_older_than_the_messages_is_asked_for_again() -> None:
    book = subscribed()
    ticket = ticket_of(book)
    book.update(diff(105, bids=(("19.97", "1.00"),)))
    book.snapshot_came(depth(103), ticket)
    assert not book.is_synced
    book.snapshot_came(depth(104), ticket_of(book))
    assert book.update_id == 105
    assert book.counters.snapshots_unfit == 1


@pytest.mark.parametrize(
    "wrong",
    [diff(103), diff(100), diff(101), diff(102, 101), diff(101, 103), diff(1), diff(10**9)],
    ids=["one missed", "two back", "repeated", "backwards", "overlapping", "began anew", "far ahead"],
)
def test_message_out_of_turn_is_seen_at_once(wrong: object) -> None:
    book = synced(100)
    book.update(diff(101))
    book.update(wrong)  # type: ignore[arg-type]
    assert not book.is_synced
    with pytest.raises(BookNotSynced):
        book.levels("Bid")
    book.snapshot_came(depth(200), ticket_of(book))


def test_gap_says_what_had_to_come_and_what_came() -> None:
    book = synced(100)
    book.update(diff(101))
    book.update(diff(104))
    with pytest.raises(Gap, match="update 102 had to come next, and 104 came") as caught:
        _ = book.mid
    assert (caught.value.symbol, caught.value.expected, caught.value.found) == (SYMBOL, 102, 104)
    assert isinstance(book.trouble, Gap)
    assert book.counters.gaps == 1


def test_first_message_after_a_snapshot_must_reach_it() -> None:
    book = synced(100)
    book.update(diff(102))
    assert isinstance(book.trouble, Gap)


def test_message_that_made_the_gap_belongs_to_the_next_book() -> None:
    book = synced(100)
    book.update(diff(104, bids=(("19.97", "1.00"),)))
    book.snapshot_came(depth(103), ticket_of(book))
    assert book.update_id == 104
    assert ("19.97", "1") in rows(book, "Bid")


def test_nothing_of_the_old_book_is_in_the_new_one() -> None:
    book = synced(100, bids=(("15.00", "1"), ("19.99", "1.5")), asks=(("20.01", "1"), ("25.00", "1")))
    book.update(diff(104))
    book.snapshot_came(depth(104, bids=(("19.50", "2"),), asks=(("19.80", "2"),)), ticket_of(book))
    assert rows(book, "Bid") == [("19.5", "2")]
    assert rows(book, "Ask") == [("19.8", "2")]


def test_old_book_stays_whole_until_the_new_one_fits() -> None:
    book = synced(100)
    before = book.snapshot()
    book.update(diff(104))
    book.update(diff(105, bids=(("19.50", "x"),)))
    book.snapshot_came(depth(103, bids=(("10.00", "1"),)), ticket_of(book))
    assert not book.is_synced
    assert book.last_good() == before


def test_gap_in_what_waits_drops_what_was_before_it() -> None:
    book = subscribed()
    ticket = ticket_of(book)
    for changes in (diff(101, bids=(("19.97", "1.00"),)), diff(103, bids=(("19.96", "1.00"),))):
        book.update(changes)
    book.snapshot_came(depth(100), ticket)
    assert not book.is_synced
    book.snapshot_came(depth(102), ticket_of(book))
    assert book.update_id == 103


def test_so_many_messages_wait_and_no_more() -> None:
    book = subscribed(buffered_max=3)
    ticket = ticket_of(book)
    for number in range(101, 106):
        book.update(diff(number))
    assert book.counters.overflowed == 2
    book.snapshot_came(depth(100), ticket)
    assert not book.is_synced
    book.snapshot_came(depth(102), ticket_of(book))
    assert book.update_id == 105


def test_answer_to_an_earlier_connection_is_not_taken() -> None:
    book = subscribed()
    late = ticket_of(book)
    book.disconnected()
    book.snapshot_came(depth(100), late)
    assert not book.is_synced
    assert book.outgoing() is None
    book.subscribed()
    current = ticket_of(book)
    book.snapshot_came(depth(100), late)
    assert not book.is_synced
    book.snapshot_came(depth(120), current)
    assert book.update_id == 120


def test_answer_that_comes_twice_counts_once() -> None:
    book = subscribed()
    ticket = ticket_of(book)
    book.snapshot_came(depth(100), ticket)
    book.update(diff(101, bids=(("20.01", "1.00"),)))
    again = ticket_of(book)
    book.snapshot_came(depth(100), ticket)
    book.snapshot_failed(ticket)
    assert not book.is_synced
    assert book.outgoing() is None
    book.snapshot_came(depth(101), again)
    assert book.is_synced


def test_book_cannot_be_read_while_disconnected() -> None:
    book = synced(100)
    book.disconnected()
    with pytest.raises(BookNotSynced, match="the connection ended"):
        _ = book.best_ask
    good = book.last_good()
    assert good is not None
    assert good.update_id == 100


def test_messages_of_before_a_disconnection_are_not_joined_with_those_after() -> None:
    book = subscribed()
    book.update(diff(101, bids=(("19.97", "1.00"),)))
    book.disconnected()
    book.subscribed()
    book.snapshot_came(depth(90), ticket_of(book))
    assert book.update_id == 90


def test_answer_that_will_not_come_is_asked_for_again_and_later_each_time() -> None:
    book = subscribed()
    delays: list[int] = []
    for _ in range(len(DELAYS_MS) + 2):
        ask = book.outgoing()
        assert ask is not None
        delays.append(ask.delay_ms)
        book.snapshot_failed(ask.ticket)
    assert delays == [*DELAYS_MS, DELAYS_MS[-1], DELAYS_MS[-1]]


def test_book_that_was_right_for_a_while_asks_at_once_again() -> None:
    book = subscribed()
    book.snapshot_failed(ticket_of(book))
    book.snapshot_came(depth(100), ticket_of(book))
    for number in range(101, 120):
        book.update(diff(number))
    book.update(diff(130))
    ask = book.outgoing()
    assert ask is not None
    assert ask.delay_ms == 0


def test_crossed_book_is_never_seen() -> None:
    book = synced(100)
    book.update(diff(101, bids=(("20.01", "1.00"),)))
    assert book.counters.crossed == 1
    with pytest.raises(BookNotSynced, match="somebody bid as much as somebody asked"):
        _ = book.best_bid
    assert book.last_good() is None
    ticket = ticket_of(book)
    book.snapshot_came(depth(101, bids=(("20.02", "1"),)), ticket)
    assert not book.is_synced
    book.snapshot_came(depth(101), ticket_of(book))
    assert book.is_synced


def test_aggregated_message_may_move_both_sides_past_each_other() -> None:
    book = synced(100)
    book.update(diff(101, 110, bids=(("20.05", "1.00"),), asks=(("20.01", "0.00"), ("20.03", "0.00"), ("20.06", "1.00"))))
    assert (rows(book, "Bid")[0], rows(book, "Ask")) == (("20.05", "1"), [("20.06", "1")])


@pytest.mark.parametrize(
    "number", ["", "x", "-1.00", "NaN", "sNaN", "Infinity", "1e99999", "1" * 80, "1.2.00", ".", "0.0x", "1" * 80 + ".00"]
)
def test_quantity_that_is_no_number_loses_the_book(number: str) -> None:
    book = synced(100, bids=(("19.99", "1.55"),))
    book.update(diff(101, bids=(("19.97", "1.00"), ("19.96", number))))
    with pytest.raises(BookNotSynced, match="not understood"):
        _ = book.best_bid
    assert book.last_good() is None


@pytest.mark.parametrize("price", ["", "x", "-1.00", "0.00", "NaN", "1" * 80, "1e99999"])
def test_price_that_is_none_loses_the_book(price: str) -> None:
    book = synced(100)
    book.update(diff(101, asks=((price, "1.00"),)))
    with pytest.raises(BookNotSynced, match="not understood"):
        _ = book.best_bid


def test_message_of_another_market_loses_the_book() -> None:
    book = synced(100)
    book.update(diff(101, symbol="BTC_USDC"))
    assert not book.is_synced


@pytest.mark.parametrize(
    "bad", [depth("x"), depth("-1"), depth("1" * 30), depth(100, bids=(("0", "1"),)), depth(100, asks=(("-1", "1"),))]
)
def test_snapshot_that_makes_no_sense_is_asked_for_again(bad: object) -> None:
    book = subscribed()
    book.snapshot_came(bad, ticket_of(book))  # type: ignore[arg-type]
    assert not book.is_synced
    book.snapshot_came(depth(100), ticket_of(book))
    assert book.is_synced


def test_numbers_that_began_anew_are_noticed_even_if_they_are_small() -> None:
    book = synced(10**9)
    for number in range(1, STALE_MAX + 1):
        book.update(diff(number))
    assert book.is_synced
    book.update(diff(STALE_MAX + 1))
    assert not book.is_synced


@pytest.mark.parametrize(("later_us", "is_in_it"), [(-1, True), (STALE_US_MAX, True), (STALE_US_MAX + 1, False)])
def test_a_message_that_the_engine_made_long_after_the_snapshot_is_not_in_it(later_us: int, is_in_it: bool) -> None:
    book = synced(10**9)
    book.update(msgspec.structs.replace(diff(7), engine_us=book.engine_us + later_us))
    assert book.is_synced == is_in_it


def test_book_in_sync_goes_forward_to_a_newer_snapshot_and_never_back() -> None:
    book = synced(100)
    book.snapshot_came(depth(105, bids=(("19.00", "1"),)), ticket=-1)
    assert book.update_id == 105
    book.update(diff(103, bids=(("19.97", "1.00"),)))
    book.update(diff(104, 106, bids=(("19.96", "1.00"),)))
    assert book.update_id == 106
    assert rows(book, "Bid") == [("19.96", "1"), ("19", "1")]
    book.snapshot_came(depth(101), ticket=-1)
    assert book.update_id == 106


def test_snapshot_of_the_same_update_that_differs_is_no_longer_trusted() -> None:
    book = synced(100)
    book.snapshot_came(depth(100), ticket=-1)
    assert book.is_synced
    book.snapshot_came(depth(100, bids=(("19.99", "1.4"),)), ticket=-1)
    assert not book.is_synced


def test_book_can_be_told_to_begin_anew() -> None:
    book = synced(100)
    book.begin_anew()
    with pytest.raises(BookNotSynced, match="told to begin anew"):
        _ = book.spread
    book.snapshot_came(depth(100), ticket_of(book))
    assert book.is_synced


def test_version_changes_with_all_that_a_reader_could_notice() -> None:
    book = synced(100)
    seen = [book.version]
    for changes in (diff(101), diff(105)):
        book.update(changes)
        seen.append(book.version)
    book.snapshot_came(depth(110), ticket_of(book))
    seen.append(book.version)
    assert seen == sorted(set(seen))
    book.update(diff(90))
    assert book.version == seen[-1]


def test_levels_beyond_a_snapshot_that_was_cut_off_are_not_shown() -> None:
    bids = tuple((f"{10_000 - number}", "1") for number in range(5_000))[::-1]
    book = synced(100, bids=bids, asks=(("20000", "1"),))
    book.update(diff(101, bids=(("5000", "1"),)))
    assert len(book.levels("Bid")) == 5_000
    assert book.levels("Bid")[-1].price == 5_001


def test_market_that_leaves_the_levels_of_its_snapshot_gets_a_new_one() -> None:
    bids = tuple((f"{10_000 - number}", "1") for number in range(5_000))[::-1]
    book = synced(100, bids=bids, asks=(("20000", "1"),))
    gone = tuple((price, "0") for price, _ in bids)
    book.update(diff(101, bids=(*gone[1:], ("4000", "1"))))
    assert rows(book, "Bid") == [("5001", "1")]
    book.update(diff(102, bids=gone[:1]))
    with pytest.raises(BookNotSynced, match="did not reach"):
        _ = book.best_bid
    book.snapshot_came(depth(102, asks=ASKS), ticket_of(book))
    assert book.is_synced

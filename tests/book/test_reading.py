"""What a book answers, exactly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from decimal import Decimal, localcontext
from threading import Thread
from typing import cast

import pytest
from msgspec import structs

from book.made import BIDS, SYMBOL, depth, diff, rows, synced, ticket_of
from haversack.book.book import Book
from haversack.book.ladder import PLACES_MIN
from haversack.book.reading import CumulativeLevel, Sweep
from haversack.book.snapshot import BookSnapshot
from haversack.book.units import REMEMBERED_MAX, Prices
from haversack.errors import UsageError
from haversack.wire.enums import Side
from haversack.wire.markets import Filters, Market, PriceFilter, QuantityFilter

D = Decimal


def market(tick_size: str, step_size: str) -> Market:
    filters = Filters(
        price=PriceFilter(tick_size=D(tick_size), min_price=D(tick_size)),
        quantity=QuantityFilter(min_quantity=D(step_size), step_size=D(step_size)),
    )
    return Market(
        symbol=SYMBOL, base_symbol="SOL", quote_symbol="USDC", market_type="SPOT", filters=filters,  # type: ignore[arg-type]
        order_book_state="Open", created_iso="2025-01-21T06:34:54.691858",  # type: ignore[arg-type]
    )  # fmt: skip


def test_best_levels_mid_and_spread() -> None:
    book = synced()
    assert book.best_bid == (D("19.99"), D("1.5"))
    assert book.best_ask == (D("20.01"), D(2))
    assert (book.mid, book.spread) == (D("20.00"), D("0.02"))
    assert book.engine_us == 5


def test_mid_may_lie_between_two_ticks() -> None:
    assert synced(asks=(("20.02", "1"),)).mid == D("20.005")


def test_side_that_is_empty_has_no_best_level() -> None:
    book = synced(asks=())
    assert book.best_bid is not None
    assert (book.best_ask, book.mid, book.spread) == (None, None, None)
    assert book.levels("Ask") == []
    assert (book.imbalance(), synced(bids=()).imbalance()) == (D(1), D(-1))
    assert synced(bids=(), asks=()).imbalance() is None


def test_levels_come_best_first_and_as_many_as_are_wanted() -> None:
    book = synced()
    assert [level.price for level in book.levels(Side.BID)] == [D("19.99"), D("19.98")]
    assert [level.price for level in book.levels("Ask", 1)] == [D("20.01")]


def test_cumulative_levels_are_sums_from_the_best() -> None:
    assert synced().cumulative("Ask") == [
        CumulativeLevel(D("20.01"), D(2), D("40.02")),
        CumulativeLevel(D("20.03"), D(6), D("120.14")),
    ]


def test_bid_takes_from_the_asks() -> None:
    sweep = synced().sweep("Bid", quantity="3")
    assert sweep == Sweep(D(3), D("60.05"), D("20.03"), is_complete=True)
    assert sweep.average_price == D("20.01666666666666666666666667")


def test_ask_takes_from_the_bids() -> None:
    sweep = synced().sweep("Ask", quantity=D("1.5"))
    assert sweep == Sweep(D("1.5"), D("29.985"), D("19.99"), is_complete=True)
    assert sweep.average_price == D("19.99")


def test_quantity_may_be_finer_than_all_in_the_book() -> None:
    book = synced(asks=(("20", "2"),))
    assert book.sweep("Bid", quantity="0.0000001").quote_quantity == D("0.000002")


def test_order_for_more_than_the_book_holds_is_not_complete() -> None:
    sweep = synced().sweep("Bid", quantity=7)
    assert (sweep.quantity, sweep.worst_price, sweep.is_complete) == (D(6), D("20.03"), False)
    empty = synced(asks=()).sweep("Bid", quantity=7)
    assert (empty.quantity, empty.worst_price, empty.is_complete, empty.average_price) == (D(0), None, False, None)


def test_order_for_all_that_the_book_holds_is_complete() -> None:
    assert synced().sweep("Bid", quantity=6).is_complete
    assert synced().sweep("Bid", quote_quantity="120.14").is_complete
    assert not synced().sweep("Bid", quote_quantity="120.15").is_complete


def test_quote_quantity_buys_what_it_can_pay_for() -> None:
    sweep = synced().sweep("Bid", quote_quantity="60.05")
    assert sweep == (D(3), D("60.05"), D("20.03"), True)
    third = synced(bids=(), asks=(("3", "1"),)).sweep("Bid", quote_quantity=1)
    assert third == (D("0.333333333333"), D("0.999999999999"), D(3), True)


def test_quantity_up_to_a_limit_price() -> None:
    book = synced()
    assert [book.quantity_to("Bid", price) for price in ("20", "20.01", "20.02", "20.03")] == [0, 2, 2, 6]
    assert [book.quantity_to("Ask", price) for price in ("20", "19.99", "19.985", "19.98")] == [0, D("1.5"), D("1.5"), D("4.5")]


def test_imbalance_of_the_best_levels() -> None:
    book = synced(bids=(("19.98", "9"), ("19.99", "3")), asks=(("20.01", "1"), ("20.03", "11")))
    assert [book.imbalance(n) for n in (1, 2, 3)] == [D("0.5"), 0, 0]


@pytest.mark.parametrize("n", [0, -1, True, 1.5])
def test_number_of_levels_is_a_whole_one(n: int) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        synced().levels("Bid", n)


@pytest.mark.parametrize("amounts", [{}, {"quantity": 1, "quote_quantity": 1}, {"quantity": 0}, {"quote_quantity": "-1"}])
def test_order_needs_one_amount_above_zero(amounts: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="quantity"):
        synced().sweep("Bid", **amounts)


def test_side_is_bid_or_ask() -> None:
    book = synced()
    for ask in (book.levels, book.cumulative, lambda side: book.sweep(side, quantity=1), lambda side: book.quantity_to(side, 1)):
        with pytest.raises(UsageError, match="side must be Bid or Ask"):
            ask(cast(Side, "Buy"))


def test_decimals_are_learnt_and_nothing_is_rounded() -> None:
    book = synced(100, bids=(("19", "3"),), asks=(("20", "2"),))
    book.update(diff(101, bids=(("19.25", "0.125"),)))
    book.update(diff(102, bids=(("19.000", "1"),), asks=(("19.3000", "1.00000"), ("20.0", "0"))))
    assert rows(book, "Bid") == [("19.25", "0.125"), ("19", "1")]
    assert rows(book, "Ask") == [("19.3", "1")]
    book.update(diff(103, bids=(("0.000000000001", "123456789012345678901234.567"),)))
    assert rows(book, "Bid")[-1] == ("0.000000000001", "123456789012345678901234.567")


def test_prices_have_the_decimals_of_the_market() -> None:
    book = Book(SYMBOL, market=market("0.01", "0.0010"))
    book.subscribed()
    book.snapshot_came(depth(1, bids=(("20", "5"),), asks=()), ticket_of(book))
    assert [str(number) for number in book.levels("Bid")[0]] == ["20.00", "5.000"]


def test_market_of_whole_numbers() -> None:
    book = Book(SYMBOL, market=market("1", "100"))
    book.subscribed()
    book.snapshot_came(depth(1, bids=(("20", "500"),), asks=(("30", "100"),)), ticket_of(book))
    book.update(diff(2, bids=(("20", "0"), ("21", "300")), asks=(("29", "100"),)))
    assert (rows(book, "Bid"), rows(book, "Ask")) == ([("21", "300")], [("29", "100"), ("30", "100")])


def test_arithmetic_of_the_program_around_it_changes_no_digit() -> None:
    book = synced(bids=(("19.123456789", "123.456789"),))
    with localcontext() as context:
        context.prec = 3
        assert book.best_bid == (D("19.123456789"), D("123.456789"))
        assert book.cumulative("Bid")[0].quote_quantity == D("2360.920569750190521")
        assert book.sweep("Ask", quantity="100").quote_quantity == D("1912.3456789")
        assert book.imbalance() == D("0.9681165122120254488579330689")


def test_snapshot_stays_as_it_was() -> None:
    book = synced()
    kept = book.snapshot()
    book.update(diff(101, bids=(("19.99", "0.00"), ("19.98", "9.00"))))
    assert (kept.update_id, kept.best_bid) == (100, (D("19.99"), D("1.5")))
    assert [level.price for level in kept.levels("Bid")] == [D(price) for price, _ in reversed(BIDS)]
    with pytest.raises(FrozenInstanceError):
        kept.update_id = 5  # type: ignore[misc]


def test_snapshot_answers_what_a_book_answers() -> None:
    book = synced()
    kept = book.snapshot()
    assert (kept.best_bid, kept.best_ask, kept.mid, kept.spread) == (book.best_bid, book.best_ask, book.mid, book.spread)
    assert (kept.cumulative("Ask"), kept.imbalance(2)) == (book.cumulative("Ask"), book.imbalance(2))
    assert kept.sweep("Bid", quantity=3) == book.sweep("Bid", quantity=3)
    assert kept.quantity_to("Ask", 1) == book.quantity_to("Ask", 1)
    assert len(book.snapshot(1).levels("Ask")) == 1


def test_reader_in_another_thread_sees_a_message_whole_or_not_at_all() -> None:
    book = synced(100, bids=(("19.99", "1.5"),), asks=(("20.01", "1"),))
    seen: list[BookSnapshot] = []

    class Interrupted(list[tuple[str, str]]):
        """The asks of a message: just before they are read, when the bids are done, somebody else reads the book."""

        def __iter__(self) -> Iterator[tuple[str, str]]:
            reader.start()
            reader.join(timeout=0.2)
            return super().__iter__()

    reader = Thread(target=lambda: seen.append(book.snapshot()))
    message = diff(101, bids=(("19.99", "2.5"),))
    book.update(structs.replace(message, asks=Interrupted([("20.01", "2.0")])))
    reader.join()
    assert seen == [book.snapshot()]


def test_prices_that_are_remembered_are_bounded() -> None:
    prices = Prices(2)
    for number in range(1, 3 * REMEMBERED_MAX):
        assert prices[f"{number / 100:.2f}"] == number
    assert len(prices) <= REMEMBERED_MAX


def test_places_of_levels_that_are_gone_do_not_pile_up() -> None:
    book = synced(1, bids=(("100.00", "1"),), asks=(("200.00", "1"),))
    for number in range(2, 10_000):
        price = f"{number // 2 / 100 + 1:.2f}"
        book.update(diff(number, bids=((price, "0.00" if number % 2 else "1.00"),)))
    sides = book._splice.sides
    assert sides is not None
    assert len(book.levels("Bid")) == 1
    assert len(sides.bids.keys) <= PLACES_MIN

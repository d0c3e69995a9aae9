"""The best levels are kept from one reading to the next, and must be those of the book all the same."""

from __future__ import annotations

import random

import pytest

from book.made import Rows, diff, synced
from haversack.book.book import Book


def assert_best_is_first(book: Book) -> None:
    for side, best in (("Bid", book.best_bid), ("Ask", book.best_ask)):
        first = next(iter(book.levels(side)), None)  # type: ignore[arg-type]
        # The digits count too: a price is shown with all decimals of its market.
        assert str(best) == str(first)


@pytest.mark.parametrize(
    "bids",
    [
        (("19.99", "7"),),
        (("20.00", "1"),),
        (("19.99", "0"),),
        (("19.99", "0"), ("19.98", "0")),
        (("19.9", "1.25"), ("18.123", "1")),
        (("19.99", "0"), ("19.98", "0"), ("1.999", "1.5")),
    ],
    ids=["another quantity", "a better price", "taken away", "the last taken away", "more decimals", "the same digits"],
)
def test_best_level_follows_what_changes_it(bids: Rows) -> None:
    book = synced()
    assert_best_is_first(book)
    book.update(diff(101, bids=bids))
    assert_best_is_first(book)
    book.update(diff(102, bids=(("19.99", "1.5"),)))
    assert_best_is_first(book)


def test_best_levels_are_the_first_after_every_change() -> None:
    dice = random.Random(8)
    book = synced()
    for number in range(101, 1_101):
        bid = (f"{dice.randrange(1_990, 2_000) / 100:.2f}", dice.choice(("0", "1", "2.5")))
        ask = (f"{dice.randrange(2_001, 2_011) / 100:.2f}", dice.choice(("0", "1", "2.5")))
        book.update(diff(number, bids=(bid,), asks=(ask,)))
        assert_best_is_first(book)

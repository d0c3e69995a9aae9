"""The active price of a market: where it stands, by its book and its last trade."""

from __future__ import annotations

from decimal import Decimal

from haversack.exchange.engine.book import Book
from haversack.exchange.engine.rules import Ratio


def twice_active_price(book: Book, last_price: int | None) -> int | None:
    """Twice the median of best bid, best ask and last trade, so that it stays whole when only two of them are known."""
    bid, ask = book.bids.best(), book.asks.best()
    if bid and ask and last_price is not None:
        # The best bid is below the best ask, so the median is the last price, moved inside them.
        if last_price < bid.price:
            return 2 * bid.price
        return 2 * min(ask.price, last_price)
    known = [level.price for level in (bid, ask) if level] + ([] if last_price is None else [last_price])
    return sum(known) * 2 // len(known) if known else None


def is_within(price: int | Decimal, active: int, highest: Ratio | None, lowest: Ratio | None) -> bool:
    """Whether a price is within such multiples of the active one, which is given twice; None is no bound."""
    if highest and 2 * price * highest.denominator > active * highest.numerator:
        return False
    return not (lowest and 2 * price * lowest.denominator < active * lowest.numerator)

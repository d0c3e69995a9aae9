"""A request that is open, with the quotes for it."""

from __future__ import annotations

import msgspec

from haversack.exchange.engine.order import BID
from haversack.exchange.engine.rfq.event import Quote, Rfq, Window

# From the examples of the documented stream: a minute for quotes, another one to accept. No lengths are documented (guess).
SUBMISSION_MS = 60_000
EXPIRY_MS = 120_000


class OpenRfq(msgspec.Struct, array_like=True):
    """One of them."""

    rfq: Rfq
    window: Window
    held: int
    """What the requester has locked for it, of the asset that it gives."""
    quotes: dict[int, Quote]
    """By maker, the newest last."""
    borrowed: dict[int, dict[str, int]] = {}
    """By account and asset: how much of what is locked was borrowed."""

    def best(self) -> Quote | None:
        """The quote with the best price for the requester, of equal ones the oldest."""
        if self.rfq.side is BID:
            return min(self.quotes.values(), key=lambda quote: (quote.ask, quote.quote_id), default=None)
        return min(self.quotes.values(), key=lambda quote: (-quote.bid, quote.quote_id), default=None)

    def takes_quotes(self, now_us: int) -> bool:
        """Whether makers may answer now."""
        return now_us < self.window.submission_ms * 1_000

    def is_over(self, now_us: int) -> bool:
        """Whether its time has passed."""
        return now_us >= self.window.expiry_ms * 1_000


def window_from(now_us: int) -> Window:
    """The times of a request that begins now."""
    now_ms = now_us // 1_000
    return Window(now_ms + SUBMISSION_MS, now_ms + EXPIRY_MS)

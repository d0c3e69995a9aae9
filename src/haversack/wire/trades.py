"""Public trades."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import field

from haversack.wire.base import Answer, BySymbol, moment_of_ms


class Trade(Answer, frozen=True, kw_only=True):
    """One match, as the public sees it (docs: Trade)."""

    trade_id: int | None = field(name="id", default=None)
    """Counts up per market."""
    price: Decimal
    quantity: Decimal
    quote_quantity: Decimal
    """Price times quantity, exactly."""
    timestamp_ms: int = field(name="timestamp")
    is_buyer_maker: bool
    """True: the seller crossed the spread."""

    @property
    def time(self) -> datetime:
        """When it happened, UTC."""
        return moment_of_ms(self.timestamp_ms)


class GetRecentTrades(BySymbol[list[Trade]], frozen=True, kw_only=True):
    """The newest trades of a market, newest first by time; ids may be out of order inside one millisecond.

    Source: GET /api/v1/trades (get_recent_trades). Public. Errors: INVALID_CLIENT_REQUEST for an unknown symbol.
    """

    method, path = "GET", "/api/v1/trades"

    limit: int | None = None
    """1 to 1000; 100 if not sent."""


class GetHistoricalTrades(BySymbol[list[Trade]], frozen=True, kw_only=True):
    """Trades of a market, as far back as `offset` reaches. A plain list: the documentation lists no page headers for it.

    Source: GET /api/v1/trades/history (get_historical_trades). Public. One of the 30 requests a minute for historical data.
    """

    method, path = "GET", "/api/v1/trades/history"
    is_historical = True

    limit: int | None = None
    """1 to 1000; 100 if not sent."""
    offset: int | None = None
    """Rows to skip; 0 if not sent."""

"""Stocks: which are traded, when their sessions are, on which days there are none, and what a quote would be."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

from msgspec import field

from haversack.wire.base import Answer, BySymbol, Operation, moment_of_ms
from haversack.wire.enums import Side
from haversack.wire.inputs import Number, SideLike
from haversack.wire.markets import QuantityFilter


class SecuritySession(Answer, frozen=True, kw_only=True):
    """How much of a security may be traded during one session (docs: SecuritySession)."""

    max_quantity: Decimal | None = None
    min_quantity: Decimal
    name: str
    """One of the names of `StockSession`."""
    step_size: Decimal
    """Quantities are multiples of it."""


class Security(Answer, frozen=True, kw_only=True):
    """A stock that can be traded (docs: Security)."""

    asset: str
    """Such as `NVDA.US`."""
    cusip: str | None = None
    """The nine characters by which North America numbers its securities."""
    name: str
    sessions: list[SecuritySession]
    """The sessions in which it is traded; it is not in any other."""


class GetSecurities(Operation[list[Security]], frozen=True, kw_only=True):
    """All stocks that can be traded, with their sessions.

    Source: GET /api/v1/securities (get_securities). Public.
    """

    method, path = "GET", "/api/v1/securities"


class StockSession(Answer, frozen=True, kw_only=True):
    """A stretch of the day in which stocks are traded, on some days of the week (docs: MarketSession).

    Four are known (observed 2026-10), all of New York: US_EQUITIES_PRE_MARKET 04:00 to 09:30, US_EQUITIES_REGULAR 09:30 to 16:00
    and US_EQUITIES_POST_MARKET 16:00 to 20:00, on weekdays 1 to 5; US_EQUITIES_OVERNIGHT 20:00 to 04:00, on weekdays 7 to 4.
    """

    description: str | None = None
    end_local: str = field(name="endTime")
    """HH:MM:SS in `timezone`, like `start_local`. Earlier than that: the session crosses midnight, and ends on the next day."""
    end_weekday: int
    """Last weekday on which it opens, 1 (Monday) to 7 (Sunday). Smaller than `start_weekday`: the days go round the weekend, so
    7 to 4 is Sunday, Monday, Tuesday, Wednesday and Thursday. A session that crosses midnight ends a day after it opens."""
    name: str
    start_local: str = field(name="startTime")
    start_weekday: int
    """First weekday on which it opens, 1 (Monday) to 7 (Sunday)."""
    timezone: str
    """Such as `America/New_York`: the clock there, with its summer time."""

    @property
    def start(self) -> time:
        """When it opens, by the clock of its time zone."""
        return time.fromisoformat(self.start_local)

    @property
    def end(self) -> time:
        """When it closes, by the clock of its time zone; on the next day if this is earlier than `start`."""
        return time.fromisoformat(self.end_local)


class GetStockSessions(Operation[list[StockSession]], frozen=True, kw_only=True):
    """All sessions in which stocks are traded. Which of them a stock has, and its quantities then: `GetSecurities`.

    Source: GET /api/v1/stockSessions (documented 2026-10). Public.
    """

    method, path = "GET", "/api/v1/stockSessions"


class GetMarketSessions(Operation[list[StockSession]], frozen=True, kw_only=True):
    """The same as `GetStockSessions`, by its former path; it still works and is deprecated (documented 2026-10).

    Source: GET /api/v1/market-sessions (get_market_sessions). Public.
    """

    method, path, replaced_by = "GET", "/api/v1/market-sessions", "/api/v1/stockSessions"


class StockHoliday(Answer, frozen=True, kw_only=True):
    """A stretch of one day in which stocks are not traded (observed 2026-09; its fields are not documented).

    One closure may be several of them: the evening before, the day itself, the afternoon after (observed 2026-10).
    """

    date_local: str = field(name="date")
    """YYYY-MM-DD in `timezone`."""
    end_local: str | None = field(name="endTime", default=None)
    """HH:MM:SS: first moment at which it is open again; 23:59:59 stands for the end of the day."""
    market: str | None = None
    """`US_EQUITIES`, the only one seen."""
    name: str
    start_local: str | None = field(name="startTime", default=None)
    """HH:MM:SS: first moment at which it is closed."""
    timezone: str

    @property
    def day(self) -> date:
        """The day, by the calendar of its time zone."""
        return date.fromisoformat(self.date_local)


class GetStockHolidays(Operation[list[StockHoliday]], frozen=True, kw_only=True):
    """Days on which stocks are not traded, or for fewer hours.

    Source: GET /api/v1/stockHolidays (documented 2026-10). Public.
    """

    method, path = "GET", "/api/v1/stockHolidays"


class GetMarketHolidays(Operation[list[StockHoliday]], frozen=True, kw_only=True):
    """The same as `GetStockHolidays`, by its former path; it still works and is deprecated (documented 2026-10).

    Source: GET /api/v1/market-holidays (get_market_holidays). Public.
    """

    method, path, replaced_by = "GET", "/api/v1/market-holidays", "/api/v1/stockHolidays"


class StockIndicativeQuote(Answer, frozen=True, kw_only=True):
    """What a request for quotes on a stock would get now, or why it would get none (documented 2026-10; fields observed)."""

    available: bool
    """Whether there would be a quote."""
    estimated_price: Decimal | None = None
    """What it would settle at if the quoter hedged at the current bid or ask. The fill may be better or worse than this, and is
    never worse than `price`."""
    price: Decimal | None = None
    """The limit: it would settle here or better."""
    published_ms: int = field(name="publishedAt")
    quantity_filter: QuantityFilter | None = None
    """How much may be traded now."""
    reason: str | None = None
    """Why there is no quote. Its words are not documented."""
    session: str | None = None
    """Name of the session that is open; None while stocks are not traded."""
    side: Side
    symbol: str

    @property
    def published_at(self) -> datetime:
        """When it was made, UTC."""
        return moment_of_ms(self.published_ms)


class GetStockIndicativeQuote(BySymbol[StockIndicativeQuote], frozen=True, kw_only=True):
    """What a request for quotes on a stock would get now. `symbol` is the security, such as `NVDA.US`, not a market.

    Source: GET /api/v1/stockIndicativeQuote (documented 2026-10). Public. Its errors are not documented.
    """

    method, path = "GET", "/api/v1/stockIndicativeQuote"

    quantity: Number
    """Of the stock, within the bounds of its session."""
    side: SideLike
    """Yours: Bid buys the stock."""

"""Stocks, of which none is listed here; the hours in which the real exchange trades them are the same everywhere.

Observed 2026-10: the rows of one closure, by other clients. That the rows of all other closures have that form, that they are
those of this year and the next, and their names, are guesses.
"""

from __future__ import annotations

from haversack.exchange.api.caller import Caller, invalid_symbol
from haversack.exchange.holidays import closures
from haversack.units import from_time_us
from haversack.wire.stocks import (
    GetMarketHolidays,
    GetMarketSessions,
    GetSecurities,
    GetStockHolidays,
    GetStockIndicativeQuote,
    GetStockSessions,
    Security,
    StockHoliday,
    StockIndicativeQuote,
    StockSession,
)

NEW_YORK = "America/New_York"


def _session(name: str, start_local: str, end_local: str, *, weekdays: tuple[int, int] = (1, 5)) -> StockSession:
    first, last = weekdays
    return StockSession(
        name=f"US_EQUITIES_{name}",
        start_local=start_local,
        end_local=end_local,
        start_weekday=first,
        end_weekday=last,
        timezone=NEW_YORK,
    )


# As three other clients saw them (2026-09 and 2026-10); that their order is this one is a guess.
_SESSIONS = (
    _session("PRE_MARKET", "04:00:00", "09:30:00"),
    _session("REGULAR", "09:30:00", "16:00:00"),
    _session("POST_MARKET", "16:00:00", "20:00:00"),
    _session("OVERNIGHT", "20:00:00", "04:00:00", weekdays=(7, 4)),
)


def securities(_caller: Caller, _operation: GetSecurities) -> list[Security]:
    """None: no stocks are listed here. The real exchange has some, and clients ask for them before anything else."""
    return []


def sessions(_caller: Caller, _operation: GetStockSessions | GetMarketSessions) -> list[StockSession]:
    """The four that are known; the former path has the same answer (documented 2026-10)."""
    return list(_SESSIONS)


def holidays(caller: Caller, _operation: GetStockHolidays | GetMarketHolidays) -> list[StockHoliday]:
    """Closures of this year and the next, by day; the former path has the same answer (documented 2026-10)."""
    year = from_time_us(caller.now_us).year
    return [
        StockHoliday(
            date_local=closure.day.isoformat(),
            end_local=closure.end_local,
            market="US_EQUITIES",
            name=closure.name,
            start_local=closure.start_local,
            timezone=NEW_YORK,
        )
        for closure in [*closures(year), *closures(year + 1)]
    ]


def indicative_quote(_caller: Caller, _operation: GetStockIndicativeQuote) -> StockIndicativeQuote:
    """Refused, because no stock is listed here: what the exchange says of an unknown one is a guess."""
    raise invalid_symbol()


ROUTES = (
    GetSecurities.served_by(securities),
    GetStockSessions.served_by(sessions),
    GetMarketSessions.served_by(sessions),
    GetStockHolidays.served_by(holidays),
    GetMarketHolidays.served_by(holidays),
    GetStockIndicativeQuote.served_by(indicative_quote),
)

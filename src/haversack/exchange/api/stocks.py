"""Stocks, of which none is listed here; the hours in which the real exchange trades them are the same everywhere."""

from __future__ import annotations

from haversack.exchange.api.caller import Caller
from haversack.wire.stocks import GetMarketSessions, GetSecurities, GetStockSessions, Security, StockSession


def _session(name: str, start_local: str, end_local: str, *, weekdays: tuple[int, int] = (1, 5)) -> StockSession:
    first, last = weekdays
    return StockSession(
        name=f"US_EQUITIES_{name}",
        start_local=start_local,
        end_local=end_local,
        start_weekday=first,
        end_weekday=last,
        timezone="America/New_York",
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


ROUTES = (
    GetSecurities.served_by(securities),
    GetStockSessions.served_by(sessions),
    GetMarketSessions.served_by(sessions),
)

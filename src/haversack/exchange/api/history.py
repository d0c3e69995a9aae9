"""What was traded, by the account page by page, and by everybody."""

from __future__ import annotations

from haversack.exchange.api.caller import ROWS_DEFAULT, Caller, unknown_symbol
from haversack.wire.base import Page
from haversack.wire.history import Fill, GetFillHistory, GetOrderHistory, PastOrder
from haversack.wire.trades import GetHistoricalTrades, Trade

_OFFSET_MAX = 10**9


def fills(caller: Caller, operation: GetFillHistory) -> Page[Fill]:
    """Fills, newest first."""
    return caller.venue.archive.fills(caller.account, operation, now_us=caller.now_us)


def orders(caller: Caller, operation: GetOrderHistory) -> Page[PastOrder]:
    """Orders, newest first."""
    return caller.venue.archive.orders(caller.account, operation, now_us=caller.now_us)


def trades(caller: Caller, operation: GetHistoricalTrades) -> list[Trade]:
    """Trades of a market, newest first, as far back as they are kept. A plain list, as documented."""
    caller.check_symbol(operation.symbol, unknown_symbol())
    offset, limit = operation.offset or 0, operation.limit or ROWS_DEFAULT
    return caller.venue.tape.recent_trades(operation.symbol, min(offset, _OFFSET_MAX) + limit)[offset:]


ROUTES = (GetFillHistory.served_by(fills), GetOrderHistory.served_by(orders), GetHistoricalTrades.served_by(trades))

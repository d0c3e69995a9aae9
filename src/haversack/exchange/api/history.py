"""What was traded, by the account page by page, and by everybody."""

from __future__ import annotations

from haversack.exchange.api.caller import ROWS_DEFAULT, Caller, unknown_symbol
from haversack.wire.base import Page
from haversack.wire.history import Fill, GetFillHistory, GetOrderHistory, PastOrder
from haversack.wire.trades import GetHistoricalTrades, Trade


def fills(caller: Caller, operation: GetFillHistory) -> Page[Fill]:
    """Fills, newest first."""
    return caller.venue.archive.fills(caller.account, operation, now_us=caller.now_us)


def orders(caller: Caller, operation: GetOrderHistory) -> Page[PastOrder]:
    """Orders, newest first."""
    return caller.venue.archive.orders(caller.account, operation, now_us=caller.now_us)


def trades(caller: Caller, operation: GetHistoricalTrades) -> list[Trade]:
    """Trades of a market, newest first, as far back as they are kept. A plain list, as documented."""
    caller.check_symbol(operation.symbol, unknown_symbol())
    limit, offset = operation.limit or ROWS_DEFAULT, operation.offset or 0
    rows = caller.venue.archive.trades(operation.symbol, limit=limit, offset=offset)
    return caller.venue.tape.as_told(operation.symbol, rows)


ROUTES = (GetFillHistory.served_by(fills), GetOrderHistory.served_by(orders), GetHistoricalTrades.served_by(trades))

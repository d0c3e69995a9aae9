"""What the account did, page by page."""

from __future__ import annotations

from haversack.exchange.api.caller import Caller
from haversack.wire.base import Page
from haversack.wire.history import Fill, GetFillHistory, GetOrderHistory, PastOrder


def fills(caller: Caller, operation: GetFillHistory) -> Page[Fill]:
    """Fills, newest first."""
    return caller.venue.archive.fills(caller.account, operation, now_us=caller.now_us)


def orders(caller: Caller, operation: GetOrderHistory) -> Page[PastOrder]:
    """Orders, newest first."""
    return caller.venue.archive.orders(caller.account, operation, now_us=caller.now_us)


ROUTES = (GetFillHistory.served_by(fills), GetOrderHistory.served_by(orders))

"""Positions: what is open, and what has been."""

from __future__ import annotations

from haversack.exchange.api.caller import Caller, unknown_symbol
from haversack.exchange.render_position import position_answer
from haversack.wire.positions import GetPositionHistory, GetPositions, PastPosition, Position


def positions(caller: Caller, operation: GetPositions) -> list[Position]:
    """Open positions, the oldest first; a flat account has an empty list (recorded 2025-06).

    What a market that is not listed is told, and the order, are guesses.
    """
    if operation.symbol is not None:
        caller.check_symbol(operation.symbol, unknown_symbol())
    engine, markets = caller.venue.engine, caller.venue.listing.markets
    net_equity = engine.margin(caller.account).net_equity
    return [
        position_answer(held, account=caller.account, net_equity=net_equity)
        for held in engine.positions(caller.account)
        if operation.symbol in (None, held.symbol) and operation.market_type in (None, markets[held.symbol].market_type)
    ]


def history(caller: Caller, operation: GetPositionHistory) -> list[PastPosition]:
    """Positions that are and were, newest first. A plain list: no page headers are documented."""
    return caller.venue.archive.positions(caller.account, operation, now_us=caller.now_us)


ROUTES = (GetPositions.served_by(positions), GetPositionHistory.served_by(history))

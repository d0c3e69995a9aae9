"""Which orders are so near to the market that what is borrowed for them costs no entry fee."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from haversack.exchange.engine.active import is_within
from haversack.exchange.engine.backing import Backing
from haversack.exchange.engine.market import Market


def nearer(backing: Backing, price: int | Decimal | None, market: Market) -> Backing:
    """The same for an order at this price, in price units: near the active one, what it borrows costs no entry fee (documented).

    That an order without a price is near, and that none is where a market has no such bounds, are guesses.
    """
    rules, active = market.rules, market.twice_active_price
    if not backing.borrows or active is None or rules.free_max is None or rules.free_min is None:
        return backing
    is_near = price is None or is_within(price, active, rules.free_max, rules.free_min)
    return msgspec.structs.replace(backing, is_near=is_near)

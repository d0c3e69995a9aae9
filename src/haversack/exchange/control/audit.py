"""Whether everything adds up: no asset made or lost, no order forgotten, books that are what their orders make them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain

from haversack.exchange.engine.collateral import CASH
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.order import OpenOrder
from haversack.exchange.listing import Listing
from haversack.exchange.venue import Venue
from haversack.wire.enums import Side


def problems(venue: Venue) -> list[str]:
    """What does not add up, in whole sentences; empty in a sound exchange."""
    engine, listing = venue.engine, venue.listing
    return list(chain(_money(engine, listing), _books(engine, listing), _positions(engine, listing), _orders(venue)))


def _money(engine: Engine, listing: Listing) -> Iterator[str]:
    """Of every asset: what accounts and facilities have and what was taken in fees is what was granted.

    Perpetuals are paid for when they are closed: until then, what a position cost is in nobody's balance.
    """
    held: dict[str, int] = dict(engine.fees)
    for asset, amount in engine.held_beside.items():
        held[asset] = held.get(asset, 0) + amount
    held[CASH] = held.get(CASH, 0) + engine.covers.get(CASH, 0) + sum(map(engine.unsettled, engine.accounts))
    for rules in listing.rules.values():
        cost = sum(position.basis for _, position, _, _ in engine.holdings(rules.symbol) if position)
        held[rules.quote] = held.get(rules.quote, 0) - cost
    for account in engine.accounts:
        for asset, (available, locked) in engine.balances(account).items():
            held[asset] = held.get(asset, 0) + available + locked
            if available < 0 or locked < 0:
                yield f"account {account} has {available} {asset} available and {locked} locked, in its smallest units"
    for asset in listing.asset_scales:
        granted, found = engine.granted.get(asset, 0), held.get(asset, 0)
        if granted != found:
            more = listing.quantity_of(asset, abs(found - granted))
            yield f"{asset}: {more:f} too {'much' if found > granted else 'little'} is there, of all that was granted"


def _books(engine: Engine, listing: Listing) -> Iterator[str]:
    """Each level holds what the orders that rest there have left, and no bid reaches an ask."""
    resting: defaultdict[str, list[OpenOrder]] = defaultdict(list)
    for account in engine.accounts:
        for order in engine.open_orders(account):
            resting[order.order.symbol].append(order)
    for symbol in listing.rules:
        bids, asks, _ = engine.depth(symbol)
        if bids and asks and bids[-1][0] >= asks[0][0]:
            yield f"{symbol}: the best bid reaches the best ask"
        for side, levels in ((Side.BID, bids), (Side.ASK, asks)):
            if dict(levels) != _levels(order for order in resting[symbol] if order.order.side is side):
                yield f"{symbol}: the {side.value} levels of the book are not what the open orders make them"


def _positions(engine: Engine, listing: Listing) -> Iterator[str]:
    """In each perpetual: as much is short as long, and what orders could add is what the open orders are."""
    for symbol, rules in listing.rules.items():
        if not rules.is_perpetual:
            continue
        held = engine.holdings(symbol)
        quantities = [position.quantity for _, position, _, _ in held if position]
        if sum(quantities):
            yield f"{symbol}: the positions add up to {sum(quantities)} of its quantity units"
        if engine.open_interest(symbol) != sum(quantity for quantity in quantities if quantity > 0):
            yield f"{symbol}: the open interest is not the sum of the long positions"
        counted = {account: (bids, asks) for account, _, bids, asks in held}
        for account in engine.accounts:
            if counted.get(account, (0, 0)) != _addable(engine, account, symbol):
                yield f"{symbol}: what the orders of account {account} could add is not what it is counted as"


def _addable(engine: Engine, account: int, symbol: str) -> tuple[int, int]:
    """Bids and asks that could make a position, those that only reduce left out, and those of the house."""
    left = {Side.BID: 0, Side.ASK: 0}
    for order in () if engine.is_house(account) else engine.open_orders(account, symbol):
        if not order.order.reduce_only and order.order.quantity is not None:
            left[order.order.side] += order.order.quantity - order.executed
    return left[Side.BID], left[Side.ASK]


def _levels(orders: Iterable[OpenOrder]) -> dict[int, int]:
    levels: defaultdict[int, int] = defaultdict(int)
    for order in orders:
        price, quantity = order.order.price, order.order.quantity
        if price is not None and quantity is not None:
            levels[price] += quantity - order.executed
    return levels


def _orders(venue: Venue) -> Iterator[str]:
    """Every order that was accepted rests, or its history says how it ended; and the other way round."""
    for account in venue.engine.accounts:
        live = venue.engine.open_orders(account) + venue.engine.pending_orders(account)
        resting = {order.order.order_id for order in live}
        remembered = venue.archive.resting(account)
        if remembered is None:
            continue
        for order_id in sorted(remembered - resting):
            yield f"order {order_id} of account {account} was accepted, never ended, and does not rest"
        for order_id in sorted(resting - remembered):
            yield f"order {order_id} of account {account} rests, and its history does not know it"

"""Everything that an exchange holds, as its owner is told of it."""

from __future__ import annotations

from decimal import Decimal

from haversack.exchange.control.audit import problems
from haversack.exchange.control.words import AccountState, ExchangeState, MarketState, PositionState
from haversack.exchange.engine.collateral import CASH
from haversack.exchange.engine.perpetual.position import entry_price
from haversack.exchange.engine.reading import OpenPosition
from haversack.exchange.operator import Operator
from haversack.exchange.venue import Venue
from haversack.units import stripped


def state_of(operator: Operator, *, levels_max: int) -> ExchangeState:
    """The state at this moment; of each side of a book so many levels, nearest the touch."""
    venue, engine, listing = operator.venue, operator.venue.engine, operator.listing
    return ExchangeState(
        hash=engine.state_hash(),
        commands=operator.log.last_seq,
        now_us=operator.clock.now_us(),
        speed=operator.pulse.speed,
        granted={asset: listing.quantity_of(asset, amount) for asset, amount in engine.granted.items() if amount},
        fees={asset: listing.quantity_of(asset, amount) for asset, amount in engine.fees.items() if amount},
        covers={asset: listing.quantity_of(asset, amount) for asset, amount in engine.covers.items() if amount},
        accounts=[_account(venue, number) for number in engine.accounts],
        markets=[_market(venue, symbol, levels_max) for symbol in listing.markets],
        faults=venue.faults.waiting(),
        problems=problems(venue),
    )


def _account(venue: Venue, number: int) -> AccountState:
    engine, listing = venue.engine, venue.listing
    return AccountState(
        account=number,
        key=engine.key_of(number),
        is_house=venue.is_house(number),
        balances={
            asset: (listing.quantity_of(asset, available), listing.quantity_of(asset, locked))
            for asset, (available, locked) in engine.balances(number).items()
        },
        open_orders=len(engine.open_orders(number)),
        pending_orders=engine.trigger_orders(number),
        positions={held.symbol: _position(held) for held in engine.positions(number)},
        unsettled=listing.quantity_of(CASH, engine.unsettled(number)),
        net_equity=None if venue.is_house(number) else stripped(engine.margin(number).net_equity),
        is_liquidating=engine.is_liquidating(number),
    )


def _position(held: OpenPosition) -> PositionState:
    position, exposure = held.position, held.exposure
    return PositionState(
        position_id=position.position_id,
        net_quantity=exposure.contract.quantity(position.quantity),
        entry_price=stripped(entry_price(position, exposure.contract)),
        pnl_unrealized=stripped(exposure.pnl_unrealized),
    )


def _market(venue: Venue, symbol: str, levels_max: int) -> MarketState:
    engine, scales = venue.engine, venue.listing.scales[symbol]
    bids, asks, update_id = engine.depth(symbol)
    last, told, is_prediction = engine.last_price(symbol), engine.mark(symbol), venue.listing.rules[symbol].pays is not None
    mark = told.mark if told is not None else engine.mark_price(symbol) if is_prediction else None

    def shown(levels: list[tuple[int, int]]) -> list[tuple[Decimal, Decimal]]:
        return [(scales.short_price(price), scales.short_quantity(quantity)) for price, quantity in levels[:levels_max]]

    return MarketState(
        symbol=symbol,
        state=engine.book_state(symbol).value,
        update_id=update_id,
        last_price=None if last is None else scales.short_price(last),
        mark_price=None if mark is None else scales.short_price(mark),
        bids=shown(bids[::-1]),
        asks=shown(asks),
    )

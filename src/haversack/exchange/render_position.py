"""Positions as the exchange writes them, in answers, frames and the history. All decimals are without trailing zeros.

Forms: the answer is recorded (2025-06), the frame of a subscription too (2026-01); the history is documented alone.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from haversack.exchange.engine.event import PositionChanged
from haversack.exchange.engine.perpetual.contract import Contract
from haversack.exchange.engine.perpetual.decimal96 import over, times
from haversack.exchange.engine.perpetual.margin import est_liquidation_price, fraction
from haversack.exchange.engine.perpetual.position import Position, break_even_price, entry_price, pnl_unrealized
from haversack.exchange.engine.reading import OpenPosition
from haversack.exchange.render import naive_iso
from haversack.exchange.views.rows import PositionRow
from haversack.units import compact, stripped
from haversack.wire import positions
from haversack.wire.events import PositionEvent, PositionUpdate
from haversack.wire.positions import PastPosition, PositionState

LEVERAGE_SCALE = 8
MAIN_SUBACCOUNT = 0
"""Every account here is one without subaccounts. Which number that is at the real exchange is a guess."""
_ZERO = Decimal(0)


class _Worth(NamedTuple):
    """What a position is at a mark price."""

    mark: Decimal
    exposed: Decimal
    notional: Decimal
    imf: Decimal
    mmf: Decimal
    pnl: Decimal


def position_answer(held: OpenPosition, *, account: int, net_equity: Decimal) -> positions.Position:
    """An open position as REST answers it. The price of its liquidation counts all that the account is worth."""
    position, exposure = held.position, held.exposure
    contract = exposure.contract
    worth = _worth(position, exposure.mark, exposure.exposed, contract)
    return positions.Position(
        break_even_price=stripped(break_even_price(position, contract)),
        cumulative_funding_payment=contract.amount(position.funding),
        cumulative_interest=_ZERO,
        entry_price=stripped(entry_price(position, contract)),
        est_liquidation_price=stripped(est_liquidation_price(net_equity, exposure)),
        imf=worth.imf,
        imf_function=contract.imf_function,
        mark_price=worth.mark,
        mmf=worth.mmf,
        mmf_function=contract.mmf_function,
        net_cost=contract.amount(position.net_cost),
        net_exposure_notional=worth.notional,
        net_exposure_quantity=worth.exposed,
        net_quantity=contract.quantity(position.quantity),
        pnl_realized=contract.amount(position.pnl_realized),
        pnl_unrealized=worth.pnl,
        position_id=str(position.position_id),
        subaccount_id=MAIN_SUBACCOUNT,
        symbol=held.symbol,
        user_id=account,
    )


def position_update(
    event: PositionChanged, *, engine_us: int, emit_us: int, contract: Contract, price_scale: int
) -> PositionUpdate:
    """What the stream says of a change."""
    worth = _worth(event.position, compact(event.mark, price_scale), event.exposed, contract)
    return _update(event.symbol, event.position, worth, contract, told=(_kind(event), engine_us, emit_us))


def position_snapshot(held: OpenPosition, *, engine_us: int, emit_us: int) -> PositionUpdate:
    """What a subscription brings first: the same without saying what happened."""
    contract = held.exposure.contract
    worth = _worth(held.position, held.exposure.mark, held.exposure.exposed, contract)
    return _update(held.symbol, held.position, worth, contract, told=(None, engine_us, emit_us))


def past_position(row: PositionRow, *, contract: Contract, price_scale: int) -> PastPosition:
    """A row of the history: what a position was when it last changed."""
    position, is_open = row.position, bool(row.position.quantity)
    worth = _worth(position, compact(row.mark, price_scale), row.exposed if is_open else 0, contract)
    closed = (
        over(contract.amount(position.closed_quote), contract.quantity(position.closed_quantity))
        if position.closed_quantity
        else None
    )
    return PastPosition(
        account_leverage=compact(row.leverage_e8, LEVERAGE_SCALE),
        closed_iso=None if is_open else naive_iso(row.since_us),
        closed_volume=contract.quantity(position.closed_quantity),
        closing_price=None if closed is None else stripped(closed),
        entry_price=stripped(entry_price(position, contract)),
        fees=contract.amount(position.fees),
        funding_quantity=contract.amount(position.funding),
        position_id=str(position.position_id),
        imf=worth.imf,
        interest=_ZERO,
        liquidated=_ZERO,
        liquidation_fees=contract.amount(position.liquidation_fees),
        mark_price=worth.mark,
        net_cost=contract.amount(position.net_cost),
        net_exposure_notional=worth.notional,
        net_exposure_quantity=worth.exposed,
        net_quantity=contract.quantity(position.quantity),
        opened_iso=naive_iso(position.opened_us),
        pnl_realized=contract.amount(position.pnl_realized),
        pnl_unrealized=worth.pnl,
        state=PositionState.OPEN if is_open else PositionState.CLOSED,
        symbol=row.symbol,
    )


def _update(
    symbol: str, position: Position, worth: _Worth, contract: Contract, *, told: tuple[PositionEvent | None, int, int]
) -> PositionUpdate:
    kind, engine_us, emit_us = told
    return PositionUpdate(
        event=kind,
        entry_price=stripped(entry_price(position, contract)),
        event_us=emit_us,
        mark_price=worth.mark,
        pnl_unrealized=worth.pnl,
        net_exposure_quantity=worth.exposed,
        engine_us=engine_us,
        # A position that was closed has no quantity to divide by. What the exchange sends then was never seen: a guess.
        break_even_price=stripped(break_even_price(position, contract)) if position.quantity else _ZERO,
        imf=worth.imf,
        position_id=position.position_id,
        est_liquidation_price=_ZERO,
        mmf=worth.mmf,
        net_exposure_notional=worth.notional,
        pnl_realized=contract.amount(position.pnl_realized),
        net_quantity=contract.quantity(position.quantity),
        symbol=symbol,
    )


def _worth(position: Position, mark: Decimal, exposed: int, contract: Contract) -> _Worth:
    quantity = contract.quantity(exposed)
    notional = times(quantity, mark)
    return _Worth(
        mark=mark,
        exposed=quantity,
        notional=stripped(notional),
        imf=stripped(fraction(contract.imf_function, notional)),
        mmf=stripped(fraction(contract.mmf_function, notional)),
        pnl=stripped(pnl_unrealized(position, mark, contract)),
    )


def _kind(event: PositionChanged) -> PositionEvent:
    if not event.position.quantity:
        return PositionEvent.CLOSED
    return PositionEvent.ADJUSTED if event.before else PositionEvent.OPENED

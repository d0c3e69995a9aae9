"""A position in a perpetual, and what a fill makes of it.

Quantities, costs and profits are integers, so that nothing is ever lost: of a position that was closed, realized profit is
exactly what its fills brought. The entry price is kept as the cost and the quantity whose quotient it is.

Sources: entry, net cost, realized profit and break-even of long positions are recorded (2025-06, 4 of 4 rows; 2026-01, 1 of 1).
Short positions are their mirror image (inferred).
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from haversack.exchange.engine.perpetual.contract import AMOUNT_DECIMALS, Contract
from haversack.exchange.engine.perpetual.decimal96 import cut, minus, over, times
from haversack.exchange.engine.perpetual.settlement import Settlement
from haversack.wire.settlements import SettlementSource


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One fill of an order, as its account sees it."""

    quantity: int
    """Positive if bought, negative if sold."""
    quote: int
    """Price times quantity, always positive."""
    fee: int = 0
    liquidation_fee: int = 0
    """Beside the trading fee, where the exchange itself sent the order."""


class Position(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an account has open in one perpetual; one that was closed has no quantity left. All numbers are whole units."""

    position_id: int
    quantity: int
    """Positive is long, negative is short."""
    net_cost: int
    """What all its fills paid, less what they received. Not entry times quantity after a reduction (recorded)."""
    entry_quote: int
    """What the quantity cost that was there when it was last enlarged, always positive."""
    entry_quantity: int
    """That quantity, always positive; a reduction leaves both, and so the entry price (recorded)."""
    pnl_realized: int = 0
    """Profit of the part that was closed, before fees (recorded)."""
    fees: int = 0
    liquidation_fees: int = 0
    funding: int = 0
    """All funding payments; negative if more was paid than received. The sign on the wire is undocumented: a guess."""
    closed_quantity: int = 0
    """How much was ever closed, always positive."""
    closed_quote: int = 0
    """What closed it, always positive; divided by `closed_quantity` it is the closing price."""
    opened_us: int = 0

    @property
    def basis(self) -> int:
        """What the open part cost: entry price times quantity, in whole units of the ledger; negative if it is short."""
        return self.net_cost + self.pnl_realized


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a fill did."""

    position: Position | None
    """That is open now."""
    closed: Position | None = None
    """That has no quantity left: tell it before the one that is open."""
    settlements: tuple[Settlement, ...] = ()
    """To be added to the account's unsettled amount."""


def change(position: Position | None, fill: Fill, *, new_id: int, now_us: int = 0) -> Change:
    """The position after a fill; `new_id` is used if the fill opens one.

    A fill that is larger than what it closes closes first and then opens under the new id (guess: the reference's default). Its
    fees are shared between both by quantity, the closing part rounded down (guess).
    """
    assert fill.quantity, "a fill without quantity"
    assert fill.quote >= 0, f"a fill of {fill.quote}"
    if position is None:
        return _opened(fill, new_id, now_us)
    if (position.quantity > 0) == (fill.quantity > 0):
        return _enlarged(position, fill)
    if abs(fill.quantity) <= abs(position.quantity):
        return _reduced(position, fill)
    closing = part(fill, -position.quantity)
    opening = Fill(
        quantity=fill.quantity - closing.quantity,
        quote=fill.quote - closing.quote,
        fee=fill.fee - closing.fee,
        liquidation_fee=fill.liquidation_fee - closing.liquidation_fee,
    )
    first, second = _reduced(position, closing), _opened(opening, new_id, now_us)
    return Change(position=second.position, closed=first.closed, settlements=first.settlements + second.settlements)


def part(fill: Fill, quantity: int) -> Fill:
    """So much of a fill. Its price is exact, because price times quantity units are whole amounts; fees round down."""
    whole = abs(fill.quantity)
    count = abs(quantity)
    assert fill.quote * count % whole == 0, f"{fill.quote} for {whole} is not a price"
    return Fill(
        quantity=quantity,
        quote=fill.quote * count // whole,
        fee=fill.fee * count // whole,
        liquidation_fee=fill.liquidation_fee * count // whole,
    )


def with_funding(position: Position, amount: int) -> Change:
    """The position after a funding payment."""
    after = msgspec.structs.replace(position, funding=position.funding + amount)
    paid = Settlement(SettlementSource.FUNDING_PAYMENT, amount, position.position_id)
    return Change(position=after, settlements=(paid,) if amount else ())


def entry_price(position: Position, contract: Contract) -> Decimal:
    """Mean price of the fills that opened and enlarged it (recorded). That it is rounded once is inferred."""
    return over(contract.amount(position.entry_quote), contract.quantity(position.entry_quantity))


def pnl_unrealized(position: Position, mark: Decimal, contract: Contract) -> Decimal:
    """Profit if it were closed at the mark price, cut off after six decimals (recorded 2025-06, 4 of 4 rows)."""
    quantity = contract.quantity(position.quantity)
    return cut(minus(times(quantity, mark), times(quantity, entry_price(position, contract))), AMOUNT_DECIMALS)


def break_even_price(position: Position, contract: Contract) -> Decimal:
    """Where closing it would make up for fees (recorded 2025-06, 4 of 4 rows) and funding (inferred: none was recorded)."""
    spent = position.net_cost + position.fees + position.liquidation_fees - position.funding
    return over(contract.amount(spent), contract.quantity(position.quantity))


def _opened(fill: Fill, position_id: int, now_us: int) -> Change:
    opened = Position(
        position_id=position_id,
        quantity=fill.quantity,
        net_cost=fill.quote if fill.quantity > 0 else -fill.quote,
        entry_quote=fill.quote,
        entry_quantity=abs(fill.quantity),
        fees=fill.fee,
        liquidation_fees=fill.liquidation_fee,
        opened_us=now_us,
    )
    return Change(position=opened, settlements=_settlements(fill, 0, position_id))


def _enlarged(position: Position, fill: Fill) -> Change:
    quantity = position.quantity + fill.quantity
    after = Position(
        position_id=position.position_id,
        quantity=quantity,
        net_cost=position.net_cost + (fill.quote if fill.quantity > 0 else -fill.quote),
        entry_quote=abs(position.basis) + fill.quote,
        entry_quantity=abs(quantity),
        pnl_realized=position.pnl_realized,
        fees=position.fees + fill.fee,
        liquidation_fees=position.liquidation_fees + fill.liquidation_fee,
        funding=position.funding,
        closed_quantity=position.closed_quantity,
        closed_quote=position.closed_quote,
        opened_us=position.opened_us,
    )
    return Change(position=after, settlements=_settlements(fill, 0, position.position_id))


def _reduced(position: Position, fill: Fill) -> Change:
    quantity = position.quantity + fill.quantity
    net_cost = position.net_cost + (fill.quote if fill.quantity > 0 else -fill.quote)
    # What is left is worth its entry price. All else that the fills cost or brought is realized, so that no rounding adds up.
    pnl_realized = _to_even(position.entry_quote * quantity, position.entry_quantity) - net_cost
    after = Position(
        position_id=position.position_id,
        quantity=quantity,
        net_cost=net_cost,
        entry_quote=position.entry_quote,
        entry_quantity=position.entry_quantity,
        pnl_realized=pnl_realized,
        fees=position.fees + fill.fee,
        liquidation_fees=position.liquidation_fees + fill.liquidation_fee,
        funding=position.funding,
        closed_quantity=position.closed_quantity + abs(fill.quantity),
        closed_quote=position.closed_quote + fill.quote,
        opened_us=position.opened_us,
    )
    settlements = _settlements(fill, pnl_realized - position.pnl_realized, position.position_id)
    if quantity:
        return Change(position=after, settlements=settlements)
    return Change(position=None, closed=after, settlements=settlements)


def _to_even(numerator: int, denominator: int) -> int:
    """A quotient, rounded half to even."""
    whole, rest = divmod(numerator, denominator)
    return whole + (2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1))


def _settlements(fill: Fill, realized: int, position_id: int) -> tuple[Settlement, ...]:
    # That a liquidation's fee is TradingFeesSystem is inferred from the name.
    found: list[Settlement] = []
    if realized:
        found.append(Settlement(SettlementSource.REALIZE_PNL, realized, position_id))
    if fill.fee:
        found.append(Settlement(SettlementSource.TRADING_FEES, -fill.fee, position_id))
    if fill.liquidation_fee:
        found.append(Settlement(SettlementSource.TRADING_FEES_SYSTEM, -fill.liquidation_fee, position_id))
    return tuple(found)

"""What becomes of an account whose margin is used up: decisions only, as a list of steps that the engine carries out.

Documented (liquidation): it begins when the margin fraction falls to the account's maintenance fraction; all orders are
cancelled; then each loop sends reduce-only IOC orders for a tenth of each position, at one percent fee on each fill; below the
auto-close fraction positions go to backstop providers; what these cannot take is taken from the other side (`deleveraging`).
Guesses, each a default of the reference or the plainest reading: divisor and offset of the auto-close fraction; providers take in
their order, at the mark price, as far as their capacity goes; the largest maintenance margin is reduced first; a debt that is
left when no position is goes to the exchange. A random throttle that one unofficial text tells of is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias

import msgspec

from haversack.exchange.engine.perpetual.decimal96 import minus, over
from haversack.exchange.engine.perpetual.deleveraging import Deleverage, Opponent, deleveraged
from haversack.wire.enums import Side

REDUCED_PARTS = 10
"""A step on the book reduces a position by one of so many parts."""
FEE_CBPS = 10_000
"""Of each fill on the book: one percent."""
AUTO_CLOSE_DIVISOR = Decimal(2)
AUTO_CLOSE_OFFSET = Decimal("0.01")
INTERVAL_US = 1_000_000
"""Between two looks at the same account (guess: the reference's default)."""


class CancelOrders(msgspec.Struct, frozen=True):
    """Cancel all that the account has open, and mark it as liquidating."""


class ReduceOnBook(msgspec.Struct, frozen=True):
    """Send a reduce-only IOC order for the account."""

    symbol: str
    side: Side
    quantity: int


class HandOver(msgspec.Struct, frozen=True):
    """Move a part of a position to a backstop provider at the mark price, beside the book."""

    symbol: str
    side: Side
    """Of the account, not of the provider."""
    quantity: int
    provider: int


class TakeDebt(msgspec.Struct, frozen=True):
    """Move a debt that nothing is left to pay for to the exchange."""


class PayDebts(msgspec.Struct, frozen=True):
    """Repay what the account borrowed with what it has, or with what that can be traded for."""

    is_last: bool
    """The book is no longer tried."""
    is_alone: bool
    """Nothing else is left to close, so that debts which nothing can pay for end."""


Step: TypeAlias = CancelOrders | ReduceOnBook | HandOver | Deleverage | PayDebts | TakeDebt


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """A position of the account that is looked at."""

    symbol: str
    quantity: int
    """Negative is short, never zero."""
    step: int
    """Quantity increment."""
    maintenance: Decimal
    """Maintenance margin that it takes."""
    provider_room: Mapping[int, int] = {}
    """How much of it each backstop provider would take, by account, in the order in which they are asked."""
    opponents: Sequence[Opponent] = ()
    """Positions of all others in this market."""


class Danger(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it stands before a step."""

    margin_fraction: Decimal | None
    """None without exposure."""
    mmf: Decimal
    net_equity: Decimal
    has_orders: bool
    positions: Sequence[Open]
    has_debts: bool = False
    """Whether it borrowed anything."""


def is_liquidatable(danger: Danger) -> bool:
    """Whether the margin fraction has fallen to what must be maintained, or nothing is left but a debt."""
    if danger.margin_fraction is None:
        return danger.net_equity < 0
    return danger.margin_fraction <= danger.mmf


def auto_close_fraction(mmf: Decimal) -> Decimal:
    """Below this margin fraction the book is no longer tried."""
    return max(over(mmf, AUTO_CLOSE_DIVISOR), minus(mmf, AUTO_CLOSE_OFFSET))


def steps(danger: Danger) -> list[Step]:
    """What to do now; nothing for an account that has margin enough. Ask again after each round, with what came of it.

    A round that cancels does nothing else, because the account may be well without its orders (guess).
    """
    if not is_liquidatable(danger):
        return []
    if danger.has_orders:
        return [CancelOrders()]
    is_last = danger.margin_fraction is None or danger.margin_fraction < auto_close_fraction(danger.mmf)
    debts: list[Step] = [PayDebts(is_last=is_last, is_alone=not danger.positions)] if danger.has_debts else []
    if not danger.positions:
        return debts or [TakeDebt()]
    worst_first = sorted(danger.positions, key=lambda each: (-each.maintenance, each.symbol))
    if is_last:
        return [*(step for position in worst_first for step in _closed(position)), *debts]
    reduced = [ReduceOnBook(each.symbol, _away(each), reduction(abs(each.quantity), each.step)) for each in worst_first]
    return [*reduced, *debts]


def reduction(quantity: int, step: int) -> int:
    """A tenth of the position, rounded up to a step, so that a small position ends too (guess)."""
    tenth = -(-quantity // REDUCED_PARTS)
    return min(quantity, -(-tenth // step) * step)


def _closed(position: Open) -> Iterator[HandOver | Deleverage]:
    side, left = _away(position), abs(position.quantity)
    for provider, room in position.provider_room.items():
        taken = min(left, room)
        if taken > 0:
            yield HandOver(position.symbol, side, taken, provider)
            left -= taken
    yield from deleveraged(position.symbol, side, left, position.opponents)


def _away(position: Open) -> Side:
    return Side.ASK if position.quantity > 0 else Side.BID

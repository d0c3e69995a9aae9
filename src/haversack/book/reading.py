"""What can be asked of a book, whether it still changes or not. All of it is exact; only an average price may be rounded."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Context, Decimal
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from haversack.book.ladder import TicksAndSteps
from haversack.book.units import Scale
from haversack.errors import UsageError
from haversack.units import decimals_of, to_decimal
from haversack.wire.enums import Side

if TYPE_CHECKING:
    from haversack.wire.inputs import Number, SideLike

_QUOTIENT = Context(prec=28, rounding=ROUND_HALF_EVEN)
_WIDE = Context(prec=256)
_QUOTE_DECIMALS = 12


class BookLevel(NamedTuple):
    """One price of a book."""

    price: Decimal
    quantity: Decimal
    """In the base asset."""


class CumulativeLevel(NamedTuple):
    """One price of a book, with what rests from the best price to this one."""

    price: Decimal
    quantity: Decimal
    """In the base asset."""
    quote_quantity: Decimal
    """What all of it costs, in the quote asset."""


class Sweep(NamedTuple):
    """What an order would take that were carried out at once, before fees."""

    quantity: Decimal
    """In the base asset."""
    quote_quantity: Decimal
    worst_price: Decimal | None
    """The price of the last level that it takes from; None if it takes nothing."""
    is_complete: bool
    """Whether the book holds as much as was asked for."""

    @property
    def average_price(self) -> Decimal | None:
        """Price for one of the base asset, rounded to 28 digits; None if nothing is taken."""
        return _QUOTIENT.divide(self.quote_quantity, self.quantity) if self.quantity else None


class Reading:
    """A book that can be read: its levels in integer units, best first, and everything that follows from them."""

    __slots__ = ()

    scale: Scale
    update_id: int
    engine_us: int

    def ladder(self, side: Side) -> Iterator[TicksAndSteps]:
        """The levels of one side in units, the best first."""
        raise NotImplementedError

    @property
    def best_bid(self) -> BookLevel | None:
        """The highest bid; None while nobody bids."""
        return self._best(Side.BID)

    @property
    def best_ask(self) -> BookLevel | None:
        """The lowest ask; None while nobody asks."""
        return self._best(Side.ASK)

    def _best(self, side: Side) -> BookLevel | None:
        level = next(self.ladder(side), None)
        return None if level is None else self._level(*level)

    @property
    def mid(self) -> Decimal | None:
        """Half way between best bid and best ask, exactly; None while a side is empty."""
        bid, ask = next(self.ladder(Side.BID), None), next(self.ladder(Side.ASK), None)
        if bid is None or ask is None:
            return None
        # Half a tick takes one decimal more.
        both = bid[0] + ask[0]
        return self.scale.price_of(both // 2) if both % 2 == 0 else Scale(self.scale.price + 1, 0).price_of(both * 5)

    @property
    def spread(self) -> Decimal | None:
        """Best ask less best bid; None while a side is empty."""
        bid, ask = next(self.ladder(Side.BID), None), next(self.ladder(Side.ASK), None)
        return None if bid is None or ask is None else self.scale.price_of(ask[0] - bid[0])

    def levels(self, side: SideLike, n: int | None = None) -> list[BookLevel]:
        """The best `n` levels of a side of the book, or all of them; the best first."""
        return [self._level(*level) for level in islice(self.ladder(checked_side(side)), checked_count(n))]

    def cumulative(self, side: SideLike, n: int | None = None) -> list[CumulativeLevel]:
        """The best `n` levels of a side of the book, or all, each with the sum of all from the best to it."""
        rows: list[CumulativeLevel] = []
        steps_sum = quote_sum = 0
        for ticks, steps in islice(self.ladder(checked_side(side)), checked_count(n)):
            steps_sum += steps
            quote_sum += ticks * steps
            sums = self.scale.quantity_of(steps_sum), self.scale.quote_of(quote_sum)
            rows.append(CumulativeLevel(self.scale.price_of(ticks), *sums))
        return rows

    def sweep(self, side: SideLike, *, quantity: Number | None = None, quote_quantity: Number | None = None) -> Sweep:
        """What an order of this side would take: a Bid takes from the asks. Say how much of the base or of the quote asset.

        What an amount of the quote asset buys of the last level is rounded down at 12 decimals.
        """
        if (quantity is None) == (quote_quantity is None):
            raise UsageError("say either quantity or quote_quantity")
        is_bid = checked_side(side) is Side.BID
        if quantity is not None:
            wanted = _above_zero(quantity, "quantity")
            scale = self.scale._replace(quantity=max(self.scale.quantity, decimals_of(wanted)))
            left = _units_below(wanted, scale.quantity)
        else:
            assert quote_quantity is not None
            wanted = _above_zero(quote_quantity, "quote_quantity")
            scale = self.scale._replace(quantity=max(self.scale.quantity, _QUOTE_DECIMALS))
            left = _units_below(wanted, scale.price + scale.quantity)
        factor = 10 ** (scale.quantity - self.scale.quantity)
        levels = ((ticks, steps * factor) for ticks, steps in self.ladder(Side.ASK if is_bid else Side.BID))
        return _swept(levels, left, scale, by_quote=quantity is None)

    def quantity_to(self, side: SideLike, price: Number) -> Decimal:
        """What an order of this side with this limit price would take at once, in the base asset: a Bid takes from the asks."""
        is_bid = checked_side(side) is Side.BID
        limit = to_decimal(price, "price")
        total = 0
        for ticks, steps in self.ladder(Side.ASK if is_bid else Side.BID):
            at = self.scale.price_of(ticks)
            if at > limit if is_bid else at < limit:
                break
            total += steps
        return self.scale.quantity_of(total)

    def imbalance(self, n: int = 1) -> Decimal | None:
        """How much more is bid than asked in the best `n` levels of either side: 1 if nobody asks, -1 if nobody bids.

        None while both are empty. Rounded to 28 digits.
        """
        bids, asks = (sum(steps for _, steps in islice(self.ladder(side), checked_count(n))) for side in (Side.BID, Side.ASK))
        return _QUOTIENT.divide(Decimal(bids - asks), Decimal(bids + asks)) if bids + asks else None

    def _level(self, ticks: int, steps: int) -> BookLevel:
        return BookLevel(self.scale.price_of(ticks), self.scale.quantity_of(steps))


def _swept(levels: Iterator[TicksAndSteps], left: int, scale: Scale, *, by_quote: bool) -> Sweep:
    """Take from the levels until nothing is left, which is in units of the quantity, or of the quote asset."""
    steps_sum = quote_sum = worst = 0
    is_complete = False
    for ticks, steps in levels:
        cost = ticks if by_quote else 1
        taken = min(steps, left // cost)
        left -= taken * cost
        steps_sum += taken
        quote_sum += taken * ticks
        worst = ticks if taken else worst
        if taken < steps or not left:
            is_complete = True
            break
    worst_price = scale.price_of(worst) if steps_sum else None
    return Sweep(scale.quantity_of(steps_sum), scale.quote_of(quote_sum), worst_price, is_complete)


def _above_zero(number: Number, what: str) -> Decimal:
    value = to_decimal(number, what)
    if value <= 0:
        raise UsageError(f"{what} must be more than 0, found {number}")
    return value


def _units_below(number: Decimal, decimals: int) -> int:
    """How many whole units of `10**-decimals` fit in."""
    return int(number.scaleb(decimals, _WIDE))


def checked_side(side: SideLike) -> Side:
    """Bid or Ask, and nothing else."""
    if side not in (Side.BID, Side.ASK):
        raise UsageError(f"side must be Bid or Ask, found {side!r}")
    return Side(side)


def checked_count(n: int | None) -> int | None:
    """A number of levels; None for all."""
    if n is not None and (type(n) is not int or n < 1):
        raise UsageError(f"n must be a whole number of levels, at least 1, found {n!r}")
    return n

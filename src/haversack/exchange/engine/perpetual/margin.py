"""What the positions and open orders of one account take of what it is worth.

Every figure is computed from marks of one moment, in the exchange's decimal arithmetic, each step rounded.

Sources: the fraction of a position, net equity, liabilities, both fractions of a flat account, and the estimated liquidation
price are recorded (2025-06). Exposure with orders and the account's fractions are documented (futures specifications,
liquidation); how far the leverage limit reaches into what is locked is inferred from recorded largest orders.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from haversack.exchange.engine.perpetual.contract import Contract
from haversack.exchange.engine.perpetual.decimal96 import minus, over, plus, root, times
from haversack.wire.assets import CollateralParameters
from haversack.wire.markets import MarginFunction

_ZERO, _ONE = Decimal(0), Decimal(1)
_FLAT_MMF_STEPS = Decimal("0.0001"), Decimal("0.001")


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """What an account has and may get in one perpetual."""

    contract: Contract
    mark: Decimal
    quantity: int = 0
    """Of the position; negative is short."""
    pnl_unrealized: Decimal = _ZERO
    bids: int = 0
    """Quantity that open bids have left, those that only reduce left out."""
    asks: int = 0
    bid_cost: Decimal = _ZERO
    """What those bids could lose in a prediction market; of no meaning elsewhere, like `ask_cost`."""
    ask_cost: Decimal = _ZERO

    @property
    def exposed(self) -> int:
        """The position together with all orders of the side that makes more of it: the worse of both sides (documented).

        Never negative: its sign for a short position was never seen.
        """
        return max(abs(self.quantity + self.bids), abs(self.quantity - self.asks))

    @property
    def notional(self) -> Decimal:
        """The exposed quantity at the mark price (recorded); in a prediction market, what could be lost of it."""
        if self.contract.is_prediction:
            return self._at_stake(self.bid_cost, self.ask_cost)
        return times(self.contract.quantity(self.exposed), self.mark)

    @property
    def position_notional(self) -> Decimal:
        """The same of the position alone."""
        if self.contract.is_prediction:
            return self._at_stake(_ZERO, _ZERO)
        return times(self.contract.quantity(abs(self.quantity)), self.mark)

    def _at_stake(self, bid_cost: Decimal, ask_cost: Decimal) -> Decimal:
        """The worse of both ends: at 0 with all bids traded, and at 1 with all asks."""
        quantity = self.contract.quantity(self.quantity)
        worth = times(quantity, self.mark)
        return max(plus(worth, bid_cost), plus(minus(worth, quantity), ask_cost))


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """What an account owes of one asset. It is exposure, as a position in a perpetual is (documented)."""

    asset: str
    parameters: CollateralParameters
    mark: Decimal
    quantity: Decimal

    @property
    def notional(self) -> Decimal:
        """Its worth: liability and exposure."""
        return times(self.quantity, self.mark)

    @property
    def locked(self) -> Decimal:
        """Initial margin that it takes."""
        return times(fraction(self.parameters.imf_function, self.notional), self.notional)

    @property
    def maintenance(self) -> Decimal:
        """Margin that it takes to be maintained."""
        return times(fraction(self.parameters.mmf_function, self.notional), self.notional)


class Holdings(msgspec.Struct, frozen=True, kw_only=True):
    """What an account is worth without its positions."""

    assets_value: Decimal
    """Collateral value of all assets, after haircuts."""
    unsettled_equity: Decimal = _ZERO
    borrow_liability: Decimal = _ZERO
    """Worth of all that is owed, without any haircut (guess)."""
    leverage_limit: Decimal = _ONE
    flat_mmf: Decimal = _ZERO
    """What `flat_mmf` gives for the listed perpetuals."""
    owed: Sequence[Owed] = ()

    @property
    def locked_for_debts(self) -> Decimal:
        """Initial margin that debts take."""
        return _sum(each.locked for each in self.owed) if self.owed else _ZERO


class AccountMargin(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of the answer about collateral, as there (docs: MarginAccountSummary)."""

    assets_value: Decimal
    borrow_liability: Decimal
    imf: Decimal
    liabilities_value: Decimal
    margin_fraction: Decimal | None
    mmf: Decimal
    net_equity: Decimal
    net_equity_available: Decimal
    net_equity_locked: Decimal
    net_exposure_futures: Decimal
    pnl_unrealized: Decimal
    unsettled_equity: Decimal


def fraction(function: MarginFunction, notional: Decimal) -> Decimal:
    """The margin fraction of a position of this size (documented; recorded where the base is the larger)."""
    return max(function.base, times(function.factor, root(notional)))


def account_margin(holdings: Holdings, exposures: Sequence[Exposure]) -> AccountMargin:
    """All figures of an account.

    Net equity is recorded. That the maintenance fraction counts positions without orders, so that an order cannot make an
    account liquidatable, is documented.
    """
    unsettled = holdings.unsettled_equity
    pnl_unrealized = _sum(each.pnl_unrealized for each in exposures)
    futures = _sum(each.notional for each in exposures)
    liability, owed = holdings.borrow_liability, holdings.owed
    total = plus(futures, liability) if owed else futures
    stake = _sum(each.notional for each in exposures if each.contract.is_prediction)
    net_equity = plus(plus(minus(holdings.assets_value, liability), pnl_unrealized), unsettled)
    locked = _locked((each.contract.imf_function, each.notional) for each in exposures)
    if owed:
        locked = plus(locked, holdings.locked_for_debts)
    limit = over(_ONE, holdings.leverage_limit)
    if total:
        # The fraction that is locked of each exposure, but never less than the account's leverage limit demands.
        imf = max(limit, over(locked, total))
        locked = required(total, locked, stake, holdings.leverage_limit)
        maintained = _sum(maintenance(each) for each in exposures)
        if owed:
            maintained = plus(maintained, _sum(each.maintenance for each in owed))
        mmf = over(maintained, total)
    else:
        imf, mmf = limit, holdings.flat_mmf
    return AccountMargin(
        assets_value=holdings.assets_value,
        borrow_liability=liability,
        imf=imf,
        liabilities_value=minus(liability, min(unsettled, _ZERO)),
        margin_fraction=over(net_equity, total) if total else None,
        mmf=mmf,
        net_equity=net_equity,
        net_equity_available=minus(net_equity, locked),
        net_equity_locked=locked,
        net_exposure_futures=futures,
        pnl_unrealized=pnl_unrealized,
        unsettled_equity=unsettled,
    )


def liability(owed: Iterable[Owed]) -> Decimal:
    """Worth of all that is owed."""
    return _sum(each.notional for each in owed)


def required(total: Decimal, locked: Decimal, stake: Decimal, leverage_limit: Decimal) -> Decimal:
    """Margin for an exposure of which its functions lock so much. What is at stake in prediction markets is not levered."""
    return plus(max(over(minus(total, stake), leverage_limit), minus(locked, stake)), stake)


def maintenance(exposure: Exposure) -> Decimal:
    """The margin that the position takes to be maintained, its orders left out (documented)."""
    notional = exposure.position_notional
    return times(fraction(exposure.contract.mmf_function, notional), notional)


def flat_mmf(functions: Iterable[MarginFunction]) -> Decimal:
    """The maintenance fraction of an account without exposure: the smallest base, with four decimals.

    Recorded are 0.0125 in 2025-06, when BTC's base was that, and 0.007 in 2026-09, when it was 0.00666667: the rule is inferred,
    and no single number of decimals gives both, so that a base of four decimals is kept and any other gets three.
    """
    least = min((function.base for function in functions), default=_ZERO)
    fine, coarse = (least.quantize(step, rounding=ROUND_HALF_UP) for step in _FLAT_MMF_STEPS)
    return fine if fine == least else coarse


def est_liquidation_price(net_equity: Decimal, exposure: Exposure) -> Decimal:
    """The mark price at which this position alone would have the account liquidated; 0 if no price is low enough.

    Recorded 2025-06: all 4 rows of an account whose equity is known, to the last digit, which fixes the order of the steps.
    They are of long positions; one more row, of an account that is worth more than its position, is clamped to 0.
    """
    if exposure.contract.is_prediction:
        return _ZERO
    notional, mark = exposure.notional, exposure.mark
    spare = minus(over(net_equity, notional), fraction(exposure.contract.mmf_function, notional))
    distance = over(times(spare, notional), exposure.contract.quantity(exposure.quantity))
    return max(_ZERO, minus(mark, distance))


def est_debt_price(net_equity: Decimal, owed: Owed) -> Decimal:
    """The price of an owed asset at which that debt alone would have the account liquidated; 0 if it is so already (guess)."""
    notional = owed.notional
    if not notional:
        return _ZERO
    spare = minus(over(net_equity, notional), fraction(owed.parameters.mmf_function, notional))
    return max(_ZERO, plus(owed.mark, over(times(spare, notional), owed.quantity)))


def _locked(parts: Iterable[tuple[MarginFunction, Decimal]]) -> Decimal:
    return _sum(times(fraction(function, notional), notional) for function, notional in parts)


def _sum(numbers: Iterable[Decimal]) -> Decimal:
    total = _ZERO
    for number in numbers:
        total = plus(total, number)
    return total

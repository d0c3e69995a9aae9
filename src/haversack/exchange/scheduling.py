"""From a strategy as it was sent to a command for the engine. What is checked, in which order, and all texts are guesses.

Each slice must keep to the filters that an order keeps to; texts are those of orders where there is one.
"""

from __future__ import annotations

from decimal import Decimal

from haversack.exchange.engine.backing import Backing, backing_of
from haversack.exchange.engine.command import SLIPPAGE_SCALE
from haversack.exchange.engine.rules import MarketRules
from haversack.exchange.engine.strategies import slices
from haversack.exchange.engine.strategies.command import StartStrategy
from haversack.exchange.filters import check_price, check_quantity, check_step, units
from haversack.exchange.listing import Listing
from haversack.exchange.messages import Refused
from haversack.units import padded
from haversack.wire.enums import SelfTradePrevention, Side, SlippageToleranceType, TimeInForce
from haversack.wire.inputs import DurationMs
from haversack.wire.markets import Market
from haversack.wire.strategies import CreateStrategy

INTERVAL_MS_MIN = 1_000
DURATION_MS_MAX = 30 * 86_400_000


def schedule(operation: CreateStrategy, account: int, listing: Listing) -> StartStrategy:
    """The command for a strategy whose slices keep to their market's filters."""
    market, rules = listing.markets[operation.symbol], listing.rules[operation.symbol]
    _check_slippage(operation)
    if operation.quantity is None:
        raise Refused.as_invalid("Scheduled strategies must specify a positive `quantity`")
    duration_ms, interval_ms = _times_ms(operation.duration_ms, operation.interval_ms)
    quantity = Decimal(operation.quantity)
    price = None if operation.price is None else Decimal(operation.price)
    kind, tolerance = operation.slippage_tolerance_type, operation.slippage_tolerance
    asked = StartStrategy(
        account=account,
        symbol=operation.symbol,
        side=Side(operation.side),
        quantity=units(quantity, rules.quantity_scale),
        duration_ms=duration_ms,
        interval_ms=interval_ms,
        price=None if price is None else units(price, rules.price_scale),
        time_in_force=TimeInForce(operation.time_in_force or TimeInForce.GTC),
        post_only=bool(operation.post_only),
        self_trade_prevention=SelfTradePrevention(operation.self_trade_prevention or SelfTradePrevention.REJECT_TAKER),
        client_id=operation.client_strategy_id,
        slippage_kind=None if kind is None else SlippageToleranceType(kind),
        slippage_e8=0 if tolerance is None else units(Decimal(tolerance), SLIPPAGE_SCALE),
        reduce_only=operation.reduce_only,
        is_randomized=operation.randomized_interval_quantity,
        backing=_backing(operation, rules),
    )
    _check_slices(asked, quantity, market, rules)
    if price is not None:
        check_price(price, market)
    return asked


def _backing(operation: CreateStrategy, rules: MarketRules) -> Backing | None:
    """As of orders."""
    if rules.is_perpetual or operation.reduce_only:
        return None
    redeems, borrows, repays = operation.auto_lend_redeem, operation.auto_borrow, operation.auto_borrow_repay
    return backing_of(redeems=redeems, borrows=borrows, repays=repays)


def _check_slippage(operation: CreateStrategy) -> None:
    if (operation.slippage_tolerance is None) != (operation.slippage_tolerance_type is None):
        raise Refused.as_invalid("Must specify both `slippageTolerance` and `slippageToleranceType` or neither")
    if operation.slippage_tolerance is not None and Decimal(operation.slippage_tolerance) < 0:
        raise Refused.as_invalid("Slippage tolerance is below the minimum allowed value")


def _times_ms(duration: DurationMs | None, interval: DurationMs | None) -> tuple[int, int]:
    if duration is None or interval is None:
        raise Refused.as_invalid("Scheduled strategies must specify `duration` and `interval`")
    assert isinstance(duration, int), "an operation holds its times as numbers once it is built"
    assert isinstance(interval, int), "an operation holds its times as numbers once it is built"
    if interval < INTERVAL_MS_MIN:
        raise Refused.as_invalid("Interval is below the minimum allowed value")
    if duration < interval:
        raise Refused.as_invalid("Duration is below the minimum allowed value")
    if duration > DURATION_MS_MAX:
        raise Refused.as_invalid("Duration is above the maximum allowed value")
    return duration, interval


def _check_slices(asked: StartStrategy, quantity: Decimal, market: Market, rules: MarketRules) -> None:
    """Refuse slices that would be too small or too large as orders; all of them may be larger than an order."""
    smallest, largest = slices.sizes(asked, rules.step)
    check_quantity(padded(smallest, rules.quantity_scale), market)
    check_step(quantity, market)
    check_quantity(padded(largest, rules.quantity_scale), market)

"""Pools, and what accounts borrow from them and lend to them.

The codes of refusals are documented. What each is for beyond its name, and all their texts, are guesses.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from haversack.exchange.api.caller import Caller
from haversack.exchange.engine.event import FacilityRefusal
from haversack.exchange.engine.lending.command import BorrowOrLend
from haversack.exchange.engine.lending.event import PoolTold
from haversack.exchange.engine.lending.lending import Lending
from haversack.exchange.engine.lending.loan import Loan
from haversack.exchange.engine.lending.pool import Pool
from haversack.exchange.engine.lending.rates import rate_e28
from haversack.exchange.engine.lending.refusal import LendingRefusal
from haversack.exchange.engine.perpetual.margin import Owed, est_debt_price, fraction
from haversack.exchange.filters import units
from haversack.exchange.messages import Refused
from haversack.exchange.views.lending import LoanHistories, pool_point, pool_points
from haversack.units import compact, from_time_us, stripped
from haversack.wire.account import GetMaxBorrowQuantity, MaxBorrow
from haversack.wire.base import Page
from haversack.wire.borrow_lend import (
    ApyRates,
    BorrowLendApy,
    BorrowLendInterval,
    BorrowLendLiquidationPrice,
    BorrowLendMarket,
    BorrowLendMarketPoint,
    BorrowLendPosition,
    BorrowLendSide,
    ExecuteBorrowLend,
    GetApyRates,
    GetBorrowLendLiquidationPrice,
    GetBorrowLendMarketHistory,
    GetBorrowLendMarkets,
    GetBorrowLendPositions,
)
from haversack.wire.borrow_lend_history import (
    BorrowLendMovement,
    BorrowLendSource,
    GetBorrowLendHistory,
    GetBorrowLendPositionHistory,
    GetInterestHistory,
    InterestPayment,
    PastBorrowLendPosition,
)

_ZERO = Decimal(0)
_PAUSED = "TRADING_PAUSED"
_TEXTS: Mapping[FacilityRefusal, Refused] = {
    LendingRefusal.ACCOUNT_LIQUIDATING: Refused.by_rule("ACCOUNT_LIQUIDATING", "Account is being liquidated"),
    LendingRefusal.CLOSED: Refused.by_rule(_PAUSED, "Borrow lend market is closed"),
    LendingRefusal.REPAY_ONLY: Refused.by_rule(_PAUSED, "Borrow lend market is in repay only mode"),
    # Documented (support): who lends automatically cannot borrow or call back by hand.
    LendingRefusal.AUTO_LEND: Refused.by_rule("PRECONDITION_FAILED", "Auto lend is enabled"),
    LendingRefusal.REDEEM_FIRST: Refused.by_rule("BORROW_REQUIRES_LEND_REDEEM", "Borrow requires lend redeem"),
    LendingRefusal.REPAY_FIRST: Refused.by_rule("LEND_REQUIRES_BORROW_REPAY", "Lend requires borrow repay"),
    LendingRefusal.BORROW_LIMIT: Refused.by_rule("BORROW_LIMIT", "Borrow limit exceeded"),
    LendingRefusal.LEND_LIMIT: Refused.by_rule("LEND_LIMIT", "Lend limit exceeded"),
    LendingRefusal.INSUFFICIENT_SUPPLY: Refused.by_rule("INSUFFICIENT_SUPPLY", "Insufficient supply"),
    LendingRefusal.INSUFFICIENT_FUNDS: Refused.by_rule("INSUFFICIENT_FUNDS", "Insufficient funds"),
    LendingRefusal.INSUFFICIENT_MARGIN: Refused.by_rule("INSUFFICIENT_MARGIN", "Insufficient margin"),
}


def execute(caller: Caller, operation: ExecuteBorrowLend) -> None:
    """Borrow or lend; what is owed already is repaid, and what is lent already is called back."""
    pool = _lending(caller).pools.get(operation.symbol)
    if pool is None:
        raise _invalid_asset()
    quantity = Decimal(operation.quantity)
    if quantity <= 0:
        raise Refused.as_invalid("Quantity is below the minimum allowed value")
    amount = units(quantity, pool.rules.scale)
    if amount % pool.rules.step or compact(amount, pool.rules.scale) != quantity:
        raise Refused.as_invalid("Quantity decimal too long")
    caller.carry_out(BorrowOrLend(caller.account, operation.symbol, BorrowLendSide(operation.side), amount), _TEXTS)


def markets(caller: Caller, _operation: GetBorrowLendMarkets) -> list[BorrowLendMarket]:
    """All pools, in the listing's order."""
    lending = _lending(caller)
    # To the nanosecond, as recorded; the clock here knows microseconds.
    moment = from_time_us(caller.now_us).isoformat(timespec="microseconds").replace("+00:00", "000+00:00")
    return [_market(pool, lending.mark(asset), moment) for asset, pool in lending.pools.items()]


def _market(pool: Pool, mark: Decimal, moment: str) -> BorrowLendMarket:
    rules, scale = pool.rules, pool.rules.scale
    return BorrowLendMarket(
        asset_mark_price=stripped(mark),
        borrow_interest_rate=stripped(pool.borrow_rate),
        borrowed_quantity=compact(pool.total_borrowed, scale),
        fee=stripped(rules.fee),
        lend_interest_rate=stripped(pool.lend_rate),
        lent_quantity=compact(pool.total_lent, scale),
        max_utilization=stripped(rules.max_utilization),
        open_borrow_lend_limit=compact(rules.limit, scale),
        optimal_utilization=stripped(rules.optimal_utilization),
        state=rules.state,
        step_size=compact(rules.step, scale),
        symbol=rules.asset,
        throttle_update_fraction=stripped(rules.throttle_fraction),
        throttle_utilization_bound=stripped(pool.bound),
        throttle_utilization_threshold=stripped(rules.throttle_threshold),
        timestamp_rfc3339=moment,
        utilization=stripped(pool.utilization),
    )


def market_history(caller: Caller, operation: GetBorrowLendMarketHistory) -> list[BorrowLendMarketPoint]:
    """How the pools were, oldest first, one pool after the other (guess)."""
    venue, pools = caller.venue, _lending(caller).pools
    if operation.symbol is not None and operation.symbol not in pools:
        raise _invalid_asset()
    interval = BorrowLendInterval(operation.interval)
    return [
        pool_point(venue.listing, time_us, told)
        for asset, pool in pools.items()
        if operation.symbol in (None, asset)
        for time_us, told in pool_points(venue.archive, asset, interval, _untouched(pool), now_us=caller.now_us)
    ]


def _untouched(pool: Pool) -> PoolTold:
    """The pool as it was before any account had to do with it."""
    rest = Pool(pool.rules)
    rates = rate_e28(rest.borrow_rate), rate_e28(rest.lend_rate)
    return PoolTold(pool.rules.asset, 0, rest.total_lent, rest.total_borrowed, *rates)


def apy(caller: Caller, _operation: GetApyRates) -> ApyRates:
    """Rates of all pools, the same in every tier (guess). Nothing can be staked here."""
    rows = [
        BorrowLendApy(borrow_rate=stripped(pool.borrow_rate), lend_rate=stripped(pool.lend_rate), symbol=asset)
        for asset, pool in _lending(caller).pools.items()
    ]
    return ApyRates(borrow_lend=rows, staking=[])


def positions(caller: Caller, _operation: GetBorrowLendPositions) -> list[BorrowLendPosition]:
    """What the account lends and owes, the oldest first (guess)."""
    loans = _lending(caller).loans(caller.account)
    return [_position(caller, asset, loan) for asset, loan in sorted(loans.items(), key=lambda each: each[1].position_id)]


def _position(caller: Caller, asset: str, loan: Loan) -> BorrowLendPosition:
    """The functions are the collateral's; what is lent has no exposure (documented), and so no price of a liquidation (guess)."""
    engine, quantity_of = caller.venue.engine, caller.venue.listing.quantity_of
    parameters = next(each for each in caller.venue.listing.collateral if each.symbol == asset)
    mark = _lending(caller).mark(asset)
    exposed = quantity_of(asset, min(0, loan.quantity))
    owed = Owed(asset=asset, parameters=parameters, mark=mark, quantity=-exposed)
    price = est_debt_price(engine.margin(caller.account).net_equity, owed) if exposed else _ZERO
    return BorrowLendPosition(
        cumulative_interest=quantity_of(asset, loan.interest),
        est_liquidation_price=stripped(price),
        imf=stripped(fraction(parameters.imf_function, owed.notional)),
        imf_function=parameters.imf_function,
        mark_price=stripped(mark),
        mmf=stripped(fraction(parameters.mmf_function, owed.notional)),
        mmf_function=parameters.mmf_function,
        net_exposure_notional=stripped(owed.notional),
        net_exposure_quantity=exposed,
        net_quantity=quantity_of(asset, loan.quantity),
        position_id=str(loan.position_id),
        symbol=asset,
    )


def liquidation_price(_caller: Caller, _operation: GetBorrowLendLiquidationPrice) -> BorrowLendLiquidationPrice:
    """Nobody is told: it concerns an account and is documented without a signature, and others got 401 (observed 2026)."""
    raise Refused.by_rule("UNAUTHORIZED", "Unauthorized", status=401)


def max_borrow(caller: Caller, operation: GetMaxBorrowQuantity) -> MaxBorrow:
    """The most that the account could borrow now; 0 of what has no pool."""
    asset, lending = operation.symbol, _lending(caller)
    if asset not in caller.venue.listing.assets:
        raise _invalid_asset()
    amount = lending.max_borrow(caller.account, asset, caller.now_us) if asset in lending.pools else 0
    return MaxBorrow(max_borrow_quantity=caller.venue.listing.quantity_of(asset, amount), symbol=asset)


def history(caller: Caller, operation: GetBorrowLendHistory) -> Page[BorrowLendMovement]:
    """Each time that the account borrowed, lent, repaid or called back, newest first."""
    sources = None
    if operation.sources is not None:
        sources = [BorrowLendSource(word) for word in operation.sources.split(",")]
        if not all(source.is_known for source in sources):
            raise Refused.by_rule("INVALID_SOURCE", "Invalid source")
    return _histories(caller).movements(operation, sources)


def interest(caller: Caller, operation: GetInterestHistory) -> Page[InterestPayment]:
    """Interest paid and received, newest first."""
    return _histories(caller).payments(operation)


def position_history(caller: Caller, operation: GetBorrowLendPositionHistory) -> Page[PastBorrowLendPosition]:
    """Loans that are and were, newest first."""
    return _histories(caller).positions(operation)


def _histories(caller: Caller) -> LoanHistories:
    return LoanHistories(caller.venue.archive, caller.venue.listing, caller.account, caller.now_us)


def _lending(caller: Caller) -> Lending:
    return caller.venue.engine.facility(Lending)


def _invalid_asset() -> Refused:
    return Refused.by_rule("INVALID_ASSET", "Invalid asset")


ROUTES = (
    ExecuteBorrowLend.served_by(execute),
    GetBorrowLendMarkets.served_by(markets),
    GetBorrowLendMarketHistory.served_by(market_history),
    GetApyRates.served_by(apy),
    GetBorrowLendPositions.served_by(positions),
    GetBorrowLendLiquidationPrice.served_by(liquidation_price),
    GetMaxBorrowQuantity.served_by(max_borrow),
    GetBorrowLendHistory.served_by(history),
    GetInterestHistory.served_by(interest),
    GetBorrowLendPositionHistory.served_by(position_history),
)

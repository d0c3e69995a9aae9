"""The pools of a listing: what the exchange's other users lend and borrow, and the rules that bound everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from haversack.errors import UsageError
from haversack.exchange.engine.collateral import CASH, CollateralRules
from haversack.exchange.engine.lending.rules import PoolRules
from haversack.exchange.listing_check import check_once
from haversack.units import decimals_of, to_units
from haversack.wire.borrow_lend import BorrowLendState

_ONE = Decimal(1)


class ListedPool(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A pool as GET /api/v1/borrowLend/markets answers it, without what follows from the rest, and one key more."""

    symbol: str
    borrowed_quantity: Decimal
    lent_quantity: Decimal
    fee: Decimal
    max_utilization: Decimal
    open_borrow_lend_limit: Decimal
    optimal_utilization: Decimal
    optimal_rate: Decimal
    """What borrowing costs a year at the optimal utilization; the exchange does not tell it."""
    step_size: Decimal
    throttle_update_fraction: Decimal
    throttle_utilization_threshold: Decimal
    state: BorrowLendState = BorrowLendState.OPEN


def pool_rules(
    pools: Sequence[ListedPool], scales: Mapping[str, int], collateral: Mapping[str, CollateralRules]
) -> list[PoolRules]:
    """Pools, as the engine knows them. UsageError: one contradicts itself, or its asset counts for nothing.

    One whose asset has no price, because no market for it is listed, is left out.
    """
    check_once("borrowLend", pools)
    rules = [_rules(pool, scales, collateral) for pool in pools]
    return [each for each in rules if each.asset == CASH or collateral[each.asset].opening_price is not None]


def _rules(pool: ListedPool, scales: Mapping[str, int], collateral: Mapping[str, CollateralRules]) -> PoolRules:
    for problem in _problems(pool, scales, collateral):
        raise UsageError(f"borrowLend {pool.symbol}: {problem}")
    scale = scales[pool.symbol]
    return PoolRules(
        asset=pool.symbol,
        scale=scale,
        step=to_units(pool.step_size, scale),
        house_lent=to_units(pool.lent_quantity, scale),
        house_borrowed=to_units(pool.borrowed_quantity, scale),
        limit=to_units(pool.open_borrow_lend_limit, scale),
        fee=pool.fee,
        optimal_utilization=pool.optimal_utilization,
        optimal_rate=pool.optimal_rate,
        max_utilization=pool.max_utilization,
        throttle_threshold=pool.throttle_utilization_threshold,
        throttle_fraction=pool.throttle_update_fraction,
        state=pool.state,
    )


def _problems(pool: ListedPool, scales: Mapping[str, int], collateral: Mapping[str, CollateralRules]) -> list[str]:
    """Nothing but what can be borrowed has to count as collateral: its margin functions are there."""
    problems: list[str] = []
    if pool.symbol not in scales:
        return [f"symbol is {pool.symbol!r}, wanted a listed asset: {', '.join(scales)}"]
    if pool.symbol not in collateral:
        return ["it is not among the collateral, wanted its margin functions there"]
    if not pool.state.is_known:
        problems.append(f"state is {str(pool.state)!r}, wanted one of {', '.join(BorrowLendState)}")
    if pool.step_size <= 0 or decimals_of(pool.step_size) > scales[pool.symbol]:
        problems.append(f"stepSize is {pool.step_size}, wanted more than 0 and at most {scales[pool.symbol]} decimals")
    quantities = {
        "borrowedQuantity": pool.borrowed_quantity,
        "lentQuantity": pool.lent_quantity,
        "openBorrowLendLimit": pool.open_borrow_lend_limit,
    }
    for key, quantity in quantities.items():
        if quantity < 0 or decimals_of(quantity) > scales[pool.symbol]:
            problems.append(f"{key} is {quantity}, wanted at least 0 and at most {scales[pool.symbol]} decimals")
    if pool.borrowed_quantity > pool.lent_quantity:
        problems.append(f"borrowedQuantity is {pool.borrowed_quantity}, wanted at most lentQuantity {pool.lent_quantity}")
    fractions = {
        "fee": pool.fee,
        "maxUtilization": pool.max_utilization,
        "optimalRate": pool.optimal_rate,
        "throttleUpdateFraction": pool.throttle_update_fraction,
        "throttleUtilizationThreshold": pool.throttle_utilization_threshold,
    }
    problems += [f"{key} is {part}, wanted a number from 0 to 1" for key, part in fractions.items() if not 0 <= part <= _ONE]
    if not 0 < pool.optimal_utilization < _ONE:
        problems.append(f"optimalUtilization is {pool.optimal_utilization}, wanted a number between 0 and 1")
    return problems

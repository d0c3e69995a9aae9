"""What a listed perpetual is to the engine: margin functions, bounds of its prices and of its funding."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeVar

from msgspec import UnsetType

from haversack.exchange.engine.perpetual.contract import Contract
from haversack.exchange.engine.rules import PerpetualRules, Ratio
from haversack.units import to_units
from haversack.wire.markets import Market

BPS = Decimal("0.0001")
T = TypeVar("T")


def perpetual_rules(market: Market, quantity_scale: int, quote_scale: int) -> PerpetualRules | None:
    """None for one without margin functions: nobody but the house can trade it."""
    if market.imf_function is None or market.mmf_function is None:
        return None
    price, limit = market.filters.price, market.open_interest_limit
    contract = Contract(
        symbol=market.symbol,
        quantity_scale=quantity_scale,
        quote_scale=quote_scale,
        step=to_units(market.filters.quantity.step_size, quantity_scale),
        imf_function=market.imf_function,
        mmf_function=market.mmf_function,
    )
    lowest, highest = market.funding_rate_lower_bound, market.funding_rate_upper_bound
    rates = {name: bps * BPS for name, bps in (("funding_min", lowest), ("funding_max", highest)) if bps is not None}
    return PerpetualRules(
        contract=contract,
        open_interest_limit=int(limit.scaleb(quantity_scale)) if limit else None,
        update_max=ratio(_given(price.max_price_update_multiplier)),
        update_min=ratio(_given(price.min_price_update_multiplier)),
        premium_tolerance=ratio(price.mean_premium_band.tolerance_pct) if price.mean_premium_band else None,
        is_stock=bool(_given(market.rwa_market_type)),
        **rates,
    )


def ratio(multiplier: Decimal | None) -> Ratio | None:
    """A multiplier of the listing, exactly."""
    return None if multiplier is None else Ratio(*multiplier.as_integer_ratio())


def _given(value: T | UnsetType | None) -> T | None:
    return None if isinstance(value, UnsetType) else value

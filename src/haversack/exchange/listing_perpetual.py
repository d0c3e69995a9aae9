"""What a listed perpetual is to the engine: margin functions, bounds of its prices and of its funding."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeVar

from msgspec import UnsetType

from haversack.exchange.engine.perpetual.contract import Contract
from haversack.exchange.engine.rules import PerpetualRules, Ratio
from haversack.units import to_units
from haversack.wire.enums import MarketType
from haversack.wire.markets import MarginFunction, Market

BPS = Decimal("0.0001")
# All that a position in a prediction market can lose is locked when it is opened, and nothing more has to be maintained (guess).
_ALL = MarginFunction(base=Decimal(1), factor=Decimal(0), type="sqrt")
_NOTHING = MarginFunction(base=Decimal(0), factor=Decimal(0), type="sqrt")
T = TypeVar("T")


def perpetual_rules(market: Market, quantity_scale: int, quote_scale: int) -> PerpetualRules | None:
    """None for a perpetual without margin functions: nobody but the house can trade it. A prediction market has its own."""
    is_prediction = market.market_type == MarketType.PREDICTION
    imf_function, mmf_function = (_ALL, _NOTHING) if is_prediction else (market.imf_function, market.mmf_function)
    if imf_function is None or mmf_function is None:
        return None
    price, limit = market.filters.price, market.open_interest_limit
    contract = Contract(
        symbol=market.symbol,
        quantity_scale=quantity_scale,
        quote_scale=quote_scale,
        step=to_units(market.filters.quantity.step_size, quantity_scale),
        imf_function=imf_function,
        mmf_function=mmf_function,
        is_prediction=is_prediction,
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

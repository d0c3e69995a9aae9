"""A market's filters for prices and quantities, and the way from decimals that pass them to the engine's integers."""

from __future__ import annotations

from decimal import Decimal

from haversack.exchange.messages import Refused
from haversack.wire.markets import Market


def check_quantity(quantity: Decimal, market: Market) -> None:
    """Refuse a quantity that the market does not take; its minimum comes before its decimals (derived: refusals of 2025-06)."""
    filters = market.filters.quantity
    if quantity < filters.min_quantity or quantity <= 0:
        raise Refused.as_invalid("Quantity is below the minimum allowed value")
    if filters.max_quantity is not None and quantity > filters.max_quantity:
        raise Refused.as_invalid("Quantity is above the maximum allowed value")
    check_step(quantity, market)


def check_step(quantity: Decimal, market: Market) -> None:
    """Refuse a quantity that is not in whole steps."""
    if not _is_multiple(quantity, market.filters.quantity.step_size):
        raise Refused.as_invalid("Quantity decimal too long")


def check_price(price: Decimal, market: Market) -> None:
    """Refuse a price that is not on the tick, or out of the market's range."""
    filters = market.filters.price
    if not _is_multiple(price, filters.tick_size):
        raise Refused.as_invalid("Price decimal too long")
    if price < filters.min_price:
        raise Refused.as_invalid("Price is below the minimum allowed value")
    if filters.max_price is not None and price > filters.max_price:
        raise Refused.as_invalid("Price is above the maximum allowed value")


def units(number: Decimal, scale: int) -> int:
    """So many units of `10**-scale`, what is finer cut off."""
    top, bottom = number.as_integer_ratio()
    found: int = top * 10**scale // bottom
    return found


def _is_multiple(number: Decimal, increment: Decimal) -> bool:
    # In integers: a decimal's remainder is rounded once it has more than 28 digits.
    top, bottom = number.as_integer_ratio()
    step_top, step_bottom = increment.as_integer_ratio()
    return top * step_bottom % (bottom * step_top) == 0

"""What may be wrong with a listing that has the right form: every complaint names the key, what was found and what is wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Protocol, TypeAlias

from haversack.errors import UsageError
from haversack.wire.enums import MarketType, OrderBookState
from haversack.wire.markets import Market, PriceFilter, QuantityFilter

Toml: TypeAlias = "dict[str, Toml] | list[Toml] | str | int | float | bool"
"""What a file holds, before it is understood."""


class _Listed(Protocol):
    @property
    def symbol(self) -> str: ...


def check_keys(found: Toml, known: Any, path: str = "") -> None:
    """Refuse a key that means nothing, so that no rule is lost by a typing error. `known` is `found` as it was understood."""
    if isinstance(found, dict):
        for key, value in found.items():
            if key not in known:
                raise UsageError(f"{path}{key} is no key of a listing: wanted one of {', '.join(sorted(known))}")
            check_keys(value, known[key], f"{path}{key}.")
    elif isinstance(found, list):
        for index, row in enumerate(found):
            check_keys(row, known[index], f"{path.removesuffix('.')}[{index}].")


def check_once(kind: str, listed: Iterable[_Listed]) -> None:
    """Refuse a symbol that is listed twice."""
    for symbol, times in Counter(row.symbol for row in listed).items():
        if times > 1:
            raise UsageError(f"{kind}: symbol {symbol!r} is listed {times} times, wanted once")


def check_market(market: Market, opening_price: Decimal | None, assets: Mapping[str, int]) -> None:
    """Refuse rules that contradict each other, or that name what is not listed. `assets` are all that are."""
    for problem in _problems(market, opening_price, assets):
        raise UsageError(f"market {market.symbol}: {problem}")


def _problems(market: Market, opening_price: Decimal | None, assets: Mapping[str, int]) -> Iterator[str]:
    if not market.market_type.is_known:
        yield f"marketType is {str(market.market_type)!r}, wanted one of {', '.join(MarketType)}"
    if not market.order_book_state.is_known:
        yield f"orderBookState is {str(market.order_book_state)!r}, wanted one of {', '.join(OrderBookState)}"
    named = {"quoteSymbol": market.quote_symbol}
    if market.market_type not in (MarketType.PERP, MarketType.PREDICTION):
        named["baseSymbol"] = market.base_symbol
    for key, symbol in named.items():
        if symbol not in assets:
            yield f"{key} is {symbol!r}, wanted a listed asset: {', '.join(assets)}"
    yield from _quantity_problems(market.filters.quantity)
    yield from _price_problems(market.filters.price)
    if market.market_type == MarketType.PREDICTION:
        yield from _prediction_problems(market.filters.price)
    if opening_price is not None:
        yield from _opening_problems(opening_price, market.filters.price)
    elif market.order_book_state != OrderBookState.CLOSED and market.market_type != MarketType.RFQ:
        yield "openingPrice is missing, wanted where trading starts (a Closed market may do without)"


def _quantity_problems(quantity: QuantityFilter) -> Iterator[str]:
    key = "filters.quantity"
    if quantity.step_size <= 0:
        yield f"{key}.stepSize is {quantity.step_size}, wanted more than 0"
    elif quantity.min_quantity < 0 or _remainder(quantity.min_quantity, quantity.step_size):
        yield f"{key}.minQuantity is {quantity.min_quantity}, wanted a multiple of stepSize {quantity.step_size}"
    if quantity.max_quantity is not None and quantity.max_quantity < quantity.min_quantity:
        yield f"{key}.maxQuantity is {quantity.max_quantity}, wanted at least minQuantity {quantity.min_quantity}"


def _price_problems(price: PriceFilter) -> Iterator[str]:
    key = "filters.price"
    if price.tick_size <= 0:
        yield f"{key}.tickSize is {price.tick_size}, wanted more than 0"
    if price.max_price is not None and price.max_price < price.min_price:
        yield f"{key}.maxPrice is {price.max_price}, wanted at least minPrice {price.min_price}"
    mean = price.mean_mark_price_band
    multipliers = {
        "maxMultiplier": price.max_multiplier,
        "maxImpactMultiplier": price.max_impact_multiplier,
        "meanMarkPriceBand.maxMultiplier": mean.max_multiplier if mean else None,
        "minMultiplier": price.min_multiplier,
        "minImpactMultiplier": price.min_impact_multiplier,
        "meanMarkPriceBand.minMultiplier": mean.min_multiplier if mean else None,
    }
    for name, multiplier in multipliers.items():
        is_highest = "max" in name
        if multiplier is not None and (multiplier < 1 if is_highest else not 0 <= multiplier <= 1):
            yield f"{key}.{name} is {multiplier}, wanted {'at least 1' if is_highest else 'a number from 0 to 1'}"


def _prediction_problems(price: PriceFilter) -> Iterator[str]:
    """What certainly happens is worth 1, so that all prices are between that and 0."""
    key = "filters.price"
    if price.min_price <= 0:
        yield f"{key}.minPrice is {price.min_price}, wanted more than 0 in a prediction market"
    if price.max_price is None or price.max_price >= 1:
        yield f"{key}.maxPrice is {price.max_price}, wanted less than 1 in a prediction market"
    if price.tick_size > 0 and _remainder(Decimal(1), price.tick_size):
        yield f"{key}.tickSize is {price.tick_size}, wanted a part of 1 in a prediction market"


def _opening_problems(opening: Decimal, price: PriceFilter) -> Iterator[str]:
    highest: Any = "any" if price.max_price is None else price.max_price
    if opening < price.min_price or (price.max_price is not None and opening > price.max_price) or opening <= 0:
        yield f"openingPrice is {opening}, wanted a price from minPrice {price.min_price} to maxPrice {highest}"
    elif price.tick_size > 0 and _remainder(opening, price.tick_size):
        yield f"openingPrice is {opening}, wanted a multiple of tickSize {price.tick_size}"


def _remainder(number: Decimal, increment: Decimal) -> int:
    top, bottom = number.as_integer_ratio()
    step_top, step_bottom = increment.as_integer_ratio()
    return top * step_bottom % (bottom * step_top)

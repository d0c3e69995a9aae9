"""What is listed: assets and markets from a readable file, in the exchange's own words and in the engine's integers."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec
from msgspec import UNSET

from haversack.errors import UsageError
from haversack.exchange.engine.collateral import CASH, CollateralRules
from haversack.exchange.engine.rules import AssetRules, FeeTier, MarketRules
from haversack.exchange.engine.vaults.rules import VaultRules
from haversack.exchange.engine.withdrawals.rules import WithdrawalRules
from haversack.exchange.listing_check import check_keys, check_market, check_once
from haversack.exchange.listing_lending import ListedPool, pool_rules
from haversack.exchange.listing_perpetual import perpetual_rules, ratio
from haversack.exchange.listing_prediction import ListedEvent, check_events
from haversack.exchange.listing_vaults import ListedVault, check_vaults, vault_rules
from haversack.exchange.listing_withdrawals import ListedWithdrawals, check_withdrawals, withdrawal_rules
from haversack.units import compact, decimals_of, padded, to_units
from haversack.wire.assets import Asset, CollateralParameters
from haversack.wire.enums import MarketType
from haversack.wire.markets import Market

FEE_DECIMALS_QUOTE = 6
"""Fees in the quote asset are rounded up to six decimals (observed 2025-06)."""
OPEN_ORDERS_MAX = 200
"""Per account and market. The real limit is unknown: a guess."""
INDEX_SCALE = 8
"""Index prices have up to eight decimals (observed 2026-09)."""

_DIGITS_MAX = 60

_S = TypeVar("_S", bound=msgspec.Struct)


class ListedAsset(Asset, frozen=True, kw_only=True):
    """An asset as the exchange describes it, and the decimals of its smallest unit."""

    scale: Annotated[int, msgspec.Meta(ge=0, le=_DIGITS_MAX)]


class ListedMarket(Market, frozen=True, kw_only=True):
    """A market as the exchange describes it, and the price at which a new exchange starts; a closed one may do without."""

    opening_price: Decimal | None = None


class Fees(msgspec.Struct, frozen=True, rename="camel"):
    """What a new account pays, in basis points."""

    spot_maker: Decimal
    spot_taker: Decimal
    futures_maker: Decimal
    futures_taker: Decimal


class ListingFile(msgspec.Struct, frozen=True):
    """The form of the file."""

    grants: dict[str, Decimal]
    fees: Fees
    assets: list[ListedAsset]
    markets: list[ListedMarket]
    collateral: list[CollateralParameters] = []
    """Assets that count as collateral; the others do not."""
    borrow_lend: list[ListedPool] = msgspec.field(name="borrowLend", default=[])
    """Pools to borrow from and lend to."""
    vaults: list[ListedVault] = []
    predictions: list[ListedEvent] = []
    withdrawals: ListedWithdrawals | None = None
    """How money leaves; without it, none does."""


class Scales(msgspec.Struct, frozen=True):
    """How the engine's integers of one market become decimals. Streams keep the decimals of tick and step, answers strip them."""

    price_scale: int
    quantity_scale: int
    quote_scale: int
    """Of amounts of the quote asset, in the ledger."""

    def price(self, units: int) -> Decimal:
        """A price with all decimals of the tick, as streams write it."""
        return padded(units, self.price_scale)

    def quantity(self, units: int) -> Decimal:
        """A quantity with all decimals of the step, as streams write it."""
        return padded(units, self.quantity_scale)

    def notional(self, amount: int) -> Decimal:
        """An amount of the quote asset with the decimals that price times quantity has, as streams write it."""
        excess = self.quote_scale - self.price_scale - self.quantity_scale
        return padded(amount // 10**excess, self.price_scale + self.quantity_scale)

    def short_price(self, units: int) -> Decimal:
        """A price without trailing zeros, as answers write it."""
        return compact(units, self.price_scale)

    def short_quantity(self, units: int) -> Decimal:
        """A quantity without trailing zeros, as answers write it."""
        return compact(units, self.quantity_scale)

    def short_notional(self, amount: int) -> Decimal:
        """An amount of the quote asset without trailing zeros, as answers write it."""
        return compact(amount, self.quote_scale)


class RfqMarket(NamedTuple):
    """A market that has no book: it is traded by requests for quotes alone."""

    market: Market
    rules: MarketRules
    scales: Scales


class Listing:
    """Everything listed, by symbol, in the order of the file."""

    def __init__(self, file: ListingFile) -> None:
        check_once("assets", file.assets)
        check_once("markets", file.markets)
        self.fees = file.fees
        self.assets: Mapping[str, Asset] = {asset.symbol: _narrowed(Asset, asset) for asset in file.assets}
        self.asset_scales: Mapping[str, int] = {asset.symbol: asset.scale for asset in file.assets}
        for market in file.markets:
            check_market(market, market.opening_price, self.asset_scales)
        booked = [market for market in file.markets if market.market_type != MarketType.RFQ]
        self.markets: Mapping[str, Market] = {market.symbol: _complete(market) for market in booked}
        """Those with a book."""
        self.opening_prices: Mapping[str, Decimal] = {
            market.symbol: market.opening_price for market in booked if market.opening_price is not None
        }
        self.rules: Mapping[str, MarketRules] = {market.symbol: self._rules(market) for market in booked}
        self.scales: Mapping[str, Scales] = {symbol: self._scales(rules) for symbol, rules in self.rules.items()}
        self.rfq_markets: Mapping[str, RfqMarket] = {
            market.symbol: self._rfq_market(market) for market in file.markets if market.market_type == MarketType.RFQ
        }
        self.collateral: Sequence[CollateralParameters] = file.collateral
        collateral = {each.asset: each for each in self.collateral_rules()}
        self.pools = pool_rules(file.borrow_lend, self.asset_scales, collateral)
        check_withdrawals(file.withdrawals, file.assets)
        self.withdrawals = file.withdrawals
        check_vaults(file.vaults, self.asset_scales)
        check_events(file.predictions, self.markets)
        self.predictions: Sequence[ListedEvent] = file.predictions
        self.vaults: Mapping[int, ListedVault] = {vault.vault_id: vault for vault in file.vaults}
        self.grants: Mapping[str, int] = {symbol: self.amount(symbol, grant) for symbol, grant in file.grants.items()}

    @classmethod
    def load(cls, path: Path | None = None) -> Listing:
        """From a file in the form of the package's own `exchange/data/listing.toml`; that one if no path is given."""
        source = path if path is not None else files("haversack.exchange").joinpath("data/listing.toml")
        try:
            return cls(_read(source.read_bytes()))
        except OSError as error:
            raise UsageError(f"cannot read the listing {source}: {error.strerror}") from None
        except UsageError as error:
            raise UsageError(f"the listing {source}: {error}") from None
        except (msgspec.DecodeError, ValueError, ArithmeticError, RecursionError) as error:
            raise UsageError(f"the listing {source} is not in the form of exchange/data/listing.toml: {error}") from None

    def asset_rules(self) -> list[AssetRules]:
        """Assets, as the engine knows them."""
        return [AssetRules(symbol=symbol, scale=scale) for symbol, scale in self.asset_scales.items()]

    def fee_tier(self) -> FeeTier:
        """Fees of a new account, as the engine knows them."""
        fees = self.fees
        rates = (fees.spot_maker, fees.spot_taker, fees.futures_maker, fees.futures_taker)
        return FeeTier(*[to_units(rate, 2) for rate in rates])

    def collateral_rules(self) -> list[CollateralRules]:
        """Assets that count as collateral, as the engine knows them."""
        spot = {
            market.base_symbol: symbol
            for symbol, market in self.markets.items()
            if (market.market_type, market.quote_symbol) == (MarketType.SPOT, CASH)
        }
        return [
            CollateralRules(
                asset=each.symbol,
                scale=self.asset_scales[each.symbol],
                parameters=each,
                market=spot.get(each.symbol),
                opening_price=self.opening_prices.get(spot.get(each.symbol, "")),
            )
            for each in self.collateral
            if each.symbol in self.asset_scales
        ]

    def vault_rules(self) -> list[VaultRules]:
        """Vaults, as the engine knows them."""
        return [vault_rules(vault, self.asset_scales) for vault in self.vaults.values()]

    def withdrawal_rules(self) -> WithdrawalRules | None:
        """How money leaves, as the engine knows it; None if none does."""
        listed = self.withdrawals
        return None if listed is None else withdrawal_rules(listed, self.assets.values(), self.asset_scales)

    def amount(self, asset: str, quantity: Decimal) -> int:
        """A quantity of an asset in its smallest units."""
        return to_units(quantity, self._scale_of(asset), f"quantity of {asset}")

    def quantity_of(self, asset: str, amount: int) -> Decimal:
        """An amount of an asset, as a decimal without trailing zeros."""
        return compact(amount, self.asset_scales[asset])

    def _scale_of(self, asset: str) -> int:
        if asset not in self.asset_scales:
            raise UsageError(f"asset {asset!r} is not listed: the listing has {', '.join(self.asset_scales)}")
        return self.asset_scales[asset]

    def _rules(self, market: ListedMarket) -> MarketRules:
        price, quantity = market.filters.price, market.filters.quantity
        mean = price.mean_mark_price_band
        price_scale, quantity_scale = decimals_of(price.tick_size), decimals_of(quantity.step_size)
        is_perpetual = market.market_type in (MarketType.PERP, MarketType.PREDICTION)
        # Nobody holds the base asset of a perpetual: it need not be listed.
        base_scale = self.asset_scales.get(market.base_symbol, quantity_scale)
        quote_scale = self._scale_of(market.quote_symbol)
        if base_scale < quantity_scale or quote_scale < max(price_scale + quantity_scale, FEE_DECIMALS_QUOTE):
            raise UsageError(
                f"market {market.symbol}: its assets have scales {base_scale} (base) and {quote_scale} (quote), wanted at least "
                f"{quantity_scale} and {max(price_scale + quantity_scale, FEE_DECIMALS_QUOTE)} for its tick and step sizes"
            )
        return MarketRules(
            symbol=market.symbol,
            base=market.base_symbol,
            quote=market.quote_symbol,
            is_perpetual=is_perpetual,
            price_scale=price_scale,
            quantity_scale=quantity_scale,
            tick=to_units(price.tick_size, price_scale),
            step=to_units(quantity.step_size, quantity_scale),
            band_max=ratio(price.max_multiplier),
            band_min=ratio(price.min_multiplier),
            base_unit=10 ** (base_scale - quantity_scale),
            quote_unit=10 ** (quote_scale - price_scale - quantity_scale),
            quote_fee_unit=10 ** (quote_scale - FEE_DECIMALS_QUOTE),
            base_fee_unit=1,
            open_orders_max=OPEN_ORDERS_MAX,
            impact_max=ratio(price.max_impact_multiplier),
            impact_min=ratio(price.min_impact_multiplier),
            mean_max=ratio(mean.max_multiplier) if mean else None,
            mean_min=ratio(mean.min_multiplier) if mean else None,
            free_max=ratio(price.borrow_entry_fee_max_multiplier),
            free_min=ratio(price.borrow_entry_fee_min_multiplier),
            perpetual=perpetual_rules(market, quantity_scale, quote_scale) if is_perpetual else None,
            pays=10**price_scale if market.market_type == MarketType.PREDICTION else None,
            state=market.order_book_state,
        )

    def _rfq_market(self, market: ListedMarket) -> RfqMarket:
        rules = self._rules(market)
        return RfqMarket(_complete(market), rules, self._scales(rules))

    def _scales(self, rules: MarketRules) -> Scales:
        return Scales(rules.price_scale, rules.quantity_scale, self.asset_scales[rules.quote])


@lru_cache(4)
def _read(content: bytes) -> ListingFile:
    # Programs and tests open one exchange after the other with the same file, which takes longer to read than to use.
    found = tomllib.loads(content.decode())
    file = msgspec.convert(found, ListingFile)
    _refuse_endless(file)
    check_keys(found, msgspec.to_builtins(file))
    return file


def _refuse_endless(file: ListingFile) -> None:
    """Raise for a number that would take for ever to write out."""
    for number in _numbers(file):
        if not number.is_finite() or abs(number.adjusted()) > _DIGITS_MAX:
            raise ValueError(f"{number} is no number of a market")


def _numbers(value: Any) -> Iterator[Decimal]:
    if isinstance(value, Decimal):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _numbers(getattr(value, name))
    elif isinstance(value, list | dict):
        items: Any = value.values() if isinstance(value, dict) else value  # pyright: ignore[reportUnknownVariableType]
        for item in items:
            yield from _numbers(item)


def _complete(listed: ListedMarket) -> Market:
    """The row with every key that a row of 2026 has: what the file leaves out is null."""
    market = _narrowed(Market, listed)
    price = msgspec.structs.replace(market.filters.price, **_nulls(market.filters.price))
    filters = msgspec.structs.replace(market.filters, price=price)
    return msgspec.structs.replace(market, filters=filters, visible=True, **_nulls(market))


def _narrowed(kind: type[_S], listed: _S) -> _S:
    """Only what the exchange sends of it."""
    return kind(**{name: getattr(listed, name) for name in kind.__struct_fields__})


def _nulls(value: msgspec.Struct) -> dict[str, Any]:
    return {name: None for name in value.__struct_fields__ if name != "visible" and getattr(value, name) is UNSET}

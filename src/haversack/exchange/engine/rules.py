"""What the engine must know of an asset and of a market, in integers.

Three integer units meet in a market. A *price* counts `10**-price_scale` of the quote asset, a *quantity* counts
`10**-quantity_scale` of the base asset, and an *amount* of an asset counts `10**-scale` of it. Scales are chosen when
the markets are loaded so that price times quantity is always a whole amount of the quote asset.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from haversack.exchange.engine.perpetual.contract import Contract
from haversack.wire.enums import OrderBookState

VERSION = 5
"""Raised when the same commands lead to another state than before, so that a journal of older rules is refused."""


class AssetRules(msgspec.Struct, frozen=True):
    """The smallest unit of one asset: amounts in the ledger are multiples of `10**-scale`."""

    symbol: str
    scale: int


class Ratio(msgspec.Struct, frozen=True):
    """An exact multiplier such as 1.0025, as `numerator / denominator`."""

    numerator: int
    denominator: int


def times(price: int, ratio: Ratio) -> int:
    """A price times a multiplier, rounded down."""
    return price * ratio.numerator // ratio.denominator


def times_up(price: int, ratio: Ratio) -> int:
    """A price times a multiplier, rounded up."""
    return -(-price * ratio.numerator // ratio.denominator)


class PerpetualRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a perpetual has beyond the rules of every market."""

    contract: Contract
    open_interest_limit: int | None = None
    """In quantity units; None: there is none."""
    update_max: Ratio | None = None
    """An update of the mark price takes it at most to the one before times this."""
    update_min: Ratio | None = None
    premium_tolerance: Ratio | None = None
    """Orders that take trade within this premium of the five-minute mean premium."""
    funding_min: Decimal = Decimal("-0.01")
    """Lowest rate of an interval, as a fraction."""
    funding_max: Decimal = Decimal("0.01")
    is_stock: bool = False
    """Stocks and their indexes have a lower interest in their funding."""


class MarketRules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one market that matching and clearing depend on."""

    symbol: str
    base: str
    quote: str
    is_perpetual: bool
    """Whether it has positions instead of balances of its base asset; so have prediction markets."""
    price_scale: int
    quantity_scale: int
    tick: int
    """Price increment, in price units."""
    step: int
    """Quantity increment, in quantity units."""
    band_max: Ratio | None
    """A limit price above the active price times this is refused."""
    band_min: Ratio | None
    base_unit: int
    """Amount of the base asset, in its smallest units, that one quantity unit is."""
    quote_unit: int
    """Amount of the quote asset, in its smallest units, that one price unit times one quantity unit is."""
    quote_fee_unit: int
    """Fees in the quote asset are rounded up to a multiple of this amount (docs: six decimals)."""
    base_fee_unit: int
    """Fees in a received base asset are rounded up to a multiple of this amount."""
    open_orders_max: int
    """Resting orders that one account may have in this market."""
    impact_max: Ratio | None = None
    """A bid trades at most at the best ask times this."""
    impact_min: Ratio | None = None
    """An ask trades at least at the best bid times this."""
    mean_max: Ratio | None = None
    """Orders that take trade at most at the five-minute mean of the mark price times this."""
    mean_min: Ratio | None = None
    free_max: Ratio | None = None
    """What is borrowed for an order costs no entry fee up to the active price times this."""
    free_min: Ratio | None = None
    perpetual: PerpetualRules | None = None
    """Of perpetuals and prediction markets, and of no other market."""
    pays: int | None = None
    """Of a prediction market: what one unit pays if the answer is yes, as a price, which every other price is below."""
    state: OrderBookState = OrderBookState.OPEN
    """With which the market begins."""

    @property
    def has_index(self) -> bool:
        """Whether it has index and funding: a perpetual, and no prediction market."""
        return self.is_perpetual and self.pays is None


class FeeTier(msgspec.Struct, frozen=True):
    """What an account pays, in hundredths of a basis point: on spot markets of the received asset (8 bps = 800)."""

    maker_cbps: int
    taker_cbps: int
    futures_maker_cbps: int = 0
    """In perpetuals, of price times quantity."""
    futures_taker_cbps: int = 0


class AccountSettings(msgspec.Struct, frozen=True, array_like=True):
    """What an account chose; at first, what a new account has (observed 2025-06: leverage as in a new one of 2026-09)."""

    auto_borrow_settlements: bool = False
    auto_repay_borrows: bool = True
    leverage_e8: int = 10**8
    """Its highest leverage, in units of 1e-8."""
    auto_lend: bool = False
    """Whether all that is available is lent."""

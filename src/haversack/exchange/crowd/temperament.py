"""How busy, how deep and how wild the crowd is: the form of `exchange/data/crowd.toml`."""

from __future__ import annotations

from importlib.resources import files

import msgspec


class Layer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One maker, and the part of every book that it keeps."""

    key: str
    start: float
    """Distance of the first level from the touch, in the market's gaps."""
    gap: float
    """Distance between levels, in the market's gaps."""
    levels: int
    """Per side."""
    share_large: float
    """Share of the levels that are large."""
    activity: float
    """Share of the market's refreshes."""


class Takers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The accounts that take."""

    keys: tuple[str, ...]


class DealerMood(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One who answers requests for quotes."""

    key: str
    half_bps: float
    """Half the spread of a small request."""


class BaseMood(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the fair price of one asset walks."""

    minute_bps: float = 6.0
    """Standard deviation of one-minute returns (observed 2025-06 and 2026-09 on SOL: 6.8 and 8.4, bounce included)."""
    half_life_hours: float = 240.0
    """Of the way back to the opening price, which keeps long runs near where they began."""


class MarketMood(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one market is quoted and traded. Money is in the quote asset."""

    touch_bps: float = 1.0
    """Half the spread is somewhat less than this; the spread is one tick at least."""
    gap_bps: float = 1.0
    """Between the levels next to the touch; one tick at least."""
    large: float = 10_000
    """Median of a large level (observed 2026-09: 65 to 170 SOL)."""
    small: float = 200
    """Median of a small level (observed 2026-09: 0.2 to 5 SOL)."""
    refreshes_per_s: float = 0.5
    """How often a maker replaces a few orders for no reason that others see."""
    looks_every_s: float = 0.65
    """How often a maker looks at its orders, on average, while the price stands still."""
    metronome_s: float = 30.0
    """Someone trades a small amount about this often (observed 2026-09: 0.22 SOL twice in every minute)."""
    metronome_quote: float = 22
    flow_per_minute: float = 1.5
    """Other orders that take, on average; they come in clusters."""
    flow_quote: float = 300
    """Median of their sizes."""


class Temperament(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file. Assets and markets that it does not name get the defaults."""

    makers: tuple[Layer, ...]
    takers: Takers
    dealers: tuple[DealerMood, ...] = ()
    bases: dict[str, BaseMood] = {}
    markets: dict[str, MarketMood] = {}

    @classmethod
    def load(cls) -> Temperament:
        """The package's own."""
        source = files("haversack.exchange").joinpath("data/crowd.toml")
        return msgspec.toml.decode(source.read_bytes(), type=cls)

    def base(self, asset: str) -> BaseMood:
        """Of an asset."""
        return self.bases.get(asset, BaseMood())

    def market(self, symbol: str) -> MarketMood:
        """Of a market."""
        return self.markets.get(symbol, MarketMood())

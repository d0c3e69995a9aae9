"""What a local exchange is made of, from the few things that may be said about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from pathlib import Path

import msgspec

from haversack.clock import ManualClock, PacedClock
from haversack.errors import UsageError
from haversack.exchange.launch import listing_bytes
from haversack.exchange.listing import Listing, ListingFile
from haversack.exchange.listing_prediction import about
from haversack.exchange.logbook import MemoryLogbook
from haversack.exchange.operator import Operator
from haversack.exchange.venue import Settings, genesis
from haversack.local.hosts import Host, InProcess, InThread
from haversack.units import to_decimal

Grants = Mapping[str, Decimal | str | int]


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a local exchange shall be."""

    seed: int = 7
    """Decides what the crowd does."""
    crowd: bool = True
    """Whether others trade."""
    clock: ManualClock | PacedClock | None = None
    """A ManualClock stands still until `advance` is called. Without one it runs on the machine's clock."""
    grants: Grants | None = None
    """Paper money of a new account, by asset; what the listing says if None."""
    speed_bump_ms: int = 0
    history_lag_ms: int = 0
    listing_path: Path | None = None
    markets: Collection[str] | None = None
    """Symbols that are listed; all of the listing if None. Fewer markets are a smaller crowd, and a faster one."""
    sockets: bool = False
    """REST and WebSocket on a port of 127.0.0.1 instead of calls in this process."""

    def host(self) -> Host:
        """The exchange, not yet running."""
        grants = self.grants
        settings = Settings(
            seed=self.seed,
            has_crowd=self.crowd,
            speed_bump_ms=self.speed_bump_ms,
            history_lag_ms=self.history_lag_ms,
            grants=None if grants is None else {asset: to_decimal(grants[asset], f"grant of {asset}") for asset in grants},
        )
        # A scenario fits another exchange only if this is the same.
        chosen = b"" if self.markets is None else msgspec.json.encode(sorted(self.markets))
        origin = genesis(listing_bytes(self.listing_path) + chosen, settings)
        clock = self.clock or PacedClock()
        operator = Operator(self._listing(), settings, clock, logbook=MemoryLogbook(), genesis=origin)
        return InThread(operator) if self.sockets else InProcess(operator)

    def _listing(self) -> Listing:
        whole = Listing.load(self.listing_path)
        if self.markets is None:
            return whole
        known = [*whole.markets, *whole.rfq_markets]
        strangers = [symbol for symbol in self.markets if symbol not in known]
        if strangers or not self.markets:
            found = repr(strangers[0]) if strangers else "none"
            raise UsageError(f"markets must be among {', '.join(known)}; found {found}")
        file = msgspec.toml.decode(listing_bytes(self.listing_path), type=ListingFile)
        markets = [market for market in file.markets if market.symbol in self.markets]
        return Listing(msgspec.structs.replace(file, markets=markets, predictions=about(file.predictions, self.markets)))

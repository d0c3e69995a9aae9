"""Runs one exchange: begins it, moves its time, and does to it what no client may: seed, price, close markets, begin anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from haversack.clock import Clock, ManualClock, PacedClock
from haversack.errors import UsageError
from haversack.exchange.engine.command import Command, Grant, OpenAccount, SetBookState, SetPrices
from haversack.exchange.engine.event import Declined, Rejected
from haversack.exchange.engine.predictions.command import ProposeResolution
from haversack.exchange.engine.predictions.predictions import Predictions
from haversack.exchange.engine.vaults.command import SetVaultNav
from haversack.exchange.engine.vaults.rules import NAV_SCALE
from haversack.exchange.journal import CommandLog, Entry
from haversack.exchange.listing import INDEX_SCALE, Listing
from haversack.exchange.listing_prediction import delay_of
from haversack.exchange.logbook import Logbook
from haversack.exchange.pulse import Pulse
from haversack.exchange.venue import Settings, Venue
from haversack.signing import Verifier
from haversack.units import to_units
from haversack.wire.enums import OrderBookState

_BATCH = 1_000


class Operator:
    """One exchange and whoever runs it. `venue` is another one after each new beginning."""

    def __init__(self, listing: Listing, settings: Settings, clock: Clock, *, logbook: Logbook, genesis: bytes) -> None:
        self.listing = listing
        self.genesis = genesis
        """What the state depends on besides the commands."""
        self.settings = settings
        self.clock = clock
        self.logbook = logbook
        self.log: CommandLog = logbook.open()
        self.venue = self._new_venue()
        self.pulse = Pulse(self.venue)
        self.on_renewal: list[Callable[[Venue], None]] = []
        """Who must know when there is another venue."""

    def start(self) -> None:
        """Replay what was journaled, or begin."""
        self.venue.start(self.log, self.logbook.snapshots())
        if isinstance(self.clock, PacedClock) and self.venue.last_us > self.clock.now_us():
            # The journal was written on a clock that had been moved: time goes on from there.
            self.clock.advance(us=self.venue.last_us - self.clock.now_us())

    async def renew(self, entries: Sequence[Entry] = (), *, now_us: int | None = None) -> None:
        """Begin anew: without a past, or with these commands as the past, at this time.

        All stream connections end, and all faults with them. What was journaled before is put aside, not lost.
        """
        if now_us is not None and not isinstance(self.clock, ManualClock | PacedClock):
            raise UsageError("this exchange runs on the machine's clock, and a scenario has a time of its own")
        self.venue.faults.clear()
        await self.venue.settled()
        await self.logbook.finish()
        self.log = self.logbook.renew()
        for start in range(0, len(entries), _BATCH):
            self.log.append(entries[start : start + _BATCH])
        if now_us is not None and isinstance(self.clock, ManualClock | PacedClock):
            self.clock.set_now_us(now_us)
        before, self.venue = self.venue, self._new_venue()
        self.pulse.venue = self.venue
        before.hub.cut_all()
        self.venue.start(self.log)
        for tell in self.on_renewal:
            tell(self.venue)
        self.pulse.poke()

    async def seed(self, key: str, amounts: Mapping[str, Decimal]) -> int:
        """Give a key's account these amounts; an account that does not exist yet gets these and nothing else. Its number."""
        if not Verifier.is_key(key):
            raise UsageError(f"a key is base64 of 32 bytes, found {key!r}")
        units = tuple((asset, self.listing.amount(asset, amount)) for asset, amount in amounts.items())
        if not units or any(amount <= 0 for _, amount in units):
            raise UsageError("an account is given one or more amounts, each above 0")
        account = self.venue.engine.account_of(key)
        if account is None:
            await self._execute(OpenAccount(key, self.listing.fee_tier(), units))
        else:
            await self._execute(Grant(account, units))
        number = self.venue.engine.account_of(key)
        assert number is not None, "an account was opened and is not there"
        return number

    async def set_market(self, symbol: str, state: str) -> None:
        """Open or close a market, or restrict it to some orders."""
        known = [each.value for each in OrderBookState]
        if state not in known:
            raise UsageError(f"a market is {', '.join(known)}; found {state!r}")
        self._check_symbol(symbol)
        if self.venue.engine.facility(Predictions).fate(symbol).price is not None:
            raise UsageError(f"{symbol} is resolved and stays closed")
        await self._execute(SetBookState(symbol, OrderBookState(state)))

    async def set_price(self, symbol: str, price: Decimal) -> None:
        """Say what a market is worth from now on: the crowd quotes around it, and a perpetual's index goes there.

        Where there is no crowd, only a perpetual's index follows; marks come from index and book and are never set.
        """
        self._check_symbol(symbol)
        if not price > 0:
            raise UsageError(f"a price is above 0, found {price}")
        rules = self.listing.rules[symbol]
        if rules.pays is not None and not price < 1:
            raise UsageError(f"a prediction market is worth less than 1, found {price}")
        index = to_units(price, INDEX_SCALE, f"price of {symbol}")
        is_followed = self.venue.move_crowd(symbol, price)
        if rules.has_index:
            await self._execute(SetPrices(((symbol, index),)))
        elif not is_followed:
            raise UsageError(f"{symbol} is worth what is traded: no crowd trades it here, and it has no index")

    async def set_nav(self, vault_id: int, nav: Decimal) -> None:
        """Let a vault gain or lose: its token is worth this from now on, and grows from there."""
        if vault_id not in self.listing.vaults:
            raise UsageError(f"vault {vault_id} is not listed: there are {', '.join(map(str, self.listing.vaults)) or 'none'}")
        if not nav > 0:
            raise UsageError(f"a token is worth more than 0, found {nav}")
        await self._execute(SetVaultNav(vault_id, to_units(nav, NAV_SCALE, "worth of a token")))

    async def resolve(self, symbol: str, *, is_yes: bool, delay_s: int | None = None) -> None:
        """Propose the answer of a prediction market's question; after the event's own delay, unless another is given."""
        self._check_symbol(symbol)
        if delay_s is None:
            delay_s = delay_of(self.listing.predictions, symbol)
        await self._execute(ProposeResolution(symbol, is_yes, delay_s))

    async def finish(self) -> None:
        """Write what is left to write, and let go of the journal."""
        try:
            await self.logbook.finish()
        finally:
            self.logbook.close()

    def _new_venue(self) -> Venue:
        committer, histories = self.logbook.committer(), self.logbook.histories()
        return Venue(self.listing, self.clock, committer, settings=self.settings, histories=histories)

    async def _execute(self, command: Command) -> None:
        events = self.venue.execute(command, now_us=self.clock.now_us())
        if events and isinstance(events[0], Rejected | Declined):
            raise UsageError(f"the exchange refused: {events[0].refusal.value}")
        await self.venue.settled()

    def _check_symbol(self, symbol: str) -> None:
        if symbol not in self.listing.markets:
            raise UsageError(f"market {symbol!r} is not listed: there are {', '.join(self.listing.markets)}")

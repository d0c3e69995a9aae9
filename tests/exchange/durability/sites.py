"""An exchange on a folder that can be stopped, killed, started again, and made to do something."""

from __future__ import annotations

from pathlib import Path

from exchange.stranger import Desk
from haversack.clock import ManualClock
from haversack.exchange.engine.command import Cancel, Command, OpenAccount, Place
from haversack.exchange.engine.event import OrderAccepted
from haversack.exchange.engine.rules import FeeTier
from haversack.exchange.launch import listing_bytes
from haversack.exchange.listing import Listing
from haversack.exchange.logbook import FolderLogbook
from haversack.exchange.operator import Operator
from haversack.exchange.snapshot.keeper import Keeper
from haversack.exchange.venue import Settings, Venue, genesis
from haversack.wire.enums import Side, TimeInForce

SYMBOL = "SOL_USDC"
GRANTS = (("SOL", 10**15), ("USDC", 10**18))


class Site:
    """One run of the exchange. `keep` is how many commands the journal keeps at least."""

    def __init__(self, folder: Path, clock: ManualClock, *, keep: int = 10**9, crowd: bool = False) -> None:
        settings = Settings(has_crowd=crowd)
        self.folder = folder
        self.clock = clock
        self.logbook = FolderLogbook(folder, genesis(listing_bytes(None), settings))
        self.operator = Operator(Listing.load(), settings, clock, logbook=self.logbook, genesis=b"")
        self.keeper = Keeper(lambda: self.logbook.place(self.venue), keep=keep)
        self.replayed = self.venue.start(self.operator.log, self.logbook.snapshots())
        self.desk = Desk(self.venue, clock)

    @property
    def venue(self) -> Venue:
        return self.operator.venue

    async def trade(self, rounds: int) -> None:
        """Five commands a round: orders that rest, that take, and one that is cancelled."""
        for key in ("a", "b"):
            if self.venue.engine.account_of(key) is None:
                self.do(OpenAccount(key, FeeTier(800, 1000), GRANTS))
        for _ in range(rounds):
            price = 10_000 + self.venue.seq % 50
            self.do(order(1, Side.ASK, price))
            self.do(order(2, Side.BID, price, TimeInForce.IOC))
            rests = self.do(order(2, Side.BID, price - 100))
            self.do(order(1, Side.BID, 5_000 + self.venue.seq))
            self.do(Cancel(account=2, symbol=SYMBOL, order_id=rests))
        await self.venue.settled()

    def do(self, command: Command) -> int | None:
        self.clock.advance(ms=700)
        first = self.venue.execute(command, now_us=self.clock.now_us())[0]
        return first.order.order_id if isinstance(first, OrderAccepted) else None

    async def snapshot(self) -> None:
        assert await self.keeper.look(1), "no snapshot was made"

    async def stop(self) -> None:
        await self.operator.finish()


def order(account: int, side: Side, price: int, time_in_force: TimeInForce = TimeInForce.GTC) -> Place:
    return Place(account=account, symbol=SYMBOL, side=side, price=price, quantity=10, time_in_force=time_in_force)

"""A local exchange with nobody on it but the crowd, moved by hand, and a record of what happened there."""

from __future__ import annotations

import hashlib
import sys
from collections import Counter, defaultdict

import msgspec

from haversack.exchange.crowd import Crowd
from haversack.exchange.engine.command import Command, OpenAccount
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import AccountOpened, Event, OrderFilled, Rejected, TradePrinted
from haversack.exchange.engine.rules import FeeTier
from haversack.exchange.launch import listing_bytes
from haversack.exchange.listing import Listing, ListingFile
from haversack.wire.enums import OrderBookState

START_US = 1_788_285_151_000_000
SECOND_US = 1_000_000
LISTING = Listing.load()
TRADED = [symbol for symbol, market in LISTING.markets.items() if market.order_book_state == OrderBookState.OPEN]


def listing_of(*symbols: str) -> Listing:
    """The same markets, but only these: a crowd of few is quick."""
    file = msgspec.toml.decode(listing_bytes(None), type=ListingFile)
    markets = [market for market in file.markets if market.symbol in symbols]
    return Listing(msgspec.structs.replace(file, markets=markets, predictions=[]))


class Look(msgspec.Struct, frozen=True):
    """One market at one moment."""

    bids: list[tuple[int, int]]
    asks: list[tuple[int, int]]
    resting: int
    open_interest: int


class Stage:
    """The engine, the crowd, and a clock."""

    def __init__(self, seed: int, *, pace: float = 1.0, looks_every_s: int = 5, listing: Listing = LISTING) -> None:
        self.listing = listing
        self.traded = [symbol for symbol in TRADED if symbol in listing.markets]
        self.engine = Engine(listing.asset_rules(), listing.rules.values())
        self.view = self.engine
        self.now_us = START_US
        self.sent: list[tuple[int, Command]] = []
        self.rejections: Counter[str] = Counter()
        self.trades: dict[str, list[tuple[int, TradePrinted]]] = defaultdict(list)
        self.fills: list[tuple[int, OrderFilled]] = []
        self.looks: dict[str, list[Look]] = defaultdict(list)
        self._look_us = looks_every_s * SECOND_US
        self.enter(seed, pace=pace)

    def enter(self, seed: int, *, pace: float = 1.0) -> None:
        """Let a crowd in, as when the exchange starts: the first time or again."""
        self.crowd = Crowd(self.listing, seed, pace=pace)
        self.accounts = {opening.key: self.open(opening) for opening in self.crowd.setup()}
        self.crowd.know(self.accounts)

    def open(self, opening: OpenAccount) -> int:
        """The number of an account."""
        return next(event.account for event in self.engine.apply(opening, self.now_us) if isinstance(event, AccountOpened))

    def user(self) -> int:
        """A user's account, with what a new account has."""
        return self.open(OpenAccount("user", FeeTier(800, 1000), tuple(self.listing.grants.items())))

    def apply(self, command: Command) -> list[Event]:
        """Do a command, and note what it did."""
        events = self.engine.apply(command, self.now_us)
        for event in events:
            if isinstance(event, Rejected):
                self.rejections[event.refusal.name] += 1
            elif isinstance(event, TradePrinted):
                self.trades[event.symbol].append((self.now_us, event))
            elif isinstance(event, OrderFilled) and event.order.account not in self.accounts.values():
                self.fills.append((self.now_us, event))
        return events

    def run(self, seconds: int) -> None:
        """Let the crowd trade for so long."""
        end_us = self.now_us + seconds * SECOND_US
        while (due_us := max(self.crowd.next_us, self.now_us)) < end_us:
            self._look(due_us)
            self.now_us = due_us
            for command in self.crowd.step(due_us, self.view):
                self.sent.append((due_us, command))
                self.apply(command)
            assert self.crowd.next_us > due_us, "a crowd that is due again at once would hold up the exchange"
        self._look(end_us)
        self.now_us = end_us

    def _look(self, until_us: int) -> None:
        for _ in range(self.now_us // self._look_us, until_us // self._look_us):
            for symbol in self.traded if self.sent else ():
                bids, asks, _ = self.engine.depth(symbol)
                resting = sum(len(self.engine.open_orders(account, symbol)) for account in self.accounts.values())
                self.looks[symbol].append(Look(bids, asks, resting, self.engine.open_interest(symbol)))


def fingerprint(seed: int, seconds: int) -> str:
    """Of all that the crowd sends, and of all that the engine made of it."""
    stage = Stage(seed)
    stage.run(seconds)
    bars = stage.crowd.backfill(START_US, minutes=60)
    return hashlib.sha256(msgspec.json.encode((stage.sent, stage.engine.state_hash(), bars))).hexdigest()


if __name__ == "__main__":
    sys.stdout.write(fingerprint(int(sys.argv[1]), int(sys.argv[2])))

"""A venue that keeps its book in plain dicts, the way from there to a client's book, and all that can go wrong on it.

Everything is drawn from one seed. Time is a number that is counted up.
"""

from __future__ import annotations

import random
from decimal import Decimal
from heapq import heappop, heappush

from book.made import SYMBOL
from haversack.book.book import Book
from haversack.book.splice import Ask
from haversack.book.texts import read_depth
from haversack.errors import BookNotSynced
from haversack.wire.events import BookTicker, DepthUpdate
from haversack.wire.frames import Message, read_frame, write_frame
from haversack.wire.markets import Depth, Level

CENT = Decimal("0.01")
Sides = tuple[list[Level], list[Level]]


class Venue:
    """The truth: every state of the book by its update id."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._bids = {Decimal(2_000 - number) * CENT: Decimal(number) * CENT for number in range(1, 6)}
        self._asks = {Decimal(2_000 + number) * CENT: Decimal(number) * CENT for number in range(1, 6)}
        self.update_id = dice.randrange(1, 10**10)
        self.history: dict[int, Sides] = {}
        self._unsent: list[tuple[str, Level]] = []
        self._remember()

    @property
    def now(self) -> Sides:
        """Bids and asks, best first."""
        return sorted(self._bids.items(), reverse=True), sorted(self._asks.items())

    def move(self) -> None:
        """One level changes, which is one update."""
        side = self._dice.choice(("Bid", "Ask"))
        mine, other = (self._bids, self._asks) if side == "Bid" else (self._asks, self._bids)
        if mine and self._dice.random() < 0.4:
            price, quantity = self._dice.choice(sorted(mine)), Decimal("0.00")
            del mine[price]
        else:
            price, quantity = self._free_price(side, other), Decimal(self._dice.randrange(1, 500)) * CENT
            mine[price] = quantity
        self.update_id += 1
        self._unsent.append((side, (price, quantity)))
        self._remember()

    def message(self) -> DepthUpdate:
        """All that changed since the last one, each level once."""
        last = {(side, price): quantity for side, (price, quantity) in self._unsent}
        sides = ([(price, last[which, price]) for which, price in sorted(last) if which == side] for side in ("Ask", "Bid"))
        first = self.update_id - len(self._unsent) + 1
        self._unsent.clear()
        return DepthUpdate(
            event_us=1, engine_us=self.update_id, first_update_id=first, last_update_id=self.update_id,
            asks=next(sides), bids=next(sides), symbol=SYMBOL,
        )  # fmt: skip

    def ticker(self) -> BookTicker:
        """The best levels now."""
        bids, asks = self.now
        return BookTicker(
            bid=bids[0][0] if bids else None, bid_quantity=bids[0][1] if bids else None,
            ask=asks[0][0] if asks else None, ask_quantity=asks[0][1] if asks else None,
            event_us=1, engine_us=1, symbol=SYMBOL, update_id=self.update_id,
        )  # fmt: skip

    def depth(self, update_id: int | None = None) -> Depth:
        """The snapshot of now or of some time ago; both sides ascending, trailing zeros stripped."""
        at = self.update_id if update_id is None else update_id
        bids, asks = ([(_stripped(price), _stripped(quantity)) for price, quantity in side] for side in self.history[at])
        return Depth(bids=bids[::-1], asks=asks, last_update_id=str(at), timestamp_us=at)

    def _free_price(self, side: str, other: dict[Decimal, Decimal]) -> Decimal:
        """One that does not cross."""
        away = self._dice.randrange(1, 9) * CENT
        if side == "Bid":
            return min(other, default=Decimal("20.00")) - away
        return max(other, default=Decimal("20.00")) + away

    def _remember(self) -> None:
        self.history[self.update_id] = self.now


class World:
    """A venue, a client's book, and the way between them."""

    def __init__(self, seed: int, *, faults: bool, tickers: bool = False) -> None:
        self.dice = random.Random(seed)
        self.venue = Venue(self.dice)
        self.book = Book(SYMBOL)
        self.seen: list[int] = []
        """Update ids that a reader could have seen, in their order."""
        self.sent: list[int] = []
        self.faults = faults
        self._tickers = tickers
        self._most = self.dice.choice((1, 1, 4))
        self._now = 0
        self._serial = 0
        self._connection = 0
        self._is_up = False
        self._way: list[tuple[int, int, object]] = []
        self._last_arrival = 0

    def run(self, ticks: int) -> None:
        """Let time pass, and check after everything that arrives."""
        for _ in range(ticks):
            self._now += 1
            self._connect_or_not()
            if self.dice.random() < 0.6:
                self._trade()
            while self._way and self._way[0][0] <= self._now:
                self._arrive(heappop(self._way)[2])
                self._ask()
                self.check()
            self._ask()
            self.check()

    def drain(self) -> None:
        """Nothing happens any more, and what is on its way arrives."""
        while self._way:
            self._now = max(self._now, self._way[0][0])
            self._arrive(heappop(self._way)[2])
            self._ask()
            self.check()

    def check(self) -> None:
        """A book that says it is in sync is that of the venue, to the last level."""
        book = self.book
        if not book.is_synced:
            try:
                book.levels("Bid")
            except BookNotSynced:
                return
            raise AssertionError("a book that is not in sync was read")
        bids, asks = book.levels("Bid"), book.levels("Ask")
        assert (bids, asks) == self.venue.history[book.update_id]
        assert not (bids and asks) or bids[0].price < asks[0].price
        if not self.seen or self.seen[-1] != book.update_id:
            self.seen.append(book.update_id)

    def _connect_or_not(self) -> None:
        if not self._is_up:
            self._is_up = True
            self._connection += 1
            # What happened until now nobody will be told.
            self.venue.message()
            self.book.subscribed()
        elif self.faults and self.dice.random() < 0.02:
            self._is_up = False
            self._way = [entry for entry in self._way if isinstance(entry[2], tuple)]
            self.book.disconnected()

    def _trade(self) -> None:
        for _ in range(self.dice.randint(1, self._most)):
            self.venue.move()
        if not self._is_up:
            return
        message = self.venue.message()
        self.sent.append(message.last_update_id)
        frames = [write_frame(f"depth.{SYMBOL}", message)]
        if self._tickers:
            frames.append(write_frame(f"bookTicker.{SYMBOL}", self.venue.ticker()))
            self.dice.shuffle(frames)
        for frame in frames:
            self._send(frame)

    def _send(self, frame: bytes) -> None:
        chance = self.dice.random() if self.faults else 1
        if chance < 0.06:
            return
        arrival = max(self._last_arrival, self._now + self.dice.randint(0, 4))
        if chance < 0.12:
            # Late, so that others overtake it.
            arrival += self.dice.randint(1, 6)
        else:
            self._last_arrival = arrival
        self._post(arrival, frame)
        if 0.12 <= chance < 0.16:
            self._post(arrival + self.dice.randint(0, 3), frame)

    def _ask(self) -> None:
        ask = self.book.outgoing()
        if ask is not None:
            self._post(self._now + self.dice.randint(0, 4), ("taken", ask))

    def _arrive(self, what: object) -> None:
        if isinstance(what, bytes):
            self._read(what)
            return
        assert isinstance(what, tuple)
        if what[0] == "taken":
            self._answer(what[1])
        elif what[1] is None:
            self.book.snapshot_failed(what[2])
        else:
            self.book.snapshot_came(what[1], what[2])

    def _read(self, frame: bytes) -> None:
        said = read_depth(frame) if self.dice.random() < 0.5 else None
        if said is not None:
            self.book.update(said.depth)
            return
        message = read_frame(frame)
        assert isinstance(message, Message)
        if isinstance(message.event, DepthUpdate):
            self.book.update(message.event)
        else:
            assert isinstance(message.event, BookTicker)
            self.book.ticker(message.event)

    def _answer(self, ask: Ask) -> None:
        depth: Depth | None = self.venue.depth()
        arrival = self._now + self.dice.randint(0, 4)
        if self.faults:
            chance = self.dice.random()
            if chance < 0.1:
                depth = None
            elif chance < 0.25:
                depth = self.venue.depth(self.dice.choice(list(self.venue.history)[-20:]))
            elif chance < 0.35:
                self._post(arrival + 9, ("came", depth, ask.ticket))
            elif chance < 0.45:
                arrival += 30
        self._post(arrival, ("came", depth, ask.ticket))

    def _post(self, arrival: int, what: object) -> None:
        self._serial += 1
        heappush(self._way, (arrival, self._serial, what))


def _stripped(number: Decimal) -> Decimal:
    return Decimal(f"{number.normalize():f}")

"""The exchange of a world, which is the real one without its sockets, and all that is true of it at every moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache

from haversack.exchange.authentication import Proof
from haversack.exchange.engine.command import Command
from haversack.exchange.engine.event import Event, LevelChanged, OrderAccepted, OrderEnded, OrderFilled, Rejected
from haversack.exchange.journal import GroupCommitter, MemoryJournal
from haversack.exchange.listing import Listing
from haversack.exchange.venue import Settings, Venue
from haversack.wire.enums import OrderStatus, Side
from world.clock import ExchangeClock
from world.plan import Plan

SYMBOL = "SOL_USDC"
BID = Side.BID
Levels = dict[int, int]
FillId = tuple[int, str, str]
"""Trade id, order id, side."""


@cache
def listing() -> Listing:
    """It is read once; nothing changes it."""
    return Listing.load()


class Truth(Venue):
    """The local exchange, with a memory of every state of its book, and of what became of every order and fill."""

    def __init__(self, plan: Plan, note: Callable[[str], None]) -> None:
        journal = MemoryJournal()
        settings = Settings(seed=plan.seed, has_crowd=False, history_lag_ms=plan.history_lag_ms)
        super().__init__(listing(), ExchangeClock(plan.drift_ppm), GroupCommitter(journal), settings=settings)
        self.start(journal)
        self._note = note
        self._bids: Levels = {}
        self._asks: Levels = {}
        self.update_id: int = self.engine.depth(SYMBOL)[2]
        self.books: dict[int, tuple[Levels, Levels]] = {self.update_id: ({}, {})}
        """Bids and asks after each update, in ticks and steps."""
        self.fills: dict[int, list[OrderFilled]] = {}
        """By account."""
        self.status: dict[str, OrderStatus] = {}
        """Of every order, by its id."""
        self.executed: dict[str, int] = {}
        self.by_client_id: dict[int, list[str]] = {}
        """Orders that were accepted under a client id."""
        self.accepted: Counter[int] = Counter()
        """How many orders, by account."""

    def execute(self, command: Command, *, now_us: int, proof: Proof | None = None) -> Sequence[Event]:
        events = super().execute(command, now_us=now_us, proof=proof)
        if not isinstance(events[0] if events else None, Rejected):
            self._note(f"{type(command).__name__} {len(events)}")
            for event in events:
                self._watch(event)
        return events

    def _watch(self, event: Event) -> None:
        if isinstance(event, LevelChanged):
            self._watch_level(event)
        elif isinstance(event, OrderFilled):
            order_id = str(event.order.order_id)
            self.fills.setdefault(event.order.account, []).append(event)
            self.status[order_id], self.executed[order_id] = event.status, event.executed
        elif isinstance(event, OrderEnded):
            self.status[str(event.order.order_id)] = event.status
        elif isinstance(event, OrderAccepted):
            order_id = str(event.order.order_id)
            self.status[order_id], self.executed[order_id] = OrderStatus.NEW, 0
            self.accepted[event.order.account] += 1
            if event.order.client_id is not None:
                self.by_client_id.setdefault(event.order.client_id, []).append(order_id)

    def _watch_level(self, event: LevelChanged) -> None:
        if event.symbol != SYMBOL:
            return
        side = self._bids if event.side is BID else self._asks
        if event.quantity:
            side[event.price] = event.quantity
        else:
            side.pop(event.price, None)
        self.update_id = event.update_id
        self.books[event.update_id] = (self._bids.copy(), self._asks.copy())

    def fill_ids(self, account: int) -> list[FillId]:
        """Every fill of an account, once for each."""
        return [(fill.trade_id, str(fill.order.order_id), str(fill.order.side)) for fill in self.fills.get(account, [])]

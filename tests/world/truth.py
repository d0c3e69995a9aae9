"""The exchange of a world, which is the real one without its sockets, and all that is true of it at every moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cache

from haversack.account.life import OrderState
from haversack.account.positions import FLAT, NetPosition
from haversack.exchange.authentication import Proof
from haversack.exchange.engine.command import Command
from haversack.exchange.engine.event import (
    Event,
    FundingPaid,
    LevelChanged,
    LiquidationPrinted,
    OrderAccepted,
    OrderEnded,
    OrderFacts,
    OrderFilled,
    OrderModified,
    PositionChanged,
    Rejected,
    TriggerFailed,
    TriggerFired,
    TriggerPlaced,
)
from haversack.exchange.engine.perpetual.position import Position, entry_price
from haversack.exchange.journal import GroupCommitter, MemoryJournal
from haversack.exchange.listing import Listing
from haversack.exchange.venue import Settings, Venue
from haversack.units import stripped
from haversack.wire.enums import OrderStatus, Side
from world.clock import ExchangeClock, wall_us
from world.plan import Plan

SYMBOL = "SOL_USDC"
PERPETUAL = "SOL_USDC_PERP"
BID = Side.BID
Levels = dict[int, int]
FillId = tuple[int, str, str]
"""Trade id, order id, side."""
MEANS = {
    OrderStatus.NEW: OrderState.OPEN,
    OrderStatus.PARTIALLY_FILLED: OrderState.OPEN,
    OrderStatus.FILLED: OrderState.FILLED,
    OrderStatus.CANCELLED: OrderState.CANCELLED,
    OrderStatus.EXPIRED: OrderState.EXPIRED,
    OrderStatus.TRIGGER_PENDING: OrderState.TRIGGER_PENDING,
    OrderStatus.TRIGGER_FAILED: OrderState.TRIGGER_FAILED,
}
_SMALL_GRANTS = {"USDC": Decimal(20_000), "SOL": Decimal(100)}
"""Of one whose positions shall be too large for it one day."""
_ENDS = (OrderEnded, TriggerFired, TriggerFailed)


@cache
def listing() -> Listing:
    """It is read once; nothing changes it."""
    return Listing.load()


class Truth(Venue):
    """The local exchange, with a memory of every state of its book, and of what became of every order and fill."""

    def __init__(self, plan: Plan, note: Callable[[str], None]) -> None:
        journal = MemoryJournal()
        perpetuals = plan.perpetuals
        grants: Mapping[str, Decimal] | None = _SMALL_GRANTS if perpetuals and perpetuals.turned_on == "program" else None
        settings = Settings(seed=plan.seed, has_crowd=False, history_lag_ms=plan.history_lag_ms, grants=grants)
        clock = ExchangeClock(plan.drift_ppm, wall_us(perpetuals.hour_s if perpetuals else None))
        super().__init__(listing(), clock, GroupCommitter(journal), settings=settings)
        self.start(journal)
        self._note = note
        self._bids: Levels = {}
        self._asks: Levels = {}
        self.update_id: int = self.engine.depth(SYMBOL)[2]
        self.books: dict[int, tuple[Levels, Levels]] = {self.update_id: ({}, {})}
        """Bids and asks after each update, in ticks and steps."""
        self.fills: dict[int, list[OrderFilled]] = {}
        """By account."""
        self.facts: dict[str, OrderFacts] = {}
        """Of every order, by its id; with the quantity that it has now."""
        self.status: dict[str, OrderStatus] = {}
        """Of every order. One whose trigger fired reads as filled (as in the history)."""
        self.fired: set[str] = set()
        self.executed: dict[str, int] = {}
        self.by_client_id: dict[int, list[str]] = {}
        """Orders that were accepted under a client id; what a trigger sends for one of them is none."""
        self.accepted: Counter[int] = Counter()
        """How many orders, by account."""
        self.positions: dict[tuple[int, str], list[tuple[int, NetPosition]]] = {}
        """All that they ever were and since when (us), by account and symbol."""
        self.happened: dict[int, Counter[str]] = {}
        """What is worth a figure, by account."""

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
        elif isinstance(event, OrderAccepted | TriggerPlaced):
            self._watch_new(event.order, is_waiting=isinstance(event, TriggerPlaced))
        elif isinstance(event, OrderModified):
            self.facts[str(event.order.order_id)] = event.order
            self._count(event.order.account, "orders made smaller")
        elif isinstance(event, _ENDS):
            self._watch_end(event)
        elif isinstance(event, PositionChanged):
            became = self.last_us, self._net(event.symbol, event.position)
            self.positions.setdefault((event.account, event.symbol), [(0, FLAT)]).append(became)
        elif isinstance(event, FundingPaid):
            self._count(event.account, "funding payments")
        elif isinstance(event, LiquidationPrinted):
            for number in (event.order_id, event.opposite_order_id):
                self._count(self.facts[str(number)].account, f"fills by {event.system.value}")

    def _watch_new(self, facts: OrderFacts, *, is_waiting: bool) -> None:
        order_id, conditions = str(facts.order_id), facts.conditions
        self.facts[order_id], self.executed[order_id] = facts, 0
        self.status[order_id] = OrderStatus.TRIGGER_PENDING if is_waiting else OrderStatus.NEW
        self.accepted[facts.account] += 1
        is_fired = conditions is not None and conditions.triggered_us is not None
        if facts.client_id is not None and not is_fired:
            self.by_client_id.setdefault(facts.client_id, []).append(order_id)
        if is_waiting and conditions is not None and conditions.related_order_id is not None:
            self._count(facts.account, "exits that came with a fill")

    def _watch_end(self, event: OrderEnded | TriggerFired | TriggerFailed) -> None:
        order_id = str(event.order.order_id)
        if isinstance(event, OrderEnded):
            self.status[order_id] = event.status
        elif isinstance(event, TriggerFired):
            self.status[order_id] = OrderStatus.FILLED
            self.fired.add(order_id)
            self._count(event.order.account, "triggers fired")
        else:
            self.status[order_id] = OrderStatus.TRIGGER_FAILED
            self._count(event.order.account, "triggers failed")

    def _count(self, account: int, what: str) -> None:
        self.happened.setdefault(account, Counter())[what] += 1

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

    def state(self, order_id: str) -> OrderState:
        """What a client has to say of an order."""
        return OrderState.TRIGGERED if order_id in self.fired else MEANS[self.status[order_id]]

    def quantity(self, order_id: str) -> Decimal | None:
        """The quantity of an order with a limit; None for any other, which has none of its own."""
        facts = self.facts[order_id]
        if facts.price is None or facts.quantity is None:
            return None
        return self.listing.scales[facts.symbol].quantity(facts.quantity)

    def live(self, account: int) -> set[str]:
        """Orders that rest or wait for their triggers."""
        orders = self.engine.open_orders(account) + self.engine.pending_orders(account)
        return {str(order.order.order_id) for order in orders}

    def open_positions(self, account: int) -> dict[str, NetPosition]:
        """Those of an account, as a client has to tell them."""
        return {held.symbol: self._net(held.symbol, held.position) for held in self.engine.positions(account)}

    def _net(self, symbol: str, position: Position) -> NetPosition:
        rules = self.listing.rules[symbol].perpetual
        assert rules is not None, f"{symbol} has positions and no margin"
        if not position.quantity:
            return FLAT
        return NetPosition(
            net_quantity=rules.contract.quantity(position.quantity),
            entry_price=stripped(entry_price(position, rules.contract)),
            position_id=str(position.position_id),
        )

"""A view of an account in a world that goes wrong: frames lost, doubled and late, connections cut, questions unanswered, crashes.

A seed says what happens. Safety is checked at every event; then the faults end, and the view must come to agree with the venue.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from random import Random
from typing import Any

from account.said import iso
from account.venue import Real, Venue, content
from haversack.account.changes import AccountEvent, Batch, Filled, FillTooLate, OrderChanged, Reconciled
from haversack.account.life import OrderState
from haversack.account.memory import Begun, entries_of, recalled, rewritten
from haversack.account.sending import Sent, Unresolved
from haversack.account.view import AccountView
from haversack.errors import InvalidOrder, OutcomeUnknown, RequestFailed
from haversack.rest.inquiry import Outcome, Resolution
from haversack.rest.procedure import Pause, Procedure
from haversack.wire.base import CancelPending
from haversack.wire.enums import OrderEvent, OrderStatus
from haversack.wire.orders import CancelOrder, PlaceOrder

MEANS = {
    OrderStatus.NEW: OrderState.OPEN,
    OrderStatus.PARTIALLY_FILLED: OrderState.OPEN,
    OrderStatus.TRIGGER_PENDING: OrderState.TRIGGER_PENDING,
    OrderStatus.FILLED: OrderState.FILLED,
    OrderStatus.CANCELLED: OrderState.CANCELLED,
    OrderStatus.EXPIRED: OrderState.EXPIRED,
    OrderStatus.TRIGGER_FAILED: OrderState.TRIGGER_FAILED,
}

REFUSED = InvalidOrder(400, "INVALID_ORDER", "Invalid order", method="POST", path="/api/v1/order")


class Mismatch(AssertionError):
    """The view is not what the venue is."""


class World:
    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.venue = Venue(self.dice)
        self.file = b""
        self.told: Counter[Any] = Counter()
        self.begun_ms: list[int] = []
        self.reconnects = self.crashes = self.lost_frames = 0
        self.faults = True
        self.view = self._started()
        self.connected = False
        self.on_the_way: list[tuple[int, Any]] = []
        self.reading: Procedure[Reconciled] | None = None
        self.reply: Any = None
        self.real_of: dict[int, Real | None] = {}
        self.lost: list[Unresolved] = []
        self.cancels: list[tuple[int, Real]] = []
        self.last: Reconciled | None = None

    def _started(self) -> AccountView:
        self.real_of = {}
        recall = recalled(self.file)
        self.begun_ms = [entry.start_ms for entry in entries_of(self.file) if isinstance(entry, Begun)] + self.begun_ms
        self.file = rewritten(recall)
        return AccountView(recall=recall)

    # One step of the world

    def step(self) -> None:
        is_long = self.faults and self.dice.random() < 0.02
        self.venue.now_us += 60_000_000 if is_long else self.dice.choice((100, 5_000, 200_000, 1_500_000))
        if self.faults:
            self.dice.choice((self.trade, self.trade, self.trade, self.nothing, self.break_something))()
        self.late_cancels()
        self.send_frames()
        self.read_on()
        self.resolve()
        self.drain()

    def nothing(self) -> None:
        """A quiet moment."""

    def break_something(self) -> None:
        if not self.connected:
            return self.connect()
        if self.dice.random() < 0.1:
            return self.crash()
        return self.cut() if self.dice.random() < 0.6 else None

    def connect(self) -> None:
        self.connected = True
        self.reconnects += 1
        self.venue.frames.clear()
        self.view.connected(self.venue.now_us)

    def cut(self) -> None:
        self.connected = False
        self.on_the_way.clear()
        self.view.disconnected()

    def crash(self) -> None:
        """The program ends between any two bytes of what it wrote, and starts again."""
        self.crashes += 1
        batch = self.view.outgoing(self.venue.now_us)
        if batch is not None:
            # What is written and not synced may be there in part; nothing of it was delivered, or all of it was.
            self.file += batch.record[: self.dice.randint(0, len(batch.record))]
        self.cut()
        if self.reading is not None:
            self.reading.close()
        self.reading, self.lost = None, []
        self.view = self._started()

    # What happens on the account

    def trade(self) -> None:
        live = [real for real in self.venue.orders.values() if real.is_live]
        resting = [real for real in live if real.status != OrderStatus.TRIGGER_PENDING]
        cancelled = [real for real in self.venue.orders.values() if real.status == OrderStatus.CANCELLED]
        chance = self.dice.random()
        if chance < 0.25:
            self.place()
        elif chance < 0.35:
            self.venue.place(self.dice.choice((None, 5)), is_conditional=self.dice.random() < 0.3)
        elif chance < 0.40:
            self.venue.trade_with_itself()
        elif chance < 0.43 and cancelled:
            self.venue.fill(self.dice.choice(cancelled[-3:]), Decimal("0.1"))
        elif chance < 0.75 and resting:
            quantity = self.dice.choice((Decimal("0.5"), Decimal("0.1"), Decimal(2)))
            real = self.dice.choice(resting)
            self.venue.fill(real, min(quantity, 2 - real.executed), is_nameless=self.dice.random() < 0.05)
        elif chance < 0.88 and live:
            self.cancel(self.dice.choice(live))
        elif chance < 0.95 and live:
            real = self.dice.choice(live)
            self.venue.fire(real) if real.status == OrderStatus.TRIGGER_PENDING else self.venue.end(real, OrderEvent.EXPIRED)

    def place(self) -> None:
        operation = PlaceOrder(symbol="SOL_USDC", side="Bid", order_type="Limit", price="20", quantity="2", client_id=5)
        sent = self.view.sent(operation, sent_ms=self.venue.now_us // 1_000)
        fate = self.dice.choice(("taken", "taken", "taken, unheard", "lost", "refused"))
        real = self.venue.place(5, symbol="SOL_USDC") if fate.startswith("taken") else None
        self.real_of[sent.tickets[0]] = real
        if self.dice.random() < 0.5:
            self.send_frames()
        if fate == "taken" and real is not None:
            self.view.answered(sent, self.venue.row(real), self.venue.now_us)
        elif fate == "refused":
            self.view.failed(sent, REFUSED, self.venue.now_us)
        else:
            self.view.failed(sent, OutcomeUnknown(operation, RequestFailed("reset"), sent_ms=sent.sent_ms), self.venue.now_us)

    def cancel(self, real: Real) -> None:
        operation = CancelOrder(symbol=real.symbol, order_id=real.order_id)
        sent = self.view.sent(operation, sent_ms=self.venue.now_us // 1_000)
        fate = self.dice.choice(("done", "pending", "done, unheard", "lost", "refused"))
        if fate.startswith("done"):
            self.venue.end(real)
        if fate == "done":
            self.view.answered(sent, self.venue.row(real), self.venue.now_us)
        elif fate == "pending":
            self.cancels.append((self.venue.now_us + self.dice.choice((1_000, 3_000_000)), real))
            self.view.answered(sent, CancelPending(), self.venue.now_us)
        elif fate == "refused":
            self.view.failed(sent, REFUSED, self.venue.now_us)
        else:
            self.view.failed(sent, OutcomeUnknown(operation, RequestFailed("reset"), sent_ms=sent.sent_ms), self.venue.now_us)

    def late_cancels(self) -> None:
        for when_us, real in [each for each in self.cancels if each[0] <= self.venue.now_us]:
            self.cancels.remove((when_us, real))
            if real.is_live:
                self.venue.end(real)

    # What the view hears

    def send_frames(self) -> None:
        for frame in self.venue.frames:
            if not self.connected or (self.faults and self.dice.random() < 0.1):
                self.lost_frames += 1
                continue
            late_us = self.dice.choice((0, 0, 0, 2_000_000)) if self.faults else 0
            self.on_the_way.append((self.venue.now_us + late_us, frame))
            if self.faults and self.dice.random() < 0.1:
                self.on_the_way.append((self.venue.now_us + 3_000_000, frame))
        self.venue.frames.clear()
        due = [each for each in self.on_the_way if each[0] <= self.venue.now_us]
        self.on_the_way = [each for each in self.on_the_way if each[0] > self.venue.now_us]
        for _, frame in due:
            self.view.framed(frame, self.venue.now_us)
            if self.dice.random() < 0.7:
                self.drain()

    def read_on(self) -> None:
        due_us = self.view.due_us()
        if self.reading is None and due_us is not None and due_us <= self.venue.now_us:
            self.reading, self.reply = self.view.reading(self.venue.now_us), None
        for _ in range(self.dice.choice((1, 3, 20))):
            if self.reading is None:
                return
            try:
                step = self._next(self.reading)
            except StopIteration as end:
                self.last, self.reading = end.value, None
                self.view.read(end.value, self.venue.now_us)
            except RequestFailed:
                self.reading = None
                self.view.read_failed(self.venue.now_us)
            else:
                if isinstance(step, Pause):
                    self.venue.now_us += round(step.delay_s * 1_000_000)
                    self.reply = None
                else:
                    self.reply = self.venue.answer(step)

    def _next(self, reading: Procedure[Reconciled]) -> Any:
        if self.reply is not None and self.faults and self.dice.random() < 0.05:
            return reading.throw(RequestFailed("reset"))
        return reading.send(self.reply)

    def resolve(self) -> None:
        self.lost += self.view.unresolved()
        for unresolved in self.lost if not self.faults or self.dice.random() < 0.2 else []:
            self.view.resolved(unresolved, self.resolution(unresolved.sent), self.venue.now_us)
            self.lost = []

    def resolution(self, sent: Sent) -> Resolution:
        operation = sent.operation
        if self.faults and self.dice.random() < 0.3:
            return Resolution(operation=operation, state=Outcome.UNKNOWN, reason="nothing was read")
        if isinstance(operation, CancelOrder):
            real = self.venue.orders[operation.order_id or ""]
            state = Outcome.DONE if real.status == OrderStatus.CANCELLED else Outcome.NOT_DONE
            return Resolution(operation=operation, state=state, reason="", order=self.venue.row(real))
        found = self.real_of[sent.tickets[0]]
        if found is None:
            return Resolution(operation=operation, state=Outcome.NOT_DONE, reason="the exchange has no such order")
        return Resolution(operation=operation, state=Outcome.DONE, reason="", order=self.venue.row(found))

    # What the view tells

    def drain(self) -> None:
        while (batch := self.view.outgoing(self.venue.now_us)) is not None:
            self.file += batch.record
            if self.faults and self.dice.random() < 0.01:
                # The program ends after the record is on disk, and perhaps in the midst of the delivery.
                self.take(batch, self.dice.randint(0, len(batch.events)))
                return self.crash_now()
            self.take(batch, len(batch.events))
            self.view.delivered(batch)
        return None

    def crash_now(self) -> None:
        self.crashes += 1
        self.cut()
        self.reading, self.lost = None, []
        self.view = self._started()

    def take(self, batch: Batch, count: int) -> None:
        for event in batch.events[:count]:
            self.check(event)

    def check(self, event: AccountEvent) -> None:
        if isinstance(event, FillTooLate):
            raise Mismatch(f"a fill was late: {event.fill}")
        if isinstance(event, Filled):
            key = (*content(event.fill), event.fill.copy, 0 if event.fill.trade_id else event.fill.time_us // 1_000)
            if self.told[key] and not event.fill.maybe_repeated:
                raise Mismatch(f"told twice, unmarked: {event.fill}")
            self.told[key] += not self.told[key]
        if isinstance(event, OrderChanged):
            self.check_order(event)

    def check_order(self, event: OrderChanged) -> None:
        order, before = event.order, event.before
        if order.order_id is None:
            assert order.ticket is not None
            real = self.real_of.get(order.ticket)
            if order.is_ended and real is not None:
                raise Mismatch(f"called {order.state} though the exchange has it: {order}")
            return
        if order.is_ended and self.venue.orders[order.order_id].is_live:
            raise Mismatch(f"called {order.state} though it is live: {order}")
        if before is not None and before.order_id is not None and before.is_ended and not order.is_ended:
            raise Mismatch(f"went backwards: {before} to {order}")
        if before is not None and order.executed_quantity < before.executed_quantity:
            raise Mismatch(f"executed less: {before} to {order}")

    # The end

    def settle(self) -> None:
        """No more faults: after an audit that passes, everything agrees."""
        self.faults = False
        if not self.connected:
            self.connect()
        quiet_us = self.venue.now_us + 30_000_000
        for _ in range(3_000):
            self.step()
            is_late_enough = self.last is not None and self.last.asked_ms * 1_000 > quiet_us
            if is_late_enough and self.last is not None and self.last.is_settled and not self.lost:
                break
        else:
            raise Mismatch(f"it never settled: {self.last}")
        self.compare()

    def compare(self) -> None:
        real_fills = Counter(content(row) for _, row in self.venue.fills if row.timestamp_iso >= self.begun_iso())
        told: Counter[Any] = Counter()
        for key, count in self.told.items():
            told[key[:7]] += count
        if +(real_fills - told) or +(told - Counter(content(row) for _, row in self.venue.fills)):
            raise Mismatch(f"fills: missing {real_fills - told}, too many {told - real_fills}")
        self.compare_orders()
        balance = self.view.balances.get("USDC")
        if balance is None or balance.available != self.venue.available:
            raise Mismatch(f"balance {balance}, really {self.venue.available}")

    def compare_orders(self) -> None:
        for real in self.venue.orders.values():
            order = self.view.orders.get(real.order_id)
            if order is None:
                if real.is_live:
                    raise Mismatch(f"live and not known: {real}")
                continue
            if order.reached is not MEANS[real.status] or order.executed_quantity != real.executed:
                raise Mismatch(f"{order}, really {real}")
        strangers = [order for order in self.view.orders.live() if order.order_id is None]
        if strangers:
            raise Mismatch(f"still without an answer: {strangers}")
        for ticket, found in self.real_of.items():
            own = self.view.orders.of_ticket(ticket)
            is_right = own is not None and own.order_id == (found.order_id if found is not None else None)
            if not is_right:
                raise Mismatch(f"ticket {ticket} is {own}, really {found}")

    def begun_iso(self) -> str:
        """From when on fills are wanted: what the file said first."""
        said = [entry.start_ms for entry in entries_of(self.file) if isinstance(entry, Begun)]
        return iso(min(said + self.begun_ms))

"""The account as it is: fed with frames, answers and the time; drained of questions and events. No socket, no clock.

    feed     connected, missed, disconnected · framed · sent, answered, failed, resolved
    ask      due_us, reading -> a procedure for a client to perform, read or read_failed · unresolved -> what to resolve
    drain    outgoing -> Batch: write its record, keep its events for the program, then handed_over · taken, once the program has
             dealt with fills · farewell -> what to write at the end

After a connection the view first reads what was missed. Meanwhile frames count at once in what it knows, but what they tell is
held back, so that fills come in their order: those that were missed before those that were not. It is held back for `HOLD_US` at
most, because an exchange whose REST is down must not keep live fills from the program. Fills that come later then are marked
as recovered all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec

from haversack.account.balances import Balances
from haversack.account.changes import (
    AccountEvent,
    BalanceChanged,
    Batch,
    Filled,
    FillTooLate,
    Gathered,
    OrderChanged,
    PositionChanged,
    Reconciled,
)
from haversack.account.fills import AccountFill, FillMemory, fill_in_frame, fills_in_rows, is_of_fill
from haversack.account.life import ENDS, OrderState, TrackedOrder
from haversack.account.memory import Recalled, Record
from haversack.account.orders import Change, Orders
from haversack.account.positions import Positions
from haversack.account.reconcile import (
    HISTORY_LAG_MS,
    LOOKUPS_MAX,
    Failure,
    Lists,
    Rhythm,
    Schedule,
    attempted,
    read_balances,
    read_lists,
    read_order,
    read_positions,
)
from haversack.account.sending import Command, Sent, Unresolved
from haversack.errors import OutcomeUnknown
from haversack.rest.inquiry import Outcome, Resolution
from haversack.rest.procedure import Procedure
from haversack.wire.base import CancelPending
from haversack.wire.events import BalanceUpdate, OrderUpdate, PositionUpdate
from haversack.wire.orders import CancelAllOrders, CancelOrder, PlaceOrder, PlaceOrders

HOLD_US = 10_000_000
"""How long what frames tell is held back for what was missed before it."""
HELD_MAX = 10_000

_UNCERTAIN = (ENDS - {OrderState.FILLED}) | {OrderState.UNKNOWN}

Frame: TypeAlias = OrderUpdate | BalanceUpdate | PositionUpdate


class AccountView:
    """Orders, fills, balances and positions of one account."""

    def __init__(self, *, recall: Recalled | None = None, since_ms: int | None = None, rhythm: Rhythm | None = None) -> None:
        """`recall`: what an earlier run remembered, of an empty file too; None keeps no record. `since_ms`: from when on fills
        are wanted, if nothing is remembered; from the first reading on if not given."""
        self.orders = Orders()
        self.balances = Balances()
        self.positions = Positions()
        has_memory = recall is not None and recall.memory.start_ms is not None
        self._memory = recall.memory if recall is not None and has_memory else FillMemory(since_ms=since_ms)
        self._record = Record(recall)
        # Told by an earlier run: not to be told again, but this run's orders do not count them yet.
        self._uncounted = {key for key, _ in self._memory.known()}
        self._is_damaged = recall is not None and recall.is_damaged
        self._schedule = Schedule(rhythm)
        self._events: list[AccountEvent] = []
        self._batch: Batch | None = None
        self._held: Gathered | None = None
        self._held_until_us = 0
        self._is_reading = self._is_synced = self._is_connected = False
        self._connections = 0
        self._reading_of = 0
        """The connection that the reading began on."""
        self._unresolved: list[Unresolved] = []
        self._still_unknown: list[Unresolved] = []
        # Orders that were filled after their end, or unseen, and until when (ms) the history may not say so yet.
        self._late: dict[str, int] = {}
        doubtful = recall.doubtful if recall is not None else []
        for fill in doubtful:
            self._tell_fill(msgspec.structs.replace(fill, maybe_repeated=True))

    @property
    def is_synced(self) -> bool:
        """Whether everything was read since the last connection, and the connection is there."""
        return self._is_synced

    @property
    def since_ms(self) -> int | None:
        """From when on the next reading asks for fills; None: from its own beginning."""
        return self._memory.floor_ms

    @property
    def remembered(self) -> int:
        """How many fills are known one by one."""
        return len(self._memory)

    # Connection

    def connected(self, now_us: int) -> None:
        """The streams of the account were asked for on a new connection."""
        self._is_connected, self._is_synced = True, False
        self._connections += 1
        if self._held is None:
            self._held = Gathered()
            self._held_until_us = now_us + HOLD_US
        self._schedule.interrupted(now_us)

    def missed(self, now_us: int) -> None:
        """Frames may have been lost on a connection that goes on: a queue was full, or a frame could not be read."""
        self.connected(now_us)

    def disconnected(self) -> None:
        """The connection is gone; the next one will have missed something."""
        self._is_connected = self._is_synced = False

    # Frames

    def framed(self, frame: Frame, now_us: int) -> None:
        """A frame of one of the account's streams has come."""
        if isinstance(frame, OrderUpdate):
            self._framed_order(frame, now_us)
        elif isinstance(frame, BalanceUpdate):
            before = self.balances.get(frame.asset)
            if self.balances.framed(frame):
                self._tell_balance(frame.asset, before, recovered=False)
        else:
            was = self.positions.get(frame.symbol)
            if self.positions.framed(frame) and was != self.positions.get(frame.symbol):
                self._events.append(PositionChanged(frame.symbol, self.positions.get(frame.symbol), was, recovered=False))

    def _framed_order(self, frame: OrderUpdate, now_us: int) -> None:
        gathered = self._held if self._held is not None else Gathered()
        fill = fill_in_frame(frame) if is_of_fill(frame) else None
        if fill is not None:
            self._memory.begin(fill.time_us // 1_000)
            self._take_fills([fill], gathered, recovered=False)
        elif is_of_fill(frame):
            # It cannot be told from its row in the history, so it is taken from there.
            self._schedule.hurry(now_us)
        if self.orders.may_have_fired(frame):
            # No frame says that a trigger fired; the list of open orders and the history show it.
            self._schedule.hurry(now_us)
        changes = self.orders.framed(frame)
        gathered.add_changes(changes, recovered=False)
        self._tell(gathered)

    # What this program sends

    def sent(self, operation: Command, *, sent_ms: int | None = None) -> Sent:
        """Say it before it is sent: its orders are pending from now on."""
        placed = operation.orders if isinstance(operation, PlaceOrders) else [operation]
        orders = self.orders.sent_together([each for each in placed if isinstance(each, PlaceOrder)])
        self._tell_changes([Change(order, None) for order in orders])
        return Sent(operation=operation, tickets=tuple([order.ticket or 0 for order in orders]), sent_ms=sent_ms)

    def answered(self, sent: Sent, answer: Any, now_us: int) -> None:
        """The exchange answered. A cancel that it has not carried out (202) makes the view look again soon."""
        if isinstance(sent.operation, CancelOrder | CancelAllOrders):
            changes = self.orders.cancel_answered(sent.operation, answer)
            if isinstance(answer, CancelPending):
                self._schedule.hurry(now_us)
        else:
            answers: Any = answer if isinstance(sent.operation, PlaceOrders) else [answer]
            changes = [
                change
                for ticket, each in zip(sent.tickets, answers, strict=True)
                for change in self.orders.answered(ticket, each)
            ]
        self._tell_changes(changes)

    def failed(self, sent: Sent, error: BaseException, now_us: int) -> None:
        """No answer came, or a refusal. What is unknown after it waits in `unresolved`."""
        if isinstance(sent.operation, CancelOrder | CancelAllOrders):
            changes = self.orders.cancel_failed(sent.operation, error)
            self._schedule.hurry(now_us)
            is_unknown = bool(changes) or isinstance(error, OutcomeUnknown)
        else:
            changes = [change for ticket in sent.tickets for change in self.orders.failed(ticket, error)]
            is_unknown = any(change.order.reached is OrderState.UNKNOWN for change in changes)
        self._tell_changes(changes)
        if not is_unknown:
            return
        if isinstance(error, OutcomeUnknown):
            self._unresolved.append(Unresolved(sent, error))
        elif sent.sent_ms is not None:
            self._unresolved.append(Unresolved(sent, OutcomeUnknown(sent.operation, error, sent_ms=sent.sent_ms)))

    def unresolved(self) -> list[Unresolved]:
        """What is to be resolved now; each is handed out once, and again after a resolution that did not know either."""
        found, self._unresolved = self._unresolved, []
        return found

    def resolved(self, unresolved: Unresolved, resolution: Resolution, now_us: int) -> None:
        """What became of it. Where that is still unknown it is asked again after the next reading."""
        sent = unresolved.sent
        if isinstance(sent.operation, CancelOrder | CancelAllOrders):
            changes = self.orders.cancel_resolved(sent.operation, resolution)
            self._schedule.hurry(now_us)
        else:
            parts = resolution.parts or (resolution,)
            changes = [
                change for ticket, part in zip(sent.tickets, parts, strict=True) for change in self.orders.resolved(ticket, part)
            ]
        self._tell_changes(changes)
        if resolution.state is Outcome.UNKNOWN:
            self._still_unknown.append(unresolved)

    # Readings

    def due_us(self) -> int | None:
        """When the next reading is to be made; None while there is one, or before the first connection."""
        return None if self._is_reading else self._schedule.due_us

    def reading(self, now_us: int) -> Procedure[Reconciled]:
        """One reading, for a client to perform; then call `read`, or `read_failed` with the error that it raised."""
        assert not self._is_reading
        self._is_reading = True
        self._reading_of = self._connections
        self._schedule.began(now_us)
        return self._steps()

    def read(self, reading: Reconciled, now_us: int) -> None:
        """The reading ended."""
        self._is_reading = False
        # One that began before the connection may not have seen what was missed by it.
        self._is_synced = self._is_connected and self._reading_of == self._connections
        self._schedule.ended(now_us, is_settled=not reading.is_worth_repeating)
        self._unresolved += self._still_unknown
        self._still_unknown = []

    def read_failed(self, now_us: int) -> None:
        """The reading failed, and will be made again. Nothing is concluded from it."""
        self._is_reading = False
        self._schedule.failed(now_us)

    def _steps(self) -> Procedure[Reconciled]:
        live_before = {order.order_id for order in self.orders.live()}
        lists = yield from read_lists(self._memory.floor_ms)
        recovered = self._merge(lists)
        failures: list[Failure] = []
        shown = {order.order_id for order in lists.open_orders}
        late = [order for order_id in self._late if (order := self.orders.get(order_id)) is not None]
        for order in (*self._missing(live_before, shown)[:LOOKUPS_MAX], *late[:LOOKUPS_MAX]):
            yield from self._look_up(order, lists.asked_ms, failures)
        open_ = [f"order {order.order_id}" for order in self._missing(live_before, shown)]
        open_ += [f"late fill of order {order_id}" for order_id in self._late]
        open_ += [f"cancel of order {order.order_id}" for order in self.orders.live() if order.is_cancel_pending]
        open_ += yield from self._read_values(lists.asked_ms * 1_000, failures)
        reading = Reconciled(
            asked_ms=lists.asked_ms, recovered_fills=recovered, open_questions=tuple(open_), failures=tuple(failures)
        )
        self._events.append(reading)
        return reading

    def _look_up(self, order: TrackedOrder, asked_ms: int, failures: list[Failure]) -> Procedure[None]:
        order_id = order.order_id or ""
        rows = yield from attempted(read_order(order_id, order.symbol), f"order {order_id}", failures)
        self._tell_changes(self.orders.listed(rows or []), recovered=True)
        if rows is not None and asked_ms > self._late.get(order_id, asked_ms):
            del self._late[order_id]

    def _missing(self, live_before: set[str | None], shown: set[str]) -> list[TrackedOrder]:
        """Orders that counted as live and are in no list, and those of which only fills are known."""
        return [
            order
            for order in self.orders.live()
            if order.order_id is not None
            and order.order_id not in shown
            and (order.order_id in live_before or order.reached is OrderState.UNKNOWN)
        ]

    def _merge(self, lists: Lists) -> int:
        gathered = self._held if self._held is not None else Gathered()
        self._memory.begin(lists.asked_ms)
        fills = [fill for fill in fills_in_rows(lists.fills) if fill.time_us // 1_000 >= (self._memory.floor_ms or 0)]
        if self._is_damaged:
            fills = [msgspec.structs.replace(fill, maybe_repeated=True) for fill in fills]
        count = self._take_fills(fills, gathered, recovered=True)
        gathered.add_changes(self.orders.listed(lists.past_orders), recovered=True)
        gathered.add_changes(self.orders.listed_open(lists.open_orders), recovered=True)
        self._held = None
        self._tell(gathered)
        # What was read stands in the record before the line that says that it was.
        self._memory.advance(lists.asked_ms - HISTORY_LAG_MS)
        self._record.complete(self._memory)
        self._is_damaged = False
        return count

    def _read_values(self, asked_us: int, failures: list[Failure]) -> Procedure[list[str]]:
        open_: list[str] = []
        balances = yield from attempted(read_balances(), "balances", failures)
        if balances is not None:
            before = self.balances.all()
            merged = self.balances.answered(balances, asked_us=asked_us)
            open_ += [f"balance of {asset}" for asset in merged.open]
            for asset in merged.changed:
                self._tell_balance(asset, before.get(asset), recovered=True)
        positions = yield from attempted(read_positions(), "positions", failures)
        if positions is not None:
            were = {symbol: self.positions.get(symbol) for symbol in (*self.positions.all(), *[row.symbol for row in positions])}
            merged = self.positions.answered(positions, asked_us=asked_us)
            open_ += [f"position in {symbol}" for symbol in merged.open]
            for symbol in merged.changed:
                self._events.append(PositionChanged(symbol, self.positions.get(symbol), were[symbol], recovered=True))
        return open_

    # Telling

    def outgoing(self, now_us: int) -> Batch | None:
        """What is to be told now; the same until it was handed over. None: nothing."""
        if self._held is not None and (now_us >= self._held_until_us or self._held.count > HELD_MAX):
            gathered, self._held = self._held, None
            self._tell(gathered)
        if self._batch is None and self._held is None and (self._events or self._record.is_due):
            self._batch = Batch(self._record.taken_out(), tuple(self._events))
            self._events = []
        return self._batch

    @property
    def waiting(self) -> int:
        """Events that are in no batch yet."""
        return len(self._events)

    def handed_over(self, batch: Batch) -> None:
        """Its record is written, and its events are kept for the program: the next batch may come."""
        assert batch is self._batch
        self._batch = None

    def taken(self, count: int) -> None:
        """The program has dealt with so many more fills, in the order in which they were told."""
        self._record.delivered(count)

    def delivered(self, batch: Batch) -> None:
        """The program has its events, all of them, and has dealt with them."""
        self.handed_over(batch)
        self.taken(sum(isinstance(event, Filled) for event in batch.events))

    def farewell(self) -> bytes:
        """What to write before a clean end, so that the next run does not tell again what was taken."""
        return self._record.farewell()

    def _take_fills(self, fills: Sequence[AccountFill], gathered: Gathered, *, recovered: bool) -> int:
        told_before = [fill for fill in fills if fill.key in self._uncounted]
        self._uncounted -= {fill.key for fill in told_before}
        seen = self._memory.sift(fills)
        for fill in (*told_before, *seen.new):
            changes = self.orders.filled(fill.order_id, fill.symbol, fill.quantity)
            gathered.add_changes(changes, recovered=recovered)
            # A row of the history may say less of such an order than its fills do, and be the last word that is asked for.
            if recovered and any(change.order.reached in _UNCERTAIN for change in changes):
                self._late[fill.order_id] = fill.time_us // 1_000 + HISTORY_LAG_MS
        gathered.add_fills(seen.new)
        self._events += [FillTooLate(fill) for fill in seen.too_late]
        return len(seen.new)

    def _tell(self, gathered: Gathered) -> None:
        if gathered is self._held:
            return
        fills = gathered.fills()
        self._record.delivering(fills, self._memory)
        for fill in fills:
            self._tell_fill(fill)
        self._events += gathered.orders()

    def _tell_fill(self, fill: AccountFill) -> None:
        order = self.orders.get(fill.order_id) or TrackedOrder(
            symbol=fill.symbol, order_id=fill.order_id, reached=OrderState.UNKNOWN
        )
        self._events.append(Filled(fill, order))

    def _tell_changes(self, changes: Sequence[Change], *, recovered: bool = False) -> None:
        if self._held is not None:
            self._held.add_changes(changes, recovered=recovered)
        else:
            self._events += [OrderChanged(change.order, change.before, recovered) for change in changes]

    def _tell_balance(self, asset: str, before: Any, *, recovered: bool) -> None:
        balance = self.balances.get(asset)
        assert balance is not None
        self._events.append(BalanceChanged(balance, before, recovered))

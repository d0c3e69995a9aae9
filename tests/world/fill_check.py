"""P2: every fill is told to the program once, over reconnects and restarts; after a crash perhaps twice, and then it says so."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from haversack.account.changes import AccountEvent, Filled, FillTooLate, OrderChanged
from haversack.account.fills import AccountFill
from haversack.account.life import OrderState, TrackedOrder
from haversack.exchange.engine.event import OrderFilled
from world.truth import FillId, Truth


class FillCheck:
    """What the program was told of its account, in all its runs, and the file in which that is remembered.

    Each run has a file of its own, that begins as what was on the disk when the run before ended. So what a run still writes
    while its tasks end after a crash is lost, as it has to be.
    """

    def __init__(self, truth: Truth, account: int, complain: Callable[[str], None]) -> None:
        self._truth = truth
        self._account = account
        self._complain = complain
        self._told: Counter[FillId] = Counter()
        self._content: bytes | None = None
        self._dice = Random(0)
        self._crash: Callable[[], None] | None = None
        self._at_delivery = 0
        self.crashes = 0
        self.path = Path()
        self.counts: Counter[str] = Counter()

    # The disk

    def start(self, folder: str, number: int) -> None:
        """A run begins: its file is what the one before left."""
        content = self._content if self._content is not None or not self.path.is_file() else self.path.read_bytes()
        self._content = None
        self.path = Path(folder) / f"{self._account}-{number}" / "fills"
        self.path.parent.mkdir()
        if content is not None:
            self.path.write_bytes(content)

    @property
    def has_begun(self) -> bool:
        """Whether the file says since when fills are wanted."""
        return self._content is None and self.path.is_file() and self.path.stat().st_size > 0

    def freeze(self) -> None:
        """The program has crashed: what is on the disk now is all that there will be."""
        self.crashes += 1
        if self._content is None:
            self._content = self.path.read_bytes() if self.path.exists() else b""

    def crash_soon(self, dice: Random, crash: Callable[[], None]) -> None:
        """Let the program crash at the worst moment: while it writes, or while it deals with fills that it was told."""
        self._dice, self._crash = dice, crash
        self._at_delivery = dice.choice((0, 0, 1, 2))

    def heal(self) -> None:
        """No more crashes."""
        self._crash = None

    def at_disk(self, work: Callable[[], Any]) -> Any:
        """A write. What is written and not synced may be there in part."""
        before = self.path.read_bytes() if self.path.exists() and self._crash is not None else b""
        result = work()
        if self._crash is None or self._at_delivery or not self.path.exists():
            return result
        after = self.path.read_bytes()
        if before and after.startswith(before) and len(after) > len(before):
            self._content = after[: self._dice.randint(len(before), len(after))]
            self._crash_now()
        return result

    def _crash_now(self) -> None:
        crash, self._crash = self._crash, None
        if crash is not None:
            self.counts["crashes at the worst moment"] += 1
            crash()

    # What the program is told

    def told(self, event: AccountEvent) -> None:
        """The program was told this."""
        if isinstance(event, FillTooLate):
            self._complain(f"P2 a fill came too late to be told: {event.fill}")
        elif isinstance(event, Filled):
            self._filled(event.fill)
        elif isinstance(event, OrderChanged):
            self._changed(event)

    def _filled(self, fill: AccountFill) -> None:
        key = (fill.trade_id or 0, fill.order_id, str(fill.side))
        real = [each for each in self._truth.fills.get(self._account, []) if _id(each) == key]
        if not real or not self._is_same(fill, real[0]):
            self._complain(f"P2 a fill was told that never was: {fill}, really {real}")
        if self._told[key] and not fill.maybe_repeated:
            self._complain(f"P2 a fill was told twice, and does not say so: {fill}")
        if self._told[key] and not self.crashes:
            self._complain(f"P2 a fill was told twice, though nothing crashed: {fill}")
        self.counts["fills told twice after a crash"] += bool(self._told[key])
        self.counts["fills recovered"] += fill.recovered
        self._told[key] += 1
        if self._crash is not None and self._at_delivery:
            self._at_delivery -= 1
            if not self._at_delivery:
                self._crash_now()

    def _is_same(self, fill: AccountFill, real: OrderFilled) -> bool:
        scales = self._truth.listing.scales[real.order.symbol]
        fee = Decimal(real.fee).scaleb(-self._truth.listing.asset_scales[real.fee_asset])
        ours = (fill.symbol, fill.price, fill.quantity, fill.is_maker, fill.fee, fill.fee_symbol)
        price, quantity = scales.price(real.price), scales.quantity(real.quantity)
        return ours == (real.order.symbol, price, quantity, real.is_maker, fee, real.fee_asset)

    def _changed(self, event: OrderChanged) -> None:
        order = event.order
        if order.order_id is None:
            if order.is_ended and order.client_id is not None and self._truth.by_client_id.get(order.client_id):
                self._complain(f"P3 the account calls intent {order.client_id} {order.state}, and the exchange has it")
            return
        state = self._truth.state(order.order_id)
        if order.is_ended and state is not order.reached:
            self._complain(f"P3 the account calls order {order.order_id} {order.state}, and it is {state}")

    # The end

    def missing(self) -> list[FillId]:
        """Fills that were not told."""
        return [key for key in self._truth.fill_ids(self._account) if not self._told[key]]

    def check_told(self) -> None:
        """All was told."""
        if missing := self.missing():
            self._complain(f"P2 {len(missing)} fills were never told: {missing}")

    def check_live(self, live: dict[str | None, OrderState]) -> None:
        """What the account says rests, or waits for its trigger, does."""
        if set(live) != self._truth.live(self._account):
            self._complain(f"P3 the account says that {live} are open, really {self._truth.live(self._account)}")

    def check_orders(self, orders: Sequence[TrackedOrder], order_ids: Iterable[str]) -> None:
        """What the account says of all its orders is so, and these are among them."""
        known = {order.order_id: order for order in orders if order.order_id is not None}
        for order_id in order_ids:
            if order_id not in known:
                self._complain(f"P3 the account knows nothing of order {order_id}")
        for order_id, order in known.items():
            if wrong := self._wrong(order_id, order):
                self._complain(f"P3 the account says {order}, and it is {wrong}")

    def _wrong(self, order_id: str, order: TrackedOrder) -> str:
        """What an order really is, if it is called something else."""
        state = self._truth.state(order_id)
        executed = self._truth.listing.scales[order.symbol].quantity(self._truth.executed[order_id])
        quantity = self._truth.quantity(order_id)
        is_so = order.reached is state and order.executed_quantity == executed
        if is_so and quantity in (None, order.quantity):
            return ""
        return f"{state}, {executed} of {quantity} executed"

    def is_settled(self, orders: Sequence[TrackedOrder]) -> bool:
        """Whether all of that is so already."""
        known = [(order.order_id, order) for order in orders if order.order_id is not None]
        live = {order.order_id for order in orders if order.is_live}
        return not self.missing() and live == self._truth.live(self._account) and not any(self._wrong(*each) for each in known)


def _id(fill: OrderFilled) -> FillId:
    return (fill.trade_id, str(fill.order.order_id), str(fill.order.side))


def folder_for_memory() -> str | None:
    """Where files are fast: a sync there costs nothing."""
    return "/dev/shm" if os.path.isdir("/dev/shm") else None

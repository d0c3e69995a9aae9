"""What the client's program wanted, what it was told, and whether that is so.

An intent is one order. At most one order may ever be accepted for it; and what the program calls refused, or never sent, or not
there, must not be at the exchange, then or ever.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from haversack.rest.inquiry import Outcome, Resolution
from haversack.wire.enums import OrderStatus
from world.truth import SYMBOL, Truth


class Fate(Enum):
    """What the program believes of an intent."""

    SENT = "sent"
    TAKEN = "taken"
    DEAD = "dead"
    UNKNOWN = "unknown"


@dataclass
class Intent:
    """One order that was wanted."""

    client_id: int
    life: int
    """Which run of the program it belongs to."""
    symbol: str = SYMBOL
    fate: Fate = Fate.SENT
    order_id: str | None = None
    why: str = ""


@dataclass
class CancelIntent:
    """One cancel of one order."""

    order_id: str
    life: int
    fate: Fate = Fate.SENT
    is_vain: bool = False
    """The program was told that it did not work, and no longer can."""


class Intents:
    """All intents of all runs of a program."""

    def __init__(self, truth: Truth, complain: Callable[[str], None]) -> None:
        self._truth = truth
        self._complain = complain
        self._next = 1_000
        self.orders: dict[int, Intent] = {}
        self.cancels: list[CancelIntent] = []
        self.unknown = 0
        """Answers that were lost."""

    def new(self, life: int) -> Intent:
        """An order that is about to be sent."""
        self._next += 1
        intent = self.orders[self._next] = Intent(self._next, life)
        return intent

    def taken(self, intent: Intent, order_id: str) -> None:
        """The program was told that the exchange has it."""
        intent.fate, intent.order_id = Fate.TAKEN, order_id
        if order_id not in self._truth.by_client_id.get(intent.client_id, []):
            self._complain(f"P3 intent {intent.client_id} is called order {order_id}, which is not its")

    def dead(self, intent: Intent, why: str) -> None:
        """The program was told that the exchange has it not."""
        intent.fate, intent.why = Fate.DEAD, why
        self._check_dead(intent)

    def _check_dead(self, intent: Intent) -> None:
        if orders := self._truth.by_client_id.get(intent.client_id):
            self._complain(f"P3 intent {intent.client_id} was called dead ({intent.why}), and is {orders}")

    def resolved(self, intent: Intent, resolution: Resolution) -> None:
        """What a lost order was found to be."""
        if resolution.state is Outcome.DONE:
            assert resolution.order is not None
            self.taken(intent, resolution.order.order_id)
        elif resolution.state is Outcome.NOT_DONE:
            self.dead(intent, f"resolved: {resolution.reason}")
        else:
            intent.fate, intent.why = Fate.UNKNOWN, resolution.reason

    def cancelled(self, cancel: CancelIntent) -> None:
        """The program was told that the exchange cancelled it."""
        cancel.fate = Fate.TAKEN
        if self._truth.status[cancel.order_id] != OrderStatus.CANCELLED:
            self._complain(f"P3 order {cancel.order_id} is called cancelled, and is {self._truth.status[cancel.order_id]}")

    def cancel_refused(self, cancel: CancelIntent) -> None:
        """The program was told that there is no such order any more, or that the cancel did not work."""
        cancel.fate = Fate.DEAD

    def cancel_resolved(self, cancel: CancelIntent, resolution: Resolution) -> None:
        """What a lost cancel was found to have done."""
        if resolution.state is Outcome.DONE:
            self.cancelled(cancel)
        elif resolution.state is Outcome.NOT_DONE:
            cancel.fate, cancel.is_vain = Fate.DEAD, True
        else:
            cancel.fate = Fate.UNKNOWN

    def open(self, life: int) -> bool:
        """Whether a run still waits to learn what became of something."""
        waits = (Fate.SENT, Fate.UNKNOWN)
        orders = any(each.life == life and each.fate in waits for each in self.orders.values())
        return orders or any(each.life == life and each.fate in waits for each in self.cancels)

    def order_ids(self, life: int) -> list[str]:
        """The orders of a run that the exchange has."""
        return [each.order_id for each in self.orders.values() if each.life == life and each.order_id is not None]

    def check_at_most_once(self) -> None:
        """No intent has two orders."""
        for client_id, orders in self._truth.by_client_id.items():
            if len(orders) > 1:
                self._complain(f"P3 intent {client_id} became {len(orders)} orders: {orders}")
            if client_id not in self.orders:
                self._complain(f"P3 nobody wanted order {orders} with client id {client_id}")

    def check_at_end(self, life: int) -> None:
        """Everything that the last run wanted is known, and it is as it was called."""
        self.check_at_most_once()
        for intent in self.orders.values():
            if intent.fate is Fate.DEAD:
                self._check_dead(intent)
            elif intent.life == life and intent.fate is not Fate.TAKEN:
                self._complain(f"P3 intent {intent.client_id} is still {intent.fate.value}: {intent.why}")
        for cancel in self.cancels:
            others = sum(each.order_id == cancel.order_id for each in self.cancels) > 1
            if cancel.is_vain and not others and self._truth.status[cancel.order_id] == OrderStatus.CANCELLED:
                self._complain(f"P3 the cancel of {cancel.order_id} was called in vain, and was not")
            if cancel.life == life and cancel.fate in (Fate.UNKNOWN, Fate.SENT):
                self._complain(f"P3 the cancel of {cancel.order_id} is still {cancel.fate.value}")

    def told(self, intents: list[Intent], answers: list[Any]) -> None:
        """The results of a batch."""
        for intent, answer in zip(intents, answers, strict=True):
            order_id = getattr(answer, "order_id", None)
            if order_id is None:
                self.dead(intent, f"refused in a batch: {answer}")
            else:
                self.taken(intent, order_id)

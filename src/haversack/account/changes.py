"""What a view of an account tells the program, and the record that must be on disk before it does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from haversack.account.balances import AssetBalance
from haversack.account.fills import AccountFill
from haversack.account.life import TrackedOrder
from haversack.account.orders import Change
from haversack.account.positions import NetPosition
from haversack.account.reconcile import Failure


class Filled(msgspec.Struct, frozen=True):
    """One fill, told once. `fill.recovered` and `fill.maybe_repeated` say what is special about it."""

    fill: AccountFill
    order: TrackedOrder
    """The order with all that is known by now; `was_filled_late` if it had been called ended before.

    A fill may come before the answer to its order. It is then nobody's own yet, since a client id proves nothing: look again by
    `account.order(fill.order_id)` once your call has returned."""


class FillTooLate(msgspec.Struct, frozen=True):
    """A fill from before everything that is remembered turned up. Nobody can say whether it was told: look at it yourself."""

    fill: AccountFill


class OrderChanged(msgspec.Struct, frozen=True):
    """An order is not what it was."""

    order: TrackedOrder
    before: TrackedOrder | None
    """None for an order that was not known."""
    recovered: bool
    """Learnt by asking, and not from the stream or from an answer to this program's order."""


class BalanceChanged(msgspec.Struct, frozen=True):
    """The account has more or less of an asset."""

    balance: AssetBalance
    before: AssetBalance | None
    recovered: bool


class PositionChanged(msgspec.Struct, frozen=True):
    """A position was opened, changed or closed."""

    symbol: str
    position: NetPosition
    before: NetPosition
    recovered: bool


class Reconciled(msgspec.Struct, frozen=True, kw_only=True):
    """A reading of the account ended; all that it brought stands before this."""

    asked_ms: int
    """The exchange's time when it began."""
    recovered_fills: int
    open_questions: tuple[str, ...]
    """Orders, assets and symbols about which the sources differ yet; they are asked about again."""
    failures: tuple[Failure, ...]
    """Questions that were not answered, of those that the rest does not need."""

    @property
    def is_worth_repeating(self) -> bool:
        """Whether asking again soon could say more; a question that the exchange refuses is refused again."""
        return bool(self.open_questions) or any(failure.error.retryable for failure in self.failures)

    @property
    def is_settled(self) -> bool:
        """Whether everything agrees."""
        return not self.open_questions and not self.failures


AccountEvent: TypeAlias = Filled | FillTooLate | OrderChanged | BalanceChanged | PositionChanged | Reconciled


class Batch(msgspec.Struct, frozen=True):
    """Events, and what must be written and synced before any of them is handed out, if the view remembers."""

    record: bytes
    events: tuple[AccountEvent, ...]


class Gathered:
    """Fills and changed orders that will be told together: fills by time, then each order once, as it ended up."""

    def __init__(self) -> None:
        self._fills: list[AccountFill] = []
        self._orders: dict[str, OrderChanged] = {}

    @property
    def count(self) -> int:
        """How many fills and orders."""
        return len(self._fills) + len(self._orders)

    def add_fills(self, fills: Iterable[AccountFill]) -> None:
        """Fills that were not told yet."""
        self._fills += fills

    def add_changes(self, changes: Iterable[Change], *, recovered: bool) -> None:
        """Orders that changed; what an order was before the first of its changes is what counts."""
        for change in changes:
            name = change.order.order_id or f"ticket {change.order.ticket}"
            first = self._orders.get(name)
            before = change.before if first is None else first.before
            is_recovered = recovered if first is None else first.recovered or recovered
            self._orders[name] = OrderChanged(change.order, before, is_recovered)

    def fills(self) -> list[AccountFill]:
        """All fills, by time and then by trade id."""
        return sorted(self._fills, key=lambda fill: fill.order)

    def orders(self) -> list[OrderChanged]:
        """Each order that changed."""
        return list(self._orders.values())

"""An exchange in a page of Python that shows orders as it is told to: late, in short pages, with errors, among others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from haversack.clock import ManualClock
from haversack.credentials import Credentials
from haversack.errors import OutcomeUnknown, RequestFailed
from haversack.rest.outcome import Resolution, resolve
from haversack.rest.procedure import perform
from haversack.rest.request import changes_state
from haversack.rest.session import RestSession
from haversack.wire.base import Operation, Page
from haversack.wire.enums import OrderStatus, OrderType, SelfTradePrevention, Side, TimeInForce
from haversack.wire.history import Fill, GetFillHistory, GetOrderHistory, PastOrder
from haversack.wire.orders import GetOpenOrders, Order, PlaceOrder
from haversack.wire.system import GetTime

KEYS = Credentials.generate()
SENT_MS = 1_788_285_151_000
WINDOW_MS = 5_000
SOL = "SOL_USDC"
NEW, FILLED, CANCELLED, EXPIRED = OrderStatus.NEW, OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.EXPIRED
PART = OrderStatus.PARTIALLY_FILLED


def place(**changes: Any) -> PlaceOrder:
    """The order that was sent."""
    fields: dict[str, Any] = {
        "symbol": SOL,
        "side": "Bid",
        "order_type": "Limit",
        "price": "20.00",
        "quantity": "1.50",
        "client_id": 7,
    }
    return PlaceOrder(**(fields | changes))


@dataclass(kw_only=True)
class Made:
    """An order at the exchange. Times are milliseconds after the request was signed."""

    order_id: str = "5"
    at_ms: int = 40
    fate: OrderStatus = NEW
    ends_ms: int = 0
    """How long after it was made it ends; what it executes, it does when it is made."""
    executed: str = "0"
    fills_ms: int = 0
    """How long after it was made the fill is dated."""
    lag_ms: int = 0
    """How late its row, its fill and its row's changes are shown."""
    fill_lag_ms: int = 0
    client_id: int | None = 7
    side: Side = Side.BID
    price: str | None = "20"
    quantity: str | None = "1.5"
    symbol: str = SOL
    trigger_price: str | None = None
    trigger_quantity: str | None = None
    row: dict[str, Any] = field(default_factory=dict)
    """What its row in the history says differently."""

    @property
    def filled_ms(self) -> int:
        return self.at_ms + self.fills_ms

    def status(self, time_ms: int) -> OrderStatus:
        """At a time at which it exists."""
        if self.fate is not NEW and time_ms >= self.at_ms + self.ends_ms:
            return self.fate
        return PART if self.executed != "0" else NEW

    def is_open(self, time_ms: int) -> bool:
        return self.at_ms <= time_ms and self.status(time_ms) in (NEW, PART)

    def fields(self, time_ms: int) -> dict[str, Any]:
        return {
            "client_id": self.client_id,
            "executed_quantity": Decimal(self.executed),
            "executed_quote_quantity": Decimal(self.executed) * 20,
            "order_id": self.order_id,
            "order_type": OrderType.MARKET if self.price is None else OrderType.LIMIT,
            "price": None if self.price is None else Decimal(self.price),
            "quantity": None if self.quantity is None else Decimal(self.quantity),
            "self_trade_prevention": SelfTradePrevention.REJECT_TAKER,
            "side": self.side,
            "status": self.status(time_ms),
            "symbol": self.symbol,
            "time_in_force": TimeInForce.GTC,
            "trigger_price": self.trigger_price,
            "trigger_quantity": self.trigger_quantity,
        }


class Imagined:
    """Answers reads as of its own clock, and refuses to be sent anything else."""

    def __init__(
        self,
        *made: Made,
        failing: Sequence[int] = (),
        error: Exception | None = None,
        rows_max: int = 1000,
        ahead_ms: int = 0,
        step_ms: int = 0,
    ) -> None:
        self.made = list(made)
        self.failing = frozenset(failing)
        self.error = error or RequestFailed("the connection was cut")
        self.rows_max = rows_max
        self.step_ms = step_ms
        """How long each answer takes."""
        self.now_ms = 50 - ahead_ms
        """After the signing, by the exchange's clock; the client's clock may be ahead of it."""
        self.clock = ManualClock((SENT_MS + 50) * 1_000)
        self.session = RestSession(KEYS, self.clock, window_ms=WINDOW_MS)
        self.asked: list[Operation[Any]] = []

    def resolve(self, sent: Operation[Any] | None = None, **options: Any) -> Resolution:
        """What the client comes to."""
        unknown = OutcomeUnknown(sent or place(), RequestFailed("the connection was cut"), sent_ms=SENT_MS)
        return perform(resolve(self.session, unknown, **options), self.send, self.sleep)

    def sleep(self, delay_s: float) -> None:
        assert delay_s > 0
        self.pass_ms(max(1, round(delay_s * 1_000)))

    def pass_ms(self, time_ms: int) -> None:
        self.now_ms += time_ms
        self.clock.advance(ms=time_ms)

    def send(self, operation: Operation[Any]) -> Any:
        assert not changes_state(type(operation)), f"{operation} was sent, and only reads may be"
        assert len(self.asked) < 2_000, "it never ends"
        self.asked.append(operation)
        if self.step_ms:
            self.pass_ms(self.step_ms)
        if len(self.asked) - 1 in self.failing:
            raise self.error
        return self._answer(operation)

    def _answer(self, operation: Operation[Any]) -> Any:
        if isinstance(operation, GetTime):
            return SENT_MS + self.now_ms
        if isinstance(operation, GetOpenOrders):
            found = [one for one in self.made if one.is_open(self.now_ms) and one.symbol == operation.symbol]
            return [self._order(one) for one in sorted(found, key=lambda one: one.at_ms)]
        if isinstance(operation, GetOrderHistory):
            shown = [one for one in self.made if one.at_ms + one.lag_ms <= self.now_ms and one.symbol == operation.symbol]
            rows = [one for one in shown if operation.order_id in (None, one.order_id)]
            rows.sort(key=lambda one: (-one.at_ms, one.order_id))
            return self._page([self._row(one) for one in rows], operation)
        assert isinstance(operation, GetFillHistory)
        filled = [one for one in self.made if one.executed != "0" and one.filled_ms + one.fill_lag_ms <= self.now_ms]
        assert isinstance(operation.from_ms, int)
        assert isinstance(operation.to_ms, int | None)
        until_ms = operation.to_ms or 10**15
        filled = [one for one in filled if operation.from_ms <= SENT_MS + one.filled_ms < until_ms]
        filled = [one for one in filled if one.symbol == operation.symbol]
        return self._page([_fill(one) for one in filled], operation)

    def _page(self, rows: list[Any], operation: GetOrderHistory | GetFillHistory) -> Page[Any]:
        offset = operation.offset or 0
        page = Page[Any](rows[offset : offset + min(self.rows_max, operation.limit or 100)])
        page.total = len(rows)
        return page

    def _order(self, one: Made) -> Order:
        return Order(**one.fields(self.now_ms), created_ms=SENT_MS + one.at_ms)

    def _row(self, one: Made) -> PastOrder:
        # A row that is shown late is as old as that.
        seen_ms = max(one.at_ms, self.now_ms - one.lag_ms)
        return PastOrder(**(one.fields(seen_ms) | {"created_iso": _iso(one.at_ms)} | one.row))


def _fill(one: Made) -> Fill:
    return Fill(
        client_id=None if one.client_id is None else str(one.client_id),
        fee=Decimal(0),
        fee_symbol="SOL",
        is_maker=False,
        order_id=one.order_id,
        price=Decimal(one.price or 20),
        quantity=Decimal(one.executed),
        side=one.side,
        symbol=one.symbol,
        timestamp_iso=_iso(one.filled_ms),
    )


def _iso(time_ms: int) -> str:
    moment = datetime.fromtimestamp((SENT_MS + time_ms) / 1_000, UTC)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds")

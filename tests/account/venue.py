"""An account at an exchange, in plain Python: what really happened, what the stream says of it, and what REST shows, late.

It is the reference that a view is compared with. Times are microseconds of its own clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from account.said import T0_MS, balance_frame, fill_frame, fill_row, frame, iso, order, past
from haversack.account.fills import AccountFill
from haversack.wire.base import Operation, Page
from haversack.wire.capital import Balance, GetBalances
from haversack.wire.enums import OrderEvent, OrderStatus, Side
from haversack.wire.events import BalanceUpdate, OrderUpdate
from haversack.wire.history import Fill, GetFillHistory, GetOrderHistory, PastOrder
from haversack.wire.orders import GetOpenOrders, Order
from haversack.wire.positions import GetPositions
from haversack.wire.system import GetTime

SYMBOLS = ("SOL_USDC", "BTC_USDC")
LAG_MS_MAX = 12_000
ENDS = (OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.TRIGGER_FAILED)


@dataclass
class Real:
    """One order as the matching engine knows it."""

    order_id: str
    symbol: str
    side: Side
    client_id: int | None
    created_ms: int
    status: OrderStatus = OrderStatus.NEW
    executed: Decimal = Decimal(0)
    related_id: str | None = None
    # When the history shows which state: (µs, status, executed).
    shown: list[tuple[int, OrderStatus, Decimal]] = field(default_factory=list)

    @property
    def is_live(self) -> bool:
        return self.status not in ENDS

    def names(self) -> dict[str, Any]:
        return {"order_id": self.order_id, "symbol": self.symbol, "side": self.side, "client_id": self.client_id}


class Venue:
    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self.now_us = T0_MS * 1_000
        self.orders: dict[str, Real] = {}
        self.fills: list[tuple[int, Fill]] = []
        self.available = Decimal(1_000)
        self.page_max = dice.choice((3, 7, 1_000))
        self.frames: list[OrderUpdate | BalanceUpdate] = []
        self._ids = 100
        self._trades = dict.fromkeys(SYMBOLS, 0)

    def place(self, client_id: int | None = None, *, symbol: str | None = None, is_conditional: bool = False) -> Real:
        self._ids += 1
        symbol = symbol or self.dice.choice(SYMBOLS)
        side = self.dice.choice((Side.BID, Side.ASK))
        real = Real(str(self._ids), symbol, side, client_id, self.now_us // 1_000)
        self.orders[real.order_id] = real
        if is_conditional:
            self._say(real, OrderEvent.TRIGGER_PLACED, OrderStatus.TRIGGER_PENDING)
        else:
            self._say(real, OrderEvent.ACCEPTED, OrderStatus.NEW)
        return real

    def fire(self, real: Real) -> None:
        self._say(
            real,
            *self.dice.choice(((OrderEvent.ACCEPTED, OrderStatus.NEW), (OrderEvent.TRIGGER_FAILED, OrderStatus.TRIGGER_FAILED))),
        )

    def end(self, real: Real, event: OrderEvent = OrderEvent.CANCELLED) -> None:
        self._say(real, event, OrderStatus.CANCELLED if event is OrderEvent.CANCELLED else OrderStatus.EXPIRED)

    def fill(self, real: Real, quantity: Decimal, *, trade_id: int | None = None, is_nameless: bool = False) -> int:
        """Also of an order that has been cancelled: such things happen."""
        if not is_nameless and trade_id is None:
            self._trades[real.symbol] += 1
            trade_id = self._trades[real.symbol]
        trade_id = 0 if is_nameless else trade_id
        real.executed += quantity
        self.available -= quantity
        if real.executed >= 2:
            real.status = OrderStatus.FILLED
        elif real.is_live:
            real.status = OrderStatus.PARTIALLY_FILLED
        self.now_us += self.dice.choice((0, 30, 2_000))
        row = fill_row(trade_id, quantity, time_ms=self.now_us // 1_000, **(real.names() | {"client_id": None}))
        self.fills.append((self._later_us(), row))
        of_fill: dict[str, Any] = {"status": real.status, "engine_us": self.now_us} | real.names()
        self.frames.append(fill_frame(trade_id, quantity, real.executed, **of_fill))
        self._show(real)
        return trade_id or 0

    def trade_with_itself(self) -> None:
        symbol = self.dice.choice(SYMBOLS)
        one, other = self.place(symbol=symbol), self.place(symbol=symbol)
        one.side, other.side = Side.BID, Side.ASK
        trade_id = self.fill(one, Decimal(1))
        self.fill(other, Decimal(1), trade_id=trade_id)

    def _say(self, real: Real, event: OrderEvent, status: OrderStatus) -> None:
        real.status = status
        said = real.names() | {"status": status, "engine_us": self.now_us}
        self.frames.append(frame(event, real.executed, **said))
        self._show(real)

    def _show(self, real: Real) -> None:
        # One row of the history never goes back to an older state, however late each state is.
        shown_us = max(self._later_us(), real.shown[-1][0] if real.shown else 0)
        real.shown.append((shown_us, real.status, real.executed))
        self.frames.append(balance_frame(self.available, engine_us=self.now_us))

    def _later_us(self) -> int:
        return self.now_us + self.dice.randint(0, LAG_MS_MAX) * 1_000

    # What REST says

    def answer(self, asked: Operation[Any]) -> Any:
        match asked:
            case GetTime():
                return self.now_us // 1_000
            case GetOpenOrders():
                return [self.row(real) for real in self.orders.values() if real.is_live]
            case GetFillHistory():
                return self._page(asked, self._fills(asked))
            case GetOrderHistory():
                return self._page(asked, self._past(asked))
            case GetBalances():
                return {"USDC": Balance(available=self.available, locked=Decimal(0), staked=Decimal(0))}
            case GetPositions():
                return []
            case _:
                raise AssertionError(asked)

    def row(self, real: Real) -> Order:
        return order(real.status, real.executed, created_ms=real.created_ms, **real.names())

    def _fills(self, asked: GetFillHistory) -> list[Fill]:
        rows = [row for shown_us, row in self.fills if shown_us <= self.now_us]
        since = iso(asked.from_ms) if isinstance(asked.from_ms, int) else ""
        return sorted([row for row in rows if row.timestamp_iso >= since], key=lambda row: row.timestamp_iso)

    def _past(self, asked: GetOrderHistory) -> list[PastOrder]:
        rows: list[PastOrder] = []
        for real in sorted(self.orders.values(), key=lambda real: int(real.order_id), reverse=True):
            states = [state for state in real.shown if state[0] <= self.now_us]
            if states and asked.order_id in (None, real.order_id):
                _, status, executed = states[-1]
                rows.append(past(status, executed, created_iso=iso(real.created_ms), **real.names()))
        return rows

    def _page(self, asked: Any, rows: list[Any]) -> Page[Any]:
        start = asked.offset or 0
        page: Page[Any] = Page(rows[start : start + min(asked.limit or 100, self.page_max)])
        page.total = len(rows)
        return page


def content(row: Fill | AccountFill) -> tuple[Any, ...]:
    """What a delivered fill and a row of the reference have in common."""
    return (row.symbol, row.trade_id or 0, row.order_id, str(row.side), row.quantity, row.price, row.fee)

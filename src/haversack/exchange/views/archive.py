"""What every account did: its orders and fills, as the histories tell it, with the histories' lag."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Container, Sequence
from typing import Generic, TypeVar

import msgspec

from haversack.exchange.engine.event import Event, OrderAccepted, OrderEnded, OrderFacts, OrderFilled
from haversack.exchange.listing import Listing
from haversack.exchange.render import fill_row, past_order
from haversack.wire.base import Page
from haversack.wire.enums import AssetClass, ExpiryReason, FillType, OrderStatus, RwaMarketType, SortDirection
from haversack.wire.history import Fill, GetFillHistory, GetOrderHistory, PastOrder
from haversack.wire.markets import Market

ROWS_MAX = 100_000
"""Orders, and fills, that are kept of one account; the oldest are forgotten, a tenth at a time."""
LIMIT_DEFAULT, LIMIT_MAX = 100, 1000
_ENDED = (OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.EXPIRED)


class OrderState(msgspec.Struct, frozen=True, gc=False):
    """What changes about an order, from one moment on."""

    since_us: int
    executed: int
    executed_quote: int
    status: OrderStatus
    reason: ExpiryReason | None = None


class OrderRow(msgspec.Struct, frozen=True):
    """An order and its states: the current one, and before it those that a late reader still sees."""

    time_us: int
    facts: OrderFacts
    states: list[OrderState]

    def seen_at(self, time_us: int) -> OrderState:
        """Its state at a time at which it existed; the oldest that is remembered if the lag has grown since."""
        return self.states[max(0, bisect_right(self.states, time_us, key=lambda state: state.since_us) - 1)]

    def become(self, state: OrderState, *, seen_until_us: int) -> None:
        """Take a new state, and forget those that nobody can see any more."""
        self.states.append(state)
        while len(self.states) > 1 and self.states[1].since_us <= seen_until_us:
            del self.states[0]


class FillRow(msgspec.Struct, frozen=True):
    """One side of a match and when it happened."""

    time_us: int
    event: OrderFilled

    @property
    def facts(self) -> OrderFacts:
        """The order that it belongs to."""
        return self.event.order


Row = TypeVar("Row", OrderRow, FillRow)


class _Shelf(Generic[Row]):
    """Rows of one account by rising time, found by symbol or by order without looking at the others."""

    def __init__(self, rows_max: int) -> None:
        self._rows_max = rows_max
        self.rows: list[Row] = []
        self.by_symbol: dict[str, list[Row]] = {}
        self.by_order: dict[int, list[Row]] = {}

    def add(self, row: Row) -> None:
        self.rows.append(row)
        self._index(row)
        if len(self.rows) > self._rows_max:
            del self.rows[: 1 + self._rows_max // 10]
            self.by_symbol.clear()
            self.by_order.clear()
            for kept in self.rows:
                self._index(kept)

    def find(self, symbols: Container[str], order_id: str | None) -> Sequence[Row]:
        """All rows of some markets; of one order, if one is named."""
        if order_id is not None:
            rows = self.by_order.get(int(order_id), []) if order_id.isdecimal() else []
            return [row for row in rows if row.facts.symbol in symbols]
        meant = [symbol for symbol in self.by_symbol if symbol in symbols]
        if len(meant) == len(self.by_symbol):
            return self.rows
        if len(meant) == 1:
            return self.by_symbol[meant[0]]
        return [row for row in self.rows if row.facts.symbol in meant]

    def _index(self, row: Row) -> None:
        self.by_symbol.setdefault(row.facts.symbol, []).append(row)
        self.by_order.setdefault(row.facts.order_id, []).append(row)


class _Account:
    def __init__(self, rows_max: int) -> None:
        self.orders: _Shelf[OrderRow] = _Shelf(rows_max)
        self.fills: _Shelf[FillRow] = _Shelf(rows_max)
        self.accepted = 0


class Archive:
    """The histories of all accounts but the house's. What they show is as old as the lag says.

    Time only goes forward here: a clock that was set back changes nothing until it has caught up.
    """

    def __init__(
        self, listing: Listing, *, lag_us: int = 0, rows_max: int = ROWS_MAX, more_lag_us: Callable[[], int] = lambda: 0
    ) -> None:
        self._listing = listing
        self._least_lag_us = lag_us
        self._more_lag_us = more_lag_us
        self._nobody = _Account(0)
        self._rows_max = rows_max
        self._now_us = 0
        self._accounts: dict[int, _Account] = {}

    @property
    def _lag_us(self) -> int:
        return self._least_lag_us + self._more_lag_us()

    def record(self, events: Sequence[Event], *, now_us: int, is_house: Callable[[int], bool]) -> None:
        """Take in what a command did."""
        now_us = self._advance(now_us)
        for event in events:
            if isinstance(event, OrderAccepted | OrderFilled | OrderEnded) and not is_house(event.order.account):
                self._take(event, now_us)

    def orders(self, account: int, operation: GetOrderHistory, *, now_us: int) -> Page[PastOrder]:
        """A page of the account's orders, resting ones too."""
        seen_us = self._advance(now_us) - self._lag_us
        # No order here has a strategy.
        shelf = self._account(account if operation.strategy_id is None else None).orders
        rows = _until(shelf.find(self._symbols(operation), operation.order_id), seen_us + 1)
        page = Page(self._past_order(row, seen_us) for row in _cut(rows, operation))
        page.total = len(rows)
        return page

    def fills(self, account: int, operation: GetFillHistory, *, now_us: int) -> Page[Fill]:
        """A page of the account's fills."""
        seen_us = self._advance(now_us) - self._lag_us
        # No fill here has a strategy, and none is the system's.
        is_possible = operation.strategy_id is None and operation.fill_type in (None, FillType.USER)
        shelf = self._account(account if is_possible else None).fills
        rows = _between(_until(shelf.find(self._symbols(operation), operation.order_id), seen_us + 1), operation)
        page = Page(self._fill(row) for row in _cut(rows, operation))
        page.total = len(rows)
        return page

    def resting(self, account: int) -> set[int] | None:
        """Orders that never ended as far as the history knows; None if it has forgotten any, or keeps none of them."""
        shelf = self._accounts.get(account)
        if shelf is None or len(shelf.orders.rows) != shelf.accepted:
            return None
        return {row.facts.order_id for row in shelf.orders.rows if row.states[-1].status not in _ENDED}

    def _take(self, event: OrderAccepted | OrderFilled | OrderEnded, now_us: int) -> None:
        facts = event.order
        shelf = self._accounts.get(facts.account)
        if shelf is None:
            shelf = self._accounts[facts.account] = _Account(self._rows_max)
        if isinstance(event, OrderAccepted):
            shelf.accepted += 1
            shelf.orders.add(OrderRow(now_us, facts, [OrderState(now_us, 0, 0, OrderStatus.NEW)]))
            return
        if isinstance(event, OrderFilled):
            shelf.fills.add(FillRow(now_us, event))
        reason = event.reason if isinstance(event, OrderEnded) else None
        state = OrderState(now_us, event.executed, event.executed_quote, event.status, reason)
        for row in shelf.orders.by_order.get(facts.order_id, ()):
            row.become(state, seen_until_us=now_us - self._lag_us)

    def _past_order(self, row: OrderRow, seen_us: int) -> PastOrder:
        state = row.seen_at(seen_us)
        return past_order(
            row.facts,
            executed=state.executed,
            executed_quote=state.executed_quote,
            status=state.status,
            reason=state.reason,
            scales=self._listing.scales[row.facts.symbol],
        )

    def _fill(self, row: FillRow) -> Fill:
        scales = self._listing.scales[row.facts.symbol]
        return fill_row(row.event, time_us=row.time_us, scales=scales, asset_scales=self._listing.asset_scales)

    def _symbols(self, operation: GetOrderHistory | GetFillHistory) -> set[str]:
        """The markets that a query means."""
        meant = {symbol: market for symbol, market in self._listing.markets.items() if operation.symbol in (None, symbol)}
        if operation.market_type is not None:
            meant = {symbol: market for symbol, market in meant.items() if market.market_type in operation.market_type}
        asset_class = operation.asset_class if isinstance(operation, GetFillHistory) else None
        return {symbol for symbol, market in meant.items() if asset_class in (None, _class_of(market))}

    def _account(self, account: int | None) -> _Account:
        """Empty for nobody, and for an account that did nothing yet."""
        return self._nobody if account is None else self._accounts.get(account, self._nobody)

    def _advance(self, now_us: int) -> int:
        self._now_us = max(now_us, self._now_us)
        return self._now_us


def _class_of(market: Market) -> AssetClass:
    return AssetClass.STOCK if market.rwa_market_type == RwaMarketType.STOCK else AssetClass.CRYPTO


def _until(rows: Sequence[Row], end_us: int) -> Sequence[Row]:
    """Rows from before a moment."""
    if not rows or rows[-1].time_us < end_us:
        return rows
    return rows[: bisect_left(rows, end_us, key=_time_us)]


def _between(rows: Sequence[Row], operation: GetFillHistory) -> Sequence[Row]:
    first = 0 if operation.from_ms is None else bisect_left(rows, _us(operation.from_ms), key=_time_us)
    last = len(rows) if operation.to_ms is None else bisect_left(rows, _us(operation.to_ms), key=_time_us)
    return rows if (first, last) == (0, len(rows)) else rows[first:last]


def _cut(rows: Sequence[Row], operation: GetOrderHistory | GetFillHistory) -> Sequence[Row]:
    """The rows of one page, newest first unless asked otherwise."""
    offset = operation.offset or 0
    limit = LIMIT_DEFAULT if operation.limit is None else min(operation.limit, LIMIT_MAX)
    if operation.sort_direction == SortDirection.ASC:
        return rows[offset : offset + limit]
    end = max(0, len(rows) - offset)
    return rows[max(0, end - limit) : end][::-1]


def _time_us(row: OrderRow | FillRow) -> int:
    return row.time_us


def _us(time_ms: object) -> int:
    assert isinstance(time_ms, int), "an operation holds its times as numbers once it is built"
    return time_ms * 1000

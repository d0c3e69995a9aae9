"""What every account did: its orders, fills and positions, as the histories tell it, with the histories' lag."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import msgspec

from haversack.exchange.engine.event import (
    Event,
    FundingPaid,
    FundingRateSet,
    OrderAccepted,
    OrderFilled,
    PositionChanged,
    TradePrinted,
    TriggerPlaced,
)
from haversack.exchange.listing import Listing
from haversack.exchange.numerals import id_number
from haversack.exchange.render import fill_row, past_order
from haversack.exchange.render_position import past_position
from haversack.exchange.views import dust, lending, rfq, strategies, vaults, withdrawals
from haversack.exchange.views.earnings import Earnings
from haversack.exchange.views.held import read_held
from haversack.exchange.views.histories import ROWS_MAX_IN_MEMORY, Histories, read_fill, read_order, read_trade
from haversack.exchange.views.notes import INTEGER_MAX, Noter, Search, cut, query
from haversack.exchange.views.rows import OF_ORDERS, FillRow, OrderEvent, OrderRow, PositionRow, state_after
from haversack.wire.base import Page
from haversack.wire.enums import AssetClass, FillType, RwaMarketType, SortDirection, SystemOrderType
from haversack.wire.history import Fill, GetFillHistory, GetOrderHistory, PastOrder
from haversack.wire.markets import Market
from haversack.wire.positions import GetPositionHistory, PastPosition, PositionState

A = TypeVar("A")
_Query: TypeAlias = GetOrderHistory | GetFillHistory | GetPositionHistory

_ON_BOOK, _BACKSTOP, _ADL = (
    SystemOrderType.LIQUIDATE_POSITION_ON_BOOK,
    SystemOrderType.LIQUIDATE_POSITION_ON_BACKSTOP,
    SystemOrderType.LIQUIDATE_POSITION_ON_ADL,
)
SYSTEMS: Mapping[FillType, Sequence[SystemOrderType]] = {
    FillType.BOOK_LIQUIDATION: (_ON_BOOK,),
    FillType.BACKSTOP: (_BACKSTOP,),
    FillType.ADL: (_ADL,),
    # What is in these two is not documented: a guess, by their names.
    FillType.LIQUIDATION: (_ON_BOOK, _BACKSTOP),
    FillType.ALL_LIQUIDATION: (_ON_BOOK, _BACKSTOP, _ADL),
    FillType.COLLATERAL_CONVERSION: (SystemOrderType.COLLATERAL_CONVERSION,),
    FillType.COLLATERAL_CONVERSION_AND_SPOT_LIQUIDATION: (SystemOrderType.COLLATERAL_CONVERSION,),
}
"""Who sent the orders whose fills are meant; for all other types, their accounts."""
LIMIT_DEFAULT, LIMIT_MAX = 100, 1000
NOTERS: Mapping[type, Noter] = {
    **strategies.NOTERS,
    **vaults.NOTERS,
    **dust.NOTERS,
    **withdrawals.NOTERS,
    **rfq.NOTERS,
    **lending.NOTERS,
}
"""How the events of facilities become rows of theirs."""
_IsHouse: TypeAlias = Callable[[int], bool]


class Archive:
    """The histories of all accounts but the house's. What they show is as old as the lag says.

    Time only goes forward here: a clock that was set back changes nothing until it has caught up.
    """

    def __init__(
        self,
        listing: Listing,
        *,
        histories: Histories | None = None,
        lag_us: int = 0,
        rows_max: int = ROWS_MAX_IN_MEMORY,
        more_lag_us: Callable[[], int] = lambda: 0,
        noters: Mapping[type, Noter] | None = None,
    ) -> None:
        self._listing = listing
        self.histories = histories or Histories.in_memory(rows_max=rows_max)
        self._least_lag_us = lag_us
        self._more_lag_us = more_lag_us
        self._noters = NOTERS if noters is None else noters
        self._takers: dict[type, Callable[[Any, int, int, _IsHouse], None]] = {
            **dict.fromkeys(self._noters, self._note),
            **dict.fromkeys(OF_ORDERS, self._take),
            TradePrinted: self._trade,
            PositionChanged: self._hold,
            FundingPaid: self._earn,
            FundingRateSet: self._earn,
        }
        self._now_us = 0
        self.earnings = Earnings(listing, self.histories, seen_us=lambda now_us: self._advance(now_us) - self._lag_us)

    @property
    def _lag_us(self) -> int:
        return self._least_lag_us + self._more_lag_us()

    def record(self, events: Sequence[Event], *, now_us: int, is_house: _IsHouse, seq: int | None = None) -> None:
        """Take in what a command did; not again, if the histories know its number already."""
        now_us = self._advance(now_us)
        histories = self.histories
        if seq is not None and seq <= histories.last_seq:
            return
        number = histories.last_seq + 1 if seq is None else seq
        for event in events:
            # By type: most events of a command are none of the histories' business.
            take = self._takers.get(type(event))
            if take is not None:
                take(event, now_us, number, is_house)
        histories.done(histories.last_seq if seq is None else seq)

    def check(self) -> None:
        """Raise what stopped the histories, if anything did: nothing more should happen that they cannot tell."""
        if self.histories.stopped_by is not None:
            raise self.histories.stopped_by

    def orders(self, account: int, operation: GetOrderHistory, *, now_us: int) -> Page[PastOrder]:
        """A page of the account's orders, resting ones too."""
        now_us = self._advance(now_us)
        lag_us = self._lag_us
        seen_us = now_us - lag_us
        where, values = self._meant(account, operation)
        if lag_us:
            where, values = f"{where} AND time_us <= ?", [*values, seen_us]
        query = f"SELECT time_us, facts, state, since_us, order_id FROM placed WHERE {where} ORDER BY order_id"
        rows = self._cut(query, values, operation)
        seen = (self._seen("earlier", row[4], seen_us) or row[2] if row[3] > seen_us else row[2] for row in rows)
        page = (read_order(row[0], row[1], state) for row, state in zip(rows, seen, strict=True))
        return _page(map(self._past_order, page), self._total("placed", where, values))

    def fills(self, account: int, operation: GetFillHistory, *, now_us: int) -> Page[Fill]:
        """A page of the account's fills."""
        seen_us = self._advance(now_us) - self._lag_us
        where, values = self._meant(account, operation)
        if operation.fill_type is not None:
            systems = SYSTEMS.get(FillType(operation.fill_type))
            where += " AND system IS NULL" if systems is None else f" AND system IN ({', '.join('?' * len(systems))})"
            values = [*values, *(systems or ())]
        from_us = 0 if operation.from_ms is None else _us(operation.from_ms)
        to_us = INTEGER_MAX if operation.to_ms is None else _us(operation.to_ms)
        where, values = f"{where} AND time_us >= ? AND time_us < ?", [*values, from_us, min(to_us, seen_us + 1)]
        order = "time_us {0}, number"
        rows = self._cut(f"SELECT time_us, facts, match FROM fill WHERE {where} ORDER BY {order}", values, operation)
        return _page((self._fill(read_fill(*row)) for row in rows), self._total("fill", where, values))

    def positions(self, account: int, operation: GetPositionHistory, *, now_us: int) -> list[PastPosition]:
        """The account's positions, open ones too."""
        now_us = self._advance(now_us)
        lag_us = self._lag_us
        seen_us = now_us - lag_us
        where, values = self._in_markets(account, operation)
        if lag_us:
            where, values = f"{where} AND time_us <= ?", [*values, seen_us]
        if operation.state is not None:
            # What was closed only after the moment that is seen was open then.
            is_open = f"(is_open OR since_us > {seen_us})"
            where += f" AND {is_open if operation.state == PositionState.OPEN else f'NOT {is_open}'}"
        query = f"SELECT symbol, state, since_us, position_id FROM held WHERE {where} ORDER BY position_id"
        rows = self._cut(query, values, operation)
        seen = ((row[0], self._seen("held_earlier", row[3], seen_us) or row[1] if row[2] > seen_us else row[1]) for row in rows)
        return [self._past_position(read_held(account, symbol, state)) for symbol, state in seen]

    def trades(self, symbol: str, *, limit: int, offset: int = 0) -> list[tuple[TradePrinted, int]]:
        """Public trades of a market, newest first, and when they happened."""
        query = "SELECT time_us, print FROM trade WHERE symbol = ? ORDER BY trade_id DESC LIMIT ? OFFSET ?"
        found = self.histories.find(query, symbol, min(limit, LIMIT_MAX), min(offset, INTEGER_MAX))
        return [read_trade(*row) for row in found]

    def notes(self, search: Search, *, now_us: int) -> tuple[list[tuple[int, int, bytes]], int]:
        """One page of what a facility wrote, as number, time and JSON; and how many rows there are on all pages."""
        found, values = query(search, self._advance(now_us) - self._lag_us)
        order, bounds = cut(search)
        (total,) = self.histories.find(f"SELECT count(*) FROM ({found})", *values)[0]
        return [(number, time_us, body) for number, time_us, body in self.histories.find(found + order, *values, *bounds)], total

    def resting(self, account: int) -> set[int] | None:
        """Orders that never ended as far as the history knows; None if it has forgotten any, or keeps none of them."""
        found = self.histories.find("SELECT order_id FROM placed WHERE account = ? AND is_open", account)
        if not self.histories.kept(account) or self.histories.lost:
            return None
        return {order_id for (order_id,) in found}

    def _trade(self, event: TradePrinted, now_us: int, _seq: int, _is_house: _IsHouse) -> None:
        self.histories.trade(event, now_us)

    def _note(self, event: Any, now_us: int, seq: int, _is_house: _IsHouse) -> None:
        for note in self._noters[type(event)](event, now_us, seq):
            self.histories.note(note, now_us)

    def _earn(self, event: FundingPaid | FundingRateSet, now_us: int, seq: int, _is_house: _IsHouse) -> None:
        self.histories.earn(event, time_us=now_us, seq=seq)

    def _take(self, event: OrderEvent, now_us: int, _seq: int, is_house: _IsHouse) -> None:
        if is_house(event.order.account):
            return
        facts, histories, state = event.order, self.histories, state_after(event, now_us)
        if isinstance(event, OrderAccepted | TriggerPlaced):
            histories.place(OrderRow(now_us, facts, state))
            return
        if isinstance(event, OrderFilled):
            histories.fill(FillRow(now_us, event))
        lag_us = self._lag_us
        histories.change(facts.order_id, state, seen_until_us=now_us - lag_us if lag_us else None)

    def _hold(self, event: PositionChanged, now_us: int, seq: int, _is_house: _IsHouse) -> None:
        self.histories.earn(event, time_us=now_us, seq=seq)
        lag_us = self._lag_us
        row = PositionRow(
            account=event.account,
            symbol=event.symbol,
            position=event.position,
            since_us=now_us,
            mark=event.mark,
            exposed=event.exposed,
            leverage_e8=event.leverage_e8,
        )
        self.histories.hold(row, seen_until_us=now_us - lag_us if lag_us else None)

    def _meant(self, account: int, operation: GetOrderHistory | GetFillHistory) -> tuple[str, list[Any]]:
        """The condition of a query for an account's orders or fills, and its values."""
        where, values = self._in_markets(account, operation)
        for column, number in (("order_id", operation.order_id), ("strategy_id", operation.strategy_id)):
            if number is not None:
                where, values = f"{where} AND {column} = ?", [*values, id_number(number)]
        return where, values

    def _in_markets(self, account: int, operation: _Query) -> tuple[str, list[Any]]:
        """The condition for an account's rows in the markets that are meant, and its values."""
        where = "account = ?"
        values: list[Any] = [account]
        symbols = self._symbols(operation)
        if len(symbols) < len(self._listing.markets):
            where, values = f"{where} AND symbol IN ({', '.join('?' * len(symbols))})", [*values, *sorted(symbols)]
        return where, values

    def _cut(self, query: str, values: list[Any], operation: _Query) -> list[tuple[Any, ...]]:
        """The rows of one page, newest first unless asked otherwise."""
        limit = LIMIT_DEFAULT if operation.limit is None else min(operation.limit, LIMIT_MAX)
        way = "ASC" if operation.sort_direction == SortDirection.ASC else "DESC"
        query = f"{query.format(way)} {way} LIMIT ? OFFSET ?"
        return self.histories.find(query, *values, limit, min(operation.offset or 0, INTEGER_MAX))

    def _total(self, table: str, where: str, values: list[Any]) -> int:
        total: int = self.histories.find(f"SELECT count(*) FROM {table} WHERE {where}", *values)[0][0]
        return total

    def _seen(self, table: str, number: int, seen_us: int) -> bytes | None:
        """The state of an order or position at an earlier time; the oldest that is remembered if the lag has grown since."""
        column = "order_id" if table == "earlier" else "position_id"
        query = f"SELECT state FROM {table} WHERE {column} = ? AND until_us > ? ORDER BY until_us LIMIT 1"
        found = self.histories.find(query, number, seen_us)
        return found[0][0] if found else None

    def _past_order(self, row: OrderRow) -> PastOrder:
        state, facts = row.state, row.facts
        return past_order(
            facts if state.quantity is None else msgspec.structs.replace(facts, quantity=state.quantity),
            executed=state.executed,
            executed_quote=state.executed_quote,
            status=state.status,
            reason=state.reason,
            scales=self._listing.scales[row.facts.symbol],
        )

    def _past_position(self, row: PositionRow) -> PastPosition:
        perpetual = self._listing.rules[row.symbol].perpetual
        assert perpetual is not None, f"a position in {row.symbol}, which is no perpetual with margin"
        return past_position(row, contract=perpetual.contract, price_scale=self._listing.scales[row.symbol].price_scale)

    def _fill(self, row: FillRow) -> Fill:
        scales = self._listing.scales[row.event.order.symbol]
        return fill_row(row.event, time_us=row.time_us, scales=scales, asset_scales=self._listing.asset_scales)

    def _symbols(self, operation: _Query) -> set[str]:
        """The markets that a query means."""
        meant = {symbol: market for symbol, market in self._listing.markets.items() if operation.symbol in (None, symbol)}
        if operation.market_type is not None:
            meant = {symbol: market for symbol, market in meant.items() if market.market_type in operation.market_type}
        asset_class = operation.asset_class if isinstance(operation, GetFillHistory) else None
        return {symbol for symbol, market in meant.items() if asset_class in (None, _class_of(market))}

    def _advance(self, now_us: int) -> int:
        self._now_us = max(now_us, self._now_us)
        return self._now_us


def _class_of(market: Market) -> AssetClass:
    return AssetClass.STOCK if market.rwa_market_type == RwaMarketType.STOCK else AssetClass.CRYPTO


def _page(rows: Iterable[A], total: int) -> Page[A]:
    page = Page(rows)
    page.total = total
    return page


def _us(time_ms: object) -> int:
    assert isinstance(time_ms, int), "an operation holds its times as numbers once it is built"
    return max(-INTEGER_MAX, min(time_ms * 1000, INTEGER_MAX))

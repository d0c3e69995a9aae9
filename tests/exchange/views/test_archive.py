"""Histories: which rows, in which order, how late, and for whom."""

from __future__ import annotations

import pytest

from exchange.facts import ASK, LISTING, NOW_US, accepted, ended, filled, order
from haversack.exchange.engine.event import BalanceChanged, Event
from haversack.exchange.views.archive import Archive
from haversack.wire.codec import encode
from haversack.wire.enums import AssetClass, ExpiryReason, FillType, MarketType, OrderStatus, SortDirection
from haversack.wire.history import Fill, GetFillHistory, GetOrderHistory, PastOrder

ME, OTHER, HOUSE = 1, 2, 3
SECOND_US = 1_000_000
NOW_MS = NOW_US // 1000
ASC, DESC = SortDirection.ASC, SortDirection.DESC


class Kept:
    """An archive, and a time that is moved by hand."""

    def __init__(self, *, lag_us: int = 0, rows_max: int = 10_000) -> None:
        self.archive = Archive(LISTING, lag_us=lag_us, rows_max=rows_max)
        self.now_us = NOW_US

    def happen(self, *events: Event) -> None:
        self.archive.record(events, now_us=self.now_us, is_house=lambda account: account == HOUSE)

    def wait(self, us: int = SECOND_US) -> None:
        self.now_us += us

    def orders(self, operation: GetOrderHistory | None = None, account: int = ME) -> list[PastOrder]:
        return self.archive.orders(account, operation or GetOrderHistory(), now_us=self.now_us)

    def fills(self, operation: GetFillHistory | None = None, account: int = ME) -> list[Fill]:
        return self.archive.fills(account, operation or GetFillHistory(), now_us=self.now_us)


def order_ids(rows: list[PastOrder]) -> list[int]:
    return [int(row.order_id) for row in rows]


def trade_ids(rows: list[Fill]) -> list[int | None]:
    return [row.trade_id for row in rows]


def test_row_of_an_order_follows_its_life() -> None:
    kept, facts = Kept(), order(quantity="3", price="20")
    seen: list[tuple[str, str, str, ExpiryReason | None]] = []
    for event in (
        accepted(facts),
        filled(facts, "20", "1", executed="1", status=OrderStatus.PARTIALLY_FILLED),
        filled(facts, "20", "1", executed="2", status=OrderStatus.PARTIALLY_FILLED),
        ended(facts, executed="2", executed_quote="40", reason=ExpiryReason.SELF_TRADE_PREVENTION),
    ):
        kept.happen(event)
        (row,) = kept.orders()
        executed = (str(row.executed_quantity), str(row.executed_quote_quantity))
        seen.append((row.status.value, *executed, row.expiry_reason))
    assert seen == [
        ("New", "0", "0", None),
        ("PartiallyFilled", "1", "20", None),
        ("PartiallyFilled", "2", "40", None),
        ("Expired", "2", "40", ExpiryReason.SELF_TRADE_PREVENTION),
    ]


def test_cancelled_order_in_bytes() -> None:
    kept, facts = Kept(), order(ASK, "1.0077", "20", symbol="USDT_USDC", post_only=True)
    kept.happen(accepted(facts))
    kept.happen(ended(facts))
    assert encode(kept.orders()) == (
        b'[{"clientId":null,"createdAt":"2026-09-02T16:58:10.062","executedQuantity":"0","executedQuoteQuantity":"0",'
        b'"expiryReason":null,"id":"59887375336","orderType":"Limit","postOnly":true,"price":"1.0077","quantity":"20",'
        b'"quoteQuantity":"20.154","selfTradePrevention":"RejectTaker","side":"Ask","slippageTolerance":null,'
        b'"slippageToleranceType":null,"status":"Cancelled","stopLossLimitPrice":null,"stopLossTriggerBy":null,'
        b'"stopLossTriggerPrice":null,"strategyId":null,"symbol":"USDT_USDC","systemOrderType":null,'
        b'"takeProfitLimitPrice":null,"takeProfitTriggerBy":null,"takeProfitTriggerPrice":null,"timeInForce":"GTC",'
        b'"triggerBy":null,"triggerPrice":null,"triggerQuantity":null}]'
    )


def test_fill_has_the_time_at_which_it_happened() -> None:
    kept, facts = Kept(), order(client_id=4)
    kept.happen(accepted(facts))
    kept.wait()
    kept.happen(filled(facts, "20.01", "1.5", fee="0.0015", fee_asset="SOL"))
    assert encode(kept.fills()) == (
        b'[{"clientId":"4","fee":"0.0015","feeSymbol":"SOL","isMaker":false,"orderId":"59887375336","price":"20.01",'
        b'"quantity":"1.5","side":"Bid","symbol":"SOL_USDC","systemOrderType":null,"timestamp":"2026-09-02T16:58:11.062",'
        b'"tradeId":7}]'
    )


def test_everybody_sees_only_what_is_theirs_and_the_house_is_not_kept() -> None:
    kept = Kept()
    for account in (ME, OTHER, HOUSE):
        facts = order(order_id=account, account=account)
        kept.happen(accepted(facts), filled(facts, "20", "1.5", trade_id=account), BalanceChanged(account, "SOL", 1, 0))
    assert order_ids(kept.orders()) == [1]
    assert trade_ids(kept.fills()) == [1]
    assert order_ids(kept.orders(account=OTHER)) == [2]
    assert kept.orders(account=HOUSE) == []
    assert kept.fills(account=HOUSE) == []
    assert kept.orders(account=99) == []


def test_order_without_a_match_is_in_no_fill_history() -> None:
    kept = Kept()
    kept.happen(accepted(order()))
    page = kept.archive.fills(ME, GetFillHistory(), now_us=kept.now_us)
    assert (list(page), page.total) == ([], 0)


def five() -> Kept:
    """Five orders a second apart, each filled at once; the even ones on another market."""
    kept = Kept()
    for number in range(1, 6):
        facts = order(order_id=number, symbol="SOL_USDC" if number % 2 else "BTC_USDC", quantity="1", price="20")
        kept.happen(accepted(facts), filled(facts, "20", "1", trade_id=number))
        kept.wait()
    return kept


@pytest.mark.parametrize(
    ("limit", "offset", "direction", "expected"),
    [
        (None, None, None, [5, 4, 3, 2, 1]),
        (None, None, DESC, [5, 4, 3, 2, 1]),
        (None, None, ASC, [1, 2, 3, 4, 5]),
        (2, None, None, [5, 4]),
        (2, 0, ASC, [1, 2]),
        (2, 2, None, [3, 2]),
        (2, 2, ASC, [3, 4]),
        (2, 4, None, [1]),
        (2, 4, ASC, [5]),
        (2, 5, None, []),
        (2, 500, None, []),
        (2, 500, ASC, []),
        (5000, None, None, [5, 4, 3, 2, 1]),
    ],
)
def test_pages(limit: int | None, offset: int | None, direction: SortDirection | None, expected: list[int]) -> None:
    kept = five()
    orders = kept.archive.orders(ME, GetOrderHistory(limit=limit, offset=offset, sort_direction=direction), now_us=kept.now_us)
    fills = kept.archive.fills(ME, GetFillHistory(limit=limit, offset=offset, sort_direction=direction), now_us=kept.now_us)
    assert (order_ids(orders), orders.total) == (expected, 5)
    assert (trade_ids(fills), fills.total) == (expected, 5)


def test_page_has_a_hundred_rows_unless_asked_otherwise_and_never_more_than_a_thousand() -> None:
    kept = Kept()
    for number in range(1, 1102):
        kept.happen(accepted(order(order_id=number)))
    assert len(kept.orders()) == 100
    assert len(kept.orders(GetOrderHistory(limit=1000))) == len(kept.orders(GetOrderHistory(limit=2000))) == 1000


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (GetFillHistory(symbol="BTC_USDC"), [4, 2]),
        (GetFillHistory(symbol="NO_SUCH"), []),
        (GetFillHistory(order_id="3"), [3]),
        (GetFillHistory(order_id="3", symbol="BTC_USDC"), []),
        (GetFillHistory(order_id="99"), []),
        (GetFillHistory(order_id="x"), []),
        (GetFillHistory(order_id="²"), []),
        (GetFillHistory(strategy_id="1"), []),
        (GetFillHistory(market_type=(MarketType.SPOT,)), [5, 4, 3, 2, 1]),
        (GetFillHistory(market_type=(MarketType.PERP,)), []),
        (GetFillHistory(market_type=(MarketType.PERP, MarketType.SPOT)), [5, 4, 3, 2, 1]),
        (GetFillHistory(fill_type=FillType.USER), [5, 4, 3, 2, 1]),
        (GetFillHistory(fill_type=FillType.ADL), []),
        (GetFillHistory(asset_class=AssetClass.CRYPTO), [5, 4, 3, 2, 1]),
        (GetFillHistory(asset_class=AssetClass.STOCK), []),
        # From inclusive, to exclusive, in milliseconds.
        (GetFillHistory(from_ms=NOW_MS + 3000), [5, 4]),
        (GetFillHistory(from_ms=NOW_MS + 3001), [5]),
        (GetFillHistory(to_ms=NOW_MS + 1000), [1]),
        (GetFillHistory(to_ms=NOW_MS + 1001), [2, 1]),
        (GetFillHistory(from_ms=NOW_MS + 1000, to_ms=NOW_MS + 3000), [3, 2]),
        (GetFillHistory(from_ms=NOW_MS + 3000, to_ms=NOW_MS + 1000), []),
        (GetFillHistory(from_ms=NOW_MS, to_ms=NOW_MS + 3000, symbol="SOL_USDC", limit=1), [3]),
    ],
)
def test_filters_of_fills(operation: GetFillHistory, expected: list[int]) -> None:
    kept = five()
    page = kept.archive.fills(ME, operation, now_us=kept.now_us)
    assert trade_ids(page) == expected
    assert page.total == (2 if operation.limit else len(expected))


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (GetOrderHistory(symbol="BTC_USDC"), [4, 2]),
        (GetOrderHistory(order_id="3"), [3]),
        (GetOrderHistory(strategy_id="1"), []),
        (GetOrderHistory(market_type=(MarketType.PERP,)), []),
        (GetOrderHistory(market_type=(MarketType.SPOT,), symbol="SOL_USDC"), [5, 3, 1]),
    ],
)
def test_filters_of_orders(operation: GetOrderHistory, expected: list[int]) -> None:
    assert order_ids(five().orders(operation)) == expected


def test_late_history_shows_what_was_true_then() -> None:
    kept, facts = Kept(lag_us=2 * SECOND_US), order(quantity="2", price="20")
    kept.happen(accepted(facts))
    kept.wait()
    kept.happen(filled(facts, "20", "1", executed="1", status=OrderStatus.PARTIALLY_FILLED))
    kept.wait()
    kept.happen(ended(facts, executed="1", executed_quote="20"))
    seen: list[tuple[list[str], int]] = []
    for _ in range(3):
        seen.append(([row.status.value for row in kept.orders()], len(kept.fills())))
        kept.wait()
    assert seen == [(["New"], 0), (["PartiallyFilled"], 1), (["Cancelled"], 1)]


def test_order_is_not_in_the_history_before_the_lag_is_over() -> None:
    kept = Kept(lag_us=SECOND_US)
    kept.happen(accepted(order()))
    kept.wait(SECOND_US - 1)
    assert kept.archive.orders(ME, GetOrderHistory(), now_us=kept.now_us).total == 0
    kept.wait(1)
    assert kept.archive.orders(ME, GetOrderHistory(), now_us=kept.now_us).total == 1


def test_states_that_nobody_can_see_any_more_are_forgotten() -> None:
    kept, facts = Kept(lag_us=SECOND_US), order(quantity="1000", price="20")
    kept.happen(accepted(facts))
    for count in range(1, 300):
        kept.wait(SECOND_US // 2)
        kept.happen(filled(facts, "20", "1", trade_id=count, executed=str(count), status=OrderStatus.PARTIALLY_FILLED))
    assert kept.archive.histories.find("SELECT count(*) FROM earlier") == [(2,)]
    (row,) = kept.orders()
    assert str(row.executed_quantity) == "297"


def test_oldest_rows_are_forgotten_when_there_are_too_many() -> None:
    kept = Kept(rows_max=20)
    for number in range(1, 51):
        facts = order(order_id=number, quantity="1", price="20")
        kept.happen(accepted(facts), filled(facts, "20", "1", trade_id=number))
    newest = order_ids(kept.orders())
    assert 17 <= len(newest) <= 20
    assert newest == list(range(50, 50 - len(newest), -1))
    assert trade_ids(kept.fills()) == trade_ids(kept.fills(GetFillHistory(symbol="SOL_USDC"))) == newest
    assert kept.orders(GetOrderHistory(order_id="1")) == []
    assert order_ids(kept.orders(GetOrderHistory(order_id="50"))) == [50]


def test_fill_of_a_forgotten_order_is_kept_and_harms_nothing() -> None:
    kept, old = Kept(rows_max=10), order(order_id=1, quantity="1", price="20")
    kept.happen(accepted(old))
    for number in range(2, 30):
        kept.happen(accepted(order(order_id=number)))
    kept.happen(filled(old, "20", "1", trade_id=5))
    assert trade_ids(kept.fills(GetFillHistory(order_id="1"))) == [5]

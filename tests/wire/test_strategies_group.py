"""Strategies: what is asked, and the bytes of what is answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from haversack.errors import UsageError
from haversack.rest.answers import read_answer
from haversack.rest.http import HttpResponse
from haversack.rest.parameters import parameters
from haversack.wire.base import CancelPending, Operation, Page, body_type
from haversack.wire.codec import decode, encode
from haversack.wire.strategies import (
    CancelAllStrategies,
    CancelStrategy,
    CreateStrategy,
    GetOpenStrategies,
    GetStrategy,
    GetStrategyHistory,
    PastStrategy,
    Strategy,
    StrategyCancelReason,
    StrategyStatus,
    StrategyType,
)
from wire.asked import Asked, asked

RUNNING = (
    b'{"clientStrategyId":4294967295,"createdAt":1788285244094,"duration":3600000,"executedQuantity":"1.5",'
    b'"executedQuoteQuantity":"150.3","id":"114575813313101824","interval":60000,"quantity":"60",'
    b'"randomizedIntervalQuantity":true,"reduceOnly":null,"selfTradePrevention":"RejectTaker","side":"Bid",'
    b'"slippageTolerance":"0.5","slippageToleranceType":"Percent","status":"Running","strategyType":"Scheduled",'
    b'"symbol":"SOL_USDC","timeInForce":"IOC"}'
)
ENDED = (
    b'[{"cancelReason":"InsufficientFunds","clientStrategyId":null,"createdAt":"2026-09-01T16:52:00.123","duration":3600000,'
    b'"executedQuantity":null,"executedQuoteQuantity":null,"id":"114575813313101824","interval":60000,"quantity":null,'
    b'"randomizedIntervalQuantity":false,"selfTradePrevention":"RejectBoth","side":"Ask","slippageTolerance":null,'
    b'"slippageToleranceType":null,"status":"Terminated","strategyType":"Scheduled","symbol":"SOL_USDC_PERP",'
    b'"timeInForce":"GTC"}]'
)


def read(operation: Operation[Any], body: bytes, status: int = 200) -> Any:
    return read_answer(operation, HttpResponse(status, {"x-total": "1"}, body))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (GetStrategy, RUNNING),
        (CreateStrategy, RUNNING),
        (CancelStrategy, RUNNING),
        (GetOpenStrategies, b"[" + RUNNING + b"]"),
        (CancelAllStrategies, b"[" + RUNNING + b"," + RUNNING + b"]"),
        (GetStrategyHistory, ENDED),
    ],
)
def test_answer_comes_back_byte_for_byte(kind: type[Operation[Any]], body: bytes) -> None:
    assert encode(decode(body_type(kind), body, what="an answer")) == body


def test_strategy_says_when_it_began_and_how_long_it_runs() -> None:
    strategy = read(GetStrategy("SOL_USDC", strategy_id="114575813313101824"), RUNNING)
    assert isinstance(strategy, Strategy)
    assert strategy.created_at == datetime(2026, 9, 1, 17, 54, 4, 94_000, tzinfo=UTC)
    assert (strategy.duration_ms, strategy.interval_ms) == (3_600_000, 60_000)
    assert (strategy.status, strategy.strategy_type) == (StrategyStatus.RUNNING, StrategyType.SCHEDULED)
    assert strategy.strategy_id == "114575813313101824"


def test_strategy_of_a_kind_that_is_not_known_is_read_all_the_same() -> None:
    strategy = read(CreateStrategy(side="Bid", strategy_type="Scheduled", symbol="X"), RUNNING.replace(b"Scheduled", b"Pegged"))
    kind: StrategyType = strategy.strategy_type
    assert not kind.is_known
    assert kind == "Pegged"


def test_strategy_that_the_exchange_ended_says_why() -> None:
    page: Page[PastStrategy] = read(GetStrategyHistory(), ENDED)
    assert page.total == 1
    (past,) = page
    assert past.cancel_reason is StrategyCancelReason.INSUFFICIENT_FUNDS
    assert past.created_at == datetime(2026, 9, 1, 16, 52, 0, 123_000, tzinfo=UTC)
    assert past.quantity is None


@pytest.mark.parametrize(
    "operation", [CancelStrategy(strategy_id="7", symbol="SOL_USDC"), CancelAllStrategies(symbol="SOL_USDC")]
)
def test_cancel_that_was_taken_and_not_carried_out_is_pending(operation: Operation[Any]) -> None:
    assert isinstance(read(operation, b"", 202), CancelPending)


@pytest.mark.parametrize(("kind", "is_cancel"), [(CancelStrategy, True), (CancelAllStrategies, True), (CreateStrategy, False)])
def test_cancels_may_use_the_budget_that_is_kept_for_them(kind: type[Operation[Any]], is_cancel: bool) -> None:
    assert kind.is_cancel is is_cancel


def test_only_the_creation_of_a_strategy_names_the_broker() -> None:
    assert CreateStrategy.names_broker
    assert not CancelStrategy.names_broker
    assert "broker_id" not in CreateStrategy.__struct_fields__


def test_lengths_of_time_are_sent_in_milliseconds() -> None:
    operation = CreateStrategy(
        client_strategy_id=4_294_967_295,
        duration_ms=timedelta(hours=1),
        interval_ms=60_000,
        post_only=False,
        price="100.10",
        quantity=Decimal(60),
        randomized_interval_quantity=True,
        side="Bid",
        strategy_type="Scheduled",
        symbol="SOL_USDC",
    )
    assert asked(operation) == Asked(
        "POST /api/v1/strategy",
        '{"clientStrategyId":4294967295,"duration":3600000,"interval":60000,"postOnly":false,"price":"100.10","quantity":"60",'
        '"randomizedIntervalQuantity":true,"side":"Bid","strategyType":"Scheduled","symbol":"SOL_USDC"}',
        "instruction=strategyCreate&clientStrategyId=4294967295&duration=3600000&interval=60000&postOnly=false&price=100.10"
        "&quantity=60&randomizedIntervalQuantity=true&side=Bid&strategyType=Scheduled&symbol=SOL_USDC",
    )


def test_all_parameters_of_a_strategy_have_the_exchange_s_names() -> None:
    operation = CreateStrategy(
        auto_borrow=True, auto_borrow_repay=True, auto_lend=True, auto_lend_redeem=True, client_strategy_id=1, duration_ms=2,
        interval_ms=1, post_only=True, price=1, quantity=1, randomized_interval_quantity=False, reduce_only=True,
        self_trade_prevention="RejectBoth", side="Ask", slippage_tolerance="0.5", slippage_tolerance_type="Percent",
        strategy_type="Scheduled", symbol="SOL_USDC", time_in_force="IOC",
    )  # fmt: skip
    assert list(parameters(operation)) == [
        "autoBorrow", "autoBorrowRepay", "autoLend", "autoLendRedeem", "clientStrategyId", "duration", "interval", "postOnly",
        "price", "quantity", "randomizedIntervalQuantity", "reduceOnly", "selfTradePrevention", "side", "slippageTolerance",
        "slippageToleranceType", "strategyType", "symbol", "timeInForce",
    ]  # fmt: skip


@pytest.mark.parametrize("length", [1.5, -1, True, "1h", timedelta(seconds=-1)])
def test_length_of_time_that_is_none_is_refused(length: Any) -> None:
    with pytest.raises(UsageError, match="duration_ms"):
        asked(CreateStrategy(duration_ms=length, side="Bid", strategy_type="Scheduled", symbol="SOL_USDC"))


def test_kind_of_strategy_that_is_not_documented_is_refused() -> None:
    wrong: Any = "Sheduled"
    with pytest.raises(UsageError, match="Scheduled"):
        asked(CreateStrategy(side="Bid", strategy_type=wrong, symbol="SOL_USDC"))


def test_strategy_is_asked_and_cancelled_by_either_id() -> None:
    assert asked(GetStrategy("SOL_USDC", client_strategy_id=7)) == Asked(
        "GET /api/v1/strategy?clientStrategyId=7&symbol=SOL_USDC",
        "",
        "instruction=strategyQuery&clientStrategyId=7&symbol=SOL_USDC",
    )
    assert asked(CancelStrategy(strategy_id="114575813313101824", symbol="SOL_USDC")) == Asked(
        "DELETE /api/v1/strategy",
        '{"strategyId":"114575813313101824","symbol":"SOL_USDC"}',
        "instruction=strategyCancel&strategyId=114575813313101824&symbol=SOL_USDC",
    )


def test_open_strategies_are_asked_and_cancelled_by_market() -> None:
    rest = "marketType=SPOT&strategyType=Scheduled&symbol=SOL_USDC"
    assert asked(GetOpenStrategies("SOL_USDC", market_type="SPOT", strategy_type="Scheduled")) == Asked(
        f"GET /api/v1/strategies?{rest}", "", f"instruction=strategyQueryAll&{rest}"
    )
    assert asked(CancelAllStrategies(strategy_type="Scheduled", symbol="SOL_USDC")) == Asked(
        "DELETE /api/v1/strategies",
        '{"strategyType":"Scheduled","symbol":"SOL_USDC"}',
        "instruction=strategyCancelAll&strategyType=Scheduled&symbol=SOL_USDC",
    )


def test_strategy_history_is_asked_page_by_page() -> None:
    rest = "limit=5&marketType=PERP&marketType=SPOT&offset=10&sortDirection=Asc&strategyId=7&symbol=SOL_USDC"
    operation = GetStrategyHistory(
        limit=5, market_type=("SPOT", "PERP"), offset=10, sort_direction="Asc", strategy_id="7", symbol="SOL_USDC"
    )
    assert asked(operation) == Asked(f"GET /wapi/v1/history/strategies?{rest}", "", f"instruction=strategyHistoryQueryAll&{rest}")

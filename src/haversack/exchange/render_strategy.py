"""Strategies as the exchange writes them. Forms: documented, none was ever seen; numbers and times as those of orders (guess)."""

from __future__ import annotations

from decimal import Decimal

from haversack.exchange.engine.command import SLIPPAGE_SCALE
from haversack.exchange.engine.strategies.command import StartStrategy
from haversack.exchange.engine.strategies.event import StrategyEnded
from haversack.exchange.engine.strategies.running import OpenStrategy
from haversack.exchange.listing import Scales
from haversack.exchange.render import naive_iso
from haversack.units import compact
from haversack.wire.strategies import PastStrategy, Strategy, StrategyType


def strategy_answer(told: OpenStrategy | StrategyEnded, scales: Scales) -> Strategy:
    """A strategy as REST answers it."""
    facts, asked = told.strategy, told.strategy.asked
    return Strategy(
        client_strategy_id=asked.client_id,
        created_ms=facts.created_us // 1000,
        duration_ms=asked.duration_ms,
        executed_quantity=scales.short_quantity(told.executed),
        executed_quote_quantity=scales.short_notional(told.executed_quote),
        strategy_id=str(facts.strategy_id),
        interval_ms=asked.interval_ms,
        quantity=scales.short_quantity(asked.quantity),
        randomized_interval_quantity=asked.is_randomized,
        reduce_only=asked.reduce_only,
        self_trade_prevention=asked.self_trade_prevention,
        side=asked.side,
        slippage_tolerance=_tolerance(asked),
        slippage_tolerance_type=asked.slippage_kind,
        status=told.status,
        strategy_type=StrategyType.SCHEDULED,
        symbol=asked.symbol,
        time_in_force=asked.time_in_force,
    )


def past_strategy(ended: StrategyEnded, scales: Scales) -> PastStrategy:
    """A row of the strategy history."""
    facts, asked = ended.strategy, ended.strategy.asked
    return PastStrategy(
        cancel_reason=ended.reason,
        client_strategy_id=asked.client_id,
        created_iso=naive_iso(facts.created_us),
        duration_ms=asked.duration_ms,
        executed_quantity=scales.short_quantity(ended.executed),
        executed_quote_quantity=scales.short_notional(ended.executed_quote),
        strategy_id=str(facts.strategy_id),
        interval_ms=asked.interval_ms,
        quantity=scales.short_quantity(asked.quantity),
        randomized_interval_quantity=bool(asked.is_randomized),
        self_trade_prevention=asked.self_trade_prevention,
        side=asked.side,
        slippage_tolerance=_tolerance(asked),
        slippage_tolerance_type=asked.slippage_kind,
        status=ended.status,
        strategy_type=StrategyType.SCHEDULED,
        symbol=asked.symbol,
        time_in_force=asked.time_in_force,
    )


def _tolerance(asked: StartStrategy) -> Decimal | None:
    return None if asked.slippage_kind is None else compact(asked.slippage_e8, SLIPPAGE_SCALE)

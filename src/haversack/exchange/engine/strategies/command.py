"""What can be asked of strategies."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from haversack.exchange.engine.backing import Backing
from haversack.wire.enums import SelfTradePrevention, Side, SlippageToleranceType, TimeInForce


class StartStrategy(msgspec.Struct, frozen=True, kw_only=True, tag="strategyStart", array_like=True):
    """Send a quantity in slices. The filters of the market hold for each of them, and the interval is no longer than all."""

    account: int
    symbol: str
    side: Side
    quantity: int
    """All of it, in quantity units."""
    duration_ms: int
    interval_ms: int
    price: int | None = None
    """Limit of every order; None: they are market orders."""
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.REJECT_TAKER
    client_id: int | None = None
    slippage_kind: SlippageToleranceType | None = None
    slippage_e8: int = 0
    """How far from the best price every order may trade, in units of 1e-8 of a tick or of a percent."""
    reduce_only: bool | None = None
    """None: it was not said, which means no."""
    is_randomized: bool | None = None
    """Whether slices are of different sizes. None: it was not said, which means no."""
    backing: Backing | None = None
    """What every order may call on beside the balance, and whether it repays; spot markets only."""


class CancelStrategy(msgspec.Struct, frozen=True, kw_only=True, tag="strategyCancel", array_like=True):
    """End one strategy that runs; with a client id, the newest that carries it."""

    account: int
    symbol: str
    strategy_id: int | None = None
    client_id: int | None = None


class CancelStrategies(msgspec.Struct, frozen=True, tag="strategyCancelAll", array_like=True):
    """End all strategies of an account in one market, oldest first."""

    account: int
    symbol: str


StrategyCommand: TypeAlias = StartStrategy | CancelStrategy | CancelStrategies

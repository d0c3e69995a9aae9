"""Why strategies are turned away, and why they are ended."""

from __future__ import annotations

from collections.abc import Mapping

from haversack.exchange.engine.event import FacilityRefusal, Refusal
from haversack.wire.enums import ExpiryReason
from haversack.wire.strategies import StrategyCancelReason


class StrategyRefusal(FacilityRefusal):
    """Why a command of strategies changed nothing."""

    LIQUIDATING = "the account is being liquidated"
    BOOK_CLOSED = "the market is closed"
    CANCEL_ONLY = "the market takes nothing but cancels"
    TOO_MANY = "too many strategies are running"
    NOT_FOUND = "no such strategy is running"


UNSENT: Mapping[Refusal, StrategyCancelReason] = {
    Refusal.ACCOUNT_LIQUIDATING: StrategyCancelReason.LIQUIDATION,
    Refusal.PRICE_BAND: StrategyCancelReason.INVALID_PRICE,
    Refusal.FILL_OR_KILL: StrategyCancelReason.FILL_OR_KILL,
    Refusal.INSUFFICIENT_FUNDS: StrategyCancelReason.INSUFFICIENT_FUNDS,
    Refusal.INSUFFICIENT_MARGIN: StrategyCancelReason.INSUFFICIENT_MARGIN,
    Refusal.REDUCE_ONLY: StrategyCancelReason.REDUCE_ONLY_NOT_REDUCED,
}
"""The reason that a strategy is told one of whose orders was refused (guess: by the names); else Unknown."""

_BY_NAME = {reason.value: reason for reason in StrategyCancelReason}


def ending(reason: ExpiryReason) -> StrategyCancelReason | None:
    """Why a strategy ends with an order of its own that expired as it came; None if it goes on.

    Documented are the reasons of strategies and those of orders, and that is all. Guess: a reason that both have ends both, and
    any other, such as a price beyond the slippage tolerance, the order alone.
    """
    return _BY_NAME.get(reason.value)

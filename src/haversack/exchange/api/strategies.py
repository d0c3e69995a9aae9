"""Strategies: starting, asking, cancelling, and those of the past.

No answer of the real one was ever seen: codes and texts are guesses, most of them those of orders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from haversack.exchange.admission import refused
from haversack.exchange.api.caller import Caller, not_found, unknown_symbol
from haversack.exchange.engine.event import Event, FacilityRefusal, Refusal
from haversack.exchange.engine.strategies.command import CancelStrategies
from haversack.exchange.engine.strategies.command import CancelStrategy as Cancel
from haversack.exchange.engine.strategies.event import StrategyEnded, StrategyStarted
from haversack.exchange.engine.strategies.refusal import StrategyRefusal
from haversack.exchange.engine.strategies.running import OpenStrategy
from haversack.exchange.engine.strategies.strategies import Strategies
from haversack.exchange.messages import Refused
from haversack.exchange.numerals import id_number
from haversack.exchange.render_strategy import strategy_answer
from haversack.exchange.scheduling import schedule
from haversack.exchange.views.strategies import past_strategies
from haversack.wire.base import Page
from haversack.wire.strategies import (
    CancelAllStrategies,
    CancelStrategy,
    CreateStrategy,
    GetOpenStrategies,
    GetStrategy,
    GetStrategyHistory,
    PastStrategy,
    Strategy,
)

_TEXTS: Mapping[FacilityRefusal, Refused] = {
    StrategyRefusal.LIQUIDATING: refused(Refusal.ACCOUNT_LIQUIDATING),
    StrategyRefusal.BOOK_CLOSED: refused(Refusal.BOOK_CLOSED),
    StrategyRefusal.CANCEL_ONLY: refused(Refusal.CANCEL_ONLY),
    StrategyRefusal.TOO_MANY: Refused.by_rule("ORDER_LIMIT", "Strategy limit reached"),
    StrategyRefusal.NOT_FOUND: Refused.as_invalid("Strategy not found"),
}


def create(caller: Caller, operation: CreateStrategy) -> Strategy:
    """Start a strategy; it has sent nothing yet."""
    (started,) = caller.carry_out(schedule(operation, caller.account, caller.venue.listing), _TEXTS)
    assert isinstance(started, StrategyStarted), f"a strategy that was not refused began with {started}"
    return _answer(caller, OpenStrategy(started.strategy, 0, 0))


def strategy(caller: Caller, operation: GetStrategy) -> Strategy:
    """A strategy that runs; one that does so no longer is not found."""
    caller.check_symbol(operation.symbol, unknown_symbol())
    strategy_id, client_id = _one_id(operation.strategy_id, operation.client_strategy_id)
    found = caller.venue.engine.facility(Strategies).find(caller.account, operation.symbol, strategy_id, client_id)
    if found is None:
        raise not_found()
    return _answer(caller, found)


def strategies(caller: Caller, operation: GetOpenStrategies) -> list[Strategy]:
    """All that run, the oldest first."""
    if operation.symbol is not None:
        caller.check_symbol(operation.symbol, unknown_symbol())
    markets, kind = caller.venue.listing.markets, operation.market_type
    found = caller.venue.engine.facility(Strategies).running(caller.account, operation.symbol)
    return [_answer(caller, each) for each in found if kind is None or markets[each.strategy.asked.symbol].market_type == kind]


def cancel(caller: Caller, operation: CancelStrategy) -> Strategy:
    """End a strategy."""
    strategy_id, client_id = _one_id(operation.strategy_id, operation.client_strategy_id)
    command = Cancel(account=caller.account, symbol=operation.symbol, strategy_id=strategy_id, client_id=client_id)
    return _ended(caller, caller.carry_out(command, _TEXTS))[0]


def cancel_all(caller: Caller, operation: CancelAllStrategies) -> list[Strategy]:
    """End all strategies of a market; an empty list if there were none, as for orders (recorded 2026-09)."""
    return _ended(caller, caller.carry_out(CancelStrategies(caller.account, operation.symbol), _TEXTS))


def past(caller: Caller, operation: GetStrategyHistory) -> Page[PastStrategy]:
    """Strategies that run no longer, newest first."""
    venue = caller.venue
    return past_strategies(venue.archive, venue.listing, caller.account, operation, now_us=caller.now_us)


def _one_id(strategy_id: str | None, client_id: int | None) -> tuple[int | None, int | None]:
    if strategy_id is not None:
        return id_number(strategy_id), None
    if client_id is None:
        raise Refused.as_invalid("Must specify either `strategyId` or `clientStrategyId`")
    return None, client_id


def _ended(caller: Caller, events: Sequence[Event]) -> list[Strategy]:
    return [_answer(caller, event) for event in events if isinstance(event, StrategyEnded)]


def _answer(caller: Caller, told: OpenStrategy | StrategyEnded) -> Strategy:
    return strategy_answer(told, caller.scales(told.strategy.asked.symbol))


ROUTES = (
    CreateStrategy.served_by(create),
    GetStrategy.served_by(strategy),
    GetOpenStrategies.served_by(strategies),
    CancelStrategy.served_by(cancel),
    CancelAllStrategies.served_by(cancel_all),
    GetStrategyHistory.served_by(past),
)

"""Carries out what is asked of the control plane. It opens no door: any caller in the process may use it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from haversack.errors import UsageError
from haversack.exchange.control import scenario
from haversack.exchange.control.state import state_of
from haversack.exchange.control.words import (
    AddFault,
    Advance,
    Ask,
    ClearFaults,
    ClockState,
    Done,
    ExchangeState,
    FaultAdded,
    FaultList,
    FaultsCleared,
    ListFaults,
    LoadScenario,
    ReadClock,
    ReadState,
    Reset,
    Resolve,
    SaveScenario,
    ScenarioSaved,
    Seed,
    Seeded,
    SetMarket,
    SetNav,
    SetPrice,
    SetSpeed,
)
from haversack.exchange.operator import Operator

A = TypeVar("A")

ADVANCE_US_MAX = 86_400 * 1_000_000
LEVELS_MAX = 5_000


class ControlDesk:
    """One exchange's control plane, without a door."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator

    async def carry_out(self, ask: Ask[A]) -> A:
        """The answer; a UsageError if it is refused, and then nothing was changed."""
        return cast("A", await _HANDLERS[type(ask)](self._operator, ask))


async def _reset(operator: Operator, _ask: Reset) -> Done:
    await operator.renew()
    return Done()


async def _seed(operator: Operator, ask: Seed) -> Seeded:
    return Seeded(account=await operator.seed(ask.key, ask.amounts))


async def _set_market(operator: Operator, ask: SetMarket) -> Done:
    await operator.set_market(ask.symbol, ask.state)
    return Done()


async def _set_price(operator: Operator, ask: SetPrice) -> Done:
    await operator.set_price(ask.symbol, ask.price)
    return Done()


async def _set_nav(operator: Operator, ask: SetNav) -> Done:
    await operator.set_nav(ask.vault_id, ask.nav)
    return Done()


async def _resolve(operator: Operator, ask: Resolve) -> Done:
    await operator.resolve(ask.symbol, is_yes=ask.is_yes, delay_s=ask.delay_s)
    return Done()


async def _read_clock(operator: Operator, _ask: ReadClock) -> ClockState:
    return ClockState(now_us=operator.clock.now_us(), speed=operator.pulse.speed)


async def _set_speed(operator: Operator, ask: SetSpeed) -> ClockState:
    operator.pulse.set_speed(ask.speed)
    return await _read_clock(operator, ReadClock())


async def _advance(operator: Operator, ask: Advance) -> ClockState:
    if not 0 <= ask.step_us <= ADVANCE_US_MAX:
        raise UsageError("time is moved by 0 to 24 hours at once")
    await operator.pulse.advance(ask.step_us)
    return await _read_clock(operator, ReadClock())


async def _read_state(operator: Operator, ask: ReadState) -> ExchangeState:
    if not 0 <= ask.levels_max <= LEVELS_MAX:
        raise UsageError(f"levels_max must be 0 to {LEVELS_MAX}, found {ask.levels_max}")
    await operator.venue.settled()
    return state_of(operator, levels_max=ask.levels_max)


async def _save(operator: Operator, ask: SaveScenario) -> ScenarioSaved:
    await operator.venue.settled()
    header = scenario.save(operator, Path(ask.path))
    return ScenarioSaved(path=ask.path, commands=header.commands, hash=header.hash)


async def _load(operator: Operator, ask: LoadScenario) -> ExchangeState:
    header, entries = scenario.load(operator, Path(ask.path))
    await operator.renew(entries, now_us=header.now_us)
    return await _read_state(operator, ReadState())


async def _add_fault(operator: Operator, ask: AddFault) -> FaultAdded:
    return FaultAdded(number=operator.venue.faults.add(ask.fault))


async def _list_faults(operator: Operator, _ask: ListFaults) -> FaultList:
    return FaultList(faults=operator.venue.faults.waiting())


async def _clear_faults(operator: Operator, ask: ClearFaults) -> FaultsCleared:
    return FaultsCleared(count=operator.venue.faults.clear(ask.number))


_HANDLERS: dict[type[Ask[Any]], Callable[[Operator, Any], Awaitable[Any]]] = {
    Reset: _reset,
    Seed: _seed,
    SetMarket: _set_market,
    SetPrice: _set_price,
    Resolve: _resolve,
    SetNav: _set_nav,
    ReadClock: _read_clock,
    SetSpeed: _set_speed,
    Advance: _advance,
    ReadState: _read_state,
    SaveScenario: _save,
    LoadScenario: _load,
    AddFault: _add_fault,
    ListFaults: _list_faults,
    ClearFaults: _clear_faults,
}

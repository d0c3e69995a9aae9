"""The short cut in integers decides nothing that exact figures would decide otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from exchange.engine.perpetual.bustle import LISTING, Bustle
from exchange.engine.sizes import SIZES
from haversack.exchange.engine.command import Command
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import Event
from haversack.exchange.engine.perpetual.budget import Budget
from haversack.exchange.engine.perpetual.margins import Margins

SEEDS, COMMANDS = max(4, SIZES.seeds // 20), 600
USDC_SCALE = LISTING.asset_scales["USDC"]


def test_engine_without_budgets_does_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    answered, found = Counter[bool](), Counter[str]()
    takes = Budget.takes

    def counted(budget: Budget, notional: int, rate_ppb: int) -> bool:
        fits = takes(budget, notional, rate_ppb)
        answered[fits] += 1
        return fits

    for seed in range(SEEDS):
        monkeypatch.setattr(Budget, "takes", counted)
        bustle = Bustle(seed)
        done: list[tuple[Command, int, list[Event]]] = []
        for _ in range(COMMANDS):
            command = bustle.command()
            events = bustle.do(command)
            done.append((command, bustle.now_us, events))
        with monkeypatch.context() as exact:
            exact.setattr(Margins, "_budget", lambda *_: None)
            same = Bustle(seed)
            for number, (command, now_us, events) in enumerate(done):
                assert same.engine.apply(command, now_us) == events, f"seed {seed}, command {number}: {command}"
            assert same.engine.state_hash() == bustle.engine.state_hash(), f"seed {seed}"
        found += bustle.found
    # It was put to the test: budgets answered, and margin was short.
    assert min(answered[True], answered[False], found["INSUFFICIENT_MARGIN"]) > 15 * SEEDS, (answered, found)
    assert min(found["PositionChanged"], found["FundingPaid"], found["OrderFilled"]) > 2 * SEEDS, found


def budgets(engine: Engine) -> Iterator[tuple[int, int, int]]:
    """Account, what its budget says is left, and what exact figures say, in the ledger's units."""
    margins = engine._margins  # pyright: ignore[reportPrivateUsage]
    for account in engine._ledger.accounts:  # pyright: ignore[reportPrivateUsage]
        budget = account.budget
        if budget is not None and budget.version == margins.version:
            yield account.number, budget.left, int(margins.figures(account).net_equity_available.scaleb(USDC_SCALE))


def test_budget_is_never_more_than_what_is_left() -> None:
    seen = below = 0
    for seed in range(100, 100 + SEEDS):
        bustle = Bustle(seed)
        for number in range(COMMANDS):
            command = bustle.command()
            bustle.do(command)
            for account, left, available in budgets(bustle.engine):
                seen += 1
                below += left < available
                assert left <= available, f"seed {seed}, command {number}, account {account}: {command}"
    assert seen - below > 2 * SEEDS, "no budget was exact"
    assert below > 100 * SEEDS, "no budget was used"

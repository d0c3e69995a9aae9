"""The short cut in integers decides nothing that exact figures would decide otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import pytest

from exchange.engine.perpetual.bustle import LISTING, Bustle
from exchange.engine.perpetual.sample import QUANTITY_SCALE, SOL, holdings, units
from exchange.engine.sizes import SIZES
from haversack.exchange.engine.command import Command
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import Event
from haversack.exchange.engine.perpetual.budget import Budget
from haversack.exchange.engine.perpetual.margin import AccountMargin, Exposure, account_margin
from haversack.exchange.engine.perpetual.margins import Margins

SEEDS, COMMANDS = max(4, SIZES.seeds // 20), 600
USDC_SCALE = LISTING.asset_scales["USDC"]


def no_budget(*_: object) -> None:
    """In place of what makes budgets."""


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
            exact.setattr(Margins, "_budget", no_budget)
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


@pytest.mark.parametrize("before", ["0", "100000", "400000", "700000"])
@pytest.mark.parametrize(("equity", "leverage"), [("90000", "5"), ("90000", "20"), ("90000", "50"), ("700000", "1")])
def test_budget_of_large_exposures_ends_before_margin_does(equity: str, leverage: str, before: str) -> None:
    """Their fraction grows with their root, so that the next unit takes more than those before it."""
    account, scale, mark = holdings(equity, leverage), 8, Decimal(100)
    quantity, step = units(before) // 100, units("10")

    def figures() -> AccountMargin:
        return account_margin(account, [Exposure(contract=SOL, mark=mark, bids=quantity)])

    budget = Budget(figures(), account.leverage_limit, quote_scale=scale, version=0)
    rate = budget.learn(SOL.symbol, SOL.imf_function, Decimal(before))
    while budget.takes(step * 100 * 10 ** (scale - QUANTITY_SCALE), rate):
        quantity += step
        assert budget.left <= figures().net_equity_available.scaleb(scale), f"{quantity} units"

"""What the owner of an exchange may ask of it, and what is journaled of that."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from exchange.control.running import KEY, OTHER_KEY, Running
from haversack.clock import ManualClock, PacedClock, SystemClock
from haversack.errors import UsageError
from haversack.exchange.control.audit import problems
from haversack.exchange.control.desk import ControlDesk
from haversack.exchange.control.words import (
    AddFault,
    Advance,
    AnyAsk,
    Ask,
    ClearFaults,
    Envelope,
    ListFaults,
    LoadScenario,
    ReadClock,
    ReadState,
    Reset,
    SaveScenario,
    Seed,
    SetMarket,
    SetNav,
    SetPrice,
    SetSpeed,
)
from haversack.exchange.engine.command import OpenAccount, Place
from haversack.exchange.engine.rules import FeeTier
from haversack.exchange.faults import AnswerAction, AnswerFault, Condition, ConditionKind
from haversack.exchange.journal import FILE_NAME
from haversack.exchange.listing import Listing
from haversack.exchange.logbook import FolderLogbook
from haversack.exchange.operator import Operator
from haversack.exchange.venue import Settings
from haversack.wire.enums import Side


async def test_an_account_that_is_new_gets_what_it_is_given_and_nothing_else() -> None:
    running = Running()
    seeded = await running.carry_out(Seed(key=KEY, amounts={"USDC": Decimal("12.5")}))
    await running.carry_out(Seed(key=KEY, amounts={"USDC": Decimal("0.5"), "SOL": Decimal(2)}))
    state = await running.carry_out(ReadState())
    (account,) = state.accounts
    assert (account.account, account.key) == (seeded.account, KEY)
    assert account.balances == {"USDC": (Decimal(13), Decimal(0)), "SOL": (Decimal(2), Decimal(0))}
    assert state.granted == {"USDC": Decimal(13), "SOL": Decimal(2)}
    assert state.problems == []


async def test_what_an_owner_does_is_journaled() -> None:
    running = Running()
    await running.carry_out(Seed(key=KEY, amounts={"USDC": Decimal(1)}))
    await running.carry_out(Seed(key=KEY, amounts={"USDC": Decimal(1)}))
    await running.carry_out(SetMarket(symbol="SOL_USDC", state="PostOnly"))
    await running.carry_out(SetPrice(symbol="SOL_USDC_PERP", price=Decimal("99.5")))
    await running.carry_out(SetNav(vault_id=1, nav=Decimal("1.05")))
    again = Running(logbook=running.operator.logbook)
    assert again.operator.log.last_seq == 5
    assert again.hash == running.hash


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (Seed(key="mine", amounts={"USDC": Decimal(1)}), "a key is base64 of 32 bytes, found 'mine'"),
        (Seed(key=KEY, amounts={}), "each above 0"),
        (Seed(key=KEY, amounts={"USDC": Decimal(0)}), "each above 0"),
        (Seed(key=KEY, amounts={"USDC": Decimal(-1)}), "each above 0"),
        (Seed(key=KEY, amounts={"GOLD": Decimal(1)}), "'GOLD' is not listed"),
        (Seed(key=KEY, amounts={"USDC": Decimal("1e-30")}), "quantity of USDC"),
        (SetMarket(symbol="SOL_EUR", state="Open"), "'SOL_EUR' is not listed"),
        (SetMarket(symbol="SOL_USDC", state="Ajar"), "found 'Ajar'"),
        (SetPrice(symbol="SOL_USDC", price=Decimal(1)), "no crowd trades it here"),
        (SetPrice(symbol="SOL_USDC_PERP", price=Decimal(0)), "above 0"),
        (SetNav(vault_id=1, nav=Decimal(0)), "worth more than 0"),
        (SetNav(vault_id=7, nav=Decimal(1)), "vault 7 is not listed: there are 1"),
        (SetNav(vault_id=1, nav=Decimal("1e-13")), "worth of a token"),
        (SetSpeed(speed=2), "clock of its own"),
        (Advance(step_us=-1), "0 to 24 hours"),
        (Advance(step_us=86_400_000_001), "0 to 24 hours"),
        (ReadState(levels_max=-1), "levels_max"),
        (ClearFaults(number=9), "no fault has the number 9"),
        (LoadScenario(path="/nowhere/at.all"), "cannot read the scenario"),
        (SaveScenario(path="/nowhere/at.all"), "cannot write the scenario"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
async def test_what_makes_no_sense_is_refused_and_changes_nothing(ask: Ask[Any], says: str) -> None:
    running = Running()
    before = running.hash
    with pytest.raises(UsageError, match=says):
        await running.carry_out(ask)
    assert (running.hash, running.operator.log.last_seq) == (before, 0)


async def test_a_market_is_closed_and_opened() -> None:
    running = Running()
    for word in ("Closed", "Open"):
        await running.carry_out(SetMarket(symbol="SOL_USDC", state=word))
        state = await running.carry_out(ReadState())
        assert {market.symbol: market.state for market in state.markets}["SOL_USDC"] == word


async def test_the_crowd_follows_a_price() -> None:
    running = Running(crowd=True)
    await running.carry_out(Advance(step_us=5_000_000))
    before = running.operator.venue.engine.top("SOL_USDC")
    assert before[0] is not None
    price = running.operator.listing.scales["SOL_USDC"].short_price(before[0][0]) * Decimal("1.01")
    await running.carry_out(SetPrice(symbol="SOL_USDC", price=price))
    await running.carry_out(Advance(step_us=30_000_000))
    (market,) = [each for each in (await running.carry_out(ReadState())).markets if each.symbol == "SOL_USDC"]
    assert abs(market.bids[0][0] / price - 1) < Decimal("0.004")
    assert problems(running.operator.venue) == []


async def test_a_perpetual_gets_its_index_without_a_crowd() -> None:
    running = Running()
    await running.carry_out(SetPrice(symbol="SOL_USDC_PERP", price=Decimal("99.5")))
    (market,) = [each for each in (await running.carry_out(ReadState())).markets if each.symbol == "SOL_USDC_PERP"]
    assert market.mark_price == Decimal("99.5")


async def test_mark_price_follows_an_index_that_was_set_by_hand_a_quarter_percent_a_second() -> None:
    running = Running(clock=PacedClock(ManualClock()))
    marks: list[Decimal | None] = []
    for price, seconds in (("100", 5), ("101", 1), ("101", 1), ("101", 60)):
        if price != "101" or len(marks) == 1:
            await running.carry_out(SetPrice(symbol="SOL_USDC_PERP", price=Decimal(price)))
        await running.carry_out(Advance(step_us=seconds * 1_000_000))
        (market,) = [each for each in (await running.carry_out(ReadState())).markets if each.symbol == "SOL_USDC_PERP"]
        marks.append(market.mark_price)
    # At once, and then with every whole second: 100.25 and 100.50, 100.75, 101.
    assert marks == [Decimal(100), Decimal("100.5"), Decimal("100.75"), Decimal(101)]
    commands = running.operator.log.last_seq
    await running.carry_out(Advance(step_us=60_000_000))
    assert running.operator.log.last_seq == commands, "nothing moves, and nobody has anything"


async def test_a_clock_is_read_moved_and_paced() -> None:
    running = Running(clock=PacedClock(ManualClock()))
    start = await running.carry_out(ReadClock())
    assert start.speed == 1
    assert (await running.carry_out(Advance(step_us=90_000_000))).now_us == start.now_us + 90_000_000
    assert (await running.carry_out(SetSpeed(speed=60))).speed == 60


async def test_a_new_beginning_forgets_accounts_orders_and_faults_and_not_the_time() -> None:
    clock = ManualClock()
    running = Running(clock=clock)
    empty = running.hash
    await running.carry_out(Seed(key=KEY, amounts={"USDC": Decimal(1)}))
    await running.carry_out(AddFault(fault=Condition(kind=ConditionKind.MAINTENANCE)))
    clock.advance(s=5)
    await running.carry_out(Reset())
    state = await running.carry_out(ReadState())
    assert (state.hash, state.commands, state.accounts, state.faults) == (empty, 0, [], [])
    assert state.now_us == clock.now_us()


async def test_a_new_beginning_puts_the_old_journal_aside(tmp_path: Path) -> None:
    def logbook() -> FolderLogbook:
        return FolderLogbook(tmp_path, b"origin")

    running = Running(logbook=logbook())
    await running.carry_out(Seed(key=KEY, amounts={"USDC": Decimal(1)}))
    before = running.hash
    for _ in range(2):
        await running.carry_out(Reset())
    await running.carry_out(Seed(key=OTHER_KEY, amounts={"USDC": Decimal(2)}))
    after = running.hash
    await running.operator.finish()
    assert set(os.listdir(tmp_path)) >= {FILE_NAME, "journal-1.db", "journal-2.db"}
    for name, expected in ((None, after), ("journal-1.db", before)):
        if name is not None:
            (tmp_path / name).replace(tmp_path / FILE_NAME)
        again = Running(logbook=logbook())
        assert again.hash == expected
        await again.operator.finish()


async def test_time_goes_on_where_the_journal_ended() -> None:
    clock = PacedClock(ManualClock())
    running = Running(clock=clock)
    clock.advance(s=3_600)
    await running.carry_out(Seed(key=KEY, amounts={"USDC": Decimal(1)}))
    later = PacedClock(ManualClock())
    Running(clock=later, logbook=running.operator.logbook)
    assert later.now_us() == clock.now_us()


async def test_faults_are_added_listed_and_cleared() -> None:
    running = Running()
    fault = AnswerFault(action=AnswerAction.PENDING, operation="CancelOrder")
    assert (await running.carry_out(AddFault(fault=fault))).number == 1
    assert [each.fault for each in (await running.carry_out(ListFaults())).faults] == [fault]
    assert (await running.carry_out(ClearFaults())).count == 1


@pytest.mark.parametrize(
    "ask",
    [
        Reset(),
        Seed(key=KEY, amounts={"USDC": Decimal("1.5")}),
        Advance(step_us=5),
        AddFault(fault=Condition(kind=ConditionKind.SKEWED_CLOCK, by_s=-1.5)),
        ClearFaults(),
    ],
)
def test_what_is_asked_survives_the_wire(ask: AnyAsk) -> None:
    line = msgspec.json.encode(Envelope(ask=ask, token="word"))
    assert msgspec.json.decode(line, type=Envelope) == Envelope(ask=ask, token="word")


def broken(change: str) -> list[str]:
    """What the audit finds after the state was changed behind the engine's back."""
    running = Running()
    venue, engine = running.operator.venue, running.operator.venue.engine
    venue.execute(OpenAccount(KEY, FeeTier(0, 0), (("USDC", 10**15),)), now_us=1)
    place = Place(account=1, symbol="SOL_USDC", side=Side.BID, price=9_000, quantity=100)
    venue.execute(place, now_us=2)
    assert problems(venue) == []
    ledger, book = engine._ledger, engine._markets["SOL_USDC"].book
    order = next(iter(ledger.account(1).open_orders["SOL_USDC"].by_id.values()))
    if change == "money":
        ledger.account(1).balances["USDC"].available += 1
    elif change == "debt":
        ledger.account(1).balances["USDC"].available -= 10**16
    elif change == "book":
        book.remove(order)
    elif change == "order":
        book.remove(order)
        ledger.account(1).open_orders["SOL_USDC"].remove(order)
    return problems(venue)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("money", "USDC: 0.0000000001 too much is there"),
        ("debt", "available"),
        ("book", "SOL_USDC: the Bid levels of the book are not what the open orders make them"),
        ("order", "order 60000000000 of account 1 was accepted, never ended, and does not rest"),
    ],
)
async def test_the_audit_finds_what_does_not_add_up(change: str, says: str) -> None:
    assert any(says in problem for problem in broken(change))


async def test_a_scenario_needs_a_clock_that_can_be_set(tmp_path: Path) -> None:
    path = tmp_path / "scenario"
    running = Running()
    await running.carry_out(SaveScenario(path=str(path)))
    operator = Operator(
        Listing.load(),
        Settings(has_crowd=False),
        SystemClock(),
        logbook=running.operator.logbook,
        genesis=b"a listing and a seed",
    )
    operator.start()
    venue = operator.venue
    with pytest.raises(UsageError, match="machine's clock"):
        await ControlDesk(operator).carry_out(LoadScenario(path=str(path)))
    assert operator.venue is venue

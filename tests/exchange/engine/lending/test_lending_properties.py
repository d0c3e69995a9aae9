"""Random loans, orders, prices and hours: nothing is made or lost, and another engine that takes over acts alike."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.engine.lending.bank import ALICE, BOB, CAROL, HOUR_US, NOW_US, ONE, PERP, SPOT, balanced, new_engine
from exchange.engine.lending.bank import POOLS as USUAL
from haversack.exchange.engine.backing import Backing
from haversack.exchange.engine.command import CancelAll, ChangeSettings, Command, Elapse, Grant, OpenAccount, Place, SetPrices
from haversack.exchange.engine.event import BalanceChanged, DebtCovered, Declined, Event, LiquidatingChanged, Rejected
from haversack.exchange.engine.lending.command import BorrowOrLend
from haversack.exchange.engine.lending.event import InterestPaid, LoanChanged, PoolTold
from haversack.exchange.engine.lending.lending import Lending
from haversack.exchange.engine.lending.refusal import LendingRefusal
from haversack.exchange.engine.rules import AccountSettings, FeeTier
from haversack.exchange.engine.state import EngineState
from haversack.wire.borrow_lend import BorrowLendSide
from haversack.wire.enums import Side, TimeInForce

ACCOUNTS = (ALICE, BOB, CAROL)
HOUSE, TRADER = 4, 5
ASSETS = ("SOL", "USDC")
SECOND_US = 1_000_000
ELSEWHERE = {"CLOSED", "REPAY_ONLY"}
"""Refusals that no pool here gives."""


POOLS = (USUAL[0], msgspec.structs.replace(USUAL[1], limit=600 * ONE))
"""Of the second, more is lent than may be."""


class Play:
    """One engine, and everything that it was told and told."""

    def __init__(self) -> None:
        self.engine = new_engine(*POOLS)
        self.now_us = NOW_US
        self.done: list[tuple[Command, int]] = []
        self.told: list[list[Event]] = []
        self.spot, self.index = 10_000, 10_000
        for number in ACCOUNTS:
            self.do(OpenAccount(f"key {number}", FeeTier(800, 1_000, 200, 500), (("USDC", 2_000 * ONE), ("SOL", 20 * ONE))))
            self.do(ChangeSettings(number, AccountSettings(leverage_e8=20 * 10**8)))
        for name in ("house", "trader"):
            self.do(OpenAccount(name, FeeTier(0, 0), (("USDC", 10**8 * ONE), ("SOL", 10**6 * ONE)), is_house=True))
        self.jump(self.spot)

    def do(self, command: Command) -> list[Event]:
        before = self.engine.state_hash()
        events = self.engine.apply(command, self.now_us)
        self.done.append((command, self.now_us))
        self.told.append(events)
        has_changed = bool(events) and not isinstance(events[0], Declined | Rejected)
        assert has_changed or self.engine.state_hash() == before, f"{command} changed what no event tells"
        self.check()
        return events

    def jump(self, price: int) -> None:
        """Let the house trade at another price, and quote around it."""
        self.spot = price
        self.do(CancelAll(HOUSE, SPOT))
        for number in ACCOUNTS:
            self.do(CancelAll(number, SPOT))
        for side, away in ((Side.ASK, 20), (Side.BID, -20)):
            self.do(Place(account=HOUSE, symbol=SPOT, side=side, price=price + away, quantity=2_000))
        self.do(Place(account=TRADER, symbol=SPOT, side=Side.BID, price=price + 20, quantity=1))

    def free(self, account: int, asset: str) -> int:
        """All that is available, in steps of the pools."""
        return max(10, self.engine.balances(account)[asset][0] // 10 * 10)

    def check(self) -> None:
        """Of each asset there is what was granted, and each pool holds what its loans add up to."""
        assert all(found == granted for found, granted in balanced(self.engine).values())
        lending = self.engine.facility(Lending)
        for asset, pool in lending.pools.items():
            loans = [lending.loans(number)[asset] for number in self.engine.accounts if asset in lending.loans(number)]
            assert pool.lent == sum(loan.quantity for loan in loans if not loan.is_borrow)
            assert pool.borrowed == -sum(loan.quantity for loan in loans if loan.is_borrow)
            assert all(loan.quantity and (loan.quantity < 0) == loan.is_borrow for loan in loans)
            assert all(loan.quantity % pool.rules.step == 0 for loan in loans)


def command(dice: random.Random, play: Play) -> Command:
    account, asset = dice.choice(ACCOUNTS), dice.choice(ASSETS)
    unit = ONE if asset == "SOL" else 100 * ONE
    amount = dice.choice((dice.randrange(1, 50 * unit // 10) * 10, dice.randrange(1, 900 * unit // 10) * 10))
    loan = play.engine.facility(Lending).loans(account).get(asset)
    if dice.random() < 0.4:
        most = play.engine.facility(Lending).max_borrow(account, asset, play.now_us)
        amount = dice.choice((abs(loan.quantity), abs(loan.quantity) + 10)) if loan else most or 10
    play.index = max(1_000, min(40_000, play.index + dice.randrange(-400, 400)))
    price, quantity = play.spot + dice.randrange(-200, 200), dice.randrange(1, 120)
    choices: list[Any] = [
        *[lambda: BorrowOrLend(account, asset, dice.choice(list(BorrowLendSide)), amount)] * 8,
        *[lambda: BorrowOrLend(account, asset, BorrowLendSide.LEND, play.free(account, asset))] * 5,
        *[lambda: _order(dice, account, SPOT, price, quantity)] * 5,
        *[lambda: _all(dice, play, account)] * 4,
        *[lambda: _order(dice, account, PERP, play.index + dice.randrange(-100, 100), quantity)] * 5,
        *[lambda: _order(dice, HOUSE, PERP, play.index, quantity)] * 4,
        lambda: CancelAll(dice.choice((*ACCOUNTS, HOUSE)), dice.choice((SPOT, PERP))),
        *[Elapse] * 2,
        *[lambda: SetPrices(((PERP, play.index * 10**6),))] * 4,
        lambda: Grant(account, ((asset, amount // 50),)),
        lambda: ChangeSettings(account, _settings(dice)),
    ]
    return dice.choice(choices)()  # type: ignore[no-any-return]


def _settings(dice: random.Random) -> AccountSettings:
    return AccountSettings(
        leverage_e8=dice.randrange(1, 21) * 10**8, auto_lend=dice.random() < 0.2, auto_borrow_settlements=dice.random() < 0.5
    )


def _order(dice: random.Random, account: int, symbol: str, price: int, quantity: int) -> Place:
    side = dice.choice((Side.BID, Side.ASK))
    time_in_force = dice.choice((TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC))
    return Place(
        account=account,
        symbol=symbol,
        side=side,
        price=price,
        quantity=quantity,
        time_in_force=time_in_force,
        backing=_backing(dice),
    )


def _backing(dice: random.Random) -> Backing | None:
    return Backing(*(dice.random() < 0.7 for _ in range(3))) if dice.random() < 0.7 else None


def _all(dice: random.Random, play: Play, account: int) -> Place:
    """Sell all that there is, or buy for all that there is."""
    available = {asset: held[0] for asset, held in play.engine.balances(account).items()}
    if dice.random() < 0.5:
        quantity = max(1, available["SOL"] // 10**5)
        return Place(account=account, symbol=SPOT, side=Side.ASK, price=None, quantity=quantity)
    return Place(account=account, symbol=SPOT, side=Side.BID, price=None, quantity=None, quote_quantity=available["USDC"] or 1)


def played(seed: int, count: int) -> Play:
    dice, play = random.Random(seed), Play()
    for _ in range(count):
        if dice.random() < 0.1:
            play.jump(max(1_000, min(40_000, play.spot * dice.randrange(60, 160) // 100)))
        play.now_us += dice.choice((0, 1, SECOND_US // 3, SECOND_US, 3 * SECOND_US, HOUR_US // 5, 2 * HOUR_US))
        play.do(command(dice, play))
    return play


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_nothing_is_made_or_lost_and_what_happened_can_be_done_again(seed: int) -> None:
    play = played(seed, 80)
    again = new_engine(*POOLS)
    assert [again.apply(*each) for each in play.done] == play.told
    assert again.state_hash() == play.engine.state_hash()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), cut=st.integers(8, 80))
def test_engine_that_takes_over_acts_alike(seed: int, cut: int) -> None:
    play = played(seed, 80)
    first, second = new_engine(*POOLS), new_engine(*POOLS)
    for each in play.done[:cut]:
        first.apply(*each)
    second.load(first.dump())
    assert second.state_hash() == first.state_hash()
    assert [second.apply(*each) for each in play.done[cut:]] == play.told[cut:]
    assert second.state_hash() == play.engine.state_hash()


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_an_engine_can_take_over_before_any_command(seed: int) -> None:
    """As one that was written down and read again."""
    engine, decode = new_engine(*POOLS), msgspec.json.Decoder(EngineState).decode
    for each in played(seed, 60).done:
        other = new_engine(*POOLS)
        other.load(decode(msgspec.json.encode(engine.dump())))
        assert other.apply(*each) == engine.apply(*each)
        assert other.state_hash() == engine.state_hash()


def test_random_commands_come_to_every_event_and_refusal() -> None:
    seen: Counter[str] = Counter()
    for seed in range(16):
        play = played(seed, 160)
        for events in play.told:
            seen.update(type(event).__name__ for event in events)
            seen.update(f"{event.kind.value} {event.source.value}" for event in events if isinstance(event, LoanChanged))
            seen.update(event.kind.value for event in events if isinstance(event, InterestPaid))
            seen.update(event.refusal.name for event in events if isinstance(event, Declined))
    kinds = (BalanceChanged, DebtCovered, InterestPaid, LiquidatingChanged, LoanChanged, PoolTold)
    wanted = {kind.__name__ for kind in kinds} | {refusal.name for refusal in LendingRefusal} - ELSEWHERE
    wanted |= {"Borrow Manual", "BorrowRepay Manual", "Lend Manual", "LendRedeem Manual", "EntryFee"}
    wanted |= {"BorrowRepay Liquidation", "LendRedeem Liquidation", "BorrowRepay LiquidationAdl"}
    wanted |= {"Lend AutoLend", "LendRedeem AutoLend", "LendRedeem SpotMargin", "BorrowRepay AutoBorrowRepay"}
    wanted |= {"LendRedeem Reconciliation", "Borrow SpotMargin", "BorrowRepay SpotMargin"}
    assert {name: seen[name] for name in wanted if not seen[name]} == {}

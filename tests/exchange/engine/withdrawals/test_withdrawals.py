"""Withdrawals at the engine, with delays, grants and orders: nothing is made or lost, and what waits comes in time."""

from __future__ import annotations

import random
from collections import Counter
from functools import partial
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.engine.desk import RULES as MARKET
from exchange.engine.desk import limit
from haversack.exchange.engine.command import CancelAll, Command, Elapse, Grant, OpenAccount
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import BalanceChanged, Declined, Event
from haversack.exchange.engine.rules import AssetRules, FeeTier
from haversack.exchange.engine.withdrawals.command import ChangeDelay, CreateDelay, Withdraw
from haversack.exchange.engine.withdrawals.event import DelayChanged, WithdrawalChanged
from haversack.exchange.engine.withdrawals.refusal import WithdrawalRefusal
from haversack.exchange.engine.withdrawals.rules import NetworkRules, WithdrawalRules
from haversack.exchange.engine.withdrawals.withdrawals import HOUR_US, Withdrawals
from haversack.wire.enums import Side

ALICE, BOB = 1, 2
ONE = 10**6
ASSETS = ("SOL", "USDC")
START_US = 1_790_000_000_000_000
MINUTE_US = 60 * ONE
RULES = WithdrawalRules(
    networks={
        ("USDC", "Solana"): NetworkRules(is_enabled=True, least=2 * ONE, most=500 * ONE, fee=ONE),
        ("USDC", "Ethereum"): NetworkRules(is_enabled=False, least=ONE, most=None, fee=ONE),
        ("SOL", "Solana"): NetworkRules(is_enabled=True, least=0, most=None, fee=ONE // 2),
    },
    confirm_us=MINUTE_US,
    addresses=frozenset({"home"}),
)


def engine() -> Engine:
    return Engine([AssetRules(asset, 6) for asset in ASSETS], [MARKET], facilities=[partial(Withdrawals, rules=RULES)])


def opened() -> Engine:
    new = engine()
    for name in ("alice", "bob"):
        new.apply(OpenAccount(name, FeeTier(800, 1_000), (("USDC", 1_000 * ONE), ("SOL", 20 * ONE))), START_US)
    return new


def out(amount: int = 100 * ONE, asset: str = "USDC", account: int = ALICE, **more: Any) -> Withdraw:
    usual: dict[str, Any] = {"account": account, "asset": asset, "blockchain": "Solana", "address": "away", "amount": amount}
    return Withdraw(**(usual | more))


def test_what_leaves_is_told_and_counted_until_it_is_confirmed_and_after() -> None:
    venue = opened()
    changed, told = venue.apply(out(), START_US)
    assert isinstance(changed, WithdrawalChanged)
    assert (changed.is_confirmed, changed.withdrawal.number, changed.withdrawal.fee) == (False, 1, ONE)
    assert told == BalanceChanged(ALICE, "USDC", 900 * ONE, 0)
    assert (venue.held_beside, venue.facilities_due_us()) == ({"USDC": 100 * ONE}, START_US + MINUTE_US)
    assert venue.apply(Elapse(), START_US + MINUTE_US - 1) == []
    assert venue.apply(Elapse(), START_US + MINUTE_US) == [WithdrawalChanged(changed.withdrawal, is_confirmed=True)]
    assert (venue.held_beside, venue.fees["USDC"], venue.facilities_due_us()) == ({"USDC": 99 * ONE}, ONE, None)


def test_each_refusal_changes_nothing() -> None:
    venue = opened()
    before = venue.state_hash()
    for command, refusal in (
        (out(blockchain="Bitcoin"), WithdrawalRefusal.UNKNOWN_NETWORK),
        (out(blockchain="Ethereum"), WithdrawalRefusal.DISABLED),
        (out(2 * ONE - 1), WithdrawalRefusal.TOO_SMALL),
        # Nothing would arrive.
        (out(ONE // 2, "SOL"), WithdrawalRefusal.TOO_SMALL),
        (out(500 * ONE + 1), WithdrawalRefusal.TOO_LARGE),
        (out(20 * ONE + 1, "SOL"), WithdrawalRefusal.FUNDS),
        (ChangeDelay(ALICE, 5), WithdrawalRefusal.NO_DELAY),
    ):
        assert venue.apply(command, START_US) == [Declined(refusal)]
    assert venue.state_hash() == before


def test_account_that_is_liquidated_withdraws_nothing() -> None:
    state = opened().dump()
    accounts = [msgspec.structs.replace(each, liquidating=True) for each in state.accounts]
    other = engine()
    other.load(msgspec.structs.replace(state, accounts=accounts))
    assert other.apply(out(), START_US) == [Declined(WithdrawalRefusal.LIQUIDATING)]


def test_delay_of_an_account_is_its_own_and_not_for_the_address_book() -> None:
    venue = opened()
    venue.apply(CreateDelay(ALICE, 2), START_US)
    dues: list[int] = []
    for command in (out(), out(address="home"), out(account=BOB)):
        changed = venue.apply(command, START_US)[0]
        assert isinstance(changed, WithdrawalChanged)
        dues.append(changed.withdrawal.due_us - START_US)
    assert dues == [2 * HOUR_US + MINUTE_US, MINUTE_US, MINUTE_US]


def command(dice: random.Random) -> Command:
    account, asset = dice.choice((ALICE, BOB)), dice.choice(ASSETS)
    amount = dice.choice((dice.randrange(1, 5 * ONE), dice.randrange(1, 600 * ONE)))
    choices: list[Any] = [
        *[lambda: out(amount, asset, account, address=dice.choice(("home", "away")))] * 5,
        lambda: CreateDelay(account, dice.randrange(1, 3)),
        lambda: ChangeDelay(account, dice.randrange(0, 3)),
        *[Elapse] * 5,
        lambda: Grant(account, ((asset, amount),)),
        *[lambda: limit(dice.choice((Side.BID, Side.ASK)), "20", "1", account)] * 2,
        lambda: CancelAll(account, MARKET.symbol),
    ]
    return dice.choice(choices)()  # type: ignore[no-any-return]


def check(venue: Engine) -> None:
    held: Counter[str] = Counter(venue.fees)
    held.update(venue.held_beside)
    for account in (ALICE, BOB):
        for asset, (available, locked) in venue.balances(account).items():
            assert min(available, locked) >= 0
            held[asset] += available + locked
    assert {asset: held[asset] for asset in ASSETS} == venue.granted


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), cut=st.integers(0, 79))
def test_nothing_is_made_or_lost_and_another_engine_acts_alike(seed: int, cut: int) -> None:
    dice, venue, other, now_us = random.Random(seed), opened(), engine(), START_US
    told: list[Event] = []
    for number in range(80):
        now_us += dice.choice((0, 1, MINUTE_US // 2, HOUR_US // 2, HOUR_US))
        each = command(dice)
        if number == cut:
            other.load(venue.dump())
        before, events = venue.state_hash(), venue.apply(each, now_us)
        assert number < cut or other.apply(each, now_us) == events
        assert (events and not isinstance(events[0], Declined)) or venue.state_hash() == before
        told += events
        check(venue)
    assert (other.state_hash(), other.next_due_us()) == (venue.state_hash(), venue.next_due_us())
    asked = [event.withdrawal for event in told if isinstance(event, WithdrawalChanged) and not event.is_confirmed]
    assert [each.number for each in asked] == list(range(1, len(asked) + 1))
    venue.apply(Elapse(), now_us + 5 * HOUR_US)
    check(venue)
    assert venue.facilities_due_us() is None


def test_delays_change_in_random_play() -> None:
    dice, venue, now_us = random.Random(5), opened(), START_US
    told: list[Event] = []
    for _ in range(300):
        now_us += dice.choice((1, HOUR_US))
        told += venue.apply(command(dice), now_us)
    delays = [event.delay for event in told if isinstance(event, DelayChanged)]
    assert None in delays
    assert any(delay is not None and delay.pending_hours is not None for delay in delays)

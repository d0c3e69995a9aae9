"""Dust at the engine: what counts as dust, what it brings, and that no asset is made or lost by it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.engine.desk import NOW_US, limit
from exchange.engine.desk import RULES as MARKET
from haversack.exchange.engine.command import CancelAll, Command, Grant, OpenAccount
from haversack.exchange.engine.dust.command import ConvertDust
from haversack.exchange.engine.dust.dust import Dust, DustRules
from haversack.exchange.engine.dust.event import DustConverted
from haversack.exchange.engine.dust.refusal import DustRefusal
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import BalanceChanged, Declined, Event
from haversack.exchange.engine.rules import AssetRules, FeeTier
from haversack.wire.enums import Side

ALICE, BOB = 1, 2
ONE = 10**6
ASSETS = ("SOL", "WIF", "USDC")
OTHER = msgspec.structs.replace(MARKET, symbol="WIF_USDC", base="WIF")
ENOUGH = 5 * ONE // 10
BID, ASK = Side.BID, Side.ASK


def engine() -> Engine:
    rules = [DustRules("SOL", MARKET.symbol, ENOUGH), DustRules("WIF", OTHER.symbol, ENOUGH)]
    return Engine([AssetRules(asset, 6) for asset in ASSETS], [MARKET, OTHER], facilities=[partial(Dust, rules=rules)])


def opened(*, sol: int = 0, wif: int = 0) -> Engine:
    """Alice has so much dust; Bob quotes SOL at 20 and 22 and WIF nowhere."""
    new = engine()
    do(new, OpenAccount("alice", FeeTier(800, 1_000), (("SOL", sol), ("WIF", wif), ("USDC", 1_000 * ONE))))
    do(new, OpenAccount("bob", FeeTier(0, 0), (("SOL", 100 * ONE), ("USDC", 1_000 * ONE))))
    do(new, limit(BID, "20", "1", BOB))
    do(new, limit(ASK, "22", "1", BOB))
    return new


def do(venue: Engine, command: Command) -> Sequence[Event]:
    return venue.apply(command, NOW_US)


def test_dust_brings_its_worth_at_the_active_price_without_a_fee() -> None:
    venue = opened(sol=123_457)
    (converted, gave, got) = do(venue, ConvertDust(ALICE, "SOL"))
    assert isinstance(converted, DustConverted)
    assert (converted.asset, converted.amount, converted.received) == ("SOL", 123_457, 123_457 * 21)
    assert gave == BalanceChanged(ALICE, "SOL", 0, 0)
    assert got == BalanceChanged(ALICE, "USDC", 1_000 * ONE + 123_457 * 21, 0)
    assert venue.held_beside == {"SOL": 123_457, "USDC": -123_457 * 21}
    assert venue.fees == {"SOL": 0, "WIF": 0, "USDC": 0}


def test_what_it_brings_is_rounded_down() -> None:
    venue = opened(sol=3)
    do(venue, limit(BID, "20.01", "1", BOB))
    (converted, *_) = do(venue, ConvertDust(ALICE, "SOL"))
    # Three millionths at 21.005.
    assert isinstance(converted, DustConverted)
    assert converted.received == 63


def test_balance_that_reaches_the_smallest_order_is_no_dust() -> None:
    assert do(opened(sol=ENOUGH), ConvertDust(ALICE, "SOL")) == [Declined(DustRefusal.NO_DUST)]
    assert do(opened(), ConvertDust(ALICE, "SOL")) == [Declined(DustRefusal.NO_DUST)]
    assert do(opened(), ConvertDust(ALICE, "USDC")) == [Declined(DustRefusal.NO_DUST)]
    assert isinstance(do(opened(sol=ENOUGH - 1), ConvertDust(ALICE, "SOL"))[0], DustConverted)


def test_what_is_locked_counts_and_is_not_taken() -> None:
    venue = opened(sol=ENOUGH + ONE // 10)
    do(venue, limit(ASK, "30", "0.5"))
    assert venue.balances(ALICE)["SOL"] == (ONE // 10, ENOUGH)
    assert do(venue, ConvertDust(ALICE, "SOL")) == [Declined(DustRefusal.NO_DUST)]
    venue = opened(sol=ENOUGH - 1)
    do(venue, limit(ASK, "30", "0.4"))
    do(venue, ConvertDust(ALICE, "SOL"))
    assert venue.balances(ALICE)["SOL"] == (0, 4 * ONE // 10)


def test_all_dust_is_what_has_a_price() -> None:
    venue = opened(sol=7, wif=9)
    assert do(venue, ConvertDust(ALICE, "WIF")) == [Declined(DustRefusal.NO_PRICE)]
    told = do(venue, ConvertDust(ALICE, None))
    assert [event.asset for event in told if isinstance(event, DustConverted)] == ["SOL"]
    do(venue, limit(BID, "1", "1", BOB, symbol="WIF_USDC"))
    told = do(venue, ConvertDust(ALICE, None))
    assert [event.asset for event in told if isinstance(event, DustConverted)] == ["WIF"]
    assert do(venue, ConvertDust(ALICE, None)) == []


def test_account_that_is_liquidated_converts_nothing() -> None:
    state = opened(sol=7).dump()
    accounts = [msgspec.structs.replace(each, liquidating=True) for each in state.accounts]
    other = engine()
    other.load(msgspec.structs.replace(state, accounts=accounts))
    assert do(other, ConvertDust(ALICE, "SOL")) == [Declined(DustRefusal.LIQUIDATING)]


def random_command(dice: random.Random) -> Command:
    account, asset = dice.choice((ALICE, BOB)), dice.choice(("SOL", "WIF"))
    price, quantity = str(dice.randrange(1_900, 2_100) / 100), str(dice.randrange(1, 8) / 10)
    symbol = f"{asset}_USDC"
    choices: list[Any] = [
        *[lambda: ConvertDust(account, dice.choice((None, "SOL", "WIF")))] * 3,
        lambda: Grant(account, ((asset, dice.randrange(0, 60_000)),)),
        *[lambda: limit(dice.choice((BID, ASK)), price, quantity, account, symbol=symbol)] * 4,
        lambda: CancelAll(account, symbol),
    ]
    return dice.choice(choices)()  # type: ignore[no-any-return]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), cut=st.integers(1, 60))
def test_nothing_is_made_or_lost_and_another_engine_acts_alike(seed: int, cut: int) -> None:
    dice, venue, other = random.Random(seed), opened(sol=9, wif=9), engine()
    for number in range(60):
        command = random_command(dice)
        if number == cut:
            other.load(venue.dump())
        told = do(venue, command)
        assert number < cut or do(other, command) == told
        held: Counter[str] = Counter(venue.fees)
        held.update(venue.held_beside)
        for account in (ALICE, BOB):
            for asset, (available, locked) in venue.balances(account).items():
                assert min(available, locked) >= 0
                held[asset] += available + locked
        assert {asset: held[asset] for asset in ASSETS} == venue.granted
    assert cut == 60 or other.state_hash() == venue.state_hash()

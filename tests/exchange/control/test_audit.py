"""Whatever does not add up is said, in a sentence that names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from msgspec.structs import replace

from exchange.control.running import Running
from haversack.exchange.control.audit import problems
from haversack.exchange.engine.command import OpenAccount, Place, SetPrices
from haversack.exchange.engine.rules import FeeTier
from haversack.exchange.engine.state import EngineState
from haversack.exchange.venue import Venue, new_engine
from haversack.wire.enums import Side

Damage: TypeAlias = Callable[[EngineState], EngineState]
PERP = "SOL_USDC_PERP"
ALICE, BOB, MAKER = 1, 2, 3
CENTS = 10**8
"""Of the ledger's units of USDC."""
GRANT = 10_000 * 100 * CENTS


def traded() -> Venue:
    """Alice is long 2 SOL and bids for one more; Bob is short 0.5 after a loss of 0.5 USDC, and a house account 1.5."""
    venue = Running().operator.venue
    now_us = venue.clock.now_us()
    for name in ("alice", "bob", "maker"):
        command = OpenAccount(name, FeeTier(0, 0, 200, 500), (("USDC", GRANT),), is_house=name == "maker")
        venue.execute(command, now_us=now_us)
    venue.execute(SetPrices(((PERP, 100 * 10**8),)), now_us=now_us)
    for account, side, price, quantity in (
        (BOB, Side.ASK, 100_00, 100),
        (MAKER, Side.ASK, 100_01, 100),
        (ALICE, Side.BID, 100_01, 200),
        (ALICE, Side.BID, 99_00, 100),
        (MAKER, Side.ASK, 101_00, 100),
        (BOB, Side.BID, 101_00, 50),
    ):
        place = Place(account=account, symbol=PERP, side=side, price=price, quantity=quantity)
        venue.execute(place, now_us=now_us)
    return venue


def test_positions_and_what_they_cost_add_up() -> None:
    venue = traded()
    assert problems(venue) == []
    assert venue.engine.open_interest(PERP) == 200


def with_position(account: int, **changes: int) -> Damage:
    """What a position would be with other figures."""

    def damage(state: EngineState) -> EngineState:
        (market,) = [each for each in state.markets if each.symbol == PERP]
        positions = [
            (number, replace(position, **changes) if number == account else position) for number, position in market.positions
        ]
        markets = [replace(each, positions=positions) if each is market else each for each in state.markets]
        return replace(state, markets=markets)

    return damage


def with_interest(state: EngineState) -> EngineState:
    return replace(state, markets=[replace(each, open_interest=201) if each.symbol == PERP else each for each in state.markets])


def with_account(account: int, **changes: Any) -> Damage:
    """What an account would be with other figures."""

    def damage(state: EngineState) -> EngineState:
        accounts = [replace(each, **changes) if number == account else each for number, each in enumerate(state.accounts, 1)]
        return replace(state, accounts=accounts)

    return damage


def with_cover(state: EngineState) -> EngineState:
    return replace(state, ledger=replace(state.ledger, covers=[("USDC", -3 * CENTS)]))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (with_position(ALICE, pnl_realized=CENTS), "USDC: 0.01 too little is there, of all that was granted"),
        (with_position(MAKER, quantity=-149), f"{PERP}: the positions add up to 1 of its quantity units"),
        (with_interest, f"{PERP}: the open interest is not the sum of the long positions"),
        # The loss, a maker's fee of 2 bps on 100 USDC and a taker's of 5 on 50.5.
        (with_account(BOB, unsettled=0), "USDC: 0.54525 too much is there, of all that was granted"),
        (with_cover, "USDC: 0.03 too little is there, of all that was granted"),
        (with_account(BOB, balances=[("USDC", -1, GRANT + 1)]), f"account 2 has -1 USDC available and {GRANT + 1} locked"),
    ],
)
def test_what_does_not_add_up_is_named(damage: Damage, said: str) -> None:
    venue = traded()
    state = damage(venue.engine.dump())
    venue.engine = new_engine(venue.listing)
    venue.engine.load(state)
    (problem,) = problems(venue)
    assert problem.startswith(said)


@pytest.mark.parametrize(("account", "bids", "asks"), [(ALICE, -1, 0), (BOB, 0, 1), (MAKER, 100, 0)])
def test_orders_that_are_miscounted_are_named(account: int, bids: int, asks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    venue = traded()
    held = [(who, position, has_bids, has_asks) for who, position, has_bids, has_asks in venue.engine.holdings(PERP)]
    wrong = [(who, position, b + bids * (who == account), a + asks * (who == account)) for who, position, b, a in held]
    monkeypatch.setattr(venue.engine, "holdings", lambda symbol: wrong if symbol == PERP else [])
    assert problems(venue) == [f"{PERP}: what the orders of account {account} could add is not what it is counted as"]

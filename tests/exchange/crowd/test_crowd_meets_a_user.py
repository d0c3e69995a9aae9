"""A user's order among the crowd: no special treatment, and no special neglect."""

from __future__ import annotations

import pytest

from exchange.crowd.stage import SECOND_US, Stage, listing_of
from haversack.exchange.engine.command import Place, SetBookState
from haversack.exchange.engine.event import OrderAccepted
from haversack.wire.enums import OrderBookState, Side

SYMBOL = "SOL_USDC"
FEW = listing_of(SYMBOL, "BTC_USDC", "SOL_USDC_PERP")


def stage_with_room_inside_the_spread(seed: int) -> Stage:
    stage = Stage(seed, listing=FEW)
    stage.run(5)
    while (spread := spread_of(stage)) < 2:
        stage.run(1)
    assert spread >= 2
    return stage


def spread_of(stage: Stage) -> int:
    bid, ask = stage.view.top(SYMBOL)
    assert bid
    assert ask
    return ask[0] - bid[0]


def order(account: int, side: Side, price: int, quantity: int) -> Place:
    return Place(account=account, symbol=SYMBOL, side=side, price=price, quantity=quantity, post_only=True)


def seconds_to_first_fill(seed: int, side: Side) -> float:
    """Of 30 SOL, resting one tick better than the best."""
    stage = stage_with_room_inside_the_spread(seed)
    bid, ask = stage.view.top(SYMBOL)
    assert bid
    assert ask
    price = bid[0] + 1 if side is Side.BID else ask[0] - 1
    placed_us = stage.now_us
    assert isinstance(stage.apply(order(stage.user(), side, price, 3_000))[0], OrderAccepted)
    for _ in range(30):
        stage.run(1)
        if stage.fills:
            assert all(fill.price == price and fill.is_maker for _, fill in stage.fills)
            return (stage.fills[0][0] - placed_us) / SECOND_US
    return float("inf")


@pytest.mark.parametrize("side", [Side.BID, Side.ASK])
def test_order_inside_the_spread_is_partly_filled_within_seconds(side: Side) -> None:
    waits = [seconds_to_first_fill(seed, side) for seed in range(20)]
    assert sum(wait <= 5 for wait in waits) >= 11
    assert sum(wait <= 30 for wait in waits) >= 15


def test_bid_far_above_the_market_does_not_stand() -> None:
    stage = Stage(seed=7, listing=FEW)
    stage.run(10)
    ask = stage.view.top(SYMBOL)[1]
    assert ask
    generous = Place(account=stage.user(), symbol=SYMBOL, side=Side.BID, price=ask[0] + 40, quantity=30_000)
    stage.apply(generous)
    stage.run(60)
    bid, ask = stage.view.top(SYMBOL)
    assert bid
    assert ask
    assert ask[0] - bid[0] <= 5
    assert sum(fill.quantity for _, fill in stage.fills) == 30_000


@pytest.mark.parametrize(
    ("state", "quotes", "takes"),
    [("Closed", False, False), ("CancelOnly", False, False), ("PostOnly", True, False), ("LimitOnly", True, True)],
)
def test_crowd_sends_only_what_the_state_of_the_market_takes(state: str, quotes: bool, takes: bool) -> None:
    stage = Stage(seed=7, listing=FEW)
    stage.run(10)
    stage.apply(SetBookState(SYMBOL, OrderBookState(state)))
    sent, trades = len(stage.sent), len(stage.trades[SYMBOL])
    stage.run(180)
    orders = [command for _, command in stage.sent[sent:] if isinstance(command, Place) and command.symbol == SYMBOL]
    assert bool(orders) == quotes
    assert bool(stage.trades[SYMBOL][trades:]) == takes
    assert not stage.rejections.keys() & {"BOOK_CLOSED", "CANCEL_ONLY", "POST_ONLY_MODE", "LIMIT_ONLY"}
    assert any(command.symbol != SYMBOL for _, command in stage.sent[sent:] if isinstance(command, Place))


def test_crowd_comes_back_when_the_market_opens_again() -> None:
    stage = Stage(seed=7, listing=FEW)
    stage.run(10)
    stage.apply(SetBookState(SYMBOL, OrderBookState.CLOSED))
    stage.run(120)
    stage.apply(SetBookState(SYMBOL, OrderBookState.OPEN))
    stage.run(120)
    bids, asks, _ = stage.engine.depth(SYMBOL)
    assert len(bids) >= 20
    assert len(asks) >= 20
    assert spread_of(stage) <= 5

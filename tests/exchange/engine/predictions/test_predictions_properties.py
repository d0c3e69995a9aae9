"""Random bets, answers and liquidations: nothing is made or lost, and another engine that takes over acts alike."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.engine.again import assert_repeats, assert_takes_over
from exchange.engine.predictions.fair import (
    ANN,
    BEN,
    CID,
    PLAN,
    QUESTIONS,
    RAIN,
    ROUNDED,
    SECOND_US,
    engine,
    played,
)
from haversack.exchange.engine.command import Elapse
from haversack.exchange.engine.event import (
    Declined,
    LiquidatingChanged,
    OrderFilled,
    PositionChanged,
    Rejected,
    TradePrinted,
    TriggerFired,
)
from haversack.exchange.engine.predictions.event import PredictionResolved, ResolutionProposed
from haversack.exchange.engine.predictions.predictions import Predictions


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_nothing_is_made_or_lost_and_what_happened_can_be_done_again(seed: int) -> None:
    play = played(seed, 120)
    assert_repeats(engine, play.done, play.told, play.engine)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), cut=st.integers(5, 120))
def test_engine_that_takes_over_acts_alike(seed: int, cut: int) -> None:
    play = played(seed, 120)
    assert_takes_over(engine, play.done, play.told, cut=cut, last=play.engine)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), answers=st.tuples(st.booleans(), st.booleans()))
def test_whatever_the_answers_are_nobody_who_bets_alone_ends_in_debt(seed: int, answers: tuple[bool, bool]) -> None:
    play = played(seed, 60)
    for symbol, is_yes in zip(QUESTIONS, answers, strict=True):
        play.do(play.resolution(symbol, is_yes=is_yes))
    play.now_us += 200 * SECOND_US
    for _ in range(3):
        play.now_us += 11 * SECOND_US
        play.do(Elapse())
    facility = play.engine.facility(Predictions)
    for symbol in QUESTIONS:
        assert facility.fate(symbol).price is not None
        assert play.engine.depth(symbol)[:2] == ([], [])
        assert play.engine.open_interest(symbol) == 0
        assert not play.engine.holdings(symbol)
    for account in (ANN, BEN):
        assert play.engine.margin(account).net_equity >= -ROUNDED


def test_planned_answer_is_proposed_and_final_in_time() -> None:
    play = played(3, 1)
    assert play.engine.facilities_due_us() == PLAN.at_us
    play.now_us = PLAN.at_us
    assert ResolutionProposed(RAIN, is_yes=False, proposed_us=PLAN.at_us, due_us=PLAN.at_us + 20 * SECOND_US) in play.do(Elapse())
    assert play.engine.facilities_due_us() == PLAN.at_us + 20 * SECOND_US
    play.now_us += 20 * SECOND_US
    assert PredictionResolved(RAIN, price=0, resolved_us=play.now_us) in play.do(Elapse())
    assert play.engine.facilities_due_us() is None


def test_everything_happens_in_random_play() -> None:
    told = [event for seed in range(40) for events in played(seed, 150).told for event in events]
    happened = {type(event) for event in told}
    assert {ResolutionProposed, PredictionResolved, LiquidatingChanged, TradePrinted, TriggerFired} <= happened
    assert {event.refusal.name for event in told if isinstance(event, Declined)} == {"NO_PREDICTION", "RESOLVED", "DELAY"}
    refused = {event.refusal.name for event in told if isinstance(event, Rejected)}
    assert {"INSUFFICIENT_MARGIN", "BOOK_CLOSED", "REDUCE_ONLY"} <= refused
    settled = {event.price for event in told if isinstance(event, OrderFilled) and event.order.conditions}
    assert {0, 100} <= settled
    moved = {event.account for event in told if isinstance(event, PositionChanged) and event.symbol in QUESTIONS}
    assert moved == {ANN, BEN, CID}

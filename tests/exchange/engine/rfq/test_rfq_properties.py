"""Requests and quotes at random: money stays what it was, and what is remembered is all there is."""

from __future__ import annotations

from collections import Counter

import pytest

from exchange.engine.rfq.bazaar import Bazaar, new_engine
from exchange.engine.sizes import SIZES
from haversack.exchange.engine.event import Declined
from haversack.exchange.engine.rfq.refusal import RfqRefusal

SEEDS = max(4, SIZES.seeds // 5)
STEPS = 500
# What random accounts without perpetuals, and with fewer requests than the bound, do not come to.
ELSEWHERE = {"ACCOUNT_LIQUIDATING", "INSUFFICIENT_MARGIN", "RFQ_LIMIT", "QUOTE_LIMIT"}


@pytest.mark.parametrize("seed", range(SEEDS))
def test_money_is_conserved_and_locked_for_something_after_every_command(seed: int) -> None:
    bazaar = Bazaar(seed)
    for _ in range(STEPS):
        bazaar.step()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_replay_and_a_dump_in_the_middle_lead_to_the_same_state(seed: int) -> None:
    bazaar = Bazaar(seed)
    for _ in range(STEPS // 2):
        bazaar.step()
    loaded = new_engine()
    loaded.load(bazaar.engine.dump())
    assert loaded.state_hash() == bazaar.engine.state_hash()
    begun = len(bazaar.done)
    told = [events for _ in range(STEPS // 2) if (events := bazaar.step()) and not isinstance(events[0], Declined)]
    assert [loaded.apply(command, now_us) for command, now_us in bazaar.done[begun:]] == told
    replayed = new_engine()
    for command, now_us in bazaar.done:
        replayed.apply(command, now_us)
    assert replayed.state_hash() == loaded.state_hash() == bazaar.engine.state_hash()


def test_random_commands_come_to_every_event_and_refusal() -> None:
    seen: Counter[str] = Counter()
    for seed in range(4):
        bazaar = Bazaar(seed)
        for _ in range(STEPS):
            bazaar.step()
        seen += bazaar.seen
    events = {"RfqOpened", "RfqEnded", "QuotePlaced", "QuoteEnded", "CandidateFound", "RfqFilled"}
    refusals = {refusal.name for refusal in RfqRefusal} - ELSEWHERE
    assert set(seen) == events | refusals

"""What has to hold for every engine: what happened can be done again, and another engine can go on from any moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from haversack.exchange.engine.command import Command, Elapse
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import Event

Done = Sequence[tuple[Command, int]]
"""Commands and their times."""


def assert_repeats(engine: Callable[[], Engine], done: Done, told: Sequence[list[Event]], last: Engine) -> None:
    """A new engine tells the same, and ends in the same state."""
    again = engine()
    assert [again.apply(*each) for each in done] == told
    assert again.state_hash() == last.state_hash()


def assert_takes_over(engine: Callable[[], Engine], done: Done, told: Sequence[list[Event]], *, cut: int, last: Engine) -> None:
    """An engine that takes up the state after so many commands tells the same from there on.

    Until time passes it may want to look earlier than `last`: when it looked last is no part of the state.
    """
    first, second = engine(), engine()
    for each in done[:cut]:
        first.apply(*each)
    second.load(first.dump())
    assert second.state_hash() == first.state_hash()
    assert [second.apply(*each) for each in done[cut:]] == told[cut:]
    assert second.state_hash() == last.state_hash()
    elapse = (Elapse(), done[-1][1])
    assert second.apply(*elapse) == last.apply(*elapse)
    assert (second.state_hash(), second.next_due_us()) == (last.state_hash(), last.next_due_us())

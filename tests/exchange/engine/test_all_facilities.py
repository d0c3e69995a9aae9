"""Everything that the exchange does, at once: nothing is made or lost, and what happened can be done again from any moment on."""

from __future__ import annotations

from collections import Counter
from typing import get_args

import msgspec

from exchange.engine.everything import Everything, new_engine
from exchange.engine.everything_check import LATE, LIQUIDATED, Books
from exchange.engine.sizes import SIZES
from haversack.exchange.engine.command import Command
from haversack.exchange.engine.state import EngineState
from haversack.exchange.journal import Entry

SEEDS, COMMANDS = max(6, SIZES.seeds // 100), 700
MANY = 100
RESTART = 90
"""After so many commands each."""
CORNERS = [
    *(each.__name__ for each in get_args(Command)),
    *("Borrow Manual", "BorrowRepay Manual", "BorrowRepay Liquidation", "BorrowRepay LiquidationAdl"),
    *("Borrow SpotMargin", "BorrowRepay SpotMargin", "BorrowRepay AutoBorrowRepay", "LendRedeem SpotMargin"),
    *("Borrow Rfq", "BorrowRepay Rfq", "Borrow Withdrawal"),
    *("a closed market ends a strategy", "strategy Liquidation"),
    *(f"a liquidation begins: {what}" for what in ("asks for quotes", "owes", "runs a strategy")),
    *(f"after a restart: {event.__name__}" for event in LATE),
]
RARE = [
    *("CollateralConversion", "LendRedeem Liquidation", "LiquidatePositionOnBook", "LiquidatePositionOnBackstop"),
    *(f"a liquidation begins: {what}" for what in ("bets", "lends", "quotes", "waits for a redemption", "withdraws")),
    *("FutureExpiry", "a strategy trades as a liquidation begins", "an answer ends a strategy"),
    *(f"{facility} {word}" for facility, word in LIQUIDATED),
]
"""What a few runs may not come to, and many do."""
_encode = msgspec.json.Encoder().encode
_state = msgspec.json.Decoder(EngineState).decode
_entry = msgspec.json.Decoder(Entry).decode


def run(seed: int, count: int) -> Counter[str]:
    """A run, with everything looked at after each command, others that take over, and one that does it all again."""
    engine, heir, again = new_engine(), new_engine(), new_engine()
    stream, books = Everything(seed, engine), Books(engine)
    done: list[bytes] = []
    for number in range(count):
        command = stream.command()
        if number % RESTART == 0:
            heir = new_engine()
            heir.load(_state(_encode(engine.dump())))
            assert heir.state_hash() == engine.state_hash()
        events = engine.apply(command, stream.now_us)
        assert heir.apply(command, stream.now_us) == events, f"another engine took {command} otherwise"
        stream.learn(events)
        books.check(command, events, stream.now_us)
        done.append(_encode(Entry(stream.now_us, command)))
        if number >= RESTART:
            books.seen.update(f"after a restart: {type(event).__name__}" for event in events if isinstance(event, LATE))
    assert heir.state_hash() == engine.state_hash()
    for line in done:
        entry = _entry(line)
        again.apply(entry.command, entry.now_us)
    assert again.state_hash() == engine.state_hash()
    books.settled(stream.now_us)
    return books.seen


def test_everything_at_once_adds_up_and_can_be_done_again() -> None:
    seen = Counter[str]()
    for seed in range(SEEDS):
        try:
            seen += run(seed, COMMANDS)
        except AssertionError as wrong:
            wrong.add_note(f"run({seed}, {COMMANDS})")
            raise
    wanted = CORNERS if SEEDS < MANY else [*CORNERS, *RARE]
    missing = [corner for corner in wanted if not seen[corner]]
    assert not missing, f"the commands no longer reach {missing}"

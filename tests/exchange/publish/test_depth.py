"""Depth frames: the fast ones are what the encoder writes, and the aggregated ones lead to the same book."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange import recordings
from exchange.facts import ASK, BID, LISTING, NOW_US, level
from haversack.exchange.engine.event import LevelChanged
from haversack.exchange.listing import Scales
from haversack.exchange.publish.depth import DepthWindow, LevelFrames
from haversack.units import plain
from haversack.wire.enums import Side
from haversack.wire.events import DepthUpdate
from haversack.wire.frames import Message, read_frame, write_frame

Book = dict[tuple[str, str], str]
SYMBOL = "SOL_USDC"
BEAT_US = 200_000
AT_US = NOW_US - NOW_US % BEAT_US


def written(event: LevelChanged, symbol: str, scales: Scales) -> bytes:
    """The frame of one change, as the encoder writes it."""
    change = [(scales.price(event.price), scales.quantity(event.quantity))]
    update = DepthUpdate(
        event_us=NOW_US + 1,
        engine_us=NOW_US,
        first_update_id=event.update_id,
        last_update_id=event.update_id,
        asks=change if event.side is ASK else [],
        bids=change if event.side is BID else [],
        symbol=symbol,
    )
    return write_frame(f"depth.{symbol}", update)


@given(
    side=st.sampled_from([BID, ASK]),
    price=st.integers(0, 10**20),
    quantity=st.integers(0, 10**20),
    update_id=st.integers(0, 2**63),
    scales=st.builds(Scales, st.integers(0, 12), st.integers(0, 12), st.just(30)),
    symbol=st.sampled_from([SYMBOL, "kPEPE_USDC_PERP", 'a%d"\\é', "%s"]),
)
def test_frame_of_a_level_is_what_the_encoder_writes(
    *, side: Side, price: int, quantity: int, update_id: int, scales: Scales, symbol: str
) -> None:
    event = LevelChanged(symbol, side, price, quantity, update_id)
    frame = LevelFrames(symbol, scales).write(event, engine_us=NOW_US, emit_us=NOW_US + 1)
    assert frame == written(event, symbol, scales)


def test_deleted_level_has_a_zero_with_the_decimals_of_the_step() -> None:
    frame = LevelFrames(SYMBOL, LISTING.scales[SYMBOL]).write(level(ASK, "99.14", "0", 7), engine_us=1, emit_us=2)
    assert frame == (
        b'{"data":{"E":2,"T":1,"U":7,"a":[["99.14","0.00"]],"b":[],"e":"depth","s":"SOL_USDC","u":7},"stream":"depth.SOL_USDC"}'
    )


def test_every_recorded_frame_of_a_level_is_written_as_it_came() -> None:
    for frame, seen in recordings.frames(DepthUpdate):
        for side, price, quantity in ((side, *row) for side, rows in ((ASK, seen.asks), (BID, seen.bids)) for row in rows):
            event = level(side, plain(price), plain(quantity), seen.last_update_id, symbol=seen.symbol)
            writer = LevelFrames(seen.symbol, LISTING.scales[seen.symbol])
            assert writer.write(event, engine_us=seen.engine_us, emit_us=seen.event_us) == frame


class Listening:
    """One window, a switch that says whether anybody listens, and everything that it sent."""

    def __init__(self) -> None:
        self.window = DepthWindow("200ms", LISTING)
        self.is_on = True
        self.now_us = AT_US
        assert not self.window.due(self.now_us - 1, self.wanted)

    def wanted(self, stream: str, account: int | None) -> bool:
        assert account is None
        return self.is_on and stream == "depth.200ms.SOL_USDC"

    def change(self, *events: LevelChanged) -> None:
        for event in events:
            self.now_us += 10
            self.window.collect(event, self.now_us, self.wanted)

    def wait(self) -> list[bytes]:
        self.now_us = self.window.next_us(self.now_us)
        return [outgoing.frame for outgoing in self.window.due(self.now_us, self.wanted)]


def test_aggregated_frame_lists_each_level_once_by_rising_price() -> None:
    listening = Listening()
    listening.wait()
    listening.change(
        level(ASK, "99.20", "3", 5), level(BID, "98.10", "1", 6), level(ASK, "99.10", "0", 7), level(ASK, "99.20", "2.5", 8)
    )
    assert listening.wait() == [
        f'{{"data":{{"E":{AT_US + BEAT_US},"T":{AT_US + 40},"U":5,"a":[["99.10","0.00"],["99.20","2.50"]],'
        '"b":[["98.10","1.00"]],"e":"depth","s":"SOL_USDC","u":8},"stream":"depth.200ms.SOL_USDC"}'.encode()
    ]


def test_nothing_is_sent_when_nothing_changed() -> None:
    listening = Listening()
    listening.change(level(BID, "98.10", "1", 6))
    assert len(listening.wait()) == 1
    assert listening.wait() == []


def test_nothing_is_sent_before_the_window_is_over() -> None:
    listening = Listening()
    listening.wait()
    listening.change(level(BID, "98.10", "1", 6))
    assert listening.window.due(AT_US + BEAT_US - 1, listening.wanted) == []


def test_what_changed_while_nobody_listened_is_in_no_frame() -> None:
    listening = Listening()
    listening.wait()
    listening.change(level(BID, "98.10", "1", 5))
    listening.is_on = False
    listening.change(level(BID, "98.20", "1", 6))
    listening.is_on = True
    listening.change(level(BID, "98.30", "1", 7))
    (frame,) = listening.wait()
    assert (update_of(frame).first_update_id, update_of(frame).last_update_id) == (7, 7)
    assert len(update_of(frame).bids) == 1


def test_frame_for_which_nobody_is_left_is_dropped() -> None:
    listening = Listening()
    listening.wait()
    listening.change(level(BID, "98.10", "1", 5))
    listening.is_on = False
    assert listening.wait() == []
    listening.is_on = True
    assert listening.wait() == []


def update_of(frame: bytes) -> DepthUpdate:
    message = read_frame(frame)
    assert isinstance(message, Message)
    assert isinstance(message.event, DepthUpdate)
    return message.event


def apply(book: Book, update: DepthUpdate) -> None:
    for side, rows in (("a", update.asks), ("b", update.bids)):
        for price, quantity in rows:
            book[side, plain(price)] = plain(quantity)


class Step(msgspec.Struct, frozen=True):
    """Something that happens: a level changes, the window ends, or the listener comes or goes."""

    kind: str
    side: Side = BID
    price: int = 1
    quantity: int = 0


STEPS = st.lists(
    st.one_of(
        st.builds(Step, st.just("change"), st.sampled_from([BID, ASK]), st.integers(1, 4), st.integers(0, 3)),
        st.builds(Step, st.sampled_from(["window", "toggle"])),
    ),
    max_size=60,
)


def run(steps: list[Step]) -> Iterator[tuple[Book, Book | None]]:
    """The true book and the listener's, after each window; the listener's is None while it has not heard anything.

    Who comes takes a snapshot of the true book, as the documentation says: after having subscribed.
    """
    listening = Listening()
    truth: Book = {}
    theirs: Book = {}
    truth_id = last_id = 0
    for step in steps:
        if step.kind == "change":
            truth_id += 1
            event = LevelChanged(SYMBOL, step.side, step.price, step.quantity, truth_id)
            apply(truth, update_of(written(event, SYMBOL, LISTING.scales[SYMBOL])))
            listening.change(event)
        elif step.kind == "toggle":
            listening.is_on = not listening.is_on
            theirs, last_id = dict(truth), truth_id
        else:
            for update in map(update_of, listening.wait()):
                assert update.first_update_id <= last_id + 1, "a gap"
                apply(theirs, update)
                last_id = update.last_update_id
            if listening.is_on:
                assert last_id == truth_id
                yield truth, theirs


@given(steps=STEPS)
def test_aggregated_frames_lead_to_the_same_book(steps: list[Step]) -> None:
    for truth, theirs in run([*steps, Step("window")]):
        assert truth == theirs


def test_frames_of_a_listener_follow_each_other_without_a_gap() -> None:
    listening, last_id = Listening(), 0
    for update_id in range(1, 50):
        listening.change(level(BID, f"98.{update_id:02d}", "1", update_id))
        if update_id % 7 == 0:
            (update,) = map(update_of, listening.wait())
            assert update.first_update_id == last_id + 1
            last_id = update.last_update_id
    assert last_id == 49


@pytest.mark.parametrize(("window", "period_us"), [("200ms", 200_000), ("600ms", 600_000), ("1000ms", 1_000_000)])
def test_windows_have_their_lengths(window: str, period_us: int) -> None:
    first_us = DepthWindow(window, LISTING).next_us(NOW_US)
    assert DepthWindow(window, LISTING).next_us(first_us) - first_us == period_us

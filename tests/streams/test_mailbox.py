"""What waits for a reader, and what becomes of it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haversack.errors import ProtocolError, SlowConsumer, UsageError
from haversack.streams.mailbox import QUEUE_BYTES_MAX, Mailbox, WhenFull, checked_policy, default_policy
from haversack.wire.events import KlineEvent
from haversack.wire.frames import Message, read_frame
from streams.link import frame


def message(stream: str, number: int = 1) -> Message:
    said = read_frame(frame(stream, number))
    assert isinstance(said, Message)
    return said


def all_of(mailbox: Mailbox) -> list[object]:
    return list(iter(mailbox.take, None))


def test_messages_come_out_in_the_order_in_which_they_went_in() -> None:
    mailbox = Mailbox()
    messages = [message(stream, number) for number in range(3) for stream in ("depth.A", "depth.B")]
    assert all(mailbox.put(each, 1) for each in messages)
    assert all_of(mailbox) == messages


def test_one_message_too_many_ends_it_and_what_waited_stays() -> None:
    mailbox = Mailbox(queue_max=2)
    kept = [message("depth.A", number) for number in range(2)]
    assert [mailbox.put(each, 1) for each in (*kept, message("depth.A", 3))] == [True, True, False]
    assert mailbox.is_ended
    assert isinstance(mailbox.ending, SlowConsumer)
    assert mailbox.put(message("depth.A", 4), 1)
    assert mailbox.dropped == 2
    assert all_of(mailbox) == kept


def test_frames_of_any_length_together_stay_within_two_mebibytes() -> None:
    mailbox = Mailbox()
    assert [mailbox.put(message("depth.A", number), QUEUE_BYTES_MAX // 2) for number in range(3)] == [True, True, False]


def test_reading_makes_room_again() -> None:
    mailbox = Mailbox()
    for number in range(10):
        assert mailbox.put(message("depth.A", number), QUEUE_BYTES_MAX)
        mailbox.take()


def test_keeping_the_latest_drops_and_counts_the_older_of_the_same_stream() -> None:
    mailbox = Mailbox(queue_max=1, when_full=WhenFull.KEEP_LATEST)
    for number in range(5):
        mailbox.put(message("ticker.A", number), 1)
    mailbox.put(message("ticker.B", 7), 1)
    assert all_of(mailbox) == [message("ticker.A", 4), message("ticker.B", 7)]
    assert mailbox.dropped == 4


def test_keeping_the_latest_keeps_every_error() -> None:
    mailbox = Mailbox(when_full=WhenFull.KEEP_LATEST)
    errors = [ProtocolError("a frame", "odd", b""), ProtocolError("a frame", "odder", b"")]
    for error in errors:
        mailbox.put(error, 1)
    assert all_of(mailbox) == errors


def test_only_the_first_end_counts() -> None:
    mailbox = Mailbox()
    mailbox.end(None)
    mailbox.end(SlowConsumer("late"))
    assert mailbox.ending is None


@pytest.mark.parametrize(
    "stream",
    ["depth.A", "depth.200ms.A", "trade.A", "liquidation", "liquidation.A", "account.orderUpdate", "account.balanceUpdate"],
)
def test_streams_whose_every_message_counts_cannot_be_conflated(stream: str) -> None:
    with pytest.raises(UsageError, match="every message"):
        checked_policy(["ticker.A", stream], 1, "keep_latest")


def test_streams_that_say_all_anew_can_be_conflated() -> None:
    assert checked_policy(["ticker.A", "bookTicker.A", "markPrice.A"], 1, "keep_latest") is WhenFull.KEEP_LATEST


@pytest.mark.parametrize(("queue_max", "when_full"), [(0, "fail"), (1, "wait"), (1, "")])
def test_limits_that_are_none_are_refused(queue_max: int, when_full: str) -> None:
    with pytest.raises(UsageError):
        checked_policy(["ticker.A"], queue_max, when_full)


def candle(number: int, *, is_closed: bool = False, start: str = "2026-09-02T16:43:00") -> Message:
    data = {"E": number, "e": "kline", "s": "A", "T": "2026-09-02T16:44:00", "X": is_closed, "n": number, "t": start}
    said = read_frame(json.dumps({"data": data, "stream": "kline.1m.A"}))
    assert isinstance(said, Message)
    assert isinstance(said.event, KlineEvent)
    return said


def test_without_a_policy_each_stream_has_its_own() -> None:
    mailbox = Mailbox()
    for number in range(3):
        mailbox.put(message("depth.A", number), 1)
        mailbox.put(message("ticker.A", number), 1)
    assert mailbox.queued() == {"depth.A": 3, "ticker.A": 1}
    assert all_of(mailbox) == [message("depth.A", 0), message("ticker.A", 2), message("depth.A", 1), message("depth.A", 2)]
    assert (mailbox.dropped_of("ticker.A"), mailbox.dropped_of("depth.A"), mailbox.dropped) == (2, 0, 2)


@pytest.mark.parametrize("stream", ["bookTicker.A", "ticker.A", "markPrice.A", "openInterest.A", "kline.1m.A"])
def test_the_latest_is_kept_by_default_of_what_says_all_anew(stream: str) -> None:
    assert default_policy(stream) is WhenFull.KEEP_LATEST


@pytest.mark.parametrize(
    "stream", ["depth.A", "trade.A", "liquidation", "account.orderUpdate", "account.balanceUpdate", "novelty.A"]
)
def test_what_cannot_be_made_up_for_fails_loudly_by_default(stream: str) -> None:
    assert default_policy(stream) is WhenFull.FAIL


def test_a_stream_that_was_read_may_wait_again() -> None:
    mailbox = Mailbox()
    for number in range(3):
        mailbox.put(message("ticker.A", number), 1)
        assert all_of(mailbox) == [message("ticker.A", number)]
    assert mailbox.dropped == 0


def test_a_closed_candle_is_never_replaced() -> None:
    mailbox = Mailbox()
    for number in range(5):
        mailbox.put(candle(number), 1)
    mailbox.put(candle(5, is_closed=True), 1)
    for number in range(6, 9):
        mailbox.put(candle(number, start="2026-09-02T16:44:00"), 1)
    assert all_of(mailbox) == [candle(5, is_closed=True), candle(8, start="2026-09-02T16:44:00")]
    assert mailbox.dropped == 7


def test_a_closed_candle_that_comes_after_the_next_has_begun_replaces_nothing() -> None:
    mailbox = Mailbox()
    mailbox.put(candle(1, start="2026-09-02T16:44:00"), 1)
    mailbox.put(candle(2, is_closed=True), 1)
    assert all_of(mailbox) == [candle(1, start="2026-09-02T16:44:00"), candle(2, is_closed=True)]


def test_closed_candles_that_nobody_reads_fail_loudly() -> None:
    mailbox = Mailbox(queue_max=2)
    assert [mailbox.put(candle(number, is_closed=True), 1) for number in range(3)] == [True, True, False]
    assert isinstance(mailbox.ending, SlowConsumer)


def test_a_mailbox_that_blocks_loses_nothing_and_says_when_it_is_full() -> None:
    mailbox = Mailbox(queue_max=2, when_full=WhenFull.BLOCK)
    found = [(mailbox.is_blocking, mailbox.put(message("depth.A", number), 1)) for number in range(3)]
    assert found == [(False, True), (False, True), (True, True)]
    mailbox.take()
    mailbox.take()
    assert not mailbox.is_blocking
    assert mailbox.dropped == 0


@given(st.lists(st.tuples(st.sampled_from(["put", "put", "take"]), st.sampled_from(["depth.A", "ticker.A", "ticker.B"]))))
def test_whatever_was_put_is_taken_waits_or_was_counted(steps: list[tuple[str, str]]) -> None:
    mailbox, put, taken = Mailbox(queue_max=3), 0, 0
    for number, (step, stream) in enumerate(steps):
        if step == "put":
            mailbox.put(message(stream, number), 1)
            put += 1
        else:
            taken += mailbox.take() is not None
        assert put == taken + len(mailbox) + mailbox.dropped
        assert len(mailbox) <= 3 + 2
        assert sum(mailbox.queued().values()) == len(mailbox)

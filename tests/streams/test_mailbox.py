"""What waits for a reader, and what becomes of it."""

import pytest

from haversack.errors import ProtocolError, SlowConsumer, UsageError
from haversack.streams.mailbox import QUEUE_BYTES_MAX, Mailbox, WhenFull, checked_policy
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

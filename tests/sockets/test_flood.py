"""A reader that is a hundred times too slow for what a real socket brings: memory is bounded, and nothing is lost in silence."""

from __future__ import annotations

from haversack.streams.mailbox import QUEUE_MAX
from sockets import flood

FRAMES = 6_000
BYTES_MAX = 32 * 1024 * 1024


async def test_where_every_message_counts_a_slow_reader_fails_loudly_after_all_that_it_had_room_for() -> None:
    report = await flood.prove("fail", frames=FRAMES)
    assert (report.wrong, report.missing) == ([], 0)
    assert report.ending
    assert report.dropped > 0
    assert (report.grown_bytes < BYTES_MAX, report.waiting_max <= QUEUE_MAX) == (True, True)


async def test_where_the_latest_is_kept_a_slow_reader_is_told_how_many_it_missed() -> None:
    report = await flood.prove("keep_latest", frames=FRAMES)
    assert (report.wrong, report.ending) == ([], "")
    assert report.read + report.dropped == report.sent == FRAMES
    assert report.missing == report.dropped > 0
    assert (report.grown_bytes < BYTES_MAX, report.waiting_max <= QUEUE_MAX) == (True, True)


async def test_where_all_wait_for_a_slow_reader_it_gets_everything() -> None:
    report = await flood.prove("block", frames=FRAMES)
    assert (report.wrong, report.ending, report.dropped, report.missing) == ([], "", 0, 0)
    assert report.read == report.sent == FRAMES
    assert (report.grown_bytes < BYTES_MAX, report.waiting_max <= QUEUE_MAX) == (True, True)

"""Calls that are cancelled wherever they wait."""

from __future__ import annotations

from sockets import cancelling


async def test_a_call_that_is_cancelled_at_any_wait_leaves_nothing_behind() -> None:
    report = await cancelling.prove(*cancelling.QUICK_CALLS, turns=8)
    assert (report.tasks_left, report.sockets_left, report.messages_lost, report.wrong) == (0, 0, 0, [])
    assert (report.calls, report.cancelled > 20) == (3, True)

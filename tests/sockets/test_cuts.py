"""Orders whose connection is cut, held up or doubled on its way, over real sockets and both transports."""

from __future__ import annotations

import pytest

from sockets import cuts


async def test_an_order_whose_connection_is_cut_at_any_byte_is_booked_at_most_once_and_its_fate_is_found(
    caplog: pytest.LogCaptureFixture,
) -> None:
    report = await cuts.prove(points=15, seed=1)
    assert (report.sent_twice, report.booked_twice, report.wrong) == (0, 0, [])
    assert report.tries >= 60
    assert set(report.kinds) == {"answered", "unknown, found DONE", "unknown, found NOT_DONE"}
    assert "could not be answered" not in caplog.text, "a client that hangs up is no mistake of the exchange"

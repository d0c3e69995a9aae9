"""What one client may ask of the exchange before it is told that this is enough."""

from __future__ import annotations

import asyncio

import pytest

from exchange.stranger import Stranger, open_desk, said
from haversack.exchange import venue


async def test_an_account_has_a_minutes_requests_and_they_come_back() -> None:
    async with open_desk(requests_per_minute=3) as desk:
        somebody, other = Stranger(desk, 1), Stranger(desk, 2)
        assert [(await somebody.place()).status for _ in range(3)] == [200, 200, 200]
        assert said(await somebody.place()) == (429, "TOO_MANY_REQUESTS", "Too many requests")
        assert (await other.place()).status == 200
        desk.clock.advance(s=20)
        assert [(await somebody.place()).status for _ in range(2)] == [200, 429]


async def test_accounts_are_bounded_and_those_that_are_open_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(venue, "ACCOUNTS_MAX", 1)
    async with open_desk() as desk:
        assert (await Stranger(desk, 1).place()).status == 200
        assert said(await Stranger(desk, 2).place())[:2] == (403, "FORBIDDEN")
        assert (await Stranger(desk, 1).place()).status == 200


async def test_a_connection_has_a_bounded_number_of_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("haversack.exchange.hub.SUBSCRIPTIONS_MAX", 2)
    async with open_desk() as desk:
        socket = desk.connect()
        streams = ",".join(f'"{name}.SOL_USDC"' for name in ("depth", "trade", "ticker"))
        socket.send('{"method":"SUBSCRIBE","params":[%s]}' % streams)  # noqa: UP031  # braces of JSON
        async with asyncio.timeout(2):
            assert b'"code":4009' in (await socket.receive() or b"")
        assert not desk.venue.hub.wanted("ticker.SOL_USDC", None)

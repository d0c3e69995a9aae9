"""Streams that exist and have nothing to say: they are taken without a word, and private ones only from somebody who signed."""

from __future__ import annotations

import json

import pytest

from exchange.stranger import Stranger, frames, open_desk

PRIVATE = ["account.rfqUpdate.SOL_USDC", "account.positionUpdate.SOL_USDC_RFQ"]
PUBLIC = [
    *("liquidation.SOL_USDC", "externalTicker.MSFT.US_USDC", "stockPrice.MSFT", "stockIndicativeQuote.MSFT"),
    *("markPrice.SOL_USDC", "openInterest.SOL_USDC"),
]


@pytest.mark.parametrize("stream", [*PRIVATE, *PUBLIC])
async def test_silent_stream_brings_neither_a_snapshot_nor_an_error(stream: str) -> None:
    async with open_desk() as desk:
        somebody, socket = Stranger(desk), desk.connect()
        somebody.subscribe(socket, stream)
        somebody.subscribe(socket, "account.balanceUpdate")
        await somebody.place()
        assert [frame["stream"] for frame in await frames(socket, 1)] == ["account.balanceUpdate"]


@pytest.mark.parametrize("stream", PRIVATE)
async def test_silent_private_stream_is_refused_without_a_signature(stream: str) -> None:
    async with open_desk() as desk:
        socket = desk.connect()
        socket.send(json.dumps({"method": "SUBSCRIBE", "params": [stream]}))
        assert await frames(socket, 1) == [{"error": {"code": 4003, "message": "Invalid signature"}, "id": None}]


@pytest.mark.parametrize("stream", ["depth.SOL_USDC", "depth.200ms.SOL_USDC", "bookTicker.SOL_USDC", "account.balanceUpdate"])
async def test_what_was_before_a_subscription_is_not_told(stream: str) -> None:
    async with open_desk() as desk:
        somebody, socket = Stranger(desk), desk.connect()
        await somebody.place(price="99")
        desk.clock.advance(ms=5)
        somebody.subscribe(socket, stream, "account.orderUpdate")
        await somebody.place(price="80", postOnly=True)
        told = await frames(socket, 1)
        # The first frame of all is of what came afterwards.
        assert told[0]["data"]["T"] == desk.clock.now_us()
        assert "99.00" not in json.dumps(told)

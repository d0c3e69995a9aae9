"""Frames of `account.rfqUpdate`, to the byte, and who gets them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from exchange.rfq_talk import SYMBOL, asked, quoted, talkers
from exchange.stranger import Desk, open_desk
from haversack.exchange.loopback import LoopbackSocket

STREAM = "account.rfqUpdate"


async def raw(socket: LoopbackSocket, count: int) -> list[str]:
    async with asyncio.timeout(5):
        return [(await socket.receive() or b"").decode() for _ in range(count)]


async def heard(socket: LoopbackSocket, count: int) -> list[tuple[str, Any]]:
    """Kind and status of frames."""
    data = [json.loads(frame)["data"] for frame in await raw(socket, count)]
    return [(event["e"], event["X"]) for event in data]


def listening(desk: Desk, *streams: str) -> list[LoopbackSocket]:
    """A connection of each of the three."""
    sockets = [desk.connect() for _ in range(3)]
    for somebody, socket in zip(talkers(desk), sockets, strict=True):
        somebody.subscribe(socket, *streams)
    return sockets


def times(desk: Desk) -> tuple[int, int, int]:
    now_us = desk.clock.now_us()
    return now_us, now_us // 1_000 + 60_000, now_us // 1_000 + 120_000


def framed(data: str, stream: str = STREAM) -> str:
    return f'{{"data":{data},"stream":"{stream}"}}'


async def test_frames_of_a_fill_are_written_to_the_byte() -> None:
    async with open_desk() as desk:
        alice, bob, carol = talkers(desk)
        await bob.balances()
        await carol.balances()
        to_alice, to_bob, to_carol = listening(desk, STREAM)
        now_us, until_ms, ends_ms = times(desk)
        rfq_id = await asked(alice, clientId=123)
        await quoted(bob, rfq_id, "99", "101.5", clientId=5)
        best = await quoted(carol, rfq_id, "99", "101", clientId=6)
        await alice.accept(best)
        told = [await raw(to_alice, 4), await raw(to_bob, 2), await raw(to_carol, 3)]
    head, tail = f'"E":{now_us},"R":60000000000,', f'"T":{now_us},'
    whose = f'{{"C":"123",{head}"S":"Bid",{tail}'
    window = f'"W":{ends_ms},"X":"New",'
    active = framed(f'{{{head}{tail}{window}"e":"rfqActive","q":"10","s":"SOL_USDC_RFQ","w":{until_ms}}}')
    assert told[0] == [
        framed(f'{whose}{window}"e":"rfqAccepted","q":"10","s":"SOL_USDC_RFQ","w":{until_ms}}}'),
        # 10 bps on top of 101.5, and of 101.
        framed(f'{whose}"X":"New","e":"rfqCandidate","p":"101.6015","q":"10","s":"SOL_USDC_RFQ","u":60000000001}}'),
        framed(f'{whose}"X":"New","e":"rfqCandidate","p":"101.101","q":"10","s":"SOL_USDC_RFQ","u":60000000002}}'),
        framed(f'{whose}"X":"Filled","e":"rfqFilled","p":"101.101","q":"10","s":"SOL_USDC_RFQ","u":60000000002}}'),
    ]
    of_bob, of_carol = f'{{"C":"5",{head}{tail}', f'{{"C":"6",{head}{tail}'
    assert told[1] == [
        active,
        framed(f'{of_bob}"X":"Cancelled","e":"quoteCancelled","s":"SOL_USDC_RFQ","u":60000000001}}'),
    ]
    assert told[2] == [
        active,
        framed(f'{of_carol}"X":"New","e":"quoteAccepted","s":"SOL_USDC_RFQ","u":60000000002}}'),
        framed(f'{of_carol}"X":"Filled","e":"rfqFilled","p":"101.00","s":"SOL_USDC_RFQ","u":60000000002}}'),
    ]


async def test_price_without_a_fee_keeps_the_decimals_of_the_tick_and_a_request_by_quote_its_own_key() -> None:
    async with open_desk() as desk:
        alice, bob, _ = talkers(desk)
        (socket, *_) = listening(desk, STREAM)
        # 10 bps of 100 are a whole number of ticks.
        await quoted(bob, await asked(alice, quantity=None, quoteQuantity="150.0"), "99", "100")
        data = [json.loads(frame)["data"] for frame in await raw(socket, 2)]
    assert [(event.get("q"), event["Q"], event.get("p")) for event in data] == [(None, "150", None), (None, "150", "100.10")]


async def test_refresh_and_cancel_are_told_to_the_requester_the_makers_and_who_may_answer() -> None:
    async with open_desk() as desk:
        alice, bob, carol = talkers(desk)
        await bob.balances()
        await carol.balances()
        to_alice, to_bob, to_carol = listening(desk, STREAM)
        rfq_id = await asked(alice)
        await quoted(bob, rfq_id)
        await quoted(bob, rfq_id, "98", "102")
        await alice.refresh(rfq_id)
        await quoted(bob, rfq_id)
        await alice.cancel_rfq(rfqId=rfq_id)
        told = [await heard(to_alice, 6), await heard(to_bob, 5), await heard(to_carol, 2)]
    assert told[0] == [
        *(("rfqAccepted", "New"), ("rfqCandidate", "New"), ("rfqCandidate", "New")),
        *(("rfqRefreshed", "New"), ("rfqCandidate", "New"), ("rfqCancelled", "Cancelled")),
    ]
    gone, active = ("quoteCancelled", "Cancelled"), ("rfqActive", "New")
    assert told[1] == [active, gone, gone, active, gone]
    assert told[2] == [active, active]


async def test_end_of_the_time_is_told_as_expired() -> None:
    async with open_desk() as desk:
        alice, bob, _ = talkers(desk)
        to_alice, to_bob, _ = listening(desk, STREAM)
        rfq_id = await asked(alice)
        await quoted(bob, rfq_id)
        desk.clock.advance(ms=120_000)
        desk.venue.tick(desk.clock.now_us())
        told = [await heard(to_alice, 3), await heard(to_bob, 2)]
    assert (told[0][-1], told[1][-1]) == (("rfqCancelled", "Expired"), ("quoteCancelled", "Cancelled"))


async def test_stream_of_a_market_tells_of_that_market_alone_and_each_once() -> None:
    async with open_desk() as desk:
        alice, _, _ = talkers(desk)
        (socket, *_) = listening(desk, f"{STREAM}.{SYMBOL}", f"{STREAM}.{SYMBOL}")
        await asked(alice, symbol="BTC_USDC_RFQ", quantity="0.1")
        rfq_id = await asked(alice)
        await alice.cancel_rfq(rfqId=rfq_id)
        told = [json.loads(frame) for frame in await raw(socket, 2)]
    assert [(frame["stream"], frame["data"]["e"]) for frame in told] == [
        (f"{STREAM}.{SYMBOL}", "rfqAccepted"),
        (f"{STREAM}.{SYMBOL}", "rfqCancelled"),
    ]


async def test_makers_are_not_told_who_asks_and_for_which_side() -> None:
    async with open_desk() as desk:
        alice, bob, _ = talkers(desk)
        await bob.balances()
        _, to_bob, _ = listening(desk, STREAM)
        bid, ask = await asked(alice, side="Bid", clientId=1), await asked(alice, side="Ask", clientId=1)
        before = await bob.balances()
        locks = []
        for rfq_id in (bid, ask):
            await quoted(bob, rfq_id)
            after = await bob.balances()
            locks.append([float(after[asset]["locked"]) - float(before[asset]["locked"]) for asset in ("SOL", "USDC")])
            before = after
        told = [json.loads(frame)["data"] for frame in await raw(to_bob, 2)]
    assert [set(event) for event in told] == [{"E", "R", "T", "W", "X", "e", "q", "s", "w"}] * 2
    # What is locked does not tell it either.
    assert locks == [[10.0, 990.0]] * 2

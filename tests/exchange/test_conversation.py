"""Streams as a stranger gets them: no acknowledgements, errors in frames, the exchange's own bytes."""

from __future__ import annotations

import json

import pytest

from exchange.stranger import Stranger, frames, open_desk
from haversack.exchange.faults import FrameAction, FrameFault

SUBSCRIBE = '{"method":"SUBSCRIBE","params":["%s"]}'


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{", '{"id":null,"error":{"code":4002,"message":"Parse error"}}'),
        ('{"method":"PING","params":[]}', '{"id":null,"error":{"code":4002,"message":"Parse error"}}'),
        ('{"method":"SUBSCRIBE","params":"depth.SOL_USDC"}', '{"id":null,"error":{"code":4002,"message":"Parse error"}}'),
        (SUBSCRIBE % "nonsense.SOL_USDC", '{"id":null,"error":{"code":4006,"message":"Invalid stream"}}'),
        (SUBSCRIBE % "depth.500ms.SOL_USDC", '{"id":null,"error":{"code":4008,"message":"Invalid depth window"}}'),
        (SUBSCRIBE % "account.orderUpdate", '{"id":null,"error":{"code":4003,"message":"Invalid signature"}}'),
    ],
)
async def test_what_cannot_be_done_is_told_in_an_error_frame(text: str, error: str) -> None:
    async with open_desk() as desk:
        socket = desk.connect()
        socket.send(text)
        assert await socket.receive() == error.encode()
        # The connection goes on: what is asked for next still works.
        socket.send(SUBSCRIBE % "depth.SOL_USDC")
        await Stranger(desk).place()
        assert (await frames(socket, 1))[0]["stream"] == "depth.SOL_USDC"


async def test_an_order_and_its_balance_come_by_the_private_streams_to_the_byte() -> None:
    async with open_desk(grants={"USDT": "30"}) as desk:
        somebody, socket = Stranger(desk), desk.connect()
        somebody.subscribe(socket, "account.orderUpdate", "account.balanceUpdate")
        await somebody.place(symbol="USDT_USDC", side="Ask", price="1.0076", quantity="20", postOnly=True)
        accepted, balance = await socket.receive(), await socket.receive()
    assert accepted == (
        b'{"data":{"E":1788285151000000,"O":"USER","Q":"20.1520","S":"Ask","T":1788285151000000,"V":"RejectTaker","X":"New",'
        b'"Z":"0","e":"orderAccepted","f":"GTC","i":"60000000000","o":"LIMIT","p":"1.0076","q":"20","r":false,'
        b'"s":"USDT_USDC","t":null,"y":true,"z":"0"},"stream":"account.orderUpdate"}'
    )
    assert balance == (
        b'{"data":{"A":"10","E":1788285151000000,"L":"20","S":"0","T":1788285151000000,"a":"USDT","e":"balanceUpdate"},'
        b'"stream":"account.balanceUpdate"}'
    )


async def test_private_frames_reach_their_own_account_alone() -> None:
    async with open_desk() as desk:
        mine, other = desk.connect(), desk.connect()
        Stranger(desk, 1).subscribe(mine, "account.orderUpdate", "account.orderUpdate.SOL_USDC", "account.orderUpdate.BTC_USDC")
        Stranger(desk, 2).subscribe(other, "account.orderUpdate", "depth.SOL_USDC")
        await Stranger(desk, 1).place()
        heard = [frame["stream"] for frame in await frames(mine, 2)]
        assert heard == ["account.orderUpdate", "account.orderUpdate.SOL_USDC"]
        assert [frame["stream"] for frame in await frames(other, 1)] == ["depth.SOL_USDC"]


async def test_a_match_tells_taker_and_maker_and_everybody() -> None:
    async with open_desk() as desk:
        socket = desk.connect()
        maker, taker = Stranger(desk, 1), Stranger(desk, 2)
        await maker.place(side="Ask", price="100", quantity="3")
        maker.subscribe(socket, "account.orderUpdate")
        socket.send('{"method":"SUBSCRIBE","params":["trade.SOL_USDC","depth.SOL_USDC","bookTicker.SOL_USDC"]}')
        await taker.place(price="101", quantity="1")
        fill, trade, depth, top = await frames(socket, 4)
    assert {name: fill["data"][name] for name in "eXlzLmnNt"} == {
        "e": "orderFill",
        "X": "PartiallyFilled",
        "l": "1.00",
        "z": "1.00",
        "L": "100.00",
        "m": True,
        "n": "0.08",
        "N": "USDC",
        "t": 380000000,
    }
    assert (trade["data"]["p"], trade["data"]["q"], trade["data"]["m"]) == ("100.00", "1.00", False)
    assert (trade["data"]["a"], trade["data"]["b"]) == ("60000000000", "60000000001")
    assert depth["data"]["a"] == [["100.00", "2.00"]]
    assert (depth["data"]["U"], depth["data"]["u"]) == (2, 2)
    assert (top["data"]["a"], top["data"]["A"], top["data"]["b"], top["data"]["u"]) == ("100.00", "2.00", None, 2)


async def test_subscribing_twice_does_not_double_frames_and_unsubscribing_ends_them() -> None:
    async with open_desk() as desk:
        socket = desk.connect()
        for _ in range(2):
            socket.send(SUBSCRIBE % "depth.SOL_USDC")
        await Stranger(desk).place(price="99")
        socket.send('{"method":"UNSUBSCRIBE","params":["depth.SOL_USDC"]}')
        await Stranger(desk).place(price="98")
        socket.send(SUBSCRIBE % "nonsense")
        heard = await frames(socket, 2)
    assert heard[0]["data"]["b"] == [["99.00", "1.00"]]
    assert "error" in heard[1]


async def test_a_bad_signature_is_told_once_and_public_streams_of_the_same_request_work() -> None:
    async with open_desk() as desk:
        socket = desk.connect()
        somebody = Stranger(desk)
        request = {
            "method": "SUBSCRIBE",
            "params": ["account.orderUpdate", "account.balanceUpdate", "depth.SOL_USDC"],
            "signature": [somebody.public_key, somebody.signature("something else"), "1788285151000", "5000"],
        }
        socket.send(json.dumps(request))
        await somebody.place()
        error, depth = await frames(socket, 2)
    assert error["error"]["code"] == 4003
    assert depth["stream"] == "depth.SOL_USDC"


async def test_an_expired_private_subscription_is_refused() -> None:
    async with open_desk() as desk:
        socket, somebody = desk.connect(), Stranger(desk)
        stale_ms = desk.clock.now_us() // 1000 - 5001
        signature = somebody.signature(f"instruction=subscribe&timestamp={stale_ms}&window=5000")
        params = {"method": "SUBSCRIBE", "params": ["account.orderUpdate"]}
        socket.send(json.dumps(params | {"signature": [somebody.public_key, signature, str(stale_ms), "5000"]}))
        assert (await frames(socket, 1))[0]["error"]["code"] == 4003


@pytest.mark.parametrize(("action", "heard"), [(FrameAction.DROP, [1, 3]), (FrameAction.DUPLICATE, [1, 2, 2, 3])])
async def test_a_frame_can_be_lost_or_doubled_on_purpose(action: FrameAction, heard: list[int]) -> None:
    async with open_desk() as desk:
        socket = desk.connect()
        socket.send(SUBSCRIBE % "depth.SOL_USDC")
        desk.venue.faults.add(FrameFault(action=action, stream="depth.SOL_USDC", after=1))
        for price in ("99", "98", "97"):
            await Stranger(desk).place(price=price)
        assert [frame["data"]["u"] for frame in await frames(socket, len(heard))] == heard


async def test_a_connection_can_be_cut_on_purpose() -> None:
    async with open_desk() as desk:
        socket = desk.connect()
        socket.send(SUBSCRIBE % "depth.SOL_USDC")
        desk.venue.faults.add(FrameFault(action=FrameAction.CUT))
        await Stranger(desk).place()
        assert await socket.receive() is None
        assert not desk.venue.hub.wanted("depth.SOL_USDC", None)

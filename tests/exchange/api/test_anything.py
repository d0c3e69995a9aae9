"""Whatever is asked, properly signed or not: an answer or a refusal comes back, and never a failure of ours."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.stranger import JSON, Desk, Stranger, open_desk
from haversack.exchange.api.dispatch import ROUTES
from haversack.wire.base import Operation
from haversack.wire.catalogue import OPERATIONS
from haversack.wire.orders import PlaceOrder

# What stands in real requests, and what stands in no honest one.
_WORDS = [
    "SOL_USDC",
    "SOL_USDC_PERP",
    "Bid",
    "Ask",
    "Limit",
    "Market",
    "GTC",
    "IOC",
    "FOK",
    "RejectBoth",
    "1m",
    "1month",
    "Asc",
    "Solana",
]
_NUMERALS = ["0", "-1", "1", "1.5", "100", "0.01", "1e5", "NaN", "9" * 40, "60000000001", "1700000000", "9223372036854775808"]
_scalars = (
    st.sampled_from([*_WORDS, *_NUMERALS, "", "x", "é", "a&b=c", "\x00", True, False, None, 0, 1, -1, 2**64, -(2**70), 1.5])
    | st.text(max_size=5)
    | st.integers()
)
_values = _scalars | st.lists(_scalars, max_size=2) | st.dictionaries(st.text(max_size=3), _scalars, max_size=2)
_ORDER = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "100", "quantity": "1"}


@st.composite
def _asked(draw: st.DrawFn) -> tuple[type[Operation[Any]], dict[str, Any]]:
    kind = draw(st.sampled_from([kind for kind in OPERATIONS if kind in ROUTES]))
    names = [field.encode_name for field in msgspec.structs.fields(kind)]
    fields = draw(st.dictionaries(st.sampled_from([*names, "more"]), _values, max_size=6))
    # Half of the orders differ from a good one in a place or two, so that they get further than the first check.
    if kind is PlaceOrder and draw(st.booleans()):
        fields = {**_ORDER, **dict(list(fields.items())[:2])}
    return kind, fields


async def _ask(desk: Desk, kind: type[Operation[Any]], fields: dict[str, Any]) -> int:
    somebody = Stranger(desk)
    if kind.method != "GET":
        signed = {name: value for name, value in fields.items() if value is not None}
        headers = somebody.headers(kind.instruction or "", signed) | {"Content-Type": JSON}
        return (await desk.request(kind.method, kind.path, headers, json.dumps(fields).encode())).status
    texts = {name: str(value) for name, value in fields.items()}
    query = "&".join(f"{name}={quote(text)}" for name, text in texts.items())
    return (await desk.request("GET", f"{kind.path}?{query}", somebody.headers(kind.instruction or "", texts))).status


@settings(max_examples=150)
@given(st.lists(_asked(), min_size=1, max_size=8))
async def test_no_request_makes_the_exchange_fail(asked: list[tuple[type[Operation[Any]], dict[str, Any]]]) -> None:
    async with open_desk() as desk:
        statuses = [await _ask(desk, kind, fields) for kind, fields in asked]
        assert all(200 <= status < 500 for status in statuses)
        await desk.venue.settled()


_frames = st.binary(max_size=40) | st.builds(
    lambda method, params, signature: json.dumps({"method": method, "params": params, "signature": signature}).encode(),
    st.sampled_from(["SUBSCRIBE", "UNSUBSCRIBE", "x", 1]),
    st.lists(
        st.sampled_from(["depth.SOL_USDC", "kline..", "depth.200ms.", "account.x", "account.orderUpdate", "."]) | _scalars,
        max_size=4,
    ),
    st.none() | st.lists(_scalars, max_size=5),
)


@settings(max_examples=150)
@given(st.lists(_frames, max_size=6))
async def test_no_frame_makes_the_exchange_fail(frames: list[bytes]) -> None:
    async with open_desk() as desk:
        socket = desk.connect()
        for frame in frames:
            socket.send(frame)
        socket.send('{"method":"SUBSCRIBE","params":["depth.SOL_USDC"]}')
        assert desk.venue.hub.wanted("depth.SOL_USDC", None)
        socket.close()
        assert not desk.venue.hub.wanted("depth.SOL_USDC", None)

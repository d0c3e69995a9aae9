"""What a frame says, whatever its key order, whitespace and escapes; beside a slow and obvious reading of it."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from haversack.errors import ProtocolError
from haversack.wire.enums import OrderStatus
from haversack.wire.events import EVENT_TYPES, DepthUpdate, OrderUpdate, RawEvent
from haversack.wire.faults import ErrorDetail
from haversack.wire.frames import Message, kind_of, read_frame

# Recorded frames (observed 2025-06 to 2026-09), one of each kind.
FRAMES = [
    (
        '{"data":{"A":"22.39","B":"288.77","E":1788367430247487,"T":1788367430246081,"a":"98.97","b":null,"e":"bookTicker",'
        '"s":"SOL_USDC","u":4330360995},"stream":"bookTicker.SOL_USDC"}'
    ),
    (
        '{"data":{"E":1788367431034999,"T":1788367431034824,"U":4330361031,"a":[["99.14","0.00"]],"b":[],"e":"depth",'
        '"s":"SOL_USDC","u":4330361031},"stream":"depth.SOL_USDC"}'
    ),
    (
        '{"data":{"E":1790134357903774,"T":1790134357900446,"U":7501116422,"a":[["2766.95","6.9498"],["2766.98","22.8939"]],'
        '"b":[["2754.43","45.0537"]],"e":"depth","s":"ETH_USDC_PERP","u":7501116464},"stream":"depth.200ms.ETH_USDC_PERP"}'
    ),
    (
        '{"data":{"E":1790915531026313,"T":1790915531025000,"a":"66605319496","b":"66605329178","e":"trade","m":false,'
        '"p":"86642.9","q":"0.07206","s":"BTC_USDC_PERP","t":99419870},"stream":"trade.BTC_USDC_PERP"}'
    ),
    (
        '{"data":{"E":1788367430549233,"V":"1498114.9234","c":"98.98","e":"ticker","h":"101.19","l":"97.38","n":6796,"o":"100.87",'
        '"s":"SOL_USDC","v":"15089.56"},"stream":"ticker.SOL_USDC"}'
    ),
    (
        '{"data":{"E":1788367440511558,"e":"kline","s":"SOL_USDC","T":"2026-09-02T16:44:00","X":true,"c":null,"h":null,"l":null,'
        '"n":0,"o":null,"t":"2026-09-02T16:43:00","v":null},"stream":"kline.1m.SOL_USDC"}'
    ),
    (
        '{"data":{"E":1788367430422109,"T":1788367430421396,"e":"markPrice","f":"0.0000125","i":"98.94998504","n":1788368400000,'
        '"p":"98.94","s":"SOL_USDC_PERP"},"stream":"markPrice.SOL_USDC_PERP"}'
    ),
    (
        '{"data":{"E":1788368290063153,"O":"USER","Q":"20.1520","S":"Ask","T":1788368290062979,"V":"RejectTaker","X":"New","Z":"0",'
        '"e":"orderAccepted","f":"GTC","i":"59887375336","o":"LIMIT","p":"1.0076","q":"20","r":false,"s":"USDT_USDC","t":null,'
        '"y":true,"z":"0"},"stream":"account.orderUpdate"}'
    ),
    (
        '{"data":{"A":"10","E":1788368290063168,"L":"20","S":"0","T":1788368290062981,"a":"USDT","e":"balanceUpdate"},'
        '"stream":"account.balanceUpdate"}'
    ),
    (
        '{"data":{"B":"128.61","E":1769133221470110,"M":"128.59","P":"-0.0002","Q":"0.01","T":1769133221470109,"b":"128.6744",'
        '"f":"0.02","i":28375996537,"l":"0","m":"0.0135","n":"1.2859","p":"0","q":"0.01","s":"SOL_USDC_PERP"},'
        '"stream":"account.positionUpdate"}'
    ),
    # From here on made from the documentation: none is recorded.
    (
        '{"data":{"C":"123","E":1791000000200369,"R":213392053149171712,"S":"Bid","T":1791000000199765,"X":"New",'
        '"e":"rfqCandidate","p":"15.50","q":"10","s":"SOL_USDC_RFQ","u":213392054083780608},"stream":"account.rfqUpdate"}'
    ),
    (
        '{"data":{"E":1791000000638091,"S":"Bid","T":1791000000637567,"e":"liquidation","p":"148.70","q":"10.00",'
        '"s":"SOL_USDC_PERP"},"stream":"liquidation.SOL_USDC_PERP"}'
    ),
    (
        '{"data":{"E":1791000000941000,"e":"openInterest","o":"100421.07","s":"SOL_USDC_PERP"},'
        '"stream":"openInterest.SOL_USDC_PERP"}'
    ),
    (
        '{"data":{"E":1791000000941000,"V":"8123456.5","c":"501.2","e":"externalTicker","h":"507","l":"498.11","n":20311,'
        '"o":"499.9","s":"MSFT.US_USDC","v":"16201"},"stream":"externalTicker.MSFT.US_USDC"}'
    ),
    (
        '{"data":{"ask":null,"bid":"207.10","e":"stockPrice","mid":"207.2","session":null,"symbol":"AAPL",'
        '"timestamp":1791000000941},"stream":"stockPrice.AAPL"}'
    ),
]
KINDS = [kind_of(json.loads(frame)["stream"]) for frame in FRAMES]


def obvious(frame: str) -> Message:
    """The long way: the envelope by Python's own parser, the payload by the type that the stream's name says."""
    envelope = json.loads(frame)
    payload = json.dumps(envelope["data"])
    event: Any = msgspec.json.decode(payload, type=EVENT_TYPES[kind_of(envelope["stream"])])
    return Message(envelope["stream"], event)


def escaped(text: str) -> str:
    return '"' + "".join(f"\\u{ord(letter):04x}" for letter in text) + '"'


@st.composite
def rewritten(draw: st.DrawFn, value: Any) -> str:
    """The same JSON with other whitespace, key order and escapes."""
    space = draw(st.sampled_from(["", " ", "\n\t", "  \r\n"]))
    if isinstance(value, dict):
        keys = draw(st.permutations(sorted(value)))
        pairs = [f"{space}{draw(rewritten(key))}{space}:{space}{draw(rewritten(value[key]))}" for key in keys]
        return "{" + f"{space},".join(pairs) + space + "}"
    if isinstance(value, list):
        return "[" + f"{space},{space}".join(draw(rewritten(item)) for item in value) + space + "]"
    if isinstance(value, str) and draw(st.booleans()):
        return escaped(value)
    return json.dumps(value)


def test_every_typed_kind_has_a_frame_here() -> None:
    assert set(KINDS) == set(EVENT_TYPES)


@pytest.mark.parametrize("frame", FRAMES, ids=KINDS)
def test_recorded_frame_is_typed_as_the_long_way_says(frame: str) -> None:
    said = read_frame(frame)
    assert isinstance(said, Message)
    assert not isinstance(said.event, RawEvent)
    assert said == obvious(frame) == read_frame(frame.encode())


@given(st.sampled_from(FRAMES), st.data())
def test_order_whitespace_and_escapes_change_nothing(frame: str, data: st.DataObject) -> None:
    other = data.draw(rewritten(json.loads(frame)))
    assert read_frame(other) == read_frame(other.encode()) == obvious(frame)


@pytest.mark.parametrize("frame", FRAMES, ids=KINDS)
def test_unknown_keys_do_no_harm(frame: str) -> None:
    envelope = json.loads(frame)
    envelope["data"]["novelty"] = {"stream": "depth.X", "e": ["kline"]}
    assert read_frame(json.dumps({"id": 7, **envelope, "more": [1]})) == obvious(frame)


@pytest.mark.parametrize("frame", FRAMES, ids=KINDS)
def test_payload_of_another_form_comes_as_it_is(frame: str) -> None:
    envelope = json.loads(frame)
    envelope["data"]["E"] = {"newer": "form"}
    said = read_frame(json.dumps(envelope))
    assert isinstance(said, Message)
    assert isinstance(said.event, RawEvent)
    assert said.stream == envelope["stream"]
    assert json.loads(bytes(said.event.payload)) == envelope["data"]


@pytest.mark.parametrize("frame", FRAMES, ids=KINDS)
def test_event_with_a_name_of_its_own_is_known_by_it_alone(frame: str) -> None:
    envelope = json.loads(frame)
    kind = EVENT_TYPES[kind_of(envelope["stream"])]
    said = read_frame(json.dumps({**envelope, "stream": "novelty.X"}))
    assert isinstance(said, Message)
    assert type(said.event) is (kind if kind.__struct_config__.tag else RawEvent)


@pytest.mark.parametrize("kind", ["novelty", 5, None])
def test_unknown_event_comes_as_it_is(kind: object) -> None:
    envelope = json.loads(FRAMES[1])
    envelope["data"]["e"] = kind
    said = read_frame(json.dumps(envelope))
    assert isinstance(said, Message)
    assert isinstance(said.event, RawEvent)


def test_payload_without_an_event_name_is_what_its_stream_says() -> None:
    envelope = json.loads(FRAMES[1])
    del envelope["data"]["e"]
    said = read_frame(json.dumps(envelope))
    assert isinstance(said, Message)
    assert isinstance(said.event, DepthUpdate)


@pytest.mark.parametrize("data", ['{"estimatedBid":"177.25","session":null}', "null", "[1]", '"text"', "7"])
def test_payload_of_a_stream_without_a_type_comes_as_it_is(data: str) -> None:
    said = read_frame('{"data":' + data + ',"stream":"stockIndicativeQuote.NVDA"}')
    assert isinstance(said, Message)
    assert isinstance(said.event, RawEvent)
    assert bytes(said.event.payload) == data.encode()


def test_unknown_word_of_a_closed_set_keeps_the_typed_event() -> None:
    said = read_frame(FRAMES[7].replace('"New"', '"Pondering"').replace('"orderAccepted"', '"orderPondered"'))
    assert isinstance(said, Message)
    assert isinstance(said.event, OrderUpdate)
    assert said.event.status == "Pondering"
    assert isinstance(said.event.status, OrderStatus)
    assert not said.event.status.is_known


def test_error_frame_is_its_code_and_message() -> None:
    assert read_frame('{"error":{"code":4006,"message":"Invalid stream"},"id":null}') == ErrorDetail(
        code=4006, message="Invalid stream"
    )


@pytest.mark.parametrize(
    "frame",
    ["", "{}", "[]", "7", '{"error":{"code":"x"}}', '{"stream":"depth.X"}', '{"data":{}}', '{"data":{},"stream":7}'],
)
def test_frame_that_is_none_is_a_protocol_error_with_its_body(frame: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        read_frame(frame)
    assert caught.value.body == frame.encode()


@pytest.mark.parametrize("depth", [10, 100_000])
def test_deep_nesting_raises_nothing_but_our_errors(depth: int) -> None:
    with pytest.raises(ProtocolError):
        read_frame('{"data":' + "[" * depth + ',"stream":"depth.X"}')


def test_numbers_beyond_all_measure_come_as_they_are() -> None:
    envelope = json.loads(FRAMES[3])
    envelope["data"]["p"] = "9" * 10_000 + "e" + "9" * 30
    said = read_frame(json.dumps(envelope))
    assert isinstance(said, Message)
    assert isinstance(said.event, RawEvent)

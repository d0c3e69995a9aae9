"""`haversack stream`: what it refuses before it would wait in silence, and the forms in which a message is a line."""

from __future__ import annotations

import pytest

from cli.inside import Inside
from haversack.cli.known import refuse_unknown_kinds, refuse_unknown_markets
from haversack.cli.stream import _words
from haversack.errors import UsageError
from haversack.streams.names import DOCUMENTED_KINDS
from haversack.wire.frames import Message, read_frame

UNKNOWN = [
    ("depth.NOPE_USDC", "there is no market 'NOPE_USDC' (--unchecked"),
    ("depth.sol_usdc", "there is no market 'sol_usdc': is it SOL_USDC? (--unchecked"),
    ("trade.SOL_UDSC", "there is no market 'SOL_UDSC': is it SOL_USDC"),
    ("account.orderUpdate.SOLUSDC", "there is no market 'SOLUSDC': is it SOL_USDC"),
    ("kline.1m.", "'kline.1m.' lacks its market: write kline.1m.SOL_USDC, say"),
    ("depth", "'depth' lacks its market: write depth.SOL_USDC, say"),
    ("dept.SOL_USDC", "there is no stream 'dept.SOL_USDC': is it depth?"),
    ("nope.SOL_USDC", "there is no stream 'nope.SOL_USDC'; known are account.balanceUpdate, "),
    ("account.orderupdate", "there is no stream 'account.orderupdate': is it account.orderUpdate?"),
    ("kline.7m.SOL_USDC", "'kline.7m.SOL_USDC' is of none of the lengths that kline has: 1s, 1m, "),
    ("depth.300ms.SOL_USDC", "is of none of the lengths that depth has: 200ms, 600ms, 1000ms"),
    ("markPrice.SOL_USDC", "SOL_USDC is a spot market, and markPrice is told of perpetuals alone"),
]


@pytest.mark.parametrize(("name", "says"), UNKNOWN, ids=[name for name, _ in UNKNOWN])
def test_what_would_be_silent_for_ever_is_refused_with_what_may_be_meant(name: str, says: str, inside: Inside) -> None:
    done = inside.run("stream", "trade.SOL_USDC", name)
    assert (done.code, done.out) == (2, "")
    assert says in done.err.splitlines()[-1]
    assert done.err.endswith("(--unchecked asks for it all the same)\n")


def test_a_market_that_is_not_in_the_list_is_asked_for_by_its_name(inside: Inside) -> None:
    with pytest.raises(UsageError):
        refuse_unknown_markets(["depth.NOPE_USDC"], inside.exchange.client())
    inside.http.sent.clear()
    inside.run("stream", "depth.NOPE_USDC")
    assert [request.target for request in inside.http.sent] == ["/api/v1/markets", "/api/v1/market?symbol=NOPE_USDC"]


def test_what_is_known_is_let_through_and_streams_of_no_market_ask_nothing(inside: Inside) -> None:
    inside.http.sent.clear()
    with inside.exchange.client() as client:
        client._http = inside.http
        refuse_unknown_markets(["account.balanceUpdate", "liquidation", "stockPrice.AAPL", "account.rfqUpdate.X"], client)
        assert inside.http.sent == []
        refuse_unknown_markets(
            ["depth.200ms.SOL_USDC", "markPrice.SOL_USDC_PERP", "account.positionUpdate.SOL_USDC_PERP"], client
        )
        assert [request.target for request in inside.http.sent] == ["/api/v1/markets"]


def test_every_documented_kind_is_known() -> None:
    lengths = {"kline": "kline.1m"}
    refuse_unknown_kinds(kind if kind == "liquidation" else f"{lengths.get(kind, kind)}.X_Y" for kind in DOCUMENTED_KINDS)
    refuse_unknown_kinds(["account.orderUpdate", "account.balanceUpdate", "depth.600ms.X", "depth.MU.US_USDC"])


FRAMES = [
    (
        b'{"data":{"E":1790000000123456,"T":1790000000120000,"U":4,"a":[["95.20","0.00"]],"b":[],"e":"depth","s":"X","u":5},"stream":"depth.X"}',
        '[sim]  14:13:20.120  depth.X  first update id 4  last update id 5  asks [["95.20","0.00"]]  bids []',
    ),
    (b'{"data":{"e":"\\u001b[31m"},"stream":"new.X"}', '[sim]  -             new.X  {"e":"\\u001b[31m"}'),
]


@pytest.mark.parametrize(("frame", "line"), FRAMES, ids=["depth", "unknown"])
def test_a_message_in_words_is_one_line_that_drives_no_terminal(frame: bytes, line: str) -> None:
    message = read_frame(frame)
    assert isinstance(message, Message)
    assert _words(message, "sim") == line
    assert line.isprintable()


def test_a_market_that_the_stream_does_not_name_is_said() -> None:
    frame = b'{"data":{"A":"3","B":"4","E":1,"T":1,"a":"2","b":"1","e":"bookTicker","s":"SOL_USDC","u":"7"},"stream":"new.all"}'
    message = read_frame(frame)
    assert isinstance(message, Message)
    assert "  ask 2  bid 1  symbol SOL_USDC  update id 7" in _words(message, "sim")


def test_a_stream_has_no_columns(inside: Inside) -> None:
    done = inside.run("stream", "depth.SOL_USDC", "-o", "csv")
    assert (done.code, done.out) == (2, "")
    assert "messages of streams have no columns in common" in done.err

"""What every stream carries, key by key; frames are written by hand from the documentation's facts where none is recorded."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from haversack.wire.base import StreamEvent
from haversack.wire.enums import OrderStatus, Side, SystemOrderType
from haversack.wire.events import (
    EVENT_TYPES,
    BalanceUpdate,
    BookTicker,
    DepthUpdate,
    ExternalTickerEvent,
    KlineEvent,
    LiquidationEvent,
    MarkPriceEvent,
    OpenInterestEvent,
    OrderUpdate,
    PositionEvent,
    PositionUpdate,
    RawEvent,
    StockPriceEvent,
    TickerEvent,
    TradeEvent,
)
from haversack.wire.events_rfq import RfqEvent, RfqUpdate
from haversack.wire.frames import Message, kind_of, read_frame, write_frame

# Every key that the documentation names, or that was seen on the wire (`r` of orders, `l` of positions), or that the exchange's
# own client knows (`O z Z l L` of RFQs).
KEYS: list[tuple[type[StreamEvent], str]] = [
    (BookTicker, "e E s a A b B u T"),
    (DepthUpdate, "e E s a b U u T"),
    (KlineEvent, "e E s t T o c h l v n X"),
    (LiquidationEvent, "e E q p S s T"),
    (MarkPriceEvent, "e E s p f i n T"),
    (TickerEvent, "e E s o c h l v V n"),
    (OpenInterestEvent, "e E s o"),
    (TradeEvent, "e E s p q b a t T m"),
    (OrderUpdate, "e E s c S o f q Q p P B a b j k d g Y X R i t l z Z L m n N V T O I H y r"),
    (PositionUpdate, "e E s b B f M m q Q n i p P T l"),
    (RfqUpdate, "e E R u C s S q Q p w W X o T O z Z l L"),
    (BalanceUpdate, "e E a A L S T"),
    (ExternalTickerEvent, "e E s o c h l v V n"),
    (StockPriceEvent, "e symbol bid ask mid timestamp session E T"),
]

# The two forms of a position's frame (observed 2025-08 and 2026-01): something happened, or it is open at the subscription.
OPENED = (
    b'{"data":{"B":"4100.5","E":1754943000000486,"M":"4101.25","P":"-0.00075","Q":"-0.0010","T":1754943000000487,'
    b'"b":"4098.449","e":"positionOpened","f":"0.02","i":5411000049,"l":"0","m":"0.0125","n":"4.10125","p":"0","q":"-0.0010",'
    b'"s":"ETH_USDC_PERP"},"stream":"account.positionUpdate"}'
)
OPEN_ALREADY = OPENED.replace(b'"e":"positionOpened",', b"")

_TIMES = b'"E":1791000000200369,"R":213392053149171712,%s"T":1791000000199765,'
_WINDOWS = b'"W":1791000120100,"X":"%s","e":"%s",%s"s":"SOL_USDC_RFQ","w":1791000060100'
_QUOTE = b'"X":"%s","e":"%s",%s"s":"SOL_USDC_RFQ","u":213392054083780608'


def _windowed(event: bytes, status: bytes = b"New", *, first: bytes = b"", second: bytes = b"", third: bytes = b"") -> bytes:
    return b"{" + first + _TIMES % second + _WINDOWS % (status, event, third) + b"}"


def _quoted(event: bytes, status: bytes = b"New", *, first: bytes = b"", second: bytes = b"", third: bytes = b"") -> bytes:
    return b"{" + first + _TIMES % second + _QUOTE % (status, event, third) + b"}"


# Every event of the stream, to everybody who gets it.
RFQ_EVENTS: list[tuple[RfqEvent, bytes]] = [
    (RfqEvent.ACTIVE, _windowed(b"rfqActive", third=b'"q":"10",')),
    (RfqEvent.ACTIVE, _windowed(b"rfqActive", third=b'"o":"CollateralConversion","q":"10",')),
    (RfqEvent.ACCEPTED, _windowed(b"rfqAccepted", first=b'"C":"123",', second=b'"S":"Bid",', third=b'"q":"10",')),
    (RfqEvent.REFRESHED, _windowed(b"rfqRefreshed", first=b'"C":123,', second=b'"S":"Bid",', third=b'"q":"10",')),
    (RfqEvent.CANCELLED, _windowed(b"rfqCancelled", b"Expired", first=b'"C":"123",', second=b'"S":"Ask",', third=b'"q":"1",')),
    (RfqEvent.CANDIDATE, _quoted(b"rfqCandidate", first=b'"C":"123",', second=b'"S":"Bid",', third=b'"p":"15.50","q":"10",')),
    (RfqEvent.FILLED, _quoted(b"rfqFilled", b"Filled", first=b'"C":"123",', second=b'"S":"Bid",', third=b'"p":"15.50",')),
    (RfqEvent.FILLED, _quoted(b"rfqFilled", b"Filled", first=b'"C":"9",', third=b'"p":"15.00",')),
    (RfqEvent.ACCEPTED_BINDING, _quoted(b"rfqAcceptedBinding", second=b'"S":"Ask",', third=b'"p":"15.00","q":"10",')),
    (RfqEvent.CANCEL_REQUESTED, _quoted(b"rfqCancelRequested", b"PartiallyFilled", second=b'"S":"Ask",', third=b'"q":"1.5",')),
    (RfqEvent.QUOTE_ACCEPTED, _quoted(b"quoteAccepted", first=b'"C":"9",')),
    (RfqEvent.QUOTE_CANCELLED, _quoted(b"quoteCancelled", b"Cancelled", first=b'"C":"9",')),
]

PUBLIC = [
    (
        b'{"data":{"E":1791000000638091,"S":"Bid","T":1791000000637567,"e":"liquidation","p":"148.70","q":"10.00",'
        b'"s":"SOL_USDC_PERP"},"stream":"liquidation"}'
    ),
    b'{"data":{"E":1791000000941000,"e":"openInterest","o":"100421.07","s":"SOL_USDC_PERP"},"stream":"openInterest.SOL_USDC_PERP"}',
    (
        b'{"data":{"E":1791000000941000,"V":"8123456.5","c":"501.2","e":"externalTicker","h":"507","l":"498.11","n":20311,'
        b'"o":"499.9","s":"MSFT.US_USDC","v":"16201"},"stream":"externalTicker.MSFT.US_USDC"}'
    ),
    (
        b'{"data":{"ask":null,"bid":"207.10","e":"stockPrice","mid":"207.2","session":null,"symbol":"AAPL",'
        b'"timestamp":1791000000941},"stream":"stockPrice.AAPL"}'
    ),
    (
        b'{"data":{"E":1791000000950000,"T":1791000000949000,"ask":"207.30","bid":"207.10","e":"stockPrice","mid":"207.2",'
        b'"session":"US_EQUITIES_REGULAR","symbol":"AAPL","timestamp":1791000000941},"stream":"stockPrice.AAPL"}'
    ),
]


def read(frame: bytes) -> Any:
    message = read_frame(frame)
    assert isinstance(message, Message)
    return message.event


def rfq_frame(data: bytes) -> bytes:
    return b'{"data":' + data + b',"stream":"account.rfqUpdate"}'


def test_every_typed_stream_has_its_keys_here() -> None:
    assert {kind for kind, _ in KEYS} == set(EVENT_TYPES.values())


@pytest.mark.parametrize(("kind", "keys"), KEYS, ids=[kind.__name__ for kind, _ in KEYS])
def test_every_key_has_a_field(kind: type[StreamEvent], keys: str) -> None:
    named = {field.encode_name for field in msgspec.structs.fields(kind)}
    assert named | ({kind.__struct_config__.tag_field} - {None}) == set(keys.split())


@pytest.mark.parametrize("frame", [*PUBLIC, OPENED, OPEN_ALREADY, *(rfq_frame(data) for _, data in RFQ_EVENTS)])
def test_frame_is_typed_and_comes_back_byte_for_byte(frame: bytes) -> None:
    message = read_frame(frame)
    assert isinstance(message, Message)
    assert type(message.event) is EVENT_TYPES[kind_of(message.stream)]
    assert write_frame(message.stream, message.event) == frame


@pytest.mark.parametrize("stream", ["liquidation", "liquidation.SOL_USDC_PERP"])
def test_liquidations_come_by_either_name(stream: str) -> None:
    event = read(PUBLIC[0].replace(b'"stream":"liquidation"', b'"stream":"' + stream.encode() + b'"'))
    assert isinstance(event, LiquidationEvent)
    assert (event.side, event.price, event.quantity) == (Side.BID, Decimal("148.70"), Decimal("10.00"))
    assert event.time == datetime(2026, 10, 3, 4, 0, 0, 637_567, UTC)


def test_open_interest_says_what_is_open() -> None:
    event = read(PUBLIC[1])
    assert (event.symbol, event.open_interest) == ("SOL_USDC_PERP", Decimal("100421.07"))
    assert event.time == datetime(2026, 10, 3, 4, 0, 0, 941_000, UTC)


def test_external_ticker_may_lack_any_of_its_figures() -> None:
    frame = (
        b'{"data":{"E":1791000000941000,"c":"501.2","e":"externalTicker","s":"X.US_USDC"},"stream":"externalTicker.X.US_USDC"}'
    )
    event = read(frame)
    assert isinstance(event, ExternalTickerEvent)
    assert (event.last_price, event.high, event.trades) == (Decimal("501.2"), None, None)
    assert event.time == datetime(2026, 10, 3, 4, 0, 0, 941_000, UTC)
    assert write_frame("externalTicker.X.US_USDC", event) == frame


def test_stock_price_may_lack_a_side_and_tells_its_time_in_milliseconds() -> None:
    event = read(PUBLIC[3])
    assert isinstance(event, StockPriceEvent)
    assert (event.ask, event.bid, event.mid, event.session) == (None, Decimal("207.10"), Decimal("207.2"), None)
    assert (event.event_us, event.engine_us) == (None, None)
    assert event.time == datetime(2026, 10, 3, 4, 0, 0, 941_000, UTC)


def test_stream_whose_keys_are_not_known_comes_as_it_is() -> None:
    payload = b'{"e":"stockIndicativeQuote","estimatedAsk":"1","estimatedBid":null}'
    event = read(b'{"data":' + payload + b',"stream":"stockIndicativeQuote.NVDA"}')
    assert isinstance(event, RawEvent)
    assert bytes(event.payload) == payload


def test_position_that_was_opened_is_told_as_it_is_now() -> None:
    event = read(OPENED)
    assert isinstance(event, PositionUpdate)
    assert event.event is PositionEvent.OPENED
    assert not event.is_snapshot
    assert (event.position_id, event.net_quantity) == (5_411_000_049, Decimal("-0.0010"))
    assert (event.entry_price, event.break_even_price, event.mark_price) == tuple(map(Decimal, ("4100.5", "4098.449", "4101.25")))
    assert (event.imf, event.mmf) == (Decimal("0.02"), Decimal("0.0125"))
    assert (event.net_exposure_quantity, event.net_exposure_notional) == (Decimal("-0.0010"), Decimal("4.10125"))
    assert (event.pnl_realized, event.pnl_unrealized) == (Decimal(0), Decimal("-0.00075"))
    assert event.time == datetime(2025, 8, 11, 20, 10, 0, 487, UTC)


def test_position_that_is_open_at_the_subscription_has_no_event() -> None:
    event = read(OPEN_ALREADY)
    assert isinstance(event, PositionUpdate)
    assert event.event is None
    assert event.is_snapshot


def test_position_without_the_placeholder_of_its_liquidation_price_is_one_too() -> None:
    event = read(OPENED.replace(b'"l":"0",', b""))
    assert isinstance(event, PositionUpdate)
    assert event.est_liquidation_price is None


def test_position_as_the_documentation_writes_it_is_one_too() -> None:
    event = read(OPENED.replace(b"5411000049", b'"5411000049"').replace(b'"0.02"', b"0.02").replace(b'"4100.5"', b"4100.5"))
    assert isinstance(event, PositionUpdate)
    assert (event.position_id, event.imf, event.entry_price) == ("5411000049", Decimal("0.02"), Decimal("4100.5"))


@pytest.mark.parametrize(
    "frame", [OPENED.replace(b"positionOpened", b"positionDreamt"), rfq_frame(_windowed(b"rfqDreamt", b"Dreaming"))]
)
def test_event_without_a_documented_name_stays_typed_and_says_its_name(frame: bytes) -> None:
    event = read(frame)
    assert isinstance(event, PositionUpdate | RfqUpdate)
    assert event.event is not None
    assert not event.event.is_known
    assert event.event.endswith("Dreamt")
    assert b"Dreamt" in write_frame("account.x", event)


@pytest.mark.parametrize(("kind", "data"), RFQ_EVENTS, ids=[kind.name for kind, _ in RFQ_EVENTS])
def test_rfq_update_says_what_happened(kind: RfqEvent, data: bytes) -> None:
    event = read(rfq_frame(data))
    assert isinstance(event, RfqUpdate)
    assert event.event is kind
    assert event.status.is_known
    assert (event.rfq_id, event.symbol) == (213_392_053_149_171_712, "SOL_USDC_RFQ")
    assert event.quote_id in (None, 213_392_054_083_780_608)
    assert event.time == datetime(2026, 10, 3, 4, 0, 0, 199_765, UTC)


def test_every_rfq_event_is_here() -> None:
    assert {kind for kind, _ in RFQ_EVENTS} == set(RfqEvent)


def test_rfq_that_was_made_by_the_exchange_says_why() -> None:
    assert read(rfq_frame(RFQ_EVENTS[1][1])).system_order_type is SystemOrderType.COLLATERAL_CONVERSION


def test_rfq_says_until_when_to_quote_and_until_when_to_accept() -> None:
    event = read(rfq_frame(RFQ_EVENTS[2][1]))
    assert event.quotes_until == datetime(2026, 10, 3, 4, 1, 0, 100_000, UTC)
    assert event.expires_at == datetime(2026, 10, 3, 4, 2, 0, 100_000, UTC)


def test_quote_update_has_no_windows() -> None:
    event = read(rfq_frame(RFQ_EVENTS[-1][1]))
    assert event.quotes_until is event.expires_at is None


@pytest.mark.parametrize(("written", "number"), [(b'"123"', "123"), (b"123", 123)])
def test_client_id_of_an_rfq_may_be_a_string_or_a_number(written: bytes, number: str | int) -> None:
    event = read(rfq_frame(_windowed(b"rfqAccepted", first=b'"C":' + written + b",")))
    assert event.client_id == number


def test_resting_rfq_says_what_this_fill_and_all_fills_come_to() -> None:
    data = (
        b'{"E":1791000000200369,"L":"75.5","O":1791003600000,"R":7,"S":"Bid","T":1791000000199765,"X":"PartiallyFilled",'
        b'"Z":"151","e":"rfqFilled","l":"0.5","p":"151","q":"1.5","s":"SOL_USDC_RFQ","u":8,"z":"1.0"}'
    )
    event = read(rfq_frame(data))
    assert event.status is OrderStatus.PARTIALLY_FILLED
    assert (event.fill_quantity, event.fill_quote_quantity) == (Decimal("0.5"), Decimal("75.5"))
    assert (event.executed_quantity, event.executed_quote_quantity) == (Decimal("1.0"), Decimal(151))
    assert event.order_expiry_ms == 1_791_003_600_000
    assert write_frame("account.rfqUpdate", event) == rfq_frame(data)


@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        ("depth.200ms.SOL_USDC", "depth"),
        ("kline.1month.SOL_USDC", "kline"),
        ("externalTicker.BRK.B.US_USDC", "externalTicker"),
        ("account.orderUpdate.SOL_USDC", "account.orderUpdate"),
        ("account.positionUpdate.AAPL.US_USDC_PERP", "account.positionUpdate"),
        ("account.rfqUpdate.AAPL.US_USDC_RFQ", "account.rfqUpdate"),
    ],
)
def test_windows_intervals_and_symbols_are_no_part_of_a_kind(stream: str, kind: str) -> None:
    assert kind_of(stream) == kind


def test_updates_of_one_market_are_typed_as_those_of_all() -> None:
    for frame, kind in [(OPENED, PositionUpdate), (rfq_frame(RFQ_EVENTS[0][1]), RfqUpdate)]:
        assert isinstance(read(frame.replace(b'Update"}', b'Update.AAPL.US_USDC"}')), kind)


def test_public_events_tell_their_time_and_the_next_funding() -> None:
    mark = MarkPriceEvent(event_us=2, engine_us=1_000_001, next_funding_ms=3_600_000, mark_price=Decimal(1), symbol="A")
    assert mark.time == datetime(1970, 1, 1, 0, 0, 1, 1, UTC)
    assert mark.next_funding == datetime(1970, 1, 1, 1, tzinfo=UTC)
    assert msgspec.structs.replace(mark, next_funding_ms=None).next_funding is None
    assert BookTicker(event_us=2, engine_us=1, symbol="A", update_id=7).time == datetime(1970, 1, 1, 0, 0, 0, 1, UTC)
    one = Decimal(1)
    ticker = TickerEvent(
        event_us=2, quote_volume=one, last_price=one, high=one, low=one, trades=1, first_price=one, symbol="A", volume=one
    )
    assert ticker.time == datetime(1970, 1, 1, 0, 0, 0, 2, UTC)

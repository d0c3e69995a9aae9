"""What the session says and hears, without a loop."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from haversack.clock import ManualClock
from haversack.credentials import Credentials
from haversack.errors import MissingCredentials, ProtocolError, SubscriptionRefused, UsageError
from haversack.signing import Signer, Verifier
from haversack.streams.blame import REPLY_US_MAX
from haversack.streams.freshness import Verdict
from haversack.streams.requests import STREAMS_PER_FRAME_MAX
from haversack.streams.session import TURN_US, StreamSession
from haversack.wire.events import DepthUpdate
from haversack.wire.frames import Message
from streams.link import frame, refusal

KEYS = Credentials.from_secret("Uvuiu2qCMzRTmh8Gkz0Gm7DT4cvGxp+C0yUdPIMAENw=")
WALL_US = 1_790_000_000_123_456


def new_session(*streams: str, clock: ManualClock | None = None, window_ms: int = 5_000) -> StreamSession:
    """A connected session that wants these streams and has not asked for them yet."""
    session = StreamSession(signer=Signer(KEYS, clock or ManualClock(WALL_US), window_ms=window_ms))
    if streams:
        session.subscribe(*streams)
    session.connected(0)
    return session


def asked(session: StreamSession, now_us: int = 0) -> list[dict[str, Any]]:
    return [json.loads(text) for text in session.outgoing(now_us)]


def test_several_public_streams_are_asked_for_in_one_frame_without_a_signature() -> None:
    session = new_session("depth.SOL_USDC", "trade.SOL_USDC")
    assert session.outgoing(0) == ['{"method":"SUBSCRIBE","params":["depth.SOL_USDC","trade.SOL_USDC"]}']


def test_nothing_is_asked_for_twice() -> None:
    session = new_session("depth.SOL_USDC")
    asked(session)
    session.subscribe("depth.SOL_USDC", "trade.SOL_USDC", "trade.SOL_USDC")
    assert asked(session) == [{"method": "SUBSCRIBE", "params": ["trade.SOL_USDC"]}]
    assert asked(session) == []


def test_nothing_is_sent_without_a_connection() -> None:
    session = StreamSession()
    session.subscribe("depth.SOL_USDC")
    assert session.outgoing(0) == []
    assert session.due(10**12) is None
    assert session.wake_us is None


def test_unsubscribing_sends_one_frame_and_only_for_what_was_asked_for() -> None:
    session = new_session("depth.SOL_USDC", "trade.SOL_USDC")
    asked(session)
    session.unsubscribe("trade.SOL_USDC", "ticker.SOL_USDC")
    assert asked(session) == [{"method": "UNSUBSCRIBE", "params": ["trade.SOL_USDC"]}]
    assert session.desired == ("depth.SOL_USDC",)


def test_what_is_wanted_and_unwanted_before_it_was_sent_is_never_sent() -> None:
    session = new_session("depth.SOL_USDC")
    session.unsubscribe("depth.SOL_USDC")
    assert asked(session) == []


@pytest.mark.parametrize("window_ms", [5_000, 60_000])
def test_private_streams_are_signed_as_documented(window_ms: int) -> None:
    (request,) = asked(new_session("account.orderUpdate", "account.balanceUpdate", window_ms=window_ms))
    public_key, signature, timestamp, window = request["signature"]
    assert request["params"] == ["account.orderUpdate", "account.balanceUpdate"]
    assert (public_key, timestamp, window) == (KEYS.public_key, "1790000000123", str(window_ms))
    text = f"instruction=subscribe&timestamp=1790000000123&window={window_ms}"
    assert Verifier.verify(public_key, text.encode(), signature)


def test_private_streams_travel_apart_from_public_ones_and_known_ones_apart_from_strange_ones() -> None:
    requests = asked(new_session("depth.SOL_USDC", "account.orderUpdate", "novelty.SOL_USDC", "trade.SOL_USDC"))
    assert [request["params"] for request in requests] == [
        ["depth.SOL_USDC", "trade.SOL_USDC"],
        ["account.orderUpdate"],
        ["novelty.SOL_USDC"],
    ]
    assert ["signature" in request for request in requests] == [False, True, False]


def test_unsubscribing_from_a_private_stream_needs_no_signature() -> None:
    session = new_session("account.orderUpdate")
    asked(session)
    session.unsubscribe("account.orderUpdate")
    assert asked(session) == [{"method": "UNSUBSCRIBE", "params": ["account.orderUpdate"]}]


def test_private_streams_need_keys_and_nothing_of_the_call_is_kept_without_them() -> None:
    session = StreamSession()
    with pytest.raises(MissingCredentials, match=r"account\.orderUpdate"):
        session.subscribe("depth.SOL_USDC", "account.orderUpdate")
    assert session.desired == ()


def test_many_streams_are_asked_for_in_frames_of_a_size_that_is_known_to_work() -> None:
    names = [f"depth.M{number}_USDC" for number in range(STREAMS_PER_FRAME_MAX * 2 + 1)]
    requests = asked(new_session(*names))
    assert [len(request["params"]) for request in requests] == [STREAMS_PER_FRAME_MAX, STREAMS_PER_FRAME_MAX, 1]
    assert [name for request in requests for name in request["params"]] == names
    assert STREAMS_PER_FRAME_MAX <= 91


def test_a_new_connection_gets_exactly_what_is_wanted_signed_afresh() -> None:
    clock = ManualClock(WALL_US)
    session = new_session("depth.SOL_USDC", "trade.SOL_USDC", "account.orderUpdate", clock=clock)
    first = asked(session)
    session.unsubscribe("trade.SOL_USDC")
    session.disconnected(1)
    assert session.outgoing(1) == []
    clock.advance(s=90)
    session.connected(90_000_000)
    public, private = asked(session, 90_000_000)
    assert public == {"method": "SUBSCRIBE", "params": ["depth.SOL_USDC"]}
    assert private["params"] == ["account.orderUpdate"]
    assert int(private["signature"][2]) == int(first[1]["signature"][2]) + 90_000


@pytest.mark.parametrize(
    "names", [(), ("",), ("depth. SOL",), ("depth\n",), ("x" * 201,), ("depth.\udc80",), (7,), (["depth.A", "depth.B"],), (None,)]
)
def test_what_cannot_be_a_name_is_refused_before_anything_is_sent(names: tuple[Any, ...]) -> None:
    with pytest.raises(UsageError):
        new_session().subscribe(*names)


REFUSALS = [
    # What was asked for, the code, and the streams that the error is put down to.
    (["depth.SOL_USDC", "account.orderUpdate"], 4003, ("account.orderUpdate",)),
    (["depth.SOL_USDC", "novelty.SOL_USDC"], 4006, ("novelty.SOL_USDC",)),
    (["account.orderUpdate", "account.novelty"], 4006, ("account.novelty",)),
    (["depth.SOL_USDC", "trade.SOL_USDC"], 4006, ("depth.SOL_USDC", "trade.SOL_USDC")),
    (["depth.SOL_USDC", "depth.200ms.SOL_USDC", "depth.50ms.SOL_USDC"], 4008, ("depth.50ms.SOL_USDC",)),
    (["depth.SOL_USDC", "depth.200ms.SOL_USDC"], 4008, ("depth.200ms.SOL_USDC",)),
    (["depth.SOL_USDC"], 4008, ()),
    (["depth.MU.US_USDC", "depth.200ms.MU.US_USDC"], 4008, ("depth.200ms.MU.US_USDC",)),
    (["kline.1m.SOL_USDC", "kline.7m.SOL_USDC"], 4006, ("kline.7m.SOL_USDC",)),
    (["depth.SOL_USDC", "account.orderUpdate"], 4999, ("depth.SOL_USDC", "account.orderUpdate")),
]


@pytest.mark.parametrize(("streams", "code", "concerned"), REFUSALS)
def test_an_error_is_put_down_to_the_streams_that_it_can_concern(
    streams: list[str], code: int, concerned: tuple[str, ...]
) -> None:
    session = new_session(*streams)
    asked(session)
    said = session.received(refusal(code, "no"), 1)
    assert isinstance(said, SubscriptionRefused)
    assert (said.code, said.message, said.streams) == (code, "no", concerned)
    assert session.desired == tuple(streams)


def test_an_error_never_concerns_a_stream_that_has_brought_data() -> None:
    session = new_session("depth.SOL_USDC", "trade.SOL_USDC")
    asked(session)
    session.received(frame("depth.SOL_USDC"), 1)
    said = session.received(refusal(4006), 2)
    assert isinstance(said, SubscriptionRefused)
    assert said.streams == ("trade.SOL_USDC",)


def test_an_error_concerns_what_was_asked_for_lately_before_what_has_been_silent_for_long() -> None:
    session = new_session("trade.QUIET_USDC")
    asked(session)
    session.subscribe("trade.ODD_USDC")
    asked(session, REPLY_US_MAX + 1)
    said = session.received(refusal(4006), REPLY_US_MAX + 2)
    assert isinstance(said, SubscriptionRefused)
    assert said.streams == ("trade.ODD_USDC",)


def test_families_that_the_documentation_does_not_know_are_asked_for_in_turn_so_that_an_error_tells_which() -> None:
    session = new_session("novelty.A", "depth.A", "oddity.A", "novelty.B", "kline.7m.A")
    assert [request["params"] for request in asked(session)] == [["depth.A"], ["novelty.A", "novelty.B"]]
    assert asked(session, TURN_US - 1) == []
    assert session.wake_us == TURN_US
    assert [request["params"] for request in asked(session, TURN_US)] == [["oddity.A"]]
    said = session.received(refusal(4006), TURN_US + 1)
    assert isinstance(said, SubscriptionRefused)
    assert said.streams == ("oddity.A",)
    assert [request["params"] for request in asked(session, TURN_US + 2)] == [["kline.7m.A"]]


def test_a_message_comes_with_its_stream_and_type() -> None:
    session = new_session("depth.SOL_USDC")
    asked(session)
    said = session.received(frame("depth.SOL_USDC", 42), 5)
    assert isinstance(said, Message)
    assert isinstance(said.event, DepthUpdate)
    assert (said.stream, said.event.last_update_id) == ("depth.SOL_USDC", 42)
    assert session.heard_us_of("depth.SOL_USDC") == 5
    session.disconnected(6)
    assert session.heard_us_of("depth.SOL_USDC") is None


def test_streams_that_nobody_asked_for_are_not_remembered() -> None:
    session = new_session("depth.SOL_USDC")
    asked(session)
    for number in range(1_000):
        session.received(frame(f"depth.M{number}"), number)
    assert [name for number in range(1_000) if session.heard_us_of(name := f"depth.M{number}") is not None] == []


@pytest.mark.parametrize("garbage", ["", "{}", "[]", "null", b"\xff\xfe", '{"data":{', '{"error":4006}', "\ud800", b"\x00" * 99])
def test_garbage_is_an_error_and_the_stream_goes_on(garbage: str | bytes) -> None:
    session = new_session("depth.SOL_USDC")
    asked(session)
    assert isinstance(session.received(garbage, 1), ProtocolError)
    assert isinstance(session.received(frame("depth.SOL_USDC"), 2), Message)


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_whatever_comes_is_one_of_three_things(anything: bytes | str) -> None:
    assert isinstance(new_session("depth.SOL_USDC").received(anything, 1), Message | SubscriptionRefused | ProtocolError)


@given(st.sampled_from([frame("depth.SOL_USDC"), refusal(4006)]), st.data())
def test_a_frame_with_a_byte_changed_is_one_of_three_things(whole: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole.encode())
    changed[place] = data.draw(st.integers(0, 255))
    said = new_session("depth.SOL_USDC").received(bytes(changed), 1)
    assert isinstance(said, Message | SubscriptionRefused | ProtocolError)


NAMES = ("depth.A", "depth.B", "ticker.A", "novelty.A", "novelty.B", "oddity.A", "account.orderUpdate", "account.novelty")


class WantedIsServed(RuleBasedStateMachine):
    """Once all is quiet the exchange serves what is wanted and nothing else, whatever was wanted, lost or refused before."""

    def __init__(self) -> None:
        super().__init__()
        self.session = StreamSession(signer=Signer(KEYS, ManualClock()), dice=lambda: 0.5)
        self.now_us = 0
        self.wanted: set[str] = set()
        self.served: set[str] | None = None

    @rule(names=st.lists(st.sampled_from(NAMES), min_size=1))
    def subscribe(self, names: list[str]) -> None:
        self.session.subscribe(*names)
        self.wanted.update(names)

    @rule(names=st.lists(st.sampled_from(NAMES)))
    def unsubscribe(self, names: list[str]) -> None:
        self.session.unsubscribe(*names)
        self.wanted.difference_update(names)

    @rule()
    def connect(self) -> None:
        self.session.connecting(self.now_us)
        self.session.connected(self.now_us)
        self.served = set()

    @rule()
    def disconnect(self) -> None:
        assert self.session.disconnected(self.now_us) is not None
        self.served = None

    @rule(code=st.sampled_from([4002, 4003, 4006, 4008]))
    def hear_an_error(self, code: int) -> None:
        said = self.session.received(refusal(code), self.now_us)
        assert isinstance(said, SubscriptionRefused)
        assert set(said.streams) <= self.wanted | (self.served or set())

    @rule(name=st.sampled_from(NAMES))
    def hear_a_stream(self, name: str) -> None:
        self.session.received(frame(name), self.now_us)

    @rule(ms=st.sampled_from([10, 1_000, 9_000]), verdict=st.sampled_from(Verdict))
    def let_time_pass(self, ms: int, verdict: Verdict) -> None:
        self.now_us += ms * 1_000
        for suspect in self.session.suspects(self.now_us):
            self.session.settle(suspect, verdict, self.now_us)

    @rule()
    def flush(self) -> None:
        for request in asked(self.session, self.now_us):
            assert self.served is not None
            names = set(request["params"])
            assert len(names) == len(request["params"])
            if request["method"] == "SUBSCRIBE":
                assert names <= self.wanted
                assert ("signature" in request) == any(name.startswith("account.") for name in names)
                self.served |= names
            else:
                assert names <= self.served
                self.served -= names

    @rule()
    def come_to_rest(self) -> None:
        for _ in range(len(NAMES)):
            self.flush()
            self.now_us += TURN_US
        assert self.served is None or self.served == self.wanted
        news = self.session.interruptions()
        assert all(set(each.streams) <= set(NAMES) for each in news)

    @invariant()
    def wanted_is_known(self) -> None:
        assert set(self.session.desired) == self.wanted
        assert set(self.session.tracks) >= self.wanted


TestWantedIsServed = WantedIsServed.TestCase

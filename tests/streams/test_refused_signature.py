"""A signature that is refused because this machine's clock is off: it is measured once, then signed again."""

import asyncio
import json

import pytest

from haversack.clock import ManualClock
from haversack.credentials import Credentials
from haversack.errors import SubscriptionRefused
from haversack.signing import Signer
from haversack.streams.aio import AsyncStreams
from haversack.streams.interruption import Interrupted
from haversack.streams.session import StreamSession
from streams.link import Link, frame, refusal
from streams.network import RESTART, Network
from streams.virtual import LoopClock, run, seconds

KEYS = Credentials.from_secret("Uvuiu2qCMzRTmh8Gkz0Gm7DT4cvGxp+C0yUdPIMAENw=")
ORDERS, BALANCES = "account.orderUpdate", "account.balanceUpdate"
WALL_US = 1_790_000_000_000_000


def new_session(*streams: str, clock: ManualClock | None = None, measures_clock: bool = True) -> StreamSession:
    session = StreamSession(signer=Signer(KEYS, clock or ManualClock(WALL_US)), measures_clock=measures_clock)
    session.subscribe(*streams)
    session.connected(0)
    session.outgoing(0)
    return session


def test_the_private_streams_are_asked_for_again_signed_afresh_and_no_others() -> None:
    clock = ManualClock(WALL_US)
    session = new_session(ORDERS, "trade.A", BALANCES, clock=clock)
    assert session.received(refusal(4003), 1) is None
    wanted = [session.wants_clock]
    assert session.outgoing(2) == []
    clock.advance(s=40)
    session.clock_measured()
    wanted.append(session.wants_clock)
    assert wanted == [True, False]
    (request,) = [json.loads(text) for text in session.outgoing(3)]
    assert request["params"] == [ORDERS, BALANCES]
    assert request["signature"][2] == str((WALL_US + 40_000_000) // 1_000)


def test_a_second_refusal_is_the_reader_s() -> None:
    session = new_session(ORDERS)
    session.received(refusal(4003), 1)
    session.clock_measured()
    session.outgoing(2)
    said = session.received(refusal(4003), 3)
    assert isinstance(said, SubscriptionRefused)
    assert said.streams == (ORDERS,)
    assert not session.wants_clock


def test_each_connection_has_one_measurement() -> None:
    session = new_session(ORDERS)
    session.received(refusal(4003), 1)
    session.clock_measured()
    session.disconnected(2)
    session.connected(3)
    session.outgoing(3)
    assert session.received(refusal(4003), 4) is None
    session.disconnected(5)
    assert not session.wants_clock
    session.connected(6)
    session.clock_measured()
    assert len(session.outgoing(6)) == 1


def test_two_frames_refused_for_one_reason_are_both_asked_for_again() -> None:
    session = new_session(ORDERS)
    session.subscribe(BALANCES)
    session.outgoing(1)
    assert [session.received(refusal(4003), now_us) for now_us in (2, 3)] == [None, None]
    session.clock_measured()
    assert [json.loads(text)["params"] for text in session.outgoing(4)] == [[ORDERS, BALANCES]]


def test_a_stream_that_speaks_meanwhile_is_not_asked_for_again() -> None:
    session = new_session(ORDERS, BALANCES)
    session.received(refusal(4003), 1)
    session.received(frame(BALANCES), 2)
    session.clock_measured()
    assert [json.loads(text)["params"] for text in session.outgoing(3)] == [[ORDERS]]


def test_readers_are_told_that_nothing_came_from_the_asking_until_it_was_asked_again() -> None:
    session = new_session(ORDERS, "trade.A", BALANCES)
    session.tell_time(0, WALL_US)
    session.received(refusal(4003), 5)
    told = session.interruptions()
    session.clock_measured()
    session.outgoing(9)
    told += session.interruptions()
    assert [(news.streams, news.from_us - WALL_US, news.to_us) for news in told] == [
        ((ORDERS, BALANCES), 0, None),
        ((ORDERS, BALANCES), 0, WALL_US + 9),
    ]
    assert session.tracks[ORDERS].interruptions == 1


def test_readers_are_told_too_if_the_stream_was_served_all_the_while() -> None:
    session = new_session(BALANCES)
    session.received(refusal(4003), 1)
    session.received(frame(BALANCES), 2)
    session.clock_measured()
    assert [news.to_us for news in session.interruptions()] == [None, 2]
    assert session.outgoing(3) == []


def test_streams_that_were_refused_are_asked_for_again_if_somebody_says_so_and_no_others() -> None:
    session = new_session(ORDERS, BALANCES, measures_clock=False)
    session.received(frame(BALANCES), 1)
    session.received(refusal(4003), 2)
    session.ask_again(ORDERS, BALANCES, "account.positionUpdate")
    assert not session.is_asked(ORDERS)
    assert [(request["method"], request["params"]) for request in map(json.loads, session.outgoing(3))] == [
        ("UNSUBSCRIBE", [ORDERS]),
        ("SUBSCRIBE", [ORDERS]),
    ]
    assert [news.to_us for news in session.interruptions()] == [None, 3]


@pytest.mark.parametrize(("code", "measures_clock"), [(4003, False), (4006, True), (4002, True)])
def test_other_refusals_and_those_of_nobody_who_can_measure_are_the_reader_s(code: int, measures_clock: bool) -> None:
    session = new_session(ORDERS, measures_clock=measures_clock)
    assert isinstance(session.received(refusal(code), 1), SubscriptionRefused)


def test_a_refusal_that_can_concern_no_private_stream_measures_nothing() -> None:
    session = new_session("trade.A")
    said = session.received(refusal(4003), 1)
    assert isinstance(said, SubscriptionRefused)
    assert said.streams == ()


class Checking(Link):
    """Refuses the first signatures of each connection."""

    def __init__(self, refusals: int) -> None:
        super().__init__()
        self._refusals = refusals

    async def send(self, text: str) -> None:
        await super().send(text)
        if "signature" in json.loads(text):
            self._refusals -= 1
            self.say(refusal(4003, "Invalid signature") if self._refusals >= 0 else frame(BALANCES))


class Measured:
    """Counts how often the clock was measured."""

    def __init__(self, *, error: Exception | None = None, hangs: bool = False) -> None:
        self.count = 0
        self._error = error
        self._hangs = hangs

    async def __call__(self) -> object:
        self.count += 1
        await seconds(10**6 if self._hangs else 0.1)
        if self._error is not None:
            raise self._error
        return None


def streams_on(network: Network, sync: Measured) -> AsyncStreams:
    clock = LoopClock()
    return AsyncStreams("ws://localhost:1", signer=Signer(KEYS, clock), clock=clock, connect=network, sync=sync)


@pytest.mark.parametrize(
    "sync", [Measured(), Measured(error=OSError("down")), Measured(hangs=True)], ids=["well", "down", "hangs"]
)
def test_the_reader_notices_nothing_if_the_second_signature_is_accepted(sync: Measured) -> None:
    async def main() -> None:
        network = Network(make=lambda: Checking(1))
        async with streams_on(network, sync) as streams, asyncio.timeout(30):
            subscription = streams.subscribe(BALANCES)
            for count in (1, 2):
                assert (await anext(subscription)).stream == BALANCES
                assert sync.count == count
                network.links[-1].say(RESTART)

    run(main())


def test_the_second_signature_is_sent_as_soon_as_the_clock_is_known() -> None:
    async def main() -> None:
        network = Network(make=lambda: Checking(1))
        async with streams_on(network, Measured()) as streams, asyncio.timeout(0.2):
            assert (await anext(streams.subscribe(BALANCES))).stream == BALANCES

    run(main())


def test_a_reader_is_told_at_once_that_nothing_came_by_what_was_refused() -> None:
    async def main() -> None:
        network = Network(make=lambda: Checking(1))
        async with streams_on(network, Measured(hangs=True)) as streams, asyncio.timeout(0.2):
            told = await anext(streams.subscribe(BALANCES, interruptions=True))
            assert isinstance(told, Interrupted)
            assert (told.streams, told.to_us) == ((BALANCES,), None)

    run(main())


def test_the_reader_is_told_of_the_second_refusal_and_the_clock_is_not_measured_again() -> None:
    async def main() -> None:
        sync = Measured()
        network = Network(make=lambda: Checking(9))
        async with streams_on(network, sync) as streams:
            subscription = streams.subscribe(BALANCES)
            with pytest.raises(SubscriptionRefused, match="Invalid signature"):
                await anext(subscription)
            await seconds(3_600)
            assert subscription.waiting == 0
            assert (sync.count, len(network.links[0].sent)) == (1, 2)

    run(main())


def test_a_key_that_cannot_be_reached_for_a_while_costs_a_connection_and_not_the_streams() -> None:
    faults: list[Exception] = [RuntimeError("throttled"), OSError("away")]

    def sign(text: bytes) -> bytes:
        if faults:
            raise faults.pop()
        return KEYS.sign(text)

    async def main() -> None:
        network, clock = Network(), LoopClock()
        signer = Signer(Credentials.from_signer(KEYS.public_key, sign), clock)
        async with AsyncStreams("ws://localhost:1", signer=signer, clock=clock, connect=network) as streams:
            subscription = streams.subscribe(BALANCES)
            (await network.link(3)).say(frame(BALANCES))
            assert (await anext(subscription)).stream == BALANCES
            assert str(streams.health().last_error).endswith(f"{BALANCES} could not be signed: RuntimeError: throttled")

    run(main())

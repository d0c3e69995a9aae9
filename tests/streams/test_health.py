"""What a program can read of how its streams are."""

import json
import logging

import msgspec
import pytest

from haversack.credentials import Credentials
from haversack.signing import Signer
from haversack.streams.aio import AsyncStreams
from haversack.streams.blocking import BlockingStreams
from haversack.streams.health import ConnectionState
from streams.link import Link, frame
from streams.network import RESTART, Network
from streams.virtual import WALL_US, LoopClock, run, seconds

KEYS = Credentials.from_secret("Uvuiu2qCMzRTmh8Gkz0Gm7DT4cvGxp+C0yUdPIMAENw=")
URL = "ws://localhost:1"
BEGUN_US = WALL_US + 1_000_000_000
S = 1_000_000


def streams_on(network: Network) -> AsyncStreams:
    clock = LoopClock()
    return AsyncStreams(URL, signer=Signer(KEYS, clock), clock=clock, connect=network)


def test_health_tells_what_came_what_waits_and_what_was_dropped() -> None:
    async def main() -> None:
        network = Network()
        async with streams_on(network) as streams:
            streams.subscribe("ticker.A", "trade.A")
            await streams.subscribe("trade.A").sent()
            await seconds(3)
            network.links[0].say(*[frame("ticker.A")] * 3, *[frame("trade.A")] * 2, frame("depth.Z"))
            await seconds(1)
            health = streams.health()
            assert (health.state, health.since_us) == (ConnectionState.OPEN, BEGUN_US)
            assert (health.last_message_us, health.reconnects, health.stray) == (BEGUN_US + 3 * S, 0, 1)
            ticker, trade = health.streams["ticker.A"], health.streams["trade.A"]
            assert (ticker.events, ticker.queued, ticker.dropped) == (3, 1, 2)
            assert (trade.events, trade.queued, trade.dropped) == (2, 4, 0)
            assert trade.last_event_us == BEGUN_US + 3 * S
            assert trade.lag_us == BEGUN_US + 3 * S - 2
            assert (trade.is_asked, trade.is_stale, trade.interruptions) == (True, False, 0)

    run(main())


def test_health_tells_why_and_until_when_it_waits() -> None:
    async def main() -> None:
        network = Network()
        async with streams_on(network) as streams:
            await streams.subscribe("trade.A").sent()
            network.is_down = True
            network.links[0].say(RESTART)
            await seconds(20)
            health = streams.health()
            assert (health.state, health.last_error) == (
                ConnectionState.WAITING,
                f"no stream connection to {URL}: the network is down",
            )
            assert health.attempts >= 5
            assert health.next_attempt_us is not None
            assert 0 < health.next_attempt_us - (BEGUN_US + 20 * S) <= 30 * S
            assert (health.streams["trade.A"].is_asked, health.streams["trade.A"].interruptions) == (False, 1)
        assert streams.health().state is ConnectionState.CLOSED

    run(main())


def test_health_can_be_written_down() -> None:
    async def main() -> None:
        async with streams_on(Network()) as streams:
            await streams.subscribe("trade.A").sent()
            assert json.loads(msgspec.json.encode(streams.health()))["streams"]["trade.A"]["is_asked"] is True

    run(main())


def test_health_of_blocking_streams_can_be_read_before_while_and_after_they_are_open() -> None:
    streams = BlockingStreams(URL, connect=Link())
    states = [streams.health().state]
    with streams:
        streams.subscribe("trade.A").sent(5)
        states.append(streams.health().state)
    states.append(streams.health().state)
    assert states == ["connecting", "open", "closed"]


def test_connections_and_silence_are_logged_and_no_signature_is(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        network = Network()
        async with streams_on(network) as streams:
            await streams.subscribe("account.orderUpdate", "ticker.A").sent()
            network.links[0].say(RESTART)
            await seconds(20)

    with caplog.at_level(logging.DEBUG, "haversack"):
        run(main())
    texts = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert texts[0] == ("INFO", f"connected to {URL} (connection 1)")
    assert texts[1][0] == "WARNING"
    assert "restart" in texts[1][1]
    assert ("WARNING", "silent for too long: ticker.A and 0 more") in texts
    assert "signature" not in caplog.text

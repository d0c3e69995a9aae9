"""Exchanges that are stopped, that leave and that come back, as a stream connection sees them."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

from haversack.client.aio import AsyncClient
from haversack.clock import SystemClock
from haversack.credentials import Credentials
from haversack.exchange.server import Server
from haversack.streams.heartbeat import Heartbeat
from haversack.streams.interruption import Interrupted
from haversack.streams.subscription import MarkedSubscription
from haversack.wire.frames import Message
from served import serve
from sockets.stage import SYMBOL, stage
from sockets.storms import BRISK, QUICK, bid

ORDERS = "account.orderUpdate"


async def interrupted(subscription: MarkedSubscription) -> Interrupted:
    """What is said when the streams are lost, which has to come before any message."""
    news = await anext(subscription)
    assert isinstance(news, Interrupted)
    return news


async def heard(subscription: MarkedSubscription, client: AsyncClient) -> Message:
    """A message, for which orders are placed until one is heard of: nobody acknowledges a subscription."""
    while not subscription.waiting:
        await bid(client)
        with suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                await subscription.ready()
    message = await anext(subscription)
    return message if isinstance(message, Message) else await heard(subscription, client)


async def all_heard(subscription: MarkedSubscription, client: AsyncClient) -> None:
    """Wait for a message, and read all that came with it."""
    await heard(subscription, client)
    while subscription.waiting:
        await anext(subscription)


async def test_an_exchange_that_is_stopped_is_noticed_in_time_and_found_again(tmp_path: Path) -> None:
    clock, heartbeat = SystemClock(), Heartbeat(interval_s=0.15, timeout_s=0.15)
    with serve(tmp_path / "exchange", "--no-crowd") as served:
        client = AsyncClient(Credentials.generate(), base_url=served.url, stream_url=served.stream_url)
        async with client, client.streams(heartbeat=heartbeat, backoff=QUICK) as streams:
            subscription = streams.subscribe(f"depth.{SYMBOL}", ORDERS, interruptions=True)
            await all_heard(subscription, client)
            os.kill(served.process.pid, signal.SIGSTOP)
            stopped_us = clock.monotonic_us()
            try:
                news = await interrupted(subscription)
                noticed_s = (clock.monotonic_us() - stopped_us) / 1_000_000
            finally:
                os.kill(served.process.pid, signal.SIGCONT)
            # Without a ping of its own nothing but the exchange's, every minute, would tell.
            assert noticed_s < heartbeat.interval_s + heartbeat.timeout_s + 2.0
            assert "nothing was heard" in news.reason
            assert set(news.streams) == {f"depth.{SYMBOL}", ORDERS}
            again = await interrupted(subscription)
            assert again.to_us is not None
            assert {(await heard(subscription, client)).stream for _ in range(8)} == {f"depth.{SYMBOL}", ORDERS}


async def test_an_exchange_that_says_goodbye_and_comes_back_is_found_with_all_its_streams() -> None:
    async with (
        stage(SystemClock()) as setting,
        setting.aio() as client,
        client.streams(heartbeat=BRISK, backoff=QUICK) as streams,
    ):
        subscription = streams.subscribe(f"depth.{SYMBOL}", ORDERS, interruptions=True)
        await all_heard(subscription, client)
        await setting.server.stop()
        news = await interrupted(subscription)
        assert "1001" in news.reason
        setting.server = Server(setting.venue)
        await setting.server.start(0)
        setting.proxy.server_port, setting.server.port = setting.server.port, setting.proxy.port
        assert (await interrupted(subscription)).to_us is not None
        assert {(await heard(subscription, client)).stream for _ in range(8)} == {f"depth.{SYMBOL}", ORDERS}


class LeapingClock(SystemClock):
    """The machine's, and so much ahead: to leap is what a loop sees that was held up for so long."""

    def __init__(self) -> None:
        self.ahead_us = 0

    def now_us(self) -> int:
        return super().now_us() + self.ahead_us

    def monotonic_us(self) -> int:
        return super().monotonic_us() + self.ahead_us


async def test_a_callback_that_holds_up_the_loop_for_half_a_minute_costs_no_connection_and_is_named() -> None:
    clock, called = LeapingClock(), asyncio.Event()
    told: list[str] = []
    async with stage(SystemClock()) as setting:
        client = AsyncClient(setting.keys, base_url=setting.proxy.url, stream_url=setting.proxy.stream_url, clock=clock)

        def busy(message: Message) -> None:
            clock.ahead_us += 30_000_000
            told.append(message.stream)
            called.set()

        async with client, client.streams(heartbeat=Heartbeat(0.2, 0.2), backoff=QUICK) as streams, asyncio.timeout(20):
            listener = streams.on(f"depth.{SYMBOL}", busy)
            await listener.subscription.sent()
            [line] = setting.proxy.lines
            while len(told) < 3:
                called.clear()
                await bid(setting.inspector)
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await called.wait()
            # It has time to think that nothing was heard: it pings, and is answered.
            pinged = len(line.to_server.received) + 2
            await setting.proxy.until(lambda: len(line.to_server.received) > pinged)
            health = streams.health()
            assert (health.reconnects, len(setting.proxy.lines)) == (0, 1)
            assert health.loop_lag_us_max > 20_000_000
            assert listener.record.slowest_us >= 30_000_000


async def test_a_connection_on_which_nothing_happens_is_asked_whether_it_lives_and_kept() -> None:
    async with (
        stage(SystemClock()) as setting,
        setting.aio() as client,
        client.streams(heartbeat=Heartbeat(0.1, 1.0), backoff=QUICK) as streams,
    ):
        await streams.subscribe(f"depth.{SYMBOL}").sent()
        [line] = setting.proxy.lines
        heard = len(line.to_client.received)
        # A pong has two bytes at least.
        await setting.proxy.until(lambda: len(line.to_client.received) >= heard + 3 * 2, 10)
        assert streams.health().reconnects == 0

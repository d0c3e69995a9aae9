"""What a stream connection lives through, and how its readers learn of it. Hours pass without waiting."""

import asyncio
import json
import logging

import pytest

from haversack.credentials import Credentials
from haversack.errors import StreamClosed, UntrustedServer
from haversack.signing import Signer
from haversack.streams.aio import AsyncStreams
from haversack.streams.backoff import Backoff
from haversack.streams.freshness import Suspect, Verdict
from haversack.streams.health import ConnectionState
from haversack.streams.interruption import Interrupted
from haversack.streams.subscription import Subscription
from haversack.streams.transport import FrameSocket
from haversack.wire.frames import Message
from streams.link import Link, frame
from streams.network import RESTART, Network, served
from streams.virtual import WALL_US, LoopClock, run, seconds

KEYS = Credentials.from_secret("Uvuiu2qCMzRTmh8Gkz0Gm7DT4cvGxp+C0yUdPIMAENw=")
URL = "ws://localhost:1"
S = 1_000_000


def streams_on(
    network: Network, *, backoff: Backoff | None = None, ask: "dict[str, Verdict] | None" = None, asked: list[str] | None = None
) -> AsyncStreams:
    async def answer(suspect: Suspect) -> Verdict:
        if asked is not None:
            asked.append(suspect.stream)
        assert ask is not None
        return ask[suspect.stream]

    clock = LoopClock()
    signer = Signer(KEYS, clock)
    asker = None if ask is None else answer
    return AsyncStreams(URL, signer=signer, clock=clock, connect=network, backoff=backoff, ask=asker)


async def all_of(subscription: Subscription) -> list[str]:
    return [message.stream async for message in subscription]


async def ticking(link: Link, stream: str, *, for_s: int) -> None:
    """Send one frame of a stream every second."""
    for number in range(for_s):
        link.say(frame(stream, number))
        await seconds(1)


def test_iteration_goes_on_over_a_lost_connection() -> None:
    async def main() -> None:
        network = Network()
        async with streams_on(network) as streams:
            subscription = streams.subscribe("depth.A")
            for number in (1, 2, 3):
                link = await network.link(number)
                await link.requests(1)
                link.say(frame("depth.A", number), RESTART)
                message = await anext(subscription)
                assert message.event.last_update_id == number  # type: ignore[union-attr]
            await network.link(4)
            await seconds(1)
            assert subscription.interruptions == 3
            assert streams.health().reconnects == 3
        assert network.all_closed

    run(main())


def test_a_new_connection_gets_what_is_wanted_then_and_private_streams_signed_afresh() -> None:
    async def main() -> None:
        network = Network()
        async with streams_on(network) as streams:
            kept = streams.subscribe("depth.A", "account.orderUpdate")
            given_up = streams.subscribe("trade.A", "ticker.A")
            await given_up.sent()
            network.is_down = True
            network.links[0].say(RESTART)
            await seconds(100)
            await given_up.close()
            added = streams.subscribe("trade.B")
            network.is_down = False
            second = await network.link(2)
            await added.sent()
            assert served(second) == {"depth.A", "account.orderUpdate", "trade.B"}
            stamps = [json.loads(text)["signature"][2] for link in network.links for text in link.sent if "signature" in text]
            assert int(stamps[1]) - int(stamps[0]) >= 100_000
            assert kept.interruptions == 1
            assert added.interruptions == 0

    run(main())


def test_attempts_go_on_for_ever_at_most_thirty_seconds_apart() -> None:
    async def main() -> None:
        network = Network()
        async with streams_on(network) as streams:
            subscription = streams.subscribe("depth.A")
            await subscription.sent()
            network.is_down = True
            network.links[0].say(RESTART)
            await seconds(24 * 3_600)
            assert streams.health().state in (ConnectionState.WAITING, ConnectionState.CONNECTING)
            assert 24 * 120 <= len(network.attempts_us) <= 24 * 240 + 20
            assert max(network.waits_s) <= 30
            network.is_down = False
            await seconds(31)
            assert served(network.links[1]) == {"depth.A"}
            assert streams.health().state is ConnectionState.OPEN

    run(main())


def test_an_untrusted_certificate_is_raised_by_every_reader_and_tried_no_more(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        network = Network([None, OSError("down"), UntrustedServer("a stranger")])
        async with streams_on(network) as streams:
            readers = [streams.subscribe("depth.A"), streams.subscribe("trade.A")]
            network.links[0].say(RESTART)
            for reader in readers:
                with pytest.raises(UntrustedServer, match="a stranger"):
                    await anext(reader)
            with pytest.raises(UntrustedServer):
                streams.subscribe("depth.B")
            await seconds(3_600)
            assert len(network.attempts_us) == 3
            assert streams.health().state is ConnectionState.CLOSED

    run(main())
    assert [record.levelno for record in caplog.records if "stranger" in record.message].count(logging.ERROR) == 1


def test_a_bound_on_attempts_ends_every_reader() -> None:
    async def main() -> None:
        network = Network([None, OSError("down"), OSError("still down")])
        async with streams_on(network, backoff=Backoff(attempts_max=2)) as streams:
            subscription = streams.subscribe("depth.A")
            network.links[0].say(RESTART)
            with pytest.raises(StreamClosed, match="still down"):
                await anext(subscription)

    run(main())


def test_interruptions_come_in_their_place_if_they_are_wanted() -> None:
    async def main() -> None:
        network = Network()
        async with streams_on(network) as streams:
            marked = streams.subscribe("depth.A", "depth.B", interruptions=True)
            await marked.sent()
            plain = streams.subscribe("depth.A")
            await seconds(5)
            network.links[0].say(frame("depth.A", 1), RESTART)
            second = await network.link(2)
            await second.requests(1)
            second.say(frame("depth.A", 2))
            items = [await anext(marked) for _ in range(4)]
            assert [type(item) for item in items] == [Message, Interrupted, Interrupted, Message]
            lost, again = items[1:3]
            assert isinstance(lost, Interrupted)
            assert isinstance(again, Interrupted)
            assert lost.streams == again.streams == ("depth.A", "depth.B")
            assert lost.from_us == again.from_us == WALL_US + 1_005 * S
            assert lost.to_us is None
            assert "restart" in lost.reason
            assert again.to_us is not None
            assert lost.from_us + S // 8 <= again.to_us <= lost.from_us + S // 4
            assert [type(await anext(plain)) for _ in range(2)] == [Message, Message]

    run(main())


@pytest.mark.parametrize("phase", ["connecting", "waiting", "open", "opening"])
def test_close_is_final_and_quick_in_every_phase(phase: str) -> None:
    class Hanging(Network):
        async def __call__(self, url: str) -> FrameSocket:
            if phase == "opening" or (phase == "connecting" and self.links):
                await asyncio.Event().wait()
            return await super().__call__(url)

    async def main() -> None:
        before = asyncio.all_tasks()
        network = Hanging()
        streams = streams_on(network)
        opening = asyncio.create_task(streams.__aenter__())
        await seconds(1)
        reading: list[asyncio.Task[list[str]]] = []
        if phase != "opening":
            reading.append(asyncio.create_task(all_of(streams.subscribe("depth.A"))))
            network.is_down = phase == "waiting"
            if phase != "open":
                network.links[0].say(RESTART)
            await seconds(3)
            assert streams.health().state == phase
        begun_s = asyncio.get_running_loop().time()
        await streams.aclose()
        await streams.aclose()
        if phase == "opening":
            with pytest.raises(StreamClosed):
                await opening
        assert [await each for each in reading] in ([], [[]])
        assert asyncio.get_running_loop().time() - begun_s < 2
        assert streams.health().state is ConnectionState.CLOSED
        with pytest.raises(StreamClosed):
            streams.subscribe("depth.A")
        attempts = len(network.attempts_us)
        await seconds(1_000)
        assert len(network.attempts_us) == attempts
        assert network.all_closed
        assert asyncio.all_tasks() == before

    run(main())


def test_a_half_open_connection_is_left_and_made_again_within_ten_seconds() -> None:
    async def main() -> None:
        network = Network(make=lambda: Link(answers_pings=False))
        async with streams_on(network) as streams:
            streams.subscribe("account.orderUpdate")
            await network.link(2)
            assert network.waits_s[0] < 10

    run(main())


# Silence


def test_a_steady_stream_that_stops_is_flagged_asked_for_again_and_then_the_connection_is_made_anew() -> None:
    async def main() -> None:
        network = Network()
        async with streams_on(network) as streams:
            marked = streams.subscribe("ticker.A", interruptions=True)
            other = streams.subscribe("trade.B")
            await other.sent()
            link = network.links[0]
            link.say(frame("ticker.A"))
            await anext(marked)
            await ticking(link, "trade.B", for_s=7)
            assert streams.health().stale == ("ticker.A",)
            asked = [json.loads(text) for text in link.sent]
            assert asked[-2:] == [{"method": verb, "params": ["ticker.A"]} for verb in ("UNSUBSCRIBE", "SUBSCRIBE")]
            assert other.interruptions == 0
            assert [type(await anext(marked)) for _ in range(2)] == [Interrupted, Interrupted]
            await ticking(link, "trade.B", for_s=6)
            assert served(await network.link(2)) == {"ticker.A", "trade.B"}
            assert other.interruptions == 1
            assert "ticker.A" in (streams.health().last_error or "")

    run(main())


def test_a_stream_that_speaks_again_is_stale_no_longer() -> None:
    async def main() -> None:
        network = Network()
        async with streams_on(network) as streams:
            streams.subscribe("ticker.A")
            await seconds(8)
            assert streams.health().stale == ("ticker.A",)
            network.links[0].say(frame("ticker.A"))
            await seconds(1)
            assert streams.health().stale == ()

    run(main())


def test_a_stream_that_never_brought_anything_does_not_cost_the_connection() -> None:
    async def main() -> None:
        network = Network()
        async with streams_on(network) as streams:
            streams.subscribe("ticker.DELISTED")
            for _ in range(100):
                await seconds(60)
            assert len(network.links) == 1
            assert streams.health().stale == ("ticker.DELISTED",)
            assert len(network.links[0].sent) == 3

    run(main())


def test_a_stream_that_is_silent_on_every_connection_costs_one_of_them() -> None:
    async def main() -> None:
        network = Network()
        async with streams_on(network) as streams:
            streams.subscribe("ticker.A", "ticker.B")
            await network.links[0].requests(1)
            network.links[0].say(frame("ticker.A"))
            number = 0
            for _ in range(200):
                network.links[-1].say(frame("ticker.B", number := number + 1))
                await seconds(1)
            assert len(network.links) == 2
            assert streams.health().stale == ("ticker.A",)

    run(main())


def test_a_connection_that_is_mute_though_it_answers_pings_is_left_again_and_again_ever_more_slowly() -> None:
    async def main() -> None:
        network = Network()
        async with streams_on(network) as streams:
            streams.subscribe("ticker.A")
            await network.links[0].requests(1)
            network.links[0].say(frame("ticker.A"))
            await seconds(3_600)
            assert 80 < len(network.links) < 200
            assert network.waits_s[-1] > 20

    run(main())


def test_a_market_in_which_nothing_happens_is_flagged_and_costs_one_request() -> None:
    async def main() -> None:
        network = Network()
        async with streams_on(network) as streams:
            subscription = streams.subscribe("trade.A", "account.orderUpdate")
            for _ in range(10):
                await seconds(1)
            assert streams.health().stale == ("trade.A",)
            await seconds(10_000)
            assert len(network.links) == 1
            assert [json.loads(text)["params"] for text in network.links[0].sent][2:] == [["trade.A"]]
            assert subscription.interruptions == 0

    run(main())


def test_a_quiet_market_is_told_from_a_dead_stream_by_asking() -> None:
    async def main() -> None:
        network, asked = Network(), list[str]()
        verdicts = {"trade.QUIET": Verdict.QUIET, "trade.DEAD": Verdict.DEAD}
        async with streams_on(network, ask=verdicts, asked=asked) as streams:
            streams.subscribe("trade.QUIET", "trade.DEAD")
            await seconds(12)
            health = streams.health().streams
            assert (health["trade.QUIET"].is_quiet, health["trade.QUIET"].is_stale) == (True, False)
            assert (health["trade.DEAD"].is_quiet, health["trade.DEAD"].is_stale) == (False, True)
            assert sorted(asked) == ["trade.DEAD", "trade.QUIET"]
            requests = [json.loads(text) for text in network.links[0].sent]
            assert requests[1:] == [{"method": verb, "params": ["trade.DEAD"]} for verb in ("UNSUBSCRIBE", "SUBSCRIBE")]

    run(main())


def test_a_question_that_fails_ends_nothing() -> None:
    async def main() -> None:
        network = Network()
        async with streams_on(network, ask={}) as streams:
            subscription = streams.subscribe("trade.A")
            await seconds(20)
            network.links[0].say(frame("trade.A"))
            assert (await anext(subscription)).stream == "trade.A"
            assert len(network.links) == 1

    run(main())


# Many streams


def test_sent_waits_for_every_stream_also_for_those_that_are_asked_for_in_turn() -> None:
    async def main() -> None:
        network = Network()
        async with streams_on(network) as streams:
            await streams.subscribe("novelty.A", "depth.A", "oddity.A").sent()
            assert served(network.links[0]) == {"novelty.A", "depth.A", "oddity.A"}

    run(main())


def test_thousands_of_streams_share_one_connection_and_come_back_in_frames_of_a_known_size() -> None:
    async def main() -> None:
        network = Network()
        names = [f"trade.M{number}" for number in range(3_000)]
        async with streams_on(network) as streams:
            subscriptions = [streams.subscribe(name) for name in names]
            await subscriptions[-1].sent()
            network.links[0].say(RESTART)
            second = await network.link(2)
            await seconds(1)
            assert served(second) == set(names)
            assert len(network.links) == 2
            assert max(len(json.loads(text)["params"]) for text in second.sent) <= 91

    run(main())


async def session_of_a_user(network: Network) -> None:
    at_once = Backoff(first_s=0.000_000_1)
    async with streams_on(network, backoff=at_once) as streams:
        marked = streams.subscribe("depth.A", "account.orderUpdate", interruptions=True)
        streams.on("trade.A", lambda message: None)
        await marked.sent()
        network.links[0].say(frame("depth.A", 1), frame("trade.A"), RESTART)
        await anext(marked)
        second = await network.link(2)
        await second.requests(2)
        second.say(frame("depth.A", 2))
        for _ in range(3):
            await anext(marked)


def test_cancelling_at_any_moment_of_a_reconnect_leaves_no_task_and_no_connection() -> None:
    async def cancelled_after(network: Network, steps: int) -> bool:
        before = asyncio.all_tasks()
        task = asyncio.create_task(session_of_a_user(network))
        for _ in range(steps):
            await asyncio.sleep(0)
        was_running = not task.done()
        task.cancel()
        await asyncio.wait([task])
        assert asyncio.all_tasks() == before, f"after {steps} steps"
        assert network.all_closed, f"after {steps} steps"
        return was_running

    async def main() -> None:
        reconnected = 0
        for steps in range(1_000):
            network = Network()
            if not await cancelled_after(network, steps):
                break
            reconnected += len(network.links) > 1
        assert 10 < reconnected < 900

    run(main())

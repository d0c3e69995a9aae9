"""What an account view lives through: refusals, floods, odd frames, full disks, and being given up anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from account.said import balance_frame, fill_frame
from client.account_world import all_that_comes, exchange_of, inline, next_fills, trade, view_of, within
from haversack.account.aio import AsyncAccount
from haversack.account.changes import Reconciled
from haversack.account.tending import MISSED_PAUSE_US
from haversack.client.aio import AsyncClient
from haversack.credentials import Credentials
from haversack.errors import ConnectFailed, StreamClosed, SubscriptionRefused, Unauthorized
from haversack.exchange.faults import AnswerAction, AnswerFault
from haversack.rest.http import HttpRequest, HttpResponse
from haversack.streams.mailbox import QUEUE_BYTES_MAX
from haversack.streams.transport import Closed
from haversack.wire.frames import Message, write_frame
from streams.link import Link, refusal
from streams.network import Network, served
from streams.virtual import run, seconds

T = TypeVar("T")
KEYS = Credentials.generate()
STREAMS = {"account.orderUpdate", "account.balanceUpdate", "account.positionUpdate"}
NO_NUMBER = write_frame("account.orderUpdate", fill_frame(5, "0.25", "0.5")).decode().replace("0.25", "NaN")
UNKNOWN = '{"data": {"e": "somethingNew"}, "stream": "account.orderUpdate"}'


def by(network: Network, client: AsyncClient) -> AsyncClient:
    """The client, with its streams in the hands of the test."""
    client._connect = network  # pyright: ignore[reportPrivateUsage]
    return client


def ours() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("haversack")]


async def readings_in(account: AsyncAccount, count_s: float) -> int:
    """How many readings end within that time."""
    events, count = account.events(), 0
    try:
        async with asyncio.timeout(count_s):
            while True:
                count += isinstance(await anext(events), Reconciled)
    except TimeoutError:
        return count


def test_a_refused_signature_is_loud_while_it_is_opened() -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client:
            network = Network(make=lambda: Refusing(9))
            exchange.faults.add(AnswerFault(action=AnswerAction.DELAY, operation="GetFillHistory", delay_s=5))
            with pytest.raises(SubscriptionRefused):
                _ = await view_of(by(network, client))
            assert network.all_closed
            assert ours() == []

    run(main())


def test_opening_has_a_limit_if_it_is_given_one() -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client:
            exchange.faults.add(AnswerFault(action=AnswerAction.DELAY, operation="GetFillHistory", delay_s=5))
            with pytest.raises(TimeoutError, match="could not be read within 3 s"):
                _ = await client.account_view(timeout_s=3)
            assert ours() == []
            async with client.account_view(timeout_s=30) as account:
                await seconds(40)
                assert account.is_synced

    run(main())


class Refusing(Link):
    """Refuses the first requests for the account's streams, after a while."""

    def __init__(self, count: int, *, wait_s: float = 0) -> None:
        super().__init__()
        self.count = count
        self.wait_s = wait_s

    @property
    def asked(self) -> int:
        return len([text for text in self.sent if '"SUBSCRIBE"' in text])

    async def send(self, text: str) -> None:
        await super().send(text)
        if '"SUBSCRIBE"' in text and self.count:
            self.count -= 1
            asyncio.get_running_loop().call_later(self.wait_s, self.say, refusal(4003, "Invalid signature"))


def test_a_refusal_later_is_raised_to_those_who_wait_while_rest_is_read_and_streams_are_asked_for_again() -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client, exchange.client() as other:
            network = Network()
            async with view_of(by(network, client)) as account:
                first = network.links[0]
                first.say(Closed(1012, "restart"))
                network._make = lambda: Refusing(3)  # pyright: ignore[reportPrivateUsage]
                await network.link(2)
                await seconds(1)
                assert not account.is_synced
                with pytest.raises(SubscriptionRefused):
                    await account.synced()
                assert any("refused" in text for text in account.health().trouble)
                await trade(client, other)
                [filled] = await next_fills(account.fills(), 1)
                assert filled.fill.recovered
                await seconds(200)
                assert account.health().is_synced
                await account.synced()
                assert account.health().refusal is None
                assert [link.asked for link in network.links if isinstance(link, Refusing)] == [4]

    run(main())


def test_streams_are_asked_for_again_half_a_minute_later_and_silence_is_not_taken_for_consent_at_once() -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client:
            link = Refusing(3, wait_s=2)
            async with view_of(by(Network(make=lambda: link), client)) as account:
                await seconds(5)
                asked: list[int] = []
                for _ in range(60):
                    assert not account.health().is_synced
                    asked.append(link.asked)
                    await seconds(1)
                assert asked[:25] + asked[35:] == [2] * 25 + [3] * 25
                await seconds(15)
                assert link.asked == 4
                assert account.is_synced

    run(main())


def test_a_lost_connection_is_not_taken_for_another_refusal() -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client:
            network = Network(make=lambda: Refusing(2, wait_s=2))
            async with view_of(by(network, client)) as account:
                await seconds(5)
                assert account.health().refusal is not None
                network._make = Link  # pyright: ignore[reportPrivateUsage]
                await seconds(29)
                network.links[0].say(Closed(1012, "restart"))
                await network.link(2)
                await seconds(6)
                assert account.health().refusal is None
                assert account.is_synced

    run(main())


def test_streams_that_somebody_else_reads_too_are_asked_for_again_after_a_refusal() -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client:
            link = Refusing(99, wait_s=2)
            async with by(Network(make=lambda: link), client).streams() as streams:
                other = streams.subscribe("account.orderUpdate")
                async with view_of(client, streams=streams) as account:
                    await seconds(80)
                    assert not account.is_synced
                    assert [text.count("account.orderUpdate") for text in link.sent if '"SUBSCRIBE"' in text][-2:] == [1, 1]
                    link.count = 0
                    await seconds(40)
                    assert account.health().is_synced
                    assert served(link) == STREAMS
                await other.close()

    run(main())


def test_fills_between_a_refused_signature_and_the_next_come_as_soon_as_it_is_accepted() -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client, exchange.client() as other:
            link = Refusing(1, wait_s=2)
            async with view_of(by(Network(make=lambda: link), client)) as account:
                fills = account.fills()
                await trade(client, other)
                [filled] = await within(next_fills(fills, 1), 4)
                assert filled.fill.recovered
                assert account.health().refusal is None
                assert link.asked == 2

    run(main())


def test_a_flood_loses_nothing_in_silence() -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client, exchange.client() as other:
            network = Network()
            async with by(network, client).streams() as streams, view_of(client, streams=streams) as account:
                await seconds(30)
                fills = account.fills()
                await trade(client, other)
                [reader] = streams._routes.all()  # pyright: ignore[reportPrivateUsage]
                for _ in range(2):
                    reader.offer(Message("account.balanceUpdate", balance_frame("1")), QUEUE_BYTES_MAX)
                assert reader not in streams._routes.all(), "it was not too much"  # pyright: ignore[reportPrivateUsage]
                [filled] = await within(next_fills(fills, 1), 2)
                assert filled.fill.recovered
                await seconds(5)
                assert account.is_synced
                assert served(network.links[0]) == STREAMS

    run(main())


@pytest.mark.parametrize("odd", ["garbage", UNKNOWN, NO_NUMBER])
def test_a_frame_that_is_not_understood_makes_everything_be_read_anew(odd: str) -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client, exchange.client() as other:
            network = Network()
            async with view_of(by(network, client)) as account:
                await seconds(30)
                fills = account.fills()
                await trade(client, other)
                network.links[0].say(odd)
                [filled] = await within(next_fills(fills, 1), 2)
                assert filled.fill.recovered

    run(main())


def test_many_odd_frames_make_no_flood_of_readings() -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client:
            network = Network()
            async with view_of(by(network, client)) as account:
                await seconds(30)
                reading = asyncio.create_task(readings_in(account, 60))
                for _ in range(600):
                    network.links[0].say(UNKNOWN)
                    await seconds(0.1)
                assert 60_000_000 // MISSED_PAUSE_US <= await reading <= 2 * 60_000_000 // MISSED_PAUSE_US

    run(main())


def test_a_reading_that_began_before_the_connection_was_lost_makes_no_view_synced() -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client:
            network = Network()
            async with view_of(by(network, client)) as account:
                network.is_down = True
                network.links[0].say(Closed(1012, "restart"))
                await seconds(100)
                assert not account.is_synced
                assert "not synced" in account.health().trouble
                network.is_down = False
                await within(account.synced())

    run(main())


def test_opening_waits_for_what_passes_and_raises_what_does_not() -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client:
            exchange.faults.add(AnswerFault(action=AnswerAction.UNAVAILABLE, operation="GetOpenOrders", times=8))
            async with view_of(client) as account:
                assert account.is_synced
            network = Network([OSError("nobody is there")])
            with pytest.raises(ConnectFailed):
                _ = await view_of(by(network, client))

            async def refuses(_request: HttpRequest, /) -> HttpResponse:
                return HttpResponse(401, {}, b'{"code":"UNAUTHORIZED","message":"no such key"}')

            stranger = AsyncClient(KEYS, http=refuses, connect=Network(), clock=client.clock)
            with pytest.raises(Unauthorized):
                _ = await view_of(stranger)
            assert ours() == []

    run(main())


def test_streams_that_end_for_good_end_the_view_loudly() -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client:
            streams = client.streams()
            async with streams:
                account = await view_of(client, streams=streams)
                events = account.events()
            with pytest.raises(StreamClosed):
                await within(all_that_comes(events))
            with pytest.raises(StreamClosed):
                await account.synced()
            assert isinstance(account.health().ending, StreamClosed)
            await account.close()

    run(main())


def test_fills_are_on_disk_before_they_are_told_and_wait_for_a_disk_that_is_full(tmp_path: Path) -> None:
    is_full = False

    async def aside(work: Callable[[], T]) -> T:
        if is_full:
            raise OSError("no space left")
        return await inline(work)

    async def main() -> None:
        nonlocal is_full
        async with exchange_of() as exchange, exchange.client() as client, exchange.client() as other:
            account = AsyncAccount(client.account_view()._wiring, tmp_path / "fills", aside=aside)  # pyright: ignore[reportPrivateUsage]
            async with account:
                fills = account.fills()
                is_full = True
                await trade(client, other)
                assert await all_that_comes(fills, 10) == []
                assert isinstance(account.health().write_error, OSError)
                is_full = False
                [filled] = await next_fills(fills, 1)
                assert filled.fill.order_id.encode() in (tmp_path / "fills").read_bytes()
                assert account.health().write_error is None

    run(main())


def test_closing_takes_two_seconds_at_most_whatever_the_other_end_does() -> None:
    class Deaf(Link):
        async def close(self) -> None:
            await super().close()
            await asyncio.Event().wait()

    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client:
            account = await view_of(by(Network(make=Deaf), client))
            waiting = asyncio.create_task(all_that_comes(account.events(), 1_000))
            exchange.faults.add(AnswerFault(action=AnswerAction.DELAY, delay_s=1_000, times=100))
            await seconds(70)
            async with asyncio.timeout(2):
                await asyncio.gather(account.close(), account.close())
            await waiting
            assert ours() == []

    run(main())


async def life(client: AsyncClient, other: AsyncClient, path: Path) -> None:
    """An account from its opening to its end, with a fill."""
    async with view_of(client, path) as account:
        fills = account.fills()
        await trade(client, other)
        await within(anext(fills), 30)


@pytest.mark.parametrize("first", range(4))
def test_one_that_is_given_up_anywhere_leaves_nothing_behind(first: int, tmp_path: Path) -> None:
    async def cut(number: int, path: Path) -> bool:
        async with exchange_of() as exchange, exchange.client(KEYS) as client, exchange.client() as other:
            task = asyncio.create_task(life(client, other, path))
            for _ in range(number):
                await asyncio.sleep(0)
            was_over = task.done()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled() or task.exception() is None
            for _ in range(4):
                await asyncio.sleep(0)
            assert ours() == []
            assert client._witnesses == []  # pyright: ignore[reportPrivateUsage]
            assert exchange.venue.hub.wanted("account.orderUpdate", None) is False
            async with view_of(client, path) as again:
                assert again.is_synced
            return not was_over

    async def main() -> None:
        number = first
        while await cut(number, tmp_path / str(number)):
            number += 4
        assert number > 30

    run(main())

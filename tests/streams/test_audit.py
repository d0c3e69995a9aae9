"""Quiet markets and dead streams, told apart by asking the local exchange."""

import pytest

from haversack.book.texts import DepthFrame, read_depth
from haversack.clock import ManualClock
from haversack.credentials import Credentials
from haversack.local import LocalExchange
from haversack.streams.audit import asking
from haversack.streams.freshness import Suspect, Verdict
from haversack.wire.frames import Message
from haversack.wire.markets import Depth
from streams.link import frame

S = 1_000_000
KINDS = ["depth", "depth.200ms", "trade", "bookTicker"]


def suspect(stream: str, last: Message | DepthFrame | None = None) -> Suspect:
    return Suspect(stream, 9 * S, is_steady=False, last=last)


async def last_words(kind: str, *, dies: bool) -> Verdict:
    """What is found out of a stream that heard of one trade, and of another if it lives."""
    clock = ManualClock()
    async with LocalExchange(seed=7, crowd=False, clock=clock) as exchange, exchange.client() as client:
        other = exchange.client(Credentials.generate())
        stream = f"{kind}.SOL_USDC"
        async with client.streams() as streams, other:
            subscription = streams.subscribe(stream)
            await subscription.sent()

            async def trade() -> None:
                await client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Limit", quantity="2", price="90")
                await other.orders.place(symbol="SOL_USDC", side="Ask", order_type="Limit", quantity="1", price="90")
                await exchange.advance(s=1)

            await trade()
            last = await anext(subscription)
            while subscription.waiting:
                last = await anext(subscription)
            if dies:
                await trade()
            return await asking(client.send)(suspect(stream, last))


@pytest.mark.parametrize("kind", KINDS)
async def test_a_stream_of_a_quiet_market_is_not_called_dead(kind: str) -> None:
    assert await last_words(kind, dies=False) is Verdict.QUIET


@pytest.mark.parametrize("kind", KINDS)
async def test_a_stream_that_missed_something_is_called_dead(kind: str) -> None:
    assert await last_words(kind, dies=True) is Verdict.DEAD


async def test_without_a_word_of_the_stream_two_answers_are_compared() -> None:
    ids = iter(["7", "7", "8", "6"])

    async def send(question: object) -> Depth:
        return Depth(asks=[], bids=[], last_update_id=next(ids), timestamp_us=0)

    ask = asking(send)
    verdicts = [await ask(suspect("depth.A")) for _ in range(4)]
    assert verdicts == [Verdict.UNKNOWN, Verdict.QUIET, Verdict.DEAD, Verdict.QUIET]


@pytest.mark.parametrize(("answer", "verdict"), [("7", Verdict.QUIET), ("8", Verdict.DEAD)])
async def test_a_message_that_only_books_read_tells_how_far_its_stream_had_come(answer: str, verdict: Verdict) -> None:
    async def send(question: object) -> Depth:
        return Depth(asks=[], bids=[], last_update_id=answer, timestamp_us=0)

    last = read_depth(frame("depth.SOL_USDC", 7))
    assert last is not None
    assert await asking(send)(suspect("depth.SOL_USDC", last)) is verdict


async def test_of_other_streams_nothing_is_asked() -> None:
    async def send(question: object) -> object:
        raise AssertionError(question)

    assert await asking(send)(suspect("externalTicker.A")) is Verdict.UNKNOWN

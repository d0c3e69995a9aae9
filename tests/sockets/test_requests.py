"""Requests on a bad network, by both transports: late, replayed, in pieces, spoilt. No order is booked twice or told wrongly."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from haversack.clock import ManualClock, seeded_random
from haversack.errors import ConnectFailed, HaversackError, OutcomeUnknown
from haversack.rest.outcome import Outcome
from sockets.cuts import fate, place
from sockets.faults import Blackhole, Corrupts, Delays, Holds, How, InTurn, Replayed, Slices, Throttles
from sockets.stage import Caller, Stage, stage


@pytest.fixture
async def setting() -> AsyncIterator[Stage]:
    async with stage(ManualClock()) as made:
        yield made


@pytest.fixture(params=["blocking", "async"])
async def caller(setting: Stage, request: pytest.FixtureRequest) -> AsyncIterator[Caller]:
    """A client that waits a moment for an answer, and longer than a busy machine needs for one."""
    made = setting.caller(is_blocking=request.param == "blocking", timeout_s=1.5)
    yield made
    await made.close()


async def given_up(caller: Caller, client_id: int) -> OutcomeUnknown:
    with pytest.raises(OutcomeUnknown) as caught:
        await place(caller, client_id)
    return caught.value


async def told_of(caller: Caller, client_id: int) -> Outcome:
    """What the client says of an order in the end."""
    try:
        await place(caller, client_id)
    except OutcomeUnknown as unknown:
        return await fate(caller, unknown)
    return Outcome.DONE


async def test_an_order_that_arrives_after_it_was_given_up_is_found(setting: Stage, caller: Caller) -> None:
    setting.proxy.to_server = hold = Holds()
    unknown = await given_up(caller, 7)
    setting.proxy.heal()
    assert await setting.orders(7) == 0
    hold.released.set()
    assert await fate(caller, unknown) is Outcome.DONE
    assert await setting.orders(7) == 1


async def test_an_order_that_was_said_not_to_exist_is_refused_when_it_arrives_later_still(setting: Stage, caller: Caller) -> None:
    setting.proxy.to_server = hold = Holds()
    unknown = await given_up(caller, 7)
    setting.proxy.heal()
    assert await fate(caller, unknown) is Outcome.NOT_DONE
    held = setting.proxy.lines[0]
    hold.released.set()
    # Its client is gone: a server that notices so before it answers ends the connection without a word.
    await setting.proxy.until(lambda: b"Request has expired" in held.to_client.received or held.to_client.is_ended)
    assert not held.to_client.received or b"Request has expired" in held.to_client.received
    assert await setting.orders(7) == 0


async def test_an_order_whose_answer_vanishes_is_given_up_in_time_and_found(setting: Stage, caller: Caller) -> None:
    setting.proxy.to_client = Blackhole()
    unknown = await given_up(caller, 7)
    setting.proxy.heal()
    assert await fate(caller, unknown) is Outcome.DONE


async def test_an_order_that_the_network_delivers_twice_is_booked_once(setting: Stage, caller: Caller) -> None:
    setting.proxy.to_server = again = Replayed(setting.proxy.server_port)
    assert (await place(caller, 7)).client_id == 7
    await setting.proxy.until(lambda: bool(again.answers))
    assert again.answers[0].startswith(b"HTTP/1.1 4")
    assert await setting.orders(7) == 1


@pytest.mark.parametrize("how", [How.CLOSE, How.RESET])
async def test_an_order_on_a_connection_that_ended_while_it_was_idle_is_sent_once(
    setting: Stage, caller: Caller, how: How
) -> None:
    await caller(lambda client: client.system.ping())
    line = setting.proxy.lines[0]
    line.reset() if how is How.RESET else line.close()
    await setting.proxy.idle()
    told = await told_of(caller, 7)
    assert told is (Outcome.DONE if await setting.orders(7) else Outcome.NOT_DONE)
    assert await setting.orders(7) <= 1
    assert sum(bytes(each.to_server.received).count(b"POST ") for each in setting.proxy.lines) <= 1


async def test_a_network_that_is_slow_and_gives_small_pieces_costs_nothing_but_time(setting: Stage, caller: Caller) -> None:
    dice = seeded_random(5)
    setting.proxy.to_server = setting.proxy.to_client = InTurn(dice, Slices(dice), Delays(dice), Throttles(50_000))
    for client_id in range(5):
        assert (await place(caller, client_id)).client_id == client_id
        await caller(lambda client: client.markets.depth("SOL_USDC"))
    assert [await setting.orders(client_id) for client_id in range(5)] == [1] * 5


async def spoilt(setting: Stage, caller: Caller, client_id: int) -> type[HaversackError] | None:
    try:
        await place(caller, client_id)
    except HaversackError as error:
        return type(error)
    finally:
        setting.proxy.heal()
    return None


@pytest.mark.parametrize("is_blocking", [True, False], ids=["blocking", "async"])
@pytest.mark.parametrize("direction", ["to_server", "to_client"])
async def test_spoilt_bytes_raise_only_our_errors_and_book_nothing_twice(
    setting: Stage, is_blocking: bool, direction: str
) -> None:
    dice = seeded_random(len(direction))
    seen: set[type[HaversackError] | None] = set()
    for client_id in range(40):
        # A length that was spoilt is waited for, so that patience is short here.
        caller = setting.caller(is_blocking=is_blocking, timeout_s=0.05)
        setattr(setting.proxy, direction, Corrupts(dice, one_in=dice.choice([20, 200, 600])))
        seen.add(await spoilt(setting, caller, client_id))
        await caller.close()
        assert await setting.orders(client_id) <= 1
    assert OutcomeUnknown in seen


async def test_whoever_is_not_let_in_has_sent_nothing(setting: Stage, caller: Caller) -> None:
    setting.proxy.refuses = True
    with pytest.raises((ConnectFailed, OutcomeUnknown)) as caught:
        await place(caller, 7)
    setting.proxy.heal()
    if isinstance(caught.value, OutcomeUnknown):
        assert await fate(caller, caught.value) is Outcome.NOT_DONE
    assert await setting.orders(7) == 0

"""How an exchange's time passes: as fast as it is told, by hand, and never backwards."""

from __future__ import annotations

import asyncio

import pytest

from exchange.stranger import Stranger, open_desk, said
from haversack.clock import ManualClock, PacedClock, SystemClock
from haversack.errors import UsageError
from haversack.exchange.faults import Condition, ConditionKind
from haversack.exchange.journal import GroupCommitter, MemoryJournal
from haversack.exchange.listing import Listing
from haversack.exchange.pulse import Pulse
from haversack.exchange.venue import Settings, Venue
from streams import virtual


def test_a_paced_clock_follows_its_source_and_its_corrections() -> None:
    source = ManualClock()
    clock = PacedClock(source)
    source.set_now_us(source.now_us() - 5_000_000)
    assert (clock.now_us(), clock.is_apart) == (source.now_us(), False)
    source.advance(s=1)
    assert (clock.now_us(), clock.monotonic_us()) == (source.now_us(), source.monotonic_us())


def test_a_paced_clock_runs_as_many_times_as_fast() -> None:
    source = ManualClock()
    clock = PacedClock(source, speed=60)
    start_us = clock.now_us()
    source.advance(s=2)
    assert (clock.now_us() - start_us, clock.monotonic_us()) == (120_000_000, 120_000_000)
    clock.speed = 0
    source.advance(s=2)
    assert clock.now_us() - start_us == 120_000_000
    clock.advance(s=5)
    clock.speed = 1
    source.advance(s=3)
    assert (clock.now_us() - start_us, clock.monotonic_us()) == (128_000_000, 128_000_000)
    assert clock.is_apart


def test_a_paced_clock_is_moved_forward_and_goes_on_from_there() -> None:
    source = ManualClock()
    clock = PacedClock(source)
    clock.advance(s=3_600)
    source.advance(s=1)
    assert (clock.now_us() - source.now_us(), clock.monotonic_us()) == (3_600_000_000, 3_601_000_000)
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(s=-1)
    with pytest.raises(ValueError, match="only goes forward"):
        clock.speed = -1


def test_a_paced_clock_on_the_machines_time_is_not_apart_until_it_is_moved() -> None:
    clock = PacedClock()
    clock.speed = 1
    assert not clock.is_apart
    clock.advance(s=1)
    assert clock.is_apart


def venue_on(clock: PacedClock | ManualClock | SystemClock) -> Venue:
    journal = MemoryJournal()
    venue = Venue(Listing.load(), clock, GroupCommitter(journal), settings=Settings(has_crowd=False))
    venue.start(journal)
    return venue


def test_sixty_seconds_pass_in_one() -> None:
    async def main() -> int:
        clock = PacedClock(virtual.LoopClock(), speed=60)
        pulse = Pulse(venue_on(clock))
        ticks: list[int] = []
        tick, start_us = pulse.venue.tick, clock.now_us()

        def counted(now_us: int) -> int:
            ticks.append(now_us - start_us)
            return tick(now_us)

        pulse.venue.tick = counted  # type: ignore[method-assign]
        beat = asyncio.create_task(pulse.beat())
        await virtual.seconds(1)
        beat.cancel()
        assert ticks[-1] > 59_000_000
        return len(ticks)

    # Five times in a second the depth windows are due, and more often some other stream.
    assert 300 <= virtual.run(main()) <= 1_000


def test_time_that_stands_still_goes_on_when_it_is_told() -> None:
    async def main() -> None:
        clock = PacedClock(virtual.LoopClock(), speed=0)
        pulse = Pulse(venue_on(clock))
        start_us = clock.now_us()
        beat = asyncio.create_task(pulse.beat())
        await virtual.seconds(100)
        assert clock.now_us() == start_us
        await pulse.advance(5_000_000)
        assert clock.now_us() == start_us + 5_000_000
        pulse.set_speed(2)
        await virtual.seconds(1)
        assert clock.now_us() == start_us + 7_000_000
        beat.cancel()

    virtual.run(main())


def test_a_wait_takes_the_exchanges_time_and_one_on_a_stopped_clock_the_machines() -> None:
    async def main() -> None:
        source = virtual.LoopClock()
        pulse = Pulse(venue_on(PacedClock(source, speed=10)))
        before_us = source.monotonic_us()
        await pulse.sleep(5)
        assert source.monotonic_us() - before_us == 500_000
        pulse.set_speed(0)
        await pulse.sleep(5)
        assert source.monotonic_us() - before_us == 5_500_000

    virtual.run(main())


async def test_a_wait_on_a_clock_that_only_a_test_moves_moves_it() -> None:
    clock = ManualClock()
    before_us = clock.now_us()
    await Pulse(venue_on(clock)).sleep(1.5)
    assert clock.now_us() - before_us == 1_500_000


async def test_what_cannot_be_done_to_a_clock_is_said() -> None:
    pulse = Pulse(venue_on(SystemClock()))
    with pytest.raises(UsageError, match="machine's clock"):
        await pulse.advance(1)
    with pytest.raises(UsageError, match="PacedClock"):
        pulse.set_speed(2)
    paced = Pulse(venue_on(PacedClock()))
    with pytest.raises(UsageError, match="0 to 10000"):
        paced.set_speed(10_001)
    with pytest.raises(UsageError, match="only goes forward"):
        await paced.advance(-1)


async def test_a_signature_of_either_time_is_good_while_they_run_apart_and_is_good_once() -> None:
    async with open_desk() as desk:
        paced = PacedClock(desk.clock)
        desk.venue.clock = paced
        somebody = Stranger(desk)
        paced.advance(s=3_600)
        order = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "100", "quantity": "1"}
        headers = somebody.headers("orderExecute", order) | {"Content-Type": "application/json"}
        body = b'{"symbol":"SOL_USDC","side":"Bid","orderType":"Limit","price":"100","quantity":"1"}'
        assert (await desk.request("POST", "/api/v1/order", headers, body)).status == 200
        again = await desk.request("POST", "/api/v1/order", headers, body)
        assert said(again)[2].startswith("Duplicate request")
        assert (await somebody.place()).status == 200
        desk.clock.advance(s=120)
        stale = await desk.request("POST", "/api/v1/order", headers, body)
        assert said(stale)[2] == "Request has expired"


async def test_a_clock_that_is_off_on_purpose_refuses_the_machines_time_too() -> None:
    async with open_desk() as desk:
        paced = PacedClock(desk.clock)
        desk.venue.clock = paced
        paced.advance(s=60)
        assert (await Stranger(desk).place()).status == 200
        desk.venue.faults.add(Condition(kind=ConditionKind.SKEWED_CLOCK, by_s=60))
        assert said(await Stranger(desk).place())[2] == "Request has expired"

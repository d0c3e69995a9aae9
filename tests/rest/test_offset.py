"""The exchange's time: found out when a signed request is refused for its time, whatever this machine's clock says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haversack.clock import ManualClock
from haversack.credentials import Credentials
from haversack.errors import ConnectFailed, InvalidRequest, ProtocolError, RequestExpired, RequestFailed
from haversack.rest.drivers import drive
from haversack.rest.flow import flow
from haversack.rest.http import HttpRequest, HttpResponse
from haversack.rest.offset import ClockOffset, ServerClock, sync_steps
from haversack.rest.pacing import Limits, Pacer
from haversack.rest.retry import Retry
from haversack.rest.session import RestSession
from haversack.rest.turns import Lane
from haversack.wire.enums import Side
from haversack.wire.orders import CancelAllOrders, GetOpenOrders, PlaceOrder
from haversack.wire.system import GetTime

KEYS = Credentials.generate()
READ = GetOpenOrders()
CHANGE = CancelAllOrders(symbol="SOL_USDC")
PLACE = PlaceOrder(symbol="SOL_USDC", side=Side.BID, order_type="Limit", price="20", quantity="1", client_id=7)
START_US = 1_788_285_151_000_000
WINDOW_MS = 5_000


def no(message: str) -> HttpResponse:
    return HttpResponse(400, {}, b'{"code":"INVALID_CLIENT_REQUEST","message":"%s"}' % message.encode())


EXPIRED = "Request has expired"
TOO_FAR = "Invalid timestamp: must be within 10 minutes of current time"


class World:
    """An exchange whose clock is right, a machine whose clock is not, and the way between them."""

    def __init__(self, *, behind_us: int = 0, drift_ppm: int = 0, ahead_ms_max: int = 600_000) -> None:
        self.clock = ManualClock(START_US - behind_us)
        self.true_us = START_US
        self.drift_ppm = drift_ppm
        self.ahead_ms_max = ahead_ms_max
        self.out_us = self.back_us = 100
        self.delays_us: list[tuple[int, int]] = []
        self.failures: list[Exception] = []
        self.always: HttpResponse | None = None
        self.sent: list[str] = []

    def pass_time(self, us: int) -> None:
        """Let time pass: the machine's clocks run fast by some parts in a million."""
        self.true_us += us
        passed_us = self.true_us - START_US
        self.clock.advance(us=passed_us + passed_us * self.drift_ppm // 1_000_000 - self.clock.monotonic_us())

    def send(self, request: HttpRequest, /) -> HttpResponse:
        """A transport to the exchange."""
        path = request.target.partition("?")[0]
        self.sent.append(f"{request.method} {path}")
        out_us, back_us = self.delays_us.pop(0) if self.delays_us else (self.out_us, self.back_us)
        self.pass_time(out_us)
        response = self.answer(request, path)
        self.pass_time(back_us)
        return response

    def answer(self, request: HttpRequest, path: str) -> HttpResponse:
        now_ms = self.true_us // 1_000
        if path == "/api/v1/time":
            if self.failures:
                raise self.failures.pop(0)
            return HttpResponse(200, {}, str(now_ms).encode())
        if self.always is not None:
            return self.always
        timestamp_ms = int(request.headers["X-Timestamp"])
        if not now_ms - 600_000 <= timestamp_ms <= now_ms + self.ahead_ms_max:
            return no(TOO_FAR)
        return no(EXPIRED) if timestamp_ms + WINDOW_MS < now_ms else HttpResponse(200, {}, b"[]")

    def session(self, **options: Any) -> RestSession:
        return RestSession(KEYS, self.clock, dice=lambda: 1.0, **options)

    def sleep(self, delay_s: float) -> None:
        self.pass_time(round(delay_s * 1_000_000))

    def run(self, operation: Any, session: RestSession) -> Any:
        return drive(flow(operation, session), self.send, self.sleep)

    def sync(self, session: RestSession) -> ClockOffset:
        return drive(sync_steps(session), self.send, self.sleep)

    def error_us(self, session: RestSession) -> int:
        return abs(session.server_clock.now_us() - self.true_us)

    def asked(self, what: str) -> int:
        return sum(what in one for one in self.sent)


skews = st.one_of(st.integers(-120_000_000, 120_000_000), st.integers(-(10**10), 10**10))
drifts = st.integers(-500, 500)
delays = st.lists(st.tuples(st.integers(0, 2_400_000), st.integers(0, 2_400_000)), max_size=8)


@given(skews, drifts, delays)
def test_measured_offset_is_no_further_from_the_truth_than_it_says(
    behind_us: int, drift_ppm: int, delays_us: list[tuple[int, int]]
) -> None:
    world = World(behind_us=behind_us, drift_ppm=drift_ppm)
    world.delays_us = delays_us
    session = world.session()
    offset = world.sync(session)
    assert world.error_us(session) <= offset.uncertainty_us
    assert abs(offset.measured_ms * 1_000 - world.true_us) <= offset.uncertainty_us + 1_000
    assert session.clock_offset == offset
    assert (world.asked("time"), offset.samples) == (5, 5)


@given(skews, drifts, delays)
def test_read_is_accepted_after_one_measurement_at_most(behind_us: int, drift_ppm: int, delays_us: list[tuple[int, int]]) -> None:
    world = World(behind_us=behind_us, drift_ppm=drift_ppm, ahead_ms_max=WINDOW_MS)
    world.delays_us = delays_us
    session = world.session()
    assert world.run(READ, session) == []
    assert world.asked("orders") in (1, 2)
    assert world.asked("time") == (5 if world.asked("orders") == 2 else 0)
    if session.clock_offset is not None:
        # The repeated read took a while, in which the clocks drifted.
        assert world.error_us(session) <= session.clock_offset.uncertainty_us + 5_000_000 * 501 // 1_000_000


@given(skews, drifts, delays)
def test_change_is_sent_once_and_the_next_one_is_accepted(
    behind_us: int, drift_ppm: int, delays_us: list[tuple[int, int]]
) -> None:
    world = World(behind_us=behind_us, drift_ppm=drift_ppm, ahead_ms_max=WINDOW_MS)
    world.delays_us = delays_us
    session = world.session()
    expired: RequestExpired | None = None
    try:
        assert world.run(CHANGE, session) == []
    except RequestExpired as refusal:
        expired = refusal
    assert world.asked("orders") == 1
    if expired is not None:
        assert session.clock_offset is not None
        assert expired.offset_us == session.clock_offset.offset_us
        assert world.run(CHANGE, session) == []
        assert world.asked("orders") == 2


@given(skews, st.integers(-(10**9), 10**9).filter(lambda step_us: abs(step_us) > 500_000))
def test_clock_that_is_set_is_measured_before_the_next_request_is_signed(behind_us: int, step_us: int) -> None:
    world = World(behind_us=behind_us, ahead_ms_max=1)
    session = world.session()
    world.sync(session)
    world.pass_time(3_600_000_000)
    world.clock.set_now_us(world.clock.now_us() + step_us)
    assert world.run(CHANGE, session) == []
    assert (world.asked("time"), world.asked("orders")) == (10, 1)
    assert world.error_us(session) < 1_000


def test_clock_that_runs_a_little_wrong_is_let_be() -> None:
    world = World(drift_ppm=500)
    session = world.session()
    world.sync(session)
    world.pass_time(3_600_000_000)
    world.clock.set_now_us(world.clock.now_us() + 500_000)
    world.run(CHANGE, session)
    assert world.asked("time") == 5


def test_clock_that_is_set_during_the_measurement_is_measured_all_the_same() -> None:
    world = World(behind_us=10_000_000)
    session = world.session()

    def send(request: HttpRequest, /) -> HttpResponse:
        response = world.send(request)
        world.clock.set_now_us(world.clock.now_us() + 2_000_000)
        return response

    drive(sync_steps(session), send, world.sleep)
    assert world.error_us(session) < 1_000


def test_clock_that_is_set_during_the_wait_for_the_turn_is_measured_too() -> None:
    world = World(ahead_ms_max=1)
    session = world.session()
    world.sync(session)
    session.pacer.refused(world.clock.monotonic_us(), world.clock.monotonic_us(), asked_s=10, share=1)
    steps = flow(CHANGE, session)
    world.sleep(next(steps).delay_s)
    world.clock.set_now_us(world.clock.now_us() + 60_000_000)

    def again() -> Any:
        return (yield from steps)

    assert drive(again(), world.send, world.sleep) == []
    assert world.asked("orders") == 1


@pytest.mark.parametrize("drift_ppm", [-500, 500])
def test_clock_that_runs_wrong_for_days_is_measured_now_and_then(drift_ppm: int) -> None:
    world = World(drift_ppm=drift_ppm, ahead_ms_max=WINDOW_MS)
    session = world.session()
    for _ in range(72):
        world.pass_time(3_600_000_000)
        assert world.run(READ, session) == []
    assert world.asked("time") // 5 == 24, "it takes 2.8 hours to be wrong by a window"


def test_public_request_asks_nothing_about_the_time() -> None:
    world = World()
    session = world.session()
    world.sync(session)
    world.clock.set_now_us(0)
    world.run(GetTime(), session)
    assert world.asked("time") == 6


def test_set_clock_that_cannot_be_measured_does_not_fail_the_call() -> None:
    world = World()
    session = world.session()
    world.sync(session)
    world.clock.set_now_us(world.clock.now_us() + 1_000_000)
    world.failures = [ConnectFailed("down")] * 4
    assert world.run(CHANGE, session) == []
    assert world.run(CHANGE, session) == []
    assert world.asked("time") == 7, "asked twice, in vain, and not again at once"
    world.pass_time(5_000_000)
    assert world.run(CHANGE, session) == []
    assert world.asked("time") == 9


def test_transport_that_breaks_during_a_measurement_does_not_hide_what_the_exchange_said() -> None:
    world = World(behind_us=60_000_000)
    world.failures = [KeyError("a bug in a transport of the user's own")]
    with pytest.raises(RequestExpired) as caught:
        world.run(CHANGE, world.session())
    assert caught.value.offset_us is None
    assert world.asked("orders") == 1


@pytest.mark.parametrize("operation", [READ, CHANGE, PLACE], ids=lambda operation: type(operation).__name__)
@pytest.mark.parametrize("message", [EXPIRED, TOO_FAR, "REQUEST HAS EXPIRED."])
def test_request_that_stays_expired_fails_after_one_measurement(operation: Any, message: str) -> None:
    world = World()
    world.always = no(message)
    with pytest.raises(RequestExpired) as caught:
        world.run(operation, world.session(retry=Retry(attempts_max=9)))
    assert world.asked("order") == (2 if operation is READ else 1)
    assert world.asked("time") == 5
    assert isinstance(caught.value, InvalidRequest)
    assert caught.value.retryable
    assert "too long to arrive" in str(caught.value)


def test_read_is_given_up_if_the_clock_cannot_be_measured() -> None:
    world = World(behind_us=60_000_000)
    world.failures = [RequestFailed("timed out")] * 2
    with pytest.raises(RequestExpired, match=r"Request has expired$"):
        world.run(READ, world.session())
    assert (world.asked("orders"), world.asked("time")) == (1, 2)


@pytest.mark.parametrize(("behind_us", "words"), [(62_500_000, "62.500 s behind"), (-62_500_000, "62.500 s ahead of")])
def test_expired_request_says_how_far_the_clock_is_off(behind_us: int, words: str) -> None:
    world = World(behind_us=behind_us, ahead_ms_max=WINDOW_MS)
    with pytest.raises(RequestExpired, match=words) as caught:
        world.run(CHANGE, world.session())
    assert abs((caught.value.offset_us or 0) - behind_us) <= (caught.value.uncertainty_us or 0)
    assert str(caught.value).startswith("DELETE /api/v1/orders")


def test_calls_that_expire_together_measure_once() -> None:
    world = World(behind_us=60_000_000)
    session = world.session()
    first, second = flow(READ, session), flow(READ, session)
    refusals = [world.send(attempt.request) for attempt in (next(first), next(second)) if attempt.request]

    def go_on(steps: Any, refusal: HttpResponse) -> Any:
        attempt = steps.send(refusal)
        while True:
            try:
                attempt = steps.send(world.send(attempt.request))
            except StopIteration as finished:
                return finished.value

    assert [go_on(steps, refusal) for steps, refusal in zip((first, second), refusals, strict=True)] == [[], []]
    assert (world.asked("orders"), world.asked("time")) == (4, 5)


def test_one_lost_answer_does_not_spoil_a_measurement() -> None:
    world = World(behind_us=60_000_000)
    world.failures = [RequestFailed("timed out")]
    session = world.session()
    assert world.sync(session).samples == 5
    assert world.error_us(session) < 1_000


def test_measurement_that_gets_no_answer_says_why() -> None:
    world = World()
    world.failures = [RequestFailed("timed out")] * 2
    session = world.session()
    with pytest.raises(RequestFailed):
        world.sync(session)
    assert session.clock_offset is None
    assert session.server_clock.now_us() == world.clock.now_us()


def test_time_that_is_none_ends_a_measurement() -> None:
    steps = sync_steps(World().session())
    next(steps)
    with pytest.raises(ProtocolError):
        steps.send(HttpResponse(200, {}, b"<html>"))


def test_best_of_several_answers_is_taken() -> None:
    world = World(behind_us=5_000_000)
    world.delays_us = [(900_000, 0), (0, 900_000), (10_000, 0), (900_000, 0), (0, 900_000)]
    offset = world.sync(world.session())
    assert offset.round_trip_us == 10_000
    assert offset.uncertainty_us < 10_000


def test_cancel_s_measurement_does_not_wait_behind_other_requests() -> None:
    pacer = Pacer(Limits(requests_per_minute=20, kept_for_cancels=10))
    world = World(behind_us=60_000_000)
    session = world.session(pacer=pacer)
    while pacer.take(Lane.ORDINARY, world.clock.monotonic_us) is not None:
        pass
    before_us = world.true_us
    with pytest.raises(RequestExpired):
        world.run(CHANGE, session)
    assert world.true_us - before_us < 1_000_000


def test_exchange_s_time_is_this_machine_s_until_it_is_measured() -> None:
    world = World(behind_us=60_000_000)
    session = world.session()
    assert session.clock_offset is None
    assert session.server_clock.now_us() == world.clock.now_us()
    assert session.server_clock.monotonic_us() == world.clock.monotonic_us()


def together(world: World, session: RestSession, operations: list[Any]) -> list[Any]:
    """What comes of several calls that are on their way at once, a step of each after the other."""
    results: list[Any] = [None] * len(operations)
    running = {number: flow(operation, session) for number, operation in enumerate(operations)}
    replies: dict[int, Any] = dict.fromkeys(running)
    while running:
        for number, steps in list(running.items()):
            try:
                reply = replies[number]
                attempt = steps.throw(reply) if isinstance(reply, Exception) else steps.send(reply)
            except (StopIteration, RequestExpired) as finished:
                results[number] = finished.value if isinstance(finished, StopIteration) else finished
                del running[number]
                continue
            world.pass_time(round(attempt.delay_s * 1_000_000))
            try:
                replies[number] = world.send(attempt.request) if attempt.request else None
            except RequestFailed as failure:
                replies[number] = failure
    return results


def test_calls_that_are_on_their_way_at_once_measure_once() -> None:
    world = World(behind_us=60_000_000)
    assert together(world, world.session(), [READ] * 20) == [[]] * 20
    assert (world.asked("orders"), world.asked("time")) == (40, 5)


def test_calls_that_wait_for_a_measurement_in_vain_do_not_repeat_it() -> None:
    world = World(behind_us=60_000_000)
    world.failures = [RequestFailed("timed out")] * 2
    results = together(world, world.session(), [READ] * 20)
    assert all(isinstance(result, RequestExpired) for result in results)
    assert world.asked("time") == 2


def test_cancel_waits_for_no_measurement_but_a_cancel_s() -> None:
    clock = ServerClock(ManualClock())
    ordinary, cancel, other = object(), object(), object()
    assert clock.begin(Lane.ORDINARY, ordinary)
    assert clock.begin(Lane.CANCEL, cancel)
    assert not clock.begin(Lane.CANCEL, other)
    assert not clock.begin(Lane.ORDINARY, other)
    clock.end(Lane.ORDINARY, ordinary)
    assert not clock.begin(Lane.ORDINARY, other)
    clock.end(Lane.CANCEL, cancel)
    assert clock.begin(Lane.ORDINARY, other)


def test_measurement_that_is_never_ended_is_waited_for_ten_seconds() -> None:
    world = World(behind_us=60_000_000)
    session = world.session()
    assert session.server_clock.begin(Lane.ORDINARY, object())
    begun_us = world.clock.monotonic_us()
    assert together(world, session, [READ]) == [[]]
    assert 10_000_000 <= world.clock.monotonic_us() - begun_us < 12_000_000

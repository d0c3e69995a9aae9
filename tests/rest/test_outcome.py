"""What became of a request whose answer was lost: never wrong, and definite when the evidence is in."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haversack.errors import (
    ApiError,
    MissingCredentials,
    OutcomeUnknown,
    ProtocolError,
    RequestFailed,
    UsageError,
)
from haversack.rest.offset import OffsetEstimate
from haversack.rest.outcome import Outcome, Resolution, resolve
from haversack.rest.procedure import perform
from haversack.wire.base import Operation
from haversack.wire.enums import OrderStatus, Side
from haversack.wire.history import GetFillHistory, GetOrderHistory
from haversack.wire.orders import CancelAllOrders, CancelOrder, GetOpenOrders, Order, PlaceOrders
from haversack.wire.system import GetTime
from rest.imagined import CANCELLED, EXPIRED, FILLED, NEW, SENT_MS, WINDOW_MS, Imagined, Made, place

LAG_MS = 15_000
FATES: dict[str, dict[str, Any]] = {
    "rests": {"fate": NEW},
    "rests, partly filled": {"fate": NEW, "executed": "0.5"},
    "filled at once": {"fate": FILLED, "executed": "1.5"},
    "partly filled, then cancelled": {"fate": CANCELLED, "executed": "0.5", "ends_ms": 900},
    "expired at once": {"fate": EXPIRED},
}
ERRORS = [
    RequestFailed("the connection was cut"),
    ApiError.of(503, "MAINTENANCE", "no"),
    ApiError.of(429, "TOO_MANY_REQUESTS", "no"),
    ApiError.of(502, None, "<html>"),
    ApiError.of(400, "INVALID_CLIENT_REQUEST", "Request has expired"),
    ApiError.of(404, "RESOURCE_NOT_FOUND", "Not Found"),
    ProtocolError("the answer", "it ends early", b"["),
]


def id_of(resolution: Resolution) -> str | None:
    return None if resolution.order is None else resolution.order.order_id


@pytest.mark.parametrize("fate", FATES.values(), ids=FATES)
def test_an_order_that_arrived_is_found_however_late_it_arrived_and_is_shown(fate: dict[str, Any]) -> None:
    for at_ms, lag_ms, fill_lag_ms in product((40, WINDOW_MS - 1), (0, 700, LAG_MS), (0, LAG_MS)):
        resolution = Imagined(Made(at_ms=at_ms, lag_ms=lag_ms, fill_lag_ms=fill_lag_ms, **fate)).resolve()
        assert (resolution.state, id_of(resolution)) == (Outcome.DONE, "5")
        assert resolution.order is not None
        assert resolution.order.executed_quantity == Decimal(fate.get("executed", "0"))


def test_an_order_that_rests_is_found_with_one_look_and_given_as_it_rests() -> None:
    exchange = Imagined(Made(executed="0.5"))
    resolution = exchange.resolve()
    assert isinstance(resolution.order, Order)
    assert [fill.quantity for fill in resolution.fills] == [Decimal("0.5")]
    assert resolution.checked_until_ms == SENT_MS + 50
    assert exchange.now_ms == 50


def test_an_order_that_never_arrived_is_absent_once_it_could_not_arrive_and_would_be_shown() -> None:
    exchange = Imagined()
    resolution = exchange.resolve()
    assert (resolution.state, resolution.order) == (Outcome.NOT_DONE, None)
    assert WINDOW_MS + LAG_MS < exchange.now_ms < WINDOW_MS + LAG_MS + 5_000
    assert resolution.checked_until_ms == SENT_MS + exchange.now_ms


@pytest.mark.parametrize("wait_s", [0, 1, 4.9, 19.9])
def test_who_waits_too_short_a_time_is_told_that_nothing_is_known(wait_s: float) -> None:
    exchange = Imagined()
    resolution = exchange.resolve(wait_s=wait_s)
    assert (resolution.state, resolution.reason) == (
        Outcome.UNKNOWN,
        "no such order is seen, and it may still arrive or be shown late",
    )
    assert exchange.now_ms == pytest.approx(50 + wait_s * 1_000, abs=2)


def test_the_lag_that_is_waited_for_can_be_chosen() -> None:
    exchange = Imagined()
    assert exchange.resolve(history_lag_s=1).state is Outcome.NOT_DONE
    assert exchange.now_ms < WINDOW_MS + 5_000


@pytest.mark.parametrize("ahead_ms", [3_000, 180_000, 590_000])
def test_a_request_signed_by_a_clock_that_is_ahead_stays_good_for_that_long(ahead_ms: int) -> None:
    # It arrives at the last moment, by the exchange's clock, and is found all the same.
    late = Imagined(Made(at_ms=WINDOW_MS - 10, fate=FILLED, executed="1.5", lag_ms=3_000), ahead_ms=ahead_ms)
    assert (late.resolve().state, late.now_ms > WINDOW_MS) == (Outcome.DONE, True)
    prompt = Imagined(Made(at_ms=100 - ahead_ms, fate=FILLED, executed="1.5"), ahead_ms=ahead_ms)
    assert prompt.resolve().state is Outcome.DONE
    lost = Imagined(ahead_ms=ahead_ms)
    assert (lost.resolve().state, lost.now_ms > WINDOW_MS + LAG_MS) == (Outcome.NOT_DONE, True)


def test_a_request_signed_before_its_clock_was_corrected_is_found_where_that_clock_put_it() -> None:
    early = Made(at_ms=-179_960, fate=FILLED, executed="1.5")
    for asked_after_ms in (0, 400_000):
        measured = Imagined(early, ahead_ms=180_000)
        estimate = OffsetEstimate()
        estimate.add(sent_us=0, received_us=0, server_ms=SENT_MS + measured.now_ms)
        measured.session.server_clock.learn(estimate)
        measured.pass_ms(asked_after_ms)
        assert measured.resolve().state is Outcome.DONE
    set_back = Imagined(early, ahead_ms=180_000)
    set_back.pass_ms(10_000)
    set_back.clock.set_now_us((SENT_MS + set_back.now_ms) * 1_000)
    assert set_back.resolve().state is Outcome.DONE


def test_a_clock_that_is_behind_changes_nothing() -> None:
    assert Imagined(Made(at_ms=3_100, lag_ms=LAG_MS), ahead_ms=-3_000).resolve().state is Outcome.DONE
    assert Imagined(ahead_ms=-3_000).resolve().state is Outcome.NOT_DONE


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_errors_are_no_evidence(error: Exception) -> None:
    storm = Imagined(failing=range(2_000), error=error)
    resolution = storm.resolve()
    assert (resolution.state, resolution.error, resolution.checked_until_ms) == (Outcome.UNKNOWN, error, None)
    assert str(error) in resolution.reason
    assert storm.now_ms < 60_000


@pytest.mark.parametrize("error", ERRORS, ids=repr)
@pytest.mark.parametrize("made", [[], [Made(fate=FILLED, executed="1.5", lag_ms=2_000)]], ids=["absent", "filled"])
def test_an_error_at_any_request_costs_only_time(error: Exception, made: list[Made]) -> None:
    calm = Imagined(*made)
    wanted = calm.resolve().state
    for failing in range(len(calm.asked)):
        assert Imagined(*made, failing=[failing], error=error).resolve().state is wanted


def test_after_an_error_nothing_is_called_absent_before_all_was_read_again() -> None:
    # Everything fails from the time on at which the histories would show the order.
    exchange = Imagined(Made(fate=FILLED, executed="1.5", lag_ms=LAG_MS, fill_lag_ms=LAG_MS), failing=range(8, 2_000))
    resolution = exchange.resolve()
    assert resolution.state is Outcome.UNKNOWN
    assert isinstance(resolution.error, RequestFailed)


def test_a_wait_that_the_exchange_asks_for_is_kept() -> None:
    busy = ApiError.of(429, "TOO_MANY_REQUESTS", "no")
    busy.retry_after_s = 12.0
    exchange = Imagined(Made(), failing=[0], error=busy)
    assert (exchange.resolve().state, exchange.now_ms) == (Outcome.DONE, 12_050)


def test_mistakes_of_the_caller_are_raised() -> None:
    exchange = Imagined(failing=[0], error=MissingCredentials("no keys"))
    with pytest.raises(MissingCredentials):
        exchange.resolve()
    with pytest.raises(UsageError, match="GetTime cannot be resolved: only PlaceOrder, PlaceOrders, CancelOrder"):
        exchange.resolve(GetTime())
    with pytest.raises(UsageError, match="negative"):
        exchange.resolve(wait_s=-1)
    with pytest.raises(UsageError, match="no time"):
        perform(resolve(exchange.session, OutcomeUnknown(place(), OSError(), sent_ms=None)), exchange.send, exchange.sleep)


OTHERS = [
    Made(client_id=8),
    Made(client_id=None),
    Made(side=Side.ASK),
    Made(symbol="BTC_USDC"),
    Made(at_ms=-5_100),
    Made(at_ms=-60_000),
    Made(at_ms=WINDOW_MS + 7_100),
    Made(trigger_price="19", client_id=8),
]


@pytest.mark.parametrize("fate", [{"fate": NEW}, {"fate": FILLED, "executed": "1.5"}, {"fate": EXPIRED}], ids=str)
@pytest.mark.parametrize("other", OTHERS, ids=repr)
def test_an_order_that_differs_or_is_of_another_time_is_not_taken_for_it(other: Made, fate: dict[str, Any]) -> None:
    other = Made(**{name: getattr(other, name) for name in ("client_id", "side", "symbol", "at_ms", "trigger_price")} | fate)
    absent = Imagined(other).resolve()
    assert (absent.state, absent.order, absent.candidates) == (Outcome.NOT_DONE, None, ())
    assert id_of(Imagined(other, Made(order_id="6", lag_ms=900)).resolve()) == "6"


@pytest.mark.parametrize("difference", [{"price": "20.01"}, {"quantity": "1"}, {"price": None}, {"trigger_price": "19"}], ids=str)
def test_an_order_with_its_client_id_that_differs_otherwise_leaves_it_open(difference: dict[str, Any]) -> None:
    exchange = Imagined(Made(**difference))
    resolution = exchange.resolve()
    assert (resolution.state, [one.order_id for one in resolution.candidates]) == (Outcome.UNKNOWN, ["5"])
    assert "differs" in resolution.reason
    assert exchange.now_ms > WINDOW_MS + LAG_MS
    assert id_of(Imagined(Made(**difference), Made(order_id="6")).resolve()) == "6"


@pytest.mark.parametrize(("sent", "made"), [
    (place(price="20.0000", quantity="1.5"), Made()),
    (place(price=Decimal("2E+1"), quantity=Decimal("1.50")), Made()),
    (place(price=20), Made()),
    (place(order_type="Market", price=None), Made(price=None, row={"price": None})),
    (place(order_type="Market", price=None, quantity=None, quote_quantity="30.0"),
     Made(price=None, fate=FILLED, executed="1.5", row={"quote_quantity": Decimal(30)})),
    (place(reduce_only=True), Made(quantity="0.7")),
    (place(trigger_price="19.0", trigger_quantity="80%", quantity=None),
     Made(trigger_price="19", row={"quantity": None, "trigger_quantity": "80%"}, fate=CANCELLED)),
    (place(client_id=None), Made(client_id=None)),
], ids=repr)  # fmt: skip
def test_numbers_are_compared_as_numbers(sent: Operation[Any], made: Made) -> None:
    resolution = Imagined(made).resolve(sent)
    assert (resolution.state, id_of(resolution)) == (Outcome.DONE, "5")


def test_an_order_sent_without_a_client_id_is_believed_only_when_all_is_read() -> None:
    exchange = Imagined(Made(client_id=None))
    assert exchange.resolve(place(client_id=None)).state is Outcome.DONE
    assert exchange.now_ms > WINDOW_MS + LAG_MS
    assert Imagined(Made()).resolve(place(client_id=None)).state is Outcome.NOT_DONE
    filled = Made(client_id=None, fate=FILLED, executed="1.5", lag_ms=LAG_MS, order_id="6")
    two = Imagined(Made(client_id=None), filled).resolve(place(client_id=None))
    assert (two.state, len(two.candidates)) == (Outcome.UNKNOWN, 2)


def test_two_orders_that_are_what_was_sent_leave_it_open_and_are_listed() -> None:
    resolution = Imagined(Made(), Made(order_id="6", fate=FILLED, executed="1.5")).resolve()
    assert (resolution.state, resolution.order) == (Outcome.UNKNOWN, None)
    assert sorted(one.order_id for one in resolution.candidates) == ["5", "6"]


@pytest.mark.parametrize(("lag_ms", "fate"), list(product((0, 700, LAG_MS), (NEW, FILLED))))
def test_an_order_that_waited_is_told_from_what_its_trigger_made(lag_ms: int, fate: OrderStatus) -> None:
    trigger: dict[str, Any] = {"trigger_price": "21", "trigger_quantity": "1.5"}
    waited = Made(fate=FILLED, quantity=None, lag_ms=lag_ms, **trigger)
    fired = Made(order_id="6", at_ms=41, fate=fate, executed="1.5" if fate is FILLED else "0", **trigger)
    sent = place(quantity=None, **trigger)
    assert id_of(Imagined(waited, fired).resolve(sent)) == "5"
    assert id_of(Imagined(waited).resolve(sent)) == "5"


def test_who_repeats_client_ids_is_told_of_the_second_order_that_comes_to_light_late() -> None:
    twins = Made(), Made(order_id="6", fate=FILLED, executed="1.5", lag_ms=LAG_MS, fill_lag_ms=LAG_MS)
    resolution = Imagined(*twins).resolve(client_ids_repeat=True)
    assert (resolution.state, len(resolution.candidates)) == (Outcome.UNKNOWN, 2)


def test_a_client_id_that_is_seen_to_repeat_is_trusted_no_more() -> None:
    # Another order with the id is in sight, so a second one like this one is waited for, and found.
    sign = Made(order_id="4", at_ms=-60_000)
    late = Made(order_id="6", fate=FILLED, executed="1.5", lag_ms=LAG_MS, fill_lag_ms=LAG_MS)
    assert Imagined(sign, Made(), late).resolve().state is Outcome.UNKNOWN
    assert id_of(Imagined(sign, Made()).resolve()) == "5"


def test_a_fill_tells_of_an_order_that_the_history_does_not_show() -> None:
    hidden = Made(fate=FILLED, executed="1.5", lag_ms=10**9)
    resolution = Imagined(hidden).resolve()
    assert resolution.state is Outcome.UNKNOWN
    assert "order 5 has its client id and fills" in resolution.reason
    # One that is filled later, and shown later still, is of another time.
    later = Made(at_ms=WINDOW_MS + 8_000, fate=FILLED, executed="1.5", lag_ms=10**9)
    assert Imagined(later).resolve().state is Outcome.NOT_DONE
    # Nor is another order believed to be the only one then.
    assert Imagined(hidden, Made(order_id="6")).resolve().state is Outcome.UNKNOWN
    # The fill of an older order with that id, which is asked for by the order's own id, stands for nothing.
    older = Made(order_id="4", at_ms=-600_000, fate=FILLED, executed="1.5", fills_ms=600_100)
    between = [Made(order_id=f"n{number}", client_id=8, at_ms=-9_000, fate=EXPIRED) for number in range(120)]
    assert Imagined(older, *between).resolve().state is Outcome.NOT_DONE


def test_an_end_that_comes_while_it_is_looked_for_is_told() -> None:
    # At 850 ms it rests in the list of open orders, at 1,250 ms the history says that it is cancelled.
    resolution = Imagined(Made(fate=CANCELLED, ends_ms=1_000), step_ms=400).resolve()
    assert resolution.order is not None
    assert resolution.order.status is CANCELLED


def test_an_order_of_another_type_is_not_taken_for_it() -> None:
    sent = place(order_type="Market", price=None)
    assert Imagined(Made()).resolve(sent).state is Outcome.UNKNOWN
    assert id_of(Imagined(Made(), Made(order_id="6", price=None)).resolve(sent)) == "6"


def test_a_row_that_is_old_is_waited_for_and_given_if_no_newer_one_comes() -> None:
    # It rested for a moment; the history shows it as new for a quarter of an hour.
    exchange = Imagined(Made(fate=CANCELLED, ends_ms=5, row={"status": NEW}))
    resolution = exchange.resolve()
    assert (resolution.state, id_of(resolution)) == (Outcome.DONE, "5")
    assert "old" in resolution.reason
    assert exchange.now_ms > WINDOW_MS + LAG_MS


def test_a_long_history_is_read_back_in_pages_of_any_size() -> None:
    busy = [Made(order_id=f"n{number:03}", client_id=1_000 + number, at_ms=number * 100) for number in range(100)]
    mine = Made(at_ms=-100, fate=EXPIRED)
    for rows_max in (3, 20, 1_000):
        assert id_of(Imagined(*busy, mine, rows_max=rows_max).resolve()) == "5"
        assert Imagined(*busy, rows_max=rows_max).resolve().state is Outcome.NOT_DONE


def test_who_asks_a_day_later_reads_no_fills_of_that_day() -> None:
    exchange = Imagined(Made(client_id=8, at_ms=80_000_000, fate=FILLED, executed="1.5"))
    exchange.pass_ms(86_400_000)
    assert exchange.resolve().state is Outcome.NOT_DONE
    assert len(exchange.asked) == len([GetTime, GetOpenOrders, GetOrderHistory, GetOrderHistory, GetFillHistory])


def test_a_history_that_is_longer_than_can_be_read_says_nothing() -> None:
    busy = [Made(order_id=f"n{number:03}", client_id=1_000 + number, at_ms=10, fate=EXPIRED) for number in range(60)]
    resolution = Imagined(*busy, rows_max=1).resolve()
    assert (resolution.state, resolution.reason) == (Outcome.UNKNOWN, "the history is longer than was read")


def test_a_time_in_the_history_that_cannot_be_read_is_no_evidence() -> None:
    resolution = Imagined(Made(fate=EXPIRED, row={"created_iso": "yesterday"})).resolve()
    assert (resolution.state, "createdAt" in resolution.reason) == (Outcome.UNKNOWN, True)


MINE = st.none() | st.builds(
    lambda fate, **times: Made(**times, **fate),
    st.sampled_from(list(FATES.values())),
    at_ms=st.integers(0, WINDOW_MS),
    lag_ms=st.integers(0, LAG_MS),
    fill_lag_ms=st.integers(0, LAG_MS),
)
FOREIGN = st.builds(
    lambda number, fate, **fields: Made(order_id=f"x{number}", **fields, **fate),
    st.integers(0, 9),
    st.sampled_from(list(FATES.values())),
    at_ms=st.integers(-90_000, 30_000) | st.integers(-6_000, 8_000),
    lag_ms=st.integers(0, LAG_MS),
    fill_lag_ms=st.integers(0, LAG_MS),
    client_id=st.sampled_from([7, 7, 8, None]),
    side=st.sampled_from([Side.BID, Side.BID, Side.ASK]),
    price=st.sampled_from(["20", "20", "20.01", None]),
    quantity=st.sampled_from(["1.5", "1.5", "1"]),
)


def is_near(one: Made, ahead_ms: int) -> bool:
    return (one.client_id, one.side) == (7, Side.BID) and -5_000 - max(0, ahead_ms) <= one.at_ms <= WINDOW_MS + 7_000


def is_twin(one: Made, ahead_ms: int) -> bool:
    return is_near(one, ahead_ms) and (one.price, one.quantity) == ("20", "1.5")


@given(
    mine=MINE,
    foreign=st.lists(FOREIGN, max_size=4, unique_by=lambda one: one.order_id),
    failing=st.lists(st.integers(0, 120), max_size=12) | st.just(list(range(2_000))),
    error=st.sampled_from(ERRORS),
    rows_max=st.sampled_from([1, 2, 1_000]),
    step_ms=st.sampled_from([0, 30, 400]),
    ahead_ms=st.sampled_from([0, 0, 1_500, -1_500]),
    client_ids_repeat=st.booleans(),
)
@settings(max_examples=400, deadline=None)
def test_the_answer_is_never_wrong_and_definite_when_the_evidence_is_in(
    *,
    mine: Made | None,
    foreign: list[Made],
    failing: list[int],
    error: Exception,
    rows_max: int,
    step_ms: int,
    ahead_ms: int,
    client_ids_repeat: bool,
) -> None:
    if not client_ids_repeat:
        foreign = [one for one in foreign if not is_twin(one, ahead_ms)]
    twins = [one for one in foreign if is_twin(one, ahead_ms)]
    made = [*([mine] if mine else []), *foreign]
    exchange = Imagined(*made, failing=failing, error=error, rows_max=rows_max, step_ms=step_ms, ahead_ms=ahead_ms)
    resolution = exchange.resolve(client_ids_repeat=client_ids_repeat)
    if resolution.state is Outcome.NOT_DONE:
        assert mine is None
    elif resolution.state is Outcome.DONE:
        # One order that is the same in every respect and was made at that time cannot be told from it, if it is the only one.
        assert id_of(resolution) == (mine.order_id if mine else twins[0].order_id)
        assert len(twins) + (mine is not None) == 1
    elif not failing:
        assert any(is_near(one, ahead_ms) for one in foreign), resolution.reason
        assert not mine or twins, resolution.reason


def batch(*numbers: int, symbol: str = "SOL_USDC") -> PlaceOrders:
    return PlaceOrders(tuple([place(client_id=number, symbol=symbol) for number in numbers]))


def test_each_order_of_a_batch_has_a_resolution() -> None:
    exchange = Imagined(Made(client_id=1, order_id="a"), Made(client_id=3, order_id="c", fate=EXPIRED, lag_ms=9_000))
    resolution = exchange.resolve(batch(1, 2, 3))
    assert [part.state for part in resolution.parts] == [Outcome.DONE, Outcome.NOT_DONE, Outcome.DONE]
    assert [id_of(part) for part in resolution.parts] == ["a", None, "c"]
    assert (resolution.state, resolution.reason) == (Outcome.PARTLY_DONE, "of 3 orders 2 were placed, 1 were not")
    assert all(part.checked_until_ms == SENT_MS + exchange.now_ms for part in resolution.parts)


def test_a_batch_is_done_if_all_its_orders_are_and_unknown_if_one_is() -> None:
    made = [Made(client_id=1, order_id="a"), Made(client_id=2, order_id="b")]
    assert Imagined(*made).resolve(batch(1, 2)).state is Outcome.DONE
    assert Imagined().resolve(batch(1, 2)).state is Outcome.NOT_DONE
    assert Imagined(*made, Made(client_id=2, order_id="c")).resolve(batch(1, 2)).state is Outcome.UNKNOWN


def test_a_batch_over_several_markets_is_looked_for_in_each() -> None:
    both = PlaceOrders((place(client_id=1), place(client_id=1, symbol="BTC_USDC")))
    resolution = Imagined(Made(client_id=1, symbol="BTC_USDC")).resolve(both)
    assert [part.state for part in resolution.parts] == [Outcome.NOT_DONE, Outcome.DONE]


CANCEL = CancelOrder(symbol="SOL_USDC", order_id="5")
CANCEL_BY_CLIENT_ID = CancelOrder(symbol="SOL_USDC", client_id=7)
OLD_MS = -3_600_000


@pytest.mark.parametrize("sent", [CANCEL, CANCEL_BY_CLIENT_ID], ids=["order id", "client id"])
@pytest.mark.parametrize("at_ms", [OLD_MS, -100])
def test_a_cancel_is_done_if_the_order_was_cancelled(sent: CancelOrder, at_ms: int) -> None:
    exchange = Imagined(Made(at_ms=at_ms, fate=CANCELLED, executed="0.5", ends_ms=40 - at_ms, lag_ms=3_000))
    resolution = exchange.resolve(sent)
    assert (resolution.state, id_of(resolution), resolution.open_orders) == (Outcome.DONE, "5", ())
    assert resolution.order is not None
    assert resolution.order.executed_quantity == Decimal("0.5")
    assert exchange.now_ms < 5_100


def test_a_cancel_by_client_id_is_traced_as_far_back_as_the_order_is() -> None:
    between = [Made(order_id=f"n{number}", client_id=8, at_ms=OLD_MS // 2, fate=EXPIRED) for number in range(250)]
    exchange = Imagined(*between, Made(at_ms=OLD_MS, fate=CANCELLED, ends_ms=-OLD_MS))
    assert exchange.resolve(CANCEL_BY_CLIENT_ID).state is Outcome.DONE
    endless = Imagined(*between, rows_max=1)
    assert endless.resolve(CANCEL_BY_CLIENT_ID).state is Outcome.UNKNOWN
    assert len(endless.asked) < 50


@pytest.mark.parametrize("sent", [CANCEL, CANCEL_BY_CLIENT_ID], ids=["order id", "client id"])
@pytest.mark.parametrize("fate", [FILLED, EXPIRED])
def test_a_cancel_of_an_order_that_ended_before_was_not_done(sent: CancelOrder, fate: Any) -> None:
    resolution = Imagined(Made(at_ms=OLD_MS, fate=fate, ends_ms=-OLD_MS - 5)).resolve(sent)
    assert (resolution.state, resolution.order and resolution.order.status) == (Outcome.NOT_DONE, fate)


@pytest.mark.parametrize("sent", [CANCEL, CANCEL_BY_CLIENT_ID], ids=["order id", "client id"])
def test_an_order_that_is_open_when_the_cancel_can_no_longer_arrive_was_not_cancelled(sent: CancelOrder) -> None:
    exchange = Imagined(Made(at_ms=OLD_MS))
    resolution = exchange.resolve(sent)
    assert (resolution.state, [one.order_id for one in resolution.open_orders]) == (Outcome.NOT_DONE, ["5"])
    assert exchange.now_ms > WINDOW_MS
    assert Imagined(Made(at_ms=OLD_MS)).resolve(sent, wait_s=4).state is Outcome.UNKNOWN
    # It arrives at the last moment.
    late = Imagined(Made(at_ms=OLD_MS, fate=CANCELLED, ends_ms=WINDOW_MS - OLD_MS))
    assert late.resolve(sent).state is Outcome.DONE


def test_an_order_that_does_not_rest_and_has_no_end_yet_is_not_called_cancelled() -> None:
    exchange = Imagined(Made(at_ms=OLD_MS, fate=CANCELLED, ends_ms=-OLD_MS, row={"status": NEW}))
    resolution = exchange.resolve(CANCEL)
    assert (resolution.state, id_of(resolution), resolution.open_orders) == (Outcome.UNKNOWN, "5", ())
    assert Imagined().resolve(CANCEL).state is Outcome.UNKNOWN


def test_a_cancel_by_a_client_id_that_several_orders_bear_is_left_open() -> None:
    replaced = [Made(at_ms=-30_000, fate=CANCELLED, ends_ms=30_040), Made(order_id="6", at_ms=900)]
    soon = Imagined(*replaced)
    soon.pass_ms(2_000)
    resolution = soon.resolve(CANCEL_BY_CLIENT_ID)
    assert (resolution.state, len(resolution.candidates)) == (Outcome.UNKNOWN, 2)
    later = Imagined(replaced[0], Made(order_id="6", at_ms=WINDOW_MS + 7_100))
    later.pass_ms(20_000)
    assert id_of(later.resolve(CANCEL_BY_CLIENT_ID)) == "5"


def test_a_cancel_by_order_id_with_the_time_of_a_slow_clock_is_cleared_up_all_the_same() -> None:
    young_ms = WINDOW_MS + 60_000
    ended = Imagined(Made(at_ms=young_ms, fate=EXPIRED))
    ended.pass_ms(young_ms + 1)
    assert ended.resolve(CANCEL).state is Outcome.NOT_DONE
    resting = Imagined(Made(at_ms=young_ms))
    resting.pass_ms(young_ms + 1)
    assert resting.resolve(CANCEL).state is Outcome.NOT_DONE


CANCEL_ALL = CancelAllOrders(symbol="SOL_USDC")


def test_a_cancel_of_all_is_done_when_nothing_that_it_was_meant_for_is_open_and_it_can_no_longer_arrive() -> None:
    after = Made(at_ms=WINDOW_MS + 7_001)
    exchange = Imagined(Made(order_id="1", at_ms=OLD_MS, fate=CANCELLED, ends_ms=-OLD_MS), after)
    resolution = exchange.resolve(CANCEL_ALL)
    assert (resolution.state, resolution.open_orders) == (Outcome.DONE, ())
    # Until then it could still take what is placed meanwhile.
    assert exchange.now_ms > WINDOW_MS
    assert Imagined().resolve(CANCEL_ALL, wait_s=4).state is Outcome.UNKNOWN


def test_a_cancel_of_all_that_left_orders_open_names_them() -> None:
    others = Made(order_id="2", at_ms=OLD_MS, trigger_price="19"), Made(order_id="3", at_ms=OLD_MS, symbol="BTC_USDC")
    exchange = Imagined(Made(order_id="1", at_ms=OLD_MS), *others)
    left = {
        kind: [one.order_id for one in exchange.resolve(CancelAllOrders(symbol="SOL_USDC", order_type=kind)).open_orders]
        for kind in (None, "RestingLimitOrder", "ConditionalOrder")
    }
    assert left == {None: ["1", "2"], "RestingLimitOrder": ["1"], "ConditionalOrder": ["2"]}
    assert exchange.resolve(CANCEL_ALL).state is Outcome.NOT_DONE


def test_open_orders_of_about_the_time_of_a_cancel_of_all_leave_it_open() -> None:
    resolution = Imagined(Made(at_ms=700)).resolve(CANCEL_ALL)
    assert (resolution.state, [one.order_id for one in resolution.candidates]) == (Outcome.UNKNOWN, ["5"])


@pytest.mark.parametrize("sent", [CANCEL, CANCEL_BY_CLIENT_ID, CANCEL_ALL], ids=["order id", "client id", "all"])
def test_errors_are_no_evidence_of_a_cancel_either(sent: Operation[Any]) -> None:
    assert Imagined(Made(at_ms=OLD_MS), failing=range(2_000)).resolve(sent).state is Outcome.UNKNOWN

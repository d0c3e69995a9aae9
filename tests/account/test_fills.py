"""Each fill once: what tells fills apart, and why forgetting them is safe."""

from __future__ import annotations

from decimal import Decimal

import pytest

from account.said import T0_MS, fill_frame, fill_row, frame
from haversack.account.fills import OVERLAP_MS, AccountFill, FillMemory, fill_in_frame, fills_in_rows, is_of_fill
from haversack.errors import ProtocolError
from haversack.wire.enums import OrderEvent, Side
from haversack.wire.history import Fill


def from_frame(trade_id: int = 1, **said: object) -> AccountFill:
    fill = fill_in_frame(fill_frame(trade_id, "1", "1", **said))
    assert fill is not None
    return fill


def rows(*fills: Fill) -> list[AccountFill]:
    return fills_in_rows(fills)


def begun(since_ms: int = T0_MS - 1_000) -> FillMemory:
    memory = FillMemory()
    memory.begin(since_ms)
    return memory


def test_frame_and_row_of_one_fill_are_one() -> None:
    memory = begun()
    assert len(memory.sift([from_frame()]).new) == 1
    assert memory.sift(rows(fill_row(1))).new == []


def test_row_before_its_frame_is_the_one_that_counts() -> None:
    memory = begun()
    (recovered,) = memory.sift(rows(fill_row(1))).new
    assert recovered.recovered
    assert memory.sift([from_frame()]).new == []


@pytest.mark.parametrize("other", [{"trade_id": 2}, {"order_id": "8"}, {"symbol": "BTC_USDC"}, {"side": Side.ASK}])
def test_fills_that_differ_in_one_part_of_the_key_are_two(other: dict[str, object]) -> None:
    memory = begun()
    assert len(memory.sift(rows(fill_row(1), fill_row(**({"trade_id": 1} | other)))).new) == 2  # type: ignore[arg-type]


def test_trade_with_oneself_is_two_fills() -> None:
    both = rows(fill_row(1, order_id="7", side=Side.BID), fill_row(1, order_id="8", side=Side.ASK))
    assert len(begun().sift(both).new) == 2


def test_time_does_not_tell_fills_apart() -> None:
    memory = begun()
    memory.sift([from_frame(engine_us=T0_MS * 1_000 + 999)])
    assert memory.sift(rows(fill_row(1, time_ms=T0_MS + 1))).new == []


@pytest.mark.parametrize("trade_id", [0, None])
def test_fills_without_a_trade_id_are_counted_by_what_their_rows_say(trade_id: int | None) -> None:
    memory = begun()
    assert len(memory.sift(rows(fill_row(trade_id), fill_row(trade_id), fill_row(trade_id, "3"))).new) == 3
    assert memory.sift(rows(fill_row(trade_id), fill_row(trade_id), fill_row(trade_id, "3"))).new == []
    assert len(memory.sift(rows(*[fill_row(trade_id)] * 3)).new) == 1


def test_numerals_of_one_number_are_one_content() -> None:
    assert rows(fill_row(0, "1.0"))[0].key == rows(fill_row(0, "1.00"))[0].key


INCOMPLETE: list[dict[str, object]] = [
    {"trade_id": 0},
    {"trade_id": None},
    {"fill_price": None},
    {"fee": None},
    {"is_maker": None},
]


@pytest.mark.parametrize("lacking", INCOMPLETE)
def test_frame_that_says_too_little_is_left_to_the_history(lacking: dict[str, object]) -> None:
    said = fill_frame(**({"trade_id": 1, "quantity": "1", "executed": "1"} | lacking))  # type: ignore[arg-type]
    assert is_of_fill(said)
    assert fill_in_frame(said) is None


def test_other_frames_are_no_fills() -> None:
    said = frame(OrderEvent.ACCEPTED)
    assert not is_of_fill(said)
    assert fill_in_frame(said) is None


def test_frame_of_a_fill_tells_all_that_a_row_does() -> None:
    told = from_frame(client_id=5)
    assert (told.price, told.quantity, told.fee, told.fee_symbol, told.is_maker) == (
        Decimal(20),
        Decimal(1),
        Decimal("0.01"),
        "USDC",
        True,
    )
    assert (told.client_id, told.recovered, told.time_us) == (5, False, T0_MS * 1_000)


def test_client_id_of_a_row_becomes_a_number() -> None:
    assert rows(fill_row(1, client_id="5"))[0].client_id == 5
    assert rows(fill_row(1, client_id="mine"))[0].client_id is None


def test_row_with_an_unreadable_time_is_an_error() -> None:
    with pytest.raises(ProtocolError, match="a fill of order 7"):
        rows(Fill(**{name: getattr(fill_row(1), name) for name in Fill.__struct_fields__} | {"timestamp_iso": "soon"}))


def test_new_fills_come_by_time_and_then_by_trade_id() -> None:
    told = begun().sift(rows(*[fill_row(trade_id, time_ms=T0_MS + ms) for trade_id, ms in ((3, 1), (9, 0), (2, 1), (1, 1))])).new
    assert [fill.trade_id for fill in told] == [9, 1, 2, 3]


def test_fills_of_before_the_beginning_are_not_wanted() -> None:
    memory = begun(T0_MS)
    seen = memory.sift(rows(fill_row(1, time_ms=T0_MS - 1), fill_row(2, time_ms=T0_MS)))
    assert [fill.trade_id for fill in seen.new] == [2]
    assert seen.too_late == []


def test_beginning_moves_back_until_the_history_was_read() -> None:
    memory = begun(T0_MS)
    memory.begin(T0_MS - 5)
    memory.begin(T0_MS + 5)
    assert memory.start_ms == T0_MS - 5
    memory.advance(T0_MS)
    memory.begin(T0_MS - 500)
    assert memory.start_ms == T0_MS - 5


def test_beginning_that_was_given_stays() -> None:
    memory = FillMemory(since_ms=T0_MS)
    memory.begin(T0_MS - 5)
    assert memory.start_ms == T0_MS


def test_what_is_below_the_floor_is_forgotten_and_still_not_told_again() -> None:
    memory = begun()
    memory.sift(rows(fill_row(1)))
    memory.advance(T0_MS + OVERLAP_MS + 1)
    assert (len(memory), memory.floor_ms) == (0, T0_MS + 1)
    assert memory.sift([from_frame()]).new == []


def test_what_is_at_the_floor_is_remembered() -> None:
    memory = begun()
    memory.sift(rows(fill_row(1)))
    memory.advance(T0_MS + OVERLAP_MS)
    assert memory.floor_ms == T0_MS
    assert memory.sift([from_frame()]) == memory.sift([])


def test_late_row_within_the_overlap_is_still_told() -> None:
    memory = begun()
    memory.advance(T0_MS + OVERLAP_MS)
    assert len(memory.sift(rows(fill_row(1))).new) == 1


def test_fill_below_the_floor_is_said_to_be_too_late_once() -> None:
    memory = begun()
    memory.advance(T0_MS + OVERLAP_MS + 1)
    assert [fill.trade_id for fill in memory.sift([from_frame()]).too_late] == [1]
    assert memory.sift([from_frame()]).too_late == []


def test_floor_never_goes_back() -> None:
    memory = begun()
    memory.advance(T0_MS + OVERLAP_MS + 9)
    memory.advance(T0_MS)
    assert memory.floor_ms == T0_MS + 9


def test_memory_stays_small_over_a_day_of_fills() -> None:
    memory = begun()
    most = 0
    for second in range(24 * 3_600):
        now_ms = T0_MS + second * 1_000
        memory.sift([from_frame(second + 1, engine_us=now_ms * 1_000)])
        if second % 60 == 0:
            memory.advance(now_ms - 15_000)
        most = max(most, len(memory))
    assert most < 250

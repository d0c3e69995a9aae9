"""Index, mark and predicted funding rate of a perpetual in the engine."""

from __future__ import annotations

from decimal import Decimal

import pytest

from exchange.engine.desk import ASK, BID, MAKER, NOW_US, PERPETUAL, Desk, limit
from haversack.exchange.engine.command import Cancel, CancelAll, Elapse, SetBookState, SetPrices
from haversack.exchange.engine.event import MarkChanged
from haversack.exchange.engine.perpetual.prices import INTERVAL_US
from haversack.wire.enums import OrderBookState

SECOND_US = 1_000_000
ON_THE_HOUR_US = NOW_US - NOW_US % INTERVAL_US
QUIET_E28 = 125 * 10**21  # 0.0000125


def set_index(desk: Desk, index: str, now_us: int = NOW_US) -> MarkChanged:
    """Tell the engine an index price."""
    events = desk.do(SetPrices(((PERPETUAL, int(Decimal(index).scaleb(8))),)), now_us)
    assert isinstance(events[0], MarkChanged)
    assert events == [desk.engine.mark(PERPETUAL)]
    return events[0]


def quoted(bid: str, ask: str) -> Desk:
    """A perpetual with a book."""
    desk = Desk()
    desk.rest(limit(BID, bid, "1", MAKER, symbol=PERPETUAL), limit(ASK, ask, "1", MAKER, symbol=PERPETUAL))
    return desk


def test_mark_is_the_index_on_the_tick_while_a_side_is_empty() -> None:
    desk = Desk()
    desk.rest(limit(BID, "20", "1", MAKER, symbol=PERPETUAL))
    assert set_index(desk, "98.94998504").mark == 9895


def test_mark_is_the_index_while_the_book_takes_post_only_orders_alone() -> None:
    desk = quoted("100.99", "101.01")
    assert set_index(desk, "100").mark == 10_100
    desk.do(SetBookState(PERPETUAL, OrderBookState.POST_ONLY))
    assert set_index(desk, "100", NOW_US + SECOND_US).mark == 10_000


def test_mark_follows_the_middle_of_the_book_within_about_a_minute() -> None:
    desk = quoted("99.99", "100.01")
    marks = [set_index(desk, "100.00000000").mark]
    desk.do(CancelAll(MAKER, PERPETUAL))
    desk.rest(limit(BID, "100.99", "2", MAKER, symbol=PERPETUAL), limit(ASK, "101.01", "1", MAKER, symbol=PERPETUAL))
    marks += [set_index(desk, "100.00000000", NOW_US + second * SECOND_US).mark for second in range(1, 301)]
    assert (marks[0], marks[1], marks[60], marks[300]) == (10_000, 10_002, 10_063, 10_099)


def test_quiet_market_shows_exactly_the_eighth_part_of_the_interest() -> None:
    assert set_index(quoted("98.94", "98.96"), "98.94998504").funding_rate_e28 == QUIET_E28


def test_predicted_rate_is_that_of_the_mean_over_the_running_hour() -> None:
    desk = quoted("101.99", "102.01")
    first = set_index(desk, "100", ON_THE_HOUR_US)
    second = set_index(desk, "102", ON_THE_HOUR_US + INTERVAL_US - 1)
    assert first.funding_rate_e28 == (200 - 5) * 10**24 // 8
    assert second.mark == 10_203
    # Premiums of 0.02 and of 0.03 in 102: 0.01014705..., less five basis points, and an eighth of that.
    assert second.funding_rate_e28 == 12058823529411764705882353


def test_new_hour_forgets_the_old_premium_and_moves_the_next_funding() -> None:
    desk = Desk()
    desk.rest(limit(BID, "110", "1", MAKER, symbol=PERPETUAL), limit(ASK, "110.02", "1", MAKER, symbol=PERPETUAL))
    before = set_index(desk, "100", ON_THE_HOUR_US - 1)
    desk.engine.apply(Cancel(account=MAKER, symbol=PERPETUAL, order_id=2), ON_THE_HOUR_US)
    after = set_index(desk, "100", ON_THE_HOUR_US)
    # The book is 10 % above the index, and the mark price follows for 5 %.
    assert before.mark == 10_500
    assert before.funding_rate_e28 == (500 - 5) * 10**24 // 8
    assert after.funding_rate_e28 == QUIET_E28
    assert (before.next_funding_ms, after.next_funding_ms) == (ON_THE_HOUR_US // 1000, ON_THE_HOUR_US // 1000 + 3_600_000)


def test_time_alone_moves_the_mark_once_a_second_towards_the_book() -> None:
    desk = quoted("99.99", "100.01")
    set_index(desk, "100")
    desk.do(CancelAll(MAKER, PERPETUAL))
    desk.rest(limit(BID, "100.99", "2", MAKER, symbol=PERPETUAL), limit(ASK, "101.01", "1", MAKER, symbol=PERPETUAL))
    assert desk.do(Elapse(), NOW_US + SECOND_US // 2) == []
    events = desk.do(Elapse(), NOW_US + SECOND_US)
    assert [(event.mark, event.index) for event in events if isinstance(event, MarkChanged)] == [(10_002, 10**10)]


def test_nothing_is_due_where_no_price_was_ever_told() -> None:
    desk = Desk()
    assert desk.engine.next_due_us() is None
    before = desk.engine.state_hash()
    assert desk.do(Elapse()) == []
    assert desk.engine.state_hash() == before


def test_time_is_waited_for_until_the_mark_stands_still() -> None:
    desk = Desk()
    set_index(desk, "100", ON_THE_HOUR_US + 1)
    assert desk.engine.next_due_us() == ON_THE_HOUR_US + SECOND_US
    desk.do(Elapse(), ON_THE_HOUR_US + SECOND_US)
    assert desk.engine.next_due_us() is None


@pytest.mark.parametrize("symbol", ["SOL_USDC", "NONE"])
def test_index_of_what_is_no_perpetual_is_the_callers_mistake(symbol: str) -> None:
    with pytest.raises(AssertionError, match="has no index"):
        Desk().do(SetPrices(((symbol, 1),)))

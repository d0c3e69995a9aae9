"""Index, mark and funding rate of a perpetual."""

from __future__ import annotations

import pytest

from exchange.engine.desk import ASK, BID, MAKER, NOW_US, PERPETUAL, Desk, limit
from haversack.exchange.engine.command import Cancel, CancelAll, SetPrices
from haversack.exchange.engine.event import MarkChanged
from haversack.exchange.engine.prices import US_PER_HOUR, funding_rate_e28

SECOND_US = 1_000_000
ON_THE_HOUR_US = NOW_US - NOW_US % US_PER_HOUR
QUIET_E28 = 125 * 10**21  # 0.0000125


def set_index(desk: Desk, index: str, now_us: int = NOW_US) -> MarkChanged:
    """Tell the engine an index price with eight decimals."""
    events = desk.do(SetPrices(((PERPETUAL, int(index.replace(".", ""))),)), now_us)
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


def test_mark_follows_the_middle_of_the_book_within_about_a_minute() -> None:
    desk = quoted("99.99", "100.01")
    marks = [set_index(desk, "100.00000000").mark]
    desk.do(CancelAll(MAKER, PERPETUAL))
    desk.rest(limit(BID, "100.99", "2", MAKER, symbol=PERPETUAL), limit(ASK, "101.01", "1", MAKER, symbol=PERPETUAL))
    marks += [set_index(desk, "100.00000000", NOW_US + second * SECOND_US).mark for second in range(1, 301)]
    assert (marks[0], marks[1], marks[60], marks[300]) == (10_000, 10_002, 10_063, 10_099)


def test_quiet_market_shows_exactly_the_eighth_part_of_the_interest() -> None:
    assert set_index(quoted("98.94", "98.96"), "98.94998504").funding_rate_e28 == QUIET_E28


@pytest.mark.parametrize(
    ("premium_bps", "rate_e28"),
    [(0, QUIET_E28), (6, QUIET_E28), (-4, QUIET_E28), (9, 5 * 10**23), (-9, -5 * 10**23), (1_000, 10**26), (-1_000, -(10**26))],
)
def test_funding_rate_leaves_the_interest_beyond_five_bps_and_is_bounded(premium_bps: int, rate_e28: int) -> None:
    assert funding_rate_e28(premium_bps * 10**24) == rate_e28


def test_funding_rate_is_the_mean_over_the_running_hour() -> None:
    desk = quoted("101.99", "102.01")
    first = set_index(desk, "100.00000000", ON_THE_HOUR_US)
    second = set_index(desk, "102.00000000", ON_THE_HOUR_US + US_PER_HOUR - 1)
    assert first.funding_rate_e28 == (200 - 5) * 10**24 // 8
    assert second.mark == 10_203
    assert QUIET_E28 < second.funding_rate_e28 < first.funding_rate_e28


def test_new_hour_forgets_the_old_premium_and_moves_the_next_funding() -> None:
    desk = Desk()
    desk.rest(limit(BID, "110", "1", MAKER, symbol=PERPETUAL), limit(ASK, "110.02", "1", MAKER, symbol=PERPETUAL))
    before = set_index(desk, "100.00000000", ON_THE_HOUR_US - 1)
    desk.engine.apply(Cancel(account=MAKER, symbol=PERPETUAL, order_id=2), ON_THE_HOUR_US)
    after = set_index(desk, "100.00000000", ON_THE_HOUR_US)
    assert before.funding_rate_e28 == 10**26
    assert after.funding_rate_e28 == QUIET_E28
    assert (before.next_funding_ms, after.next_funding_ms) == (ON_THE_HOUR_US // 1000, ON_THE_HOUR_US // 1000 + 3_600_000)

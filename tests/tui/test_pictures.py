"""What is drawn of a model: the book, the lists, the health and the heading."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from haversack.account.life import OrderState
from haversack.account.positions import NetPosition
from haversack.streams.health import BookHealth, ConnectionState
from haversack.tui import listings
from haversack.tui.book_picture import BookPicture, book_picture
from haversack.tui.heading import heading
from haversack.tui.health_picture import health, summary
from haversack.tui.model import BookSight
from haversack.tui.paper import Line, plain, width_of
from haversack.tui.permit import Badge, Trading
from haversack.tui.table import Table
from haversack.wire.enums import Side
from tui.known import NOW_US, S, account, book, model, order, stream, streams

DECIMALS = (2, 2)


def text_of(table: Table) -> list[str]:
    return plain([table.head, *table.rows]).splitlines()


def drawn(sight: BookSight, width: int = 30, height: int = 8) -> BookPicture:
    return book_picture(sight, (width, height), decimals=DECIMALS)


def bar_of(line: Line) -> int:
    """How long the bar behind a line is."""
    return sum(len(span.text) for span in line if "bar-" in span.style)


def test_book_has_asks_above_and_bids_below_and_the_spread_between() -> None:
    picture = drawn(book([("100.50", "2"), ("100.49", "1")], [("100.52", "4"), ("100.60", "1")]), height=6)
    assert plain(picture.lines).splitlines() == [
        "  price  quantity     total",
        " 100.60      1.00      5.00",
        " 100.52      4.00      4.00",
        "  100.51  spread 0.02 (2.0 bp)",
        " 100.50      2.00      2.00",
        " 100.49      1.00      3.00",
    ]
    assert picture.levels[1:] == [
        (Side.ASK, D("100.60")),
        (Side.ASK, D("100.52")),
        None,
        (Side.BID, D("100.50")),
        (Side.BID, D("100.49")),
    ]


def test_bar_is_as_long_as_what_rests_up_to_the_price() -> None:
    picture = drawn(book([("100.50", "2"), ("100.49", "1")], [("100.52", "4"), ("100.60", "1")]), height=6)
    assert [bar_of(line) for line in picture.lines] == [0, 30, 24, 0, 12, 18]
    assert {width_of(line) for line in picture.lines} == {30}


def test_own_order_is_marked_in_the_book() -> None:
    picture = book_picture(book([("100.50", "2")], [("100.52", "4")]), (30, 4), decimals=DECIMALS, own={(Side.BID, D("100.5"))})
    assert [line[:1] for line in plain(picture.lines).splitlines()] == [" ", " ", " ", "▸"]


def test_empty_sides_are_said_to_be_empty() -> None:
    text = plain(drawn(book([], [("100.52", "4")])).lines)
    assert "no bids" in text
    assert "no spread" in text
    assert "no asks" in plain(drawn(book([("1", "1")], [])).lines)


def test_book_that_is_not_in_sync_says_why_and_shows_what_was_last_right_without_bars() -> None:
    picture = drawn(book([("100.50", "2")], [("100.52", "4")], trouble="the connection was lost"), height=8)
    text = plain(picture.lines)
    assert text.startswith("not in sync: the connection")
    assert "100.52" in text
    assert sum(map(bar_of, picture.lines)) == 0
    assert plain(drawn(BookSight(trouble="waiting for a snapshot")).lines) == "waiting for a snapshot"


def test_long_price_is_never_cut_and_long_quantities_are_shortened() -> None:
    picture = drawn(book([("1234567890123.25", "98765432101234")], [("1234567890124.25", "1")]), width=30, height=4)
    text = plain(picture.lines)
    assert "1234567890123.25" in text
    assert "98.8T" in text


@pytest.mark.parametrize("size", [(1, 1), (6, 2), (12, 3), (300, 100)])
def test_book_of_any_size_is_drawn(size: tuple[int, int]) -> None:
    picture = book_picture(book([("100.50", "2")], [("100.52", "4")]), size, decimals=DECIMALS)
    assert all(width_of(line) <= size[0] for line in picture.lines)
    assert len(picture.lines) == len(picture.levels) <= max(2, size[1])


def test_markets_show_last_price_change_and_volume_with_the_busiest_first() -> None:
    lines = text_of(listings.markets(model(), 44, NOW_US))
    assert lines[0].split() == ["market", "last", "24", "h", "vol"]
    assert lines[1].split() == ["BTC_USDC", "77296.1", "-3.38%", "7.31M"]
    assert lines[2].split() == ["SOL_USDC", "100.50", "+2.55%", "909k"]
    assert lines[3].split()[1:] == ["-", "-", "-"]


def test_orders_that_are_open_are_told_from_those_that_ended() -> None:
    known = model()
    known.account = account(
        order(1, executed_quantity=D("0.5")),
        order(2, reached=OrderState.UNKNOWN, order_id=None, ticket=4, side=Side.ASK),
        order(3, reached=OrderState.REJECTED, price=None),
    )
    assert [line.split() for line in text_of(listings.orders(known, 70, NOW_US))[1:]] == [
        ["SOL_USDC", "Bid", "100.50", "1.5", "33%", "partly", "filled", "1"],
        ["SOL_USDC", "Ask", "100.50", "1.5", "0%", "unknown", "-"],
        ["SOL_USDC", "Bid", "market", "1.5", "0%", "rejected", "3"],
    ]
    styles = [row[10].style for row in listings.orders(known, 70, NOW_US).rows]
    assert styles == ["good", "warn", "bad"]


def test_order_is_not_filled_in_full_while_a_crumb_is_left() -> None:
    crumb = order(1, executed_quantity=D("1.4999"))
    assert listings.percent_filled(crumb) == "99%"
    assert listings.percent_filled(order(1, executed_quantity=D("1.5"))) == "100%"
    assert listings.percent_filled(order(1, quantity=None)) == "-"


def test_position_shows_what_it_has_brought_at_the_last_price() -> None:
    known = model()
    known.account = account(
        positions={
            "SOL_USDC": NetPosition(net_quantity=D(-2), entry_price=D("101.00")),
            "GONE_PERP": NetPosition(net_quantity=D(1), entry_price=None),
        }
    )
    lines = [line.split() for line in text_of(listings.positions(known, 70, NOW_US))[1:]]
    assert lines == [["GONE_PERP", "+1", "-", "-", "-"], ["SOL_USDC", "-2", "101.00", "100.50", "+1.00"]]


def test_balances_have_all_their_digits() -> None:
    known = model()
    known.account = account(USDC="1234567.123456", SOL="0")
    assert [line.split() for line in text_of(listings.balances(known, 60, NOW_US))[1:]] == [
        ["SOL", "0", "0.5", "0"],
        ["USDC", "1,234,567.123456", "0.5", "0"],
    ]


def test_empty_list_says_why() -> None:
    assert listings.nothing("orders", model(trading=Trading.NO_KEYS)) == "no keys: public data only"
    known = model()
    assert listings.nothing("orders", known) == "the account is being read"
    known.account_trouble = "the keys were refused"
    assert listings.nothing("balances", known) == "the keys were refused"
    known.account = account()
    assert listings.nothing("positions", known) == "no positions"
    assert listings.nothing("trades", known) == "no trades yet"


def test_health_has_a_line_for_each_stream_and_one_for_all_tickers() -> None:
    known = model()
    known.account = account()
    lines = [line.split() for line in text_of(health(known, 100, NOW_US))]
    assert lines[0] == ["what", "state", "age", "lag", "events", "skipped", "gaps"]
    assert lines[1:] == [
        ["connection", "open", "1", "s"],
        ["book", "SOL_USDC", "in", "sync", "8", "0"],
        ["account", "in", "sync"],
        ["trade.SOL_USDC", "ok", "1", "s", "3", "ms", "5", "0", "0"],
        ["ticker", "(of", "2)", "ok", "1", "s", "3", "ms", "12", "0", "0"],
    ]


def test_health_says_what_is_wrong() -> None:
    known = model()
    known.streams = streams(
        state=ConnectionState.WAITING,
        next_attempt_us=NOW_US + 3 * S,
        last_error="the exchange hung up",
        books={"SOL_USDC": BookHealth(is_synced=False, trouble="the connection was lost", update_id=None, counters={})},
        streams={
            "trade.SOL_USDC": stream(is_stale=True),
            "depth.SOL_USDC": stream(is_stale=True, interruptions=2),
            "kline.1m.SOL_USDC": stream(is_asked=False, lag_us=None),
        },
    )
    known.account_trouble = "the keys were refused"
    known.history_trouble = "too many requests"
    text = plain(health(known, 100, NOW_US).rows)
    for words in (
        "lost; again in 3 s: the exchange hung up",
        "not in sync: the connection was lost",
        "stale",
        "silent",
        "not asked for",
        "the keys were refused",
        "too many requests",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({}, "● connected"),
        ({"state": ConnectionState.WAITING, "next_attempt_us": NOW_US + 3 * S}, "○ lost; again in 3 s"),
        ({"state": ConnectionState.CONNECTING}, "○ connecting"),
        ({"streams": {"depth.SOL_USDC": stream(is_stale=True)}}, "● 1 stale"),
        ({"streams": {"depth.SOL_USDC": stream(is_stale=True, is_quiet=True)}}, "● connected"),
        ({"streams": {"trade.SOL_USDC": stream(is_stale=True)}}, "● connected"),
        ({"streams": {"ticker.HNT_USDC": stream(is_stale=True)}}, "● connected"),
        ({"streams": {"ticker.SOL_USDC": stream(is_stale=True)}}, "● 1 stale"),
    ],
)
def test_heading_says_in_two_words_how_the_connection_is(changed: dict[str, object], text: str) -> None:
    known = model()
    known.streams = streams(**changed)
    assert summary(known, NOW_US).text == text


def test_heading_tells_of_the_book_and_of_the_account_where_the_connection_is_well() -> None:
    known = model()
    known.book = BookSight(trouble="a message is missing")
    assert summary(known, NOW_US).text == "● no book"
    known = model()
    known.account = account()
    assert summary(known, NOW_US).text == "● connected"
    known.ending = "the certificate is not trusted"
    assert summary(known, NOW_US).text == "■ streams ended"


@pytest.mark.parametrize(("is_live", "badge"), [(True, " LIVE "), (False, " sim: invented prices ")])
@pytest.mark.parametrize("width", [8, 24, 40, 80, 200])
def test_whose_prices_these_are_is_seen_at_any_width(width: int, is_live: bool, badge: str) -> None:
    line = heading(model(is_live=is_live), width, NOW_US)
    assert width_of(line) == width
    shown = next(span for span in line if span.style == ("live" if is_live else "sim"))
    assert shown.text == badge or (width < len(badge) and shown.text.endswith("…"))


def test_heading_has_no_half_numbers() -> None:
    text = plain([heading(model(), 60, NOW_US)])
    assert text.split() == ["SOL_USDC", "100.50", "●", "connected", "sim:", "invented", "prices"]


def test_profile_of_another_name_is_named() -> None:
    assert Badge("mine", is_live=True).text == " LIVE: mine "
    assert Badge("lab", is_live=False).text == " lab: invented prices "

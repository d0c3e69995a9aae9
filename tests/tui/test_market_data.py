"""Candles, the tape, and the chart that is made of the first."""

from __future__ import annotations

from decimal import Decimal as D

import msgspec
import pytest

from haversack.tui.candles import CANDLES_MAX, Candle, Candles
from haversack.tui.chart import Frame, chart
from haversack.tui.paper import plain, width_of
from haversack.tui.tape import TRADES_MAX, Tape
from haversack.wire.enums import Side
from haversack.wire.events import KlineEvent, TradeEvent
from haversack.wire.markets import Kline
from haversack.wire.trades import Trade

START_US = 1_788_285_120_000_000
MINUTE_US = 60_000_000


def candle(minute: int, *prices: str, volume: str = "1") -> Candle:
    opened, high, low, close = (D(price) for price in prices)
    return Candle(START_US + minute * MINUTE_US, opened, high, low, close, D(volume))


def kline(minute: int, *prices: str | None, volume: str = "1") -> Kline:
    names = dict(zip(("open", "high", "low", "close"), prices or [None] * 4, strict=True))
    row = {"start": f"2026-09-01 17:{52 + minute}:00", "end": f"2026-09-01 17:{53 + minute}:00", "volume": volume}
    return msgspec.convert(row | names | {"quoteVolume": "1", "trades": "1"}, Kline)


def event(minute: int, *prices: str, volume: str) -> KlineEvent:
    times = {"t": f"2026-09-01T17:{52 + minute}:00", "T": f"2026-09-01T17:{53 + minute}:00", "E": 1, "s": "SOL_USDC"}
    prices_by_name = dict(zip("ohlc", prices, strict=True))
    return msgspec.convert(times | prices_by_name | {"X": False, "n": 1, "v": volume, "e": "kline"}, KlineEvent)


def trade_event(trade_id: int, price: str = "100", *, is_buyer_maker: bool = False) -> TradeEvent:
    ids = {"a": "1", "b": "2", "t": trade_id, "E": 1, "T": trade_id * 1_000}
    return msgspec.convert(ids | {"m": is_buyer_maker, "p": price, "q": "1", "s": "SOL_USDC", "e": "trade"}, TradeEvent)


def trade(trade_id: int) -> Trade:
    row = {"id": trade_id, "price": "100", "quantity": "1", "quoteQuantity": "100", "timestamp": trade_id}
    return msgspec.convert(row | {"isBuyerMaker": True}, Trade, strict=False)


def test_candle_of_the_stream_replaces_that_of_the_history() -> None:
    candles = Candles()
    candles.take_history([kline(0, "100", "101", "99", "100"), kline(1, "100", "100", "100", "100")])
    candles.take(event(1, "100", "105", "100", "104", volume="7"))
    assert [(each.close, each.volume) for each in candles.last(9)] == [(D(100), D(1)), (D(104), D(7))]


def test_history_that_is_older_than_the_stream_changes_nothing() -> None:
    candles = Candles()
    candles.take(event(1, "100", "105", "100", "104", volume="7"))
    candles.take_history([kline(0, "100", "101", "99", "100"), kline(1, "100", "101", "100", "101", volume="3")])
    assert [each.close for each in candles.last(9)] == [100, 104]


def test_candle_without_trades_is_flat_at_the_close_before() -> None:
    candles = Candles()
    candles.take_history([kline(0, volume="0"), kline(1, "100", "101", "99", "100.5"), kline(2, volume="0")])
    assert candles.last(9) == [candle(1, "100", "101", "99", "100.5"), candle(2, *["100.5"] * 4, volume="0")]
    assert candles.last(0) == []


def test_candles_are_bounded() -> None:
    candles = Candles()
    for minute in range(CANDLES_MAX + 20):
        hour, rest = divmod(minute, 60)
        moved = msgspec.structs.replace(event(0, "1", "1", "1", "1", volume="1"), start_iso=f"2026-09-01T{hour:02}:{rest:02}:00")
        candles.take(moved)
    assert len(candles.last(9_999)) == CANDLES_MAX


def test_trades_are_told_once_newest_first_whoever_tells_them() -> None:
    tape = Tape()
    tape.take(trade_event(3))
    tape.take_history([trade(3), trade(1), trade(2)])
    tape.take(trade_event(4, is_buyer_maker=True))
    assert [(each.trade_id, each.taker) for each in tape.newest()] == [(4, Side.ASK), (3, Side.ASK), (2, Side.ASK), (1, Side.ASK)]


def test_tape_is_bounded_in_a_burst() -> None:
    tape = Tape()
    sizes = set()
    for number in range(5_000):
        tape.take(trade_event(number))
        sizes.add(len(tape))
    assert max(sizes) <= 4 * TRADES_MAX + 1
    assert [each.trade_id for each in tape.newest()] == list(range(4_999, 4_999 - TRADES_MAX, -1))


RISING = [candle(0, "10", "12", "10", "12"), candle(1, "12", "14", "8", "10"), candle(2, "10", "18", "10", "16", volume="2")]


def test_chart_draws_bodies_and_wicks_on_half_lines() -> None:
    lines = chart(RISING, Frame(20, 7, 0, 60))
    assert plain(lines).splitlines() == [
        "              │  18",
        "┈┈┈┈┈┈┈┈┈┈┈┈┈┈█┈ 16",
        "            │ █",
        "          ▄ ▄ █",
        "          █ █ █",
        "            │    8",
        "           17:54",
    ]


def test_chart_of_falling_candles_needs_no_colours() -> None:
    text = plain(chart(RISING, Frame(20, 7, 0, 60, is_plain=True)))
    assert "░" in text
    assert "░" not in plain(chart(RISING, Frame(20, 7, 0, 60)))


def test_chart_shows_the_newest_candles_and_their_times() -> None:
    many = [candle(minute, "10", "12", "9", "11") for minute in range(50)]
    lines = chart(many, Frame(40, 12, 2, 60))
    assert plain(lines).splitlines()[-1].split() == ["18:26", "18:34", "18:41"]
    assert {width_of(line) for line in lines} == {40}
    assert len(lines) == 12


def test_volume_of_a_candle_is_seen_however_small_it_is() -> None:
    lines = chart(
        [candle(0, "1", "1", "1", "1", volume="0.001"), candle(1, "1", "1", "1", "1", volume="900")], Frame(30, 12, 2, 60)
    )
    assert "▁" in plain(lines).splitlines()[-2]
    assert "█" in plain(lines).splitlines()[-2]


@pytest.mark.parametrize("size", [(1, 1), (5, 2), (10, 3), (200, 60)])
def test_chart_of_any_size_is_drawn(size: tuple[int, int]) -> None:
    lines = chart(RISING, Frame(*size, 2, 60))
    assert all(width_of(line) <= size[0] for line in lines)


def test_market_without_trades_has_no_candles() -> None:
    assert plain(chart([], Frame(40, 8, 2, 60))) == "no trades yet, so no candles"


def test_chart_of_one_price_and_of_very_long_prices() -> None:
    long = "123456789012345678901234567890.123456"
    assert plain(chart([candle(0, *[long] * 4)], Frame(80, 8, 2, 60))).count(long) == 1

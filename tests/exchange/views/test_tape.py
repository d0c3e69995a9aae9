"""Trades, candles and statistics of a market, as everyone may ask for them."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from exchange import recordings
from exchange.facts import LISTING, price_units, quantity_units, quote_units, trade
from haversack.exchange.engine.event import MarkChanged
from haversack.exchange.views.bars import Bar
from haversack.exchange.views.spans import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from haversack.exchange.views.tape import Tape
from haversack.units import plain, to_time_us
from haversack.wire.codec import decode, encode
from haversack.wire.enums import KlineInterval, KlinePriceType, TickerInterval
from haversack.wire.markets import GetKlines, Kline, Ticker
from haversack.wire.trades import Trade

SYMBOL, PERPETUAL = "SOL_USDC", "SOL_USDC_PERP"


def us(text: str) -> int:
    """Of a time on 2026-09-01, or of a whole date and time."""
    return to_time_us(datetime.fromisoformat(text if "-" in text else f"2026-09-01T{text}").replace(tzinfo=UTC))


def tape(*trades: tuple[str, str]) -> Tape:
    """A tape of trades: time and price, one SOL each."""
    made = Tape(LISTING)
    for number, (at, price) in enumerate(trades):
        made.record(trade(price, trade_id=number + 1), now_us=us(at))
    return made


def ask(
    made: Tape,
    interval: str,
    start: str,
    end: str | None = None,
    *,
    now: str,
    kind: KlinePriceType | None = None,
    symbol: str = SYMBOL,
) -> list[Kline]:
    operation = GetKlines(
        symbol=symbol,
        interval=KlineInterval(interval),
        start_time_s=us(start) // SECOND_US,
        end_time_s=None if end is None else us(end) // SECOND_US,
        price_type=kind,
    )
    return made.klines(operation, now_us=us(now))


def shown(*numbers: Decimal | None) -> tuple[str | None, ...]:
    return tuple(None if number is None else plain(number) for number in numbers)


def starts(rows: list[Kline]) -> list[str]:
    return [row.start_text.removeprefix("2026-09-01 ") for row in rows]


def test_recent_trades_come_newest_first_in_bytes() -> None:
    made = Tape(LISTING)
    made.record(trade("100.70", "8.10", trade_id=5), now_us=us("17:52:03.140"))
    made.record(trade("100.67", "0.22", trade_id=6), now_us=us("17:52:03.140999"))
    assert encode(made.recent_trades(SYMBOL, 10)) == (
        b'[{"id":6,"isBuyerMaker":false,"price":"100.67","quantity":"0.22","quoteQuantity":"22.1474","timestamp":1788285123140},'
        b'{"id":5,"isBuyerMaker":false,"price":"100.7","quantity":"8.1","quoteQuantity":"815.67","timestamp":1788285123140}]'
    )


def test_no_more_trades_than_were_asked_for_and_never_more_than_a_thousand() -> None:
    made = Tape(LISTING)
    for number in range(1100):
        made.record(trade("20", trade_id=number), now_us=us("17:00:00") + number)
    assert [row.trade_id for row in made.recent_trades(SYMBOL, 3)] == [1099, 1098, 1097]
    assert len(made.recent_trades(SYMBOL, 5000)) == 1000
    assert made.recent_trades(SYMBOL, 0) == made.recent_trades("BTC_USDC", 5) == []


def test_clock_that_was_set_back_does_not_reorder_the_trades() -> None:
    made = tape(("17:00:10", "20"), ("16:00:00", "21"))
    times_ms = [row.timestamp_ms for row in made.recent_trades(SYMBOL, 5)]
    assert times_ms == [us("17:00:10") // 1000] * 2
    assert made.klines(GetKlines(SYMBOL, interval="1m", start_time_s=0), now_us=us("17:01:00"))[-1].close == Decimal(21)


def test_candles_in_bytes() -> None:
    made = tape(("16:52:01", "101.05"), ("16:52:30", "101.10"), ("16:52:59.999999", "101.02"), ("16:54:00", "101.00"))
    assert encode(ask(made, "1m", "16:52:00", now="16:55:00")) == (
        b'[{"close":"101.02","end":"2026-09-01 16:53:00","high":"101.1","low":"101.02","open":"101.05",'
        b'"quoteVolume":"303.17","start":"2026-09-01 16:52:00","trades":"3","volume":"3"},'
        b'{"close":null,"end":"2026-09-01 16:54:00","high":null,"low":null,"open":null,'
        b'"quoteVolume":"0","start":"2026-09-01 16:53:00","trades":"0","volume":"0"},'
        b'{"close":"101","end":"2026-09-01 16:55:00","high":"101","low":"101","open":"101",'
        b'"quoteVolume":"101","start":"2026-09-01 16:54:00","trades":"1","volume":"1"}]'
    )


@pytest.mark.parametrize(
    ("interval", "start", "end", "now", "expected"),
    [
        # Both ends are cut down to the minute; the candle that begins at the end is left out.
        ("1m", "16:51:00", "16:53:00", "18:00:00", ["16:51:00", "16:52:00"]),
        ("1m", "16:51:59", "16:53:59", "18:00:00", ["16:51:00", "16:52:00"]),
        ("1m", "16:52:00", "16:52:59", "18:00:00", []),
        # Without an end: up to now, so the running minute is left out.
        ("1m", "16:57:00", None, "16:59:59", ["16:57:00", "16:58:00"]),
        ("1m", "16:57:00", None, "17:00:00", ["16:57:00", "16:58:00", "16:59:00"]),
        # Of longer candles the running one is there, once it is a minute old.
        ("1h", "16:00:00", None, "17:00:59", ["16:00:00"]),
        ("1h", "16:00:00", None, "17:01:00", ["16:00:00", "17:00:00"]),
        ("5m", "16:51:00", None, "17:01:00", ["16:55:00", "17:00:00"]),
        ("1h", "16:00:01", None, "18:01:00", ["16:00:00", "17:00:00", "18:00:00"]),
        ("1h", "16:01:00", None, "18:01:00", ["17:00:00", "18:00:00"]),
        # An end in the future shows what has begun.
        ("1m", "16:57:00", "23:00:00", "16:59:30", ["16:57:00", "16:58:00", "16:59:00"]),
        ("1m", "16:57:00", "23:00:00", "16:59:00", ["16:57:00", "16:58:00", "16:59:00"]),
        # Nothing is known of the time before the first trade.
        ("1m", "01:00:00", "16:52:00", "18:00:00", ["16:50:00", "16:51:00"]),
        ("1m", "2020-01-01T00:00:00", "2020-01-02T00:00:00", "18:00:00", []),
        ("1m", "17:30:00", "17:00:00", "18:00:00", []),
        ("1m", "2030-01-01T00:00:00", None, "18:00:00", []),
        # Seconds are cut to the second, and reach up to now.
        ("1s", "16:50:01", None, "16:50:03.9", ["16:50:01", "16:50:02"]),
    ],
)
def test_candles_of_a_stretch_of_time(interval: str, start: str, end: str | None, now: str, expected: list[str]) -> None:
    assert starts(ask(tape(("16:50:00", "20")), interval, start, end, now=now)) == expected


def test_absurd_times_are_no_error() -> None:
    made = tape(("16:50:00", "20"))
    for interval in KlineInterval:
        for start_s in (-(2**63), 2**63 - 1):
            for end_s in (None, -(2**63), 2**63 - 1):
                operation = GetKlines(SYMBOL, interval=interval, start_time_s=start_s, end_time_s=end_s)
                assert len(made.klines(operation, now_us=us("16:55:00"))) <= 1000


def test_market_without_trades_has_no_candles() -> None:
    assert ask(tape(), "1m", "16:00:00", now="17:00:00") == []


def test_at_most_a_thousand_candles_the_oldest() -> None:
    rows = ask(tape(("00:00:00", "20")), "1m", "00:00:00", now="23:00:00")
    assert (len(rows), starts(rows)[0], starts(rows)[-1]) == (1000, "00:00:00", "16:39:00")


def random_trades(seed: int, span_us: int, count: int) -> list[tuple[int, int, int]]:
    """Time, price and quantity."""
    dice = random.Random(seed)
    begin_us = us("2026-07-30T03:00:00")
    times_us = sorted(begin_us + dice.randrange(span_us) for _ in range(count))
    return [(time_us, dice.randrange(1, 40_000), dice.randrange(1, 500)) for time_us in times_us]


MINUTES = ("1m", "3m", "5m", "15m", "30m")
# What is kept in full: an hour of seconds, eight days of minutes, 400 days of hours.
KEPT_US = {interval: 7 * DAY_US if interval.value in MINUTES else 70 * DAY_US for interval in KlineInterval}
KEPT_US[KlineInterval.SECOND_1] = 50 * MINUTE_US


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("interval", KlineInterval)
def test_candles_are_what_their_trades_say(interval: KlineInterval, seed: int) -> None:
    made, rows = Tape(LISTING), random_trades(seed, KEPT_US[interval], 400)
    for time_us, price, quantity in rows:
        made.record(msgspec.structs.replace(trade("1"), price=price, quantity=quantity), now_us=time_us)
    now_us = rows[-1][0] + 2 * HOUR_US
    operation = GetKlines(SYMBOL, interval=interval, start_time_s=rows[0][0] // SECOND_US - 40 * 86_400)
    for kline in made.klines(operation, now_us=now_us):
        start_us, end_us = to_time_us(kline.start), to_time_us(kline.end)
        inside = [(price, quantity) for time_us, price, quantity in rows if start_us <= time_us < end_us]
        prices = [Decimal(price).scaleb(-2) for price, _ in inside]
        expected = (prices[0], max(prices), min(prices), prices[-1]) if prices else (None, None, None, None)
        assert (kline.open, kline.high, kline.low, kline.close) == expected
        assert kline.volume == Decimal(sum(quantity for _, quantity in inside)).scaleb(-2)
        assert kline.quote_volume == Decimal(sum(price * quantity for price, quantity in inside)).scaleb(-4)
        assert kline.trades == len(inside)


def test_mark_and_index_have_candles_without_volume() -> None:
    made = Tape(LISTING)
    for second, (mark, index) in enumerate([(9894, 9_894_998_504), (9893, 9_895_166_088)]):
        event = MarkChanged(symbol=PERPETUAL, mark=mark, index=index, funding_rate_e28=0, next_funding_ms=0)
        made.record_mark(event, us("16:50:00") + second * SECOND_US)
    marks = ask(made, "1m", "16:50:00", now="16:51:00", kind=KlinePriceType.MARK, symbol=PERPETUAL)
    indexes = ask(made, "1m", "16:50:00", now="16:51:00", kind=KlinePriceType.INDEX, symbol=PERPETUAL)
    assert [(*shown(row.open, row.close, row.volume), row.trades) for row in marks] == [("98.94", "98.93", "0", 0)]
    assert [shown(row.open, row.close) for row in indexes] == [("98.94998504", "98.95166088")]
    assert ask(made, "1m", "16:50:00", now="16:51:00", symbol=PERPETUAL) == []


def ticker(made: Tape, now: str, interval: TickerInterval = TickerInterval.DAY_1) -> Ticker | None:
    return made.ticker(SYMBOL, interval, now_us=us(now))


def test_ticker_in_bytes() -> None:
    made = tape(("16:50:00", "103.68"), ("16:51:00", "104.96"), ("16:52:00", "100.57"), ("16:53:00", "100.67"))
    assert encode(ticker(made, "17:00:00")) == (
        b'{"firstPrice":"103.68","high":"104.96","lastPrice":"100.67","low":"100.57","priceChange":"-3.01",'
        b'"priceChangePercent":"-0.029032","quoteVolume":"409.88","symbol":"SOL_USDC","trades":"4","volume":"4"}'
    )


@pytest.mark.parametrize(
    ("first", "last", "percent"),
    [
        ("100", "100", "0"),
        ("100", "200", "1"),
        ("0.9", "1", "0.111111"),
        ("145.97", "156.66", "0.073234"),
        # Half of a millionth goes to the even one.
        ("20000", "20000.01", "0"),
        ("20000", "20000.03", "0.000002"),
        ("20000", "19999.97", "-0.000002"),
        ("20000", "19999.99", "0"),
    ],
)
def test_price_change_is_a_fraction_of_six_decimals(first: str, last: str, percent: str) -> None:
    row = ticker(tape(("16:50:00", first), ("16:51:00", last)), "17:00:00")
    assert row is not None
    assert plain(row.price_change_percent) == percent


@pytest.mark.parametrize(
    ("now", "trades"),
    [
        ("2026-09-02T16:50:59", 3),
        # A minute leaves when it is a day old, about a second after the next one began.
        ("2026-09-02T16:51:00.9", 3),
        ("2026-09-02T16:51:01", 2),
        ("2026-09-02T16:51:59", 2),
        ("2026-09-02T16:52:01", 1),
        ("2026-09-02T16:53:00.9", 1),
        ("2026-09-02T16:53:01", None),
    ],
)
def test_window_of_a_day_moves_by_minutes(now: str, trades: int | None) -> None:
    made = tape(("16:50:01", "20"), ("16:51:30", "21"), ("16:52:59", "19"))
    row = ticker(made, now)
    assert (row and row.trades) == trades


def test_trade_of_a_new_minute_does_not_move_the_window_early() -> None:
    made = tape(("16:50:01", "20"), ("2026-09-02T16:51:00.5", "21"))
    early, late = ticker(made, "2026-09-02T16:51:00.9"), ticker(made, "2026-09-02T16:51:01")
    assert (early and early.trades, late and late.trades) == (2, 1)


def test_high_and_low_are_forgotten_with_their_minute() -> None:
    made = tape(("16:50:00", "30"), ("16:50:10", "10"), ("16:51:00", "25"), ("16:52:00", "12"), ("16:52:30", "20"))
    before, after = ticker(made, "2026-09-02T16:51:00"), ticker(made, "2026-09-02T16:51:01")
    assert before is not None
    assert after is not None
    assert shown(before.first_price, before.high, before.low) == ("30", "30", "10")
    assert shown(after.first_price, after.high, after.low) == ("25", "25", "12")


def test_market_that_did_not_trade_within_the_window_has_no_ticker() -> None:
    made = tape(("16:50:00", "30"))
    assert ticker(made, "2026-09-03T17:00:00") is None
    assert ticker(made, "2026-09-03T17:00:00", TickerInterval.WEEK_1) is not None
    assert [row.symbol for row in made.tickers(TickerInterval.WEEK_1, now_us=us("2026-09-03T17:00:00"))] == [SYMBOL]
    assert made.tickers(TickerInterval.DAY_1, now_us=us("2026-09-03T17:00:00")) == []


@pytest.mark.parametrize("seed", range(5))
def test_statistics_are_what_the_trades_of_the_window_say(seed: int) -> None:
    made, dice = Tape(LISTING), random.Random(seed)
    rows = random_trades(seed, 3 * DAY_US, 600)
    for index, (time_us, price, quantity) in enumerate(rows):
        made.record(msgspec.structs.replace(trade("1"), price=price, quantity=quantity), now_us=time_us)
        if dice.random() < 0.3:
            now_us = time_us + dice.randrange(3 * MINUTE_US)
            moved_us = now_us - SECOND_US
            from_us = moved_us - moved_us % MINUTE_US - DAY_US
            inside = [row for row in rows[: index + 1] if row[0] >= from_us]
            found = made.statistics(SYMBOL, TickerInterval.DAY_1, now_us=now_us)
            assert found is not None
            assert (found.first, found.last, found.trades) == (inside[0][1], inside[-1][1], len(inside))
            assert (found.high, found.low) == (max(row[1] for row in inside), min(row[1] for row in inside))
            assert found.volume == sum(row[2] for row in inside)
            # The tape's time does not go back: neither may the test's.
            rows[index + 1 :] = [(max(row[0], now_us), *row[1:]) for row in rows[index + 1 :]]


def test_past_of_a_new_exchange_shows_in_candles_and_ticker() -> None:
    made = Tape(LISTING)
    quote = quote_units(SYMBOL, "40")
    made.backfill(SYMBOL, [Bar(us("16:50:00") + n * MINUTE_US, 2000, 2100 + n, 1900, 2005, 200, quote, 3) for n in range(3)])
    made.record(trade("20.50"), now_us=us("16:52:30"))
    rows = ask(made, "1m", "16:50:00", now="16:53:00")
    assert [(*shown(row.high, row.close), row.trades) for row in rows] == [
        ("21", "20.05", 3),
        ("21.01", "20.05", 3),
        ("21.02", "20.5", 4),
    ]
    row = ticker(made, "16:53:00")
    assert row is not None
    assert row.trades == 10
    assert shown(row.high, row.volume, row.quote_volume) == ("21.02", "7", "140.5")


def test_memory_is_bounded() -> None:
    made = Tape(LISTING)
    for minute in range(20 * 24 * 60):
        made.record(trade("20"), now_us=us("00:00:00") + minute * MINUTE_US)
    now_us = us("00:00:00") + 20 * DAY_US
    oldest_minute = made.klines(GetKlines(SYMBOL, interval="1m", start_time_s=0), now_us=now_us)[0]
    oldest_hour = made.klines(GetKlines(SYMBOL, interval="1h", start_time_s=0), now_us=now_us)[0]
    oldest_second = made.klines(GetKlines(SYMBOL, interval="1s", start_time_s=0), now_us=now_us)[0]
    assert (now_us - to_time_us(oldest_minute.start)) // DAY_US == 8
    assert (now_us - to_time_us(oldest_hour.start)) // DAY_US == 20
    assert (now_us - to_time_us(oldest_second.start)) // HOUR_US == 1


def test_every_recorded_trade_is_written_as_it_came() -> None:
    for answer in recordings.answers("GET", "/api/v1/trades"):
        rows = decode(list[Trade], answer.body, what="recorded trades")
        symbol = dict(part.split("=") for part in answer.query.split("&"))["symbol"]
        made = Tape(LISTING)
        for row in reversed(rows):
            event = trade(plain(row.price), plain(row.quantity), symbol=symbol, trade_id=row.trade_id or 0)
            made.record(msgspec.structs.replace(event, is_buyer_maker=row.is_buyer_maker), now_us=row.timestamp_ms * 1000)
        assert encode(made.recent_trades(symbol, len(rows))) == answer.body


def test_every_recorded_ticker_is_written_as_it_came() -> None:
    for answer in recordings.answers("GET", "/api/v1/ticker"):
        row = decode(Ticker, answer.body, what="a recorded ticker")
        first, high, low, last = (price_units(row.symbol, plain(p)) for p in (row.first_price, row.high, row.low, row.last_price))
        volume, quote = quantity_units(row.symbol, plain(row.volume)), quote_units(row.symbol, plain(row.quote_volume))
        made = Tape(LISTING)
        made.backfill(row.symbol, [Bar(us("17:00:00"), first, high, low, last, volume, quote, row.trades)])
        assert encode(made.ticker(row.symbol, TickerInterval.DAY_1, now_us=us("17:00:00"))) == answer.body

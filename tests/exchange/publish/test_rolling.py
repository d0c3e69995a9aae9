"""Tickers and candles: when they are told, and in which bytes."""

from __future__ import annotations

from exchange import recordings
from exchange.facts import LISTING, price_units, quantity_units, quote_units, trade
from haversack.exchange.publish.publisher import Publisher
from haversack.exchange.views.bars import Bar
from haversack.exchange.views.tape import Tape
from haversack.units import plain, to_time_us
from haversack.wire.events import KlineEvent, TickerEvent

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
# 2026-09-02 16:43:00
START_US = 1_788_367_380_000_000


class Watching:
    """A publisher, its tape, and somebody who listens to a few streams."""

    def __init__(self, *streams: str, at_us: int = START_US) -> None:
        self.tape = Tape(LISTING)
        self.publisher = Publisher(LISTING, self.tape)
        self.streams = streams
        self.now_us = at_us - 1
        assert not self.publisher.due(at_us - 1, wanted=self.wanted)

    def wanted(self, stream: str, account: int | None) -> bool:
        return stream in self.streams

    def trade(self, price: str, quantity: str = "1", *, at_us: int, symbol: str = "SOL_USDC") -> None:
        event = trade(price, quantity, symbol=symbol)
        self.tape.record(event, now_us=at_us)
        self.publisher.frames([event], engine_us=at_us, emit_us=at_us, wanted=self.wanted)

    def until(self, to_us: int) -> list[tuple[int, str]]:
        """Frames up to a time, each with its moment in µs after the start."""
        told: list[tuple[int, str]] = []
        while (next_us := self.publisher.next_due_us(self.now_us)) <= to_us:
            self.now_us = next_us
            frames = [outgoing.frame.decode() for outgoing in self.publisher.due(next_us, wanted=self.wanted)]
            told += [(next_us - START_US, frame) for frame in frames]
        return told


def ticker_at(event_us: int, numbers: str) -> str:
    return f'{{"data":{{"E":{event_us},{numbers},"s":"SOL_USDC","v":"1.5"}},"stream":"ticker.SOL_USDC"}}'


def test_open_interest_comes_every_minute_whether_or_not_it_changed() -> None:
    stream, quantity = "openInterest.SOL_USDC_PERP", quantity_units("SOL_USDC_PERP", "12.5")
    publisher = Publisher(LISTING, Tape(LISTING), open_interest=lambda symbol: quantity if symbol == "SOL_USDC_PERP" else 0)
    told: list[str] = []
    now_us = START_US - 1
    while now_us <= START_US + MINUTE_US:
        told += [outgoing.frame.decode() for outgoing in publisher.due(now_us, wanted=lambda name, _: name == stream)]
        now_us = publisher.next_due_us(now_us)
    assert told == [
        f'{{"data":{{"E":{event_us},"e":"openInterest","o":"12.5","s":"SOL_USDC_PERP"}},"stream":"{stream}"}}'
        for event_us in (START_US, START_US + MINUTE_US)
    ]


def test_ticker_comes_every_second_even_without_change() -> None:
    watching = Watching("ticker.SOL_USDC")
    watching.trade("98.90", "1.5", at_us=START_US)
    numbers = '"V":"148.35","c":"98.9","e":"ticker","h":"98.9","l":"98.9","n":1,"o":"98.9"'
    assert watching.until(START_US + 3 * SECOND_US) == [
        (phase_us, ticker_at(START_US + phase_us, numbers)) for phase_us in (548_000, 1_548_000, 2_548_000)
    ]


def test_market_that_never_traded_has_no_ticker() -> None:
    assert Watching("ticker.SOL_USDC").until(START_US + 3 * SECOND_US) == []


def kline(text: str, *, at_us: int, interval: str = "1m") -> tuple[int, str]:
    data = f'{{"data":{{"E":{START_US + at_us},"e":"kline","s":"SOL_USDC",{text}}},"stream":"kline.{interval}.SOL_USDC"}}'
    return at_us, data


EMPTY = '"T":"2026-09-02T16:44:00","X":true,"c":null,"h":null,"l":null,"n":0,"o":null,"t":"2026-09-02T16:43:00","v":null'


def prices(close: str, high: str, low: str, first: str) -> tuple[str, str, str, str]:
    return (f'"c":"{close}0000000"', f'"h":"{high}0000000"', f'"l":"{low}0000000"', f'"o":"{first}0000000"')


def candle(numbers: tuple[str, str, str, str], *, trades: int, volume: str, is_closed: bool) -> str:
    close, high, low, first = numbers
    return (
        f'"T":"2026-09-02T16:44:00","X":{str(is_closed).lower()},{close},{high},{low},"n":{trades},{first},'
        f'"t":"2026-09-02T16:43:00","v":"{volume}"'
    )


def test_empty_candle_closes_with_nulls_half_a_second_late() -> None:
    watching = Watching("kline.1m.SOL_USDC")
    assert watching.until(START_US + MINUTE_US + SECOND_US) == [
        # The minute before the start closes first.
        kline(EMPTY.replace(":43:", ":42:").replace(":44:", ":43:"), at_us=510_000),
        kline(EMPTY, at_us=60_510_000),
    ]


def test_candle_that_changes_is_told_once_a_second_and_once_more_when_it_closes() -> None:
    watching = Watching("kline.1m.SOL_USDC")
    watching.until(START_US + SECOND_US)
    watching.trade("99.00", "1", at_us=START_US + 1_100_000)
    watching.trade("98.50", "2.25", at_us=START_US + 1_200_000)
    first = candle(prices("98.50", "99.00", "98.50", "99.00"), trades=2, volume="3.2500000", is_closed=False)
    assert watching.until(START_US + 2 * SECOND_US) == [kline(first, at_us=1_510_000)]
    assert watching.until(START_US + 59_600_000) == []
    watching.trade("99.50", "1", at_us=START_US + 59_900_000)
    last = candle(prices("99.50", "99.50", "98.50", "99.00"), trades=3, volume="4.2500000", is_closed=True)
    assert watching.until(START_US + 90 * SECOND_US) == [kline(last, at_us=60_510_000)]


def test_closed_candle_is_told_before_its_successor() -> None:
    watching = Watching("kline.1m.SOL_USDC")
    watching.until(START_US + 59_600_000)
    watching.trade("99.50", at_us=START_US + 59_900_000)
    watching.trade("97.50", at_us=START_US + 60_100_000)
    closed, opened = (text for _, text in watching.until(START_US + 61 * SECOND_US))
    assert '"X":true,"c":"99.500000000"' in closed
    assert '"X":false,"c":"97.500000000"' in opened
    assert '"t":"2026-09-02T16:44:00"' in opened


def test_seconds_and_months_close_too() -> None:
    watching = Watching("kline.1s.SOL_USDC", "kline.1month.SOL_USDC")
    watching.trade("99.50", at_us=START_US + 100)
    assert [text.partition('"stream"')[2] for _, text in watching.until(START_US + SECOND_US)] == [
        ':"kline.1s.SOL_USDC"}',  # of the second before
        ':"kline.1s.SOL_USDC"}',
        ':"kline.1month.SOL_USDC"}',
    ]
    october_us = 1_790_812_800_000_000
    told = watching.publisher.due(october_us + 510_000, wanted=watching.wanted)
    assert b'"T":"2026-10-01T00:00:00","X":true,"c":"99.500000000"' in told[-1].frame
    assert b'"t":"2026-09-01T00:00:00"' in told[-1].frame


def test_candles_are_told_only_to_somebody() -> None:
    watching = Watching()
    watching.trade("99.50", at_us=START_US)
    assert watching.until(START_US + 2 * MINUTE_US) == []


def test_every_recorded_ticker_is_written_as_it_came() -> None:
    for frame, seen in recordings.frames(TickerEvent):
        watching = Watching(f"ticker.{seen.symbol}", at_us=seen.event_us - 10 * SECOND_US)
        bar = Bar(
            start_us=seen.event_us - seen.event_us % MINUTE_US,
            open=price_units(seen.symbol, plain(seen.first_price)),
            high=price_units(seen.symbol, plain(seen.high)),
            low=price_units(seen.symbol, plain(seen.low)),
            close=price_units(seen.symbol, plain(seen.last_price)),
            volume=quantity_units(seen.symbol, plain(seen.volume)),
            quote_volume=quote_units(seen.symbol, plain(seen.quote_volume)),
            trades=seen.trades,
        )
        watching.tape.backfill(seen.symbol, [bar])
        assert [told.frame for told in watching.publisher.due(seen.event_us, wanted=watching.wanted)] == [frame]


def test_every_recorded_candle_without_a_trade_is_written_as_it_came() -> None:
    for frame, seen in recordings.frames(KlineEvent):
        if seen.trades == 0:
            stream = f"kline.1m.{seen.symbol}"
            watching = Watching(stream, at_us=to_time_us(seen.end) - SECOND_US)
            told = watching.publisher.due(seen.event_us, wanted=watching.wanted)
            assert [outgoing.frame for outgoing in told] == [frame]

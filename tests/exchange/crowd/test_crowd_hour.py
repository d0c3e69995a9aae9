"""One hour of the crowd alone on the exchange, against what was recorded.

Recorded minutes of SOL_USDC (observed 2025-06 and 2026-09, an hour each): one-minute returns of 6.8 and 8.4 bps, 23 and 4
trades a minute on average, 2 or 3 of them with 0.44 SOL in most minutes of the quiet hour. Its book (observed 2026-09):
a spread of one tick, the first eight levels without gaps and 30 to 240 SOL on most of them, single SOLs and gaps behind.
Tickers of a day (observed 2026-09) give 5.5 trades a minute on BTC_USDC, 2 on USDT_USDC, 6 on SOL_USDC_PERP, 10 on
BTC_USDC_PERP.
"""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise
from statistics import fmean, median, stdev

import pytest

from exchange.crowd.stage import LISTING, SECOND_US, START_US, TRADED, Look, Stage
from haversack.exchange.engine.command import Place, SetPrices

MINUTES = 60
LOOK_S = 20
PERPETUALS = [symbol for symbol in TRADED if LISTING.rules[symbol].has_index]
PREDICTIONS = [symbol for symbol in TRADED if LISTING.rules[symbol].pays is not None]


@pytest.fixture(scope="module")
def hour() -> Stage:
    stage = Stage(seed=7, looks_every_s=LOOK_S)
    stage.run(MINUTES * 60)
    return stage


def minute_of(time_us: int) -> int:
    return (time_us - START_US) // (60 * SECOND_US)


def trades_per_minute(hour: Stage, symbol: str) -> list[int]:
    counts = Counter(minute_of(time_us) for time_us, _ in hour.trades[symbol])
    return [counts[minute] for minute in range(MINUTES)]


def spreads(hour: Stage, symbol: str) -> list[int]:
    return [(look.asks[0][0] - look.bids[-1][0]) // LISTING.rules[symbol].tick for look in hour.looks[symbol]]


def sol(quantity: int) -> float:
    return quantity / 100


@pytest.mark.parametrize("symbol", TRADED)
def test_no_side_of_a_book_is_ever_thin(hour: Stage, symbol: str) -> None:
    assert len(hour.looks[symbol]) >= MINUTES * 60 // LOOK_S - 2
    # Between a price and 0 or 1 there is not always room for more.
    fewest = 10 if symbol in PREDICTIONS else 20
    for look in hour.looks[symbol]:
        assert fewest <= len(look.bids) <= 40
        assert fewest <= len(look.asks) <= 40


@pytest.mark.parametrize("symbol", PREDICTIONS)
def test_nobody_offers_what_is_certain(hour: Stage, symbol: str) -> None:
    for look in hour.looks[symbol]:
        assert 0 < look.bids[0][0] < look.asks[-1][0] < 100
    prices = [command.price for _, command in hour.sent if isinstance(command, Place) and command.symbol == symbol]
    assert all(price is None or 0 < price < 100 for price in prices)


@pytest.mark.parametrize("symbol", TRADED)
def test_resting_orders_are_bounded(hour: Stage, symbol: str) -> None:
    assert max(look.resting for look in hour.looks[symbol]) <= 80


@pytest.mark.parametrize(
    ("symbol", "median_max", "wide"),
    [("SOL_USDC", 2, 4), ("SOL_USDC_PERP", 2, 4), ("USDT_USDC", 2, 2), ("BTC_USDC", 5, 8), ("ETH_USDC", 6, 9)],
)
def test_spread_is_a_few_ticks(hour: Stage, symbol: str, median_max: int, wide: int) -> None:
    found = spreads(hour, symbol)
    assert min(found) >= 1
    assert median(found) <= median_max
    assert fmean(spread <= wide for spread in found) > 0.9


@pytest.mark.parametrize(
    ("symbol", "low", "high"),
    [
        ("SOL_USDC", 2.5, 9),
        ("BTC_USDC", 4, 9),
        ("ETH_USDC", 2.5, 7),
        ("USDT_USDC", 1.2, 3.5),
        ("SOL_USDC_PERP", 4.5, 10),
        ("BTC_USDC_PERP", 8, 15),
    ],
)
def test_trades_per_minute_are_those_of_a_day(hour: Stage, symbol: str, low: float, high: float) -> None:
    assert low <= fmean(trades_per_minute(hour, symbol)) <= high


def test_a_minute_of_sol_has_few_trades_and_mostly_small_ones(hour: Stage) -> None:
    counts = trades_per_minute(hour, "SOL_USDC")
    assert 2 <= median(counts) <= 5
    assert max(counts) <= 40
    volumes: Counter[int] = Counter()
    for time_us, trade in hour.trades["SOL_USDC"]:
        volumes[minute_of(time_us)] += trade.quantity
    per_minute = [sol(volumes[minute]) for minute in range(MINUTES)]
    assert 0.2 <= min(per_minute) <= 0.5
    assert 0.4 <= median(per_minute) <= 20
    assert max(per_minute) <= 330
    small = [trade for _, trade in hour.trades["SOL_USDC"] if 0.2 <= sol(trade.quantity) <= 0.25]
    assert len(small) > 0.3 * len(hour.trades["SOL_USDC"])


@pytest.mark.parametrize(("symbol", "low", "high"), [("SOL_USDC", 3, 14), ("SOL_USDC_PERP", 3, 14), ("BTC_USDC", 2, 8)])
def test_one_minute_returns_have_the_recorded_spread(hour: Stage, symbol: str, low: float, high: float) -> None:
    closes = {minute_of(time_us): trade.price for time_us, trade in hour.trades[symbol]}
    prices = [closes[minute] for minute in sorted(closes)]
    returns_bps = [math.log(after / before) * 1e4 for before, after in pairwise(prices)]
    assert low <= stdev(returns_bps) <= high


def test_sol_book_is_dense_and_large_near_the_touch_and_sparse_behind(hour: Stage) -> None:
    near, far, dense = [], [], []
    for look in hour.looks["SOL_USDC"]:
        dense += [span(side) <= 10 for side in (look.bids[-8:], look.asks[:8])]
        near += [sol(quantity) for _, quantity in look.asks[:8]]
        far += [sol(quantity) for _, quantity in look.asks[20:]]
        assert 40 <= span(look.asks) <= 200
    assert fmean(dense) > 0.95
    assert 30 <= median(near) <= 200
    assert 0.5 <= median(far) <= 20


def span(levels: list[tuple[int, int]]) -> int:
    return levels[-1][0] - levels[0][0]


def test_open_interest_is_there_from_the_start(hour: Stage) -> None:
    assert all(look.open_interest > 0 for symbol in PERPETUALS for look in hour.looks[symbol])


@pytest.mark.parametrize("symbol", ["SOL_USDC_PERP", "BTC_USDC_PERP", "ETH_USDC_PERP", "HYPE_USDC_PERP"])
def test_open_interest_of_a_busy_market_moves(hour: Stage, symbol: str) -> None:
    found = [look.open_interest for look in hour.looks[symbol]]
    assert any(after < before for before, after in pairwise(found))
    assert any(after > before for before, after in pairwise(found))


def test_spot_and_perpetual_stay_together(hour: Stage) -> None:
    for spot, perpetual in zip(hour.looks["SOL_USDC"], hour.looks["SOL_USDC_PERP"], strict=True):
        assert abs(middle(perpetual) / middle(spot) - 1) < 0.0025


def middle(look: Look) -> float:
    return (look.bids[-1][0] + look.asks[0][0]) / 2


def test_commands_are_bounded(hour: Stage) -> None:
    per_minute = Counter(minute_of(time_us) for time_us, _ in hour.sent)
    # The first second fills the books.
    assert all(count <= 60 * 60 for minute, count in per_minute.items() if minute)
    assert 20 <= len(hour.sent) / (MINUTES * 60) <= 50
    per_second = Counter(time_us // SECOND_US for time_us, _ in hour.sent if time_us >= START_US + SECOND_US)
    assert max(per_second.values()) <= 200


def test_rejections_are_rare(hour: Stage) -> None:
    assert hour.rejections.total() < 0.02 * len(hour.sent)


def test_prices_are_on_the_tick_and_quantities_on_the_step(hour: Stage) -> None:
    for _, command in hour.sent:
        if isinstance(command, Place):
            rules = LISTING.rules[command.symbol]
            assert type(command.quantity) is int
            assert command.quantity > 0
            assert command.quantity % rules.step == 0
            assert command.price is None or (type(command.price) is int and command.price > 0)
            assert command.price is None or command.price % rules.tick == 0


def test_index_prices_come_once_a_second(hour: Stage) -> None:
    told = [(time_us, command) for time_us, command in hour.sent if isinstance(command, SetPrices)]
    assert [time_us // SECOND_US - START_US // SECOND_US for time_us, _ in told] == list(range(MINUTES * 60))
    for _, command in told:
        assert [symbol for symbol, _ in command.indexes] == PERPETUALS
        assert all(type(index) is int and index > 0 for _, index in command.indexes)


def test_funding_of_a_quiet_market_is_near_the_interest(hour: Stage) -> None:
    for symbol in PERPETUALS:
        mark = hour.engine.mark(symbol)
        assert mark
        assert abs(mark.funding_rate_e28) < 10**28 // 10_000

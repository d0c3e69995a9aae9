"""The crowd's accounts, its past, and the places of its levels."""

from __future__ import annotations

import base64
import binascii
from itertools import pairwise
from statistics import stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.crowd.stage import LISTING, START_US, TRADED
from haversack.exchange.crowd import Crowd
from haversack.exchange.crowd.belief import Beliefs
from haversack.exchange.crowd.budget import Budget
from haversack.exchange.crowd.dice import Dice
from haversack.exchange.crowd.grid import Grid
from haversack.exchange.crowd.market import traded_markets
from haversack.exchange.crowd.quote import Quote
from haversack.exchange.crowd.temperament import BaseMood, Takers, Temperament

MINUTE_US = 60_000_000
DAY_MINUTES = 1_440


def test_no_signing_key_can_be_a_house_account() -> None:
    openings = Crowd(LISTING, seed=1).setup()
    assert len({opening.key for opening in openings}) == len(openings) == 8
    for opening in openings:
        assert opening.is_house
        assert opening.fees.maker_cbps == opening.fees.taker_cbps == 0
        with pytest.raises(binascii.Error):
            base64.b64decode(opening.key, validate=True)


def test_grants_fit_into_64_bits_and_no_token_of_a_vault_is_among_them() -> None:
    tokens = {vault.vault_token for vault in LISTING.vaults.values()}
    for opening in Crowd(LISTING, seed=1).setup():
        assert dict(opening.grants).keys() == LISTING.asset_scales.keys() - tokens
        assert all(0 < amount < 2**62 for _, amount in opening.grants)


def test_temperament_names_every_traded_market_and_asset() -> None:
    temperament = Temperament.load()
    assert set(TRADED) <= temperament.markets.keys()
    assert {LISTING.rules[symbol].base for symbol in TRADED} <= temperament.bases.keys()


PREDICTIONS = [symbol for symbol in TRADED if LISTING.rules[symbol].pays is not None]


def test_prediction_markets_begin_without_a_past() -> None:
    assert Crowd(LISTING, seed=7).backfill(START_US).keys() == set(TRADED) - set(PREDICTIONS)


def test_belief_walks_for_years_and_is_never_certain() -> None:
    markets = [market for market in traded_markets(LISTING, {}) if market.symbol in PREDICTIONS]
    wild = Temperament(makers=(), takers=Takers(()), bases={each.rules.base: BaseMood(minute_bps=5_000) for each in markets})
    beliefs = Beliefs(markets, wild, Dice(7, "belief"))
    seen: list[float] = []
    for _ in range(20_000):
        beliefs.walk(60 * MINUTE_US)
        seen += [beliefs.price(market.symbol) for market in markets]
    assert all(0 < price < 100 for price in seen)
    assert min(seen) < 1
    assert max(seen) > 99


@pytest.mark.parametrize("likely", [0.0, 1.0, 49.7, 99.0, 99.99, 100.0])
def test_touch_leaves_room_for_a_bid_and_an_ask(likely: float) -> None:
    market = next(market for market in traded_markets(LISTING, {}) if market.symbol in PREDICTIONS)
    quote = Quote(market, likely, Dice(7, "quote"))
    for _ in range(100):
        quote.follow(likely)
        assert 0 < quote.bid < quote.ask < 100


@pytest.mark.parametrize("symbol", [symbol for symbol in TRADED if symbol not in PREDICTIONS])
def test_backfill_is_a_day_that_ends_at_the_opening_price(symbol: str) -> None:
    bars, rules = Crowd(LISTING, seed=7).backfill(START_US)[symbol], LISTING.rules[symbol]
    end_us = START_US // MINUTE_US * MINUTE_US
    starts = [bar.start_us for bar in bars]
    assert starts == sorted(set(starts))
    assert starts[0] >= end_us - DAY_MINUTES * MINUTE_US
    assert starts[-1] == end_us - MINUTE_US
    assert bars[-1].close == LISTING.opening_prices[symbol].scaleb(rules.price_scale)
    for bar in bars:
        assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert bar.trades > 0
        assert bar.volume % rules.step == 0
        assert all(price % rules.tick == 0 for price in (bar.open, bar.high, bar.low, bar.close))
        assert bar.low * bar.volume <= bar.quote_volume // rules.quote_unit <= bar.high * bar.volume


@pytest.mark.parametrize(
    ("symbol", "trades", "volume"),
    [("BTC_USDC", 7_954, 98.8), ("ETH_USDC", 4_781, 925), ("SOL_USDC_PERP", 8_827, 152_666), ("BTC_USDC_PERP", 14_184, 1_014)],
)
def test_backfilled_day_is_as_busy_as_a_real_one(symbol: str, trades: int, volume: float) -> None:
    """Tickers of 24 hours (observed 2026-09)."""
    bars, rules = Crowd(LISTING, seed=7).backfill(START_US)[symbol], LISTING.rules[symbol]
    assert 0.7 < sum(bar.trades for bar in bars) / trades < 1.4
    assert 0.6 < sum(bar.volume for bar in bars) / 10**rules.quantity_scale / volume < 1.6


def test_backfilled_minutes_of_sol_move_as_recorded() -> None:
    """Recorded hours (observed 2025-06 and 2026-09): 6.8 and 8.4 bps."""
    closes = [bar.close for bar in Crowd(LISTING, seed=7).backfill(START_US)["SOL_USDC"]]
    assert 5 < stdev((after / before - 1) * 1e4 for before, after in pairwise(closes)) < 10


def test_backfill_depends_on_seed_and_minute_only() -> None:
    def past(seed: int, now_us: int) -> object:
        return Crowd(LISTING, seed).backfill(now_us, minutes=30)

    assert past(1, START_US) == past(1, START_US + 1_000_000)
    assert past(1, START_US) != past(1, START_US + MINUTE_US)
    assert past(1, START_US) != past(2, START_US)


@given(st.integers(1, 500), st.sampled_from([1, 5]), st.integers(0, 9), st.floats(1, 1e7))
def test_grid_has_one_price_in_each_stretch(spacing: int, tick: int, salt: int, limit: float) -> None:
    grid = Grid(spacing, tick, salt)
    below, above = grid.below(limit, 10), grid.above(limit, 10)
    assert all(0 < price <= limit and price % tick == 0 for price in below)
    assert all(price >= limit and price % tick == 0 for price in above)
    assert below == sorted(set(below), reverse=True)
    assert above == sorted(set(above))
    assert len(above) == 10
    assert not below or above[0] - below[0] <= 2 * spacing * tick


@given(st.integers(1, 500), st.floats(1e4, 1e7), st.floats(0, 100))
def test_levels_stay_when_the_price_moves_a_little(spacing: int, limit: float, move: float) -> None:
    grid = Grid(spacing, 1, 3)
    before, after = grid.below(limit, 20), grid.below(limit + move, 20)
    common = [price for price in before if price >= after[-1]]
    assert set(common) <= set(after)


def test_budget_is_a_rate_with_a_bounded_burst() -> None:
    budget = Budget(per_s=10, now_us=0)
    assert budget.allows(0, 0.5)
    budget.spend(1_000)
    assert not budget.allows(1_900_000, 0.0)
    assert budget.allows(2_100_000, 0.0)
    assert not budget.allows(2_100_000, 0.25)
    assert budget.allows(60_000_000, 0.9)

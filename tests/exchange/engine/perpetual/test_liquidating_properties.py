"""Whatever prices do and whoever trades: nothing is made or lost, nobody is passed over, and a dump goes on alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.engine.perpetual.pit import ASK, BID, BTC, SOL, SPOT, Pit, amount
from exchange.engine.perpetual.sample import EXAMPLES
from haversack.exchange.engine.ledger import Account
from haversack.exchange.engine.perpetual.screen import Screen
from haversack.exchange.engine.rules import FeeTier

# Each story is computed exactly after every step, so that there are fewer of them than other examples.
STORIES = min(EXAMPLES, 600)
TRADERS = ("alice", "bob", "carol", "house", "dora")
FEES = FeeTier(800, 1_000, futures_maker_cbps=200, futures_taker_cbps=500)
symbols = st.sampled_from([SOL, SOL, BTC])
sides = st.sampled_from([BID, ASK])
traders = st.sampled_from(TRADERS)
quantities = st.sampled_from([1, 100, 2_000, 7_777, 20_000, 60_000])
orders = st.tuples(st.just("place"), traders, sides, quantities, st.integers(-8, 8), symbols, st.booleans())
trades = st.tuples(st.just("trade"), traders, traders, quantities, symbols)
quotes = st.tuples(st.just("quote"), symbols, quantities)
marks = st.tuples(
    st.just("mark"), symbols, st.sampled_from([82, 83, 84, 85, 90, 93, 94, 95, 100, 110, 115, 116, 117, 118, 40, 190])
)
spots = st.tuples(st.just("spot"), st.sampled_from(TRADERS[:3]), sides, st.integers(1, 300), st.integers(-5, 5))
looks = st.tuples(st.just("look"), st.integers(1, 4))
cancels = st.tuples(st.just("cancel"), traders, symbols)
steps = st.one_of(trades, orders, trades, quotes, marks, looks, spots, cancels, marks, looks, trades)
stories = st.lists(steps, min_size=6, max_size=40)


@pytest.fixture(autouse=True, scope="module")
def small_backstop() -> Iterator[None]:
    """One that is full soon."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("haversack.exchange.engine.perpetual.liquidating.BACKSTOP_CAPACITY", 10_000)
        yield


def told(pit: Pit, step: tuple[Any, ...]) -> list[str]:
    """Do one step of a story; the lines that it gives."""
    if step[0] == "trade":
        _, buyer, seller, quantity, symbol = step
        mark = mark_of(pit, symbol)
        for name, side in ((seller, ASK), (buyer, BID)):
            pit.place(name, side, f"{quantity / 100:.2f}", f"{mark / 100:.2f}", symbol)
    elif step[0] == "quote":
        _, symbol, quantity = step
        mark = mark_of(pit, symbol)
        for side, part in ((BID, 995), (ASK, 1_005)):
            pit.place("house", side, f"{quantity / 100:.2f}", f"{mark * part // 1000 / 100:.2f}", symbol)
    elif step[0] == "place":
        _, name, side, quantity, away, symbol, is_limit = step
        mark = mark_of(pit, symbol)
        price = f"{max(1, mark * (100 + away) // 100) / 100:.2f}" if is_limit else None
        pit.place(name, side, f"{quantity / 100:.2f}", price, symbol)
    elif step[0] == "spot":
        _, name, side, quantity, away = step
        pit.place(name, side, f"{quantity / 100:.2f}", f"{100 + away}", SPOT)
    elif step[0] == "mark":
        pit.mark(step[1], str(step[2]))
    elif step[0] == "cancel":
        pit.cancel_all(step[1], step[2])
    else:
        return pit.seconds(step[1])
    return []


def mark_of(pit: Pit, symbol: str) -> int:
    """In price units."""
    mark = pit.markets[symbol].mark
    assert mark is not None
    return mark


def begun(money: int = 5_000) -> Pit:
    """Three accounts with positions that a fifth of the price uses up, one with a large position, and the house."""
    pit = Pit(fees=FEES, alice=str(money), bob=str(money), carol="90000", dora="41000")
    for name in ("alice", "bob", "carol"):
        pit.ledger.grant(pit.account(name), "SOL", 5 * 10**8, 0)
    pit.trade("alice", "bob", "300")
    pit.trade("carol", "house", "500", "100", BTC)
    pit.trade("dora", "house", "4000", "100", BTC)
    for symbol in (SOL, BTC):
        pit.place("house", BID, "200", "70", symbol)
        pit.place("house", ASK, "200", "130", symbol)
    return pit


def check(pit: Pit) -> None:
    """All laws of conservation."""
    ledger = pit.ledger
    accounts = ledger.accounts
    for asset in ("USDC", "SOL"):
        held = sum(balance.available + balance.locked for each in accounts if (balance := each.balances.get(asset)))
        held += ledger.fees[asset] + ledger.covers.get(asset, 0)
        if asset == "USDC":
            held += sum(each.unsettled for each in accounts)
            held -= sum(holding.position.basis for each in accounts for holding in each.holdings.values() if holding.position)
        assert held == ledger.granted[asset], asset
    for account in accounts:
        assert all(balance.available >= 0 <= balance.locked for balance in account.balances.values())
    assert ledger.covers.get("USDC", 0) <= 0
    for symbol in (SOL, BTC):
        check_positions(pit, symbol)


def check_positions(pit: Pit, symbol: str) -> None:
    perpetual = pit.markets[symbol].perpetual
    assert perpetual is not None
    quantities = [holding.quantity for holding in perpetual.holdings.values()]
    assert sum(quantities) == 0
    assert perpetual.open_interest == sum(quantity for quantity in quantities if quantity > 0)
    for number, holding in perpetual.holdings.items():
        account = pit.ledger.account(number)
        resting = account.open_orders[symbol].by_id.values() if not account.is_house else ()
        left = [(order.facts.side, order.left) for order in resting if not order.facts.reduce_only]
        assert (holding.bids, holding.asks) == tuple(sum(q for side, q in left if side is each) for each in (BID, ASK))


def needs_care(pit: Pit, account: Account) -> bool:
    """Whether the exact figures say that the account must be liquidated."""
    figures = pit.margins.figures(account)
    if figures.margin_fraction is None:
        return figures.net_equity < 0
    return figures.margin_fraction <= figures.mmf


@settings(max_examples=STORIES, deadline=None)
@given(stories)
def test_nothing_is_made_or_lost(story: list[tuple[Any, ...]]) -> None:
    pit = begun()
    for step in story:
        told(pit, step)
        check(pit)


@settings(max_examples=STORIES, deadline=None)
@given(stories)
def test_screen_passes_nobody_who_must_be_liquidated(story: list[tuple[Any, ...]]) -> None:
    pit = begun()
    screen = Screen(pit.markets, pit.margins)
    for step in story:
        told(pit, step)
        screen.forget()
        for account in pit.ledger.accounts[:4]:
            assert not (screen.passes(account) and needs_care(pit, account)), account.key


@settings(max_examples=STORIES // 2, deadline=None)
@given(stories)
def test_everybody_in_danger_is_cared_for_and_nobody_else(story: list[tuple[Any, ...]]) -> None:
    pit = begun()
    for step in story:
        told(pit, step)
        before = [needs_care(pit, account) for account in pit.ledger.accounts[:4]]
        lines = pit.seconds(1)
        for account, was_needed in zip(pit.ledger.accounts[:4], before, strict=True):
            assert account.liquidating is needs_care(pit, account), account.key
            if not was_needed and not account.liquidating:
                assert not any(line.startswith(f"1: {account.key} is liquidating") for line in lines)
    # Orders end in the first second, positions in the second, a debt in the third.
    pit.seconds(3)
    for account in pit.ledger.accounts[:4]:
        assert any(holding.position for holding in account.holdings.values()) or not needs_care(pit, account), account.key


@settings(max_examples=STORIES // 2, deadline=None)
@given(stories, st.integers(0, 40))
def test_dump_goes_on_alike(story: list[tuple[Any, ...]], pause: int) -> None:
    whole, first = begun(), begun()
    expected = [told(whole, step) for step in story]
    lines = [told(first, step) for step in story[:pause]]
    second = Pit.load(first.dump(), first.now_us)
    lines += [told(second, step) for step in story[pause:]]
    assert lines == expected
    assert second.hash() == whole.hash()


def test_screen_passes_who_has_a_little_more_than_enough() -> None:
    pit = Pit(alice="1000")
    pit.trade("alice", "house", "100")
    screen = Screen(pit.markets, pit.margins)
    assert screen.passes(pit.account("alice"))
    pit.mark(SOL, "91.14")
    assert screen.passes(pit.account("alice"))
    pit.mark(SOL, "91.13")
    assert not screen.passes(pit.account("alice"))


def test_screen_counts_other_assets_as_collateral() -> None:
    pit = Pit(alice="1000")
    alice = pit.account("alice")
    pit.trade("alice", "house", "100")
    pit.mark(SOL, "91.13")
    pit.ledger.grant(alice, "SOL", amount("0.01"), 0)
    assert Screen(pit.markets, pit.margins).passes(alice)
    alice.unsettled -= amount("1")
    assert not Screen(pit.markets, pit.margins).passes(alice)

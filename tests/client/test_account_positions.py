"""Positions in the account view: followed by streams, found again by REST, and worth what the exchange says."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from client.account_world import exchange_of, view_of, within
from haversack.account.aio import AsyncAccount
from haversack.account.changes import PositionChanged
from haversack.account.positions import NetPosition
from haversack.client.aio import AsyncClient
from haversack.client.blocking import Client
from haversack.clock import ManualClock
from haversack.errors import InsufficientMargin
from haversack.local import BlockingLocalExchange, LocalExchange
from streams.virtual import run, seconds

PERP = "SOL_USDC_PERP"
ORDER: dict[str, Any] = {"symbol": PERP, "order_type": "Limit"}
D = Decimal


async def trade(buyer: AsyncClient, seller: AsyncClient, quantity: str, price: str = "100") -> None:
    await seller.orders.place(**ORDER, side="Ask", price=price, quantity=quantity)
    await buyer.orders.place(**ORDER, side="Bid", price=price, quantity=quantity)


async def becomes(account: AsyncAccount, quantity: str) -> NetPosition | None:
    """The position, once it has this quantity."""
    for _ in range(100):
        found = account.positions.get(PERP)
        if (found.net_quantity if found else 0) == D(quantity):
            return found
        await seconds(1)
    raise AssertionError(f"never {quantity}: {account.positions}")


def test_two_clients_trade_and_both_views_follow() -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client, exchange.client() as other:
            await exchange.set_price(PERP, "100")
            async with view_of(client) as account, view_of(other) as theirs:
                events = account.events()
                for quantity, price, long in (("2", "100", "2"), ("1", "101", "3")):
                    await trade(client, other, quantity, price)
                    assert (await becomes(account, long)) is not None
                    await becomes(theirs, f"-{long}")
                held = account.positions[PERP]
                assert held.entry_price is not None
                assert round(held.entry_price, 6) == D("100.333333")
                await trade(other, client, "4", "102")
                turned = await becomes(account, "-1")
                assert turned is not None
                assert turned.position_id != held.position_id
                await trade(client, other, "1", "102")
                assert await becomes(account, "0") is None
                assert await becomes(theirs, "0") is None
                told: list[Decimal] = []
                while not told or told[-1] or len(told) < 5:
                    event = await within(anext(events))
                    if isinstance(event, PositionChanged):
                        told.append(event.position.net_quantity)
                # One that is turned around is closed first.
                assert told == [2, 3, 0, -1, 0]
            assert exchange.problems() == []

    run(main())


def test_view_that_is_opened_late_or_was_cut_off_finds_its_positions() -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client, exchange.client() as other:
            await exchange.set_price(PERP, "100")
            await trade(client, other, "2")
            async with view_of(client) as account:
                assert account.positions[PERP].net_quantity == 2
                exchange.venue.hub.cut_all()
                await trade(client, other, "3")
                await becomes(account, "5")
                exchange.venue.hub.cut_all()
                await trade(other, client, "5")
                await becomes(account, "0")
                assert account.positions == {}

    run(main())


def test_equity_agrees_with_the_exchange_through_a_life_of_positions() -> None:
    async def main() -> None:
        async with (
            exchange_of(grants={"USDC": "1000"}) as exchange,
            exchange.client() as client,
            exchange.client() as other,
        ):
            await exchange.set_price(PERP, "100")
            await client.account.update(leverage_limit=20)
            async with view_of(client) as account:
                seen: list[tuple[Decimal, ...]] = []
                for quantity in ("5", "3"):
                    await trade(client, other, quantity)
                    await exchange.set_price(PERP, "100.1")
                    found = await account.equity()
                    assert found.disagreements == ()
                    stated = await client.capital.collateral()
                    assert (found.net_equity, found.exposure) == (stated.net_equity, stated.net_exposure_futures)
                    seen.append((found.exposure, found.net_equity_locked, found.pnl_unrealized))
                with pytest.raises(InsufficientMargin):
                    await client.orders.place(**ORDER, side="Bid", price="100", quantity="200")
                await trade(other, client, "8", "100.05")
                flat = await account.equity()
                assert (flat.exposure, flat.margin_fraction, flat.disagreements) == (D(0), None, ())
        # A twentieth is locked, and each SOL has gained a dime.
        assert seen == [(D("500.5"), D("25.025"), D("0.5")), (D("800.8"), D("40.04"), D("0.8"))]
        # 0.4 were made, and fees of 4.5 bps paid for what was taken, 1.9 for what was made.
        assert D("1000.4") > flat.net_equity > D("999.4")

    run(main())


def test_position_against_the_crowd_is_opened_and_closed_in_a_blocking_program() -> None:
    with BlockingLocalExchange(seed=7, clock=ManualClock()) as exchange, exchange.client() as client:
        exchange.advance(s=5)
        assert round_trip(client, "1.5") == ("1.5", [])
        past = client.history.positions(state="Closed")
        assert [(row.closed_volume, row.fees > 0) for row in past] == [(D("1.5"), True)]
        assert exchange.problems() == []


def round_trip(client: Client, quantity: str) -> tuple[str, list[Any]]:
    """What was held in the middle, and what at the end."""
    client.orders.place(symbol=PERP, side="Bid", order_type="Market", quantity=quantity)
    (held,) = client.positions.open(PERP)
    client.orders.place(symbol=PERP, side="Ask", order_type="Market", quantity=quantity)
    return str(held.net_quantity), client.positions.open(PERP)


async def test_state_of_the_exchange_names_positions_and_what_accounts_are_worth() -> None:
    async with (
        LocalExchange(crowd=False, clock=ManualClock(), grants={"USDC": "1000"}) as exchange,
        exchange.client() as client,
        exchange.client() as other,
    ):
        await exchange.set_price(PERP, "100")
        await trade(client, other, "2", "100.01")
        await client.orders.place(**ORDER, side="Bid", price="90", quantity="1", trigger_price="95", trigger_quantity="1")
        # The seller was there first.
        seller, buyer = (await exchange.state()).accounts
    assert [(each.net_equity, each.unsettled) for each in (buyer, seller)] == [
        (D("999.889991"), D("-0.090009")),
        (D("999.981996"), D("-0.038004")),
    ]
    held = buyer.positions[PERP]
    assert (held.net_quantity, held.entry_price, held.pnl_unrealized) == (D(2), D("100.01"), D("-0.02"))
    assert (buyer.pending_orders, buyer.open_orders, buyer.is_liquidating) == (1, 0, False)
    assert seller.positions[PERP].net_quantity == D(-2)


async def test_short_position_against_the_crowd() -> None:
    async with LocalExchange(seed=7, clock=ManualClock()) as exchange, exchange.client() as client:
        await exchange.advance(s=5)
        await client.orders.place(symbol=PERP, side="Ask", order_type="Market", quantity="2")
        (held,) = await client.positions.open(PERP)
        margin = await client.capital.collateral()
        assert (held.net_quantity, held.net_exposure_quantity) == (D(-2), D(2))
        assert held.net_cost < 0 < held.entry_price
        # Leverage of one: all of it is locked.
        assert margin.net_equity_locked == margin.net_exposure_futures == held.net_exposure_notional
        assert exchange.problems() == []

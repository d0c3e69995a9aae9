"""Margin as accounts with positions are told of it, and the largest orders and withdrawals that leave enough of it."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from typing import Any

import pytest

from exchange.api.margin import BTC, PERP, leverage, margin, marked, trade
from exchange.engine.perpetual.bustle import LISTING, PERPETUALS, SPOTS, USERS, Bustle
from exchange.engine.sizes import SIZES
from exchange.stranger import Desk, Stranger, loads, open_desk, said
from haversack.account.equity import equity
from haversack.exchange.engine.command import Place
from haversack.exchange.engine.event import Refusal, Rejected
from haversack.units import to_units
from haversack.wire.capital import MarginAccount
from haversack.wire.codec import decode
from haversack.wire.enums import Side, TimeInForce

ACCOUNT = ("accountQuery", "/api/v1/account")
ORDER = ("maxOrderQuantity", "/api/v1/account/limits/order")
WITHDRAWAL = ("maxWithdrawalQuantity", "/api/v1/account/limits/withdrawal")
NO_MARGIN = (400, "INSUFFICIENT_MARGIN", "Insufficient margin to open a new order")
D = Decimal


async def largest(desk: Desk, seed: int = 1, **fields: Any) -> str:
    fields = {"symbol": PERP, "side": "Bid"} | fields
    return loads(await Stranger(desk, seed).read(*ORDER, **fields))["maxOrderQuantity"]  # type: ignore[no-any-return]


async def withdrawable(desk: Desk, asset: str = "USDC", seed: int = 1) -> str:
    return loads(await Stranger(desk, seed).read(*WITHDRAWAL, symbol=asset))["maxWithdrawalQuantity"]  # type: ignore[no-any-return]


async def test_account_with_a_position_in_bytes() -> None:
    async with open_desk(grants={"USDC": "100"}) as desk:
        marked(desk, "100")
        await leverage(desk, "20", 1, 2)
        await trade(desk, "100.01", "2")
        body = (await Stranger(desk).read("collateralQuery", "/api/v1/capital/collateral")).body
    # The fee of 0.090009 is unsettled and owed; 0.02 are lost at the mark price; a twentieth of 200 is locked.
    assert body.decode() == (
        '{"assetsValue":"100","borrowLiability":"0","collateral":[{"assetMarkPrice":"1","availableQuantity":"100",'
        '"balanceNotional":"100","collateralValue":"100","collateralWeight":"1","lendQuantity":"0","openOrderQuantity":"0",'
        '"symbol":"USDC","totalQuantity":"100"}],"imf":"0.05","liabilitiesValue":"0.090009","marginFraction":"0.499449955",'
        '"mmf":"0.0135","netEquity":"99.889991","netEquityAvailable":"89.889991","netEquityLocked":"10",'
        '"netExposureFutures":"200","pnlUnrealized":"-0.02","unsettledEquity":"-0.090009"}'
    )


async def test_figures_follow_position_orders_and_prices() -> None:
    seen: list[tuple[str, ...]] = []
    names = ("netEquity", "netEquityLocked", "netExposureFutures", "pnlUnrealized", "unsettledEquity")

    async with open_desk(grants={"USDC": "1000"}) as desk:

        async def note() -> None:
            figures = await margin(desk)
            seen.append(tuple(figures[name] for name in names))
            assert equity(decode(MarginAccount, json.dumps(figures).encode(), what="margin")).disagreements == ()

        somebody = Stranger(desk)
        marked(desk, "100")
        await leverage(desk, "10", 1, 2)
        await note()
        await somebody.place(symbol=PERP, price="99", quantity="4")
        await note()
        await Stranger(desk, 2).place(symbol=PERP, side="Ask", price="99", quantity="4")
        await note()
        marked(desk, "101")
        await note()
        await trade(desk, "101", "3", buyer=2, seller=1)
        await note()
    # An order counts at the mark price; the maker's fee is 1.9 bps.
    assert seen == [
        ("1000", "0", "0", "0", "0"),
        ("1000", "40", "400", "0", "0"),
        ("1003.92476", "40", "400", "4", "-0.07524"),
        ("1007.92476", "40.4", "404", "8", "-0.07524"),
        ("1007.86719", "10.1", "101", "2", "5.86719"),
    ]


async def test_leverage_limit_cannot_fall_below_what_exposure_needs() -> None:
    async with open_desk(grants={"USDC": "100"}) as desk:
        marked(desk, "100")
        await leverage(desk, "20", 1, 2)
        await trade(desk, "100", "2")
        await Stranger(desk).place(symbol=PERP, price="90", quantity="1")
        somebody = Stranger(desk)
        # Equity is 99.91, exposure 300: a third is just too much.
        seen: list[Any] = []
        for limit in ("3", "3.01", "20", "50"):
            reply = await somebody.write("PATCH", "accountUpdate", "/api/v1/account", leverageLimit=limit)
            seen.append(said(reply) if reply.status != 200 else 200)
        assert loads(await somebody.read(*ACCOUNT))["leverageLimit"] == "50"
    refusal = (400, "MAX_LEVERAGE_REACHED", "Leverage limit is too low for the open positions and orders")
    assert seen == [refusal, 200, 200, 200]


async def test_lower_leverage_limit_counts_for_the_very_next_order() -> None:
    async with open_desk(grants={"USDC": "100"}) as desk:
        marked(desk, "100")
        await leverage(desk, "20", 1)
        somebody = Stranger(desk)
        assert (await somebody.place(symbol=PERP, price="100", quantity="1")).status == 200
        await leverage(desk, "2", 1)
        assert said(await somebody.place(symbol=PERP, price="100", quantity="1.01")) == NO_MARGIN
        assert (await somebody.place(symbol=PERP, price="100", quantity="1")).status == 200


async def test_account_counts_its_orders_apart() -> None:
    async with open_desk() as desk:
        marked(desk, "100")
        somebody = Stranger(desk)
        await somebody.place(symbol=PERP, price="90", quantity="1")
        await somebody.place(price="90", quantity="1")
        await somebody.place(symbol=PERP, price="90", quantity="1", triggerPrice="95", triggerQuantity="1", triggerBy="MarkPrice")
        told = loads(await somebody.read(*ACCOUNT))
    assert (told["limitOrders"], told["triggerOrders"], told["liquidating"]) == (2, 1, False)


# The largest order


@pytest.mark.parametrize(
    ("limit", "held", "fields", "most"),
    [
        ("1", "", {"price": "100"}, "10"),
        ("20", "", {"price": "100"}, "200"),
        ("20", "", {"price": "98.7"}, "202.63"),
        ("20", "", {}, "200"),
        ("20", "", {"side": "Ask", "price": "100"}, "200"),
        ("20", "", {"reduceOnly": True}, "0"),
        # 10 are held at 100; equity is 999.55 after the fee.
        ("20", "long", {"price": "100"}, "189.91"),
        ("20", "long", {"price": "100", "side": "Ask"}, "209.91"),
        ("20", "long", {"reduceOnly": True, "side": "Ask"}, "10"),
        ("20", "long", {"reduceOnly": True}, "0"),
        ("20", "short", {"price": "100", "side": "Ask"}, "189.96"),
        ("20", "short", {"reduceOnly": True}, "10"),
        ("20", "orders", {"price": "100"}, "150"),
        ("20", "orders", {"price": "100", "side": "Ask"}, "200"),
        ("20", "other", {"price": "100"}, "100"),
    ],
)
async def test_largest_order_in_a_perpetual(limit: str, held: str, fields: dict[str, Any], most: str) -> None:
    async with open_desk(grants={"USDC": "1000"}) as desk:
        marked(desk, "100")
        marked(desk, "80000", BTC)
        await leverage(desk, limit, 1, 2)
        if held in ("long", "short"):
            buyer, seller = (1, 2) if held == "long" else (2, 1)
            await trade(desk, "100", "10", buyer=buyer, seller=seller)
        if held == "orders":
            await Stranger(desk).place(symbol=PERP, price="90", quantity="50")
        if held == "other":
            await Stranger(desk).place(symbol=BTC, price="79000", quantity="0.125")
        assert await largest(desk, **fields) == most


async def test_largest_order_is_accepted_and_a_step_more_is_not() -> None:
    async with open_desk(grants={"USDC": "1000"}) as desk:
        marked(desk, "100")
        marked(desk, "80000", BTC)
        await leverage(desk, "13", 1, 2)
        await trade(desk, "100", "20")
        somebody = Stranger(desk)
        for symbol, step, price in ((PERP, "0.01", "99.9"), (BTC, "0.00001", "79950.1"), (PERP, "0.01", "95")):
            most = D(await largest(desk, symbol=symbol, price=price))
            refused = await somebody.place(symbol=symbol, price=price, quantity=str(most + D(step)))
            assert said(refused) == NO_MARGIN
            part = max(D(step), (most / 3).quantize(D(step)))
            assert (await somebody.place(symbol=symbol, price=price, quantity=str(part))).status == 200
        rest = await largest(desk, price="95")
        assert (await somebody.place(symbol=PERP, price="95", quantity=rest)).status == 200
        assert await largest(desk, price="95") == "0"


async def test_no_order_is_possible_where_no_price_or_no_margin_function_is_known() -> None:
    async with open_desk() as desk:
        assert await largest(desk, price="100") == "0"
        assert said(await Stranger(desk).place(symbol=PERP)) == NO_MARGIN


SEEDS, COMMANDS = max(3, SIZES.seeds // 20), 150


def place(account: int, symbol: str, side: Side, price: int, quantity: int) -> Place:
    """Nothing of it stays if it finds nobody: margin is asked of it all the same."""
    return Place(account=account, symbol=symbol, side=side, price=price, quantity=quantity, time_in_force=TimeInForce.IOC)


def test_engine_takes_the_largest_order_and_no_larger_one_whatever_happened_before() -> None:
    asked = dict.fromkeys((*PERPETUALS, *SPOTS), 0)
    for seed in range(200, 200 + SEEDS):
        bustle, rng = Bustle(seed), random.Random(seed)
        for number in range(COMMANDS):
            bustle.do(bustle.command())
            if number % 5:
                continue
            account, symbol, side = rng.randrange(USERS) + 1, rng.choice([*PERPETUALS, *SPOTS]), rng.choice([Side.BID, Side.ASK])
            rules, middle = LISTING.rules[symbol], D(PERPETUALS.get(symbol) or SPOTS[symbol])
            price = to_units(middle, rules.price_scale) * rng.randrange(97, 104) // 100
            most = most_of(bustle, account, symbol, side, price)
            more = refusal(bustle.do(place(account, symbol, side, price, most + rules.step)))
            same = refusal(bustle.do(place(account, symbol, side, price, most))) if most else None
            where = f"seed {seed}, command {number}: {account} {symbol} {side} {most} at {price}"
            if more in (Refusal.INSUFFICIENT_MARGIN, Refusal.INSUFFICIENT_FUNDS):
                assert same is None, where
                asked[symbol] += most > 0
            else:
                assert more in (Refusal.ACCOUNT_LIQUIDATING, Refusal.PRICE_BAND, Refusal.OPEN_INTEREST), where
    assert min(asked.values()) >= SEEDS, asked


def most_of(bustle: Bustle, account: int, symbol: str, side: Side, price: int) -> int:
    decimal = D(price).scaleb(-LISTING.rules[symbol].price_scale)
    if symbol in SPOTS:
        return bustle.engine.max_spot_quantity(account, symbol, side, decimal)
    return bustle.engine.max_order_quantity(account, symbol, side, decimal, reduce_only=False)


def refusal(events: list[Any]) -> Refusal | None:
    return events[0].refusal if isinstance(events[0], Rejected) else None


# What spot orders and withdrawals may take


async def test_withdrawal_leaves_what_is_locked_as_margin() -> None:
    async with open_desk(grants={"USDC": "1000", "WIF": "5"}) as desk:
        marked(desk, "100")
        await leverage(desk, "10", 1, 2)
        assert await withdrawable(desk) == "1000"
        await trade(desk, "100", "40")
        # The fee of 1.8 is owed, and 400 are locked.
        assert await withdrawable(desk) == "598.2"
        marked(desk, "90")
        # 400 are lost, and 360 locked.
        assert await withdrawable(desk) == "238.2"
        assert await withdrawable(desk, "WIF") == "5"
        assert await withdrawable(desk, "BTC") == "0"
        marked(desk, "60")
        assert (await withdrawable(desk), await withdrawable(desk, "WIF")) == ("0", "0")


async def test_open_spot_order_is_counted_by_the_very_next_order() -> None:
    async with open_desk(grants={"USDC": "1000"}) as desk:
        marked(desk, "100")
        await Stranger(desk, 3).place(price="100", quantity="0.1")
        await leverage(desk, "10", 1)
        somebody = Stranger(desk)
        assert (await somebody.place(symbol=PERP, price="100", quantity="90")).status == 200
        # A tenth of 990 may be lost, and 100 are left.
        assert (await somebody.place(price="99", quantity="10")).status == 200
        assert said(await somebody.place(symbol=PERP, price="100", quantity="9")) == NO_MARGIN


async def test_spot_order_that_costs_worth_needs_what_is_not_locked() -> None:
    async with open_desk(grants={"USDC": "1000", "SOL": "1"}) as desk:
        marked(desk, "100")
        maker, somebody = Stranger(desk, 3), Stranger(desk)
        await maker.place(price="100", quantity="0.1")
        await maker.place(side="Ask", price="100.2", quantity="0.1")
        await leverage(desk, "10", 1, 2)
        assert await largest(desk, symbol="SOL_USDC", price="100") == "10"
        await trade(desk, "100", "99")
        # 1,000 and nine tenths of a SOL, less 990 for the position and its fee.
        left = D((await margin(desk))["netEquityAvailable"])
        assert 80 < left < 100
        most = await largest(desk, symbol="SOL_USDC", price="100")
        assert 7 < D(most) < 10
        refused = await somebody.place(price="100", quantity=str(D(most) + D("0.01")))
        assert said(refused) == NO_MARGIN
        assert (await somebody.place(price="100", quantity=most)).status == 200
        # It may trade at any time, so that what it would take is not there for others.
        assert D(await largest(desk, price="100")) < D("0.5")
        assert D(await withdrawable(desk)) < D("5")
        # Selling what counts for less than cash costs nothing.
        assert (await somebody.place(side="Ask", price="101", quantity="1")).status == 200

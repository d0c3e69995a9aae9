"""What an account is worth and may still do, as its own answers state it; forms and sums as recorded in 2025-06 and 2026-09."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.stranger import Desk, Stranger, loads, open_desk, said
from haversack.account.equity import equity
from haversack.wire.capital import MarginAccount
from haversack.wire.codec import decode

COLLATERAL = ("collateralQuery", "/api/v1/capital/collateral")
ORDER = ("maxOrderQuantity", "/api/v1/account/limits/order")
WITHDRAWAL = ("maxWithdrawalQuantity", "/api/v1/account/limits/withdrawal")
INVALID = "INVALID_CLIENT_REQUEST"


async def quoted(desk: Desk) -> None:
    """USDT has a market of its own: 0.9996 to 0.9998."""
    maker = Stranger(desk, 9)
    await maker.place(symbol="USDT_USDC", price="0.9996", quantity="1")
    await maker.place(symbol="USDT_USDC", side="Ask", price="0.9998", quantity="1")


async def test_flat_account_has_the_recorded_form() -> None:
    async with open_desk(grants={"USDT": "30", "USDC": "10"}) as desk:
        await quoted(desk)
        body = (await Stranger(desk).read(*COLLATERAL)).body.decode()
    assert body == (
        '{"assetsValue":"36.9919","borrowLiability":"0","collateral":[{"assetMarkPrice":"1","availableQuantity":"10",'
        '"balanceNotional":"10","collateralValue":"10","collateralWeight":"1","lendQuantity":"0","openOrderQuantity":"0",'
        '"symbol":"USDC","totalQuantity":"10"},{"assetMarkPrice":"0.9997","availableQuantity":"30",'
        '"balanceNotional":"29.991","collateralValue":"26.9919","collateralWeight":"0.9","lendQuantity":"0",'
        '"openOrderQuantity":"0","symbol":"USDT","totalQuantity":"30"}],"imf":"1","liabilitiesValue":"0",'
        '"marginFraction":null,"mmf":"0.007","netEquity":"36.9919","netEquityAvailable":"36.9919","netEquityLocked":"0",'
        '"netExposureFutures":"0","pnlUnrealized":"0","unsettledEquity":"0"}'
    )


async def test_resting_orders_move_money_and_take_nothing_away() -> None:
    async with open_desk(grants={"USDC": "10"}) as desk:
        somebody = Stranger(desk)
        await somebody.place(price="90", quantity="0.1")
        row = loads(await somebody.read(*COLLATERAL))["collateral"][0]
    assert (row["availableQuantity"], row["openOrderQuantity"], row["totalQuantity"]) == ("1", "9", "10")
    assert row["collateralValue"] == "10"


async def test_asset_that_is_gone_or_counts_for_nothing_is_not_collateral() -> None:
    async with open_desk(grants={"USDC": "10", "WIF": "5", "SOL": "0"}) as desk:
        assert [row["symbol"] for row in loads(await Stranger(desk).read(*COLLATERAL))["collateral"]] == ["USDC"]


@given(st.dictionaries(st.sampled_from(["SOL", "BTC", "ETH", "USDT", "USDC", "JUP"]), st.integers(1, 10**15)))
async def test_client_finds_no_figure_that_does_not_follow_from_the_others(amounts: dict[str, int]) -> None:
    async with open_desk(grants={asset: f"{amount}e-5" for asset, amount in amounts.items()}) as desk:
        await quoted(desk)
        stated = decode(MarginAccount, (await Stranger(desk).read(*COLLATERAL)).body, what="collateral")
    assert equity(stated).disagreements == ()


async def test_leverage_limit_is_the_initial_margin_of_a_flat_account() -> None:
    async with open_desk() as desk:
        somebody = Stranger(desk)
        await somebody.write("PATCH", "accountUpdate", "/api/v1/account", leverageLimit="20")
        assert loads(await somebody.read(*COLLATERAL))["imf"] == "0.05"


async def test_largest_order_is_what_is_available_in_steps() -> None:
    async with open_desk(grants={"USDC": "1000", "SOL": "2.345"}) as desk:
        somebody = Stranger(desk)
        bid = await somebody.read(*ORDER, price="156.66", side="Bid", symbol="SOL_USDC")
        ask = await somebody.read(*ORDER, side="Ask", symbol="SOL_USDC", reduceOnly=False)
        await somebody.place(price="100", quantity="9.99")
        less = await somebody.read(*ORDER, price="0.5", side="Bid", symbol="SOL_USDC")
        none = await somebody.read(*ORDER, price="100", side="Bid", symbol="SOL_USDC")
    assert bid.body.decode() == (
        '{"autoBorrow":null,"autoBorrowRepay":null,"autoLendRedeem":null,"maxOrderQuantity":"6.38","price":"156.66",'
        '"reduceOnly":null,"side":"Bid","symbol":"SOL_USDC"}'
    )
    assert (loads(ask)["maxOrderQuantity"], loads(ask)["price"], loads(ask)["reduceOnly"]) == ("2.34", None, False)
    assert (loads(less)["maxOrderQuantity"], loads(none)["maxOrderQuantity"]) == ("2", "0.01")


async def test_largest_order_can_be_placed_and_one_step_more_cannot() -> None:
    async with open_desk(grants={"USDC": "1000"}) as desk:
        somebody = Stranger(desk)
        most = loads(await somebody.read(*ORDER, price="99.7", side="Bid", symbol="SOL_USDC"))["maxOrderQuantity"]
        more = await somebody.place(price="99.7", quantity=str(Decimal(most) + Decimal("0.01")))
        assert said(more) == (400, "INSUFFICIENT_FUNDS", "Insufficient funds")
        assert (await somebody.place(price="99.7", quantity=most)).status == 200


async def test_largest_order_without_a_price_is_at_the_mark_price() -> None:
    async with open_desk(grants={"USDC": "10"}) as desk:
        await quoted(desk)
        answer = await Stranger(desk).read(*ORDER, side="Bid", symbol="USDT_USDC")
    assert loads(answer)["maxOrderQuantity"] == "10"


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"symbol": "NOTREAL_USDC"}, (400, INVALID, "Invalid market symbol")),
        ({"price": "0"}, (400, INVALID, "Price is below the minimum allowed value")),
    ],
)
async def test_largest_order_that_cannot_be_told_is_refused(fields: dict[str, Any], refusal: tuple[int, str, str]) -> None:
    async with open_desk() as desk:
        assert said(await Stranger(desk).read(*ORDER, **{"symbol": "SOL_USDC", "side": "Bid"} | fields)) == refusal


async def test_largest_withdrawal_is_what_is_available() -> None:
    async with open_desk(grants={"USDC": "1000"}) as desk:
        somebody = Stranger(desk)
        await somebody.place(price="100", quantity="2.5")
        assert (await somebody.read(*WITHDRAWAL, symbol="USDC")).body.decode() == (
            '{"autoBorrow":null,"autoLendRedeem":null,"maxWithdrawalQuantity":"750","symbol":"USDC"}'
        )
        assert loads(await somebody.read(*WITHDRAWAL, symbol="BTC", autoLendRedeem=True))["maxWithdrawalQuantity"] == "0"
        assert said(await somebody.read(*WITHDRAWAL, symbol="NOTREAL")) == (400, "INVALID_ASSET", "Invalid asset")

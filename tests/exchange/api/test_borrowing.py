"""`autoBorrow`, `autoBorrowRepay` and `autoLendRedeem` through the doors, wherever they may be said."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exchange.api.margin import PERP, marked
from exchange.durability.sites import Site
from exchange.rfq_talk import Talker, asked, quoted
from exchange.stranger import Desk, Stranger, loads, open_desk, said
from haversack.clock import ManualClock
from haversack.exchange.engine.backing import Backing
from haversack.exchange.engine.command import CancelAll, Place
from haversack.exchange.engine.lending.lending import Lending
from haversack.exchange.engine.rfq.command import CancelRfq, SubmitRfq
from haversack.exchange.messages import Reply
from haversack.exchange.pulse import Pulse
from haversack.wire.enums import Side

GRANTS = {"USDC": "1000", "SOL": "10"}
FUNDS = (400, "INSUFFICIENT_FUNDS", "Insufficient funds")
MARGIN = (400, "INSUFFICIENT_MARGIN", "Insufficient margin to open a new order")
LARGEST = ("maxOrderQuantity", "/api/v1/account/limits/order")
OUT = ("maxWithdrawalQuantity", "/api/v1/account/limits/withdrawal")
EVERY_FLAG = {"autoLend": True, "autoLendRedeem": True, "autoBorrow": True, "autoBorrowRepay": True}
REDEEMS = "LendRedeem"


async def movements(somebody: Stranger) -> list[str]:
    """What was borrowed, repaid, lent and called back, the oldest first, without interest."""
    path = ("borrowHistoryQueryAll", "/wapi/v1/history/borrowLend")
    rows = loads(await somebody.read(*path, sortDirection="Asc"))
    return [
        " ".join((row["eventType"], row["source"], row["quantity"], row["symbol"], row["spotMarginOrderId"] or "-"))
        for row in rows
        if row["source"] != "Interest"
    ]


async def owed(somebody: Stranger) -> dict[str, Decimal]:
    rows = loads(await somebody.read("borrowLendPositionQuery", "/api/v1/borrowLend/positions"))
    return {row["symbol"]: Decimal(row["netQuantity"]) for row in rows}


async def lend(somebody: Stranger, quantity: str, symbol: str = "USDC") -> None:
    fields = {"side": "Lend", "quantity": quantity, "symbol": symbol}
    assert (await somebody.write("POST", "borrowLendExecute", "/api/v1/borrowLend", **fields)).status == 200


def later(desk: Desk) -> None:
    """Histories are a second behind, and interest is not due yet."""
    desk.clock.advance(ms=1_500)


async def leverage(*somebody: Stranger) -> None:
    for each in somebody:
        await each.write("PATCH", "accountUpdate", "/api/v1/account", leverageLimit="10")


async def test_what_is_bought_with_borrowed_money_shows_everywhere() -> None:
    async with open_desk(grants=GRANTS) as desk:
        alice, bob = Stranger(desk), Stranger(desk, 2)
        await leverage(alice)
        await bob.place(side="Ask", price="99.5", quantity="10")
        refused = await alice.place(price="100", quantity="15")
        bought = loads(await alice.place(price="100", quantity="15", autoBorrow=True))
        later(desk)
        balances, debts, moved = await alice.balances(), await owed(alice), await movements(alice)
        fill = loads(await alice.read("fillHistoryQueryAll", "/wapi/v1/history/fills"))
        after_cancel = loads(await alice.cancel(orderId=bought["id"]))
        later(desk)
        left, last = await alice.balances(), (await movements(alice))[-1]
    assert said(refused) == FUNDS
    assert (bought["status"], bought["executedQuantity"]) == ("PartiallyFilled", "10")
    assert moved == [
        f"Borrow SpotMargin 500 USDC {bought['id']}",
        # Half a dollar less for each of ten.
        f"BorrowRepay SpotMargin 5 USDC {bought['id']}",
    ]
    assert balances["USDC"] == {"available": "0", "locked": "500", "staked": "0"}
    # So near to the market it cost no entry fee.
    assert debts["USDC"] == -495
    assert [(row["quantity"], row["price"], row["orderId"]) for row in fill] == [("10", "99.5", bought["id"])]
    assert (after_cancel["status"], last) == ("Cancelled", f"BorrowRepay SpotMargin 495 USDC {bought['id']}")
    assert left["USDC"] == {"available": "5", "locked": "0", "staked": "0"}


async def test_a_short_sale_is_bought_back_with_an_order_that_repays() -> None:
    async with open_desk(grants={"USDC": "5000", "SOL": "10"}) as desk:
        alice, bob = Stranger(desk), Stranger(desk, 2)
        await leverage(alice)
        await bob.place(price="100", quantity="30")
        sold = loads(await alice.place(side="Ask", price="100", quantity="12", autoBorrow=True))
        between = await owed(alice)
        await bob.place(side="Ask", price="101", quantity="3")
        bought = loads(await alice.place(price="101", quantity="3", autoBorrowRepay=True))
        later(desk)
        moved, debts, balances = await movements(alice), await owed(alice), await alice.balances()
    assert (sold["status"], bought["status"]) == ("Filled", "Filled")
    assert between["SOL"] == -2
    assert moved == [
        f"Borrow SpotMargin 2 SOL {sold['id']}",
        f"BorrowRepay AutoBorrowRepay {-between['SOL'].normalize():f} SOL {bought['id']}",
    ]
    assert debts == {}
    # Three bought, ten basis points of them a fee.
    assert Decimal(balances["SOL"]["available"]) == Decimal("2.997") + between["SOL"]


@pytest.mark.parametrize("side", ["Bid", "Ask"])
@pytest.mark.parametrize("lent", ["0", "300"])
async def test_largest_order_that_borrows_is_taken_and_one_step_more_is_not(side: str, lent: str) -> None:
    flags: dict[str, Any] = {"autoBorrow": True, "autoLendRedeem": True}
    async with open_desk(grants=GRANTS) as desk:
        alice = Stranger(desk)
        await leverage(alice)
        if lent != "0":
            await lend(alice, lent)
        told = loads(await alice.read(*LARGEST, symbol="SOL_USDC", side=side, price="100", **flags))
        most = Decimal(told["maxOrderQuantity"])
        more = await alice.place(side=side, price="100", quantity=str(most + Decimal("0.01")), **flags)
        taken = await alice.place(side=side, price="100", quantity=str(most), **flags)
    assert (told["autoBorrow"], most > 30) == (True, True)
    assert said(more) == MARGIN
    assert taken.status == 200


async def test_flags_are_without_effect_where_there_is_no_spot_margin() -> None:
    async with open_desk(grants=GRANTS) as desk:
        marked(desk, "100")
        alice = Stranger(desk)
        assert (await alice.place(symbol=PERP, price="90", quantity="1", **EVERY_FLAG)).status == 200
        reducing = await alice.place(price="100", quantity="15", reduceOnly=True, **EVERY_FLAG)
        plain = {"symbol": "SOL_USDC", "side": "Bid", "price": "100"}
        largest = loads(await alice.read(*LARGEST, **plain, reduceOnly=True, autoBorrow=True))["maxOrderQuantity"]
        later(desk)
        assert await movements(alice) == []
    assert said(reducing) == FUNDS
    assert Decimal(largest) <= 10


async def test_a_trigger_remembers_its_flags_through_a_restart(tmp_path: Path) -> None:
    clock = ManualClock()
    site = Site(tmp_path, clock)
    alice, bob = Stranger(site.desk, 5), Stranger(site.desk, 6)
    await leverage(alice)
    money = Decimal((await alice.balances())["USDC"]["available"])
    quantity = str(money / 100 + 1)
    waits = {"price": "100", "triggerBy": "LastPrice", "triggerPrice": "99", "triggerQuantity": quantity, "quantity": None}
    await bob.place(side="Ask", price="100", quantity="1")
    await alice.place(price="100", quantity="1")
    assert (await alice.place(**waits, **EVERY_FLAG)).status == 200
    await site.stop()
    again = Site(tmp_path, clock)
    alice, bob, carol = (Stranger(again.desk, seed) for seed in (5, 6, 7))
    await bob.place(side="Ask", price="99", quantity="1")
    await carol.place(price="99", quantity="1")
    later(again.desk)
    moved = await movements(alice)
    await again.stop()
    # It paid 100 for one before.
    assert [row.rsplit(" ", 1)[0] for row in moved] == ["Borrow SpotMargin 200 USDC"]


async def withdraw(somebody: Stranger, quantity: str, **fields: Any) -> Reply:
    usual = {"address": "somewhere", "blockchain": "Solana", "quantity": quantity, "symbol": "USDC", "twoFactorToken": "123456"}
    return await somebody.write("POST", "withdraw", "/wapi/v1/capital/withdrawals", **usual, **fields)


async def test_a_withdrawal_takes_what_is_lent_and_borrows_the_rest() -> None:
    async with open_desk(grants=GRANTS) as desk:
        alice = Stranger(desk)
        await leverage(alice)
        await lend(alice, "900")
        refused = [await withdraw(alice, "101"), await withdraw(alice, "1001", autoLendRedeem=True)]
        taken = await withdraw(alice, "1100", autoLendRedeem=True, autoBorrow=True)
        later(desk)
        moved, debts = await movements(alice), await owed(alice)
    assert [said(each) for each in refused] == [FUNDS, FUNDS]
    assert taken.status == 200
    assert moved[1:] == [f"{REDEEMS} Withdrawal 900 USDC -", "Borrow Withdrawal 100 USDC -"]
    assert -Decimal("100.01") < debts["USDC"] < -100


@pytest.mark.parametrize("flags", [{"autoBorrow": True}, {"autoLendRedeem": True}, {"autoBorrow": True, "autoLendRedeem": True}])
async def test_largest_withdrawal_is_taken_and_the_smallest_amount_more_is_not(flags: dict[str, Any]) -> None:
    async with open_desk(grants=GRANTS) as desk:
        alice = Stranger(desk)
        await leverage(alice)
        await lend(alice, "400")
        told = loads(await alice.read(*OUT, symbol="USDC", **flags))["maxWithdrawalQuantity"]
        most = Decimal(told) // Decimal("0.000001") * Decimal("0.000001")
        more = await withdraw(alice, str(most + Decimal("0.000001")), **flags)
        taken = await withdraw(alice, str(most), **flags)
    # What is lent cannot be borrowed.
    assert (most == 600, most == 1000, most > 1500) == tuple(
        flags == each for each in ({"autoBorrow": True}, {"autoLendRedeem": True}, {"autoBorrow": True, "autoLendRedeem": True})
    )
    assert (said(more), taken.status) == (FUNDS, 200)


async def test_a_deposit_into_a_vault_borrows_what_it_lacks() -> None:
    async with open_desk(grants=GRANTS) as desk:
        alice = Stranger(desk)
        await leverage(alice)
        await lend(alice, "950")
        fields = {"vaultId": 1, "symbol": "USDC", "quantity": "1100"}
        refused = await alice.write("POST", "vaultMint", "/api/v1/vault/mint", **fields, autoLendRedeem=True)
        taken = await alice.write("POST", "vaultMint", "/api/v1/vault/mint", **fields, autoLendRedeem=True, autoBorrow=True)
        later(desk)
        moved = await movements(alice)
    assert (said(refused), taken.status) == (FUNDS, 200)
    assert moved[1:] == [f"{REDEEMS} Manual 950 USDC -", "Borrow Manual 100 USDC -"]


async def test_orders_of_a_strategy_borrow_and_repay() -> None:
    async with open_desk(grants=GRANTS) as desk:
        alice, bob = Stranger(desk), Stranger(desk, 2)
        await leverage(alice)
        await bob.place(price="100", quantity="10")
        strategy = {"strategyType": "Scheduled", "symbol": "SOL_USDC", "duration": 20_000, "interval": 10_000, "price": "100"}
        started = [
            await alice.write("POST", "strategyCreate", "/api/v1/strategy", **strategy, **fields)
            for fields in (
                {"side": "Ask", "quantity": "24", "autoBorrow": True},
                {"side": "Bid", "quantity": "2", "autoBorrowRepay": True},
            )
        ]
        await Pulse(desk.venue).advance(12_000_000)
        later(desk)
        moved = await movements(alice)
    assert [each.status for each in started] == [200, 200]
    assert [row.rsplit(" ", 1)[0] for row in moved] == ["Borrow SpotMargin 2 SOL", "Borrow SpotMargin 12 SOL"]


async def test_both_sides_of_a_request_borrow_and_what_is_not_given_is_repaid() -> None:
    async with open_desk(grants=GRANTS) as desk:
        alice, bob, carol = Talker(desk, 1), Talker(desk, 2), Talker(desk, 3)
        await leverage(alice, bob, carol)
        flags = {"autoBorrow": True, "autoBorrowRepay": True}
        assert said(await alice.ask(executionMode="Immediate", price="100", quantity="12")) == FUNDS
        rfq_id = await asked(alice, executionMode="Immediate", price="100", quantity="12", **flags)
        assert said(await bob.quote(rfq_id, "90", "99")) == FUNDS
        await quoted(bob, rfq_id, "90", "101", **flags)
        # The better answer takes the place of the worse one, and what was borrowed for that.
        await quoted(bob, rfq_id, "92", "101", **flags)
        await quoted(carol, rfq_id, "90", "99", **flags)
        later(desk)
        moved = [await movements(each) for each in (alice, bob, carol)]
        balances = [await each.balances() for each in (alice, bob, carol)]
    # Twelve at 100 were locked, and at 99 with ten basis points they cost 1,189.188.
    assert moved[0] == ["Borrow Rfq 200 USDC -", "BorrowRepay Rfq 10.812 USDC -"]
    # One bid of 1,080 became one of 1,104; neither was taken.
    assert moved[1] == [
        *("Borrow Rfq 2 SOL -", "Borrow Rfq 80 USDC -", "Borrow Rfq 24 USDC -"),
        *("BorrowRepay Rfq 2 SOL -", "BorrowRepay Rfq 104 USDC -"),
    ]
    # She gave twelve SOL; the 1,080 USDC for the other side were not needed, and what came in repays the interest of those.
    assert moved[2][:3] == ["Borrow Rfq 2 SOL -", "Borrow Rfq 80 USDC -", "BorrowRepay Rfq 80 USDC -"]
    assert [row.split(" ")[:2] for row in moved[2][3:]] == [["BorrowRepay", "AutoBorrowRepay"]]
    assert [of["USDC"]["locked"] for of in balances] == ["0", "0", "0"]
    assert [of["SOL"]["available"] for of in balances] == ["22", "10", "0"]


async def test_who_accepts_borrows_then() -> None:
    async with open_desk(grants=GRANTS) as desk:
        alice, bob = Talker(desk, 1), Talker(desk, 2)
        await leverage(alice)
        rfq_id = await asked(alice, quantity="9.5")
        assert said(await alice.accept(await quoted(bob, rfq_id, "90", "106"))) == FUNDS
        await alice.cancel_rfq(rfqId=rfq_id)
        rfq_id = await asked(alice, quantity="9.5", autoBorrow=True)
        assert loads(await alice.accept(await quoted(bob, rfq_id, "90", "106")))["status"] == "Filled"
        later(desk)
        # 9.5 at 106 are 1,007, and the fee is 1.007.
        assert await movements(alice) == ["Borrow Rfq 8.007 USDC -"]


async def test_what_is_borrowed_outlasts_a_stop_from_the_journal_and_from_a_snapshot(tmp_path: Path) -> None:
    clock, borrows = ManualClock(), Backing(borrows=True)
    for keep in (10**9, 1):
        site = Site(tmp_path / str(keep), clock, keep=keep)
        await site.trade(1)
        engine = site.venue.engine
        held = engine.balances(1)["SOL"][0]
        rules = site.venue.listing.rules["SOL_USDC"]
        quantity = held // rules.base_unit // rules.step * rules.step + 5 * rules.step
        ask = {"account": 1, "side": Side.ASK, "price": 200 * 10**rules.price_scale, "backing": borrows}
        site.do(Place(symbol="SOL_USDC", quantity=quantity, **ask))
        site.do(SubmitRfq(symbol="SOL_USDC_RFQ", quantity=quantity, client_id=3, **ask))
        await site.snapshot()
        before = engine.state_hash()
        await site.stop()
        again = Site(tmp_path / str(keep), clock, keep=keep)
        assert again.venue.engine.state_hash() == before
        for command in (CancelAll(1, "SOL_USDC"), CancelRfq(account=1, client_id=3)):
            again.do(command)
        interest = -again.venue.engine.facility(Lending).loans(1)["SOL"].quantity
        assert interest == again.venue.engine.facility(Lending).loans(1)["SOL"].interest
        await again.stop()

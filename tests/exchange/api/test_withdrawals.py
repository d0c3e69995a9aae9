"""Withdrawals through the doors: what is asked of one, what becomes of it, and the delay that an account may have."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from exchange.api.margin import PERP, leverage, margin, marked, trade
from exchange.durability.sites import Site
from exchange.stranger import Desk, Stranger, frames, loads, open_desk, said
from haversack.clock import ManualClock
from haversack.errors import UsageError
from haversack.exchange.control.audit import problems
from haversack.exchange.engine.command import Elapse
from haversack.exchange.engine.withdrawals.command import CreateDelay, Withdraw
from haversack.exchange.engine.withdrawals.rules import PENDING_MAX
from haversack.exchange.journal import GroupCommitter, MemoryJournal
from haversack.exchange.listing import Listing
from haversack.exchange.messages import Reply
from haversack.exchange.venue import Settings, Venue
from haversack.local import LocalExchange
from haversack.wire.transfers import WithdrawalStatus

GRANTS = {"USDC": "1000", "SOL": "5"}
INVALID = "INVALID_CLIENT_REQUEST"
PATH, DELAY = "/wapi/v1/capital/withdrawals", "/wapi/v1/capital/withdrawals/delay"
CODE, LISTED = "123456", "local-exchange-address-book"


async def withdraw(desk: Desk, seed: int = 1, **fields: Any) -> Reply:
    usual = {"address": "somewhere", "blockchain": "Solana", "quantity": "100", "symbol": "USDC", "twoFactorToken": CODE}
    sent = {name: value for name, value in (usual | fields).items() if value is not None}
    return await Stranger(desk, seed).write("POST", "withdraw", PATH, **sent)


async def listed(desk: Desk, seed: int = 1, **fields: Any) -> list[dict[str, Any]]:
    return loads(await Stranger(desk, seed).read("withdrawalQueryAll", PATH, **fields))  # type: ignore[no-any-return]


async def delayed(desk: Desk, hours: int, *, method: str = "POST", code: str = CODE) -> Reply:
    instruction = "withdrawalDelayCreate" if method == "POST" else "withdrawalDelayUpdate"
    return await Stranger(desk).write(method, instruction, DELAY, withdrawalDelayHours=hours, twoFactorToken=code)


async def delay(desk: Desk) -> Reply:
    return await Stranger(desk).read("withdrawalDelayQuery", DELAY)


def elapse(desk: Desk, *, s: int) -> None:
    desk.clock.advance(ms=s * 1_000)
    desk.venue.execute(Elapse(), now_us=desk.clock.now_us())


@asynccontextmanager
async def a_desk(folder: Path, listing: str) -> AsyncGenerator[Desk]:
    """As `open_desk`, with a listing of its own."""
    path = folder / "listing.toml"
    path.write_text(listing, encoding="utf-8")
    clock, journal = ManualClock(), MemoryJournal()
    grants = {asset: Decimal(quantity) for asset, quantity in GRANTS.items()}
    venue = Venue(Listing.load(path), clock, GroupCommitter(journal), settings=Settings(has_crowd=False, grants=grants))
    venue.start(journal)
    yield Desk(venue, clock)


def written(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


async def test_a_withdrawal_leaves_the_account_at_once_and_is_confirmed_a_minute_later() -> None:
    async with open_desk(grants=GRANTS) as desk:
        somebody, socket = Stranger(desk), desk.connect()
        await somebody.balances()
        somebody.subscribe(socket, "account.balanceUpdate")
        reply = await withdraw(desk, clientId="rent")
        (told,) = await frames(socket, 1)
        pending = await listed(desk)
        elapse(desk, s=59)
        waiting = await listed(desk)
        assert problems(desk.venue) == []
        elapse(desk, s=1)
        (confirmed,) = await listed(desk)
        engine = desk.venue.engine
    assert reply.body.decode() == (
        '{"accountIdentifier":null,"bankIdentifier":null,"bankName":null,"blockchain":"Solana","clientId":"rent",'
        '"createdAt":"2026-09-01T17:52:31","fee":"0.6","fiatFee":null,"fiatState":null,"fiatSymbol":null,"id":1,'
        '"identifier":null,"isInternal":false,"providerId":null,"quantity":"100","status":"pending","subaccountId":null,'
        '"symbol":"USDC","toAddress":"somewhere","transactionHash":null,"triggerAt":null}'
    )
    assert (told["data"]["a"], told["data"]["A"]) == ("USDC", "900")
    assert pending == waiting == [loads(reply)]
    transaction = confirmed["transactionHash"]
    assert transaction.startswith("local-exchange-nothing-was-sent-")
    assert confirmed == pending[0] | {"status": "confirmed", "transactionHash": transaction, "identifier": transaction}
    # The fee stays with the exchange, the rest is gone, and both are counted.
    assert (engine.fees["USDC"], engine.held_beside["USDC"]) == (6 * 10**9, 994 * 10**9)
    assert problems(desk.venue) == []


REFUSED: list[tuple[dict[str, Any], tuple[int, str, str]]] = [
    ({"twoFactorToken": None}, (400, "INVALID_TWO_FACTOR_CODE", "Invalid two factor code")),
    ({"twoFactorToken": "654321"}, (400, "INVALID_TWO_FACTOR_CODE", "Invalid two factor code")),
    ({"symbol": "GOLD"}, (400, "INVALID_ASSET", "Invalid asset")),
    ({"symbol": "VLT"}, (400, INVALID, "Invalid blockchain")),
    ({"blockchain": "Bitcoin"}, (400, INVALID, "Invalid blockchain")),
    ({"quantity": "1.19"}, (400, INVALID, "Quantity is below the minimum allowed value")),
    ({"quantity": "-5"}, (400, INVALID, "Quantity is below the minimum allowed value")),
    ({"quantity": "5.0000001"}, (400, INVALID, "Quantity decimal too long")),
    ({"quantity": "1000.000001"}, (400, "INSUFFICIENT_FUNDS", "Insufficient funds")),
    ({"address": ""}, (400, INVALID, "Invalid address")),
    ({"address": "a" * 256}, (400, INVALID, "Invalid address")),
]


@pytest.mark.parametrize(("fields", "told"), REFUSED, ids=lambda value: str(value)[:50])
async def test_refusal(fields: dict[str, Any], told: tuple[int, str, str]) -> None:
    async with open_desk(grants=GRANTS) as desk:
        await Stranger(desk).balances()
        before = desk.venue.engine.state_hash()
        assert said(await withdraw(desk, **fields)) == told
        assert desk.venue.engine.state_hash() == before


async def test_client_id_that_is_too_long_is_told_as_the_framework_does() -> None:
    async with open_desk(grants=GRANTS) as desk:
        taken = await withdraw(desk, clientId="c" * 255)
        reply = await withdraw(desk, clientId="c" * 256)
    assert taken.status == 200
    assert reply.body == (
        b'parse request payload error: failed to parse "AccountWithdrawalPayload": '
        b"field `clientId` verification failed. maxLength(255)"
    )


async def test_network_that_lets_nothing_out_or_only_so_much_is_told(tmp_path: Path) -> None:
    text = files("haversack.exchange").joinpath("data/listing.toml").read_text(encoding="utf-8")
    place = text.index('symbol = "USDC"\ndisplayName')
    usdc = text[place:].replace("withdrawEnabled = true", 'withdrawEnabled = true\nmaximumWithdrawal = "50"', 1)
    at = usdc.index('blockchain = "Ethereum"')
    usdc = usdc[:at] + usdc[at:].replace("withdrawEnabled = true", "withdrawEnabled = false", 1)
    async with a_desk(tmp_path, text[:place] + usdc) as desk:
        assert said(await withdraw(desk)) == (400, INVALID, "Quantity is above the maximum allowed value")
        assert (await withdraw(desk, quantity="50")).status == 200
        assert said(await withdraw(desk, blockchain="Ethereum")) == (400, "PRECONDITION_FAILED", "Withdrawals are disabled")


async def test_listing_without_withdrawals_lets_nobody_withdraw(tmp_path: Path) -> None:
    text = files("haversack.exchange").joinpath("data/listing.toml").read_text(encoding="utf-8")
    begin = text.index("[withdrawals]\n")
    async with a_desk(tmp_path, text[:begin] + text[text.index("\n\n", begin) :]) as desk:
        forbidden = (403, "FORBIDDEN", "Forbidden")
        assert [said(await withdraw(desk)), said(await delayed(desk, 5)), said(await delayed(desk, 5, method="PATCH"))] == [
            forbidden
        ] * 3
        assert (await delay(desk)).status == 204
        assert await listed(desk) == []


async def test_what_goes_to_the_address_book_needs_no_code() -> None:
    async with open_desk(grants=GRANTS) as desk:
        reply = await withdraw(desk, address=LISTED, twoFactorToken=None)
    assert loads(reply)["toAddress"] == LISTED


async def test_code_is_in_no_journal(tmp_path: Path) -> None:
    site = Site(tmp_path, ManualClock())
    assert (await withdraw(site.desk, twoFactorToken=CODE, clientId="rent")).status == 200
    assert (await delayed(site.desk, 5)).status == 200
    await site.venue.settled()
    await site.stop()
    assert b"rent" in written(tmp_path)
    assert CODE.encode() not in written(tmp_path)


async def test_largest_withdrawal_is_taken_and_what_positions_need_is_not() -> None:
    async with open_desk(grants={"USDC": "1000"}) as desk:
        marked(desk, "100")
        await leverage(desk, "10", 1, 2)
        await trade(desk, "100", "40")
        somebody = Stranger(desk)
        told = loads(await somebody.read("maxWithdrawalQuantity", "/api/v1/account/limits/withdrawal", symbol="USDC"))
        most = Decimal(told["maxWithdrawalQuantity"]).quantize(Decimal("0.000001"))
        more = await withdraw(desk, quantity=str(most + Decimal("0.000001")))
        # An order that fits leaves a budget behind, which the withdrawal has to end.
        assert (await somebody.place(symbol=PERP, price="99", quantity="0.01")).status == 200
        taken = await withdraw(desk, quantity=str(most - 10))
        refused = await somebody.place(symbol=PERP, price="99", quantity="20")
        left = Decimal((await margin(desk))["netEquityAvailable"])
    assert said(more) == (400, "INSUFFICIENT_FUNDS", "Insufficient funds")
    assert taken.status == 200
    assert said(refused)[1] == "INSUFFICIENT_MARGIN"
    assert left >= 0


async def test_only_so_many_wait() -> None:
    async with open_desk(grants=GRANTS) as desk:
        for _ in range(PENDING_MAX):
            assert (await withdraw(desk, quantity="2")).status == 200
        assert said(await withdraw(desk, quantity="2")) == (429, "TOO_MANY_REQUESTS", "Too many pending withdrawals")
        elapse(desk, s=60)
        assert (await withdraw(desk, quantity="2")).status == 200


async def test_list_is_the_accounts_own_newest_first_and_searched_by_id_client_id_and_time() -> None:
    async with open_desk(grants=GRANTS) as desk:
        start_ms = desk.clock.now_us() // 1_000
        for client_id in ("a", None, "b", ""):
            await withdraw(desk, quantity="2", clientId=client_id)
            desk.clock.advance(ms=1_000)
        ids = [row["id"] for row in await listed(desk)]
        by_id = await listed(desk, id=3)
        by_client_id = await listed(desk, clientId="a")
        by_nothing = await listed(desk, clientId="")
        later = await listed(desk, **{"from": start_ms + 1_000, "to": start_ms + 2_000})
        never = await listed(desk, **{"from": -5, "to": -1})
        page = await listed(desk, limit=2, offset=1)
        other = await listed(desk, 2)
    assert ids == [4, 3, 2, 1]
    assert [row["id"] for row in later] == [3, 2]
    assert [row["id"] for row in page] == [3, 2]
    assert [[row["id"] for row in rows] for rows in (by_id, by_client_id, by_nothing)] == [[3], [1], [4]]
    assert (never, other) == ([], [])


async def test_delay_holds_withdrawals_to_unlisted_addresses() -> None:
    async with open_desk(grants=GRANTS) as desk:
        assert (await delay(desk)).status == 204
        created = await delayed(desk, 2)
        told = await delay(desk)
        held, free = loads(await withdraw(desk)), loads(await withdraw(desk, address=LISTED, twoFactorToken=None))
        elapse(desk, s=60)
        first = [row["status"] for row in await listed(desk)]
        elapse(desk, s=2 * 3_600 - 1)
        second = [row["status"] for row in await listed(desk)]
        elapse(desk, s=1)
        third = [row["status"] for row in await listed(desk)]
    assert (created.status, created.body) == (200, b"")
    assert told.body.decode() == (
        '{"currentWithdrawalDelayHours":2,"pendingWithdrawalDelayHours":null,"pendingWithdrawalDelayHoursEnabledAt":null}'
    )
    assert (held["createdAt"], held["triggerAt"], free["triggerAt"]) == ("2026-09-01T17:52:31", "2026-09-01T19:52:31", None)
    assert (first, second, third) == (["confirmed", "pending"], ["confirmed", "pending"], ["confirmed", "confirmed"])


async def test_change_of_the_delay_waits_for_the_present_one_and_its_end_is_zero() -> None:
    async with open_desk(grants=GRANTS) as desk:
        await delayed(desk, 2)
        changed = await delayed(desk, 5, method="PATCH")
        elapse(desk, s=2 * 3_600 - 1)
        before = loads(await delay(desk))
        elapse(desk, s=1)
        after = loads(await delay(desk))
        await delayed(desk, 0, method="PATCH")
        elapse(desk, s=5 * 3_600)
        gone = await delay(desk)
        again = await delayed(desk, 1)
    assert (
        loads(changed)
        == before
        == {
            "currentWithdrawalDelayHours": 2,
            "pendingWithdrawalDelayHours": 5,
            "pendingWithdrawalDelayHoursEnabledAt": "2026-09-01T19:52:31",
        }
    )
    assert [after["currentWithdrawalDelayHours"], after["pendingWithdrawalDelayHours"]] == [5, None]
    assert (gone.status, gone.body, again.status) == (204, b"", 200)


async def test_refused_delay() -> None:
    async with open_desk(grants=GRANTS) as desk:
        code = (400, "INVALID_TWO_FACTOR_CODE", "Invalid two factor code")
        hours = (400, INVALID, "Invalid withdrawal delay")
        assert said(await delayed(desk, 2, code="0")) == said(await delayed(desk, 2, method="PATCH", code="0")) == code
        assert [said(await delayed(desk, number)) for number in (0, 721)] == [hours] * 2
        assert said(await delayed(desk, 2, method="PATCH")) == (404, "RESOURCE_NOT_FOUND", "Not Found")
        assert (await delayed(desk, 720)).status == 200
        assert said(await delayed(desk, 2)) == (409, "PRECONDITION_FAILED", "Withdrawal delay already exists")
        assert said(await delayed(desk, 721, method="PATCH")) == hours


async def test_withdrawals_go_on_after_a_restart_from_the_journal_and_from_a_snapshot(tmp_path: Path) -> None:
    clock = ManualClock()
    site = Site(tmp_path, clock)
    await site.trade(1)
    site.do(CreateDelay(1, 3))
    site.do(Withdraw(account=1, asset="USDC", blockchain="Solana", address="somewhere", amount=10**12))
    await site.venue.settled()
    told = [(site.venue.engine.state_hash(), site.venue.engine.facilities_due_us())]
    for _ in range(2):
        await site.stop()
        site = Site(tmp_path, clock)
        told.append((site.venue.engine.state_hash(), site.venue.engine.facilities_due_us()))
        if site.replayed:
            await site.snapshot()
    assert (site.replayed, len(set(told))) == (0, 1)
    clock.advance(ms=3 * 3_600_000 + 60_000)
    (changed,) = site.venue.execute(Elapse(), now_us=clock.now_us())
    assert type(changed).__name__ == "WithdrawalChanged"
    await site.stop()


async def test_a_withdrawal_through_the_client() -> None:
    async with LocalExchange(clock=ManualClock(), crowd=False, grants=GRANTS) as exchange:
        careful, client = exchange.client(), exchange.client(withdrawals=True)
        wanted: dict[str, Any] = {"address": LISTED, "blockchain": "Solana", "quantity": "2.5", "symbol": "SOL"}
        with pytest.raises(UsageError, match="withdrawals=True"):
            await careful.capital.request_withdrawal(**wanted)
        asked = await client.capital.request_withdrawal(client_id="rent", **wanted)
        assert asked.status is WithdrawalStatus.PENDING
        await client.capital.create_withdrawal_delay(hours=1, two_factor_token=CODE)
        delay = await client.capital.withdrawal_delay()
        assert delay is not None
        assert delay.current_hours == 1
        await exchange.advance(s=60)
        (found,) = await client.capital.withdrawals(client_id="rent")
        assert found.status is WithdrawalStatus.CONFIRMED
        assert found.quantity - found.fee == Decimal("2.496")
        assert (await client.capital.balances())["SOL"].available == Decimal("2.5")
        assert exchange.problems() == []

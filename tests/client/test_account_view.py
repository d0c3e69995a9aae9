"""The account view of a client: what a program sees of its orders and fills, whatever goes wrong at the exchange."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from client.account_world import ORDER, all_that_comes, becomes, exchange_of, next_fills, trade, view_of, within
from haversack.account.changes import Filled
from haversack.account.life import OrderState, TrackedOrder
from haversack.client.aio import AsyncClient
from haversack.clock import ManualClock
from haversack.credentials import Credentials
from haversack.errors import InsufficientFunds, InvalidQuantity, MissingCredentials, OutcomeUnknown, UsageError, outcome_of
from haversack.exchange.faults import AnswerAction, AnswerFault, FrameAction, FrameFault
from haversack.local import LocalExchange
from haversack.rest.inquiry import Outcome
from haversack.wire.base import CancelPending
from haversack.wire.enums import Side
from haversack.wire.orders import PlaceOrder
from streams.virtual import run, seconds

KEYS = Credentials.generate()


async def test_it_is_opened_by_await_and_fills_come_at_once() -> None:
    async with (
        LocalExchange(crowd=False, clock=ManualClock()) as exchange,
        exchange.client() as client,
        exchange.client() as other,
    ):
        account = await client.account_view()
        assert account.is_synced
        fills = account.fills()
        await trade(client, other)
        [filled] = await next_fills(fills, 1)
        assert (filled.fill.quantity, filled.fill.recovered, filled.order.is_own) == (Decimal(1), False, True)
        await account.close()
        assert not account.is_synced


def test_orders_of_the_client_are_tracked_without_a_line_of_code() -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client, exchange.client() as other:
            async with view_of(client) as account:
                order = await client.orders.place(**ORDER)
                [tracked] = account.open_orders("SOL_USDC")
                assert (tracked.order_id, tracked.is_own, tracked.client_id) == (order.order_id, True, order.client_id)
                assert account.open_orders("BTC_USDC") == []
                await other.orders.place(**ORDER | {"side": "Ask", "quantity": "1"})
                assert (await becomes(account, OrderState.PARTLY_FILLED)).order_id == order.order_id
                await client.orders.cancel_all(symbol="SOL_USDC")
                assert (await becomes(account, OrderState.CANCELLED)).executed_quantity == 1
                assert account.balances["SOL"].available > 500
                assert account.health().trouble == ()
            assert client._witnesses == []  # pyright: ignore[reportPrivateUsage]

    run(main())


def test_a_batch_and_a_refusal_are_tracked() -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client, view_of(client) as account:
            limit = PlaceOrder(symbol="SOL_USDC", side=Side.BID, order_type="Limit", price="90", quantity="1")
            await client.orders.place_batch(orders=[limit, limit])
            assert [(order.state, order.is_own) for order in account.orders()] == [(OrderState.OPEN, True)] * 2
            with pytest.raises(InsufficientFunds):
                await client.orders.place(**ORDER | {"quantity": "100000"})
            assert [order.state for order in account.orders()].count(OrderState.REJECTED) == 1

    run(main())


@pytest.mark.parametrize(
    ("action", "state", "outcome"),
    [
        (AnswerAction.LOSE_ANSWER, OrderState.OPEN, Outcome.DONE),
        (AnswerAction.LOSE_REQUEST, OrderState.REJECTED, Outcome.NOT_DONE),
    ],
)
@pytest.mark.parametrize("history_lag_ms", [0, 4_000])
def test_a_lost_answer_is_resolved_by_itself(
    action: AnswerAction, state: OrderState, outcome: Outcome, history_lag_ms: int
) -> None:
    async def main() -> None:
        async with (
            exchange_of(history_lag_ms=history_lag_ms) as exchange,
            exchange.client() as client,
            view_of(client) as account,
        ):
            exchange.faults.add(AnswerFault(action=action, operation="PlaceOrder"))
            with pytest.raises(OutcomeUnknown) as unknown:
                await client.orders.place(**ORDER)
            [order] = account.orders()
            assert order.client_id == unknown.value.client_id
            assert order.state is OrderState.UNKNOWN
            assert account.health().unresolved == 1
            resolution = await within(account.resolution(unknown.value))
            assert resolution.state is outcome
            assert [each.state for each in account.orders() if each.is_own] == [state]
            assert account.health().unresolved == 0
            assert await account.resolution(unknown.value) is resolution

    run(main())


def test_an_order_whose_call_is_cancelled_is_resolved_too() -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client, view_of(client) as account:
            exchange.faults.add(AnswerFault(action=AnswerAction.DELAY, operation="PlaceOrder", delay_s=60))
            with pytest.raises(TimeoutError) as cut:
                async with asyncio.timeout(1):
                    await client.orders.place(**ORDER)
            unknown = outcome_of(cut.value)
            assert unknown is not None
            resolution = await within(account.resolution(unknown))
            assert resolution.state is not Outcome.UNKNOWN
            [order] = [each for each in account.orders() if each.is_own]
            assert (order.state is OrderState.OPEN) == (resolution.state is Outcome.DONE)

    run(main())


def test_resolution_of_what_was_sent_before_the_view_was_opened_is_found_too() -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client:
            exchange.faults.add(AnswerFault(action=AnswerAction.LOSE_ANSWER, operation="PlaceOrder"))
            with pytest.raises(OutcomeUnknown) as unknown:
                await client.orders.place(**ORDER)
            async with view_of(client) as account:
                assert (await within(account.resolution(unknown.value))).state is Outcome.DONE

    run(main())


def test_a_cancel_that_is_pending_is_seen_through() -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client, view_of(client) as account:
            order = await client.orders.place(**ORDER)
            exchange.faults.add(FrameFault(action=FrameAction.DROP, stream="account.orderUpdate"))
            exchange.faults.add(AnswerFault(action=AnswerAction.PENDING, operation="CancelOrder"))
            cancel = await client.orders.cancel(symbol="SOL_USDC", order_id=order.order_id)
            assert isinstance(cancel, CancelPending)
            assert [each.state for each in account.orders()] == [OrderState.CANCEL_PENDING]
            await becomes(account, OrderState.CANCELLED)

    run(main())


@pytest.mark.parametrize("history_lag_ms", [0, 4_000, 14_000])
def test_fills_come_once_each_over_cuts_and_lost_frames(history_lag_ms: int) -> None:
    async def main() -> None:
        async with (
            exchange_of(history_lag_ms=history_lag_ms) as exchange,
            exchange.client() as client,
            exchange.client() as other,
            view_of(client) as account,
        ):
            fills = account.fills()
            for action in (None, FrameAction.CUT, FrameAction.DROP, None, FrameAction.DUPLICATE, FrameAction.CUT):
                if action is not None:
                    exchange.faults.add(FrameFault(action=action, stream="account.orderUpdate", times=2))
                await trade(client, other)
                await seconds(20)
            await seconds(100)
            told = [event for event in await all_that_comes(fills) if isinstance(event, Filled)]
            assert len({event.fill.key for event in told}) == len(told) == 6
            assert 0 < sum(event.fill.recovered for event in told) < 6
            assert not any(event.fill.maybe_repeated for event in told)
            assert account.is_synced
            assert account.health().fills_too_late == 0

    run(main())


def test_fills_are_told_once_over_a_clean_restart(tmp_path: Path) -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client(KEYS) as client, exchange.client() as other:
            async with view_of(client, tmp_path / "fills") as account:
                fills = account.fills()
                await trade(client, other)
                assert len(await all_that_comes(fills)) == 1
            await trade(client, other, "2")
            async with view_of(client, tmp_path / "fills") as account:
                told = await all_that_comes(account.fills())
                assert [(event.fill.quantity, event.fill.maybe_repeated) for event in told if isinstance(event, Filled)] == [
                    (Decimal(2), False)
                ]
            async with view_of(client, tmp_path / "fills") as account:
                assert await all_that_comes(account.fills()) == []

    run(main())


def test_a_fill_that_was_written_but_not_dealt_with_is_told_again_as_such(tmp_path: Path) -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client(KEYS) as client, exchange.client() as other:
            async with view_of(client, tmp_path / "fills") as account:
                fills = account.fills()
                await trade(client, other)
                await trade(client, other, "2")
                first, second = await next_fills(fills, 2)
                # It does not come back for a third one: of the second nobody knows whether it was dealt with.
            async with view_of(client, tmp_path / "fills") as account:
                again = [event for event in await all_that_comes(account.fills()) if isinstance(event, Filled)]
                assert [(event.fill.key, event.fill.maybe_repeated) for event in again] == [(second.fill.key, True)]
                assert first.fill.key != second.fill.key

    run(main())


def test_fills_of_which_nobody_was_told_yet_wait_for_the_first_reader() -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client, exchange.client() as other, view_of(client) as account:
            await trade(client, other)
            await seconds(5)
            fills, events = account.fills(), account.events()
            assert len(await next_fills(fills, 1)) == 1
            assert isinstance(await within(anext(events)), Filled)
            # One that is made later begins with what nobody was given.
            assert await all_that_comes(account.fills()) == []

    run(main())


def test_one_that_leaves_its_loop_holds_up_nobody_and_is_told_nothing_twice() -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client, exchange.client() as other, view_of(client) as account:
            found: list[Decimal] = []
            for quantity in ("1", "2"):
                await trade(client, other, quantity)
                async for filled in account.fills():
                    found.append(filled.fill.quantity)
                    break
            assert found == [Decimal(1), Decimal(2)]
            assert await all_that_comes(account.fills()) == []
            assert account.health().waiting == 0

    run(main())


def test_two_views_of_one_client_are_told_both_and_one_path_serves_one(tmp_path: Path) -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client:
            async with view_of(client, tmp_path / "fills") as one, view_of(client) as two:
                await client.orders.place(**ORDER)
                assert len(one.open_orders()) == len(two.open_orders()) == 1
                third = view_of(client, tmp_path / "fills")
                with pytest.raises(UsageError, match="another program"):
                    _ = await third
                assert not third.health().is_open
            async with view_of(client, tmp_path / "fills") as again:
                assert again.is_synced

    run(main())


def test_streams_that_were_given_are_used_and_left_open() -> None:
    async def main() -> None:
        async with (
            exchange_of() as exchange,
            exchange.client() as client,
            exchange.client() as other,
            client.streams() as streams,
        ):
            async with view_of(client, streams=streams) as account:
                fills = account.fills()
                await trade(client, other)
                assert len(await next_fills(fills, 1)) == 1
            await seconds(1)
            assert streams.health().streams == {}
            assert streams.health().state == "open"

    run(main())


def test_a_view_needs_keys_and_is_opened_once() -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client:
            with pytest.raises(MissingCredentials):
                _ = await AsyncClient().account_view()
            account = view_of(client)
            with pytest.raises(UsageError, match="opened by"):
                account.fills()
            # That nothing was read yet must not look like an account in which there is nothing.
            with pytest.raises(UsageError, match="opened by"):
                _ = account.balances
            with pytest.raises(UsageError, match="opened by"):
                _ = account.positions
            with pytest.raises(UsageError, match="opened by"):
                account.open_orders()
            with pytest.raises(UsageError, match="opened by"):
                account.orders()
            with pytest.raises(UsageError, match="opened by"):
                account.order("1")
            with pytest.raises(UsageError, match="opened by"):
                account.order_of(TrackedOrder(symbol="SOL_USDC"))
            assert repr(account) == "AsyncAccount(0 open orders; not synced)"
            async with account:
                with pytest.raises(UsageError, match="opened once"):
                    _ = await account
            with pytest.raises(UsageError, match="opened once"):
                _ = await account
            assert [event async for event in account.events()] == []

    run(main())


def test_what_is_sent_bears_the_same_client_id_as_what_is_tracked_and_all_else_is_sent_as_ever() -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client, view_of(client) as account:
            with pytest.raises(UsageError):
                await client.orders.place(**ORDER | {"price": "a lot"})
            assert account.orders() == []
            order = await client.orders.place(**ORDER, client_id=7)
            assert [(each.client_id, each.order_id) for each in account.orders()] == [(7, order.order_id)]

    run(main())


def test_what_is_sent_for_its_bytes_is_tracked_too() -> None:
    async def main() -> None:
        async with exchange_of() as exchange, exchange.client() as client, view_of(client) as account:
            body = await client.raw(PlaceOrder(**ORDER))
            [order] = account.open_orders()
            assert (order.is_own, order.state) == (True, OrderState.OPEN)
            assert f'"{order.order_id}"'.encode() in body
            exchange.faults.add(AnswerFault(action=AnswerAction.GARBAGE, operation="PlaceOrder"))
            await client.raw(PlaceOrder(**ORDER))
            assert [order.state for order in account.open_orders() if order.order_id is None] == [OrderState.UNKNOWN]
            await seconds(60)
            assert [order.state for order in account.open_orders()] == [OrderState.OPEN] * 2
            assert all(order.is_own for order in account.open_orders())
            with pytest.raises(InvalidQuantity):
                await client.raw(PlaceOrder(**ORDER | {"quantity": "-1"}))
            assert [order.state for order in account.orders()].count(OrderState.REJECTED) == 1

    run(main())

"""The account for programs that are not async: orders from any thread, events by a plain loop, and nothing left behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from haversack.account.blocking import BlockingAccount
from haversack.account.life import OrderState
from haversack.client.blocking import Client
from haversack.credentials import Credentials
from haversack.errors import ConnectFailed, MissingCredentials, StreamClosed, UsageError
from haversack.wire.orders import PlaceOrder
from served import Served, serve

ORDER: dict[str, Any] = {"symbol": "SOL_USDC", "side": "Bid", "order_type": "Limit", "price": "99.00", "quantity": "1.5"}


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("exchange")
    with serve(folder, "--no-crowd") as served:
        yield served


def client_of(exchange: Served) -> Client:
    return Client(Credentials.generate(), base_url=exchange.url, stream_url=exchange.stream_url)


def trade(taker: Client, maker: Client, quantity: str = "1") -> None:
    order = {**ORDER, "price": "100", "quantity": quantity}
    maker.orders.place(**order | {"side": "Ask"})
    taker.orders.place(**order)


def ours() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "haversack account"]


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    yield
    assert ours() == []


def test_fills_come_by_a_plain_loop_and_orders_are_tracked(exchange: Served, tmp_path: Path) -> None:
    with client_of(exchange) as client, client_of(exchange) as other:
        with client.account_view(tmp_path / "fills") as account:
            assert account.is_synced
            trade(client, other)
            trade(client, other, "2")
            quantities: list[Decimal] = []
            for filled in account.fills():
                quantities.append(filled.fill.quantity)
                if len(quantities) == 2:
                    break
            assert quantities == [Decimal(1), Decimal(2)]
            order = client.orders.place(**ORDER)
            [tracked] = account.open_orders("SOL_USDC")
            assert (tracked.order_id, tracked.is_own) == (order.order_id, True)
            # Its frame may come in between, and with it the moment of the matching engine.
            again = account.order_of(tracked)
            assert again is not None
            assert again.ticket == tracked.ticket
            client.orders.cancel(symbol="SOL_USDC", order_id=order.order_id)
            account.synced(timeout_s=10)
            assert account.order(order.order_id).state is OrderState.CANCELLED  # type: ignore[union-attr]
            assert account.balances["SOL"].available > 500
            assert account.positions == {}
            assert account.health().is_open
        assert not account.health().is_open
        assert len(account.orders()) == 3
        client.orders.place(**ORDER)
        assert len(account.orders()) == 3
        with client.account_view(tmp_path / "fills") as account:
            # The first was dealt with, of the second nobody knows.
            assert [account.fills().next(10).fill.maybe_repeated] == [True]
        account.close()


def test_orders_of_all_threads_are_tracked(exchange: Served) -> None:
    with client_of(exchange) as client, client.account_view() as account, ThreadPoolExecutor(8) as pool:
        placed = list(pool.map(lambda number: client.orders.place(**ORDER, client_id=number), range(1, 41)))
        assert {order.order_id for order in placed} == {order.order_id for order in account.open_orders()}
        assert all(order.is_own and order.client_id in range(1, 41) for order in account.open_orders())


def test_waiting_has_a_limit_and_ends_with_the_account(exchange: Served) -> None:
    with client_of(exchange) as client, client_of(exchange) as other:
        account = client.account_view()
        fills = account.fills()
        with pytest.raises(TimeoutError):
            fills.next(0.01)
        trade(client, other)
        assert fills.next(10).fill.quantity == 1
        with ThreadPoolExecutor(1) as pool:
            rest = pool.submit(list, account.events())
            account.close()
            rest.result(10)
        assert list(fills) == []
        with pytest.raises(StreamClosed):
            account.synced()


def test_it_works_beside_a_running_loop(exchange: Served) -> None:
    async def notebook() -> int:
        with client_of(exchange) as client, client.account_view() as account:
            client.orders.place(**ORDER)
            return len(account.open_orders())

    assert asyncio.run(notebook()) == 1


def test_what_keeps_it_from_being_opened_is_raised(exchange: Served, tmp_path: Path) -> None:
    with pytest.raises(MissingCredentials):
        Client(base_url=exchange.url, stream_url=exchange.stream_url).account_view()
    with pytest.raises(ConnectFailed):
        Client(Credentials.generate(), base_url=exchange.url, stream_url="ws://127.0.0.1:1").account_view()
    with client_of(exchange) as client, client.account_view(tmp_path / "fills") as account:
        assert isinstance(account, BlockingAccount)
        with pytest.raises(UsageError, match="another program"):
            client.account_view(tmp_path / "fills")


def test_opening_has_a_limit_if_it_is_given_one(exchange: Served) -> None:
    client = Client(Credentials.generate(), base_url="http://127.0.0.1:1", stream_url=exchange.stream_url)
    with client, pytest.raises(TimeoutError, match=r"could not be read within 0\.2 s"):
        client.account_view(timeout_s=0.2)


def test_what_is_sent_for_its_bytes_is_tracked_too(exchange: Served) -> None:
    with client_of(exchange) as client, client.account_view() as account:
        body = client.raw(PlaceOrder(**ORDER))
        [order] = account.open_orders()
        assert (order.is_own, order.state) == (True, OrderState.OPEN)
        assert f'"{order.order_id}"'.encode() in body
        client.orders.cancel_all(symbol="SOL_USDC")

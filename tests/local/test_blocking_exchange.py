"""A local exchange for plain functions: without a loop, beside a running one, with threads, under control."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest

from haversack.clock import ManualClock, PacedClock
from haversack.credentials import Credentials
from haversack.errors import ConnectFailed, RequestExpired, UsageError
from haversack.exchange.faults import Condition, ConditionKind, ConnectionAction, ConnectionFault
from haversack.local import BlockingLocalExchange, LocalExchange

ORDER = {"symbol": "SOL_USDC", "side": "Bid", "order_type": "Limit", "price": "90", "quantity": 1}


def test_a_plain_function_trades_and_moves_time() -> None:
    with BlockingLocalExchange(markets=["SOL_USDC"]) as exchange, exchange.client() as client:
        exchange.advance(s=5)
        bought = client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Market", quantity=1)
        assert bought.status == "Filled"
        assert exchange.problems() == []


async def test_it_works_beside_a_running_loop() -> None:
    with BlockingLocalExchange(crowd=False) as exchange, exchange.client() as client:
        assert client.orders.place(**ORDER).status == "New"  # type: ignore[arg-type]


def test_threads_share_it() -> None:
    with BlockingLocalExchange(crowd=False) as exchange, exchange.client() as client, ThreadPoolExecutor(4) as threads:
        orders = list(threads.map(lambda _: client.orders.place(**ORDER), range(40)))  # type: ignore[arg-type]
        assert len({order.order_id for order in orders}) == 40
        assert exchange.problems() == []


def test_streams_come_from_the_same_exchange_and_end_with_it() -> None:
    with BlockingLocalExchange(crowd=False) as exchange, exchange.client() as client, client.streams() as streams:
        updates = streams.subscribe("account.orderUpdate", "depth.SOL_USDC")
        updates.sent(10)
        client.orders.place(**ORDER)  # type: ignore[arg-type]
        assert {updates.next(10).stream for _ in range(2)} == {"account.orderUpdate", "depth.SOL_USDC"}
        exchange.faults.add(ConnectionFault(action=ConnectionAction.DISCONNECT))
        updates.sent(10)


def test_an_account_is_seeded_and_a_market_closed() -> None:
    keys = Credentials.generate()
    with BlockingLocalExchange(crowd=False) as exchange, exchange.client(keys) as client:
        exchange.seed(keys, {"USDC": "12.5"})
        exchange.seed(keys.public_key, {"USDC": 1})
        assert client.capital.balances()["USDC"].available == Decimal("13.5")
        exchange.set_market("SOL_USDC", "Closed")
        with pytest.raises(Exception, match=r".+"):
            client.orders.place(**ORDER)  # type: ignore[arg-type]
        exchange.set_price("SOL_USDC_PERP", "99.5")
        assert client.markets.mark_prices("SOL_USDC_PERP")[0].mark_price == Decimal("99.5")


def test_a_client_survives_a_new_beginning_and_a_scenario(tmp_path: Path) -> None:
    with BlockingLocalExchange(crowd=False) as exchange, exchange.client() as client:
        client.orders.place(**ORDER)  # type: ignore[arg-type]
        saved = exchange.save(tmp_path / "scenario")
        exchange.reset()
        assert client.orders.open("SOL_USDC") == []
        assert exchange.load(tmp_path / "scenario").hash == saved
        assert len(client.orders.open("SOL_USDC")) == 1
        assert exchange.state().problems == []


def test_a_clock_that_is_off_is_noticed_and_measured() -> None:
    with BlockingLocalExchange(crowd=False) as exchange, exchange.client() as client:
        exchange.faults.add(Condition(kind=ConditionKind.SKEWED_CLOCK, by_s=120))
        with pytest.raises(RequestExpired):
            client.orders.place(**ORDER)  # type: ignore[arg-type]
        assert client.orders.place(**ORDER).status == "New"  # type: ignore[arg-type]


@pytest.mark.parametrize("sockets", [False, True])
async def test_async_code_has_the_same_words(tmp_path: Path, sockets: bool) -> None:
    keys = Credentials.generate()
    async with LocalExchange(crowd=False, clock=ManualClock(), sockets=sockets) as exchange:
        client = exchange.client(keys)
        assert await exchange.seed(keys, {"USDC": 1_000, "SOL": 1}) == 1
        await client.orders.place(**ORDER)  # type: ignore[arg-type]
        await exchange.set_price("SOL_USDC_PERP", "99.5")
        saved = await exchange.save(tmp_path / "scenario")
        await exchange.reset()
        assert await client.orders.open("SOL_USDC") == []
        assert (await exchange.load(tmp_path / "scenario")).hash == saved
        assert len(await client.orders.open("SOL_USDC")) == 1
        await exchange.set_market("SOL_USDC", "CancelOnly")
        assert (await exchange.state()).problems == []
        exchange.faults.add(Condition(kind=ConditionKind.NO_STREAMS))
        assert [each.number for each in exchange.faults.waiting()] == [1]
        with pytest.raises(ConnectFailed):
            async with client.streams():
                pass
        assert exchange.faults.clear() == 1


async def test_an_exchange_runs_sixty_times_as_fast() -> None:
    async with LocalExchange(crowd=False, clock=PacedClock(ManualClock(), speed=60)) as exchange:
        await exchange.set_speed(3)
        assert (await exchange.state()).speed == 3


def test_only_a_clock_that_stands_still_can_do_without_a_loop() -> None:
    with pytest.raises(UsageError, match="async with"):
        LocalExchange(crowd=False).start()


def test_an_address_needs_sockets() -> None:
    with BlockingLocalExchange(crowd=False) as exchange:
        with pytest.raises(UsageError, match="sockets=True"):
            _ = exchange.url
        with pytest.raises(UsageError, match="running already"):
            exchange.__enter__()

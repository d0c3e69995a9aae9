"""What a client is made with, and what goes out because of it."""

from __future__ import annotations

import json
import multiprocessing
import tomllib
import traceback
from pathlib import Path
from typing import Any

import pytest

from haversack.client.aio import AsyncClient
from haversack.client.blocking import Client
from haversack.clock import ManualClock
from haversack.credentials import Credentials, Secret
from haversack.errors import OutcomeUnknown, RequestFailed, UsageError
from haversack.rest.broker import Broker
from haversack.rest.client_ids import ClientIds
from haversack.rest.http import HttpRequest, HttpResponse
from haversack.rest.pacing import Limits
from haversack.rest.session import USER_AGENT
from haversack.wire.base import Operation
from haversack.wire.orders import PlacedInBatch, PlaceOrder, RefusedInBatch

ORDER = (
    b'{"id":"5","createdAt":1788285151083,"executedQuantity":"0","executedQuoteQuantity":"0","orderType":"Limit",'
    b'"selfTradePrevention":"RejectTaker","side":"Bid","status":"New","symbol":"SOL_USDC","timeInForce":"GTC"}'
)
REAL = "https://api.backpack.exchange"
LOCAL = "http://127.0.0.1:8787"


class Exchange:
    """Answers everything alike, and remembers what it was asked."""

    def __init__(self, body: bytes = ORDER) -> None:
        self.body = body
        self.asked: list[HttpRequest] = []

    def __call__(self, request: HttpRequest, /) -> HttpResponse:
        self.asked.append(request)
        return HttpResponse(200, {}, self.body)


def place(client: Client, **fields: Any) -> Any:
    return client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Limit", price="20", quantity="1", **fields)


def test_streams_come_from_the_real_exchange_only_if_the_requests_go_there() -> None:
    for kind in (Client, AsyncClient):
        assert kind().stream_url == "wss://ws.backpack.exchange"
        assert kind(base_url=REAL + "/").stream_url == "wss://ws.backpack.exchange"
        assert kind(base_url=LOCAL, stream_url="ws://127.0.0.1:8787").stream_url == "ws://127.0.0.1:8787"
        lost = kind(Credentials.generate(), base_url=LOCAL)
        with pytest.raises(UsageError, match="give the client stream_url as well"):
            lost.streams()


def test_broker_goes_with_orders_and_with_nothing_else() -> None:
    exchange = Exchange()
    client = Client(Credentials.generate(), http=exchange, broker=Broker(7, "key-7"))
    place(client)
    client.orders.get("SOL_USDC", client_id=3)
    placed, read = exchange.asked
    assert (placed.headers["X-Broker-Id"], placed.headers["X-Broker-Key"]) == ("7", "key-7")
    assert "broker" not in " ".join(read.headers).lower()


def test_broker_s_key_is_shown_nowhere() -> None:
    assert repr(Broker(7, "canary")) == "Broker(7)"
    assert Broker(7).headers() == {"X-Broker-Id": "7"}
    for bad in ("canary\r\nX-Api-Key: other", "", "cänary"):
        with pytest.raises(UsageError) as refused:
            Broker(7, bad)
        stack = traceback.TracebackException.from_exception(refused.value, capture_locals=True).stack
        own = [frame for frame in stack if frame.filename.endswith("broker.py")]
        assert own
        assert "nary" not in str([frame.locals for frame in own])


@pytest.mark.parametrize("broker_id", [-1, 65_536, True, "7"])
def test_broker_s_number_has_sixteen_bits(broker_id: Any) -> None:
    with pytest.raises(UsageError, match="broker_id must be an int of 0 to 65535"):
        Broker(broker_id)


class TakeOut(Operation[None], frozen=True):
    method, path, instruction, withdraws = "POST", "/wapi/v1/capital/withdrawals", "withdraw", True


def test_money_leaves_only_through_a_client_that_was_made_for_it() -> None:
    exchange = Exchange(b"")
    with pytest.raises(UsageError, match="TakeOut is refused by a client that was not made with withdrawals=True"):
        Client(Credentials.generate(), http=exchange).send(TakeOut())
    assert exchange.asked == []
    Client(Credentials.generate(), http=exchange, withdrawals=True).send(TakeOut())
    assert len(exchange.asked) == 1


def test_client_introduces_itself_as_it_is_told() -> None:
    exchange = Exchange()
    place(Client(Credentials.generate(), http=exchange))
    place(Client(Credentials.generate(), http=exchange, user_agent="my-bot/3"))
    assert exchange.asked[0].headers["User-Agent"].startswith("haversack")
    assert exchange.asked[1].headers["User-Agent"] == "my-bot/3"


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("credentials", "abc", "credentials must be Credentials, found a str"),
        ("window_ms", 1.5, "window_ms must be an int of 1 to 60000, found 1.5"),
        ("window_ms", "5000", "window_ms must be an int of 1 to 60000, found '5000'"),
        ("window_ms", 70_000, "window_ms must be an int of 1 to 60000, found 70000"),
        ("window_ms", True, "window_ms must be an int of 1 to 60000, found True"),
        ("timeout_s", 0, "timeout_s must be a number of seconds above 0, found 0"),
        ("timeout_s", -1, "timeout_s must be a number of seconds above 0, found -1"),
        ("timeout_s", float("inf"), "timeout_s must be a number of seconds above 0, found inf"),
        ("timeout_s", "5", "timeout_s must be a number of seconds above 0, found '5'"),
        ("withdrawals", "false", "withdrawals must be True or False, found 'false'"),
        ("withdrawals", 1, "withdrawals must be True or False, found 1"),
        ("observer", 5, "observer must be a function of what was sent, found 5"),
        ("user_agent", 5, "user_agent must be a str, found 5"),
        ("retry", 3, r"retry must be Retry\(...\), found a int"),
        ("limits", 500, r"limits must be Limits\(...\), found a int"),
        ("broker", 7, r"broker must be Broker\(...\), found a int"),
    ],
)
def test_client_is_not_made_with_what_it_cannot_use(kind: Any, name: str, value: Any, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        kind(**{name: value})


def test_client_says_its_version() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert f"{project['name']}/{project['version']}" == USER_AGENT


def test_every_order_has_a_client_id_and_no_two_have_the_same() -> None:
    exchange = Exchange()
    first, second = Client(Credentials.generate(), http=exchange), Client(Credentials.generate(), http=exchange)
    for client in (first, second, first):
        place(client)
    ids = [json.loads(asked.body or b"")["clientId"] for asked in exchange.asked]
    assert ids[1] == ids[0] + 1
    assert ids[2] == ids[0] + 2
    place(first, client_id=12)
    assert json.loads(exchange.asked[-1].body or b"")["clientId"] == 12


def test_lost_order_names_the_client_id_that_was_sent() -> None:
    sent: list[Any] = []

    def lost(request: HttpRequest, /) -> HttpResponse:
        sent.append(json.loads(request.body or b""))
        raise RequestFailed("cut")

    with pytest.raises(OutcomeUnknown) as unknown:
        place(Client(Credentials.generate(), http=lost))
    assert unknown.value.client_id == sent[0]["clientId"] == unknown.value.operation.client_id


def test_client_ids_count_within_32_bits_and_leave_out_zero() -> None:
    ids = ClientIds(start=2**32 - 2)
    assert [ids.take() for _ in range(4)] == [2**32 - 2, 2**32 - 1, 1, 2]
    assert ClientIds().take() != ClientIds().take()


def take_in_child(ids: ClientIds, answer: Any) -> None:
    answer.put(ids.take())


def test_forked_process_counts_from_a_start_of_its_own() -> None:
    fork = multiprocessing.get_context("fork")
    ids, answer = ClientIds(), fork.Queue()
    mine = ids.take()
    child = fork.Process(target=take_in_child, args=(ids, answer))
    child.start()
    theirs = answer.get(timeout=30)
    child.join(30)
    assert abs(theirs - mine) > 1
    assert ids.take() == mine + 1


def test_batch_is_one_request_signed_order_by_order_with_an_answer_for_each() -> None:
    refused = b'{"code":"INSUFFICIENT_FUNDS","message":"Insufficient funds","operation":"Err"}'
    exchange = Exchange(b"[" + ORDER[:-1] + b',"operation":"Ok"},' + refused + b"]")
    client = Client(Credentials.generate(), http=exchange, clock=ManualClock(), broker=Broker(7))
    orders = [PlaceOrder(symbol="SOL_USDC", side="Bid", order_type="Limit", price=price, quantity=1) for price in ("20", "19")]
    taken, not_taken = client.orders.place_batch(orders)
    assert isinstance(taken, PlacedInBatch)
    assert taken.order_id == "5"
    assert not_taken == RefusedInBatch(code="INSUFFICIENT_FUNDS", message="Insufficient funds")
    request = exchange.asked[0]
    assert (request.method, request.target, request.headers["X-Broker-Id"]) == ("POST", "/api/v1/orders", "7")
    sent = json.loads(request.body or b"")
    assert [order["price"] for order in sent] == ["20", "19"]
    assert sent[1]["clientId"] == sent[0]["clientId"] + 1


@pytest.mark.parametrize("orders", [[], (), None, ["x"], [1], {"a": 1}, [None], [object()]])
def test_batch_of_nothing_or_of_something_else_is_refused(orders: Any) -> None:
    exchange = Exchange()
    with pytest.raises(UsageError, match="orders must"):
        Client(Credentials.generate(), http=exchange).orders.place_batch(orders)
    assert exchange.asked == []


def test_secret_proxy_is_not_shown() -> None:
    client = Client(proxy=Secret("http://trader:canary@127.0.0.1:9"))
    assert "canary" not in repr(client)
    assert "canary" not in repr(vars(client))
    client.close()


def test_clients_with_one_key_share_one_budget_of_requests() -> None:
    keys, others = Credentials.generate(), Credentials.generate()
    first, second = Client(keys, base_url=LOCAL), AsyncClient(keys, base_url=LOCAL)
    assert first.session.pacer is second.session.pacer
    assert Client(others, base_url=LOCAL).session.pacer is not first.session.pacer
    assert Client(keys).session.pacer is not first.session.pacer
    with pytest.raises(UsageError, match="share one budget"):
        Client(keys, base_url=LOCAL, limits=Limits(requests_per_minute=500))


def test_client_on_a_transport_or_a_clock_of_its_own_has_its_own_budget() -> None:
    keys = Credentials.generate()
    for made in ({"http": Exchange()}, {"clock": ManualClock()}):
        arguments: Any = made
        first, second = Client(keys, **arguments), Client(keys, **arguments)
        assert first.session.pacer is not second.session.pacer


def test_clock_is_measured_on_demand_and_requests_are_signed_by_it() -> None:
    clock, asked = ManualClock(), list[HttpRequest]()

    def exchange(request: HttpRequest, /) -> HttpResponse:
        asked.append(request)
        return HttpResponse(200, {}, str(clock.now_us() // 1_000 + 7_000).encode() if "time" in request.target else b"[]")

    client = Client(Credentials.generate(), http=exchange, clock=clock)
    before, offset, after = client.clock_offset, client.sync_clock(), client.clock_offset
    assert (before, after) == (None, offset)
    assert abs(offset.offset_us - 7_000_000) <= offset.uncertainty_us <= 2_000
    client.orders.open()
    assert abs(int(asked[-1].headers["X-Timestamp"]) - clock.now_us() // 1_000 - 7_000) <= 2
    assert client.session.signer is not None
    assert (
        abs(
            client.session.signer.sign("instruction=subscribe", changes_state=False).timestamp_ms
            - 7_000
            - clock.now_us() // 1_000
        )
        <= 2
    )


async def test_clock_is_measured_on_an_async_client_too() -> None:
    clock = ManualClock()

    async def exchange(_: HttpRequest, /) -> HttpResponse:
        return HttpResponse(200, {}, str(clock.now_us() // 1_000 - 3_000).encode())

    offset = await AsyncClient(http=exchange, clock=clock).sync_clock()
    assert abs(offset.offset_us + 3_000_000) <= offset.uncertainty_us

"""Every operation has one name, which reads the same on both clients and looks like a method."""

from __future__ import annotations

import asyncio
import inspect
from decimal import Decimal
from typing import Any

import pytest

from haversack.client import groups
from haversack.client.aio import AsyncClient
from haversack.client.blocking import Client
from haversack.client.endpoint import Group, endpoint
from haversack.credentials import Credentials
from haversack.errors import OutcomeUnknown, RequestFailed, UsageError
from haversack.rest.http import HttpRequest, HttpResponse
from haversack.rest.outcome import Outcome
from haversack.rest.retry import Retry
from haversack.wire.base import Operation
from haversack.wire.catalogue import OPERATIONS
from haversack.wire.orders import PlaceOrder
from haversack.wire.system import GetTime

ENDPOINTS: dict[str, Any] = {
    f"{group}.{name}": made
    for group, held in vars(Client(http=print)).items()  # type: ignore[arg-type]  # nothing is sent
    if isinstance(held, Group)
    for name, made in vars(type(held)).items()
    if isinstance(made, endpoint)
}
ORDER = (
    b'{"createdAt":1,"executedQuantity":"0","executedQuoteQuantity":"0","id":"5","orderType":"Limit","price":"20","quantity":"1",'
    b'"selfTradePrevention":"RejectTaker","side":"Bid","status":"New","symbol":"SOL_USDC","timeInForce":"GTC"}'
)


class Exchange:
    """Answers everything with one body, and remembers what it was asked."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        self.body, self.status = body, status
        self.asked: list[HttpRequest] = []

    def __call__(self, request: HttpRequest, /) -> HttpResponse:
        self.asked.append(request)
        return HttpResponse(self.status, {}, self.body)

    async def awaited(self, request: HttpRequest, /) -> HttpResponse:
        return self(request)


def client(exchange: Exchange) -> Client:
    return Client(Credentials.generate(), http=exchange)


def test_every_operation_has_exactly_one_name() -> None:
    named = [made.operation for made in ENDPOINTS.values()]
    assert len(named) == len(set(named))
    assert set(named) == set(OPERATIONS)


@pytest.mark.parametrize("name", ENDPOINTS)
def test_both_clients_have_every_operation_as_a_method(name: str) -> None:
    group, method = name.split(".")
    for made in (Client(http=Exchange(b"")), AsyncClient(http=Exchange(b"").awaited)):
        bound = getattr(getattr(made, group), method)
        operation = ENDPOINTS[name].operation
        assert (bound.__name__, bound.__doc__) == (method, operation.__doc__)
        assert list(inspect.signature(bound).parameters) == list(inspect.signature(operation).parameters)
        assert "Source: " in (inspect.getdoc(bound) or "")


def test_signature_shows_what_may_be_written_and_not_what_is_sent() -> None:
    parameters = inspect.signature(client(Exchange(b"")).orders.place).parameters
    assert parameters["price"].annotation == "Number | None"
    assert parameters["side"].annotation == "SideLike"
    assert parameters["side"].kind is inspect.Parameter.KEYWORD_ONLY


def test_the_same_call_reads_the_same_on_both_clients() -> None:
    exchange = Exchange(b'[{"openInterest":"81420.17","symbol":"SOL_USDC_PERP","timestamp":1743731167028}]')

    async def ask() -> Any:
        async with AsyncClient(http=exchange.awaited) as asking:
            return await asking.markets.open_interest("SOL_USDC_PERP")

    with Client(http=exchange) as asking:
        blocking = asking.markets.open_interest("SOL_USDC_PERP")
    assert blocking == asyncio.run(ask())
    assert blocking[0].open_interest == Decimal("81420.17")
    assert exchange.asked[0] == exchange.asked[1]


def test_blocking_client_works_beside_a_running_loop() -> None:
    async def ask() -> int:
        return Client(http=Exchange(b"1788285151083")).system.time()

    assert asyncio.run(ask()) == 1_788_285_151_083


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"price": 20.5}, r"price='20\.5'"),
        ({"side": "Buy"}, "side must be one of Bid, Ask"),
        ({"time_in_force": "DAY"}, "time_in_force must be one of GTC, IOC, FOK"),
        ({"client_id": "7"}, "client_id must be an int"),
    ],
)
def test_wrong_argument_says_what_is_right_and_sends_nothing(changed: dict[str, Any], text: str) -> None:
    exchange = Exchange(ORDER)
    right: dict[str, Any] = {"symbol": "SOL_USDC", "side": "Bid", "order_type": "Limit", "price": "20", "quantity": "1"}
    with pytest.raises(UsageError, match=text):
        client(exchange).orders.place(**(right | changed))
    assert exchange.asked == []


def test_unknown_and_missing_arguments_are_type_errors() -> None:
    exchange = Exchange(ORDER)
    place: Any = client(exchange).orders.place
    for arguments in ({"symbl": "SOL_USDC"}, {"symbol": "SOL_USDC"}):
        with pytest.raises(TypeError):
            place(**arguments)
    with pytest.raises(TypeError):
        place("SOL_USDC", "Bid")
    assert exchange.asked == []


def test_wrong_call_says_what_may_be_given() -> None:
    orders: Any = client(Exchange(ORDER)).orders
    with pytest.raises(TypeError) as refused:
        orders.cancel_all("SOL_USDC")
    assert str(refused.value) == "Orders.cancel_all(*, order_type=None, symbol): Extra positional arguments provided"


def test_operation_is_sent_by_its_struct_too() -> None:
    exchange = Exchange(ORDER)
    operation = PlaceOrder(
        symbol="SOL_USDC", side="Bid", order_type="Limit", price=Decimal(20), quantity=1, auto_lend=False, client_id=5
    )
    assert client(exchange).send(operation).order_id == "5"
    assert exchange.asked[0].body == (
        b'{"autoLend":false,"clientId":5,"orderType":"Limit","price":"20","quantity":"1","side":"Bid","symbol":"SOL_USDC"}'
    )


def test_operation_of_the_user_s_own_is_sent_and_answered() -> None:
    class GetNews(Operation[list[int]], frozen=True):
        method, path, instruction = "GET", "/api/v1/news", "newsQuery"

    exchange = Exchange(b"[1,2]")
    assert client(exchange).send(GetNews()) == [1, 2]
    assert "X-Signature" in exchange.asked[0].headers


def test_transport_of_the_user_s_own_is_left_open() -> None:
    exchange = Exchange(b"5")
    with Client(http=exchange) as asking:
        pass
    assert asking.send(GetTime()) == 5


def test_endpoint_of_the_class_is_the_endpoint() -> None:
    assert isinstance(groups.Orders.place, endpoint)


def test_clients_say_where_they_go_and_show_no_secret() -> None:
    credentials = Credentials.generate()
    for made in (Client(credentials, http=Exchange(b"")), AsyncClient(credentials, http=Exchange(b"").awaited)):
        text = repr(made) + repr(made.orders) + repr(made.orders.place)
        assert "https://api.backpack.exchange" in text
        assert "secret=***" in text


async def test_lost_order_is_resolved_by_a_method_on_both_clients() -> None:
    def cut(_request: HttpRequest, /) -> HttpResponse:
        raise RequestFailed("cut")

    async def cut_async(request: HttpRequest, /) -> HttpResponse:
        return cut(request)

    order: dict[str, Any] = {"symbol": "SOL_USDC", "side": "Bid", "order_type": "Limit", "price": "20", "quantity": "1"}
    keys, once = Credentials.generate(), Retry(attempts_max=1)
    client, other = Client(keys, http=cut, retry=once), AsyncClient(keys, http=cut_async, retry=once)
    with pytest.raises(OutcomeUnknown) as lost:
        client.orders.place(**order)
    resolution = client.orders.resolve(lost.value, wait_s=0)
    assert (resolution.operation, resolution.state) == (lost.value.operation, Outcome.UNKNOWN)
    assert (await other.orders.resolve(lost.value, wait_s=0)).state is Outcome.UNKNOWN

"""The bytes of an answer, for what is not typed: with the same care as any other answer."""

from __future__ import annotations

import pytest

from haversack.client.aio import AsyncClient
from haversack.client.blocking import Client
from haversack.credentials import Credentials
from haversack.errors import InvalidSymbol, OutcomeUnknown, RequestFailed
from haversack.rest.http import HttpRequest, HttpResponse
from haversack.wire.account import UpdateAccount
from haversack.wire.markets import GetTicker
from haversack.wire.orders import CancelOrder

BODY = b'{"symbol":"SOL_USDC","newField":[1,{"of":2026}]}'


def answers(request: HttpRequest, /) -> HttpResponse:
    if "NOTREAL" in request.target:
        return HttpResponse(400, {}, b'{"code":"INVALID_SYMBOL","message":"Invalid symbol"}')
    if request.method == "DELETE":
        raise RequestFailed("cut")
    return HttpResponse(200, {}, BODY)


async def answers_async(request: HttpRequest, /) -> HttpResponse:
    return answers(request)


def test_answer_comes_as_it_is() -> None:
    assert Client(http=answers).raw(GetTicker("SOL_USDC")) == BODY


async def test_it_is_the_same_on_an_async_client() -> None:
    assert await AsyncClient(http=answers_async).raw(GetTicker("SOL_USDC")) == BODY


def test_a_no_is_the_same_error_and_a_lost_answer_is_as_unknown() -> None:
    client = Client(Credentials.generate(), http=answers)
    with pytest.raises(InvalidSymbol):
        client.raw(GetTicker("NOTREAL_USDC"))
    with pytest.raises(OutcomeUnknown):
        client.raw(CancelOrder(symbol="SOL_USDC", order_id="5"))


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b'{"done":true}', b"OK"])
def test_operation_that_answers_nothing_is_done_whatever_comes_with_the_yes(body: bytes) -> None:
    def says_yes(_: HttpRequest, /) -> HttpResponse:
        return HttpResponse(200, {}, body)

    Client(Credentials.generate(), http=says_yes).send(UpdateAccount(auto_lend=True))

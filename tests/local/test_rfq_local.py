"""Requests for quotes through the real client: between two of one's own, and with the crowd that answers a lone user."""

from __future__ import annotations

from decimal import Decimal

import pytest

from haversack.clock import ManualClock
from haversack.errors import ApiError, InsufficientFunds
from haversack.local import BlockingLocalExchange, LocalExchange
from haversack.wire.enums import OrderStatus, Side
from haversack.wire.events_rfq import RfqEvent, RfqUpdate
from haversack.wire.rfq import RfqExecutionMode

SYMBOL = "SOL_USDC_RFQ"


async def test_request_is_quoted_followed_in_the_stream_and_accepted() -> None:
    async with (
        LocalExchange(crowd=False, clock=ManualClock()) as exchange,
        exchange.client() as taker,
        exchange.client() as maker,
        maker.streams() as heard_by_maker,
        taker.streams() as heard_by_taker,
    ):
        to_maker, to_taker = (
            heard_by_maker.subscribe("account.rfqUpdate"),
            heard_by_taker.subscribe(f"account.rfqUpdate.{SYMBOL}"),
        )
        await to_maker.sent()
        await to_taker.sent()
        rfq = await taker.rfq.submit(symbol=SYMBOL, side="Bid", quantity=10, client_id=1)
        active = (await anext(to_maker)).event
        assert isinstance(active, RfqUpdate)
        assert (active.event, active.quantity, active.expiry_ms) == (RfqEvent.ACTIVE, Decimal(10), rfq.expiry_ms)
        assert active.side is None
        quote = await maker.rfq.quote(rfq_id=str(active.rfq_id), bid_price=99, ask_price="100", client_id=2)
        (accepted, candidate) = [(await anext(to_taker)).event for _ in range(2)]
        assert isinstance(candidate, RfqUpdate)
        assert (candidate.quote_id, candidate.price) == (int(quote.quote_id), Decimal("100.1"))
        assert isinstance(accepted, RfqUpdate)
        with pytest.raises(ApiError, match="Quote not found"):
            await taker.rfq.accept(rfq_id=rfq.rfq_id, quote_id="5")
        filled = await taker.rfq.accept(rfq_id=rfq.rfq_id, quote_id=str(candidate.quote_id))
        assert filled.status is OrderStatus.FILLED
        told = [(await anext(to_maker)).event for _ in range(2)]
        assert [event.event for event in told if isinstance(event, RfqUpdate)] == [RfqEvent.QUOTE_ACCEPTED, RfqEvent.FILLED]
        (past,), (fill,) = await taker.history.rfqs(), await taker.history.rfq_fills(side="Bid")
        (of_maker,) = await maker.history.quote_fills()
        assert (past.status, fill.fill_price, of_maker.side, of_maker.fee) == (
            *(OrderStatus.FILLED, Decimal("100.1")),
            *(Side.ASK, Decimal("0.8")),
        )
        assert (await taker.capital.balances())["SOL"].available == 510
        assert await taker.rfq.open() == []
        assert (await taker.history.fills(), exchange.problems()) == ([], [])


async def test_request_without_the_money_is_refused_by_its_kind() -> None:
    async with LocalExchange(crowd=False, clock=ManualClock()) as exchange, exchange.client() as client:
        with pytest.raises(InsufficientFunds):
            await client.rfq.submit(symbol=SYMBOL, side="Bid", quantity=10_000, execution_mode="Immediate", price=100)
        rfq = await client.rfq.submit(symbol=SYMBOL, side=Side.ASK, quantity=1, execution_mode="Immediate", price=100)
        assert rfq.execution_mode is RfqExecutionMode.IMMEDIATE
        assert (await client.capital.balances())["SOL"].locked == 1
        refreshed = await client.rfq.refresh(rfq_id=rfq.rfq_id)
        assert refreshed.rfq_id == rfq.rfq_id
        await client.rfq.cancel(rfq_id=rfq.rfq_id)
        assert (await client.capital.balances())["SOL"].locked == 0
        assert exchange.problems() == []


def test_lone_user_is_answered_by_the_crowd() -> None:
    with BlockingLocalExchange(markets=["SOL_USDC", SYMBOL], clock=ManualClock()) as exchange, exchange.client() as client:
        exchange.advance(s=2)
        rfq = client.rfq.submit(symbol=SYMBOL, side="Bid", quantity=5)
        exchange.advance(s=3)
        (opened,) = client.rfq.open(SYMBOL)
        assert len(opened.quotes) == 2
        best = min(opened.quotes, key=lambda quote: quote.ask_price)
        assert client.rfq.accept(rfq_id=rfq.rfq_id, quote_id=best.quote_id).status == "Filled"
        at_once = client.rfq.submit(symbol=SYMBOL, side="Bid", quantity=5, execution_mode="Immediate", price=best.ask_price * 2)
        exchange.advance(s=3)
        fills = client.history.rfq_fills()
        assert [fill.rfq_id for fill in fills] == [at_once.rfq_id, rfq.rfq_id]
        assert client.capital.balances()["SOL"].available == 510
        assert (exchange.problems(), client.history.quotes()) == ([], [])


def test_markets_of_requests_are_found_by_their_type() -> None:
    with BlockingLocalExchange(crowd=False) as exchange, exchange.client() as client:
        assert SYMBOL in {market.symbol for market in client.markets.all(market_type=["RFQ"])}
        assert client.markets.get(SYMBOL).market_type == "RFQ"

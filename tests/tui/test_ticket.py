"""What somebody types: an order, or what is wrong with it."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from haversack.errors import UsageError
from haversack.tui.model import BookSight, Model
from haversack.tui.permit import Badge, Trading
from haversack.tui.ticket import Ticket, first_price, judge, words
from haversack.wire.enums import OrderType, Side
from haversack.wire.orders import PlaceOrder
from tui.known import account, book, markets, model


def ticket(price: str = "100.40", quantity: str = "1.5", *, side: Side = Side.BID, post_only: bool = False) -> Ticket:
    return Ticket(side=side, price=price, quantity=quantity, post_only=post_only)


def test_form_becomes_a_limit_order_with_the_numbers_as_they_were_typed() -> None:
    verdict = judge(model(), ticket())
    assert verdict.order == PlaceOrder(
        symbol="SOL_USDC", side=Side.BID, order_type=OrderType.LIMIT, price=D("100.40"), quantity=D("1.5")
    )
    assert verdict.text == "worth 150.600 USDC"
    assert judge(model(), ticket(post_only=True)).order.post_only is True  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (ticket(price=""), "price is missing"),
        (ticket(quantity="  "), "quantity is missing"),
        (ticket(price="1,5"), "price is no number above 0: 1,5"),
        (ticket(price="NaN"), "price is no number above 0: NaN"),
        (ticket(quantity="-1"), "quantity is no number above 0: -1"),
        (ticket(quantity="0"), "quantity is no number above 0: 0"),
        (ticket(price="1e999999"), "price is no number above 0: 1e999999"),
        (ticket(quantity="1" * 40), f"quantity is no number above 0: {'1' * 40}"),
        (ticket(price="100.405"), "price 100.405 is not a multiple of tick size 0.01"),
        (ticket(quantity="0.001"), "quantity 0.001"),
        (ticket(price="900"), "price 900"),
        (ticket(price="100.52", post_only=True), "post"),
    ],
)
def test_what_is_wrong_is_said_and_makes_no_order(given: Ticket, text: str) -> None:
    verdict = judge(model(), given)
    assert verdict.order is None
    assert text in verdict.text


def test_book_that_is_not_in_sync_decides_nothing() -> None:
    known = model()
    known.book = book([("100.50", "2")], [("100.52", "4")], trouble="a message is missing")
    assert judge(known, ticket(price="100.52", post_only=True)).order is not None


@pytest.mark.parametrize(
    ("side", "text", "is_warning"),
    [
        (Side.BID, "worth 150.600 USDC; only 100 USDC are available", True),
        (Side.ASK, "worth 150.600 USDC; 20 SOL are available", False),
    ],
)
def test_cost_is_compared_with_what_is_available_and_still_may_be_sent(side: Side, text: str, is_warning: bool) -> None:
    known = model()
    known.account = account(USDC="100", SOL="20")
    verdict = judge(known, ticket(side=side))
    assert (verdict.text, verdict.is_warning, verdict.order is not None) == (text, is_warning, True)


def test_form_begins_at_the_own_side_of_the_touch() -> None:
    assert (first_price(model(), Side.BID), first_price(model(), Side.ASK)) == ("100.50", "100.52")
    empty = model()
    empty.book = book([], [])
    assert first_price(empty, Side.BID) == "100.50"
    empty.book = BookSight(trouble="no book")
    assert first_price(empty, Side.BID) == "100.50"
    never_traded = model("HNT_USDC")
    never_traded.book = BookSight()
    assert first_price(never_traded, Side.BID) == ""


def test_order_is_put_into_words_before_it_is_confirmed() -> None:
    known = model()
    order = judge(known, ticket("100.6", side=Side.ASK, post_only=True)).order
    assert order is not None
    assert words(order, known) == "Ask: sell 1.5 SOL at 100.60 USDC, which is 150.90 USDC, post only"


def test_symbol_that_no_market_has_is_told_with_a_hint() -> None:
    with pytest.raises(UsageError, match=r"^no market is called 'SOL-USDC'; there are "):
        Model(markets(), "SOL-USDC", badge=Badge("sim", is_live=False), trading=Trading.FREE)
    with pytest.raises(UsageError, match=r"^no market is called 'SOL_USDT'; did you mean SOL_USDC or SOL_USDC_PERP\?$"):
        model().select("SOL_USDT")


@pytest.mark.parametrize(
    ("text", "symbol"), [("sol", "SOL_USDC"), ("btc/usdc", "BTC_USDC"), ("perp", "ADA_USDC_PERP"), ("?", None), ("", None)]
)
def test_market_is_found_by_a_part_of_its_name(text: str, symbol: str | None) -> None:
    assert model().find(text) == symbol


def test_intervals_go_round() -> None:
    known = model()
    seen = []
    for _ in range(7):
        seen.append(known.interval)
        known.next_interval()
    assert seen == ["1m", "5m", "15m", "1h", "4h", "1d", "1m"]
    known.next_interval(-2)
    assert known.interval == "1d"

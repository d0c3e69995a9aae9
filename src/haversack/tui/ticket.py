"""An order that somebody types: what it would be, what it would cost, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

import msgspec

from haversack.account.balances import AssetBalance
from haversack.errors import HaversackError
from haversack.tui.figures import fixed
from haversack.tui.model import BookSight, Model, Quote
from haversack.units import decimals_of, plain
from haversack.wire.enums import OrderType, Side
from haversack.wire.markets import Market
from haversack.wire.orders import PlaceOrder

DIGITS_MAX = 30


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the form."""

    side: Side
    price: str = ""
    quantity: str = ""
    post_only: bool = False


class Verdict(msgspec.Struct, frozen=True):
    """What the form comes to."""

    order: PlaceOrder | None
    """None: it cannot be sent."""
    text: str
    is_warning: bool = False


def first_price(model: Model, side: Side) -> str:
    """The price that the form begins with: one's own side of the touch, which takes nothing."""
    snapshot = model.book.snapshot
    level = None if snapshot is None else snapshot.best_bid if side is Side.BID else snapshot.best_ask
    price = level.price if level is not None else model.quote.last if model.quote is not None else None
    return "" if price is None else fixed(price, model.price_decimals)


def judge(model: Model, ticket: Ticket) -> Verdict:
    """The order that the form stands for, checked against the market's rules, the book and the balance."""
    numbers: list[Decimal] = []
    for name, text in (("price", ticket.price), ("quantity", ticket.quantity)):
        if not text.strip():
            return Verdict(None, f"{name} is missing")
        number = _number(text)
        if number is None:
            return Verdict(None, f"{name} is no number above 0: {text.strip()}", is_warning=True)
        numbers.append(number)
    price, quantity = numbers
    order = PlaceOrder(
        symbol=model.symbol,
        side=ticket.side,
        order_type=OrderType.LIMIT,
        price=price,
        quantity=quantity,
        post_only=True if ticket.post_only else None,
    )
    trouble = _broken(model.market, order, model.book, model.quote)
    if trouble:
        return Verdict(None, trouble, is_warning=True)
    return Verdict(order, *_cost(model, ticket.side, price, quantity))


def words(order: PlaceOrder, model: Model) -> str:
    """The order as a sentence."""
    market = model.markets[order.symbol]
    verb = "buy" if order.side == Side.BID else "sell"
    price, quantity = Decimal(order.price or 0), Decimal(order.quantity or 0)
    cost = plain(price * quantity)
    return (
        f"{order.side}: {verb} {plain(quantity)} {market.base_symbol} "
        f"at {fixed(price, decimals_of(market.filters.price.tick_size))} {market.quote_symbol}, which is {cost} "
        f"{market.quote_symbol}{', post only' if order.post_only else ''}"
    )


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    if not number.is_finite() or number <= 0 or len(number.as_tuple().digits) > DIGITS_MAX or abs(number.adjusted()) > DIGITS_MAX:
        return None
    return number


def _broken(market: Market, order: PlaceOrder, book: BookSight, quote: Quote | None) -> str:
    """The first rule that it breaks. Prices of the moment count only while the book can be relied on."""
    snapshot = None if book.trouble else book.snapshot
    bid, ask = (None, None) if snapshot is None else (snapshot.best_bid, snapshot.best_ask)
    try:
        broken = market.problems(
            order,
            best_bid=bid.price if bid else None,
            best_ask=ask.price if ask else None,
            last_price=quote.last if quote else None,
        )
    except HaversackError as error:
        return str(error)
    return str(broken[0]) if broken else ""


def _cost(model: Model, side: Side, price: Decimal, quantity: Decimal) -> tuple[str, bool]:
    """What it costs, and whether there is too little for it."""
    market = model.market
    is_bid = side is Side.BID
    asset, needed = (market.quote_symbol, price * quantity) if is_bid else (market.base_symbol, quantity)
    text = f"worth {plain(price * quantity)} {market.quote_symbol}"
    balances: Mapping[str, AssetBalance] = model.account.balances if model.account is not None else {}
    balance = balances.get(asset)
    if market.market_type != "SPOT" or model.account is None:
        return text, False
    available = balance.available if balance is not None else Decimal(0)
    if available < needed:
        # Only a warning: what is lent or borrowed is the exchange's to count.
        return f"{text}; only {plain(available)} {asset} are available", True
    return f"{text}; {plain(available)} {asset} are available", False

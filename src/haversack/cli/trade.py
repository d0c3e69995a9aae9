"""Commands that place, cancel and look at orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from haversack.cli.account import ORDER_COLUMNS
from haversack.cli.here import Here
from haversack.cli.output.table import Table
from haversack.cli.sending import send, show_only
from haversack.errors import NotFound, UsageError
from haversack.wire.base import CancelPending, Operation
from haversack.wire.enums import Side
from haversack.wire.orders import CancelAllOrders, CancelOrder, Order, PlaceOrder

if TYPE_CHECKING:
    from haversack.client.blocking import Client
    from haversack.wire.history import PastOrder

TimeInForceWord = Literal["GTC", "IOC", "FOK"]
_SIDES = {"bid": Side.BID, "ask": Side.ASK}


def place(
    symbol: str,
    side: Annotated[Literal["bid", "ask"], "bid buys, ask sells."],
    quantity: Annotated[str | None, "In the base asset, such as 1.5."] = None,
    /,
    *,
    price: Annotated[str | None, "The limit, such as 95.20."] = None,
    market: Annotated[bool, "Without a limit: at the best prices there are."] = False,
    quote_quantity: Annotated[str | None, "With --market, instead of a quantity: how much to spend or to receive."] = None,
    time_in_force: Annotated[TimeInForceWord | None, "How long it may wait: until cancelled (GTC), or not at all."] = None,
    post_only: Annotated[bool, "Refuse it rather than let it take."] = False,
    reduce_only: Annotated[bool, "Perpetuals: only make a position smaller."] = False,
    client_id: Annotated[int | None, "A number of your own to find it by, 0 to 4294967295; one is chosen if not given."] = None,
    dry_run: bool = False,
    yes: bool = False,
    here: Here,
) -> None:
    """Place an order: with --price it waits at that price, with --market it takes what is there.

    With a live profile it is shown and confirmed first, and must be within the profile's limits.

    Example: haversack order place SOL_USDC bid 1.5 --price 95.20 --post-only
    Example: haversack order place SOL_USDC bid --market --quote-quantity 100 --dry-run
    """
    if market is (price is not None):
        raise UsageError("give --price for a limit order, or --market for one without a limit" + (", not both" if market else ""))
    if (quantity is None) is (quote_quantity is None):
        raise UsageError("give a quantity, or --quote-quantity with --market")
    order = PlaceOrder(
        symbol=symbol,
        side=_SIDES[side],
        order_type="Market" if market else "Limit",
        quantity=quantity,
        price=price,
        quote_quantity=quote_quantity,
        time_in_force=time_in_force,
        post_only=post_only or None,
        reduce_only=reduce_only or None,
        client_id=client_id,
    )
    _do("Order", order, here, yes=yes, dry_run=dry_run)


def cancel(
    symbol: str,
    order_id: str | None = None,
    /,
    *,
    client_id: int | None = None,
    dry_run: bool = False,
    here: Here,
) -> None:
    """Cancel one order, by the exchange's id or by yours. It is never asked whether you are sure.

    Example: haversack order cancel SOL_USDC --client-id 7

    Parameters
    ----------
    client_id
        Your own number.
    """
    _one_id(order_id, client_id)
    operation = CancelOrder(symbol=symbol, order_id=order_id, client_id=client_id)
    _do("Cancelled", operation, here, dry_run=dry_run)


def cancel_all(symbol: str | None = None, /, *, dry_run: bool = False, here: Here) -> None:
    """Cancel all orders of a market, or of all markets. It is never asked whether you are sure, and no limit holds.

    Example: haversack order cancel-all SOL_USDC

    Parameters
    ----------
    symbol
        Such as SOL_USDC; all markets in which orders rest if not given.
    """
    if dry_run:
        if symbol is None:
            raise UsageError("a dry run of cancel-all needs a symbol: which markets have orders is asked of the exchange")
        show_only(CancelAllOrders(symbol=symbol), here)
        return
    with here.client() as client:
        symbols = [symbol] if symbol is not None else sorted({order.symbol for order in client.orders.open()})
    answers = [send(CancelAllOrders(symbol=each), here, yes=True) for each in symbols]
    _show("Cancelled", [order for answer in answers for order in (answer if isinstance(answer, list) else [answer])], here)


def status(symbol: str, order_id: str | None = None, /, *, client_id: int | None = None, here: Here) -> None:
    """Show what became of an order, whether it rests or has ended.

    Example: haversack order status SOL_USDC --client-id 7

    Parameters
    ----------
    client_id
        Your own number; if several orders had it, the newest is shown.
    """
    _one_id(order_id, client_id)
    with here.client() as client:
        try:
            found: Order | PastOrder = client.orders.get(symbol, order_id=order_id, client_id=client_id)
        except NotFound as nowhere:
            past = _past(client, symbol, order_id, client_id)
            if past is None:
                raise nowhere from None
            found = past
    _show("Order", [found], here)


def _past(client: Client, symbol: str, order_id: str | None, client_id: int | None) -> PastOrder | None:
    if order_id is not None:
        return next(iter(client.history.orders(symbol=symbol, order_id=order_id)), None)
    rows = client.history.each_order(symbol=symbol, limit=1_000)
    return next((row for row in rows if row.client_id == client_id), None)


def _one_id(order_id: str | None, client_id: int | None) -> None:
    if (order_id is None) is (client_id is None):
        raise UsageError("give an order id or --client-id, one of them")


def _do(title: str, operation: Operation[Any], here: Here, *, yes: bool = False, dry_run: bool) -> None:
    if dry_run:
        show_only(operation, here)
    else:
        _show(title, [send(operation, here, yes=yes)], here)


def _show(title: str, orders: list[Any], here: Here) -> None:
    pending = [order for order in orders if isinstance(order, CancelPending)]
    if pending:
        here.note("the exchange has accepted the cancel and not carried it out yet: the order may still be live, so look again")
    here.show(Table(title, ORDER_COLUMNS, [order for order in orders if not isinstance(order, CancelPending)]))

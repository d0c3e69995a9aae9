"""Opens a position in a perpetual, says what it is worth, closes it, and says what that made."""

from time import sleep

from haversack import Client, Credentials, Order, Side

SYMBOL, QUANTITY = "SOL_USDC_PERP", "2"


def take(client: Client, side: Side, *, reduce_only: bool = False) -> Order:
    """A market order that is filled at once, or what is left of it expires; to close, it can only reduce."""
    order = client.orders.place(symbol=SYMBOL, side=side, order_type="Market", quantity=QUANTITY, reduce_only=reduce_only or None)
    print(side, order.executed_quantity, "for", order.executed_quote_quantity, order.status)
    return order


def main() -> None:
    """Hold it for a second."""
    with Client(Credentials.generate(), base_url="http://127.0.0.1:8787") as client:
        client.account.update(leverage_limit=10)
        take(client, Side.BID)
        sleep(1)
        [held] = client.positions.open(SYMBOL)
        margin = client.capital.collateral()
        print("holding", held.net_quantity, "from", held.entry_price, "and worth", held.mark_price, "each")
        print("locked", margin.net_equity_locked, "of", margin.net_equity)
        take(client, Side.ASK, reduce_only=True)
        [past] = client.history.positions(symbol=SYMBOL, limit=1)
        made = past.pnl_realized + past.funding_quantity - past.fees
        print("made", past.pnl_realized, "paid", past.fees, "in fees:", made)


main()

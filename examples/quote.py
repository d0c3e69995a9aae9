"""Quotes both sides of a market for a while, a tenth of a percent from the middle, and cleans up behind itself."""

from decimal import Decimal
from time import sleep

from haversack import CancelPending, Client, Credentials, Market, OutcomeUnknown, PlaceOrder, Side, WouldTake

SYMBOL, ROUNDS = "SOL_USDC", 3


def quotes(market: Market, best_bid: Decimal, best_ask: Decimal) -> list[PlaceOrder]:
    """A bid below the middle and an ask above it, on the tick and within the market's rules."""
    middle = (best_bid + best_ask) / 2
    orders: list[PlaceOrder] = []
    for side, distance in ((Side.BID, Decimal("-0.001")), (Side.ASK, Decimal("0.001"))):
        price = market.round_price(middle * (1 + distance), side)
        quantity = market.round_quantity("0.5")
        order = PlaceOrder(symbol=SYMBOL, side=side, order_type="Limit", price=price, quantity=quantity, post_only=True)
        orders.append(market.validate(order, best_bid=best_bid, best_ask=best_ask))
    return orders


def place(client: Client, order: PlaceOrder) -> None:
    """Place one quote. A book that moved is no trouble; an answer that was lost is found out about before anything else."""
    try:
        placed = client.send(order)
    except WouldTake:
        print("the book has moved:", order.side, order.price)
    except OutcomeUnknown as unknown:
        print("found out:", client.orders.resolve(unknown).reason)
    else:
        print(placed.side, placed.quantity, "at", placed.price, placed.status)


def main() -> None:
    """Quote, wait, take the quotes back, and quote again."""
    with Client(Credentials.generate(), base_url="http://127.0.0.1:8787") as client:
        market = client.markets.get(SYMBOL)
        for _ in range(ROUNDS):
            depth = client.markets.depth(SYMBOL, limit="5")
            for order in quotes(market, depth.bids[-1][0], depth.asks[0][0]):
                place(client, order)
            sleep(0.5)
            cancelled = client.orders.cancel_all(symbol=SYMBOL)
            print("to be cancelled" if isinstance(cancelled, CancelPending) else f"{len(cancelled)} cancelled")


main()

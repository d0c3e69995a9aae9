from haversack import Client, Credentials

client = Client(
    Credentials.generate(),
    base_url="http://127.0.0.1:8787",
    stream_url="ws://127.0.0.1:8787",
)
print(client.markets.open_interest("SOL_USDC_PERP"))
print(client.capital.deposit_address("Solana").address)

depth = client.markets.depth("SOL_USDC", limit="5")
best_bid, quantity = depth.bids[-1]
order = client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Limit", price=best_bid, quantity="1.5")
print(order.order_id, order.status)
print(client.orders.cancel(symbol="SOL_USDC", order_id=order.order_id).status)

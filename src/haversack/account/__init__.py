"""The truth about an account: its orders, fills, balances and positions, from streams and REST together."""

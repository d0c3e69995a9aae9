"""What the exchange remembers of its events: trades, candles and statistics for everyone, histories for each account."""

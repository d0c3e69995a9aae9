"""Writes all fills of the account and the last hour's candles of a market into two files for a spreadsheet."""

import csv
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from haversack import Client, Credentials

SYMBOL = "SOL_USDC"


def write(path: str, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    """The rows, as they come: not all of them need to fit into memory."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


with Client(Credentials.generate(), base_url="http://127.0.0.1:8787") as client:
    # Paper money: a new account has no fills yet.
    for _ in range(3):
        client.orders.place(symbol=SYMBOL, side="Bid", order_type="Market", quantity="0.5")

    write(
        "fills.csv",
        ("time", "symbol", "side", "price", "quantity", "fee", "of"),
        (
            (fill.time, fill.symbol, fill.side, fill.price, fill.quantity, fill.fee, fill.fee_symbol)
            for fill in client.history.each_fill()
        ),
    )
    write(
        "candles.csv",
        ("start", "open", "high", "low", "close", "volume"),
        (
            (candle.start, candle.open, candle.high, candle.low, candle.close, candle.volume)
            for candle in client.markets.each_kline(SYMBOL, interval="1m", start_s=datetime.now(UTC) - timedelta(hours=1))
        ),
    )

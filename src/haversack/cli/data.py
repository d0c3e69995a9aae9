"""Commands that read public market data: a call of the client, and a table of what it answers."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import msgspec

from haversack.cli.here import Here, check_limit
from haversack.cli.output.table import Table, column, facts, fields_of, number
from haversack.units import stripped

if TYPE_CHECKING:
    from datetime import datetime

    from haversack.client.blocking import Client
    from haversack.wire.markets import Depth, Kline

Interval = Literal["1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1month"]
_LENGTHS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400, "month": 31 * 86_400}
_RATES_MAX = 10_000


def markets(*, kind: Literal["spot", "perp"] | None = None, here: Here) -> None:
    """List the markets and their increments.

    Example: haversack markets --kind spot

    Parameters
    ----------
    kind
        Only spot markets, or only perpetuals.
    """
    with here.client(signed=False) as client:
        found = client.markets.all(market_type=None if kind is None else ("SPOT",) if kind == "spot" else ("PERP",))
    columns = (
        column("symbol"),
        column("kind", "market_type"),
        column("state", "order_book_state"),
        number("tick size", "filters.price.tick_size"),
        number("step size", "filters.quantity.step_size"),
        number("min quantity", "filters.quantity.min_quantity"),
        column("base", "base_symbol", minor=True),
        column("quote", "quote_symbol", minor=True),
    )
    here.show(Table("Markets", columns, found))


def market(symbol: str, /, *, here: Here) -> None:
    """Show the rules of one market.

    Example: haversack market SOL_USDC

    Parameters
    ----------
    symbol
        Such as SOL_USDC, or SOL_USDC_PERP for the perpetual.
    """
    with here.client(signed=False) as client:
        found = client.markets.get(symbol)
    price, quantity = found.filters.price, found.filters.quantity
    pairs = [(name, value) for name, value in fields_of(found) if name not in ("filters", "imf_function", "mmf_function")]
    pairs[4:4] = [(f"price {name}", value) for name, value in fields_of(price) if isinstance(value, Decimal)]
    pairs[4:4] = [(f"quantity {name}", value) for name, value in fields_of(quantity)]
    here.show(facts(f"Market {symbol}", [(name, value) for name, value in pairs if value is not None], whole=found))


def ticker(symbol: str | None = None, /, *, interval: Literal["1d", "1w"] = "1d", here: Here) -> None:
    """Show the statistics of the last day, of one market or of all.

    Example: haversack ticker SOL_USDC

    Parameters
    ----------
    symbol
        Such as SOL_USDC; every market if not given.
    interval
        Over which time.
    """
    with here.client(signed=False) as client:
        if symbol is None:
            rows = sorted(client.markets.tickers(interval=interval), key=lambda each: each.symbol)
        else:
            one = client.markets.ticker(symbol, interval=interval)
            rows = [] if one is None else [one]
    columns = (
        column("symbol"),
        number("last", "last_price"),
        number("change", "price_change"),
        number("high"),
        number("low"),
        number("volume"),
        number("quote volume", "quote_volume", minor=True),
        number("trades", "trades_text", minor=True),
    )
    here.show(Table(f"Last {'week' if interval == '1w' else 'day'}", columns, rows))


def depth(symbol: str, /, *, limit: Literal["5", "10", "20", "50", "100", "500", "1000"] = "10", here: Here) -> None:
    """Show the order book of a market, the best prices in the middle.

    Example: haversack depth SOL_USDC --limit 5

    Parameters
    ----------
    limit
        Levels of each side.
    """
    with here.client(signed=False) as client:
        found = client.markets.depth(symbol, limit=limit)
    columns = (column("side"), number("price"), number("quantity"), number("sum"))
    here.show(Table(f"Book of {symbol}", columns, _ladder(found), whole=found))


def trades(symbol: str, /, *, limit: int = 20, here: Here) -> None:
    """List the newest trades of a market.

    Example: haversack trades SOL_USDC --limit 5

    Parameters
    ----------
    limit
        How many, 1 to 1000.
    """
    check_limit(limit)
    with here.client(signed=False) as client:
        found = client.markets.recent_trades(symbol, limit=limit)
    columns = (
        column("time"),
        number("price"),
        number("quantity"),
        number("worth", "quote_quantity"),
        column("maker bought", "is_buyer_maker", minor=True),
        number("trade id", "trade_id", minor=True),
    )
    here.show(Table(f"Trades of {symbol}", columns, found))


def klines(symbol: str, /, *, interval: Interval = "1h", limit: int = 24, here: Here) -> None:
    """List candles of a market, oldest first; the last one may not be finished.

    Example: haversack klines SOL_USDC --interval 5m --limit 12

    Parameters
    ----------
    interval
        Length of a candle.
    limit
        How many, 1 to 1000.
    """
    check_limit(limit)
    with here.client(signed=False) as client:
        found, _ = candles_until_now(client, symbol, interval=interval, limit=limit)
    columns = (
        column("start"),
        number("open"),
        number("high"),
        number("low"),
        number("close"),
        number("volume"),
        number("trades", "trades_text", minor=True),
    )
    here.show(Table(f"Candles of {symbol}, {interval}", columns, found))


def candles_until_now(client: Client, symbol: str, *, interval: Interval, limit: int) -> tuple[list[Kline], datetime]:
    """The newest candles of a market, oldest first, and what time it is there."""
    from haversack.rest.ranges import beyond_running_s
    from haversack.wire.base import moment_of_ms

    digits = "".join(filter(str.isdigit, interval))
    length_s = int(digits) * _LENGTHS_S[interval.removeprefix(digits)]
    # By the exchange's clock, which a local exchange may have been moved ahead of this machine's.
    now_ms = client.system.time()
    now_s = now_ms // 1_000
    since_s, until_s = now_s - length_s * limit, beyond_running_s(now_s)
    found = client.markets.klines(symbol, interval=interval, start_time_s=since_s, end_time_s=until_s)
    return [each for each in found if each.start <= moment_of_ms(now_ms)][-limit:], moment_of_ms(now_ms)


def funding(symbol: str, /, *, limit: int = 24, here: Here) -> None:
    """List the funding rates of a perpetual, newest first.

    The first is that of the interval that still runs. A rate is a fraction: 0.0001 is one basis point of the position's value.

    Example: haversack funding SOL_USDC_PERP --limit 8

    Parameters
    ----------
    symbol
        Such as SOL_USDC_PERP.
    limit
        How many, 1 to 10000.
    """
    check_limit(limit, _RATES_MAX)
    with here.client(signed=False) as client:
        found = client.markets.funding_rates(symbol, limit=limit)
    here.show(Table(f"Funding of {symbol}", (column("interval end", "interval_end"), number("rate", "funding_rate")), found))


def open_interest(symbol: str | None = None, /, *, here: Here) -> None:
    """Show how much is held open, in one market or in all, in the base asset.

    Example: haversack open-interest SOL_USDC_PERP

    Parameters
    ----------
    symbol
        Such as SOL_USDC_PERP; all perpetuals if not given.
    """
    with here.client(signed=False) as client:
        found = client.markets.open_interest(symbol)
    columns = (column("symbol"), number("open interest", "open_interest"), column("time"))
    here.show(Table("Open interest", columns, found))


class Rung(msgspec.Struct, frozen=True):
    """One level of a book, with what stands between it and the best price."""

    side: str
    price: Decimal
    quantity: Decimal
    sum: Decimal


def _ladder(found: Depth) -> list[Rung]:
    """Asks above bids, the best prices next to each other."""
    ladder: list[Rung] = []
    for side, levels in (("ask", found.asks), ("bid", found.bids[::-1])):
        total, rungs = Decimal(0), list[Rung]()
        for price, quantity in levels:
            total += quantity
            rungs.append(Rung(side, price, quantity, stripped(total)))
        ladder += rungs[::-1] if side == "ask" else rungs
    return ladder

"""A model with something in it, made by hand."""

from __future__ import annotations

from decimal import Decimal as D
from functools import cache
from typing import Any

from haversack.account.balances import AssetBalance
from haversack.account.life import OrderState, TrackedOrder
from haversack.account.positions import NetPosition
from haversack.book.snapshot import BookSnapshot
from haversack.book.units import Scale
from haversack.exchange.listing import Listing
from haversack.streams.health import BookHealth, ConnectionState, StreamHealth, StreamsHealth
from haversack.tui.model import AccountSight, BookSight, Model, Quote
from haversack.tui.permit import Badge, Trading
from haversack.wire.enums import MarketType, Side
from haversack.wire.markets import Market

NOW_US = 1_788_285_151_000_000
S = 1_000_000


@cache
def markets() -> tuple[Market, ...]:
    """The rules of all markets that the exchange answers when it is asked for all: spot and perpetuals."""
    listed = Listing.load(None).markets.values()
    return tuple(market for market in listed if market.market_type in (MarketType.SPOT, MarketType.PERP))


def model(symbol: str = "SOL_USDC", *, trading: Trading = Trading.FREE, is_live: bool = False) -> Model:
    """A market that has traded, its book, and a connection that is well."""
    made = Model(markets(), symbol, badge=Badge("live" if is_live else "sim", is_live), trading=trading)
    made.quotes["SOL_USDC"] = Quote(D("98.00"), D("100.50"), D("101.74"), D("97.70"), D(909000))
    made.quotes["BTC_USDC"] = Quote(D(80000), D("77296.1"), D(81000), D(75000), D(7310967))
    made.book = book([("100.50", "2"), ("100.49", "1")], [("100.52", "4"), ("100.60", "1")])
    made.streams = streams()
    return made


def book(bids: list[tuple[str, str]], asks: list[tuple[str, str]], *, trouble: str = "") -> BookSight:
    """A book with these levels, the best first."""

    def units(levels: list[tuple[str, str]]) -> tuple[tuple[int, int], ...]:
        return tuple((int(D(price) * 100), int(D(quantity) * 100)) for price, quantity in levels)

    return BookSight(BookSnapshot("SOL_USDC", 7, NOW_US, Scale(2, 2), units(bids), units(asks)), trouble)


def stream(**changed: Any) -> StreamHealth:
    """One stream that is well."""
    well = {"is_asked": True, "is_stale": False, "is_quiet": False, "last_event_us": NOW_US - S, "events": 5, "dropped": 0}
    more = {"queued": 0, "lag_us": 3_000, "lag_us_max": 3_000, "interruptions": 0}
    return StreamHealth(**(well | more | changed))


def streams(**changed: Any) -> StreamsHealth:
    """A connection that is well, with a book."""
    well: dict[str, Any] = {
        "state": ConnectionState.OPEN,
        "since_us": NOW_US,
        "last_message_us": NOW_US - S,
        "reconnects": 0,
        "attempts": 0,
    }
    more: dict[str, Any] = {"next_attempt_us": None, "last_error": None, "loop_lag_us_max": 0, "stray": 0}
    of_book = BookHealth(is_synced=True, trouble=None, update_id=7, counters={"applied": 8, "gaps": 0})
    listed = {"trade.SOL_USDC": stream(), "ticker.SOL_USDC": stream(), "ticker.BTC_USDC": stream(events=7)}
    return StreamsHealth(**(well | more | {"streams": listed, "books": {"SOL_USDC": of_book}} | changed))


def order(number: int = 1, **changed: Any) -> TrackedOrder:
    """An order that rests."""
    named: dict[str, Any] = {
        "symbol": "SOL_USDC",
        "order_id": str(number),
        "reached": OrderState.OPEN,
        "side": Side.BID,
        "price": D("100.50"),
        "quantity": D("1.5"),
    }
    return TrackedOrder(**(named | changed))


def account(*orders: TrackedOrder, positions: dict[str, NetPosition] | None = None, **balances: str) -> AccountSight:
    """An account with these orders, and so much of each asset."""
    held = {
        asset: AssetBalance(asset=asset, available=D(amount), locked=D("0.5"), staked=D(0)) for asset, amount in balances.items()
    }
    return AccountSight(orders, positions or {}, held)

"""Commands that read the account: a call of the client, and a table of what it answers."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from haversack.cli.here import Here, check_limit
from haversack.cli.output.table import Column, Table, column, number

if TYPE_CHECKING:
    from haversack.wire.capital import Balance

FILL_COLUMNS: tuple[Column, ...] = (
    column("time"),
    column("symbol"),
    column("side"),
    number("price"),
    number("quantity"),
    number("fee"),
    column("fee asset", "fee_symbol"),
    column("maker", "is_maker", minor=True),
    column("order id", "order_id", minor=True),
    column("trade id", "trade_id", minor=True),
    column("client id", "client_id", minor=True),
)
ORDER_COLUMNS: tuple[Column, ...] = (
    column("created", "created_at", minor=True),
    column("symbol"),
    column("side"),
    column("type", "order_type", minor=True),
    number("price"),
    number("quantity"),
    number("executed", "executed_quantity"),
    column("status"),
    column("order id", "order_id"),
    column("client id", "client_id", minor=True),
)
_POSITION_COLUMNS = (
    column("symbol"),
    number("quantity", "net_quantity"),
    number("entry", "entry_price"),
    number("mark", "mark_price"),
    number("unrealized", "pnl_unrealized"),
    number("realized", "pnl_realized"),
    number("liquidation", "est_liquidation_price"),
    number("break even", "break_even_price", minor=True),
    number("exposure", "net_exposure_notional", minor=True),
    number("funding", "cumulative_funding_payment", minor=True),
)
_DEPOSIT_COLUMNS = (
    column("created", "created_at"),
    column("asset", "symbol"),
    number("quantity"),
    column("source"),
    column("status"),
    number("id", "deposit_id"),
    column("transaction", "transaction_hash", minor=True),
)


class Holding(msgspec.Struct, frozen=True):
    """How much of one asset."""

    asset: str
    available: Decimal
    locked: Decimal
    staked: Decimal


def balances(*, here: Here) -> None:
    """Show what the account has, asset by asset.

    Example: haversack balances
    """
    with here.client() as client:
        found = client.capital.balances()
    rows = [Holding(asset, each.available, each.locked, each.staked) for asset, each in sorted(found.items()) if _is_held(each)]
    columns = (column("asset"), number("available"), number("locked"), number("staked", minor=True))
    here.show(Table("Balances", columns, rows, whole=found if here.form == "json" else None))


def positions(symbol: str | None = None, /, *, here: Here) -> None:
    """Show the open positions; a negative quantity is short.

    Example: haversack positions

    Parameters
    ----------
    symbol
        Such as SOL_USDC_PERP; all if not given.
    """
    with here.client() as client:
        here.show(Table("Positions", _POSITION_COLUMNS, client.positions.open(symbol)))


def orders(symbol: str | None = None, /, *, here: Here) -> None:
    """List the orders that rest, oldest first.

    Example: haversack orders SOL_USDC

    Parameters
    ----------
    symbol
        Such as SOL_USDC; those of all markets if not given.
    """
    with here.client() as client:
        here.show(Table("Open orders", ORDER_COLUMNS, client.orders.open(symbol)))


def fills(symbol: str | None = None, /, *, limit: int = 20, here: Here) -> None:
    """List the newest fills; `haversack export fills` writes them all.

    Example: haversack fills SOL_USDC --limit 5

    Parameters
    ----------
    symbol
        Such as SOL_USDC; those of all markets if not given.
    limit
        How many, 1 to 1000.
    """
    check_limit(limit)
    with here.client() as client:
        here.show(Table("Fills", FILL_COLUMNS, _listed(client.history.fills(symbol=symbol, limit=limit))))


def deposits(*, limit: int = 20, here: Here) -> None:
    """List what came in, newest first.

    Example: haversack deposits --limit 5

    Parameters
    ----------
    limit
        How many, 1 to 1000.
    """
    check_limit(limit)
    with here.client() as client:
        here.show(Table("Deposits", _DEPOSIT_COLUMNS, client.capital.deposits(limit=limit)))


def _is_held(balance: Balance) -> bool:
    return bool(balance.available or balance.locked or balance.staked)


def _listed(page: list[Any]) -> list[Any]:
    return list(page)

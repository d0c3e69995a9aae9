"""Orders and accounts as HTML, for notebooks. Nothing here raises: what cannot be shown says why."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from haversack.account.life import TrackedOrder
from haversack.tables.html import facts_as_html, rows_as_html
from haversack.tables.ladder import warning_as_html
from haversack.wire.base import moment_of_ms

if TYPE_CHECKING:
    from haversack.account.balances import AssetBalance
    from haversack.account.health import AccountHealth
    from haversack.account.positions import NetPosition
    from haversack.account.view import AccountView


class _OrderRow(NamedTuple):
    """An order in a list."""

    symbol: str
    side: str | None
    quantity: Decimal | None
    price: Decimal | None
    executed: Decimal
    state: str
    order_id: str | None
    client_id: int | None


class _PositionRow(NamedTuple):
    symbol: str
    net_quantity: Decimal
    entry_price: Decimal | None


def order_as_html(order: TrackedOrder) -> str:
    """One order: where it stands, and what is known of it."""
    return shown("order", lambda: facts_as_html(f"Order in {order.symbol}: {_state(order)}", _facts(order)))


def account_as_html(name: str, health: Callable[[], AccountHealth], view: AccountView | None) -> str:
    """What an account has and waits for, and why it is not in sync if it is not. `view`: None before it is opened."""

    def show() -> str:
        now = health()
        if view is None:
            return warning_as_html(f"{name} is not open yet: use it after `await` or inside `async with`")
        return _titled(name, now.is_synced, _why_not(now)) + _parts(view)

    return shown(name, show)


def shown(what: str, show: Callable[[], str]) -> str:
    """What `show` gives, or why it gives nothing."""
    try:
        return show()
    except Exception as error:  # noqa: BLE001  Whatever it is, a notebook has to show something.
        return warning_as_html(f"{what} cannot be shown: {error}")


def _titled(name: str, is_synced: bool, /, why: str = "") -> str:
    if is_synced:
        return f"<p><b>{name}</b>, in sync</p>"
    return warning_as_html(f"{name} is not in sync{': ' if why else ''}{why}. What follows is what was last known.")


def _why_not(health: AccountHealth) -> str:
    if not health.is_open:
        return "it is closed" if health.ending is None else str(health.ending)
    return str(health.refusal or health.reading_error or "it is being read")


def _parts(view: AccountView) -> str:
    orders = [
        _OrderRow(
            order.symbol,
            None if order.side is None else order.side.value,
            order.quantity,
            order.price,
            order.executed_quantity,
            _state(order),
            order.order_id,
            order.client_id,
        )
        for order in view.orders.live()
    ]
    held: Iterable[AssetBalance] = view.balances.all().values()
    balances = [balance for balance in held if balance.available or balance.locked or balance.staked]
    open_: dict[str, NetPosition] = view.positions.all()
    positions = [_PositionRow(symbol, each.net_quantity, each.entry_price) for symbol, each in open_.items()]
    parts = [rows_as_html(orders, title="Open orders"), rows_as_html(balances, title="Balances")]
    return "".join([*parts, rows_as_html(positions, title="Positions")] if positions else parts)


def _state(order: TrackedOrder) -> str:
    return f"{order.state.name}, {order.state.value}"


def _facts(order: TrackedOrder) -> dict[str, Any]:
    created: Any = order.created_ms
    if order.created_ms is not None:
        with suppress(OverflowError, ValueError):
            created = moment_of_ms(order.created_ms)
    return {
        "side": order.side and order.side.value,
        "type": order.order_type and order.order_type.value,
        "quantity": order.quantity,
        "price": order.price,
        "executed quantity": order.executed_quantity,
        "executed quote quantity": order.executed_quote_quantity,
        "trigger price": order.trigger_price,
        "order id": order.order_id,
        "client id": order.client_id,
        "created": created,
        "reason": order.reason,
        "followed by": order.successor_id,
    }

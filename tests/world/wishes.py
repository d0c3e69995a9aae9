"""Orders in a perpetual that a program may wish for: plain ones, such as only reduce, such as wait, and such as have exits."""

from __future__ import annotations

from random import Random
from typing import Any

from haversack.wire.enums import OrderType, Side
from haversack.wire.orders import PlaceOrder
from world.truth import PERPETUAL

_KINDS = ("limit", "limit", "now", "post only", "market", "bracket", "bracket", "reduce", "reduce", "wait", "wait", "stop")


def perpetual_order(dice: Random, client_id: int, *, fair: int, size: int) -> PlaceOrder:
    """An order near a price, given in ticks; so many times as large as one of spot."""
    kind, side = dice.choice(_KINDS), dice.choice((Side.BID, Side.ASK))
    sign = 1 if side is Side.BID else -1
    hundredths = dice.randint(100, 499) * size
    wish: dict[str, Any] = {"quantity": price_of(hundredths)}
    if kind in ("limit", "now", "post only", "reduce") or (kind == "bracket" and dice.random() < 0.5):
        wish["price"] = price_of(fair - sign * dice.randint(-4, 8))
    if kind in ("wait", "stop"):
        is_part = kind == "stop" and dice.random() < 0.5
        wish = {
            "trigger_price": price_of(fair + dice.choice((-1, 1)) * dice.randint(1, 20)),
            "trigger_quantity": dice.choice(("50%", "100%")) if is_part else price_of(hundredths),
        }
        if dice.random() < 0.5:
            wish["price"] = price_of(fair + sign * dice.randint(-8, 12))
        wish |= _by("trigger_by", dice)
    if kind == "bracket":
        wish["take_profit_trigger_price"] = price_of(fair + sign * dice.randint(2, 25))
        wish["stop_loss_trigger_price"] = price_of(fair - sign * dice.randint(2, 25))
        wish |= _by("take_profit_trigger_by", dice) | _by("stop_loss_trigger_by", dice)
        if dice.random() < 0.3:
            wish["take_profit_limit_price"] = wish["take_profit_trigger_price"]
    if kind in ("reduce", "stop"):
        wish["reduce_only"] = True
    if kind == "now":
        wish["time_in_force"] = "IOC"
    if kind == "post only":
        wish["post_only"] = True
    order_type = OrderType.LIMIT if "price" in wish else OrderType.MARKET
    return PlaceOrder(symbol=PERPETUAL, side=side, order_type=order_type, client_id=client_id, **wish)


def price_of(ticks: int) -> str:
    """Hundredths, as a text."""
    return f"{ticks // 100}.{ticks % 100:02d}"


def _by(name: str, dice: Random) -> dict[str, str]:
    by = dice.choice((None, "MarkPrice", "IndexPrice"))
    return {} if by is None else {name: by}

"""Perpetuals, fills and accounts in a trader's numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchange.engine.sizes import SIZES
from haversack.exchange.engine.perpetual.contract import Contract
from haversack.exchange.engine.perpetual.margin import Exposure, Holdings
from haversack.exchange.engine.perpetual.position import Change, Fill, Position, change
from haversack.units import to_units
from haversack.wire.markets import MarginFunction

D = Decimal

# A single test must end within its time limit in the deep size too.
EXAMPLES = min(SIZES.examples, 2_000)
QUANTITY_SCALE, QUOTE_SCALE = 2, 8

# The rules of SOL_USDC_PERP in June 2025.
SOL = Contract(
    symbol="SOL_USDC_PERP",
    quantity_scale=QUANTITY_SCALE,
    quote_scale=QUOTE_SCALE,
    step=1,
    imf_function=MarginFunction(base=D("0.02"), factor=D("0.0001275"), type="sqrt"),
    mmf_function=MarginFunction(base=D("0.0125"), factor=D("0.0000765"), type="sqrt"),
)


def units(quantity: str) -> int:
    return to_units(D(quantity), QUANTITY_SCALE)


def cents(amount: str) -> int:
    """An amount in the ledger's units."""
    return to_units(D(amount), QUOTE_SCALE)


def fill(quantity: str, price: str, *, fee: str = "0", liquidation_fee: str = "0") -> Fill:
    """Bought if the quantity is positive."""
    return Fill(
        quantity=units(quantity),
        quote=cents(str(abs(D(quantity)) * D(price))),
        fee=cents(fee),
        liquidation_fee=cents(liquidation_fee),
    )


def after(*fills: Fill) -> list[Change]:
    """What each fill did, the first one to an account without a position. New positions are 1, 2, 3 ..."""
    position: Position | None = None
    changes: list[Change] = []
    for number, each in enumerate(fills, start=1):
        changes.append(change(position, each, new_id=number))
        position = changes[-1].position
    return changes


def opened(*fills: Fill) -> Position:
    """The position that fills leave."""
    position = after(*fills)[-1].position
    assert position is not None, "flat"
    return position


def exposure(quantity: str = "0", *, mark: str = "100", bids: str = "0", asks: str = "0", **more: Any) -> Exposure:
    """A position with open orders."""
    more = {"contract": SOL, **more}
    return Exposure(mark=D(mark), quantity=units(quantity), bids=units(bids), asks=units(asks), **more)


def holdings(assets_value: str, leverage_limit: str = "20", **more: str) -> Holdings:
    """What an account is worth."""
    named: dict[str, Any] = {name: D(value) for name, value in more.items()}
    return Holdings(assets_value=D(assets_value), leverage_limit=D(leverage_limit), **named)

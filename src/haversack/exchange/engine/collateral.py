"""What the assets of an account are worth as collateral.

How much of an asset counts is a reading of the documented haircut function, not proven: min(base, 1 / (1 + penalty *
sqrt(notional))); the sums are those of recorded answers (2025-06, 2026-09).
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from haversack.exchange.engine.perpetual.decimal96 import over, plus, root, times
from haversack.wire.assets import CollateralParameters, HaircutKind

CASH = "USDC"
"""What everything is valued in."""

_ONE = Decimal(1)


class CollateralRules(msgspec.Struct, frozen=True, kw_only=True):
    """One asset that counts."""

    asset: str
    scale: int
    parameters: CollateralParameters
    market: str | None = None
    """The spot market that says what it is worth; None for the cash itself."""
    opening_price: Decimal | None = None
    """What counts before that market has a price."""


class Collateralized(msgspec.Struct, frozen=True, kw_only=True):
    """What an account has of one asset, and what that is worth."""

    asset: str
    available: int
    locked: int
    lent: int
    mark: Decimal
    total: Decimal
    notional: Decimal
    weight: Decimal
    value: Decimal


def valued(rules: CollateralRules, mark: Decimal, available: int, locked: int, *, lent: int = 0) -> Collateralized:
    """The worth of a balance, and of what is lent, at a mark price in cash."""
    total = Decimal(available + locked + lent).scaleb(-rules.scale)
    notional = times(total, mark)
    weight = haircut(rules.parameters, notional)
    return Collateralized(
        asset=rules.asset,
        available=available,
        locked=locked,
        lent=lent,
        mark=mark,
        total=total,
        notional=notional,
        weight=weight,
        value=times(notional, weight),
    )


def haircut(parameters: CollateralParameters, notional: Decimal) -> Decimal:
    """The part of a notional that counts."""
    function = parameters.haircut_function
    kind, part = function.kind, _ONE
    if kind.type == HaircutKind.INVERSE_SQRT:
        assert isinstance(kind.base, Decimal), f"the haircut of {parameters.symbol} has no base"
        assert isinstance(kind.positive_curve_penalty, Decimal), f"the haircut of {parameters.symbol} has no penalty"
        part = min(kind.base, over(_ONE, plus(_ONE, times(kind.positive_curve_penalty, root(notional)))))
    return times(part, function.weight)

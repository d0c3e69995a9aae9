"""The largest spot order and the largest withdrawal that leave an account its margin."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING

from haversack.exchange.engine.order import BID
from haversack.exchange.engine.perpetual.decimal96 import minus
from haversack.exchange.engine.spot_margin import allows, is_exposed, spare, swap

if TYPE_CHECKING:
    from haversack.exchange.engine.ledger import Account
    from haversack.exchange.engine.perpetual.margins import Margins
    from haversack.exchange.engine.rules import MarketRules
    from haversack.wire.enums import Side


def max_spot_quantity(
    margins: Margins, account: Account, rules: MarketRules, order: tuple[Side, Decimal | None], *, redeems: bool = False
) -> int:
    """In quantity units, whole steps. The price of an ask is what it is expected to bring; 0 if it is not known."""
    side, price = order
    # Of the quote asset's smallest units, for one quantity unit.
    rate = Fraction(price or 0) * 10**rules.price_scale * rules.quote_unit
    if side is BID:
        most = floor(_spendable(margins, account, rules.quote, redeems=redeems) / rate) if rate else 0
    else:
        most = _spendable(margins, account, rules.base, redeems=redeems) // rules.base_unit
    steps = most // rules.step
    if not is_exposed(account):
        return steps * rules.step

    def is_allowed(count: int) -> bool:
        quantity = count * rules.step
        quote = ceil(rate * quantity) if side is BID else floor(rate * quantity)
        return allows(margins, account, swap(rules, account.fees, side, quantity=quantity, quote=quote))

    return largest(steps, is_allowed) * rules.step


def max_withdrawal(margins: Margins, account: Account, asset: str, *, redeemable: int = 0) -> int:
    """All that is available or can be called back, but no more than leaves the available net equity at zero or above.

    That it is as for orders is a guess.
    """
    left, total = spare(margins, account), account.total(asset)
    if left < 0:
        return 0
    worth = margins.value(asset, total)
    return largest(
        account.available(asset) + redeemable, lambda amount: minus(worth, margins.value(asset, total - amount)) <= left
    )


def _spendable(margins: Margins, account: Account, asset: str, *, redeems: bool) -> int:
    lending = margins.lending if redeems or account.settings.auto_lend else None
    return account.available(asset) + (lending.redeemable(account.number, asset) if lending else 0)


def largest(most: int, is_allowed: Callable[[int], bool]) -> int:
    """The largest number up to `most` that is allowed, where all smaller ones are too; 0 if there is none."""
    if is_allowed(most):
        return most
    lowest, highest = 0, most - 1
    while lowest < highest:
        middle = (lowest + highest + 1) // 2
        if is_allowed(middle):
            lowest = middle
        else:
            highest = middle - 1
    return max(0, lowest)

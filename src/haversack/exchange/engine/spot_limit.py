"""The largest spot order and the largest withdrawal that leave an account its margin."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, NamedTuple

from haversack.exchange.engine.backing import Need
from haversack.exchange.engine.order import BID
from haversack.exchange.engine.perpetual.decimal96 import minus
from haversack.exchange.engine.shortfall import lack
from haversack.exchange.engine.spot_margin import allows, is_exposed, spare, swap

if TYPE_CHECKING:
    from haversack.exchange.engine.backing import Backing
    from haversack.exchange.engine.ledger import Account
    from haversack.exchange.engine.perpetual.margins import Margins
    from haversack.exchange.engine.rules import MarketRules
    from haversack.wire.enums import Side


class Terms(NamedTuple):
    """What may be called on for it, and when that would be."""

    backing: Backing | None = None
    now_us: int = 0


def max_spot_quantity(
    margins: Margins, account: Account, rules: MarketRules, order: tuple[Side, Decimal | None], *, terms: Terms
) -> int:
    """In quantity units, whole steps. The price of an ask is what it is expected to bring; 0 if it is not known."""
    side, price = order
    # Of the quote asset's smallest units, for one quantity unit.
    rate = Fraction(price or 0) * 10**rules.price_scale * rules.quote_unit
    if side is BID:
        most = floor(_reach(margins, account, rules.quote, terms) / rate) if rate else 0
    else:
        most = _reach(margins, account, rules.base, terms) // rules.base_unit
    steps = most // rules.step
    if not is_exposed(account) and (terms.backing is None or not terms.backing.borrows):
        return steps * rules.step

    def is_allowed(count: int) -> bool:
        quantity = count * rules.step
        quote = ceil(rate * quantity) if side is BID else floor(rate * quantity)
        new = swap(rules, account.fees, side, quantity=quantity, quote=quote)
        need = Need(new.gives, new.given, *terms)
        return lack(margins, account, [need], lambda: not is_exposed(account) or allows(margins, account, new)) is None

    return largest(steps, is_allowed) * rules.step


def max_withdrawal(margins: Margins, account: Account, asset: str, terms: Terms) -> int:
    """The most that an account can give away."""
    if spare(margins, account) < 0:
        return 0
    most = _reach(margins, account, asset, terms)
    return largest(most, lambda amount: can_give_away(margins, account, Need(asset, amount, *terms)))


def can_give_away(margins: Margins, account: Account, need: Need) -> bool:
    """Whether it has or can call on so much, and whether the available net equity stays at zero or above without it.

    That it is as for orders is a guess.
    """

    def has_margin() -> bool:
        left, total = spare(margins, account), account.total(need.asset)
        value = margins.value
        return left >= 0 and minus(value(need.asset, total), value(need.asset, total - need.amount)) <= left

    return lack(margins, account, [need], has_margin) is None


def _reach(margins: Margins, account: Account, asset: str, terms: Terms) -> int:
    """A bound of what it can give."""
    lending = margins.lending
    return account.available(asset) + (lending.reach(account, asset, terms.backing) if lending else 0)


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

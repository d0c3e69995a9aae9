"""What assets count for as collateral in the slow engine, and what spot orders cost of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from exchange.engine.reference_perpetual import root
from haversack.exchange.engine.collateral import CollateralRules
from haversack.exchange.engine.rules import MarketRules
from haversack.wire.enums import Side

if TYPE_CHECKING:
    from exchange.engine.reference import Reference


class Collateral:
    """Of all accounts of one slow engine."""

    def __init__(self, exchange: Reference, rules: Sequence[CollateralRules]) -> None:
        self.exchange = exchange
        self.rules = {each.asset: each for each in rules}

    def value(self, account: int, asset: str, change: int = 0) -> Fraction:
        """What an account's asset counts for as collateral, if it had so much more of it."""
        amount, rules = max(0, self.exchange.owned[account, asset] + change), self.rules.get(asset)
        if rules is None:
            return Fraction(0)
        price: Fraction | None = Fraction(1)
        if rules.market is not None:
            price, opening = self.exchange.active_price(rules.market), rules.opening_price
            scale = 10 ** self.exchange.markets[rules.market].price_scale
            price = price / scale if price is not None else None if opening is None else Fraction(opening)
        notional, function = (price or 0) * Fraction(amount, 10**rules.scale), rules.parameters.haircut_function
        part, base, penalty = Fraction(1), function.kind.base, function.kind.positive_curve_penalty
        if isinstance(base, Decimal) and isinstance(penalty, Decimal):
            part = min(Fraction(base), 1 / (1 + Fraction(penalty) * root(Fraction(notional))))
        return notional * part * Fraction(function.weight)

    def swap(self, rules: MarketRules, account: int, side: Side, quantity: int, quote: int) -> Counter[str]:
        """What a spot order changes, less the higher one of its account's fees."""
        tier, base = self.exchange.accounts[account - 1].fees, quantity * rules.base_unit
        rate = Fraction(max(tier.maker_cbps, tier.taker_cbps), 10**6)
        if side is Side.BID:
            fee = ceil(base * rate / rules.base_fee_unit) * rules.base_fee_unit
            return Counter({rules.base: max(0, base - fee), rules.quote: -quote})
        fee = ceil(quote * rate / rules.quote_fee_unit) * rules.quote_fee_unit
        return Counter({rules.quote: max(0, quote - fee), rules.base: -base})

    def cost(self, account: int, swaps: Sequence[Counter[str]]) -> Fraction:
        """How much less an account's assets count for after so many swaps."""
        changes: Counter[str] = Counter()
        for swap in swaps:
            changes.update(swap)
        return sum(
            (self.value(account, asset) - self.value(account, asset, change) for asset, change in changes.items()), Fraction(0)
        )

    def spot_cost(self, account: int, more: Sequence[Counter[str]] = ()) -> Fraction:
        """Of all open spot orders that cost worth, and of more swaps."""
        swaps: list[Counter[str]] = []
        for order in self.exchange.orders:
            rules, facts = self.exchange.markets[order.facts.symbol], order.facts
            if facts.account == account and not rules.is_perpetual and facts.price is not None:
                quote = facts.price * order.left * rules.quote_unit
                swap = self.swap(rules, account, facts.side, order.left, quote)
                swaps += [swap] if self.cost(account, [swap]) > 0 else []
        return self.cost(account, [*swaps, *more])

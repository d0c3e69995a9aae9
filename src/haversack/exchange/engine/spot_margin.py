"""What spot orders may take from an account whose debts, or positions and orders in perpetuals, need margin.

The rule is a guess, for nothing is known of the real one: an order that costs no worth is always accepted; one that does, if the
available net equity stays at zero or above should it and all open spot orders that cost worth trade at their prices, with all
prices as they are now. An order costs what the collateral value of all assets falls by: giving cash for an asset that counts
for 90 percent costs a tenth, selling that asset for cash costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from haversack.exchange.engine.order import BID
from haversack.exchange.engine.perpetual.decimal96 import minus, plus

if TYPE_CHECKING:
    from haversack.exchange.engine.ledger import Account
    from haversack.exchange.engine.market import Market
    from haversack.exchange.engine.perpetual.margins import Margins
    from haversack.exchange.engine.rules import FeeTier, MarketRules
    from haversack.wire.enums import Side

_ZERO = Decimal(0)
_CBPS_PER_ONE = 1_000_000


class Swap(NamedTuple):
    """What an order gives and gets, in the smallest units of the assets."""

    gives: str
    given: int
    gets: str
    got: int


def swap(rules: MarketRules, fees: FeeTier, side: Side, *, quantity: int, quote: int) -> Swap:
    """An order for so much that trades for so much of the quote asset, less the higher of its account's two fees."""
    base = quantity * rules.base_unit
    rate = max(fees.maker_cbps, fees.taker_cbps)
    if side is BID:
        return Swap(rules.quote, quote, rules.base, _less(base, rate, rules.base_fee_unit))
    return Swap(rules.base, base, rules.quote, _less(quote, rate, rules.quote_fee_unit))


def allows(margins: Margins, account: Account, new: Swap) -> bool:
    """Whether margin is left after a spot order."""
    own = cost(margins, account, [new])
    if own <= 0:
        return True
    open_swaps = costly(margins, account)
    taken = cost(margins, account, [*open_swaps, new]) if open_swaps else own
    return margins.figures(account).net_equity_available >= taken


def spare(margins: Margins, account: Account) -> Decimal:
    """The available net equity that is left should all open spot orders that cost worth trade."""
    return minus(margins.figures(account).net_equity_available, cost(margins, account, costly(margins, account)))


def costly(margins: Margins, account: Account) -> list[Swap]:
    """Open spot orders that cost worth if they trade."""
    return [each for each in open_swaps(margins.markets, account) if cost(margins, account, [each]) > 0]


def open_swaps(markets: Mapping[str, Market], account: Account) -> Iterator[Swap]:
    """All open spot orders of an account."""
    for symbol, orders in account.open_orders.items():
        rules = markets[symbol].rules
        if rules.is_perpetual:
            continue
        for order in orders.by_id.values():
            facts = order.facts
            if facts.price is not None:
                quote = facts.price * order.left * rules.quote_unit
                yield swap(rules, account.fees, facts.side, quantity=order.left, quote=quote)


def cost(margins: Margins, account: Account, swaps: Iterable[Swap]) -> Decimal:
    """How much less the account's assets count for once all of these have traded; negative if they count for more."""
    changes: dict[str, int] = {}
    for each in swaps:
        changes[each.gives] = changes.get(each.gives, 0) - each.given
        changes[each.gets] = changes.get(each.gets, 0) + each.got
    total = _ZERO
    for asset, change in changes.items():
        before = account.total(asset)
        # More than there is may be asked about; no order can give it.
        after = max(0, before + change)
        total = plus(total, minus(margins.value(asset, before), margins.value(asset, after)))
    return total


def is_exposed(account: Account) -> bool:
    """Whether anything of the account needs margin."""
    return any(holding.exposed for holding in account.holdings.values()) or account.owes


def _less(received: int, rate_cbps: int, unit: int) -> int:
    return max(0, received - -(-received * rate_cbps // (_CBPS_PER_ONE * unit)) * unit)

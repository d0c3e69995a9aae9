"""What a position in a prediction market can lose: all of that is its margin, so that nobody who trades them is liquidated.

One unit pays 1 if the answer is yes and nothing if it is no. Who bought at 0.4 can lose 0.4, and who sold at 0.4 can lose 0.6;
fees come on top. None of it depends on where the market stands. That the exchange asks for margin in this way is a guess: of its
prediction markets no margin rule is documented.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

import msgspec

from haversack.exchange.engine.order import BID
from haversack.exchange.engine.perpetual.decimal96 import minus, plus
from haversack.exchange.engine.perpetual.settlement import trading_fee
from haversack.exchange.engine.spot_margin import cost, costly

if TYPE_CHECKING:
    from haversack.exchange.engine.command import Place
    from haversack.exchange.engine.event import OrderFacts
    from haversack.exchange.engine.ledger import Account
    from haversack.exchange.engine.perpetual.margin import Exposure
    from haversack.exchange.engine.perpetual.margins import Margins
    from haversack.exchange.engine.perpetual.position import Position
    from haversack.exchange.engine.rules import FeeTier, MarketRules
    from haversack.exchange.engine.survey import Survey
    from haversack.wire.enums import Side


def order_cost(rules: MarketRules, fees: FeeTier, side: Side, *, quantity: int, quote: int) -> int:
    """What an order can lose that trades so much for so much, the higher of its account's fees with it."""
    assert rules.pays is not None, f"{rules.symbol} is no prediction market"
    fee = trading_fee(quote, max(fees.futures_maker_cbps, fees.futures_taker_cbps), rules.quote_fee_unit)
    return fee + (quote if side is BID else rules.pays * quantity * rules.quote_unit - quote)


def resting_cost(rules: MarketRules, fees: FeeTier, facts: OrderFacts, quantity: int) -> int:
    """The same of so much of an order that rests."""
    assert facts.price is not None, "a market order rests"
    return order_cost(rules, fees, facts.side, quantity=quantity, quote=facts.price * quantity * rules.quote_unit)


def posted(rules: MarketRules, position: Position) -> int:
    """What a position can lose of what it cost, in the quote asset's smallest units."""
    assert rules.pays is not None, f"{rules.symbol} is no prediction market"
    return position.basis - min(position.quantity, 0) * rules.pays * rules.quote_unit


def allows(margins: Margins, account: Account, place: Place, ahead: Survey | None) -> bool:
    """Whether an account can lose what an order may cost it. What makes a position smaller is always allowed."""
    rules = margins.markets[place.symbol].rules
    # What remains of a budget would not know of this order.
    account.budget = None
    if rules.perpetual is None:
        return False
    if place.price is not None and place.quantity is not None:
        quantity, quote = place.quantity, place.price * place.quantity * rules.quote_unit
    else:
        quantity, quote = (ahead.quantity, ahead.quote) if ahead else (0, 0)
    added = order_cost(rules, account.fees, place.side, quantity=quantity, quote=quote)
    return _fits(margins, account, margins.exposure(account, place.symbol), place.side, added=added)


def max_quantity(margins: Margins, account: Account, symbol: str, order: tuple[Side, Decimal]) -> int:
    """The largest order that is allowed, in quantity units and whole steps."""
    side, asked = order
    rules, exposure = margins.markets[symbol].rules, margins.exposure(account, symbol)
    assert rules.pays is not None, f"{symbol} is no prediction market"
    price = int(asked.scaleb(rules.price_scale).to_integral_value(ROUND_CEILING if side is BID else ROUND_FLOOR))
    each = (price if side is BID else rules.pays - price) * rules.quote_unit
    if not 0 < price < rules.pays:
        return 0
    has = max(Decimal(0), margins.figures(account).net_equity) + exposure.notional
    most = int(has.scaleb(exposure.contract.quote_scale)) + abs(exposure.quantity) * rules.pays * rules.quote_unit
    lowest, highest = 0, most // (each * rules.step) + 1
    while lowest < highest:
        middle = (lowest + highest + 1) // 2
        quantity = middle * rules.step
        added = order_cost(rules, account.fees, side, quantity=quantity, quote=price * quantity * rules.quote_unit)
        if _fits(margins, account, exposure, side, added=added):
            lowest = middle
        else:
            highest = middle - 1
    return lowest * rules.step


def _fits(margins: Margins, account: Account, before: Exposure, side: Side, *, added: int) -> bool:
    more = before.contract.amount(added)
    if side is BID:
        after = msgspec.structs.replace(before, bid_cost=plus(before.bid_cost, more))
    else:
        after = msgspec.structs.replace(before, ask_cost=plus(before.ask_cost, more))
    if after.notional <= before.notional:
        return True
    left = minus(margins.figures(account).net_equity_available, cost(margins, account, costly(margins, account)))
    return left >= minus(after.notional, before.notional)

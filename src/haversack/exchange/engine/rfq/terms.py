"""What a request and a quote come to in amounts.

The requester's fee is part of the price that it is told (documented: "quote price + fee"), and so it is taken in the quote asset.
A bid by quote quantity spends that much at most, fee included; an ask by quote quantity sells for that much before its fee
(guess).
"""

from __future__ import annotations

from typing import NamedTuple

from haversack.exchange.engine.clearing import CBPS_PER_ONE, fee_on
from haversack.exchange.engine.order import BID
from haversack.exchange.engine.rfq.event import Quote, Rfq
from haversack.exchange.engine.rules import FeeTier, MarketRules
from haversack.exchange.engine.spot_margin import Swap


class Deal(NamedTuple):
    """What would be traded if a quote was taken."""

    price: int
    """The quote's."""
    price_e6: int
    """The requester's, fee included, in millionths of a price unit."""
    quantity: int
    worth: int
    """Price times quantity, in the quote asset's smallest units."""
    fee: int
    """The requester's, in the same."""


def deal(rfq: Rfq, quote: Quote, fees: FeeTier, rules: MarketRules) -> Deal:
    """What taking the quote would come to; a quantity of 0 if the quote quantity does not pay for one step."""
    rate = fees.taker_cbps
    price = quote.ask if rfq.side is BID else quote.bid
    price_e6 = price * (CBPS_PER_ONE + rate if rfq.side is BID else CBPS_PER_ONE - rate)
    quantity = rfq.quantity
    if quantity is None:
        assert rfq.quote_quantity is not None, f"{rfq} asks for nothing"
        each_e6 = (price_e6 if rfq.side is BID else price * CBPS_PER_ONE) * rules.quote_unit
        quantity = rfq.quote_quantity * CBPS_PER_ONE // each_e6 // rules.step * rules.step
    worth = price * quantity * rules.quote_unit
    fee, most = fee_on(worth, rate, rules.quote_fee_unit), most_paid(rfq, rules)
    if most is not None and price_e6 * quantity * rules.quote_unit <= most * CBPS_PER_ONE:
        # Rounding up the fee must not cost more than the requester agreed to.
        fee = min(fee, most - worth)
    return Deal(price, price_e6, quantity, worth, fee)


def most_paid(rfq: Rfq, rules: MarketRules) -> int | None:
    """The largest amount of the quote asset that a bid agreed to; None for one without a bound, and for an ask."""
    if rfq.side is not BID:
        return None
    if rfq.quote_quantity is not None:
        return rfq.quote_quantity
    if rfq.price is None or rfq.quantity is None:
        return None
    return rfq.price * rfq.quantity * rules.quote_unit


def keeps_to_price(rfq: Rfq, found: Deal) -> bool:
    """Whether the requester's price, fee included, is as good as it asked for, so that nobody needs to ask."""
    if rfq.price is None:
        return False
    limit_e6 = rfq.price * CBPS_PER_ONE
    return found.price_e6 <= limit_e6 if rfq.side is BID else found.price_e6 >= limit_e6


def swap(rfq: Rfq, found: Deal, rules: MarketRules) -> Swap:
    """What the requester gives and gets."""
    base = found.quantity * rules.base_unit
    if rfq.side is BID:
        return Swap(rules.quote, found.worth + found.fee, rules.base, base)
    return Swap(rules.base, base, rules.quote, found.worth - found.fee)


def agreed(rfq: Rfq, rules: MarketRules) -> Swap | None:
    """The worst that a request agreed to which is filled without asking, and so what it locks; None if it will be asked.

    That a request locks nothing whose requester is asked is a guess.
    """
    if rfq.price is None:
        return None
    quantity = _quantity_at(rfq, rfq.price, rules)
    base = quantity * rules.base_unit
    if rfq.side is BID:
        return Swap(rules.quote, most_paid(rfq, rules) or 0, rules.base, base)
    return Swap(rules.base, base, rules.quote, rfq.price * quantity * rules.quote_unit)


def offered(rfq: Rfq, quote: Quote, rules: MarketRules) -> tuple[Swap, Swap]:
    """What a quote gives and gets as an ask and as a bid, without its fee; its maker locks what both of them give.

    That it is both is a guess: the maker is not told the requester's side, and what is locked must not tell it.
    """
    to_sell, to_buy = _quantity_at(rfq, quote.ask, rules), _quantity_at(rfq, quote.bid, rules)
    unit, base_unit = rules.quote_unit, rules.base_unit
    return (
        Swap(rules.base, to_sell * base_unit, rules.quote, quote.ask * to_sell * unit),
        Swap(rules.quote, quote.bid * to_buy * unit, rules.base, to_buy * base_unit),
    )


def _quantity_at(rfq: Rfq, price: int, rules: MarketRules) -> int:
    if rfq.quantity is not None:
        return rfq.quantity
    assert rfq.quote_quantity is not None, f"{rfq} asks for nothing"
    return rfq.quote_quantity // (price * rules.quote_unit) // rules.step * rules.step

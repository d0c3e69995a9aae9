"""Whether an account may place an order in a perpetual, and the largest one that it may.

Source: documented (an order is accepted while available net equity stays at or above zero) and recorded 2025-06: two answers to
GET /api/v1/account/limits/order, one order of the largest quantity that was accepted, and one more step that was refused.
Inferred: an order that makes no more exposure is always accepted. Guess: what an order adds counts at its own price, not at the
mark price (the recordings fit both), and its fee does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import msgspec

from haversack.exchange.engine.perpetual.decimal96 import plus, times
from haversack.exchange.engine.perpetual.margin import (
    AccountMargin,
    Exposure,
    Holdings,
    account_margin,
    fraction,
    required,
)
from haversack.wire.enums import Side

_ZERO = Decimal(0)


class Account(msgspec.Struct, frozen=True):
    """One account, and the perpetual that an order is for, apart from the others."""

    holdings: Holdings
    exposure: Exposure
    others: Sequence[Exposure] = ()


def is_allowed(account: Account, side: Side, quantity: int, price: Decimal, *, figures: AccountMargin | None = None) -> bool:
    """Whether margin is left after an order of this quantity. The account's figures without it are computed if not given."""
    before, after = account.exposure, _with_order(account.exposure, side, quantity)
    if after.exposed <= before.exposed:
        return True
    figures = figures or account_margin(account.holdings, (before, *account.others))
    added = times(before.contract.quantity(after.exposed - before.exposed), price)
    notional = plus(before.notional, added)
    total = plus(figures.net_exposure_futures, added)
    if account.holdings.owed:
        total = plus(total, account.holdings.borrow_liability)
    stake = sum((other.notional for other in account.others if other.contract.is_prediction), _ZERO)
    return figures.net_equity >= required(total, _locked(account, notional), stake, account.holdings.leverage_limit)


def max_order_quantity(account: Account, side: Side, price: Decimal, *, reduce_only: bool = False) -> int:
    """The largest quantity, in whole steps, that `is_allowed`; of an order that only reduces, at most the position."""
    exposure, step = account.exposure, account.exposure.contract.step
    direction = 1 if side is Side.BID else -1
    if reduce_only:
        return max(0, -direction * exposure.quantity) // step * step
    # So much turns the position around without making more of it; an order of more than that needs margin.
    open_orders = exposure.bids if side is Side.BID else exposure.asks
    free = exposure.exposed - direction * exposure.quantity - open_orders
    lowest, highest = free // step, free // step + _affordable(account, price) // step + 1
    while lowest < highest:
        middle = (lowest + highest + 1) // 2
        if is_allowed(account, side, middle * step, price):
            lowest = middle
        else:
            highest = middle - 1
    return lowest * step


def _affordable(account: Account, price: Decimal) -> int:
    """More than net equity pays for at the leverage limit, whatever else is locked."""
    assert price > 0, f"a price of {price}"
    figures = account_margin(account.holdings, (account.exposure, *account.others))
    equity = max(_ZERO, figures.net_equity)
    units = Fraction(equity) * Fraction(account.holdings.leverage_limit) / Fraction(price)
    contract = account.exposure.contract
    return int(units * 10**contract.quantity_scale) + contract.step


def _with_order(exposure: Exposure, side: Side, quantity: int) -> Exposure:
    assert quantity >= 0, f"an order of {quantity}"
    if side is Side.BID:
        return msgspec.structs.replace(exposure, bids=exposure.bids + quantity)
    return msgspec.structs.replace(exposure, asks=exposure.asks + quantity)


def _locked(account: Account, notional: Decimal) -> Decimal:
    locked = times(fraction(account.exposure.contract.imf_function, notional), notional)
    for other in account.others:
        locked = plus(locked, times(fraction(other.contract.imf_function, other.notional), other.notional))
    return plus(locked, account.holdings.locked_for_debts) if account.holdings.owed else locked

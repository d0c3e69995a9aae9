"""Funding at the end of an interval, and the settling of what is not in a balance yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from haversack.exchange.engine.collateral import CASH
from haversack.exchange.engine.event import BalanceChanged, Event, FundingPaid, FundingRateSet
from haversack.exchange.engine.ledger import Ledger
from haversack.exchange.engine.perpetual.funding import payment
from haversack.exchange.engine.perpetual.position import with_funding
from haversack.exchange.engine.perpetual.prices import EndedInterval, rate_e28
from haversack.exchange.engine.perpetual.settlement import settle
from haversack.units import compact

if TYPE_CHECKING:
    from haversack.exchange.engine.market import Market
    from haversack.exchange.engine.perpetual.margins import Margins


def pay_funding(market: Market, ledger: Ledger, intervals: Sequence[EndedInterval], events: list[Event]) -> None:
    """Let every position pay or receive, once for each interval, at the mark price of now.

    What is rounded off goes to the fee account (guess).
    """
    for interval in intervals:
        events.append(FundingRateSet(market.rules.symbol, rate_e28(interval.rate), interval.end_us))
        _pay(market, ledger, interval, events)


def _pay(market: Market, ledger: Ledger, interval: EndedInterval, events: list[Event]) -> None:
    """Payments of nothing are not told (guess)."""
    rules, clearing, units = market.rules, market.perpetual, market.mark
    assert rules.perpetual is not None, f"{rules.symbol} has no contract"
    assert clearing is not None, f"{rules.symbol} has no positions"
    if units is None:
        return
    mark, kept = compact(units, rules.price_scale), 0
    for number, holding in sorted(clearing.holdings.items()):
        position = holding.position
        amount = payment(position, interval.rate, mark, rules.perpetual.contract) if position else 0
        if position is None or not amount:
            continue
        account, changed = ledger.account(number), with_funding(position, amount)
        assert changed.position is not None, "funding closes no position"
        holding.position = changed.position
        account.unsettled += amount
        account.budget = None
        kept -= amount
        if not account.is_house:
            paid = FundingPaid(number, rules.symbol, position.position_id, amount, rate_e28(interval.rate), interval.end_us)
            events += (paid, clearing.changed(account, position.quantity, changed.position, changed.settlements))
    ledger.take_fee(rules.quote, kept)


def settle_accounts(ledger: Ledger, margins: Margins, now_us: int, events: list[Event]) -> None:
    """Move what is unsettled into the balances. The house's stays where it is: nothing that it does needs it."""
    for account in ledger.accounts:
        if account.is_house or not account.unsettled:
            continue
        if margins.lending is not None and -account.unsettled > account.available(CASH):
            margins.lending.pay(account, now_us, events)
        settled = settle(account.unsettled, account.available(CASH))
        if settled.moved:
            balance = account.balances[CASH]
            balance.available += settled.moved
            account.unsettled = settled.unsettled
            events.append(BalanceChanged(account.number, CASH, balance.available, balance.locked))

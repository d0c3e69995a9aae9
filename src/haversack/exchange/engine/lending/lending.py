"""Lending, as a facility of the engine: commands in, events out, interest every hour."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

import msgspec

from haversack.exchange.engine.event import Declined, Event
from haversack.exchange.engine.facility import Handler, Parts
from haversack.exchange.engine.ledger import Account
from haversack.exchange.engine.lending.allowing import Allowing
from haversack.exchange.engine.lending.automatic import Automatic
from haversack.exchange.engine.lending.command import BorrowOrLend
from haversack.exchange.engine.lending.event import PoolTold
from haversack.exchange.engine.lending.loan import Loan
from haversack.exchange.engine.lending.moving import HOUR_US, Moving
from haversack.exchange.engine.lending.pool import Pool
from haversack.exchange.engine.lending.rates import of_hours, rate_e28
from haversack.exchange.engine.lending.refusal import LendingRefusal
from haversack.exchange.engine.lending.rescue import Rescue
from haversack.exchange.engine.lending.rules import PoolRules
from haversack.wire.borrow_lend import BorrowLendSide
from haversack.wire.borrow_lend_history import BorrowLendSource, InterestPaymentType

HOURS_MAX = 366 * 24
"""That are paid at once after a pause; of a longer one, the newest."""
MANUAL = BorrowLendSource.MANUAL
PAID, RECEIVED = InterestPaymentType.BORROW, InterestPaymentType.LEND


class PoolState(msgspec.Struct, frozen=True, array_like=True):
    """What a pool remembers."""

    asset: str
    lent: int
    borrowed: int
    earned: int
    base: tuple[int, int] | None


class LendingState(msgspec.Struct, frozen=True, array_like=True):
    """Everything."""

    count: int
    hour_us: int
    pools: list[PoolState]
    loans: list[tuple[int, str, Loan]]
    """By account and asset."""


class Lending:
    """The pools of one engine. What the exchange's other users lend and borrow is a part of their rules."""

    name = "lending"

    def __init__(self, parts: Parts, rules: Iterable[PoolRules]) -> None:
        self._ledger = parts.ledger
        self._margins = parts.margins
        self.pools: Mapping[str, Pool] = {each.asset: Pool(each) for each in rules}
        """By asset, in the listing's order."""
        self._moving = Moving(parts.ledger, self.pools)
        self._allowing = Allowing(self._moving, parts.margins)
        parts.liquidating.rescue = Rescue(self._moving, parts)
        parts.margins.lending = Automatic(self._moving, self._allowing)

    def handlers(self) -> Mapping[type, Handler]:
        """Its one command."""
        return {BorrowOrLend: self._execute}

    def loans(self, account: int) -> Mapping[str, Loan]:
        """What an account lends and owes, by asset."""
        return self._ledger.account(account).loans

    def mark(self, asset: str) -> Decimal:
        """Cash for one unit of an asset that has a pool."""
        price = self._margins.asset_mark(self._margins.collateral_rules[asset])
        assert price is not None, f"{asset} has a pool and no price"
        return price

    def max_borrow(self, account: int, asset: str, now_us: int) -> int:
        """The most that an account could borrow now, in the asset's smallest units."""
        return self._allowing.max_borrow(self._ledger.account(account), self.pools[asset], now_us)

    def _execute(self, command: BorrowOrLend, now_us: int) -> list[Event]:
        account, pool, amount = self._ledger.account(command.account), self.pools[command.asset], command.amount
        assert amount > 0, f"{amount} {command.asset} to borrow or lend"
        assert amount % pool.rules.step == 0, f"{amount} {command.asset} is no multiple of {pool.rules.step}"
        loan, allowing, moving = account.loans.get(command.asset), self._allowing, self._moving
        act: Callable[..., list[Event]]
        if command.side is BorrowLendSide.BORROW and account.settings.auto_lend:
            return [Declined(LendingRefusal.AUTO_LEND)]
        if command.side is BorrowLendSide.LEND:
            if loan and loan.is_borrow:
                refused, act = allowing.repay_refusal(account, pool, amount), moving.repay
            else:
                refused, act = allowing.lend_refusal(account, pool, amount), moving.lend
        elif loan and not loan.is_borrow:
            refused, act = allowing.redeem_refusal(account, pool, amount), moving.redeem
        else:
            refused, act = allowing.borrow_refusal(account, pool, amount, now_us), moving.borrow
        if refused:
            return [Declined(refused)]
        return act(account, command.asset, amount, source=MANUAL, now_us=now_us)

    def elapse(self, now_us: int, events: list[Event]) -> None:
        """Pay the interest of every hour that is over."""
        first = self._moving.hour_us
        if not first or now_us < first:
            return
        count = (now_us - first) // HOUR_US + 1
        for number in range(max(0, count - HOURS_MAX), count):
            self._pay(first + number * HOUR_US, events)
        is_idle = all(pool.is_at_rest for pool in self.pools.values())
        self._moving.hour_us = 0 if is_idle else first + count * HOUR_US

    def _pay(self, hour_us: int, events: list[Event]) -> None:
        """One hour's interest, at the rates of its end (that they are not those of its beginning is a guess)."""
        active = {asset: pool for asset, pool in self.pools.items() if not pool.is_at_rest}
        rates = {asset: (rate_e28(pool.borrow_rate), rate_e28(pool.lend_rate)) for asset, pool in active.items()}
        for account in self._ledger.accounts:
            for asset in sorted(account.loans):
                events += self._pay_loan(account, asset, rates[asset])
        for asset, pool in active.items():
            pool.step()
            told = (rate_e28(pool.borrow_rate), rate_e28(pool.lend_rate))
            events.append(PoolTold(asset, hour_us, pool.total_lent, pool.total_borrowed, *told))

    def _pay_loan(self, account: Account, asset: str, rates: tuple[int, int]) -> list[Event]:
        """Borrowers pay more and lenders get less of what is rounded (guess)."""
        loan, step = account.loans[asset], self.pools[asset].rules.step
        rate = rates[0] if loan.is_borrow else rates[1]
        top, bottom = of_hours(abs(loan.quantity), rate, HOUR_US)
        steps = -(-top // (bottom * step)) if loan.is_borrow else top // (bottom * step)
        return self._moving.accrue(account, asset, steps * step, (PAID if loan.is_borrow else RECEIVED, rate, HOUR_US))

    def next_due_us(self) -> int | None:
        """The next hour; None while nobody lends or owes anything."""
        return self._moving.hour_us or None

    def dump(self) -> bytes:
        """Loans by account and asset, so that alike states are alike."""
        moving = self._moving
        pools = [PoolState(asset, each.lent, each.borrowed, each.earned, each.base) for asset, each in self.pools.items()]
        loans = [
            (account.number, asset, account.loans[asset]) for account in self._ledger.accounts for asset in sorted(account.loans)
        ]
        return msgspec.json.encode(LendingState(moving.count, moving.hour_us, pools, loans))

    def load(self, state: bytes) -> None:
        """Take up what another one remembered."""
        found = msgspec.json.decode(state, type=LendingState)
        self._moving.count, self._moving.hour_us = found.count, found.hour_us
        for told in found.pools:
            pool = self.pools[told.asset]
            pool.lent, pool.borrowed, pool.earned, pool.base = told.lent, told.borrowed, told.earned, told.base
        for number, asset, loan in found.loans:
            self._ledger.account(number).loans[asset] = loan

    def holds(self) -> Mapping[str, int]:
        """What accounts lend, less what they owe, with what the exchange's other users got from them."""
        return {asset: pool.lent - pool.borrowed + pool.earned for asset, pool in self.pools.items()}

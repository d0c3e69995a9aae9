"""Moves money between accounts and pools. Whoever calls has decided that it may be."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from haversack.exchange.engine.event import BalanceChanged, Event
from haversack.exchange.engine.ledger import Account, Ledger
from haversack.exchange.engine.lending.event import InterestPaid, LoanChanged
from haversack.exchange.engine.lending.loan import Loan
from haversack.exchange.engine.lending.pool import Pool
from haversack.exchange.engine.lending.rates import of_hours, rate_e28
from haversack.wire.borrow_lend_history import BorrowLendEventType, BorrowLendSource, InterestPaymentType

HOUR_US = 3_600_000_000
BORROW, REPAY = BorrowLendEventType.BORROW, BorrowLendEventType.BORROW_REPAY
LEND, REDEEM = BorrowLendEventType.LEND, BorrowLendEventType.LEND_REDEEM
ENTRY_FEE = InterestPaymentType.ENTRY_FEE


class Moving:
    """The pools of one engine, and the loans of its accounts. An account's loans are kept with the account."""

    def __init__(self, ledger: Ledger, pools: Mapping[str, Pool]) -> None:
        self.ledger = ledger
        self.pools = pools
        self.count = 0
        """Movements and payments so far."""
        self.hour_us = 0
        """When interest is due next; 0 while no pool has anything to do with an account."""

    def lend(self, account: Account, asset: str, amount: int, *, source: BorrowLendSource, now_us: int) -> list[Event]:
        """From the account into the pool; what it owes there is repaid first by somebody else."""
        return self._move(account, asset, amount, (LEND, source), now_us=now_us)

    def repay(
        self, account: Account, asset: str, amount: int, *, source: BorrowLendSource, now_us: int, order_id: int | None = None
    ) -> list[Event]:
        """From the account into the pool, off what it owes."""
        return self._move(account, asset, amount, (REPAY, source), now_us=now_us, order_id=order_id)

    def redeem(
        self, account: Account, asset: str, amount: int, *, source: BorrowLendSource, now_us: int, order_id: int | None = None
    ) -> list[Event]:
        """From the pool back to the account, for an order if one is named."""
        return self._move(account, asset, -amount, (REDEEM, source), now_us=now_us, order_id=order_id)

    def borrow(
        self,
        account: Account,
        asset: str,
        amount: int,
        *,
        source: BorrowLendSource,
        now_us: int,
        order_id: int | None = None,
        is_free: bool = False,
    ) -> list[Event]:
        """From the pool to the account, which owes it from then on, and the entry fee with it unless it is free of that."""
        events = self._move(account, asset, -amount, (BORROW, source), now_us=now_us, order_id=order_id)
        rate = rate_e28(self.pools[asset].borrow_rate)
        left_us = HOUR_US - now_us % HOUR_US
        fee = 0 if is_free else self.entry_fee(asset, amount, now_us)
        events += self.accrue(account, asset, fee, (ENTRY_FEE, rate, left_us))
        return events

    def entry_fee(self, asset: str, amount: int, now_us: int) -> int:
        """What a borrow costs at once, at the present rate: the interest until the next hour (documented, support)."""
        pool = self.pools[asset]
        top, bottom = of_hours(amount, rate_e28(pool.borrow_rate), HOUR_US - now_us % HOUR_US)
        step = pool.rules.step
        return -(-top // (bottom * step)) * step

    def accrue(self, account: Account, asset: str, amount: int, terms: tuple[InterestPaymentType, int, int]) -> list[Event]:
        """Add interest to what an account lends or owes; the terms are its kind, the rate in 1e-28, and how long it is for.

        Interest of nothing is not told (guess). Of what a borrower pays, the exchange keeps its fee, rounded down (guess).
        """
        kind, rate, duration_us = terms
        loan, pool = account.loans[asset], self.pools[asset]
        counted = 0 if kind is ENTRY_FEE else 1
        after = msgspec.structs.replace(
            loan,
            quantity=loan.quantity + (-amount if loan.is_borrow else amount),
            interest=loan.interest + amount,
            rates_e28=loan.rates_e28 + counted * rate,
            payments=loan.payments + counted,
        )
        self._keep(account, asset, after)
        if not amount:
            return []
        if loan.is_borrow:
            top, bottom = pool.rules.fee.as_integer_ratio()
            fee: int = amount * top // bottom
            self.ledger.take_fee(asset, fee)
            pool.borrowed += amount
            pool.earned += amount - fee
        else:
            pool.lent += amount
            pool.earned -= amount
        self.count += 1
        return [InterestPaid(account.number, asset, after, kind, amount, rate, duration_us, self.count)]

    def end(self, account: Account, asset: str, amount: int) -> Event:
        """End so much of what an account owes. The exchange's other users do not get it back in the asset itself."""
        loan, pool = account.loans[asset], self.pools[asset]
        after = msgspec.structs.replace(loan, quantity=loan.quantity + amount)
        assert loan.quantity < 0 >= after.quantity, f"{amount} off {loan.quantity}"
        pool.borrowed -= amount
        pool.earned -= amount
        self._keep(account, asset, after)
        self.count += 1
        return LoanChanged(account.number, asset, after, REPAY, amount, BorrowLendSource.LIQUIDATION_ADL, self.count)

    def _move(
        self,
        account: Account,
        asset: str,
        amount: int,
        cause: tuple[BorrowLendEventType, BorrowLendSource],
        *,
        now_us: int,
        order_id: int | None = None,
    ) -> list[Event]:
        """Into the pool if positive. The account has the money, and the loan what is taken off it."""
        pool, balance, (kind, source) = self.pools[asset], account.balances[asset], cause
        loan = account.loans.get(asset)
        if loan is None:
            loan = Loan(self.ledger.take_id(), 0, now_us, source, is_borrow=kind is BORROW)
        after = msgspec.structs.replace(loan, quantity=loan.quantity + amount)
        assert after.quantity <= 0 if loan.is_borrow else after.quantity >= 0, f"{amount} {asset} more than {loan.quantity}"
        balance.available -= amount
        assert balance.available >= 0, f"account {account.number} gives {amount} {asset} that it has not"
        if loan.is_borrow:
            pool.borrowed -= amount
        else:
            pool.lent += amount
        self._keep(account, asset, after)
        if not self.hour_us:
            self.hour_us = (now_us // HOUR_US + 1) * HOUR_US
        self.count += 1
        return [
            LoanChanged(account.number, asset, after, kind, abs(amount), source, self.count, order_id),
            BalanceChanged(account.number, asset, balance.available, balance.locked),
        ]

    def _keep(self, account: Account, asset: str, loan: Loan) -> None:
        account.budget = None
        if loan.quantity:
            account.loans[asset] = loan
        else:
            account.loans.pop(asset, None)

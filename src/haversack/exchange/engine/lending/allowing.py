"""What an account may borrow, lend, repay and call back, as far as pools and margin decide.

The order of the checks is a guess. So is that one who borrows what it lends calls it back, and one who lends what it owes repays:
neither is documented. A public bot gets back what it lent with the side Borrow, and the refusals beyond that are documented.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from haversack.exchange.engine.backing import Called
from haversack.exchange.engine.ledger import Account
from haversack.exchange.engine.lending.loan import Loan
from haversack.exchange.engine.lending.moving import Moving
from haversack.exchange.engine.lending.pool import Pool
from haversack.exchange.engine.lending.refusal import LendingRefusal
from haversack.exchange.engine.spot_limit import largest
from haversack.exchange.engine.spot_margin import spare
from haversack.wire.borrow_lend import BorrowLendState
from haversack.wire.borrow_lend_history import BorrowLendSource

if TYPE_CHECKING:
    from haversack.exchange.engine.perpetual.margins import Margins


class Allowing:
    """Decides, and changes nothing."""

    def __init__(self, moving: Moving, margins: Margins) -> None:
        self._moving = moving
        self._margins = margins

    def repay_refusal(self, account: Account, pool: Pool, amount: int) -> LendingRefusal | None:
        """Why an account that owes cannot repay so much. One that is being liquidated may (guess)."""
        if pool.rules.state is BorrowLendState.CLOSED:
            return LendingRefusal.CLOSED
        if amount > -account.loans[pool.rules.asset].quantity:
            return LendingRefusal.REPAY_FIRST
        return self._funds(account, pool, amount)

    def redeem_refusal(self, account: Account, pool: Pool, amount: int) -> LendingRefusal | None:
        """Why an account that lends cannot call so much back."""
        if account.liquidating:
            return LendingRefusal.ACCOUNT_LIQUIDATING
        if pool.rules.state is BorrowLendState.CLOSED:
            return LendingRefusal.CLOSED
        if amount > account.loans[pool.rules.asset].quantity:
            return LendingRefusal.REDEEM_FIRST
        return LendingRefusal.INSUFFICIENT_SUPPLY if amount > pool.redeemable else None

    def lend_refusal(self, account: Account, pool: Pool, amount: int) -> LendingRefusal | None:
        """Why an account that owes nothing of the asset cannot lend so much."""
        refused = _closed(account, pool)
        if refused:
            return refused
        if pool.total_lent + amount > pool.rules.limit:
            return LendingRefusal.LEND_LIMIT
        return self._funds(account, pool, amount)

    def borrow_refusal(self, account: Account, pool: Pool, amount: int, now_us: int) -> LendingRefusal | None:
        """Why an account that lends nothing of the asset cannot borrow so much."""
        refused = self.supply_refusal(account, pool, amount)
        if refused:
            return refused
        return None if self._has_margin(account, pool, amount, now_us) else LendingRefusal.INSUFFICIENT_MARGIN

    def supply_refusal(self, account: Account, pool: Pool, amount: int) -> LendingRefusal | None:
        """The same, as far as the pool decides."""
        refused = _closed(account, pool)
        if refused:
            return refused
        if pool.total_borrowed + amount > pool.rules.limit:
            return LendingRefusal.BORROW_LIMIT
        return LendingRefusal.INSUFFICIENT_SUPPLY if amount > pool.borrowable else None

    def max_borrow(self, account: Account, pool: Pool, now_us: int) -> int:
        """The most that the account could borrow now, in whole steps; nothing while it lends (guess)."""
        loan, step = account.loans.get(pool.rules.asset), pool.rules.step
        if loan and not loan.is_borrow:
            return 0
        most = self.supply(account, pool) // step
        return largest(most, lambda count: self._has_margin(account, pool, count * step, now_us)) * step

    def supply(self, account: Account, pool: Pool) -> int:
        """The most that could be borrowed now as far as the pool decides."""
        return 0 if _closed(account, pool) else max(0, min(pool.rules.limit - pool.total_borrowed, pool.borrowable))

    def redeemable(self, account: Account, asset: str) -> int:
        """How much of what an account lends it could call back now."""
        loan = account.loans.get(asset)
        if loan is None or loan.is_borrow or account.liquidating:
            return 0
        pool = self._moving.pools[asset]
        if pool.rules.state is BorrowLendState.CLOSED:
            return 0
        return min(loan.quantity, pool.redeemable // pool.rules.step * pool.rules.step)

    def _funds(self, account: Account, pool: Pool, amount: int) -> LendingRefusal | None:
        return LendingRefusal.INSUFFICIENT_FUNDS if amount > account.available(pool.rules.asset) else None

    def _has_margin(self, account: Account, pool: Pool, amount: int, now_us: int) -> bool:
        with self.supposed(account, pool, Called(0, amount), now_us):
            return spare(self._margins, account) >= 0

    @contextmanager
    def supposed(self, account: Account, pool: Pool, called: Called, now_us: int) -> Generator[None, None, None]:
        """As if the account had called back so much, and borrowed so much with the entry fee, if it costs one."""
        asset = pool.rules.asset
        held = account.balances.get(asset)
        balance, loan = account.balances[asset], account.loans.get(asset)
        before = balance.available
        pool.lent -= called.redeemed
        pool.borrowed += called.borrowed
        owed = called.borrowed + (0 if called.is_free else self._moving.entry_fee(asset, called.borrowed, now_us))
        old = loan or Loan(0, 0, now_us, BorrowLendSource.MANUAL, is_borrow=True)
        quantity = old.quantity - called.redeemed - owed
        if quantity:
            account.loans[asset] = msgspec.structs.replace(old, quantity=quantity, is_borrow=quantity < 0)
        else:
            account.loans.pop(asset, None)
        balance.available += called.redeemed + called.borrowed
        try:
            yield
        finally:
            pool.lent += called.redeemed
            pool.borrowed -= called.borrowed
            balance.available = before
            if held is None:
                del account.balances[asset]
            if loan is None:
                account.loans.pop(asset, None)
            else:
                account.loans[asset] = loan


def _closed(account: Account, pool: Pool) -> LendingRefusal | None:
    """Why nothing new can be borrowed or lent at all."""
    if account.liquidating:
        return LendingRefusal.ACCOUNT_LIQUIDATING
    if pool.rules.state is BorrowLendState.CLOSED:
        return LendingRefusal.CLOSED
    return LendingRefusal.REPAY_ONLY if pool.rules.state is BorrowLendState.REPAY_ONLY else None

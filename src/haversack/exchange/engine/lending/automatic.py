"""Lends and calls back what nobody asked for: idle money, what an order takes, and cash for what is settled.

Recorded (2025-06): with auto-lend on nothing is available, and a resting bid takes exactly its worth out of what is lent.
Documented: a settlement takes lent USDC when none is available, and then, if the account wants it, borrows. All else is a guess.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from haversack.exchange.engine.backing import Backing, Called, Cause, Loaned, Need
from haversack.exchange.engine.collateral import CASH
from haversack.exchange.engine.event import BalanceChanged, Event, SettingsChanged
from haversack.exchange.engine.ledger import Account
from haversack.exchange.engine.lending.allowing import Allowing
from haversack.exchange.engine.lending.moving import Moving
from haversack.wire.borrow_lend_history import BorrowLendSource

AUTO_LEND = BorrowLendSource.AUTO_LEND
SETTLING = BorrowLendSource.RECONCILIATION
"""Of what a settlement calls back and borrows (guess: no other source fits)."""


class Automatic:
    """Keeps nothing that is not in accounts and pools."""

    def __init__(self, moving: Moving, allowing: Allowing) -> None:
        self._moving = moving
        self._allowing = allowing

    def reach(self, account: Account, asset: str, backing: Backing | None) -> int:
        """A bound of what could be called on at most, whatever the margin."""
        pool = self._moving.pools.get(asset)
        if pool is None:
            return 0
        redeemable = self._allowing.redeemable(account, asset) if _redeems(account, backing) else 0
        return redeemable + (self._allowing.supply(account, pool) if backing is not None and backing.borrows else 0)

    def call(self, account: Account, need: Need) -> Called | None:
        """What would be called on for a need, whatever the margin; None if that is not enough."""
        missing, pool = need.amount - account.available(need.asset), self._moving.pools.get(need.asset)
        if missing <= 0:
            return Called(0, 0)
        if pool is None:
            return None
        step, loan = pool.rules.step, account.loans.get(need.asset)
        able = self._allowing.redeemable(account, need.asset) if _redeems(account, need.backing) else 0
        redeemed = min(_whole(missing, step), able)
        if redeemed >= missing:
            return Called(redeemed, 0)
        # An account cannot borrow what it lends (documented for borrows by hand).
        is_lent = loan is not None and loan.quantity > redeemed
        if need.backing is None or not need.backing.borrows or is_lent:
            return None
        called = Called(redeemed, _whole(missing - redeemed, step), need.backing.is_near)
        with self._allowing.supposed(account, pool, Called(redeemed, 0), need.now_us):
            return None if self._allowing.supply_refusal(account, pool, called.borrowed) else called

    def supposed(self, account: Account, asset: str, called: Called, now_us: int) -> AbstractContextManager[None]:
        """As if so much had been called on."""
        return self._allowing.supposed(account, self._moving.pools[asset], called, now_us)

    def fetch(self, account: Account, need: Need, cause: Cause, events: list[Event]) -> int:
        """Call on what is missing of a need that the account can meet; the answer is how much of that was borrowed."""
        asset, called = need.asset, self.call(account, need)
        assert called is not None, f"account {account.number} was to get {need}"
        missing = need.amount - account.available(asset) - called.redeemed
        terms: dict[str, Any] = {"now_us": need.now_us, "order_id": cause.order_id}
        if called.redeemed:
            source = AUTO_LEND if account.settings.auto_lend else cause.source
            events += self._moving.redeem(account, asset, called.redeemed, source=source, **terms)
        if not called.borrowed:
            return 0
        events += self._moving.borrow(account, asset, called.borrowed, source=cause.source, is_free=called.is_free, **terms)
        return missing

    def give_back(self, account: Account, loaned: Loaned, cause: Cause, events: list[Event]) -> int:
        """Repay what is released of what was borrowed; the answer is how much of that is left."""
        left, step = max(0, loaned.borrowed - loaned.released), self._moving.pools[loaned.asset].rules.step
        paid = _whole(loaned.borrowed, step) - _whole(left, step)
        self.repay(account, loaned.asset, paid, cause=cause, events=events)
        return left

    def repay(self, account: Account, asset: str, amount: int, *, cause: Cause, events: list[Event]) -> None:
        """Repay with so much of what is available, as far as there is a debt."""
        loan, pool = account.loans.get(asset), self._moving.pools.get(asset)
        if loan is None or pool is None or not loan.is_borrow:
            return
        paid = min(amount, account.available(asset), -loan.quantity) // pool.rules.step * pool.rules.step
        if paid and self._allowing.repay_refusal(account, pool, paid) is None:
            # Where somebody owes something the hours run already, whatever the time is.
            terms: dict[str, Any] = {"now_us": loan.opened_us, "order_id": cause.order_id}
            events += self._moving.repay(account, asset, paid, source=cause.source, **terms)

    def pay(self, account: Account, now_us: int, events: list[Event]) -> None:
        """Call cash back for what an account owes unsettled, and borrow the rest if its settings say so."""
        owed, pool = -account.unsettled, self._moving.pools.get(CASH)
        if pool is None:
            return
        events += self._redeem(account, CASH, owed, source=SETTLING, now_us=now_us)
        missing = owed - account.available(CASH)
        loan, step = account.loans.get(CASH), pool.rules.step
        if missing <= 0 or not account.settings.auto_borrow_settlements or (loan and not loan.is_borrow):
            return
        amount = _whole(missing, step)
        if self._allowing.borrow_refusal(account, pool, amount, now_us) is None:
            events += self._moving.borrow(account, CASH, amount, source=SETTLING, now_us=now_us)

    def lend_idle(self, events: list[Event], now_us: int) -> None:
        """Lend what became available by these events, where the settings say so, and tell it with them."""
        ledger = self._moving.ledger
        lenders = ledger.auto_lenders
        touched = {(event.account, event.asset): None for event in events if isinstance(event, BalanceChanged)}
        for event in events:
            if isinstance(event, SettingsChanged):
                touched |= {(event.account, asset): None for asset in sorted(ledger.account(event.account).balances)}
        for number, asset in touched:
            if number in lenders:
                events += self._lend(ledger.account(number), asset, now_us)

    def _lend(self, account: Account, asset: str, now_us: int) -> list[Event]:
        """What is owed of the asset is repaid instead (guess); a pool that takes no more leaves it available."""
        pool = self._moving.pools.get(asset)
        if pool is None:
            return []
        amount = account.available(asset) // pool.rules.step * pool.rules.step
        loan = account.loans.get(asset)
        if amount and loan and loan.is_borrow:
            amount = min(amount, -loan.quantity)
            if self._allowing.repay_refusal(account, pool, amount) is None:
                repaid = BorrowLendSource.AUTO_BORROW_REPAY
                return self._moving.repay(account, asset, amount, source=repaid, now_us=now_us)
        elif amount and self._allowing.lend_refusal(account, pool, amount) is None:
            return self._moving.lend(account, asset, amount, source=AUTO_LEND, now_us=now_us)
        return []

    def _redeem(self, account: Account, asset: str, amount: int, *, source: BorrowLendSource, now_us: int) -> list[Event]:
        """Call back what is missing of an amount, as far as that goes."""
        missing, pool = amount - account.available(asset), self._moving.pools.get(asset)
        if missing <= 0 or pool is None:
            return []
        step = pool.rules.step
        called = min(_whole(missing, step), self._allowing.redeemable(account, asset))
        if not called:
            return []
        return self._moving.redeem(account, asset, called, source=source, now_us=now_us)


def _redeems(account: Account, backing: Backing | None) -> bool:
    return account.settings.auto_lend or (backing is not None and backing.redeems)


def _whole(amount: int, step: int) -> int:
    """At least so much, in whole steps."""
    return -(-amount // step) * step

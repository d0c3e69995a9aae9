"""Lends and calls back what nobody asked for: idle money, what an order takes, and cash for what is settled.

Recorded (2025-06): with auto-lend on nothing is available, and a resting bid takes exactly its worth out of what is lent.
Documented: a settlement takes lent USDC when none is available, and then, if the account wants it, borrows. All else is a guess.
"""

from __future__ import annotations

from haversack.exchange.engine.collateral import CASH
from haversack.exchange.engine.event import BalanceChanged, Event, OrderFacts, SettingsChanged
from haversack.exchange.engine.ledger import Account
from haversack.exchange.engine.lending.allowing import Allowing
from haversack.exchange.engine.lending.moving import Moving
from haversack.wire.borrow_lend_history import BorrowLendSource

AUTO_LEND, SPOT_MARGIN = BorrowLendSource.AUTO_LEND, BorrowLendSource.SPOT_MARGIN
SETTLING = BorrowLendSource.RECONCILIATION
"""Of what a settlement calls back and borrows (guess: no other source fits)."""


class Automatic:
    """Keeps nothing that is not in accounts and pools."""

    def __init__(self, moving: Moving, allowing: Allowing) -> None:
        self._moving = moving
        self._allowing = allowing

    def redeemable(self, account: int, asset: str) -> int:
        """How much an account could call back now."""
        return self._allowing.redeemable(self._moving.ledger.account(account), asset)

    def redeem_for(self, account: Account, asset: str, amount: int, *, order: OrderFacts, events: list[Event]) -> None:
        """Call back what is missing of an amount that an order takes."""
        source = AUTO_LEND if account.settings.auto_lend else SPOT_MARGIN
        events += self._redeem(account, asset, amount, source=source, now_us=order.created_us, order_id=order.order_id)

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
        amount = -(-missing // step) * step
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

    def _redeem(
        self, account: Account, asset: str, amount: int, *, source: BorrowLendSource, now_us: int, order_id: int | None = None
    ) -> list[Event]:
        """Call back what is missing of an amount, as far as that goes."""
        missing, pool = amount - account.available(asset), self._moving.pools.get(asset)
        if missing <= 0 or pool is None:
            return []
        step = pool.rules.step
        called = min(-(-missing // step) * step, self._allowing.redeemable(account, asset))
        if not called:
            return []
        return self._moving.redeem(account, asset, called, source=source, now_us=now_us, order_id=order_id)

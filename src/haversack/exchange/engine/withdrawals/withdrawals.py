"""All withdrawals of an exchange, and the delays of its accounts. Money leaves the account at once, and the exchange later."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from haversack.exchange.engine.backing import Cause, Need
from haversack.exchange.engine.event import BalanceChanged, Declined, Event
from haversack.exchange.engine.facility import Handler, Parts
from haversack.exchange.engine.ledger import Account
from haversack.exchange.engine.spot_limit import can_give_away
from haversack.exchange.engine.withdrawals.command import ChangeDelay, CreateDelay, Withdraw
from haversack.exchange.engine.withdrawals.event import DelayChanged, WithdrawalChanged
from haversack.exchange.engine.withdrawals.refusal import WithdrawalRefusal
from haversack.exchange.engine.withdrawals.rules import PENDING_MAX, WithdrawalRules
from haversack.exchange.engine.withdrawals.withdrawal import Delay, Withdrawal
from haversack.wire.borrow_lend_history import BorrowLendSource

HOUR_US = 3_600 * 1_000_000


class _State(msgspec.Struct, frozen=True, kw_only=True):
    count: int
    pending: list[Withdrawal]
    delays: list[tuple[int, Delay]]
    gone: list[tuple[str, int]]


class Withdrawals:
    """The facility."""

    name = "withdrawals"

    def __init__(self, parts: Parts, *, rules: WithdrawalRules) -> None:
        self._ledger = parts.ledger
        self._margins = parts.margins
        self._rules = rules
        self._count = 0
        self._pending: list[Withdrawal] = []
        """The oldest first."""
        self._delays: dict[int, Delay] = {}
        """By account."""
        self._gone: dict[str, int] = {}
        """All that ever left the exchange, by asset."""

    def handlers(self) -> Mapping[type, Handler]:
        """Withdrawals, and their delays."""
        return {Withdraw: self._withdraw, CreateDelay: self._create, ChangeDelay: self._change}

    def delay(self, account: int) -> Delay | None:
        """How long an account's withdrawals wait; None if they don't."""
        return self._delays.get(account)

    def _withdraw(self, command: Withdraw, now_us: int) -> list[Event]:
        account = self._ledger.account(command.account)
        need = Need(command.asset, command.amount, command.backing, now_us)
        refusal = self._refusal(command, account, need)
        if refusal:
            return [Declined(refusal)]
        delay = None if command.address in self._rules.addresses else self._delays.get(account.number)
        trigger_us = None if delay is None else now_us + delay.hours * HOUR_US
        self._count += 1
        withdrawal = Withdrawal(
            number=self._count,
            account=account.number,
            asset=command.asset,
            blockchain=command.blockchain,
            address=command.address,
            amount=command.amount,
            fee=self._rules.networks[command.asset, command.blockchain].fee,
            client_id=command.client_id,
            created_us=now_us,
            trigger_us=trigger_us,
            due_us=(trigger_us or now_us) + self._rules.confirm_us,
        )
        self._pending.append(withdrawal)
        events: list[Event] = [WithdrawalChanged(withdrawal, is_confirmed=False)]
        if self._margins.lending is not None:
            self._margins.lending.fetch(account, need, Cause(BorrowLendSource.WITHDRAWAL), events)
        balance = account.balances[command.asset]
        balance.available -= command.amount
        # What left carries no position any more.
        account.budget = None
        return [*events, BalanceChanged(account.number, command.asset, balance.available, balance.locked)]

    def _refusal(self, command: Withdraw, account: Account, need: Need) -> WithdrawalRefusal | None:
        network = self._rules.networks.get((command.asset, command.blockchain))
        if network is None:
            return WithdrawalRefusal.UNKNOWN_NETWORK
        if not network.is_enabled:
            return WithdrawalRefusal.DISABLED
        if command.amount < network.least or command.amount <= network.fee:
            return WithdrawalRefusal.TOO_SMALL
        if network.most is not None and command.amount > network.most:
            return WithdrawalRefusal.TOO_LARGE
        if account.liquidating:
            return WithdrawalRefusal.LIQUIDATING
        if not can_give_away(self._margins, account, need):
            return WithdrawalRefusal.FUNDS
        waiting = sum(1 for each in self._pending if each.account == account.number)
        return WithdrawalRefusal.TOO_MANY if waiting >= PENDING_MAX else None

    def _create(self, command: CreateDelay, _now_us: int) -> list[Event]:
        if command.account in self._delays:
            return [Declined(WithdrawalRefusal.DELAY_EXISTS)]
        return [self._set(command.account, Delay(command.hours))]

    def _change(self, command: ChangeDelay, now_us: int) -> list[Event]:
        present = self._delays.get(command.account)
        if present is None:
            return [Declined(WithdrawalRefusal.NO_DELAY)]
        return [self._set(command.account, Delay(present.hours, command.hours, now_us + present.hours * HOUR_US))]

    def _set(self, account: int, delay: Delay | None) -> DelayChanged:
        if delay is None:
            del self._delays[account]
        else:
            self._delays[account] = delay
        return DelayChanged(account, delay)

    def elapse(self, now_us: int, events: list[Event]) -> None:
        """Change the delays whose change is due, and confirm the withdrawals that are."""
        due = [(account, delay) for account, delay in self._delays.items() if _is_due(delay, now_us)]
        for account, delay in due:
            events.append(self._set(account, Delay(delay.pending_hours) if delay.pending_hours else None))
        for withdrawal in [each for each in self._pending if each.due_us <= now_us]:
            self._pending.remove(withdrawal)
            arrives = withdrawal.amount - withdrawal.fee
            self._ledger.take_fee(withdrawal.asset, withdrawal.fee)
            self._gone[withdrawal.asset] = self._gone.get(withdrawal.asset, 0) + arrives
            events.append(WithdrawalChanged(withdrawal, is_confirmed=True))

    def next_due_us(self) -> int | None:
        """When a withdrawal is to be confirmed, or a delay to be changed."""
        dues = [each.due_us for each in self._pending]
        dues += [delay.pending_us for delay in self._delays.values() if delay.pending_hours is not None]
        return min(dues, default=None)

    def dump(self) -> bytes:
        """What waits, what left, and the delays."""
        return msgspec.json.encode(
            _State(
                count=self._count,
                pending=self._pending,
                delays=list(self._delays.items()),
                gone=sorted(self._gone.items()),
            )
        )

    def load(self, state: bytes) -> None:
        """Take up what waited, what had left, and the delays."""
        found = msgspec.json.decode(state, type=_State)
        self._count, self._pending = found.count, list(found.pending)
        self._delays, self._gone = dict(found.delays), dict(found.gone)

    def holds(self) -> Mapping[str, int]:
        """What is on its way out, and all that has left, which was granted and is with no account any more."""
        held = dict(self._gone)
        for each in self._pending:
            held[each.asset] = held.get(each.asset, 0) + each.amount
        return held


def _is_due(delay: Delay, now_us: int) -> bool:
    return delay.pending_hours is not None and delay.pending_us <= now_us

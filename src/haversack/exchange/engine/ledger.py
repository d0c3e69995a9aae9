"""Who has what: accounts, their balances and open orders, and the fees taken.

Assets enter with the grants of an account and never leave: of every asset, all that accounts have available and locked
plus the fees taken equals what was granted. Perpetuals move money that is in no balance yet: of the quote asset, what is
unsettled and the covers are added, and what all open positions cost is taken off.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping

import msgspec

from haversack.exchange.engine.lending.loan import Loan
from haversack.exchange.engine.order import WorkingOrder
from haversack.exchange.engine.perpetual.budget import Budget
from haversack.exchange.engine.perpetual.holding import Holding
from haversack.exchange.engine.rules import AccountSettings, AssetRules, FeeTier

DEPOSITS_MAX = 1_000
"""That are remembered of one account."""


class Balance:
    """What one account has of one asset."""

    __slots__ = ("available", "locked")

    def __init__(self) -> None:
        self.available = 0
        self.locked = 0


class OpenOrders:
    """The resting orders of one account in one market, oldest first."""

    __slots__ = ("_by_client_id", "by_id", "reducing")

    def __init__(self) -> None:
        self.by_id: dict[int, WorkingOrder] = {}
        self.reducing: dict[int, WorkingOrder] = {}
        """Those among them that only reduce a position."""
        self._by_client_id: dict[int, list[WorkingOrder]] = {}

    def add(self, order: WorkingOrder) -> None:
        """Remember an order that rests now."""
        facts = order.facts
        self.by_id[facts.order_id] = order
        if facts.client_id is not None:
            self._by_client_id.setdefault(facts.client_id, []).append(order)
        if facts.reduce_only:
            self.reducing[facts.order_id] = order

    def remove(self, order: WorkingOrder) -> None:
        """Forget an order that rests no more."""
        facts = order.facts
        del self.by_id[facts.order_id]
        if facts.client_id is not None:
            namesakes = self._by_client_id[facts.client_id]
            namesakes.remove(order)
            if not namesakes:
                del self._by_client_id[facts.client_id]
        if facts.reduce_only:
            del self.reducing[facts.order_id]

    def find(self, order_id: int | None, client_id: int | None) -> WorkingOrder | None:
        """One resting order, by the exchange's id if that is given; of several with a client id, the newest.

        Whether the exchange refuses a client id that is in use is unknown, so it is accepted here (guess).
        """
        if order_id is not None:
            return self.by_id.get(order_id)
        namesakes = None if client_id is None else self._by_client_id.get(client_id)
        return namesakes[-1] if namesakes else None


class Deposit(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Paper money that an account got."""

    number: int
    """Counted for each account, from 1."""
    time_us: int
    asset: str
    amount: int


class Account:
    """One key's account."""

    __slots__ = (
        *("balances", "budget", "deposits", "fees", "holdings", "is_house", "key", "number", "open_orders", "settings"),
        *("liquidating", "loans", "unsettled"),
    )

    def __init__(self, number: int, key: str, fees: FeeTier, *, is_house: bool) -> None:
        self.number = number
        self.key = key
        self.fees = fees
        self.is_house = is_house
        self.balances: defaultdict[str, Balance] = defaultdict(Balance)
        """Assets that the account ever had stay, with zeros."""
        self.open_orders: defaultdict[str, OpenOrders] = defaultdict(OpenOrders)
        """By symbol."""
        self.settings = AccountSettings()
        self.deposits: deque[Deposit] = deque(maxlen=DEPOSITS_MAX)
        """The newest ones, oldest first; none of the house's."""
        self.holdings: dict[str, Holding] = {}
        """What it has in perpetuals, by symbol."""
        self.loans: dict[str, Loan] = {}
        """What it lends and owes, by asset; lending keeps them."""
        self.unsettled = 0
        """Fees, profit and funding of perpetuals that are not in a balance yet, in the quote asset's smallest units."""
        self.liquidating = False
        """Whether its positions are being closed for it, so that it may place no orders."""
        self.budget: Budget | None = None
        """Margin that is certainly free; no part of the state."""

    def available(self, asset: str) -> int:
        """What the account may spend or lock."""
        balance = self.balances.get(asset)
        return balance.available if balance else 0

    def total(self, asset: str) -> int:
        """What counts as the account's own of an asset: available, locked and lent."""
        balance, loan = self.balances.get(asset), self.loans.get(asset)
        return (balance.available + balance.locked if balance else 0) + (max(0, loan.quantity) if loan else 0)

    @property
    def owes(self) -> bool:
        """Whether it borrowed anything."""
        return any(loan.is_borrow for loan in self.loans.values())


class Ledger:
    """All accounts, numbered from 1 in the order of their opening, and the account that fees go to."""

    __slots__ = ("_accounts", "_by_key", "_covers", "_fees", "_granted", "auto_lenders", "liquidate_us", "next_id", "settle_us")

    def __init__(self, assets: Iterable[AssetRules], *, first_id: int = 1) -> None:
        self.next_id = first_id
        """Orders and positions share one sequence (recorded 2025-06)."""
        self.settle_us = 0
        """When to settle next what perpetuals brought and cost."""
        self.liquidate_us = 0
        """When to look next for accounts whose margin is used up."""
        self.auto_lenders: set[int] = set()
        """Accounts whose settings say that all that is available is lent."""
        self._granted = {asset.symbol: 0 for asset in assets}
        self._fees = dict(self._granted)
        self._covers: dict[str, int] = {}
        self._accounts: list[Account] = []
        self._by_key: dict[str, Account] = {}

    def take_id(self) -> int:
        """The next id."""
        number = self.next_id
        self.next_id = number + 1
        return number

    def open(self, key: str, fees: FeeTier, *, is_house: bool) -> Account:
        """A new account without money."""
        assert key not in self._by_key, f"{key} has an account"
        account = Account(len(self._accounts) + 1, key, fees, is_house=is_house)
        self._accounts.append(account)
        self._by_key[key] = account
        return account

    def grant(self, account: Account, asset: str, amount: int, now_us: int) -> Balance:
        """Bring new money into the exchange."""
        assert amount >= 0, f"a grant of {amount} {asset}"
        self._granted[asset] += amount
        balance = account.balances[asset]
        balance.available += amount
        if amount and not account.is_house:
            number = account.deposits[-1].number + 1 if account.deposits else 1
            account.deposits.append(Deposit(number, now_us, asset, amount))
        return balance

    def take_fee(self, asset: str, amount: int) -> None:
        """Add to the fee account what an account did not receive."""
        self._fees[asset] += amount

    def cover(self, account: Account, asset: str, amount: int) -> None:
        """Let the exchange take over so much of what an account owes."""
        assert amount > 0, f"a cover of {amount} {asset}"
        account.unsettled += amount
        account.budget = None
        self._covers[asset] = self._covers.get(asset, 0) - amount

    def recount(
        self, *, granted: Iterable[tuple[str, int]], fees: Iterable[tuple[str, int]], covers: Iterable[tuple[str, int]]
    ) -> None:
        """Take over what another ledger has counted."""
        self._granted, self._fees, self._covers = dict(granted), dict(fees), dict(covers)

    def account(self, number: int) -> Account:
        """The account with this number."""
        assert number > 0, "accounts are numbered from 1"
        return self._accounts[number - 1]

    def find(self, key: str) -> Account | None:
        """The account of a key, if it was opened."""
        return self._by_key.get(key)

    @property
    def accounts(self) -> tuple[Account, ...]:
        """All accounts by number."""
        return tuple(self._accounts)

    @property
    def fees(self) -> Mapping[str, int]:
        """Fees taken so far, by asset."""
        return dict(self._fees)

    @property
    def covers(self) -> Mapping[str, int]:
        """The exchange's own account for debts that it took over, by asset: never above zero."""
        return dict(self._covers)

    @property
    def granted(self) -> Mapping[str, int]:
        """All that ever came into the exchange, by asset."""
        return dict(self._granted)

"""Plays scenarios of pools: those of `exchange.engine.lending.bank`, with whatever the accounts are given.

Accounts say `borrow 10 SOL`, `lend 10 SOL` and `auto-lend on`, or place orders in SOL_USDC, such as `bid 1 @ 100 redeeming`,
which may call back what is lent, `borrowing` what is missing, `repaying` with what it brings; the exchange lets time pass with
`wait`. The stories begin 2,800 seconds before a full hour. `rules: leverage 10` is everybody's; `state RepayOnly` and
`fraction 0` are of both pools.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

from exchange.engine.lending.bank import POOLS, new_engine
from exchange.scenarios.table import OPERATOR, SCALE, Scenario, Stage, number_text, units
from haversack.exchange.engine.backing import Backing
from haversack.exchange.engine.command import ChangeSettings, Command, Elapse
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import (
    DebtCovered,
    Declined,
    Event,
    LiquidatingChanged,
    OrderAccepted,
    OrderFilled,
    SettingsChanged,
)
from haversack.exchange.engine.lending.command import BorrowOrLend
from haversack.exchange.engine.lending.event import InterestPaid, LoanChanged
from haversack.exchange.engine.lending.lending import Lending
from haversack.exchange.engine.rules import AccountSettings, MarketRules
from haversack.wire.borrow_lend import BorrowLendSide, BorrowLendState
from haversack.wire.borrow_lend_history import BorrowLendEventType, BorrowLendSource

_ASSETS = ("SOL", "USDC")
_ALLOWED = {"redeeming": "redeems", "borrowing": "borrows", "repaying": "repays"}
_WORDS = {
    BorrowLendEventType.BORROW: "borrowed",
    BorrowLendEventType.BORROW_REPAY: "repaid",
    BorrowLendEventType.LEND: "lent",
    BorrowLendEventType.LEND_REDEEM: "redeemed",
}


class LendingStage(Stage):
    """An engine with two pools, and the accounts of a scenario."""

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        for account in self.names:
            self.engine.apply(ChangeSettings(account, AccountSettings(leverage_e8=self._leverage * 10**8)), self.now_us)

    def _rules(self, text: str) -> MarketRules:
        changes: dict[str, Any] = {}
        self._leverage = 10
        for word, number in (part.split() for part in text.split(",") if part):
            if word == "leverage":
                self._leverage = int(number)
            elif word == "state":
                changes["state"] = BorrowLendState(number)
            else:
                changes[f"throttle_{word}"] = Decimal(number)
        self._pools = [msgspec.structs.replace(pool, **changes) for pool in POOLS]
        return super()._rules("")

    def _new_engine(self, rules: MarketRules) -> Engine:
        return new_engine(*self._pools)

    def _command(self, who: str, words: list[str]) -> Command:
        if who == OPERATOR and words == ["wait"]:
            return Elapse()
        if words[0] in ("borrow", "lend"):
            account = next(number for number, name in self.names.items() if name == who)
            return BorrowOrLend(account, words[2], BorrowLendSide(words[0].capitalize()), units(words[1], SCALE))
        if words[0] == "auto-lend":
            account = next(number for number, name in self.names.items() if name == who)
            settings = AccountSettings(leverage_e8=self._leverage * 10**8, auto_lend=words[1] == "on")
            return ChangeSettings(account, settings)
        allowed = [word for word in words if word in _ALLOWED]
        command = super()._command(who, [word for word in words if word not in _ALLOWED])
        if not allowed:
            return command
        return msgspec.structs.replace(command, backing=Backing(**{_ALLOWED[word]: True for word in allowed}))

    def _answer(self, events: list[Event]) -> str:
        if events and isinstance(events[0], Declined):
            return f"refused {events[0].refusal.name}"
        if events and isinstance(events[0], OrderAccepted) and not any(isinstance(event, LoanChanged) for event in events):
            return super()._answer(events)
        if len(events) == 1 and isinstance(events[0], SettingsChanged):
            return "done"
        return "; ".join(filter(None, map(self._word, events))) or super()._answer(events)

    def _word(self, event: Event) -> str | None:
        match event:
            case LoanChanged(source=BorrowLendSource.LIQUIDATION_ADL):
                return f"{number_text(event.amount, SCALE)} {event.asset} of {self.names[event.account]} ended"
            case LoanChanged(account=account):
                return f"{self.names[account]} {_WORDS[event.kind]} {number_text(event.amount, SCALE)} {event.asset}"
            case InterestPaid(account=account):
                verb = "owes" if event.loan.is_borrow else "earns"
                return f"{self.names[account]} {verb} {number_text(event.amount, SCALE)} {event.asset} more"
            case OrderFilled(is_maker=False):
                trade = f"{str(event.order.side).lower()} {number_text(event.quantity, 1)} @ {number_text(event.price, 2)}"
                return f"{self.names[event.order.account]} {trade}"
            case LiquidatingChanged(account=account):
                return f"{self.names[account]} {'is liquidated' if event.is_liquidating else 'is well'}"
            case DebtCovered(account=account):
                return f"{number_text(event.amount, SCALE)} {event.asset} of {self.names[account]} covered"
            case _:
                return None

    def seen(self, head: str) -> Iterator[list[str]]:
        """The rows of a block as they are in the end."""
        if head == "loans":
            for number, name in self.names.items():
                loans = self.engine.facility(Lending).loans(number)
                yield [name, *(number_text(loans[asset].quantity, SCALE) if asset in loans else "0" for asset in _ASSETS)]
        elif head == "pools":
            for asset, pool in self.engine.facility(Lending).pools.items():
                lent, borrowed = (number_text(total, SCALE) for total in (pool.total_lent, pool.total_borrowed))
                yield [asset, lent, borrowed, f"{pool.utilization:f}"]
        else:
            yield from super().seen(head)

"""The matching engine: commands go in one by one, and what they did comes out. Same commands, same events, same state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from haversack.exchange.engine.collateral import CollateralRules
from haversack.exchange.engine.command import (
    Cancel,
    CancelAll,
    ChangeSettings,
    Command,
    Elapse,
    Grant,
    OpenAccount,
    Place,
    SetBookState,
    SetPrices,
)
from haversack.exchange.engine.event import (
    AccountOpened,
    BalanceChanged,
    BookStateChanged,
    Event,
    Refusal,
    Rejected,
    SettingsChanged,
)
from haversack.exchange.engine.facility import Facility, Handler, Opened, Parts
from haversack.exchange.engine.fingerprint import fingerprint
from haversack.exchange.engine.ledger import Account, Ledger
from haversack.exchange.engine.market import Market
from haversack.exchange.engine.passing import Passing
from haversack.exchange.engine.perpetual.liquidating import Liquidating
from haversack.exchange.engine.perpetual.margins import Margins
from haversack.exchange.engine.placing import Placing
from haversack.exchange.engine.reading import Readable
from haversack.exchange.engine.rules import AssetRules, MarketRules
from haversack.exchange.engine.state import EngineState, dump, load

F = TypeVar("F", bound=Facility)


class Engine(Readable):
    """All markets and accounts of one exchange.

    An account, symbol or asset that does not exist is the caller's mistake: a KeyError, an IndexError or an assertion.
    """

    def __init__(
        self,
        assets: Iterable[AssetRules],
        markets: Iterable[MarketRules],
        *,
        collateral: Iterable[CollateralRules] = (),
        facilities: Iterable[Opened] = (),
        first_order_id: int = 1,
        first_trade_id: int = 1,
    ) -> None:
        self._ledger = Ledger(assets, first_id=first_order_id)
        self._margins = Margins(collateral)
        self._markets = {
            rules.symbol: Market(rules, self._ledger, self._margins, first_trade_id=first_trade_id) for rules in markets
        }
        self._margins.watch(self._markets)
        self._placing = Placing(self._ledger, self._markets)
        liquidating = Liquidating(self._ledger, self._markets, self._margins, placing=self._placing)
        self._passing = Passing(self._ledger, self._markets, self._margins, placing=self._placing, liquidating=liquidating)
        parts = Parts(self._ledger, self._markets, self._margins, self._placing, liquidating)
        self._facilities = [opened(parts) for opened in facilities]
        self._passing.facilities = self._facilities
        self._handlers: Mapping[type, Handler] = {
            kind: handler for facility in self._facilities for kind, handler in facility.handlers().items()
        }

    def apply(self, command: Command, now_us: int) -> list[Event]:
        """Do one command, at a time that the caller tells."""
        # Nearly all are orders: they are not passed on to another function for what hardly any account wants.
        if isinstance(command, Place):
            events = self._placing.place(command, now_us)
        elif isinstance(command, Cancel):
            events = self._placing.cancel(command)
        else:
            events = self._apply(command, now_us)
        if self._ledger.auto_lenders and self._margins.lending is not None:
            self._margins.lending.lend_idle(events, now_us)
        return events

    def _apply(self, command: Command, now_us: int) -> list[Event]:
        if isinstance(command, CancelAll):
            return self._placing.cancel_all(command)
        if isinstance(command, SetPrices):
            return self._passing.set_prices(command, now_us)
        if isinstance(command, SetBookState):
            return self._set_book_state(command)
        if isinstance(command, Grant):
            return self._grant(self._ledger.account(command.account), command.amounts, now_us)
        if isinstance(command, ChangeSettings):
            return self._change_settings(command)
        if isinstance(command, Elapse):
            return self._passing.elapse(now_us)
        handler = self._handlers.get(type(command))
        if handler is not None:
            return handler(command, now_us)
        assert isinstance(command, OpenAccount), f"nothing here does {command}"
        return self._open_account(command, now_us)

    def facility(self, kind: type[F]) -> F:
        """The facility of a kind; a LookupError if this engine has none."""
        for facility in self._facilities:
            if isinstance(facility, kind):
                return facility
        raise LookupError(f"this engine has no {kind.__name__}")

    def _set_book_state(self, command: SetBookState) -> list[Event]:
        market = self._markets[command.symbol]
        if market.state is command.state:
            return []
        market.state = command.state
        return [BookStateChanged(command.symbol, command.state)]

    def _open_account(self, command: OpenAccount, now_us: int) -> list[Event]:
        known = self._ledger.find(command.key)
        if known:
            return [AccountOpened(known.number, known.key)]
        account = self._ledger.open(command.key, command.fees, is_house=command.is_house)
        return [AccountOpened(account.number, account.key), *self._grant(account, command.grants, now_us)]

    def _grant(self, account: Account, amounts: Iterable[tuple[str, int]], now_us: int) -> list[Event]:
        events: list[Event] = []
        for asset, amount in amounts:
            balance = self._ledger.grant(account, asset, amount, now_us)
            events.append(BalanceChanged(account.number, asset, balance.available, balance.locked))
        return events

    def _change_settings(self, command: ChangeSettings) -> list[Event]:
        account = self._ledger.account(command.account)
        if not self._margins.allows_leverage(account, command.settings.leverage_e8):
            return [Rejected(Refusal.LEVERAGE)]
        account.settings, account.budget = command.settings, None
        (self._ledger.auto_lenders.add if command.settings.auto_lend else self._ledger.auto_lenders.discard)(account.number)
        return [SettingsChanged(command.account, command.settings)]

    def state_hash(self) -> str:
        """SHA-256 of all state."""
        return fingerprint(self._ledger, self._markets.values(), self._dumped())

    def dump(self) -> EngineState:
        """A copy of all state."""
        return dump(self._ledger, list(self._markets.values()), self._dumped())

    def _dumped(self) -> list[tuple[str, bytes]]:
        return [(facility.name, facility.dump()) for facility in self._facilities]

    def next_due_us(self) -> int | None:
        """When to `Elapse` next, unless somebody tells prices before; None if time has nothing to do."""
        return self._passing.next_due_us()

    def facilities_due_us(self) -> int | None:
        """When time has something to do in a facility, whoever tells prices; None if nothing waits there."""
        return self._passing.facilities_due_us()

    def load(self, state: EngineState) -> None:
        """Take up the state of another engine with the same rules. This one must not have done anything yet."""
        assert not self._ledger.accounts, "a state is loaded into a new engine"
        load(state, self._ledger, self._markets)
        self._ledger.auto_lenders.update(each.number for each in self._ledger.accounts if each.settings.auto_lend)
        remembered = dict(state.facilities)
        for facility in self._facilities:
            if facility.name in remembered:
                facility.load(remembered[facility.name])

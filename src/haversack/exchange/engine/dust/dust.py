"""Takes dust from accounts for cash: at the active price of its spot market, without a fee. The exchange keeps what it takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from haversack.exchange.engine.collateral import CASH
from haversack.exchange.engine.dust.command import ConvertDust
from haversack.exchange.engine.dust.event import DustConverted
from haversack.exchange.engine.dust.refusal import DustRefusal
from haversack.exchange.engine.event import BalanceChanged, Declined, Event
from haversack.exchange.engine.facility import Handler, Parts
from haversack.exchange.engine.ledger import Account


class DustRules(msgspec.Struct, frozen=True):
    """What counts as dust of one asset."""

    asset: str
    symbol: str
    """The spot market in which it is sold for cash."""
    enough: int
    """From which amount on it is none: the smallest order there, in the asset's smallest units."""


class Dust:
    """The facility."""

    name = "dust"

    def __init__(self, parts: Parts, *, rules: Iterable[DustRules]) -> None:
        self._ledger = parts.ledger
        self._markets = parts.markets
        self._rules = {each.asset: each for each in rules}
        self._held: dict[str, int] = {}
        """What was taken, and below zero what was paid for it."""

    def handlers(self) -> Mapping[type, Handler]:
        """One."""
        return {ConvertDust: self._convert}

    def _convert(self, command: ConvertDust, _now_us: int) -> list[Event]:
        account = self._ledger.account(command.account)
        if account.liquidating:
            return [Declined(DustRefusal.LIQUIDATING)]
        if command.asset is None:
            wanted = [asset for asset in self._rules if self._is_dust(account, asset) and self._worth(asset, 1) is not None]
        elif not self._is_dust(account, command.asset):
            return [Declined(DustRefusal.NO_DUST)]
        elif self._worth(command.asset, 1) is None:
            return [Declined(DustRefusal.NO_PRICE)]
        else:
            wanted = [command.asset]
        return [event for asset in wanted for event in self._take(account, asset)]

    def _is_dust(self, account: Account, asset: str) -> bool:
        """Whether there is something to take, and with what is lent and locked too little for an order (documented)."""
        rules = self._rules.get(asset)
        return rules is not None and account.available(asset) > 0 and account.total(asset) < rules.enough

    def _worth(self, asset: str, amount: int) -> int | None:
        """In the cash's smallest units, rounded down; None without a price. That the price is this one is a guess."""
        market = self._markets[self._rules[asset].symbol]
        twice, rules = market.twice_active_price, market.rules
        return None if twice is None else twice * amount * rules.quote_unit // (2 * rules.base_unit)

    def _take(self, account: Account, asset: str) -> list[Event]:
        amount = account.available(asset)
        received = self._worth(asset, amount)
        assert received is not None, f"{asset} was worth something a moment ago"
        account.budget = None
        events: list[Event] = [
            DustConverted(
                account=account.number,
                conversion_id=self._ledger.take_id(),
                asset=asset,
                amount=amount,
                received=received,
            )
        ]
        for moved, change in ((asset, -amount), (CASH, received)):
            balance = account.balances[moved]
            balance.available += change
            self._held[moved] = self._held.get(moved, 0) - change
            events.append(BalanceChanged(account.number, moved, balance.available, balance.locked))
        return events

    def elapse(self, now_us: int, events: list[Event]) -> None:
        """Nothing waits for the time."""

    def next_due_us(self) -> int | None:
        """Never."""
        return None

    def dump(self) -> bytes:
        """What the exchange took and paid."""
        return msgspec.json.encode(self._held, order="sorted")

    def load(self, state: bytes) -> None:
        """Take up what was taken and paid before."""
        self._held = msgspec.json.decode(state, type=dict[str, int])

    def holds(self) -> Mapping[str, int]:
        """The dust, and what was paid for it, below zero."""
        return self._held

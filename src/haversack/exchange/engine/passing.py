"""What time does to perpetuals: new mark prices, funding, settlement, liquidation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from haversack.exchange.engine.command import SetPrices
from haversack.exchange.engine.event import Event
from haversack.exchange.engine.ledger import Ledger
from haversack.exchange.engine.market import SECOND_US, Market
from haversack.exchange.engine.perpetual.liquidating import Liquidating
from haversack.exchange.engine.perpetual.margins import Margins
from haversack.exchange.engine.perpetual.paying import pay_funding, settle_accounts
from haversack.exchange.engine.perpetual.prices import EndedInterval
from haversack.exchange.engine.perpetual.settlement import next_settling_us
from haversack.exchange.engine.placing import Placing

if TYPE_CHECKING:
    from haversack.exchange.engine.facility import Facility


class Passing:
    """The clockwork of one engine. Time comes with commands alone."""

    __slots__ = ("_ledger", "_liquidating", "_margins", "_next_us", "_perpetuals", "_placing", "facilities")

    def __init__(
        self, ledger: Ledger, markets: Mapping[str, Market], margins: Margins, *, placing: Placing, liquidating: Liquidating
    ) -> None:
        self._ledger = ledger
        self._placing = placing
        self._margins = margins
        self._liquidating = liquidating
        self._perpetuals = [market for market in markets.values() if market.prices is not None]
        self._next_us = 0
        self.facilities: Sequence[Facility] = ()
        """What is told when time passes, before anybody is liquidated."""

    def set_prices(self, prices: SetPrices, now_us: int) -> list[Event]:
        """Take in index prices, and do what the time asks for."""
        known = {market.rules.symbol for market in self._perpetuals}
        for symbol, _ in prices.indexes:
            assert symbol in known, f"{symbol} has no index"
        return self._pass(dict(prices.indexes), now_us)

    def elapse(self, now_us: int) -> list[Event]:
        """Do what the time asks for, with the prices that are known."""
        return self._pass({}, now_us)

    def next_due_us(self) -> int | None:
        """When time will have something to do again, if nobody tells prices before; None if there is nothing to do."""
        is_waited_for = any(
            account.unsettled or account.owes or any(holding.position for holding in account.holdings.values())
            for account in self._ledger.accounts
            if not account.is_house
        )
        is_moving = any(market.prices is not None and market.prices.state.has_moved for market in self._perpetuals)
        facilities_us = self.facilities_due_us()
        if not is_waited_for and not is_moving:
            return facilities_us
        return self._next_us if facilities_us is None else min(self._next_us, facilities_us)

    def facilities_due_us(self) -> int | None:
        """When time has something to do in a facility; None if nothing waits there."""
        return min((due_us for each in self.facilities if (due_us := each.next_due_us()) is not None), default=None)

    def _pass(self, indexes: Mapping[str, int], now_us: int) -> list[Event]:
        """All marks first, so that whatever follows in any market sees the prices of one moment.

        What does nothing leaves no trace but in `_next_us`, which is no state: a command without events is in no journal.
        """
        events: list[Event] = []
        self._margins.version += 1
        self._next_us = (now_us // SECOND_US + 1) * SECOND_US
        ended = [(market, _ended(market, now_us)) for market in self._perpetuals]
        for symbol in sorted(self._mark(indexes, now_us, events)):
            self._placing.fire(symbol, now_us, events)
        for market, intervals in ended:
            if intervals and market.rules.perpetual is not None:
                pay_funding(market, self._ledger, intervals, events)
        if now_us >= self._ledger.settle_us:
            settle_accounts(self._ledger, self._margins, now_us, events)
            if events:
                self._ledger.settle_us = next_settling_us(now_us)
        for facility in self.facilities:
            facility.elapse(now_us, events)
        self._liquidating.look(now_us, events)
        return events

    def _mark(self, indexes: Mapping[str, int], now_us: int, events: list[Event]) -> list[str]:
        """New mark prices where an index was told, and where one is known that nobody told in this second."""
        marked: list[str] = []
        for market in self._perpetuals:
            symbol = market.rules.symbol
            index = indexes.get(symbol) or _index_to_repeat(market, now_us)
            if index is not None:
                events.append(market.price(index, now_us))
                marked.append(symbol)
        return marked


def _index_to_repeat(market: Market, now_us: int) -> int | None:
    """The known index, if nobody told one in this second yet."""
    state = market.prices.state if market.prices else None
    is_old = state is not None and state.updated_us // SECOND_US < now_us // SECOND_US
    return state.told.index if state and state.told and is_old else None


def _ended(market: Market, now_us: int) -> Sequence[EndedInterval]:
    prices, clearing = market.prices, market.perpetual
    assert prices is not None, f"{market.rules.symbol} has no prices"
    assert clearing is not None, f"{market.rules.symbol} has no positions"
    if prices.state.interval_end_us or market.rules.perpetual is None:
        return prices.end_intervals(now_us, opened_us=None)
    opened_us = [holding.position.opened_us for holding in clearing.holdings.values() if holding.position]
    return prices.end_intervals(now_us, opened_us=min(opened_us, default=None))

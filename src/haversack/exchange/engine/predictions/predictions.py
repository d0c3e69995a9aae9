"""Questions with an answer to come: each is open, has a proposed answer for a while, and is resolved then, once and for all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from haversack.exchange.engine.event import Declined, Event
from haversack.exchange.engine.facility import Handler, Parts
from haversack.exchange.engine.market import SECOND_US, Market
from haversack.exchange.engine.predictions.command import DELAY_S_MAX, ProposeResolution
from haversack.exchange.engine.predictions.event import PredictionResolved, ResolutionProposed
from haversack.exchange.engine.predictions.refusal import PredictionRefusal
from haversack.exchange.engine.predictions.settling import settle_market


class Planned(msgspec.Struct, frozen=True):
    """An answer that the listing knows beforehand."""

    symbol: str
    is_yes: bool
    at_us: int
    """When it is proposed."""
    delay_s: int


class Fate(msgspec.Struct, frozen=True, array_like=True):
    """What is known of one market's answer."""

    proposed: bool | None = None
    """None: nothing was proposed."""
    proposed_us: int = 0
    due_us: int = 0
    price: int | None = None
    """At which it was settled, in its price units; None: it is not resolved."""
    resolved_us: int = 0


OPEN = Fate()


class Predictions:
    """The questions of all prediction markets of one engine."""

    name = "predictions"

    def __init__(self, parts: Parts, *, planned: Iterable[Planned] = ()) -> None:
        self._parts = parts
        self._markets: dict[str, Market] = {
            symbol: market for symbol, market in parts.markets.items() if market.rules.pays is not None
        }
        self._planned = {each.symbol: each for each in planned}
        self._fates: dict[str, Fate] = {}
        self._look_us = 0
        """When to look next whether a mark price fires an order; no part of the state."""

    def fate(self, symbol: str) -> Fate:
        """What is known of a market's answer."""
        return self._fates.get(symbol, OPEN)

    def handlers(self) -> Mapping[type, Handler]:
        """What it does."""
        return {ProposeResolution: self._propose}

    def elapse(self, now_us: int, events: list[Event]) -> None:
        """Propose what is planned, resolve what is due, and send the orders whose mark price is reached."""
        for planned in self._planned.values():
            if planned.at_us <= now_us and self.fate(planned.symbol) is OPEN:
                self._remember(planned.symbol, planned.at_us, events, is_yes=planned.is_yes, delay_s=planned.delay_s)
        for symbol, fate in sorted(self._fates.items()):
            if fate.price is None and fate.due_us <= now_us:
                self._resolve(symbol, now_us, events)
        self._look_us = (now_us // SECOND_US + 1) * SECOND_US
        for symbol, market in self._markets.items():
            if market.triggers.by_id:
                self._parts.placing.fire(symbol, now_us, events)

    def next_due_us(self) -> int | None:
        """When the next answer is proposed or final; while orders wait for a mark price, the next second."""
        dues_us = [each.at_us for each in self._planned.values() if self.fate(each.symbol) is OPEN]
        dues_us += [fate.due_us for fate in self._fates.values() if fate.price is None]
        if any(market.triggers.by_id for market in self._markets.values()):
            dues_us.append(self._look_us)
        return min(dues_us, default=None)

    def dump(self) -> bytes:
        """What is known of the answers."""
        return msgspec.json.encode(sorted(self._fates.items()))

    def load(self, state: bytes) -> None:
        """Take that up."""
        self._fates = dict(msgspec.json.decode(state, type=list[tuple[str, Fate]]))

    def holds(self) -> Mapping[str, int]:
        """Nothing: what positions cost stays with their accounts until they are settled."""
        return {}

    def _propose(self, command: ProposeResolution, now_us: int) -> list[Event]:
        if command.symbol not in self._markets:
            return [Declined(PredictionRefusal.NO_PREDICTION)]
        if self.fate(command.symbol).price is not None:
            return [Declined(PredictionRefusal.RESOLVED)]
        if not 0 <= command.delay_s <= DELAY_S_MAX:
            return [Declined(PredictionRefusal.DELAY)]
        events: list[Event] = []
        self._remember(command.symbol, now_us, events, is_yes=command.is_yes, delay_s=command.delay_s)
        if not command.delay_s:
            self._resolve(command.symbol, now_us, events)
        return events

    def _remember(self, symbol: str, now_us: int, events: list[Event], *, is_yes: bool, delay_s: int) -> None:
        due_us = now_us + delay_s * SECOND_US
        self._fates[symbol] = Fate(is_yes, now_us, due_us)
        events.append(ResolutionProposed(symbol, is_yes, now_us, due_us))

    def _resolve(self, symbol: str, now_us: int, events: list[Event]) -> None:
        fate, market = self._fates[symbol], self._markets[symbol]
        assert market.rules.pays is not None, f"{symbol} asks no question"
        price = market.rules.pays if fate.proposed else 0
        settle_market(market, price, self._parts, now_us=now_us, events=events)
        self._fates[symbol] = msgspec.structs.replace(fate, price=price, resolved_us=now_us)
        events.append(PredictionResolved(symbol, price, now_us))

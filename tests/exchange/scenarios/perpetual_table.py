"""Plays scenarios of a perpetual: SOL_USDC_PERP, tick 0.01, step 0.1.

A position takes a twentieth of its worth to be opened and a fortieth to be kept, whatever its size. `rules: fees 2 5` gives the
fees of makers and takers in basis points. Whoever is called `house` is one of the exchange's own accounts. Beside the words of
spot orders there are `reduce-only`, `profit last 110` and `loss mark 95`; the exchange says `index 100`, or lets time pass with
`wait`. Under `told` stands what happens to orders and accounts without their doing.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

from exchange.scenarios.table import OPERATOR, SCALE, Scenario, Stage, number_text, order_of, units
from haversack.exchange.engine.collateral import CollateralRules
from haversack.exchange.engine.command import ChangeSettings, Command, Elapse, Exit, OpenAccount, Place, SetPrices
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import (
    Conditions,
    DebtCovered,
    Event,
    FundingRateSet,
    LiquidatingChanged,
    MarkChanged,
    OrderAccepted,
    OrderEnded,
    OrderFacts,
    OrderFilled,
    OrderModified,
    TriggerFired,
    TriggerPlaced,
)
from haversack.exchange.engine.perpetual.contract import Contract
from haversack.exchange.engine.perpetual.liquidating import BACKSTOP
from haversack.exchange.engine.rules import AccountSettings, AssetRules, FeeTier, MarketRules, PerpetualRules
from haversack.wire.assets import CollateralParameters, HaircutCurve, HaircutFunction, HaircutKind
from haversack.wire.enums import ExpiryReason, TriggerBy
from haversack.wire.markets import MarginFunction

HOUSE = "house"
_BY = {"last": TriggerBy.LAST_PRICE, "mark": TriggerBy.MARK_PRICE, "index": TriggerBy.INDEX_PRICE}
_FOLLOWED = (ExpiryReason.LIQUIDATION, ExpiryReason.REDUCE_ONLY_NOT_REDUCED, ExpiryReason.STOP_WITHOUT_POSITION)
_INITIAL = MarginFunction(base=Decimal("0.05"), factor=Decimal(0), type="sqrt")
_MAINTENANCE = MarginFunction(base=Decimal("0.025"), factor=Decimal(0), type="sqrt")


class PerpetualStage(Stage):
    """An engine with one perpetual, and the accounts of a scenario."""

    symbol = "SOL_USDC_PERP"

    def _new_engine(self, rules: MarketRules) -> Engine:
        contract = Contract(
            symbol=self.symbol, quantity_scale=1, quote_scale=SCALE, step=1, imf_function=_INITIAL, mmf_function=_MAINTENANCE
        )
        more: dict[str, Any] = {"symbol": self.symbol, "is_perpetual": True, "perpetual": PerpetualRules(contract=contract)}
        parameters = CollateralParameters(
            haircut_function=HaircutFunction(kind=HaircutCurve(type=HaircutKind.IDENTITY), weight=Decimal(1)),
            imf_function=_INITIAL,
            mmf_function=_MAINTENANCE,
            symbol="USDC",
        )
        return Engine(
            [AssetRules("SOL", SCALE), AssetRules("USDC", SCALE)],
            [msgspec.structs.replace(rules, **more)],
            collateral=[CollateralRules(asset="USDC", scale=SCALE, parameters=parameters)],
            facilities=self.facilities,
        )

    def _open(self, scenario: Scenario) -> None:
        fees = FeeTier(0, 0, self._fees.maker_cbps, self._fees.taker_cbps)
        for number, (name, cash, leverage) in enumerate(scenario.blocks["accounts"][1:], start=1):
            opening = OpenAccount(name, fees, (("USDC", units(cash, SCALE)),), is_house=name == HOUSE)
            self.engine.apply(opening, self.now_us)
            self.engine.apply(ChangeSettings(number, AccountSettings(leverage_e8=units(leverage, 8))), self.now_us)
            self.names[number] = name
        self._told: list[list[str]] = []

    def do(self, time: str, who: str, what: str) -> str:
        """Do one line; what becomes of it."""
        count = len(self.events)
        answer = super().do(time, who, what)
        self._told += [[time, line] for line in map(self._line, self.events[count:]) if line]
        return answer

    def _command(self, who: str, words: list[str]) -> Command:
        if who == OPERATOR and words[0] == "index":
            return SetPrices(((self.symbol, units(words[1], 8)),))
        return Elapse() if (who, words) == (OPERATOR, ["wait"]) else super()._command(who, words)

    def _place(self, account: int, words: list[str]) -> Place:
        more: dict[str, Any] = {}
        for word, field in (("profit", "take_profit"), ("loss", "stop_loss")):
            if word in words:
                place = words.index(word)
                _, by, price = words[place : place + 3]
                more[field] = Exit(_BY[by], units(price, 2))
                words = words[:place] + words[place + 3 :]
        if "reduce-only" in words:
            words, more["reduce_only"] = [word for word in words if word != "reduce-only"], True
        return Place(account=account, symbol=self.symbol, **order_of(words), **more)

    def _answer(self, events: list[Event]) -> str:
        marks = [event for event in events if isinstance(event, MarkChanged)]
        if not marks:
            return super()._answer(events)
        rates = [f"{Decimal(each.rate_e28).scaleb(-28).normalize():f}" for each in events if isinstance(each, FundingRateSet)]
        assert len(set(rates)) < 2, f"several rates: {rates}"
        times = f" x {len(rates)}" if len(rates) > 1 else ""
        return f"mark {number_text(marks[-1].mark, 2)}" + (f", funding {rates[0]}{times}" if rates else "")

    def seen(self, head: str) -> Iterator[list[str]]:
        """The rows of a block as they are in the end."""
        if head == "told":
            yield from self._told
        elif head == "positions":
            for account, position, _, _ in sorted(self.engine.holdings(self.symbol), key=lambda held: held[0]):
                if position:
                    entry = Decimal(position.entry_quote * 10) / position.entry_quantity
                    quantity = f"{number_text(position.quantity, 1)} @ {number_text(int(entry), SCALE)}"
                    amounts = (number_text(amount, SCALE) for amount in (position.pnl_realized, position.funding))
                    yield [self._name(account), str(position.position_id), quantity, *amounts]
        elif head == "balances":
            for account, name in self.names.items():
                balance = self.engine.balances(account).get("USDC", (0, 0))
                yield [name, self._balance(*balance), number_text(self.engine.unsettled(account), SCALE)]
        else:
            yield from super().seen(head)

    def _name(self, account: int) -> str:
        return "backstop" if self.engine.key_of(account) == BACKSTOP else self.names[account]

    def _line(self, event: Event) -> str | None:
        match event:
            case LiquidatingChanged(account=account, is_liquidating=is_liquidating):
                return f"{self._name(account)} is {'liquidated' if is_liquidating else 'free'}"
            case DebtCovered(account=account, amount=amount):
                return f"{self._name(account)}'s debt of {number_text(amount, SCALE)} is covered"
            case OrderFilled(order=OrderFacts(conditions=Conditions(system=system))) if system:
                where = system.removeprefix("LiquidatePositionOn").lower()
                fee = f", fee {number_text(event.fee, SCALE)}" if event.fee else ""
                what = f"{number_text(event.quantity, 1)} @ {number_text(event.price, 2)}"
                return f"{self._name(event.order.account)}'s {event.order.side.lower()} of {what} on the {where}{fee}"
            case OrderModified(order=order):
                left = number_text((order.quantity or 0) - event.executed, 1)
                # What it was before stands nowhere but in the story so far.
                return f"{self._order(order, quantity=self._quantity_before(event))} becomes {left}"
            case OrderEnded(order=order, reason=reason) if reason in _FOLLOWED:
                conditions = order.conditions
                waits = f", which waits for {_waits(order)}," if conditions and conditions.trigger else ""
                return f"{self._order(order)}{waits} ends: {reason}"
            case TriggerPlaced(order=order):
                return f"{self._order(order)} waits for {_waits(order)}"
            case TriggerFired(order=order):
                return f"{self._order(order)} fires at {_waits(order)}"
            case _:
                return None

    def _quantity_before(self, event: OrderModified) -> int | None:
        known = [each for each in self.events[: self.events.index(event)] if isinstance(each, OrderAccepted | OrderModified)]
        return [each.order.quantity for each in known if each.order.order_id == event.order.order_id][-1]

    def _order(self, order: OrderFacts, *, quantity: int | None = None) -> str:
        trigger = order.conditions.trigger if order.conditions else None
        count = quantity or order.quantity or (trigger.quantity if trigger else None)
        price = "market" if order.price is None else f"@ {number_text(order.price, 2)}"
        return f"{self._name(order.account)}'s {order.side.lower()} of {number_text(count or 0, 1)} {price}"


def _waits(order: OrderFacts) -> str:
    assert order.conditions, f"order {order.order_id} waits for nothing"
    assert order.conditions.trigger, f"order {order.order_id} waits for nothing"
    word = next(word for word, by in _BY.items() if by is order.conditions.trigger.by)
    return f"{word} {number_text(order.conditions.trigger.price, 2)}"

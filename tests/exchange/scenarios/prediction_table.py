"""Plays scenarios of a prediction market: RAIN_USDC_PREDICTION, tick 0.01, step 0.1, prices between 0 and 1.

The words are those of perpetuals. The exchange says `yes in 10s` or `no in 0s` for the answer, and lets time pass with `wait`.
`free` shows the margin that every account has left.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

from exchange.scenarios.perpetual_table import PerpetualStage
from exchange.scenarios.table import OPERATOR, SCALE
from haversack.exchange.engine.collateral import CollateralRules
from haversack.exchange.engine.command import Command
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import BalanceChanged, Conditions, Declined, Event, OrderFacts, OrderFilled
from haversack.exchange.engine.perpetual.contract import Contract
from haversack.exchange.engine.predictions.command import ProposeResolution
from haversack.exchange.engine.predictions.event import PredictionResolved, ResolutionProposed
from haversack.exchange.engine.predictions.predictions import Predictions
from haversack.exchange.engine.rules import AssetRules, MarketRules, PerpetualRules
from haversack.units import compact, stripped
from haversack.wire.assets import CollateralParameters, HaircutCurve, HaircutFunction, HaircutKind
from haversack.wire.enums import SystemOrderType
from haversack.wire.markets import MarginFunction

ALL, NOTHING = (MarginFunction(base=Decimal(base), factor=Decimal(0), type="sqrt") for base in (1, 0))


class PredictionStage(PerpetualStage):
    """An engine with one prediction market, and the accounts of a scenario."""

    symbol = "RAIN_USDC_PREDICTION"

    def _new_engine(self, rules: MarketRules) -> Engine:
        return Engine(
            [AssetRules("SOL", SCALE), AssetRules("USDC", SCALE)],
            [prediction(rules, self.symbol)],
            collateral=[cash(SCALE)],
            facilities=[Predictions],
        )

    def _command(self, who: str, words: list[str]) -> Command:
        if who == OPERATOR and words[0] in ("yes", "no"):
            return ProposeResolution(self.symbol, words[0] == "yes", int(words[2].removesuffix("s")))
        return super()._command(who, words)

    def _answer(self, events: list[Event]) -> str:
        if events and isinstance(events[0], Declined):
            return f"refused {events[0].refusal.name}"
        if any(isinstance(event, PredictionResolved) for event in events):
            return "resolved"
        if events and isinstance(events[0], ResolutionProposed):
            return "proposed"
        # Money that a position brought goes into the balances every ten seconds.
        is_settled = bool(events) and all(isinstance(event, BalanceChanged) for event in events)
        return "settled" if is_settled else super()._answer(events)

    def _line(self, event: Event) -> str | None:
        match event:
            case OrderFilled(order=OrderFacts(conditions=Conditions(system=SystemOrderType.FUTURE_EXPIRY)) as order):
                quantity = f"{compact(event.quantity, 1):f}"
                return f"{self._name(order.account)}'s {str(order.side).lower()} of {quantity} at {compact(event.price, 2):f}"
            case _:
                return super()._line(event)

    def seen(self, head: str) -> Iterator[list[str]]:
        """The rows of a block as they are in the end."""
        if head == "free":
            yield from (
                [name, f"{stripped(self.engine.margin(number).net_equity_available):f}"] for number, name in self.names.items()
            )
        else:
            yield from super().seen(head)


def prediction(rules: MarketRules, symbol: str) -> MarketRules:
    """The same market as a prediction market."""
    contract = Contract(
        symbol=symbol,
        quantity_scale=rules.quantity_scale,
        quote_scale=rules.price_scale + rules.quantity_scale + len(str(rules.quote_unit)) - 1,
        step=rules.step,
        imf_function=ALL,
        mmf_function=NOTHING,
        is_prediction=True,
    )
    more: dict[str, Any] = {
        "symbol": symbol,
        "base": symbol.partition("_")[0],
        "is_perpetual": True,
        "pays": 10**rules.price_scale,
    }
    return msgspec.structs.replace(rules, perpetual=PerpetualRules(contract=contract), **more)


def cash(scale: int) -> CollateralRules:
    """USDC counts for what it is."""
    parameters = CollateralParameters(
        haircut_function=HaircutFunction(kind=HaircutCurve(type=HaircutKind.IDENTITY), weight=Decimal(1)),
        imf_function=ALL,
        mmf_function=NOTHING,
        symbol="USDC",
    )
    return CollateralRules(asset="USDC", scale=scale, parameters=parameters)

"""Two perpetuals and a spot market for scenarios of liquidation, spoken to and read in a trader's numbers.

Everybody trades without fees unless told otherwise, with a leverage limit of 20. Mark prices are what a test says they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from haversack.exchange.engine.collateral import CollateralRules
from haversack.exchange.engine.command import CancelAll, Place
from haversack.exchange.engine.event import (
    DebtCovered,
    Event,
    LiquidatingChanged,
    LiquidationPrinted,
    MarkChanged,
    OrderAccepted,
    OrderEnded,
    OrderFilled,
    PositionChanged,
    TradePrinted,
)
from haversack.exchange.engine.fingerprint import fingerprint
from haversack.exchange.engine.ledger import Account, Ledger
from haversack.exchange.engine.market import Market
from haversack.exchange.engine.perpetual.contract import Contract
from haversack.exchange.engine.perpetual.liquidating import BACKSTOP, Liquidating
from haversack.exchange.engine.perpetual.margins import Margins
from haversack.exchange.engine.placing import Placing
from haversack.exchange.engine.rules import AccountSettings, AssetRules, FeeTier, MarketRules, PerpetualRules
from haversack.exchange.engine.state import EngineState, dump, load
from haversack.units import to_units
from haversack.wire.assets import CollateralParameters, HaircutCurve, HaircutFunction, HaircutKind
from haversack.wire.enums import Side
from haversack.wire.markets import MarginFunction

D = Decimal
BID, ASK = Side.BID, Side.ASK
SOL, BTC, SPOT = "SOL_USDC_PERP", "BTC_USDC_PERP", "SOL_USDC"
NOW_US = 1_790_000_000_000_000
SECOND_US = 1_000_000
PRICE_SCALE = QUANTITY_SCALE = 2
QUOTE_SCALE = 8
NAMES = ("alice", "bob", "carol", "dora", "house")
"""Accounts 1 to 5; the last one is the exchange's own."""

_NO_MARGIN = MarginFunction(base=D("0.02"), factor=D("0.0001275"), type="sqrt")
_MAINTENANCE = MarginFunction(base=D("0.0125"), factor=D("0.0000765"), type="sqrt")


def _market(symbol: str, base: str, *, is_perpetual: bool) -> MarketRules:
    contract = Contract(
        symbol=symbol,
        quantity_scale=QUANTITY_SCALE,
        quote_scale=QUOTE_SCALE,
        step=1,
        imf_function=_NO_MARGIN,
        mmf_function=_MAINTENANCE,
    )
    return MarketRules(
        symbol=symbol, base=base, quote="USDC", is_perpetual=is_perpetual, price_scale=PRICE_SCALE,
        quantity_scale=QUANTITY_SCALE, tick=1, step=1, band_max=None, band_min=None, base_unit=10**6, quote_unit=10**4,
        quote_fee_unit=100, base_fee_unit=1, open_orders_max=50,
        perpetual=PerpetualRules(contract=contract) if is_perpetual else None,
    )  # fmt: skip


def _collateral(asset: str, **more: Any) -> CollateralRules:
    kind = HaircutCurve(type=HaircutKind.IDENTITY)
    if more:
        kind = HaircutCurve(type=HaircutKind.INVERSE_SQRT, base=D("0.95"), positive_curve_penalty=D("0.00009"))
    parameters = CollateralParameters(
        haircut_function=HaircutFunction(kind=kind, weight=D(1)),
        imf_function=_NO_MARGIN,
        mmf_function=_MAINTENANCE,
        symbol=asset,
    )
    return CollateralRules(asset=asset, scale=QUOTE_SCALE, parameters=parameters, **more)


class Pit:
    """Everything that liquidation touches, with the accounts opened and a mark price of 100 in both perpetuals."""

    def __init__(self, *, fees: FeeTier | None = None, is_empty: bool = False, **money: str) -> None:
        self.ledger = Ledger([AssetRules("USDC", QUOTE_SCALE), AssetRules("SOL", QUOTE_SCALE)])
        self.margins = Margins([_collateral("USDC"), _collateral("SOL", market=SPOT, opening_price=D(100))])
        rules = [_market(SOL, "SOL", is_perpetual=True), _market(BTC, "BTC", is_perpetual=True)]
        rules.append(_market(SPOT, "SOL", is_perpetual=False))
        self.markets = {each.symbol: Market(each, self.ledger, self.margins, first_trade_id=1) for each in rules}
        self.margins.watch(self.markets)
        self.placing = Placing(self.ledger, self.markets)
        self.liquidating = Liquidating(self.ledger, self.markets, self.margins, placing=self.placing)
        self.now_us = NOW_US
        if not is_empty:
            self._open(fees or FeeTier(0, 0), money)

    def _open(self, fees: FeeTier, money: Mapping[str, str]) -> None:
        for name in NAMES:
            is_house = name == "house"
            account = self.ledger.open(name, FeeTier(0, 0) if is_house else fees, is_house=is_house)
            account.settings = AccountSettings(leverage_e8=20 * 10**8)
            self.ledger.grant(account, "USDC", amount(money.get(name, "1000000")), NOW_US)
        self.mark(SOL, "100")
        self.mark(BTC, "100")

    def account(self, name: str) -> Account:
        """By name; the backstop provider's is "backstop"."""
        found = self.ledger.find(BACKSTOP if name == "backstop" else name)
        assert found is not None, f"there is no {name}"
        return found

    def name(self, number: int) -> str:
        """The other way round."""
        return NAMES[number - 1] if number <= len(NAMES) else "backstop"

    def mark(self, symbol: str, price: str) -> None:
        """Tell a mark price."""
        prices = self.markets[symbol].prices
        assert prices is not None
        units = to_units(D(price), PRICE_SCALE)
        told = MarkChanged(symbol=symbol, mark=units, index=units * 10**6, funding_rate_e28=0, next_funding_ms=0)
        prices.state = msgspec.structs.replace(prices.state, told=told)
        self.margins.version += 1

    def place(self, name: str, side: Side, quantity: str, price: str | None, symbol: str = SOL, **more: Any) -> list[Event]:
        """An order."""
        place = Place(
            account=self.account(name).number,
            symbol=symbol,
            side=side,
            price=None if price is None else to_units(D(price), PRICE_SCALE),
            quantity=to_units(D(quantity), QUANTITY_SCALE),
            **more,
        )
        return self.placing.place(place, self.now_us)

    def trade(self, buyer: str, seller: str, quantity: str, price: str = "100", symbol: str = SOL) -> None:
        """Two meet at a price where nobody else is."""
        rested = self.place(seller, ASK, quantity, price, symbol)
        filled = self.place(buyer, BID, quantity, price, symbol)
        for events in (rested, filled):
            assert isinstance(events[0], OrderAccepted), f"refused: {events}"

    def cancel_all(self, name: str, symbol: str = SOL) -> None:
        """Take the orders of one account out."""
        self.placing.cancel_all(CancelAll(self.account(name).number, symbol))

    def look(self) -> list[Event]:
        """What the next second brings."""
        self.now_us += SECOND_US
        events: list[Event] = []
        self.liquidating.look(self.now_us, events)
        return events

    def said(self, events: Iterable[Event]) -> list[str]:
        """What of it concerns liquidation, a line each."""
        return [line for line in map(self._line, events) if line]

    def seconds(self, count: int) -> list[str]:
        """The lines of so many seconds, each line with its second before it."""
        return [f"{second}: {line}" for second in range(1, count + 1) for line in self.said(self.look())]

    def position(self, name: str, symbol: str = SOL) -> str:
        """Quantity, negative if short."""
        holding = self.account(name).holdings.get(symbol)
        return _number(holding.quantity if holding else 0, QUANTITY_SCALE)

    def equity(self, name: str) -> str:
        """Net equity."""
        figures = self.margins.figures(self.account(name))
        return f"{figures.net_equity.normalize():f}"

    def dump(self) -> EngineState:
        """All state."""
        return dump(self.ledger, list(self.markets.values()))

    @classmethod
    def load(cls, state: EngineState, now_us: int) -> Pit:
        """Another one that goes on from a state."""
        pit = cls(is_empty=True)
        load(state, pit.ledger, pit.markets)
        pit.now_us = now_us
        return pit

    def hash(self) -> str:
        """Of all state."""
        return fingerprint(self.ledger, self.markets.values())

    def _line(self, event: Event) -> str | None:
        match event:
            case OrderEnded(order=order, reason=reason):
                return f"{self.name(order.account)}'s {order.side.lower()} of {_quantity(order.quantity)} ends, {reason}"
            case OrderFilled(order=order, price=price, quantity=quantity) if order.conditions and order.conditions.system:
                what = order.conditions.system.removeprefix("LiquidatePositionOn").lower()
                fee = f", fee {_number(event.fee, QUOTE_SCALE)}" if event.fee else ""
                return f"{self.name(order.account)} {order.side.lower()} {_quantity(quantity)} @ {_price(price)} on {what}{fee}"
            case LiquidatingChanged(account=account, is_liquidating=is_liquidating):
                return f"{self.name(account)} is {'liquidating' if is_liquidating else 'free'}"
            case DebtCovered(account=account, amount=covered):
                return f"{self.name(account)}'s debt of {_number(covered, QUOTE_SCALE)} is covered"
            case _:
                return None


def prints(events: Iterable[Event]) -> list[str]:
    """What the public sees: trades, and liquidations with the part of the exchange that did them."""
    lines: list[str] = []
    for event in events:
        if isinstance(event, TradePrinted):
            lines.append(f"trade {_quantity(event.quantity)} @ {_price(event.price)}")
        elif isinstance(event, LiquidationPrinted):
            what = event.system.removeprefix("LiquidatePositionOn").lower()
            lines.append(f"{what} {event.side.lower()} {_quantity(event.quantity)} @ {_price(event.price)}")
    return lines


def changes(events: Iterable[Event]) -> list[tuple[int, str]]:
    """Positions that changed: account, and quantity now."""
    changed = [event for event in events if isinstance(event, PositionChanged)]
    return [(event.account, _quantity(event.position.quantity)) for event in changed]


def amount(text: str) -> int:
    """In the ledger's units."""
    return to_units(D(text), QUOTE_SCALE)


def shown(units: int) -> str:
    """An amount of the ledger."""
    return _number(units, QUOTE_SCALE)


def _quantity(units: int | None) -> str:
    return "?" if units is None else _number(units, QUANTITY_SCALE)


def _price(units: int) -> str:
    return _number(units, PRICE_SCALE)


def _number(units: int, scale: int) -> str:
    return f"{Decimal(units).scaleb(-scale).normalize():f}"

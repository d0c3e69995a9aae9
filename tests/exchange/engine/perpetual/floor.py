"""A floor of one perpetual and one spot market, where orders wait, fire and follow positions, in a trader's numbers.

Alice, Bob and Carol have a million each, trade without fees at a leverage limit of 20, and the house has no limits. The index
begins at 100.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from exchange.engine.perpetual.sample import QUOTE_SCALE
from exchange.engine.perpetual.sample import SOL as CONTRACT
from haversack.exchange.engine.collateral import CollateralRules
from haversack.exchange.engine.command import (
    Cancel,
    CancelAll,
    ChangeSettings,
    Command,
    Exit,
    OpenAccount,
    Place,
    SetPrices,
    Trigger,
)
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import (
    Event,
    OrderAccepted,
    OrderEnded,
    OrderFacts,
    OrderFilled,
    OrderModified,
    Refusal,
    Rejected,
    TriggerFailed,
    TriggerFired,
    TriggerPlaced,
)
from haversack.exchange.engine.rules import AccountSettings, AssetRules, FeeTier, MarketRules, PerpetualRules
from haversack.exchange.engine.state import EngineState
from haversack.units import to_units
from haversack.wire.assets import CollateralParameters, HaircutCurve, HaircutFunction, HaircutKind
from haversack.wire.enums import CancelOrderType, Side, TriggerBy

D = Decimal
SOL, SPOT = CONTRACT.symbol, "SOL_USDC"
BID, ASK = Side.BID, Side.ASK
NAMES = ("alice", "bob", "carol", "house")
START_US = 1_790_000_000_000_000
_VERBS: Mapping[type, str] = {
    OrderAccepted: "accepted",
    OrderModified: "is smaller",
    TriggerPlaced: "waits",
    TriggerFired: "fires",
}
_WORDS = {TriggerBy.LAST_PRICE: "last", TriggerBy.MARK_PRICE: "mark", TriggerBy.INDEX_PRICE: "index"}
_GRANTS = (("USDC", 10**6 * 10**QUOTE_SCALE), ("SOL", 10**4 * 10**QUOTE_SCALE))


class Floor:
    """An engine whose orders are spoken of by who sent them, and what they are for."""

    def __init__(self, *, grants: Sequence[tuple[str, int]] = _GRANTS, **rules: Any) -> None:
        self._rules = rules
        self.engine = new_engine(**rules)
        self.now_us = START_US
        self.journal: list[Command] = []
        self.events: list[Event] = []
        """Of the last command."""
        for number, name in enumerate(NAMES, 1):
            self.do(OpenAccount(name, FeeTier(0, 0), tuple(grants), is_house=name == "house"))
            self.do(ChangeSettings(number, AccountSettings(leverage_e8=20 * 10**8)))
        self.do(SetPrices(((SOL, 100 * 10**8),)))

    def do(self, command: Command) -> list[str]:
        """What orders do by a command."""
        self.journal.append(command)
        self.events = self.engine.apply(command, self.now_us)
        return told(self.events)

    def bid(self, name: str, quantity: str, price: str | None = None, **more: Any) -> list[str]:
        """A bid; without a price, a market order."""
        return self.do(self.order(name, BID, quantity, price, **more))

    def ask(self, name: str, quantity: str, price: str | None = None, **more: Any) -> list[str]:
        """An ask; without a price, a market order."""
        return self.do(self.order(name, ASK, quantity, price, **more))

    def order(self, name: str, side: Side, quantity: str, price: str | None = None, **more: Any) -> Place:
        """The command. `stop` and its like are `95`, or `mark 95`; a quantity with a dollar is one of the quote asset."""
        named = {"take_profit": more.pop("profit", None), "stop_loss": more.pop("loss", None)}
        exits = {field: _exit(text) for field, text in named.items() if text is not None}
        stop = more.pop("stop", None)
        trigger = _trigger(stop, quantity) if stop is not None else None
        by_quote = quantity.startswith("$")
        plain = None if trigger is not None or by_quote else to_units(D(quantity), 2)
        fields: dict[str, Any] = {"symbol": SOL, **more, **exits}
        return Place(
            account=NAMES.index(name) + 1,
            side=side,
            price=None if price is None else to_units(D(price), 2),
            quantity=plain,
            quote_quantity=to_units(D(quantity[1:]), QUOTE_SCALE) if by_quote else None,
            trigger=trigger,
            **fields,
        )

    def trade(self, buyer: str, seller: str, quantity: str, price: str) -> None:
        """Two meet where nobody else is."""
        for line in (self.ask(seller, quantity, price), self.bid(buyer, quantity, price)):
            assert not line[0].startswith("refused"), line

    def prices(self, index: str) -> list[str]:
        """Tell an index, a second later."""
        self.now_us += 1_000_000
        return self.do(SetPrices(((SOL, to_units(D(index), 8)),)))

    def cancel(self, name: str, order_id: int | None = None, client_id: int | None = None) -> list[str]:
        """Cancel one order."""
        return self.do(Cancel(account=NAMES.index(name) + 1, symbol=SOL, order_id=order_id, client_id=client_id))

    def cancel_all(self, name: str, kind: CancelOrderType | None = None) -> list[str]:
        """Cancel all orders, or all of a kind."""
        return self.do(CancelAll(NAMES.index(name) + 1, SOL, kind))

    def position(self, name: str) -> str:
        """Signed quantity."""
        return _text(self.engine.position(NAMES.index(name) + 1, SOL))

    def resting(self, name: str) -> list[str]:
        """What rests."""
        return [
            f"{_order(each.order)}, {_text(each.executed)} done" for each in self.engine.open_orders(NAMES.index(name) + 1, SOL)
        ]

    def waiting(self, name: str) -> list[str]:
        """What waits for a trigger."""
        return [_order(each.order) for each in self.engine.pending_orders(NAMES.index(name) + 1, SOL)]

    def book(self) -> str:
        """`99x1 | 101x2`."""
        bids, asks, _ = self.engine.depth(SOL)
        sides = (" ".join(f"{_text(price)}x{_text(quantity)}" for price, quantity in levels) for levels in (bids, asks))
        return " | ".join(sides).strip()

    def restarted(self) -> Floor:
        """Another floor whose engine was given the state of this one, through the text in which it is kept."""
        other = Floor(**self._rules)
        other.engine = new_engine(**self._rules)
        other.engine.load(msgspec.json.decode(msgspec.json.encode(self.engine.dump()), type=EngineState))
        other.now_us = self.now_us
        return other


def told(events: Iterable[Event]) -> list[str]:
    """One line for each thing that an order did, in order."""
    return [line for event in events if (line := _line(event))]


def refusal(events: Sequence[Event]) -> Refusal | None:
    """Why a command was turned away."""
    return events[0].refusal if events and isinstance(events[0], Rejected) else None


def _line(event: Event) -> str | None:
    if isinstance(event, Rejected):
        return f"refused: {event.refusal.name}"
    if isinstance(event, OrderFilled):
        verb = "buys" if event.order.side is BID else "sells"
        return f"{NAMES[event.order.account - 1]} {verb} {_text(event.quantity)} @ {_text(event.price)}"
    if isinstance(event, OrderAccepted | OrderModified | OrderEnded | TriggerPlaced | TriggerFired | TriggerFailed):
        return f"{NAMES[event.order.account - 1]}: {_order(event.order)} {_words(event)}"
    return None


def _words(event: OrderAccepted | OrderModified | OrderEnded | TriggerPlaced | TriggerFired | TriggerFailed) -> str:
    if isinstance(event, TriggerFailed):
        return f"fails, {event.reason}"
    if isinstance(event, OrderEnded):
        return f"{event.status}, {event.reason or 'by owner'}"
    return _VERBS[type(event)]


def _order(facts: OrderFacts) -> str:
    """`ask 3 @ 105`, or `ask 80% market if last <= 95`; what fired says nothing of its trigger any more."""
    trigger = facts.conditions.trigger if facts.conditions and facts.conditions.triggered_us is None else None
    price = "market" if facts.price is None else f"@ {_text(facts.price)}"
    if trigger is None:
        quantity = "by quote" if facts.quantity is None else _text(facts.quantity)
        return f"{facts.side.lower()} {quantity} {price}"
    quantity = _text(trigger.quantity) if trigger.quantity is not None else f"{trigger.percent_e8 / 10**8:g}%"
    return f"{facts.side.lower()} {quantity} {price} if {_WORDS[trigger.by]} is {_text(trigger.price)}"


def _trigger(stop: str, quantity: str) -> Trigger:
    by, price = _waits(stop)
    if quantity.endswith("%"):
        return Trigger(by, price, None, to_units(D(quantity[:-1]), 8))
    return Trigger(by, price, to_units(D(quantity), 2))


def _exit(text: str) -> Exit:
    waits, _, limit = text.partition(" limit ")
    return Exit(*_waits(waits), to_units(D(limit), 2) if limit else None)


def _waits(text: str) -> tuple[TriggerBy, int]:
    word, _, price = text.rpartition(" ")
    by = {name: by for by, name in _WORDS.items()}[word or "last"]
    return by, to_units(D(price), 2)


def _text(units: int) -> str:
    text = f"{D(units).scaleb(-2):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def new_engine(**rules: Any) -> Engine:
    """An engine that nobody has used yet. The rules given are those of both markets."""
    assets = [AssetRules("USDC", QUOTE_SCALE), AssetRules("SOL", QUOTE_SCALE)]
    spot = MarketRules(
        symbol=SPOT, base="SOL", quote="USDC", is_perpetual=False, price_scale=2, quantity_scale=2, tick=1, step=1,
        band_max=None, band_min=None, base_unit=10**6, quote_unit=10**4, quote_fee_unit=100, base_fee_unit=1, open_orders_max=50,
    )  # fmt: skip
    spot = msgspec.structs.replace(spot, **rules)
    perpetual = msgspec.structs.replace(spot, symbol=SOL, is_perpetual=True, perpetual=PerpetualRules(contract=CONTRACT))
    parameters = CollateralParameters(
        haircut_function=HaircutFunction(kind=HaircutCurve(type=HaircutKind.IDENTITY), weight=D(1)),
        imf_function=CONTRACT.imf_function,
        mmf_function=CONTRACT.mmf_function,
        symbol="USDC",
    )
    return Engine(assets, [perpetual, spot], collateral=[CollateralRules(asset="USDC", scale=QUOTE_SCALE, parameters=parameters)])

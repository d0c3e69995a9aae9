"""Reads scenarios that are written as tables, and plays them on an engine of their own.

A scenario is a title after `##` and blocks of lines. `rules:` names what bounds orders in the market SOL_USDC (tick 0.01, step
0.1); without it nothing does, and there are no fees. A block whose head is one of `HEADS` is what its name says; the orders
stand under `time`, each with what becomes of it. Those of perpetuals are played by `perpetual_table.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from exchange.engine.desk import NOW_US, RULES, SYMBOL
from haversack.exchange.engine.command import Cancel, CancelAll, Command, OpenAccount, Place, SetBookState, Slippage
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import (
    BookStateChanged,
    Event,
    OrderAccepted,
    OrderEnded,
    OrderFilled,
    Rejected,
)
from haversack.exchange.engine.facility import Opened
from haversack.exchange.engine.rules import AssetRules, FeeTier, MarketRules, Ratio
from haversack.wire.enums import (
    OrderBookState,
    SelfTradePrevention,
    Side,
    SlippageToleranceType,
    TimeInForce,
)

SCALE = 6
HEADS = ("accounts", "time", "told", "fills", "ends", "book", "positions", "balances", "loans", "pools", "free")
OPERATOR = "exchange"


class Scenario(NamedTuple):
    """One story: what is given, what is done, what there is to see."""

    title: str
    rules: str
    blocks: dict[str, list[list[str]]]
    """Rows of cells by the head of their block, the head's own row first."""


def scenarios(folder: Path) -> list[Scenario]:
    """All scenarios of all files."""
    texts = [part for path in sorted(folder.glob("*.txt")) for part in path.read_text(encoding="utf-8").split("\n## ")[1:]]
    return [_parse(text) for text in texts]


def _parse(text: str) -> Scenario:
    title, _, body = text.partition("\n")
    rules, blocks = "", dict[str, list[list[str]]]()
    rows: list[list[str]] = []
    for line in filter(None, map(str.strip, body.splitlines())):
        cells = [cell.strip() for cell in line.split("|")]
        if line.startswith("rules:"):
            rules = line.removeprefix("rules:").strip()
        elif cells[0] in HEADS:
            assert cells[0] not in blocks, f"{title}: {cells[0]} stands twice"
            rows = blocks[cells[0]] = [cells]
        else:
            assert blocks, f"{title}: what is {line!r}?"
            rows.append(cells)
    return Scenario(title.strip(), rules, blocks)


class Stage:
    """An engine with the accounts of a scenario."""

    symbol = SYMBOL
    facilities: Sequence[Opened] = ()
    """What the engine does beside matching."""

    def __init__(self, scenario: Scenario) -> None:
        self._fees = FeeTier(0, 0)
        rules = self._rules(scenario.rules)
        self.engine = self._new_engine(rules)
        self.events: list[Event] = []
        self.names: dict[int, str] = {}
        self.now_us = NOW_US
        self._open(scenario)

    def _new_engine(self, rules: MarketRules) -> Engine:
        return Engine([AssetRules("SOL", SCALE), AssetRules("USDC", SCALE)], [rules], facilities=self.facilities)

    def _open(self, scenario: Scenario) -> None:
        head, *rows = scenario.blocks["accounts"]
        for number, (name, *amounts) in enumerate(rows, start=1):
            grants = tuple((asset, units(amount, SCALE)) for asset, amount in zip(head[1:], amounts, strict=True))
            self.engine.apply(OpenAccount(name, self._fees, grants), self.now_us)
            self.names[number] = name

    def _rules(self, text: str) -> MarketRules:
        changes: dict[str, Any] = {"band_max": None, "band_min": None, "open_orders_max": 200}
        for word, *numbers in (part.split() for part in text.split(",") if part):
            if word == "fees":
                self._fees = FeeTier(*(units(number, 2) for number in numbers))
            elif word == "orders":
                changes["open_orders_max"] = int(numbers[0])
            else:
                high, low = (Ratio(*Decimal(number).as_integer_ratio()) for number in numbers)
                changes |= {f"{word}_max": high, f"{word}_min": low}
        return msgspec.structs.replace(RULES, **changes)

    def do(self, time: str, who: str, what: str) -> str:
        """Do one line; what becomes of it."""
        self.now_us = NOW_US + units(time.removesuffix("s"), SCALE)
        events = self.engine.apply(self._command(who, what.split()), self.now_us)
        self.events += events
        return self._answer(events)

    def _command(self, who: str, words: list[str]) -> Command:
        if who == OPERATOR:
            return SetBookState(self.symbol, OrderBookState(words[0]))
        account = next(number for number, name in self.names.items() if name == who)
        if words == ["cancel", "all"]:
            return CancelAll(account, self.symbol)
        if words[0] == "cancel":
            key = "order_id" if words[1] == "order" else "client_id"
            return Cancel(account=account, symbol=self.symbol, **{key: int(words[2])})
        return self._place(account, words)

    def _answer(self, events: list[Event]) -> str:
        if not events:
            return "nothing"
        first = events[0]
        if isinstance(first, Rejected):
            return f"refused {first.refusal.name}"
        if isinstance(first, BookStateChanged):
            return "done"
        mine = [event for event in events if isinstance(event, OrderEnded | OrderFilled)]
        if isinstance(first, OrderAccepted):
            mine = [event for event in mine if event.order.order_id == first.order.order_id]
            if not mine:
                return "New"
        last = mine[-1]
        reason = f" {last.reason}" if isinstance(last, OrderEnded) and last.reason else ""
        filled = f", filled {number_text(last.executed, 1)}" if last.executed else ""
        return f"{last.status}{reason}{filled}"

    def seen(self, head: str) -> Iterator[list[str]]:
        """The rows of a block as they are in the end."""
        if head == "book":
            bids, asks, _ = self.engine.depth(self.symbol)
            rows: list[list[str]] = [[f"bid {_level(level)}"] for level in reversed(bids)]
            yield from [[f"ask {_level(level)}"] for level in reversed(asks)] + rows
        elif head == "fills":
            yield from (self._fill(event) for event in self.events if isinstance(event, OrderFilled))
        elif head == "ends":
            yield from (self._end(event) for event in self.events if isinstance(event, OrderEnded))
        else:
            for number, name in self.names.items():
                held = self.engine.balances(number)
                yield [name, *(self._balance(*held.get(asset, (0, 0))) for asset in ("SOL", "USDC"))]

    def _place(self, account: int, words: list[str]) -> Place:
        return Place(account=account, symbol=self.symbol, **order_of(words))

    def _balance(self, available: int, locked: int) -> str:
        return number_text(available, SCALE) + (f" + {number_text(locked, SCALE)} locked" if locked else "")

    def _fill(self, event: OrderFilled) -> list[str]:
        role = "maker" if event.is_maker else "taker"
        trade = f"{str(event.order.side).lower()} {number_text(event.quantity, 1)} @ {number_text(event.price, 2)}"
        return [self.names[event.order.account], role, trade, f"{number_text(event.fee, SCALE)} {event.fee_asset}"]

    def _end(self, event: OrderEnded) -> list[str]:
        return [self.names[event.order.account], f"order {event.order.order_id}", f"{event.status} {event.reason or ''}".strip()]


def order_of(words: list[str]) -> dict[str, Any]:
    """`bid 1 @ 100 IOC`, `ask 2 market`, `bid for 50 USDC slippage 3 ticks`; an `id` is the client's."""
    rest = iter(words[1:])
    order: dict[str, Any] = {"side": Side(words[0].capitalize()), "price": None, "quantity": None}
    for word in rest:
        if word == "@":
            order["price"] = units(next(rest), 2)
        elif word == "for":
            order["quote_quantity"] = units(next(rest), SCALE)
            assert next(rest) == "USDC"
        elif word == "id":
            order["client_id"] = int(next(rest))
        elif word == "slippage":
            tolerance = units(next(rest), 8)
            kind = {"ticks": SlippageToleranceType.TICK_SIZE, "%": SlippageToleranceType.PERCENT}[next(rest)]
            order["slippage"] = Slippage(kind, tolerance)
        elif word == "post-only":
            order["post_only"] = True
        elif word in set(TimeInForce):
            order["time_in_force"] = TimeInForce(word)
        elif word in set(SelfTradePrevention):
            order["self_trade_prevention"] = SelfTradePrevention(word)
        elif word != "market":
            order["quantity"] = units(word, 1)
    return order


def _level(level: tuple[int, int]) -> str:
    return f"{number_text(level[1], 1)} @ {number_text(level[0], 2)}"


def number_text(value: int, scale: int) -> str:
    text = f"{Decimal(value).scaleb(-scale):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def units(text: str, scale: int) -> int:
    value = Decimal(text).scaleb(scale)
    assert value == int(value), f"{text} is finer than 1e-{scale}"
    return int(value)

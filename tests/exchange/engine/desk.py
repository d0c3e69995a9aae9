"""A small exchange for scenarios, spoken to and read in a trader's numbers.

One spot market SOL_USDC (tick 0.01, step 0.1) and one perpetual. Alice, Bob and Carol have 100 SOL and 10,000 USDC each
and pay 0.08 % as maker and 0.10 % as taker; Dora has nothing; the two house accounts pay nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from haversack.exchange.engine.command import Cancel, CancelAll, Command, OpenAccount, Place
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import Event, OrderAccepted, OrderEnded, OrderFilled, Refusal, Rejected
from haversack.exchange.engine.facility import Opened
from haversack.exchange.engine.rules import AssetRules, FeeTier, MarketRules, Ratio
from haversack.wire.enums import Side

BID, ASK = Side.BID, Side.ASK
ALICE, BOB, CAROL, DORA, MAKER, TAKER = range(1, 7)
NAMES = {ALICE: "alice", BOB: "bob", CAROL: "carol", DORA: "dora", MAKER: "maker", TAKER: "taker"}
SYMBOL, PERPETUAL = "SOL_USDC", "SOL_USDC_PERP"
NOW_US = 1_790_000_000_000_000

AMOUNT_SCALE = 6
RULES = MarketRules(
    symbol=SYMBOL, base="SOL", quote="USDC", is_perpetual=False, price_scale=2, quantity_scale=1, tick=1, step=1,
    band_max=Ratio(2, 1), band_min=Ratio(1, 4), base_unit=10**5, quote_unit=10**3, quote_fee_unit=1, base_fee_unit=1,
    open_orders_max=3,
)  # fmt: skip


class Desk:
    """An engine, with its accounts opened unless it is to take up another one's state."""

    def __init__(self, *, facilities: Iterable[Opened] = (), accounts: bool = True, **rules: Any) -> None:
        spot = msgspec.structs.replace(RULES, **rules)
        perpetual = msgspec.structs.replace(spot, symbol=PERPETUAL, is_perpetual=True)
        assets = [AssetRules("SOL", AMOUNT_SCALE), AssetRules("USDC", AMOUNT_SCALE)]
        self.engine = Engine(assets, [spot, perpetual], facilities=facilities)
        for number, name in NAMES.items() if accounts else ():
            grants = (("SOL", 100 * 10**6), ("USDC", 10_000 * 10**6)) if number != DORA else ()
            fees = FeeTier(0, 0) if number in (MAKER, TAKER) else FeeTier(800, 1_000)
            self.do(OpenAccount(name, fees, grants, is_house=number in (MAKER, TAKER)))

    def do(self, command: Command, now_us: int = NOW_US) -> list[Event]:
        """Apply one command."""
        return self.engine.apply(command, now_us)

    def rest(self, *orders: Place) -> None:
        """Place orders that are to be in the book."""
        for order in orders:
            assert isinstance(self.do(order)[0], OrderAccepted), f"refused: {order}"

    def book(self, symbol: str = SYMBOL) -> str:
        """`19.99x1 20x1.5 | 20.01x2`: bids left, asks right, the best of both in the middle."""
        bids, asks, _ = self.engine.depth(symbol)
        return f"{_levels(bids)} | {_levels(asks)}".strip()

    def balance(self, account: int, asset: str) -> tuple[str, str]:
        """Available and locked."""
        available, locked = self.engine.balances(account)[asset]
        return _number(available, AMOUNT_SCALE), _number(locked, AMOUNT_SCALE)


def limit(side: Side, price: str, quantity: str, account: int = ALICE, **more: Any) -> Place:
    """A limit order."""
    more = {"symbol": SYMBOL, **more}
    return Place(account=account, side=side, price=_units(price, 2), quantity=_units(quantity, 1), **more)


def market(side: Side, quantity: str, account: int = ALICE, **more: Any) -> Place:
    """A market order by quantity."""
    more = {"symbol": SYMBOL, **more}
    return Place(account=account, side=side, price=None, quantity=_units(quantity, 1), **more)


def market_by_quote(side: Side, quote_quantity: str, account: int = ALICE, **more: Any) -> Place:
    """A market order by quote quantity."""
    amount = _units(quote_quantity, AMOUNT_SCALE)
    return Place(account=account, symbol=SYMBOL, side=side, price=None, quantity=None, quote_quantity=amount, **more)


def cancel(order_id: int | None = None, *, client_id: int | None = None, account: int = ALICE) -> Cancel:
    """A cancel in the spot market."""
    return Cancel(account=account, symbol=SYMBOL, order_id=order_id, client_id=client_id)


def cancel_all(account: int = ALICE) -> CancelAll:
    """A cancel of everything in the spot market."""
    return CancelAll(account, SYMBOL)


def fills(events: Iterable[Event]) -> list[str]:
    """`alice bid 1.5 @ 20.01 PartiallyFilled, fee 0.0015 SOL`, one line per fill."""
    return [_fill(event) for event in events if isinstance(event, OrderFilled)]


def ends(events: Iterable[Event]) -> list[str]:
    """`alice Expired ImmediateOrCancel after 1.5`, one line per order that ended unfilled."""
    return [
        f"{NAMES[event.order.account]} {event.status} {event.reason or 'by owner'} after {_number(event.executed, 1)}"
        for event in events
        if isinstance(event, OrderEnded)
    ]


def refusal(events: Sequence[Event]) -> Refusal | None:
    """Why a command was turned away; a refusal is the only event then."""
    if events and isinstance(events[0], Rejected):
        assert len(events) == 1
        return events[0].refusal
    return None


def kinds(events: Iterable[Event]) -> list[str]:
    """The names of the events, in order."""
    return [type(event).__name__ for event in events]


def _fill(event: OrderFilled) -> str:
    who, side = NAMES[event.order.account], event.order.side.lower()
    fee = f"fee {_number(event.fee, AMOUNT_SCALE)} {event.fee_asset}"
    return f"{who} {side} {_number(event.quantity, 1)} @ {_number(event.price, 2)} {event.status}, {fee}"


def _levels(levels: list[tuple[int, int]]) -> str:
    return " ".join(f"{_number(price, 2)}x{_number(quantity, 1)}" for price, quantity in levels)


def _number(value: int, scale: int) -> str:
    text = f"{Decimal(value).scaleb(-scale):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _units(text: str, scale: int) -> int:
    value = Decimal(text).scaleb(scale)
    assert value == int(value), f"{text} is finer than 1e-{scale}"
    return int(value)

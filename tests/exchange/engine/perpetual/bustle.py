"""Random commands of a few accounts that are short of money, in two perpetuals and two spot markets of the listing.

Many orders are just as large as margin allows, or a step larger: only there can a decision be wrong.
"""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal

from haversack.exchange.engine.command import (
    Cancel,
    CancelAll,
    ChangeSettings,
    Command,
    Elapse,
    Grant,
    OpenAccount,
    Place,
    SetPrices,
    Trigger,
)
from haversack.exchange.engine.event import Event, OrderAccepted, Rejected
from haversack.exchange.engine.rules import AccountSettings, MarketRules
from haversack.exchange.listing import Listing
from haversack.exchange.venue import new_engine
from haversack.units import to_units
from haversack.wire.enums import SelfTradePrevention, Side, TimeInForce, TriggerBy

LISTING = Listing.load()
START_US = 1_790_000_000_000_000
PERPETUALS = {"SOL_USDC_PERP": "100", "BTC_USDC_PERP": "77000"}
SPOTS = {"SOL_USDC": "100", "BTC_USDC": "77000"}
# What an order may be worth at most, in USDC.
ORDER_MAX = 4_000
USERS = 5
TAKES_BACK = SelfTradePrevention.REJECT_MAKER


def grants(rng: random.Random) -> tuple[tuple[str, int], ...]:
    """Most have cash alone, now and then so much that large positions need more of it; some have coins."""
    kind, cash = rng.random(), rng.randrange(100, 6_000) * rng.choice((1, 1, 1, 1_000))
    money = {"USDC": cash} if kind < 0.85 else {}
    if kind > 0.6:
        money["SOL"] = rng.randrange(1, 30)
    return tuple((asset, LISTING.amount(asset, Decimal(quantity))) for asset, quantity in money.items())


class Bustle:
    """A stream of commands from a seed, for an engine that it looks at."""

    def __init__(self, seed: int) -> None:
        self.engine = new_engine(LISTING)
        self.now_us = START_US
        self.found: Counter[str] = Counter()
        """What the commands brought."""
        self._rng = random.Random(seed)
        self._order_ids: list[tuple[int, str, int]] = []
        self._drift = dict.fromkeys(PERPETUALS, 1.0)
        for command in self._openings():
            self.do(command)

    def do(self, command: Command) -> list[Event]:
        """Apply a command, a microsecond after the one before."""
        self.now_us += 1
        events = self.engine.apply(command, self.now_us)
        if events and isinstance(events[0], OrderAccepted):
            order = events[0].order
            self._order_ids.append((order.account, order.symbol, order.order_id))
        for event in events:
            self.found[event.refusal.name if isinstance(event, Rejected) else type(event).__name__] += 1
        return events

    def _openings(self) -> list[Command]:
        """Accounts, and first prices."""
        fees = LISTING.fee_tier()
        users = [OpenAccount(f"user-{number}", fees, grants(self._rng)) for number in range(USERS)]
        house = OpenAccount("house", fees, (("USDC", 10**18), ("SOL", 10**16), ("BTC", 10**14)), is_house=True)
        return [*users, house, self._prices(), *(self._settings(number) for number in range(1, USERS + 1))]

    def command(self) -> Command:
        """The next one."""
        rng = self._rng
        kind = rng.random()
        if kind < 0.78:
            return self._place()
        if kind < 0.91 and self._order_ids:
            account, symbol, order_id = rng.choice(self._order_ids[-40:])
            return Cancel(account=account, symbol=symbol, order_id=order_id)
        if kind < 0.94:
            return CancelAll(self._user(), rng.choice([*PERPETUALS, *SPOTS]))
        if kind < 0.95:
            return self._settings(self._user())
        if kind < 0.96:
            return Grant(self._user(), (("USDC", rng.randrange(10**10, 10**13)),))
        if kind < 0.98:
            return self._place()
        self.now_us += rng.choice((1, 1, 1, 15, 3_600)) * 1_000_000
        return Elapse() if kind > 0.997 else self._prices()

    def _user(self) -> int:
        return self._rng.randrange(USERS) + 1

    def _settings(self, account: int) -> ChangeSettings:
        return ChangeSettings(account, AccountSettings(leverage_e8=self._rng.choice((1, 3, 5, 10, 20, 50)) * 10**8))

    def _prices(self) -> SetPrices:
        for symbol in PERPETUALS:
            self._drift[symbol] *= 1 + self._rng.uniform(-0.002, 0.002)
        return SetPrices(tuple((symbol, int(int(PERPETUALS[symbol]) * self._drift[symbol] * 10**8)) for symbol in PERPETUALS))

    def _place(self) -> Place:
        rng = self._rng
        symbol = rng.choice([*PERPETUALS] * 6 + [*SPOTS])
        rules, side, middle = LISTING.rules[symbol], rng.choice((Side.BID, Side.ASK)), PERPETUALS.get(symbol) or SPOTS[symbol]
        account = self._user() if rng.random() < 0.8 else USERS + 1
        is_market, is_user = rng.random() < 0.1, account <= USERS
        away = rng.randrange(-5, 15) * (1 if side is Side.ASK else -1)
        units = to_units(Decimal(middle), rules.price_scale) * (1_000 + away) // 1_000 // rules.tick * rules.tick
        reduce_only = symbol in PERPETUALS and is_user and rng.random() < 0.15
        quantity = rng.randrange(1, ORDER_MAX) * 10**rules.quantity_scale // int(middle)
        if is_user and not reduce_only and rng.random() < 0.4:
            quantity = self._about_the_largest(account, symbol, side, Decimal(units).scaleb(-rules.price_scale))
        return Place(
            account=account,
            symbol=symbol,
            side=side,
            price=None if is_market else units,
            quantity=max(rules.step, quantity // rules.step * rules.step),
            time_in_force=rng.choices([TimeInForce.GTC, TimeInForce.IOC], [5, 1])[0],
            self_trade_prevention=TAKES_BACK,
            reduce_only=reduce_only or None,
            trigger=self._trigger(rules) if symbol in PERPETUALS and rng.random() < 0.08 else None,
        )

    def _trigger(self, rules: MarketRules) -> Trigger:
        """Not far from the mark price, so that it fires with one of the next ones."""
        mark = self.engine.mark_price(rules.symbol) or rules.tick
        price = mark * self._rng.randrange(998, 1_003) // 1_000 // rules.tick * rules.tick
        return Trigger(by=TriggerBy.MARK_PRICE, price=price, quantity=rules.step * self._rng.randrange(1, 100))

    def _about_the_largest(self, account: int, symbol: str, side: Side, price: Decimal) -> int:
        """What is allowed, a step more, or a part of it."""
        if symbol in SPOTS:
            most = self.engine.max_spot_quantity(account, symbol, side, price)
        else:
            most = self.engine.max_order_quantity(account, symbol, side, price, reduce_only=False)
        rng, step = self._rng, LISTING.rules[symbol].step
        return rng.choice((most, most + step, most + step, most // 2, most // 3, most // 3, most // 10))

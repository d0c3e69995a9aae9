"""Random requests and quotes among orders, grants and waits, and the checks that hold after every command."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec

from exchange.engine.desk import AMOUNT_SCALE, NOW_US, RULES, SYMBOL
from haversack.exchange.engine.command import CancelAll, Command, Elapse, Grant, OpenAccount, Place
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import Declined, Event
from haversack.exchange.engine.order import BID
from haversack.exchange.engine.rfq import rfqs
from haversack.exchange.engine.rfq.command import AcceptQuote, CancelRfq, RefreshRfq, SubmitQuote, SubmitRfq
from haversack.exchange.engine.rfq.event import RfqEvent
from haversack.exchange.engine.rfq.rfqs import Rfqs
from haversack.exchange.engine.rfq.terms import offered
from haversack.exchange.engine.rules import AssetRules, FeeTier, MarketRules
from haversack.wire.enums import Side

RFQ = "SOL_USDC_RFQ"
RFQ_RULES = msgspec.structs.replace(RULES, symbol=RFQ)
SPOT_RULES = msgspec.structs.replace(RULES, open_orders_max=1_000, band_max=None, band_min=None)
ACCOUNTS = range(1, 6)


def new_engine(rules: MarketRules = RFQ_RULES) -> Engine:
    """An engine with a spot market and one for requests."""
    assets = [AssetRules("SOL", AMOUNT_SCALE), AssetRules("USDC", AMOUNT_SCALE)]
    return Engine(assets, [SPOT_RULES], facilities=[partial(Rfqs, markets=[rules])])


def openings() -> list[OpenAccount]:
    """Four users, of whom the last has next to nothing, and one account of the house."""
    rich, poor = (("SOL", 30 * 10**6), ("USDC", 3_000 * 10**6)), (("SOL", 10**6), ("USDC", 90 * 10**6))
    return [
        OpenAccount(f"key-{number}", FeeTier(800 * (number < 5), 1_000), poor if number == 4 else rich, is_house=number == 5)
        for number in ACCOUNTS
    ]


class Bazaar:
    """An engine, and somebody who thinks of things to do with it."""

    def __init__(self, seed: int) -> None:
        self.engine = new_engine()
        self.now_us = NOW_US
        self.done: list[tuple[Command, int]] = []
        """What was not refused, and when."""
        self.seen: Counter[str] = Counter()
        """Events and refusals."""
        self._random = random.Random(seed)
        for opening in openings():
            self.do(opening)

    def do(self, command: Command) -> list[Event]:
        """Do something and look whether all adds up."""
        before = self.engine.state_hash()
        events = self.engine.apply(command, self.now_us)
        if not events or isinstance(events[0], Declined):
            assert self.engine.state_hash() == before, f"{command} did nothing and changed something"
            self.seen.update(event.refusal.name for event in events if isinstance(event, Declined))
        else:
            self.done.append((command, self.now_us))
            self.seen.update(type(event).__name__ for event in events if isinstance(event, RfqEvent))
        check(self.engine)
        return events

    def step(self) -> list[Event]:
        """Do something at random, after a while."""
        self.now_us += self._random.choice([0, 1_000, 2_000_000, 20_000_000])
        return self.do(self._think())

    def _think(self) -> Command:
        pick, account = self._random, self._random.choice(ACCOUNTS)
        price, quantity = pick.randint(9_900, 10_100), pick.randint(1, 40)
        kind = pick.choices(["rfq", "quote", "accept", "refresh", "cancel", "order", "cancel all", "grant", "wait"],
                            [20, 45, 25, 4, 4, 12, 2, 1, 6])[0]  # fmt: skip
        if kind == "order":
            return Place(account=account, symbol=SYMBOL, side=pick.choice(list(Side)), price=price, quantity=quantity)
        if kind == "cancel all":
            return CancelAll(account, SYMBOL)
        if kind == "grant":
            return Grant(account, (("USDC", pick.randint(0, 10**7)),))
        if kind == "wait":
            return Elapse()
        if kind == "rfq":
            amount: dict[str, Any] = (
                {"quantity": quantity}
                if pick.random() < 0.6
                else {"quote_quantity": pick.choice([10**6, pick.randint(1, 400 * 10**6)])}
            )
            limit = price if pick.random() < 0.4 else None
            client_id = pick.choice([None, 1, 2])
            return SubmitRfq(
                account=account, symbol=RFQ, side=pick.choice(list(Side)), price=limit, client_id=client_id, **amount
            )
        return self._about_one(kind, account, price)

    def _about_one(self, kind: str, account: int, price: int) -> Command:
        pick, opened = self._random, self.engine.facility(Rfqs).open()
        one = pick.choice(opened) if opened else None
        rfq_id = one.rfq.rfq_id if one else 1
        owner = one.rfq.account if one and pick.random() < 0.9 else account
        if kind == "quote":
            return SubmitQuote(account=account, rfq_id=rfq_id, bid=price - pick.randint(-4, 60), ask=price)
        if kind == "accept":
            best = one.best() if one else None
            quote_id = best.quote_id if best and pick.random() < 0.8 else rfq_id + pick.randint(0, 5)
            names = pick.choice([{}, {"rfq_id": rfq_id}, {"client_id": 1}])
            return AcceptQuote(account=owner, quote_id=quote_id, **names)
        if kind == "refresh":
            return RefreshRfq(owner, rfq_id)
        return CancelRfq(account=owner, **pick.choice([{"rfq_id": rfq_id}, {"client_id": 2}]))


def check(engine: Engine) -> None:
    """No money made or lost, none below zero, and what is locked is locked for something."""
    totals: defaultdict[str, int] = defaultdict(int, engine.fees)
    for account in engine.accounts:
        wanted = locked(engine, account)
        for asset, (available, held) in engine.balances(account).items():
            assert available >= 0
            assert held == wanted[asset], f"account {account} has {held} {asset} locked, for {wanted[asset]}"
            totals[asset] += available + held
    assert not any(engine.held_beside.values())
    assert totals == engine.granted
    opened = engine.facility(Rfqs).open()
    most = max(Counter(each.rfq.account for each in opened if not engine.is_house(each.rfq.account)).values(), default=0)
    assert most <= rfqs.RFQS_MAX


def locked(engine: Engine, account: int) -> Mapping[str, int]:
    """What an account's orders, requests and quotes should have locked."""
    wanted: defaultdict[str, int] = defaultdict(int)
    for order in engine.open_orders(account):
        facts = order.order
        assert facts.price is not None
        assert facts.quantity is not None
        left = facts.quantity - order.executed
        if facts.side is BID:
            wanted["USDC"] += left * facts.price * RULES.quote_unit
        else:
            wanted["SOL"] += left * RULES.base_unit
    for each in engine.facility(Rfqs).open():
        if each.rfq.account == account:
            wanted["USDC" if each.rfq.side is BID else "SOL"] += each.held
        if account in each.quotes:
            for offer in offered(each.rfq, each.quotes[account], RFQ_RULES):
                wanted[offer.gives] += offer.given
    return wanted

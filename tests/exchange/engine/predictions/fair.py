"""A hall of four traders: two prediction markets, a perpetual, and money that is counted after every command.

Ann and Ben trade prediction markets alone, Cid trades everything at twenty times leverage, and the house makes the markets.
"""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal
from typing import Any

import msgspec

from exchange.engine.desk import RULES
from exchange.scenarios.prediction_table import cash, prediction
from haversack.exchange.engine.command import (
    Cancel,
    CancelAll,
    ChangeSettings,
    Command,
    Elapse,
    Exit,
    Grant,
    OpenAccount,
    Place,
    SetBookState,
    SetPrices,
    Trigger,
)
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import Declined, Event, Rejected
from haversack.exchange.engine.perpetual.contract import Contract
from haversack.exchange.engine.predictions.command import ProposeResolution
from haversack.exchange.engine.predictions.predictions import Planned, Predictions
from haversack.exchange.engine.rules import AccountSettings, AssetRules, FeeTier, PerpetualRules
from haversack.wire.enums import OrderBookState, SelfTradePrevention, Side, TimeInForce, TriggerBy
from haversack.wire.markets import MarginFunction

ANN, BEN, CID, HOUSE = 1, 2, 3, 4
CUP, RAIN, SOL = "CUP_USDC_PREDICTION", "RAIN_USDC_PREDICTION", "SOL_USDC_PERP"
QUESTIONS = (CUP, RAIN)
SCALE, ONE = 6, 10**6
SECOND_US = 1_000_000
START_US = 1_790_000_000_000_000
PLAN = Planned(RAIN, is_yes=False, at_us=START_US + 150 * SECOND_US, delay_s=20)
ROUNDED = Decimal("0.001")
"""More than all fees together that were rounded up, each to a millionth."""


def engine() -> Engine:
    """One that nothing has happened to."""
    steep = [MarginFunction(base=Decimal(base), factor=Decimal(0), type="sqrt") for base in ("0.05", "0.025")]
    contract = Contract(symbol=SOL, quantity_scale=1, quote_scale=SCALE, step=1, imf_function=steep[0], mmf_function=steep[1])
    bare = msgspec.structs.replace(RULES, band_max=None, band_min=None, open_orders_max=8)
    perpetual = msgspec.structs.replace(bare, symbol=SOL, is_perpetual=True, perpetual=PerpetualRules(contract=contract))
    return Engine(
        [AssetRules("SOL", SCALE), AssetRules("USDC", SCALE)],
        [perpetual, *(prediction(bare, symbol) for symbol in QUESTIONS)],
        collateral=[cash(SCALE)],
        facilities=[lambda parts: Predictions(parts, planned=[PLAN])],
    )


class Play:
    """One engine, and everything that it was told and told."""

    def __init__(self) -> None:
        self.engine = engine()
        self.now_us = START_US
        self.done: list[tuple[Command, int]] = []
        self.told: list[list[Event]] = []
        for name in ("ann", "ben", "cid"):
            self.do(OpenAccount(name, FeeTier(0, 0, 190, 450), (("USDC", 200 * ONE),)))
        self.do(OpenAccount("house", FeeTier(0, 0), (), is_house=True))
        self.do(ChangeSettings(CID, AccountSettings(leverage_e8=20 * 10**8)))

    def do(self, command: Command) -> list[Event]:
        """Do it, and count the money."""
        before = self.engine.state_hash()
        events = self.engine.apply(command, self.now_us)
        self.done.append((command, self.now_us))
        self.told.append(events)
        has_changed = bool(events) and not isinstance(events[0], Declined | Rejected)
        assert has_changed or self.engine.state_hash() == before, f"{command} changed what no event tells"
        self.check()
        return events

    def resolution(self, symbol: str, *, is_yes: bool) -> ProposeResolution:
        """The answer, at once."""
        return ProposeResolution(symbol, is_yes, 0)

    def check(self) -> None:
        """What was granted is there, as much is short as long, and those who trade predictions alone can pay for all of it."""
        found = Counter(self.engine.fees)
        found.update(self.engine.covers)
        for account in self.engine.accounts:
            available, locked = self.engine.balances(account).get("USDC", (0, 0))
            assert min(available, locked) >= 0
            found["USDC"] += available + locked + self.engine.unsettled(account)
        for symbol in (SOL, *QUESTIONS):
            positions = [position for _, position, _, _ in self.engine.holdings(symbol) if position]
            assert sum(position.quantity for position in positions) == 0
            found["USDC"] -= sum(position.basis for position in positions)
        assert found["USDC"] == self.engine.granted["USDC"]
        for account in (ANN, BEN)[: len(self.engine.accounts)]:
            assert self.engine.margin(account).net_equity_available >= -ROUNDED
            assert not self.engine.is_liquidating(account)


def command(dice: random.Random) -> Command:
    """Something that one of them, or the exchange, may do."""
    account = dice.choice((ANN, BEN, CID, CID, HOUSE, HOUSE))
    symbol = dice.choice((CUP, CUP, RAIN, SOL)) if account in (CID, HOUSE) else dice.choice(QUESTIONS)
    choices: list[Any] = [
        *[lambda: _order(dice, account, symbol)] * 16,
        lambda: CancelAll(account, symbol),
        lambda: Cancel(account=account, symbol=symbol, client_id=dice.randrange(3)),
        *[Elapse] * 3,
        *[lambda: SetPrices(((SOL, dice.randrange(80, 120) * 10**8),))] * 2,
        lambda: Grant(dice.choice((ANN, BEN, CID)), (("USDC", dice.randrange(1, 20 * ONE)),)),
        lambda: SetBookState(symbol, dice.choice((OrderBookState.OPEN, OrderBookState.OPEN, OrderBookState.POST_ONLY))),
    ]
    if dice.random() < 0.02:
        return ProposeResolution(dice.choice((*QUESTIONS, SOL)), dice.random() < 0.5, dice.choice((0, 5, 30, 10**6)))
    return dice.choice(choices)()  # type: ignore[no-any-return]


def _order(dice: random.Random, account: int, symbol: str) -> Place:
    price = dice.randrange(9_000, 11_000) if symbol == SOL else dice.randrange(1, 100)
    more: dict[str, Any] = {"client_id": dice.randrange(3)}
    kind = dice.random()
    if kind < 0.15:
        more |= {"price": None}
    elif kind < 0.25:
        more |= {"price": price, "time_in_force": dice.choice((TimeInForce.IOC, TimeInForce.FOK))}
    else:
        more |= {"price": price, "post_only": dice.random() < 0.1, "reduce_only": dice.choice((None, None, None, True))}
    quantity = dice.choice((1, 10, 50, 500, 3_000))
    if symbol == SOL:
        quantity = dice.choice((10, 50, 200))
    if dice.random() < 0.05:
        more |= {"trigger": Trigger(dice.choice((TriggerBy.MARK_PRICE, TriggerBy.LAST_PRICE)), price, quantity)}
        quantity = 0
    elif dice.random() < 0.05:
        more |= {"take_profit": Exit(TriggerBy.LAST_PRICE, price)}
    return Place(
        account=account,
        symbol=symbol,
        side=dice.choice((Side.BID, Side.ASK)),
        quantity=quantity or None,
        self_trade_prevention=dice.choice(list(SelfTradePrevention)),
        **more,
    )


def played(seed: int, count: int) -> Play:
    """So many commands."""
    dice, play = random.Random(seed), Play()
    for _ in range(count):
        play.now_us += dice.choice((0, 1, SECOND_US // 3, SECOND_US, 2 * SECOND_US))
        asked = command(dice)
        if isinstance(asked, SetBookState) and play.engine.facility(Predictions).fate(asked.symbol).price is not None:
            # What is resolved stays closed: the operator sees to it.
            continue
        play.do(asked)
    return play

"""How many orders a second does the matching engine take on one core where each one needs margin?

The load is that of `engine.py`, with the same mix, in a perpetual: ten users with money and positions, none of them the
exchange's own, a mark price once in two thousand orders, and a book of two thousand orders. Beside it stands the same load with
the short cut in integers switched off, so that every order is decided by exact figures.
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from decimal import Decimal
from unittest.mock import patch

from haversack.exchange.engine.collateral import CollateralRules
from haversack.exchange.engine.command import Cancel, ChangeSettings, Command, OpenAccount, Place, SetPrices
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import OrderAccepted, Rejected
from haversack.exchange.engine.perpetual.contract import Contract
from haversack.exchange.engine.perpetual.margins import Margins
from haversack.exchange.engine.rules import AccountSettings, AssetRules, FeeTier, MarketRules, PerpetualRules, Ratio
from haversack.wire.assets import CollateralParameters, HaircutCurve, HaircutFunction, HaircutKind
from haversack.wire.enums import Side, TimeInForce
from haversack.wire.markets import MarginFunction

COMMANDS = 100_000
EXACT_COMMANDS = 5_000
RESTING = 2_000
RUNS = 5
ACCOUNTS = 10
PRICES_EVERY = 2_000
MIDDLE = 10_000
TARGET_PER_S = 100_000
START_US = 1_790_000_000_000_000
SYMBOL = "SOL_USDC_PERP"

_IMF = MarginFunction(base=Decimal("0.02"), factor=Decimal("0.000075"), type="sqrt")
_MMF = MarginFunction(base=Decimal("0.0135"), factor=Decimal("0.0000375"), type="sqrt")
RULES = MarketRules(
    symbol=SYMBOL, base="SOL", quote="USDC", is_perpetual=True, price_scale=2, quantity_scale=2, tick=1, step=1,
    band_max=Ratio(2, 1), band_min=Ratio(1, 4), base_unit=10**4, quote_unit=10**2, quote_fee_unit=1, base_fee_unit=1,
    open_orders_max=100_000,
    perpetual=PerpetualRules(
        contract=Contract(symbol=SYMBOL, quantity_scale=2, quote_scale=6, step=1, imf_function=_IMF, mmf_function=_MMF)
    ),
)  # fmt: skip
_HAIRCUT = HaircutFunction(kind=HaircutCurve(type=HaircutKind.IDENTITY), weight=Decimal(1))
CASH = CollateralRules(
    asset="USDC",
    scale=6,
    parameters=CollateralParameters(haircut_function=_HAIRCUT, imf_function=_IMF, mmf_function=_MMF, symbol="USDC"),
)


def new_engine() -> Engine:
    """An engine with a full book, and with accounts that have ten million each and a leverage limit of twenty."""
    rng = random.Random(0)
    engine = Engine([AssetRules("SOL", 6), AssetRules("USDC", 6)], [RULES], collateral=[CASH])
    for number in range(1, ACCOUNTS + 1):
        engine.apply(OpenAccount(f"key-{number}", FeeTier(800, 1000, 200, 500), (("USDC", 10**13),)), START_US)
        engine.apply(ChangeSettings(number, AccountSettings(leverage_e8=20 * 10**8)), START_US)
    engine.apply(_prices(rng), START_US)
    for _ in range(RESTING):
        engine.apply(_place(rng, takes=False), START_US)
    return engine


def load(count: int, seed: int = 1) -> list[Command]:
    """Commands whose cancels hit orders that rest at that time: they are made by running an engine."""
    rng, engine = random.Random(seed), new_engine()
    resting = [(account, order.order.order_id) for account in engine.accounts for order in engine.open_orders(account, SYMBOL)]
    commands: list[Command] = []
    while len(commands) < count:
        kind = rng.random()
        order = _pick(rng, resting, engine) if kind < 0.35 else None
        command: Command = _place(rng, takes=kind > 0.8)
        if len(commands) % PRICES_EVERY == 0:
            command = _prices(rng)
        elif order:
            command = Cancel(account=order[0], symbol=SYMBOL, order_id=order[1])
        accepted = engine.apply(command, _time_us(len(commands)))[0]
        assert not isinstance(accepted, Rejected), f"refused: {command}"
        if isinstance(accepted, OrderAccepted) and accepted.order.time_in_force is TimeInForce.GTC:
            resting.append((accepted.order.account, accepted.order.order_id))
        commands.append(command)
    return commands


def _pick(rng: random.Random, resting: list[tuple[int, int]], engine: Engine) -> tuple[int, int] | None:
    while resting:
        place = rng.randrange(len(resting))
        resting[place], resting[-1] = resting[-1], resting[place]
        account, order_id = resting.pop()
        if engine.order(account, SYMBOL, order_id=order_id):
            return account, order_id
    return None


def _prices(rng: random.Random) -> SetPrices:
    return SetPrices(((SYMBOL, rng.randrange(9_990, 10_011) * 10**6),))


def _time_us(count: int) -> int:
    return START_US + count + count // PRICES_EVERY * 1_000_000


def _place(rng: random.Random, *, takes: bool) -> Place:
    side = rng.choice((Side.BID, Side.ASK))
    away = 1 + min(int(rng.expovariate(0.05)), MIDDLE // 2)
    away = -(away + 5) if takes else away
    return Place(
        account=rng.randrange(ACCOUNTS) + 1,
        symbol=SYMBOL,
        side=side,
        price=MIDDLE - away if side is Side.BID else MIDDLE + away,
        quantity=rng.randrange(1, 200 if takes else 400),
        time_in_force=TimeInForce.IOC if takes else TimeInForce.GTC,
    )


def _commands_per_s(commands: list[Command]) -> float:
    engine = new_engine()
    apply = engine.apply
    gc.collect()
    started = time.perf_counter()
    for count, command in enumerate(commands):
        apply(command, _time_us(count))
    return len(commands) / (time.perf_counter() - started)


def _no_budget(*_: object) -> None:
    """In place of what makes budgets."""


def run() -> list[tuple[str, str, str]]:
    """Rows of question, measured, target."""
    commands = load(COMMANDS)
    speed = statistics.median(_commands_per_s(commands) for _ in range(RUNS))
    with patch.object(Margins, "_budget", _no_budget):
        exact = _commands_per_s(commands[:EXACT_COMMANDS])
    question = "Orders/s through the matching engine on one core, with margin (ten users, a mark price in 2,000 orders)"
    return [
        (question, f"{speed:,.0f}", f"at least {TARGET_PER_S:,}"),
        ("The same with exact figures for every order", f"{exact:,.0f}", "the alternative"),
    ]


if __name__ == "__main__":
    for question, measured, target in run():
        print(f"{question}: {measured} ({target})")

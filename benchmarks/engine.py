"""How many orders a second does the matching engine take on one core, with accounts, fees and events?

The load: two hundred accounts in one spot market whose book holds ten thousand orders; 45 % orders that rest, 35 % cancels
of resting orders and 20 % orders that take, made beforehand from a fixed seed. Every event is made and dropped. The figure
is the median of several runs.
"""

from __future__ import annotations

import gc
import random
import statistics
import time

from haversack.exchange.engine.command import Cancel, Command, OpenAccount, Place
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import OrderAccepted
from haversack.exchange.engine.rules import AssetRules, FeeTier, MarketRules, Ratio
from haversack.wire.enums import Side, TimeInForce

COMMANDS = 200_000
RESTING = 10_000
RUNS = 5
ACCOUNTS = 200
MIDDLE = 10_000
TARGET_PER_S = 100_000
START_US = 1_790_000_000_000_000

ASSETS = (AssetRules("SOL", 6), AssetRules("USDC", 6))
RULES = MarketRules(
    symbol="SOL_USDC", base="SOL", quote="USDC", is_perpetual=False, price_scale=2, quantity_scale=2, tick=1, step=1,
    band_max=Ratio(2, 1), band_min=Ratio(1, 4), base_unit=10**4, quote_unit=10**2, quote_fee_unit=1, base_fee_unit=1,
    open_orders_max=100_000,
)  # fmt: skip


def new_engine() -> Engine:
    """An engine with a full book, and with accounts that never run out of money."""
    rng = random.Random(0)
    engine = Engine(ASSETS, [RULES])
    grants = (("SOL", 10**18), ("USDC", 10**18))
    for number in range(ACCOUNTS):
        engine.apply(OpenAccount(f"key-{number}", FeeTier(800, 1000), grants), START_US)
    for _ in range(RESTING):
        engine.apply(_place(rng, takes=False), START_US)
    return engine


def load(count: int, seed: int = 1) -> list[Command]:
    """Commands whose cancels hit orders that rest at that time: they are made by running an engine."""
    rng = random.Random(seed)
    engine = new_engine()
    resting = [
        (account, order.order.order_id) for account in engine.accounts for order in engine.open_orders(account, RULES.symbol)
    ]
    commands: list[Command] = []
    command: Command
    while len(commands) < count:
        kind = rng.random()
        order = _pick(rng, resting, engine) if kind < 0.35 else None
        command = _cancel(order) if order else _place(rng, takes=kind > 0.8)
        events = engine.apply(command, START_US + len(commands))
        accepted = events[0]
        if isinstance(accepted, OrderAccepted) and accepted.order.time_in_force is TimeInForce.GTC:
            resting.append((accepted.order.account, accepted.order.order_id))
        commands.append(command)
    return commands


def _pick(rng: random.Random, resting: list[tuple[int, int]], engine: Engine) -> tuple[int, int] | None:
    """One order that still rests; those that were filled are forgotten on the way."""
    while resting:
        place = rng.randrange(len(resting))
        resting[place], resting[-1] = resting[-1], resting[place]
        account, order_id = resting.pop()
        if engine.order(account, RULES.symbol, order_id=order_id):
            return account, order_id
    return None


def _cancel(order: tuple[int, int]) -> Cancel:
    return Cancel(account=order[0], symbol=RULES.symbol, order_id=order[1])


def _place(rng: random.Random, *, takes: bool) -> Place:
    side = rng.choice((Side.BID, Side.ASK))
    away = 1 + min(int(rng.expovariate(0.05)), MIDDLE // 2)
    away = -(away + 5) if takes else away
    return Place(
        account=rng.randrange(ACCOUNTS) + 1,
        symbol=RULES.symbol,
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
        apply(command, START_US + count)
    return len(commands) / (time.perf_counter() - started)


def run() -> list[tuple[str, str, str]]:
    """Rows of question, measured, target."""
    commands = load(COMMANDS)
    speed = statistics.median(_commands_per_s(commands) for _ in range(RUNS))
    question = "Orders/s through the matching engine on one core (45 % resting, 35 % cancels, 20 % taking)"
    return [(question, f"{speed:,.0f}", f"at least {TARGET_PER_S:,}")]


if __name__ == "__main__":
    for question, measured, target in run():
        print(f"{question}: {measured} ({target})")

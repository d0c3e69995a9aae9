"""Random commands that reach every corner of the engine, and a count of the corners that were reached."""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Sequence

from haversack.exchange.engine.command import Cancel, CancelAll, Command, OpenAccount, Place, SetBookState, SetPrices, Slippage
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import Event, OrderAccepted, OrderEnded, OrderFilled, Rejected
from haversack.exchange.engine.rules import AssetRules, FeeTier, MarketRules, Ratio
from haversack.wire.enums import (
    ExpiryReason,
    OrderBookState,
    OrderStatus,
    SelfTradePrevention,
    Side,
    SlippageToleranceType,
    TimeInForce,
)

OWN = ExpiryReason.SELF_TRADE_PREVENTION
START_US = 1_790_000_000_000_000

ASSETS = (AssetRules("SOL", 6), AssetRules("ETH", 8), AssetRules("USDC", 6))
SPOT = MarketRules(
    symbol="SOL_USDC", base="SOL", quote="USDC", is_perpetual=False, price_scale=2, quantity_scale=2, tick=1, step=1,
    band_max=Ratio(2, 1), band_min=Ratio(1, 4), base_unit=10**4, quote_unit=10**2, quote_fee_unit=1, base_fee_unit=1,
    open_orders_max=12, impact_max=Ratio(104, 100), impact_min=Ratio(96, 100), mean_max=Ratio(105, 100), mean_min=Ratio(95, 100),
)  # fmt: skip
# Coarse steps and ticks, a fee unit that is larger than what small fills bring, and no price band.
COARSE = MarketRules(
    symbol="ETH_USDC", base="ETH", quote="USDC", is_perpetual=False, price_scale=1, quantity_scale=3, tick=5, step=10,
    band_max=None, band_min=None, base_unit=7, quote_unit=100, quote_fee_unit=10_000, base_fee_unit=100,
    open_orders_max=6,
)  # fmt: skip
PERPETUAL = MarketRules(
    symbol="SOL_USDC_PERP", base="SOL", quote="USDC", is_perpetual=True, price_scale=2, quantity_scale=2, tick=1, step=1,
    band_max=Ratio(2, 1), band_min=Ratio(1, 4), base_unit=10**4, quote_unit=10**2, quote_fee_unit=1, base_fee_unit=1,
    open_orders_max=6, mean_max=Ratio(116, 100), mean_min=Ratio(84, 100),
)  # fmt: skip
MARKETS = (SPOT, COARSE, PERPETUAL)

RICH = (("SOL", 10**9), ("ETH", 10**9), ("USDC", 10**12))
POOR = (("SOL", 3 * 10**6), ("USDC", 3 * 10**6))
OPENINGS = (
    OpenAccount("rich-1", FeeTier(800, 1000), RICH),
    OpenAccount("rich-2", FeeTier(0, 900), RICH),
    OpenAccount("house-1", FeeTier(0, 0), RICH, is_house=True),
    OpenAccount("house-2", FeeTier(10, 333), RICH, is_house=True),
    OpenAccount("poor", FeeTier(700, 900), POOR),
)


class Traffic:
    """A stream of commands from a seed. It remembers only order ids, so that some cancels hit and some miss."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._order_ids: list[tuple[int, str, int]] = []

    def command(self) -> Command:
        """The next command: mostly orders, as on an exchange."""
        kind = self._rng.random()
        if kind < 0.76:
            return self._place()
        if kind < 0.94:
            return self._cancel()
        if kind < 0.95:
            return CancelAll(self._account(), self._rng.choice(MARKETS).symbol)
        if kind < 0.97:
            return self._set_state()
        if kind < 0.99:
            return SetPrices(((PERPETUAL.symbol, self._rng.randrange(80 * 10**6, 120 * 10**6)),))
        return self._rng.choice(OPENINGS)

    def learn(self, events: Sequence[Event]) -> None:
        """Remember what was accepted."""
        if events and isinstance(events[0], OrderAccepted):
            order = events[0].order
            self._order_ids.append((order.account, order.symbol, order.order_id))

    def _set_state(self) -> SetBookState:
        """Open one of the markets, most often; they are not to be closed for long."""
        state = OrderBookState.OPEN
        if self._rng.random() < 0.25:
            kinds = [OrderBookState.CLOSED, OrderBookState.CANCEL_ONLY, OrderBookState.POST_ONLY, OrderBookState.LIMIT_ONLY]
            state = self._rng.choices(kinds, [1, 1, 2, 2])[0]
        return SetBookState(self._rng.choice(MARKETS).symbol, state)

    def _slippage(self) -> Slippage | None:
        kind = self._rng.choice((None, *SlippageToleranceType))
        return None if kind is None else Slippage(kind, self._rng.randrange(0, 5 * 10**8, 10**7))

    def _account(self) -> int:
        return self._rng.randrange(len(OPENINGS)) + 1

    def _place(self) -> Place:
        rng, rules = self._rng, self._rng.choice(MARKETS)
        is_market = rng.random() < 0.2
        by_quote = is_market and rng.random() < 0.5
        sweeps = rng.random() < 0.06
        side = rng.choice((Side.BID, Side.ASK))
        time_in_force = rng.choices([TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK], [6, 1, 1])[0]
        return Place(
            account=rng.choice((3, 3, 4, 4, 5)) if rules.is_perpetual else self._account(),
            symbol=rules.symbol,
            side=side,
            price=None if is_market else self._price(rules, side),
            quantity=None if by_quote else rng.randrange(1, 60) * rules.step * (20 if sweeps else 1),
            quote_quantity=rng.randrange(1, 4_000) * 100 * rules.step * (20 if sweeps else 1) if by_quote else None,
            time_in_force=time_in_force,
            post_only=time_in_force is TimeInForce.GTC and not is_market and rng.random() < 0.15,
            self_trade_prevention=rng.choice(list(SelfTradePrevention)),
            client_id=rng.randrange(8) if rng.random() < 0.5 else None,
            slippage=self._slippage() if is_market else None,
        )

    def _price(self, rules: MarketRules, side: Side) -> int:
        """Near 100 ticks, mostly on the side's own side of that; sometimes far away, around the bounds of the band."""
        if self._rng.random() < 0.03:
            return self._rng.choice((15, 24, 25, 199, 200, 230)) * rules.tick
        away = self._rng.randrange(-4, 12)
        return (100 - away if side is Side.BID else 100 + away) * rules.tick

    def _cancel(self) -> Cancel:
        rng = self._rng
        if rng.random() < 0.3 or not self._order_ids:
            return Cancel(account=self._account(), symbol=rng.choice(MARKETS).symbol, client_id=rng.randrange(8))
        account, symbol, order_id = rng.choice(self._order_ids[-60:])
        account = self._account() if rng.random() < 0.05 else account
        return Cancel(account=account, symbol=symbol, order_id=order_id)


def corners(command: Command, events: Sequence[Event]) -> list[str]:
    """What a command and its events are examples of."""
    kind = type(command).__name__
    found = [kind]
    if isinstance(command, Place):
        price = "limit" if command.price is not None else "by quantity" if command.quantity else "by quote quantity"
        found += [f"{price} {command.side}", f"{price} {command.time_in_force}"]
    if isinstance(command, Cancel) and not isinstance(events[0], Rejected):
        found.append("cancel by order id" if command.order_id is not None else "cancel by client id")
    if not events:
        found.append(f"{kind} without effect")
    for event in events:
        if isinstance(event, Rejected):
            found.append(f"refused: {event.refusal.name}")
        elif isinstance(event, OrderEnded) and event.reason:
            assert isinstance(command, Place)
            assert isinstance(events[0], OrderAccepted)
            role = "taker" if event.order == events[0].order else "maker"
            mode = f", {command.self_trade_prevention}" if event.reason is OWN else ""
            found.append(f"{role} expired{'' if event.executed else ' unfilled'}: {event.reason}{mode}")
        elif isinstance(event, OrderFilled):
            found.append(_fill(event))
            if event.order.side is Side.BID and event.fee == event.quantity * COARSE.base_unit:
                found.append("fee takes all")
    return found


def _fill(event: OrderFilled) -> str:
    by_quote = " by quote quantity" if event.order.quantity is None else ""
    role = "maker" if event.is_maker else "taker"
    done = "filled" if event.status is OrderStatus.FILLED else "partly filled"
    return f"{role}{by_quote} {done}"


def trace(seed: int, count: int) -> str:
    """The hash of every event of a run, and of the state at its end."""
    engine, traffic = Engine(ASSETS, MARKETS), Traffic(seed)
    told = hashlib.sha256()
    for number in range(count):
        command = OPENINGS[number] if number < len(OPENINGS) else traffic.command()
        events = engine.apply(command, START_US + number)
        traffic.learn(events)
        told.update(repr(events).encode())
    return f"{told.hexdigest()} {engine.state_hash()}"


def main() -> None:
    """`traffic.py SEEDS COUNT`: one trace a line."""
    for seed in range(int(sys.argv[1])):
        print(trace(seed, int(sys.argv[2])))


EVERY_CORNER = frozenset(
    [
        *("Place", "Cancel", "CancelAll", "SetPrices", "OpenAccount", "CancelAll without effect"),
        *("cancel by order id", "cancel by client id", "fee takes all"),
        *(f"{price} {word}" for price in ("limit", "by quantity", "by quote quantity") for word in (*Side, *TimeInForce)),
        *("refused: PRICE_BAND", "refused: POST_ONLY_TAKES", "refused: FILL_OR_KILL", "refused: INSUFFICIENT_FUNDS"),
        "taker expired: PriceImpact",
        *("SetBookState", "SetBookState without effect", "refused: BOOK_CLOSED", "refused: CANCEL_ONLY"),
        *("refused: LIMIT_ONLY", "refused: POST_ONLY_MODE"),
        *("refused: INSUFFICIENT_MARGIN", "refused: ORDER_NOT_FOUND", "refused: ORDER_LIMIT"),
        *(
            f"{end}{at}: {reason}"
            for at in (" expired", " expired unfilled")
            for end, reason in (
                ("taker", "ImmediateOrCancel"),
                ("taker", "InsufficientLiquidity"),
                *(("taker", reason) for reason in ("PriceOutOfBounds", "SlippageToleranceExceeded")),
                ("taker", "SelfTradePrevention, RejectTaker"),
                ("taker", "SelfTradePrevention, RejectBoth"),
                ("maker", "SelfTradePrevention, RejectMaker"),
                ("maker", "SelfTradePrevention, RejectBoth"),
            )
        ),
        *(f"{role} {done}" for role in ("maker", "taker") for done in ("filled", "partly filled")),
        *(f"taker by quote quantity {done}" for done in ("filled", "partly filled")),
    ]
)

if __name__ == "__main__":
    main()

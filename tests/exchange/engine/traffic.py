"""Random commands that reach every corner of the engine, and a count of the corners that were reached."""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from haversack.exchange.engine.collateral import CollateralRules
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
    Slippage,
    Trigger,
)
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import (
    Event,
    FundingPaid,
    LiquidatingChanged,
    LiquidationPrinted,
    OrderAccepted,
    OrderEnded,
    OrderFilled,
    PositionChanged,
    Refusal,
    Rejected,
    TriggerFailed,
    TriggerFired,
    TriggerPlaced,
)
from haversack.exchange.engine.perpetual.contract import Contract
from haversack.exchange.engine.rules import AccountSettings, AssetRules, FeeTier, MarketRules, PerpetualRules, Ratio
from haversack.wire.assets import CollateralParameters, HaircutCurve, HaircutFunction, HaircutKind
from haversack.wire.enums import (
    CancelOrderType,
    ExpiryReason,
    OrderBookState,
    OrderStatus,
    SelfTradePrevention,
    Side,
    SlippageToleranceType,
    TimeInForce,
    TriggerBy,
)
from haversack.wire.markets import MarginFunction

OWN = ExpiryReason.SELF_TRADE_PREVENTION
FOLLOWING = (ExpiryReason.REDUCE_ONLY_NOT_REDUCED, ExpiryReason.STOP_WITHOUT_POSITION, ExpiryReason.LIQUIDATION)
"""Why orders end that follow a position."""
START_US = 1_790_000_000_000_000


def _contract(symbol: str, quantity_scale: int, *, step: int, factors: tuple[str, str]) -> Contract:
    functions = [
        MarginFunction(base=Decimal(base), factor=Decimal(factor), type="sqrt")
        for base, factor in zip(("0.05", "0.025"), factors, strict=True)
    ]
    return Contract(
        symbol=symbol,
        quantity_scale=quantity_scale,
        quote_scale=6,
        step=step,
        imf_function=functions[0],
        mmf_function=functions[1],
    )


def _collateral(asset: str, scale: int, curve: HaircutCurve, **more: Any) -> CollateralRules:
    nothing = MarginFunction(base=Decimal(0), factor=Decimal(0), type="sqrt")
    parameters = CollateralParameters(
        haircut_function=HaircutFunction(kind=curve, weight=Decimal(1)), imf_function=nothing, mmf_function=nothing, symbol=asset
    )
    return CollateralRules(asset=asset, scale=scale, parameters=parameters, **more)


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
# Of the size of a poor account; margins, the limit of the open interest and the bounds of prices bind.
PERPETUAL = MarketRules(
    symbol="SOL_USDC_PERP", base="SOL", quote="USDC", is_perpetual=True, price_scale=2, quantity_scale=2, tick=1, step=1,
    band_max=Ratio(2, 1), band_min=Ratio(1, 4), base_unit=10**4, quote_unit=10**2, quote_fee_unit=1, base_fee_unit=1,
    open_orders_max=6, mean_max=Ratio(116, 100), mean_min=Ratio(84, 100),
    perpetual=PerpetualRules(
        contract=_contract("SOL_USDC_PERP", 2, step=1, factors=("0.02", "0.008")),
        open_interest_limit=4_000, update_max=Ratio(106, 100), update_min=Ratio(94, 100), premium_tolerance=Ratio(15, 100),
    ),
)  # fmt: skip
# Of the size of rich accounts and the backstop, in whole coins.
LARGE = MarketRules(
    symbol="ETH_USDC_PERP", base="ETH", quote="USDC", is_perpetual=True, price_scale=0, quantity_scale=0, tick=1, step=10,
    band_max=Ratio(2, 1), band_min=Ratio(1, 4), base_unit=10**8, quote_unit=10**6, quote_fee_unit=1, base_fee_unit=1,
    open_orders_max=6, impact_max=Ratio(108, 100), impact_min=Ratio(92, 100),
    perpetual=PerpetualRules(
        contract=_contract("ETH_USDC_PERP", 0, step=10, factors=("0.00008", "0.00003")), open_interest_limit=60_000,
        funding_min=Decimal("-0.004"), funding_max=Decimal("0.004"),
    ),
)  # fmt: skip
MARKETS = (SPOT, COARSE, PERPETUAL, LARGE)
PERPETUALS = (PERPETUAL, LARGE)
COLLATERAL = (
    _collateral("USDC", 6, HaircutCurve(type=HaircutKind.IDENTITY)),
    _collateral(
        "SOL",
        6,
        HaircutCurve(type=HaircutKind.INVERSE_SQRT, base=Decimal("0.9"), positive_curve_penalty=Decimal("0.02")),
        market="SOL_USDC",
        opening_price=Decimal(1),
    ),
)

RICH = (("SOL", 10**9), ("ETH", 10**9), ("USDC", 10**11))
POOR = (("SOL", 3 * 10**6), ("USDC", 3 * 10**6))
OPENINGS = (
    OpenAccount("rich-1", FeeTier(800, 1000, 200, 500), RICH),
    OpenAccount("rich-2", FeeTier(0, 900, 0, 333), (*RICH[:2], ("USDC", 2 * 10**10))),
    OpenAccount("house-1", FeeTier(0, 0), RICH, is_house=True),
    OpenAccount("house-2", FeeTier(10, 333), RICH, is_house=True),
    OpenAccount("poor", FeeTier(700, 900, 190, 450), POOR),
    OpenAccount("small", FeeTier(700, 900, 20_000, 30_000), (("USDC", 5 * 10**6),)),
    OpenAccount("large", FeeTier(700, 900, 190, 450), (("USDC", 10**10),)),
)
HOUSE = (3, 4)
USERS = {1: 10**11, 2: 10**10, 5: 3 * 10**6, 6: 3 * 10**6, 7: 10**10}
"""And how much they get when they get more."""


def new_engine() -> Engine:
    """One that nobody has used."""
    return Engine(ASSETS, MARKETS, collateral=COLLATERAL)


class Traffic:
    """A stream of commands from a seed, each at its time. It remembers order ids, so that some cancels hit and some miss."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._order_ids: list[tuple[int, str, int]] = []
        self._ticks = {rules.symbol: 100.0 for rules in PERPETUALS}
        """Where the index of each perpetual is."""
        self._leans = dict.fromkeys(USERS, 0.85)
        """How many of a user's orders in perpetuals are bids, so that positions grow."""
        self._is_calm = False
        """Whether no prices come for a while, so that one order of an account follows the other at the same marks."""
        self.now_us = START_US
        """When the newest command comes."""

    def command(self) -> Command:
        """The next command: mostly orders, as on an exchange."""
        rng = self._rng
        # Mostly a second and a half; now and then so long that funding is due, or just a moment.
        self.now_us += rng.choices([1_500_000, 40, 1_900_000_000, 9_000_000_000], [900, 90, 6, 1])[0]
        if rng.random() < 0.02:
            self._is_calm = not self._is_calm
        kind = rng.random()
        if kind < 0.67 or (self._is_calm and 0.84 < kind < 0.95):
            return self._place()
        if kind < 0.81:
            return self._cancel()
        if kind < 0.82:
            return CancelAll(self._account(), rng.choice(MARKETS).symbol, rng.choice((None, None, *CancelOrderType)))
        if kind < 0.84:
            return self._set_state()
        if kind < 0.95:
            return self._prices()
        if kind < 0.96:
            return Elapse()
        if kind < 0.98:
            account = rng.choice(list(USERS))
            return ChangeSettings(account, AccountSettings(leverage_e8=rng.choice((3, 10, 20, 20, 50)) * 10**8))
        if kind < 0.99:
            account = rng.choice(list(USERS))
            return Grant(account, (("USDC", USERS[account]),))
        return rng.choice(OPENINGS)

    def _prices(self) -> SetPrices:
        """Of one perpetual or both; between 80 and 125 ticks, mostly near the one before."""
        rng = self._rng
        told = rng.choice((PERPETUALS, PERPETUALS[:1], PERPETUALS[1:]))
        away = 1.06 if rng.random() < 0.25 else 1.012
        for rules in told:
            moved = self._ticks[rules.symbol] * rng.uniform(1 / away, away)
            self._ticks[rules.symbol] = min(125.0, max(80.0, moved))
        return SetPrices(tuple((each.symbol, int(self._ticks[each.symbol] * 10**8 / 10**each.price_scale)) for each in told))

    def learn(self, events: Sequence[Event]) -> None:
        """Remember what was accepted."""
        for event in events:
            if isinstance(event, OrderAccepted | TriggerPlaced):
                self._order_ids.append((event.order.account, event.order.symbol, event.order.order_id))

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
        rng, rules = self._rng, self._rng.choice((*MARKETS, *PERPETUALS))
        if rules.is_perpetual:
            return self._position(rules)
        # Those after the first five have nothing but cash, whose worth no spot market moves.
        place = self._order(rules, self._rng.randrange(5) + 1)
        if rules is SPOT and rng.random() < 0.02:
            trigger = Trigger(TriggerBy.LAST_PRICE, self._price(rules, place.side), rng.randrange(1, 60))
            return msgspec.structs.replace(place, trigger=trigger, quantity=None, quote_quantity=None)
        return place

    def _position(self, rules: MarketRules) -> Place:
        """An order in a perpetual: half of them are users', some only reduce, some wait, some have exits."""
        rng = self._rng
        account = rng.choice(HOUSE) if rng.random() < 0.35 else rng.choice((1, 2, 7, 7) if rules is LARGE else (1, 5, 5, 6, 6))
        if self._is_calm and rng.random() < 0.6:
            account = 7 if rules is LARGE else 6
        place = self._order(rules, account)
        more: dict[str, Any] = {}
        if account in USERS:
            if rng.random() < 0.02:
                self._leans[account] = 1 - self._leans[account]
            more["side"] = side = Side.BID if rng.random() < self._leans[account] else Side.ASK
            if place.price is not None and rng.random() < 0.5:
                more["price"] = (100 + rng.randrange(-2, 12) * (1 if side is Side.BID else -1)) * rules.tick
        if rng.random() < 0.15:
            more["reduce_only"] = True
        if rng.random() < 0.08:
            more["take_profit"] = self._exit(rules, place.side, is_profit=True)
        if rng.random() < 0.08:
            more["stop_loss"] = self._exit(rules, place.side, is_profit=False)
        if rng.random() < 0.07:
            by, price = rng.choice(list(TriggerBy)), rng.randrange(90, 112) * rules.tick
            if rng.random() < 0.3:
                more["trigger"] = Trigger(by, price, None, rng.randrange(1, 101) * 10**8)
            else:
                more["trigger"] = Trigger(by, price, rng.randrange(1, 60) * rules.step)
            more |= {"quantity": None, "quote_quantity": None}
        return msgspec.structs.replace(place, **more)

    def _exit(self, rules: MarketRules, side: Side, *, is_profit: bool) -> Exit:
        """Where it may be reached soon, or is reached already."""
        away = self._rng.randrange(-1, 10) * (1 if is_profit == (side is Side.BID) else -1)
        price = (100 + away) * rules.tick
        return Exit(self._rng.choice(list(TriggerBy)), price, price if self._rng.random() < 0.3 else None)

    def _order(self, rules: MarketRules, account: int) -> Place:
        rng = self._rng
        is_market = rng.random() < 0.2
        by_quote = is_market and rng.random() < 0.5
        sweeps = rng.choices((1, 5, 20), (7, 2, 1) if rules.is_perpetual else (94, 0, 6))[0]
        side = rng.choice((Side.BID, Side.ASK))
        time_in_force = rng.choices([TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK], [6, 1, 1])[0]
        amount = 10_000 * rules.quote_unit if rules.is_perpetual else 100
        return Place(
            account=account,
            symbol=rules.symbol,
            side=side,
            price=None if is_market else self._price(rules, side),
            quantity=None if by_quote else rng.randrange(1, 60) * rules.step * sweeps,
            quote_quantity=rng.randrange(1, 4_000) * amount * rules.step * sweeps if by_quote else None,
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
    before: Event | None = None
    for event in events:
        if isinstance(event, Rejected):
            found.append(f"refused: {event.refusal.name}")
            if event.refusal is Refusal.INSUFFICIENT_MARGIN and isinstance(command, Place) and command.symbol == SPOT.symbol:
                found.append("refused: a spot order for margin")
        elif isinstance(event, OrderEnded) and event.reason:
            found.append(_expired(event, command, events[0]))
        elif isinstance(event, OrderFilled):
            found.append(_fill(event))
            if event.order.side is Side.BID and event.fee == event.quantity * COARSE.base_unit:
                found.append("fee takes all")
        else:
            found += _of_perpetuals(event, before)
        before = event
    return found


def _expired(event: OrderEnded, command: Command, first: Event) -> str:
    if not isinstance(command, Place) or event.reason in FOLLOWING:
        return f"expired: {event.reason}"
    is_taker = isinstance(first, OrderAccepted) and event.order.order_id == first.order.order_id
    if not is_taker and event.reason is not OWN:
        return f"fired order expired: {event.reason}"
    mode = f", {event.order.self_trade_prevention if is_taker else command.self_trade_prevention}" if event.reason is OWN else ""
    return f"{'taker' if is_taker else 'maker'} expired{'' if event.executed else ' unfilled'}: {event.reason}{mode}"


def _of_perpetuals(event: Event, before: Event | None) -> list[str]:
    match event:
        case PositionChanged(before=was, position=position):
            now = position.quantity
            flips = isinstance(before, PositionChanged) and before.account == event.account and not before.position.quantity
            if was == now:
                return ["position paid funding"]
            if not was:
                return ["position flipped" if flips else "position opened"]
            return ["position closed" if not now else "position reduced" if abs(now) < abs(was) else "position enlarged"]
        case FundingPaid(amount=amount, rate_e28=rate):
            return [f"funding {'received' if amount > 0 else 'paid'} at a {'positive' if rate > 0 else 'negative'} rate"]
        case LiquidationPrinted(system=system):
            return [f"liquidated: {system}"]
        case TriggerFired(order=order) | TriggerPlaced(order=order):
            assert order.conditions, "a trigger without a price"
            assert order.conditions.trigger, "a trigger without a price"
            word = "fired" if isinstance(event, TriggerFired) else "placed"
            who = "exit" if order.conditions.related_order_id else "trigger"
            part = ", a part" if order.conditions.trigger.quantity is None else ""
            return [f"{who} {word}: {order.conditions.trigger.by}", f"{who} {word}{part}"]
        case TriggerFailed(reason=reason):
            return [f"trigger failed: {reason}"]
        case LiquidatingChanged(is_liquidating=is_liquidating):
            return [f"liquidation {'begins' if is_liquidating else 'ends'}"]
        case _:
            return [type(event).__name__]


def _fill(event: OrderFilled) -> str:
    by_quote = " by quote quantity" if event.order.quantity is None else ""
    role = "maker" if event.is_maker else "taker"
    done = "filled" if event.status is OrderStatus.FILLED else "partly filled"
    return f"{role}{by_quote} {done}"


def trace(seed: int, count: int) -> str:
    """The hash of every event of a run, and of the state at its end."""
    engine, traffic = new_engine(), Traffic(seed)
    told = hashlib.sha256()
    for number in range(count):
        command = OPENINGS[number] if number < len(OPENINGS) else traffic.command()
        events = engine.apply(command, traffic.now_us)
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
        *("Elapse", "Grant", "ChangeSettings", "SettingsChanged", "OrderModified", "DebtCovered", "Elapse without effect"),
        *(f"position {word}" for word in ("opened", "enlarged", "reduced", "closed", "flipped", "paid funding")),
        *(f"funding {word} at a {sign} rate" for word in ("paid", "received") for sign in ("positive", "negative")),
        *(f"liquidated: LiquidatePosition{where}" for where in ("OnBook", "OnBackstop", "OnAdl")),
        *("liquidation begins", "liquidation ends", *(f"expired: {reason}" for reason in FOLLOWING)),
        *(f"refused: {name}" for name in ("OPEN_INTEREST", "REDUCE_ONLY", "ACCOUNT_LIQUIDATING", "LEVERAGE", "NO_REFERENCE")),
        "refused: a spot order for margin",
        *(f"{who} {done}: {by}" for who in ("trigger", "exit") for done in ("placed", "fired") for by in TriggerBy),
        *(f"{who} fired, a part" for who in ("trigger", "exit")),
        *(f"trigger failed: {reason}" for reason in ("InsufficientMargin", "ReduceOnlyNotReduced", "StopWithoutPosition")),
        *(f"trigger failed: {reason}" for reason in ("PositionLimit", "FillOrKill", "PostOnlyTaker", "InvalidPrice", "Unknown")),
        *(f"{role} {done}" for role in ("maker", "taker") for done in ("filled", "partly filled")),
        *(f"taker by quote quantity {done}" for done in ("filled", "partly filled")),
    ]
)

if __name__ == "__main__":
    main()

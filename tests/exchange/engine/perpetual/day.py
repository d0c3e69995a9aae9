"""One perpetual through the hours of a day, spoken to and read in a trader's numbers.

Alice and Bob trade without fees; the house quotes. The day begins at a midnight, the first funding interval ends at one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from exchange.engine.perpetual.sample import SOL as CONTRACT
from haversack.exchange.engine.collateral import CollateralRules
from haversack.exchange.engine.command import CancelAll, ChangeSettings, Command, Elapse, OpenAccount, Place, SetPrices
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import Event, FundingPaid, FundingRateSet, OrderAccepted
from haversack.exchange.engine.rules import AccountSettings, AssetRules, FeeTier, MarketRules, PerpetualRules
from haversack.units import to_units
from haversack.wire.assets import CollateralParameters, HaircutCurve, HaircutFunction, HaircutKind
from haversack.wire.enums import Side

D = Decimal
SOL, SPOT = CONTRACT.symbol, "SOL_USDC"
ALICE, BOB, HOUSE = 1, 2, 3
NAMES = {ALICE: "alice", BOB: "bob", HOUSE: "house"}
QUOTE_SCALE = 8
SECOND_US, HOUR_US = 1_000_000, 3_600_000_000
MIDNIGHT_US = 497_222 * HOUR_US - 497_222 % 24 * HOUR_US
RICH = (("USDC", 10**6 * 10**QUOTE_SCALE),)


class Day:
    """An engine and the time."""

    def __init__(self, *, futures_cbps: int = 0, grants: Sequence[tuple[str, int]] = RICH, **rules: Any) -> None:
        self._rules = rules
        self.engine = new_engine(**rules)
        self.now_us = MIDNIGHT_US
        for number, name in NAMES.items():
            fees = FeeTier(0, 0, futures_cbps, futures_cbps) if number != HOUSE else FeeTier(0, 0)
            money = tuple(grants) if number == ALICE else RICH
            self.do(OpenAccount(name, fees, money, is_house=number == HOUSE))
            self.do(ChangeSettings(number, AccountSettings(leverage_e8=20 * 10**8)))

    def do(self, command: Command) -> list[Event]:
        """Now."""
        return self.engine.apply(command, self.now_us)

    def at(self, hour: float, minute: int = 0, second: int = 0) -> Day:
        """Let it be so late."""
        self.now_us = MIDNIGHT_US + int(hour * 3_600 + minute * 60 + second) * SECOND_US
        return self

    def index(self, price: str) -> list[Event]:
        """Tell the index."""
        return self.do(SetPrices(((SOL, to_units(D(price), 8)),)))

    def elapse(self) -> list[Event]:
        """Tell nothing but the time."""
        return self.do(Elapse())

    def place(self, account: int, side: Side, quantity: str, price: str, **more: Any) -> None:
        """An order that is taken."""
        more = {"symbol": SOL, **more}
        place = Place(account=account, side=side, price=to_units(D(price), 2), quantity=to_units(D(quantity), 2), **more)
        events = self.do(place)
        assert isinstance(events[0], OrderAccepted), f"refused: {events}"

    def trade(self, buyer: int, seller: int, quantity: str, price: str = "100") -> None:
        """Two meet at a price where nobody else is."""
        self.place(seller, Side.ASK, quantity, price)
        self.place(buyer, Side.BID, quantity, price)

    def quote(self, bid: str, ask: str) -> None:
        """The house quotes one of each, and nothing else."""
        self.do(CancelAll(HOUSE, SOL))
        self.place(HOUSE, Side.BID, "1", bid)
        self.place(HOUSE, Side.ASK, "1", ask)

    def unquote(self) -> None:
        """The house quotes nothing."""
        self.do(CancelAll(HOUSE, SOL))

    def unsettled(self, account: int) -> str:
        """What the account got and has not in its balance."""
        return shown(self.engine.unsettled(account))

    def cash(self, account: int) -> str:
        """What the account has available."""
        return shown(self.engine.balances(account)["USDC"][0])

    def funding(self, account: int) -> str:
        """What its position received in all."""
        (held,) = self.engine.positions(account)
        return shown(held.position.funding)

    def restart(self) -> None:
        """Go on in another engine that was given the state."""
        state, before = self.engine.dump(), self.engine.state_hash()
        self.engine = new_engine(**self._rules)
        self.engine.load(state)
        assert self.engine.state_hash() == before


def new_engine(**rules: Any) -> Engine:
    """One perpetual and a spot market."""
    assets = [AssetRules("USDC", QUOTE_SCALE), AssetRules("SOL", QUOTE_SCALE)]
    perpetual = _market(SOL, perpetual=PerpetualRules(contract=CONTRACT, **rules))
    collateral = [_collateral("USDC"), _collateral("SOL", market=SPOT, opening_price=D(100))]
    return Engine(assets, [perpetual, _market(SPOT)], collateral=collateral)


def _market(symbol: str, perpetual: PerpetualRules | None = None) -> MarketRules:
    return MarketRules(
        symbol=symbol, base="SOL", quote="USDC", is_perpetual=perpetual is not None, price_scale=2, quantity_scale=2, tick=1,
        step=1, band_max=None, band_min=None, base_unit=10**6, quote_unit=10**4, quote_fee_unit=100, base_fee_unit=1,
        open_orders_max=50, perpetual=perpetual,
    )  # fmt: skip


def _collateral(asset: str, **more: Any) -> CollateralRules:
    parameters = CollateralParameters(
        haircut_function=HaircutFunction(kind=HaircutCurve(type=HaircutKind.IDENTITY), weight=D(1)),
        imf_function=CONTRACT.imf_function,
        mmf_function=CONTRACT.mmf_function,
        symbol=asset,
    )
    return CollateralRules(asset=asset, scale=QUOTE_SCALE, parameters=parameters, **more)


def rates(events: Iterable[Event]) -> list[tuple[int, str]]:
    """The hour at which each interval ended, and its rate."""
    ended = [event for event in events if isinstance(event, FundingRateSet)]
    return [((each.interval_end_us - MIDNIGHT_US) // HOUR_US, f"{D(each.rate_e28).scaleb(-28).normalize():f}") for each in ended]


def paid(events: Iterable[Event]) -> list[str]:
    """`alice -0.5`, one for each payment."""
    return [f"{NAMES[event.account]} {shown(event.amount)}" for event in events if isinstance(event, FundingPaid)]


def shown(units: int) -> str:
    """An amount of the ledger."""
    return f"{D(units).scaleb(-QUOTE_SCALE).normalize():f}"

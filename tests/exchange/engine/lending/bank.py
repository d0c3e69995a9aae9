"""A small exchange with two pools whose interest is easy to reckon.

At a utilization of a quarter borrowing costs 0.219 a year, which is 0.000025 an hour, and lending brings a fifth of that. The
throttle begins at 0.8 and lets one step go to 0.9. A SOL is worth 100 USDC before anybody trades, and counts for nine tenths.
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import msgspec

from exchange.engine.desk import RULES
from haversack.exchange.engine.collateral import CollateralRules
from haversack.exchange.engine.command import ChangeSettings, Elapse, OpenAccount
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import Event
from haversack.exchange.engine.lending.command import BorrowOrLend
from haversack.exchange.engine.lending.lending import Lending
from haversack.exchange.engine.lending.loan import Loan
from haversack.exchange.engine.lending.pool import Pool
from haversack.exchange.engine.lending.rules import PoolRules
from haversack.exchange.engine.perpetual.contract import Contract
from haversack.exchange.engine.rules import AccountSettings, AssetRules, FeeTier, MarketRules, PerpetualRules, Ratio
from haversack.wire.assets import CollateralParameters, HaircutCurve, HaircutFunction, HaircutKind
from haversack.wire.borrow_lend import BorrowLendSide
from haversack.wire.markets import MarginFunction

SCALE = 6
ONE = 10**SCALE
NOW_US = 1_790_000_000_000_000
"""Eight hundred seconds into an hour."""
FULL_US = NOW_US + 2_800_000_000
"""The next full hour."""
HOUR_US = 3_600_000_000
ALICE, BOB, CAROL = 1, 2, 3
FREE = FeeTier(0, 0, 0, 0)
SPOT, PERP = "SOL_USDC", "SOL_USDC_PERP"


def _function(base: str) -> MarginFunction:
    return MarginFunction(base=Decimal(base), factor=Decimal(0), type="sqrt")


def _collateral(asset: str, curve: HaircutCurve, imf: str, mmf: str) -> CollateralRules:
    haircut = HaircutFunction(kind=curve, weight=Decimal(1))
    parameters = CollateralParameters(
        haircut_function=haircut, imf_function=_function(imf), mmf_function=_function(mmf), symbol=asset
    )
    market, price = (SPOT, Decimal(100)) if asset == "SOL" else (None, None)
    return CollateralRules(asset=asset, scale=SCALE, parameters=parameters, market=market, opening_price=price)


COLLATERAL = (
    _collateral("USDC", HaircutCurve(type=HaircutKind.IDENTITY), "0.05", "0.025"),
    _collateral(
        "SOL",
        HaircutCurve(type=HaircutKind.INVERSE_SQRT, base=Decimal("0.9"), positive_curve_penalty=Decimal(0)),
        "0.1",
        "0.05",
    ),
)


def pool_rules(asset: str, lent: int, borrowed: int) -> PoolRules:
    return PoolRules(
        asset=asset,
        scale=SCALE,
        step=10,
        house_lent=lent * ONE,
        house_borrowed=borrowed * ONE,
        limit=2 * lent * ONE,
        fee=Decimal("0.2"),
        optimal_utilization=Decimal("0.5"),
        optimal_rate=Decimal("0.438"),
        max_utilization=Decimal(1),
        throttle_threshold=Decimal("0.8"),
        throttle_fraction=Decimal("0.5"),
    )


POOLS = (pool_rules("USDC", 100_000, 25_000), pool_rules("SOL", 1_000, 200))
MARKET = msgspec.structs.replace(
    RULES, band_max=None, band_min=None, open_orders_max=200, free_max=Ratio(101, 100), free_min=Ratio(99, 100)
)
PERPETUAL = msgspec.structs.replace(
    MARKET,
    symbol=PERP,
    is_perpetual=True,
    perpetual=PerpetualRules(
        contract=Contract(
            symbol=PERP,
            quantity_scale=1,
            quote_scale=SCALE,
            step=1,
            imf_function=_function("0.1"),
            mmf_function=_function("0.05"),
        )
    ),
)
MARKETS: tuple[MarketRules, ...] = (MARKET, PERPETUAL)


def new_engine(*pools: PoolRules) -> Engine:
    """One with these pools, or the usual ones."""
    assets = [AssetRules("USDC", SCALE), AssetRules("SOL", SCALE)]
    return Engine(assets, MARKETS, collateral=COLLATERAL, facilities=[partial(Lending, rules=pools or POOLS)])


class Bank:
    """An engine whose three accounts have 10,000 USDC and 100 SOL each, at a leverage of ten."""

    def __init__(self, *pools: PoolRules, leverage: int = 10) -> None:
        self.engine = new_engine(*pools)
        self.now_us = NOW_US
        for name in ("alice", "bob", "carol"):
            opening = OpenAccount(name, FREE, (("USDC", 10_000 * ONE), ("SOL", 100 * ONE)))
            self.engine.apply(opening, self.now_us)
        for account in (ALICE, BOB, CAROL):
            self.engine.apply(ChangeSettings(account, AccountSettings(leverage_e8=leverage * 10**8)), self.now_us)

    def ask(self, account: int, side: str, quantity: str, asset: str = "SOL") -> list[Event]:
        """Borrow or lend so much."""
        amount = int(Decimal(quantity).scaleb(SCALE))
        return self.engine.apply(BorrowOrLend(account, asset, BorrowLendSide(side), amount), self.now_us)

    def open(self, name: str, *amounts: tuple[str, int], fees: FeeTier = FREE) -> int:
        """One more account, at a leverage of ten."""
        self.engine.apply(OpenAccount(name, fees, amounts), self.now_us)
        number = self.engine.account_of(name)
        assert number is not None
        self.engine.apply(ChangeSettings(number, AccountSettings(leverage_e8=10 * 10**8)), self.now_us)
        return number

    def wait(self, until_us: int) -> list[Event]:
        """Let time pass."""
        self.now_us = until_us
        return self.engine.apply(Elapse(), until_us)

    def loan(self, account: int, asset: str = "SOL") -> Loan | None:
        return self.engine.facility(Lending).loans(account).get(asset)

    def quantity(self, account: int, asset: str = "SOL") -> Decimal:
        """What the account lends, below zero what it owes."""
        loan = self.loan(account, asset)
        return Decimal(loan.quantity if loan else 0).scaleb(-SCALE)

    def available(self, account: int, asset: str = "SOL") -> Decimal:
        return Decimal(self.engine.balances(account).get(asset, (0, 0))[0]).scaleb(-SCALE)

    def pool(self, asset: str = "SOL") -> Pool:
        return self.engine.facility(Lending).pools[asset]


def balanced(engine: Engine) -> dict[str, tuple[int, int]]:
    """Of each asset what is there, and what was granted."""
    found = dict.fromkeys(engine.granted, 0)
    for source in (engine.fees, engine.held_beside, engine.covers):
        for asset, amount in source.items():
            found[asset] += amount
    for account in engine.accounts:
        for asset, (available, locked) in engine.balances(account).items():
            assert min(available, locked) >= 0, f"account {account} has {available} and {locked} {asset}"
            found[asset] += available + locked
        found["USDC"] += engine.unsettled(account)
    for rules in MARKETS:
        found["USDC"] -= sum(position.basis for _, position, _, _ in engine.holdings(rules.symbol) if position)
    return {asset: (found[asset], engine.granted[asset]) for asset in found}

"""Random commands of all kinds for one engine with all its facilities: orders, bets, loans, strategies, requests, vaults, exits.

The stream looks at the engine to ask for what just fits; what it asked is all that is needed to do the same again.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from exchange.engine.desk import RULES as PLAIN
from exchange.engine.strategies.bustle import Bustle
from exchange.engine.traffic import ASSETS, COARSE, COLLATERAL, OPENINGS, PERPETUALS, SPOT, START_US
from exchange.engine.traffic import MARKETS as TRADED
from exchange.engine.vaults.kit import RULES as VAULT
from exchange.scenarios.prediction_table import prediction
from haversack.exchange.engine.backing import Backing
from haversack.exchange.engine.command import (
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
from haversack.exchange.engine.dust.command import ConvertDust
from haversack.exchange.engine.dust.dust import Dust, DustRules
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.lending.command import BorrowOrLend
from haversack.exchange.engine.lending.lending import Lending
from haversack.exchange.engine.lending.rules import PoolRules
from haversack.exchange.engine.predictions.command import ProposeResolution
from haversack.exchange.engine.predictions.predictions import Planned, Predictions
from haversack.exchange.engine.rfq.command import AcceptQuote, CancelRfq, RefreshRfq, SubmitQuote, SubmitRfq
from haversack.exchange.engine.rfq.rfqs import Rfqs
from haversack.exchange.engine.rules import AccountSettings, AssetRules, FeeTier, Ratio
from haversack.exchange.engine.strategies.command import CancelStrategies, StartStrategy
from haversack.exchange.engine.strategies.strategies import Strategies
from haversack.exchange.engine.vaults.command import CancelVaultRedeem, MintVault, RedeemVault, SetVaultNav
from haversack.exchange.engine.vaults.vaults import Vaults
from haversack.exchange.engine.withdrawals.command import ChangeDelay, CreateDelay, Withdraw
from haversack.exchange.engine.withdrawals.rules import NetworkRules, WithdrawalRules
from haversack.exchange.engine.withdrawals.withdrawals import Withdrawals
from haversack.wire.borrow_lend import BorrowLendSide
from haversack.wire.enums import OrderBookState, SelfTradePrevention, Side, TimeInForce, TriggerBy
from haversack.wire.markets import MarginFunction

ONE, SECOND_US, HOUR_US = 10**6, 10**6, 3_600 * 10**6
BID, ASK = Side.BID, Side.ASK
HOUSE, TRADER = 3, 4
BORROWERS = (8, 9, 10)
EVERYBODY = (1, 2, 5, 6, 7, *BORROWERS)
QUESTIONS = tuple(f"{name}_USDC_PREDICTION" for name in ("CUP", "RAIN", "VOTE"))
RFQ = msgspec.structs.replace(SPOT, symbol="SOL_USDC_RFQ")
# Prices may run away here, so that loans are called in.
LOOSE = msgspec.structs.replace(SPOT, mean_max=None, mean_min=None, impact_max=None, impact_min=None)
MARKETS = (LOOSE, *TRADED[1:], *(prediction(msgspec.structs.replace(PLAIN, open_orders_max=8), symbol) for symbol in QUESTIONS))
ALL_OPENINGS: tuple[Command, ...] = (
    *OPENINGS,
    OpenAccount("owes-sol", FeeTier(700, 900, 190, 450), (("USDC", 500 * ONE),)),
    OpenAccount("owes-cash", FeeTier(700, 900, 190, 450), (("SOL", 300 * ONE),)),
    OpenAccount("owes", FeeTier(0, 900, 0, 450), (("SOL", 20 * ONE), ("USDC", 50 * ONE))),
    Grant(HOUSE, (("SOL", 10**6 * ONE), ("USDC", 10**6 * ONE))),
    *(ChangeSettings(number, AccountSettings(leverage_e8=20 * 10**8)) for number in BORROWERS),
)


def _lent(asset: str, lent: int, *, limit: int) -> PoolRules:
    return PoolRules(
        asset=asset,
        scale=6,
        step=10,
        house_lent=lent * ONE,
        house_borrowed=lent * ONE // 4,
        limit=limit * ONE,
        fee=Decimal("0.2"),
        optimal_utilization=Decimal("0.5"),
        optimal_rate=Decimal(1),
        max_utilization=Decimal(1),
        throttle_threshold=Decimal("0.8"),
        throttle_fraction=Decimal("0.5"),
    )


def _collateral() -> list[Any]:
    """Those of the usual traffic, of which borrowing takes a margin."""
    margins = {"USDC": ("0.05", "0.025"), "SOL": ("0.1", "0.05")}
    found: list[Any] = []
    for rules in COLLATERAL:
        imf, mmf = (MarginFunction(base=Decimal(base), factor=Decimal(0), type="sqrt") for base in margins[rules.asset])
        parameters = msgspec.structs.replace(rules.parameters, imf_function=imf, mmf_function=mmf)
        found.append(msgspec.structs.replace(rules, parameters=parameters))
    return found


def new_engine() -> Engine:
    """One that nobody has used, with every facility in the order of the exchange's own."""
    networks = {
        (asset, "Solana"): NetworkRules(is_enabled=True, least=ONE, most=10_000 * ONE, fee=ONE // 10) for asset in ("USDC", "SOL")
    }
    dust = [DustRules("SOL", SPOT.symbol, SPOT.base_unit), DustRules("ETH", COARSE.symbol, COARSE.base_unit * 10)]
    vault = msgspec.structs.replace(VAULT, growth=Ratio(31_536, 7), mintable=3_000 * ONE, redeem_delay_us=90 * SECOND_US)
    return Engine(
        [*ASSETS, AssetRules("VLT", 6)],
        MARKETS,
        collateral=_collateral(),
        facilities=[
            partial(Predictions, planned=[Planned(QUESTIONS[2], is_yes=True, at_us=START_US + 600 * SECOND_US, delay_s=120)]),
            Strategies,
            partial(Vaults, rules=[vault]),
            partial(Dust, rules=dust),
            partial(
                Withdrawals,
                rules=WithdrawalRules(networks=networks, confirm_us=60 * SECOND_US, addresses=frozenset({"home"})),
            ),
            partial(Rfqs, markets=[RFQ]),
            partial(Lending, rules=[_lent("USDC", 20_000, limit=40_000), _lent("SOL", 4_000, limit=5_000)]),
        ],
    )


class Everything(Bustle):
    """The traffic of the other random tests, strategies in it, and everything else that accounts may ask."""

    def __init__(self, seed: int, engine: Engine) -> None:
        super().__init__(seed)
        self._engine = engine
        self._next: list[Command | Callable[[], Command]] = list(ALL_OPENINGS)
        self._spot = 100
        """What a SOL costs, in ticks, as the house quotes it."""
        self._kinds: dict[Any, int] = {
            super().command: 80,
            self._loan: 12,
            self._spend: 6,
            self._settings: 1,
            self._close: 1,
            self._bet: 9,
            self._request: 3,
            self._answer: 5,
            self._accept: 3,
            self._vault: 8,
            self._leave: 3,
            self._dust: 2,
            self._jump: 1,
            self._squeeze: 6,
            self._wait: 4,
        }

    def command(self) -> Command:
        """The next command."""
        while not self._next:
            (kind,) = self._rng.choices(list(self._kinds), list(self._kinds.values()))
            asked = kind()
            self._next += asked if isinstance(asked, list) else [asked]
            self._traffic.now_us += self._rng.choice((0, 1_000, 400_000, 1_000_000))
        upcoming = self._next.pop(0)
        return upcoming() if callable(upcoming) else upcoming

    def _backing(self) -> Backing | None:
        """Whatever an operation may call on."""
        return Backing(*(self._rng.random() < 0.7 for _ in range(3))) if self._rng.random() < 0.5 else None

    def _free(self, account: int, asset: str) -> int:
        return self._engine.balances(account).get(asset, (0, 0))[0]

    def _wait(self) -> Command:
        self._traffic.now_us += self._rng.choices((0, 5 * SECOND_US, 70 * SECOND_US, HOUR_US), (4, 4, 4, 1))[0]
        return Elapse()

    def _second(self) -> Command:
        self._traffic.now_us += SECOND_US
        return Elapse()

    def _squeeze(self) -> list[Any]:
        """Somebody borrows all that it can, does something with the money, and what it owes becomes dear."""
        rng, who, owes_sol = self._rng, self._rng.choice(BORROWERS), self._rng.random() < 0.5
        asset, side = ("SOL", ASK) if owes_sol else ("USDC", BID)
        lending = self._engine.facility(Lending)

        def borrow() -> Command:
            most = lending.max_borrow(who, asset, self.now_us)
            return BorrowOrLend(who, asset, BorrowLendSide.BORROW, max(10, most * rng.choice((85, 97, 99)) // 1_000 * 10))

        def trade() -> Command:
            amount: dict[str, Any] = {"quantity": max(1, self._free(who, "SOL") // SPOT.base_unit)}
            if side is BID:
                amount = {"quantity": None, "quote_quantity": max(1, self._free(who, "USDC") // rng.choice((2, 4)))}
            return Place(account=who, symbol=SPOT.symbol, side=side, price=None, backing=self._backing(), **amount)

        uses: list[Callable[[], Command]] = [
            lambda: self._request(who),
            lambda: self._slices(who, rng.choice((BID, ASK))),
            lambda: RedeemVault(who, 1, None),
            lambda: self._answer(who),
            lambda: MintVault(who, 1, self._free(who, "USDC") // 5),
            lambda: self._leave(who),
            lambda: BorrowOrLend(who, "USDC", BorrowLendSide.LEND, max(10, self._free(who, "USDC") // 50 * 10)),
            self._bet,
        ]
        dear = rng.choice((1.03, 1.04, 1.06, 1.1, 1.3))
        money = Grant(who, (("USDC", 50 * ONE), ("SOL", 50 * ONE)))
        steps = [
            SetBookState(SPOT.symbol, OrderBookState.OPEN),
            money,
            *self._jump(1.0),
            *[borrow, trade] * 3,
            *rng.sample(uses, rng.randrange(4)),
        ]
        return [*steps, *self._jump(dear if owes_sol else 1 / dear), *uses[:3], *[self._second] * 3]

    def _jump(self, away: float | None = None) -> list[Command]:
        """Spot and perpetual at another price, by the house's quotes and the index."""
        away = away or self._rng.choice((0.8, 0.9, 0.94, 0.97, 1.03, 1.06, 1.1, 1.2))
        price = self._spot = max(50, min(150, round(self._spot * away)))
        quotes = [
            Place(account=HOUSE, symbol=SPOT.symbol, side=side, price=price + away, quantity=50_000)
            for side, away in ((ASK, 1), (BID, -1))
        ]
        index = SetPrices(((PERPETUALS[0].symbol, price * 10**6),))
        cleared = [CancelAll(who, SPOT.symbol) for who in self._engine.accounts if self._engine.open_orders(who, SPOT.symbol)]
        return [*cleared, *quotes, index, Elapse()]

    def _loan(self) -> Command:
        """Borrow, lend, repay or call back: what just fits, and whatever."""
        rng, lending = self._rng, self._engine.facility(Lending)
        account, asset = rng.choice((*BORROWERS, *BORROWERS, *EVERYBODY)), rng.choice(("USDC", "SOL"))
        loan, side = lending.loans(account).get(asset), rng.choice(list(BorrowLendSide))
        amounts = [rng.randrange(1, 300 * ONE), rng.randrange(1, 30_000 * ONE), self._free(account, asset)]
        if loan is not None:
            amounts += [abs(loan.quantity)] * 2
        elif rng.random() < 0.7:
            most = lending.max_borrow(account, asset, self.now_us)
            side, amounts = BorrowLendSide.BORROW, [most, most * 99 // 100, most + 10]
        return BorrowOrLend(account, asset, side, max(10, rng.choice(amounts) // 10 * 10))

    def _settings(self) -> Command:
        """Whatever can be switched on or off."""
        flags = {each.name: self._rng.random() < 0.5 for each in msgspec.structs.fields(AccountSettings) if each.type is bool}
        return ChangeSettings(self._rng.choice(EVERYBODY), AccountSettings(leverage_e8=20 * 10**8, **flags))

    def _close(self) -> Command | list[Command]:
        """Close a market in which a strategy runs, look, and open it again."""
        running = [each.strategy.asked for who in EVERYBODY for each in self._engine.facility(Strategies).running(who)]
        if not running:
            return self._start()
        symbol = self._rng.choice(running).symbol
        if self._engine.book_state(symbol) is OrderBookState.CLOSED:
            return Elapse()
        return [SetBookState(symbol, OrderBookState.CLOSED), Elapse(), SetBookState(symbol, OrderBookState.OPEN)]

    def _spend(self) -> Command:
        """All of an asset for the other, or into a perpetual: who borrowed it is far from what it owes then."""
        rng, account = self._rng, self._rng.choice((*BORROWERS, 5))
        if rng.random() < 0.4:
            rules, quantity = PERPETUALS[0], rng.randrange(100, 40_000)
            side = rng.choice((BID, ASK))
            limit = self._engine.max_order_quantity(account, rules.symbol, side, Decimal(1), reduce_only=False)
            quantity = min(quantity, limit) or 1
            return Place(account=account, symbol=rules.symbol, side=side, price=105 if side is BID else 95, quantity=quantity)
        if rng.random() < 0.3:
            return self._slices(account, rng.choice((BID, ASK)))
        if rng.random() < 0.5:
            quantity = self._free(account, "SOL") // SPOT.base_unit or 1
            return self._resting(account, ASK, quantity)
        quote = self._free(account, "USDC") or 1
        if rng.random() < 0.5:
            return self._resting(account, BID, max(1, quote // (self._spot * SPOT.quote_unit)))
        return Place(account=account, symbol=SPOT.symbol, side=BID, price=None, quantity=None, quote_quantity=quote)

    def _resting(self, account: int, side: Side, quantity: int) -> Place:
        """All that there is, or more, near the market, now or once a trigger fires."""
        rng, backing = self._rng, self._backing()
        more = quantity * rng.choice((10, 11, 30)) // 10 if backing and backing.borrows else quantity
        price = rng.choice((None, self._spot + rng.randrange(-4, 5)))
        when: dict[str, Any] = {"quantity": more}
        if rng.random() < 0.2:
            trigger = Trigger(TriggerBy.LAST_PRICE, self._spot + rng.randrange(-6, 7), more)
            when = {"quantity": None, "trigger": trigger}
        return Place(account=account, symbol=SPOT.symbol, side=side, price=price, backing=backing, **when)

    def _bet(self) -> Command:
        """An order in a prediction market, a strategy there, or its answer."""
        rng, symbol, account = self._rng, self._rng.choice(QUESTIONS), self._rng.choice((*EVERYBODY, HOUSE, TRADER))
        price, side, quantity = rng.randrange(20, 80), rng.choice((BID, ASK)), rng.choice((1, 5, 20, 200))
        kind = rng.random()
        if kind < 0.02:
            return ProposeResolution(rng.choice((symbol, SPOT.symbol)), rng.random() < 0.5, rng.choice((0, 5, 600, 10**6)))
        if kind < 0.06 and self._engine.facility(Predictions).fate(symbol).price is None:
            return SetBookState(symbol, rng.choice((*[OrderBookState.OPEN] * 6, *OrderBookState)))
        if kind < 0.15:
            asked = StartStrategy(
                account=rng.choice(EVERYBODY), symbol=symbol, side=side, quantity=3 * quantity, price=price,
                duration_ms=30_000, interval_ms=10_000, client_id=1,
            )  # fmt: skip
            return rng.choice((asked, asked, asked, CancelStrategies(asked.account, symbol)))
        if kind < 0.2:
            return CancelAll(account, symbol)
        more: dict[str, Any] = {"quantity": quantity, "reduce_only": rng.choice((None, None, None, True))}
        if kind < 0.26:
            by = rng.choice((TriggerBy.MARK_PRICE, TriggerBy.LAST_PRICE))
            more = {"quantity": None, "trigger": Trigger(by, rng.randrange(1, 100), quantity)}
        elif kind < 0.32:
            more |= {"take_profit": Exit(TriggerBy.LAST_PRICE, rng.randrange(1, 100))}
        return Place(
            account=account, symbol=symbol, side=side, price=rng.choice((price, price, None)),
            time_in_force=rng.choice((TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC)),
            self_trade_prevention=rng.choice(list(SelfTradePrevention)), **more,
        )  # fmt: skip

    def _slices(self, account: int, side: Side) -> Command:
        """All of an asset for the other, bit by bit."""
        quantity = self._free(account, "SOL") // SPOT.base_unit if side is ASK else self._free(account, "USDC") // 10_000
        return StartStrategy(
            account=account, symbol=SPOT.symbol, side=side, quantity=max(5, quantity), duration_ms=600_000,
            interval_ms=self._rng.choice((1_000, 120_000)), price=self._rng.choice((60, 100, 150)), backing=self._backing(),
        )  # fmt: skip

    def _request(self, who: int | None = None) -> Command:
        rng, account, side = self._rng, who or self._rng.choice((*EVERYBODY, *BORROWERS)), self._rng.choice((BID, ASK))
        price = rng.randrange(90, 110)
        most = max(1, self._free(account, "USDC" if side is BID else "SOL"))
        part = max(1, most * rng.choice((1, 30, 100)) // 100)
        limit = price if rng.random() < 0.7 else None
        if rng.random() < 0.4:
            quote_quantity = max(200_000, part if side is BID else part * price // 100)
            amount: dict[str, Any] = {"quote_quantity": quote_quantity}
        else:
            amount = {"quantity": max(1, part // (price * SPOT.quote_unit if side is BID else SPOT.base_unit))}
        client_id, backing = rng.choice((None, 1)), self._backing()
        return SubmitRfq(
            account=account, symbol=RFQ.symbol, side=side, price=limit, client_id=client_id, backing=backing, **amount
        )

    def _opened(self) -> Any:
        opened = self._engine.facility(Rfqs).open()
        return self._rng.choice(opened) if opened else None

    def _answer(self, who: int | None = None) -> Command:
        rng, one = self._rng, self._opened()
        if one is None:
            return self._request()
        bid = rng.randrange(85, 112)
        ask = bid + rng.randrange(-1, 9)
        maker, backing = who or rng.choice((*EVERYBODY, HOUSE)), self._backing()
        return SubmitQuote(account=maker, rfq_id=one.rfq.rfq_id, bid=bid, ask=ask, backing=backing)

    def _accept(self) -> Command:
        rng, one = self._rng, self._opened()
        if one is None:
            return CancelRfq(account=rng.choice(EVERYBODY), client_id=1)
        owner, rfq_id, best, kind = one.rfq.account, one.rfq.rfq_id, one.best(), rng.random()
        if kind < 0.2:
            return RefreshRfq(owner, rfq_id)
        if kind < 0.3:
            return CancelRfq(account=owner, rfq_id=rfq_id)
        return AcceptQuote(account=owner, quote_id=best.quote_id if best else rfq_id, rfq_id=rng.choice((None, rfq_id)))

    def _vault(self) -> Command:
        rng, account = self._rng, self._rng.choice((*EVERYBODY, *BORROWERS))
        amount = rng.choice((self._free(account, "USDC") // 2, rng.randrange(1, 300 * ONE)))
        tokens = rng.choice((None, None, rng.randrange(1, 3_000) * VAULT.token_step, amount))
        choices: tuple[Command, ...] = (
            *[MintVault(account, 1, amount * rng.choice((1, 1, 3)), self._backing())] * 8,
            *[RedeemVault(account, 1, tokens)] * 8,
            CancelVaultRedeem(account, 1),
            SetVaultNav(1, rng.choice((10**10, 10**12, 2 * 10**12))),
            Grant(account, (("VLT", rng.randrange(10**5)),)),
        )
        return rng.choice(choices)

    def _leave(self, who: int | None = None) -> Command:
        rng, account, asset = self._rng, who or self._rng.choice(EVERYBODY), self._rng.choice(("USDC", "SOL"))
        kind, free = rng.random(), self._free(account, asset)
        if kind < 0.1:
            return CreateDelay(account, rng.randrange(1, 3))
        if kind < 0.2:
            return ChangeDelay(account, rng.randrange(0, 3))
        amount = max(1, rng.choice((free, free // 3, free + ONE, rng.randrange(1, 3 * ONE))))
        address, backing = rng.choice(("home", "away")), self._backing()
        return Withdraw(account=account, asset=asset, blockchain="Solana", address=address, amount=amount, backing=backing)

    def _dust(self) -> Command:
        rng, account, asset = self._rng, self._rng.choice(EVERYBODY), self._rng.choice(("SOL", "ETH"))
        if rng.random() < 0.4:
            return Grant(account, ((asset, rng.randrange(60)),))
        return ConvertDust(account, rng.choice((None, asset)))

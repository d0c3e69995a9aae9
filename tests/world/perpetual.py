"""The perpetual of a world: its index price, everybody else who trades it, and whom the price turns against."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from random import Random

from haversack.exchange.engine.command import Cancel, ChangeSettings, Command, OpenAccount, Place, SetPrices
from haversack.exchange.engine.rules import AccountSettings
from haversack.wire.enums import SelfTradePrevention, Side, TimeInForce
from world.plan import Perpetuals
from world.truth import PERPETUAL, Truth

INDEX = 100_600_000_000
"""In 1e-9 of USDC: the opening price."""
_PER_TICK = 10_000_000
_TURN_STEP = 0.0022
"""Of the price, at each update while it turns against somebody: the mark price may move by 0.0025."""
_RESTING_MAX = 8
_LEVERAGE_E8 = 50 * 10**8
_GAMBLED, _PLENTY = Decimal(20_000), Decimal(10**9)


class PerpetualMarket:
    """Acts again and again until it is told to stop. Its own orders are of an account with plenty."""

    def __init__(self, truth: Truth, seed: int, plan: Perpetuals, *, start_s: float, calm_s: float) -> None:
        self._truth = truth
        self._dice = Random(f"{seed} perpetual market")
        self._loop = asyncio.get_running_loop()
        self._plan = plan
        self._maker = self._opened("maker", _PLENTY)
        self._turns_s = start_s + plan.turn_s
        self._calm_s = calm_s
        # If nobody trades after the faults, no frame says what the lost ones said.
        self._rests_s = calm_s - self._dice.choice((-60.0, 0.5, 4.0))
        self._index = INDEX
        self._pause_s = self._dice.choice((0.15, 0.3))
        self.is_busy = True
        """Whether it goes on."""
        self.victim: int | None = None
        """An account whose orders the maker likes to fill, and against which the price may turn."""
        self.is_known: Callable[[], bool] = _yes
        """Whether the victim's program knows since when its fills are its own: it has to be told what comes after that."""
        self._gambler: int | None = None
        if plan.turned_on == "gambler":
            self._gambler = self._opened("gambler", _GAMBLED)
            self.let_borrow(self._gambler)
        self._tell_price()
        for _ in range(6):
            self._quote()
        self._act_later()
        if plan.turned_on:
            self._loop.call_at(self._turns_s, self._gamble)

    @property
    def fair(self) -> int:
        """The index price in ticks."""
        return self._index // _PER_TICK

    def _opened(self, key: str, money: Decimal) -> int:
        listing = self._truth.listing
        self._do(OpenAccount(key, listing.fee_tier(), (("USDC", listing.amount("USDC", money)),)))
        account = self._truth.engine.account_of(key)
        assert account is not None
        return account

    def let_borrow(self, account: int) -> None:
        """Let an account have positions of many times its worth."""
        self._do(ChangeSettings(account, AccountSettings(leverage_e8=_LEVERAGE_E8)))

    # The price

    def _tell_price(self) -> None:
        """A new index price, once or several times a second. It stands still once the faults are over."""
        if not self.is_busy:
            return
        target = self._target()
        if self._loop.time() < self._calm_s:
            step = self._dice.gauss(0.0, 0.0005)
            if target is not None:
                step = _TURN_STEP if self._truth.engine.position(target, PERPETUAL) < 0 else -_TURN_STEP
            self._index += round(self._index * step)
        self._do(SetPrices(((PERPETUAL, self._index // 10),)))
        self._loop.call_later(0.25 if target is not None else 0.5, self._tell_price)

    def _target(self) -> int | None:
        """Whom the price turns against now."""
        account = self._gambling if self._turns_s < self._loop.time() < self._calm_s else None
        return account if account is not None and self._truth.engine.position(account, PERPETUAL) else None

    @property
    def _gambling(self) -> int | None:
        return self.victim if self._plan.turned_on == "program" else self._gambler

    def _gamble(self) -> None:
        """Buy, or sell, as much as the margin allows, from the maker; for the program it is somebody else with its key."""
        gambler, dice = self._gambling, self._dice
        assert gambler is not None
        if gambler == self.victim and not self.is_known():
            if self._loop.time() < self._calm_s:
                self._loop.call_later(0.5, self._gamble)
            return
        side, other = dice.choice(((Side.BID, Side.ASK), (Side.ASK, Side.BID)))
        price = Decimal(self.fair).scaleb(-2)
        most = self._truth.engine.max_order_quantity(gambler, PERPETUAL, side, price, reduce_only=False)
        self._place(self._maker, other, self.fair, most)
        self._place(gambler, side, self.fair, most * dice.choice((80, 95)) // 100, TimeInForce.IOC)

    # Everybody else

    def _act_later(self) -> None:
        self._loop.call_later(self._pause_s * self._dice.uniform(0.2, 2.0), self._act)

    def _act(self) -> None:
        if not self.is_busy or self._loop.time() > self._rests_s:
            return
        chance = self._dice.random()
        if chance < 0.15:
            side = self._dice.choice((Side.BID, Side.ASK))
            self._place(self._maker, side, self.fair + (8 if side is Side.BID else -8), self._quantity(120), TimeInForce.IOC)
        elif chance < 0.4:
            self._hunt()
        else:
            self._quote()
        self._act_later()

    def _quote(self) -> None:
        """Place an order near the index, after the oldest if there are many."""
        dice = self._dice
        mine = self._truth.engine.open_orders(self._maker, PERPETUAL)
        if len(mine) >= _RESTING_MAX:
            self._do(Cancel(account=self._maker, symbol=PERPETUAL, order_id=mine[0].order.order_id))
        side, away = dice.choice((Side.BID, Side.ASK)), dice.randint(1, 12)
        self._place(self._maker, side, self.fair - away if side is Side.BID else self.fair + away, self._quantity(300))

    def _hunt(self) -> None:
        """Fill one of the victim's orders, in part or in full."""
        theirs = self._truth.engine.open_orders(self.victim, PERPETUAL) if self.victim is not None else []
        if not theirs:
            return self._quote()
        order = self._dice.choice(theirs).order
        assert order.price is not None
        side = Side.ASK if order.side == Side.BID else Side.BID
        return self._place(self._maker, side, order.price, self._quantity(200), TimeInForce.IOC)

    def _quantity(self, most: int) -> int:
        return self._dice.randint(1, most) * self._plan.size

    def _place(self, account: int, side: Side, price: int, quantity: int, time_in_force: TimeInForce = TimeInForce.GTC) -> None:
        self._do(
            Place(
                account=account,
                symbol=PERPETUAL,
                side=side,
                price=price,
                quantity=quantity,
                time_in_force=time_in_force,
                self_trade_prevention=SelfTradePrevention.REJECT_MAKER,
            )
        )

    def _do(self, command: Command) -> None:
        self._truth.execute(command, now_us=self._truth.clock.now_us())


def _yes() -> bool:
    return True

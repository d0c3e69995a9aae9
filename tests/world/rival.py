"""Everybody else who trades: one account that acts in the engine itself, moves the book, and fills the client's orders."""

from __future__ import annotations

import asyncio
from random import Random

from haversack.exchange.engine.command import Cancel, CancelAll, OpenAccount, Place
from haversack.wire.enums import SelfTradePrevention, Side, TimeInForce
from world.truth import SYMBOL, Truth

MIDDLE = 10_067
"""In ticks: about the opening price."""
_RESTING_MAX = 14
_PLENTY = 10**17


class Rival:
    """Acts again and again until it is told to stop."""

    def __init__(self, truth: Truth, seed: int, *, lulls_end_s: float) -> None:
        self._truth = truth
        self._dice = Random(f"{seed} rival")
        self._loop = asyncio.get_running_loop()
        opened = OpenAccount("rival", truth.listing.fee_tier(), (("USDC", _PLENTY), ("SOL", _PLENTY)))
        truth.execute(opened, now_us=truth.clock.now_us())
        account = truth.engine.account_of("rival")
        assert account is not None
        self.account = account
        self._lulls_end_s = lulls_end_s
        self._middle = MIDDLE
        self._pause_s = self._dice.choice((0.04, 0.08, 0.16))
        self.is_busy = True
        """Whether it goes on."""
        self.victim: int | None = None
        """An account whose orders it likes to fill."""
        for _ in range(8):
            self._quote()
        self._later()

    def _later(self) -> None:
        pause_s = self._pause_s * self._dice.uniform(0.2, 2.0)
        if self._dice.random() < 0.01:
            # A lull, which ends with the faults: only a message after them shows that some before were missed.
            pause_s = max(pause_s, min(6.0, self._lulls_end_s - self._loop.time()))
        self._loop.call_later(pause_s, self._act)

    def _act(self) -> None:
        if not self.is_busy:
            return
        chance = self._dice.random()
        if chance < 0.15:
            self._take()
        elif chance < 0.35:
            self._hunt()
        elif chance < 0.36:
            self._do(CancelAll(self.account, SYMBOL))
        else:
            self._quote()
        self._later()

    def _quote(self) -> None:
        """Place an order near the middle, or take one back."""
        dice = self._dice
        mine = self._truth.engine.open_orders(self.account, SYMBOL)
        if len(mine) > _RESTING_MAX or (mine and dice.random() < 0.4):
            self._do(Cancel(account=self.account, symbol=SYMBOL, order_id=dice.choice(mine).order.order_id))
            return
        self._middle += dice.choice((-1, 0, 0, 1))
        side = dice.choice((Side.BID, Side.ASK))
        away = dice.randint(1, 12)
        self._place(side, self._middle - away if side is Side.BID else self._middle + away, dice.randint(1, 300))

    def _take(self) -> None:
        """Cross the spread."""
        side = self._dice.choice((Side.BID, Side.ASK))
        price = self._middle + 8 if side is Side.BID else self._middle - 8
        self._place(side, price, self._dice.randint(1, 120), TimeInForce.IOC)

    def _hunt(self) -> None:
        """Fill one of the victim's orders, in part or in full."""
        theirs = self._truth.engine.open_orders(self.victim, SYMBOL) if self.victim is not None else []
        if not theirs:
            return self._quote()
        order = self._dice.choice(theirs).order
        assert order.price is not None
        side = Side.ASK if order.side == Side.BID else Side.BID
        return self._place(side, order.price, self._dice.randint(1, 200), TimeInForce.IOC)

    def _place(self, side: Side, price: int, quantity: int, time_in_force: TimeInForce = TimeInForce.GTC) -> None:
        self._do(
            Place(
                account=self.account,
                symbol=SYMBOL,
                side=side,
                price=price,
                quantity=quantity,
                time_in_force=time_in_force,
                self_trade_prevention=SelfTradePrevention.REJECT_MAKER,
            )
        )

    def _do(self, command: Place | Cancel | CancelAll) -> None:
        self._truth.execute(command, now_us=self._truth.clock.now_us())

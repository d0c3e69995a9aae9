"""How much margin an account certainly has left, in integers, so that most orders need no exact figures.

A budget is made from exact figures and only ever shrinks: every order takes more off it than it can need, and every fill more
than it can lose. So an order that fits is one that the exact figures would allow, and what does not fit is computed exactly.
A budget ends with the next mark price, and with everything else that changes what the account is worth.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from haversack.exchange.engine.perpetual.margin import AccountMargin
from haversack.wire.markets import MarginFunction

_ONE = Decimal(1)
_PPB = Decimal(10**9)
# The margin of the next unit, where the fraction grows with the root of the notional.
_MARGINAL = Decimal("1.5")
_SPARE = Decimal("0.000003")
"""For what is rounded on the way: unrealized profit is cut off after six decimals, before a fill and after it."""


class Budget:
    """Margin that one account may still use before new mark prices come."""

    __slots__ = ("_leverage", "_rates_ppb", "_reach", "_spare", "left", "version")

    def __init__(self, figures: AccountMargin, leverage_limit: Decimal, *, quote_scale: int, version: int) -> None:
        available = figures.net_equity_available
        self.left = int(available.scaleb(quote_scale).to_integral_value(ROUND_FLOOR))
        """In the ledger's units; below zero there is none."""
        self._spare = int(_SPARE.scaleb(quote_scale)) + 1
        self.version = version
        """Of the mark prices that it is good for."""
        self._leverage = leverage_limit
        # No exposure can grow by more than this: each part of it takes at least what the leverage limit demands.
        self._reach = max(Decimal(0), available) * leverage_limit
        self._rates_ppb: dict[str, int] = {}

    def rate_ppb(self, symbol: str) -> int | None:
        """Margin for one more unit of notional, in billionths; None: `learn` it first."""
        return self._rates_ppb.get(symbol)

    def learn(self, symbol: str, function: MarginFunction, notional: Decimal) -> int:
        """The largest fraction that a market with this much exposure can ask for, as far as the budget reaches."""
        largest = (notional + self._reach).sqrt()
        rate = max(_ONE / self._leverage, function.base, _MARGINAL * function.factor * largest)
        ppb = self._rates_ppb[symbol] = int((rate * _PPB).to_integral_value(ROUND_CEILING)) + 1
        return ppb

    def takes(self, notional: int, rate_ppb: int) -> bool:
        """Whether so much more exposure fits, in the ledger's units; if so, it is taken off."""
        left = self.left - notional * rate_ppb // 10**9 - self._spare
        if left < 0:
            return False
        self.left = left
        return True

    def lose(self, amount: int) -> None:
        """Take off what a fill cost at the mark price, its fee with it."""
        self.left -= amount + self._spare

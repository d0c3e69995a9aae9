"""The pool of one asset: what is in it, what that costs and brings, and what it still gives."""

from __future__ import annotations

from decimal import Decimal

from haversack.exchange.engine.lending.rates import borrow_rate, lend_rate, throttle_bound, utilization
from haversack.exchange.engine.lending.rules import PoolRules


class Pool:
    """One pool. Amounts count the asset's smallest units."""

    __slots__ = ("base", "borrowed", "earned", "lent", "rules")

    def __init__(self, rules: PoolRules) -> None:
        self.rules = rules
        self.lent = 0
        """By accounts."""
        self.borrowed = 0
        """By accounts."""
        self.earned = 0
        """What the exchange's other users got from accounts as interest, less what they paid to them; negative if they lost."""
        self.base: tuple[int, int] | None = None
        """All lent and all borrowed when the throttle's step began; None: as they are without any account."""

    @property
    def total_lent(self) -> int:
        """By accounts and by the exchange's other users."""
        return self.rules.house_lent + self.lent

    @property
    def total_borrowed(self) -> int:
        """By accounts and by the exchange's other users."""
        return self.rules.house_borrowed + self.borrowed

    @property
    def is_at_rest(self) -> bool:
        """Whether no account has anything to do with it, and time has nothing to do to it."""
        return not self.lent and not self.borrowed and self.base is None

    @property
    def utilization(self) -> Decimal:
        """Borrowed as part of lent."""
        return utilization(self.total_lent, self.total_borrowed)

    @property
    def borrow_rate(self) -> Decimal:
        """What borrowers pay a year."""
        return borrow_rate(self.rules, self.utilization)

    @property
    def lend_rate(self) -> Decimal:
        """What lenders get a year."""
        return lend_rate(self.rules, self.utilization)

    @property
    def bound(self) -> Decimal:
        """The utilization that the throttle allows in the present step."""
        lent, borrowed = self.base or (self.rules.house_lent, self.rules.house_borrowed)
        return throttle_bound(self.rules, utilization(lent, borrowed))

    def step(self) -> None:
        """Let the throttle's next step begin."""
        self.base = (self.total_lent, self.total_borrowed) if self.lent or self.borrowed else None

    @property
    def borrowable(self) -> int:
        """How much may be borrowed before utilization is too high."""
        top, bottom = self._highest
        return max(0, self.total_lent * top // bottom - self.total_borrowed)

    @property
    def redeemable(self) -> int:
        """How much may be called back before utilization is too high."""
        top, bottom = self._highest
        return max(0, self.total_lent - -(-self.total_borrowed * bottom // top)) if top else 0

    @property
    def _highest(self) -> tuple[int, int]:
        return min(self.bound, self.rules.max_utilization).as_integer_ratio()

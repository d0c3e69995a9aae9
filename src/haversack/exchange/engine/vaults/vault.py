"""One vault: what its token is worth, and who waits for money."""

from __future__ import annotations

from itertools import pairwise

import msgspec

from haversack.exchange.engine.vaults.rules import YEAR_US, VaultRules

SAMPLES_MAX = 10_000
"""Values that are remembered for the mean, however often they are set."""


class PendingRedeem(msgspec.Struct, frozen=True, array_like=True):
    """Tokens that wait to be paid for."""

    redeem_id: int
    account: int
    tokens: int
    asked_us: int
    due_us: int


class VaultState(msgspec.Struct, frozen=True, kw_only=True):
    """All that a vault remembers."""

    vault_id: int
    nav_e12: int
    grown_from: tuple[int, int]
    valued_us: int
    samples: list[tuple[int, int]]
    made: int
    money: int
    pending: list[PendingRedeem]


class Vault:
    """One of them, without the accounts."""

    def __init__(self, rules: VaultRules) -> None:
        self.rules = rules
        self.nav_e12 = rules.opening_nav_e12
        self._grown_from = (0, rules.opening_nav_e12)
        """From when and from what the value grows, so that it does not matter how often it is looked at."""
        self.valued_us = 0
        """When it was last valued; 0: never."""
        self._samples: list[tuple[int, int]] = []
        """When it was valued at what, oldest first; none while there are no tokens."""
        self.made = 0
        """Tokens that it made, less those that it took back."""
        self.money = 0
        """What was paid in, less what was paid out; below zero if it paid out gains that it never made."""
        self.pending: dict[int, PendingRedeem] = {}
        """By account, the oldest first."""

    @property
    def due_us(self) -> int | None:
        """When the next redemption is to be paid; None if nobody waits. All wait equally long, so the oldest is first."""
        return next(iter(self.pending.values())).due_us if self.pending else None

    @property
    def crank_due_us(self) -> int:
        """When it is to be valued again."""
        return (self.valued_us // self.rules.crank_us + 1) * self.rules.crank_us if self._samples else 0

    def value(self, now_us: int) -> None:
        """Work out what a token is worth now. Without tokens its value stood still, and it grows from now on."""
        if not self._samples:
            self._grown_from = (now_us, self.nav_e12)
        since_us, before = self._grown_from
        growth = self.rules.growth
        grown = before + before * growth.numerator * (now_us - since_us) // (growth.denominator * YEAR_US)
        self._sample(max(1, grown), now_us)

    def set_nav(self, nav_e12: int, now_us: int) -> None:
        """Let a token be worth this, whatever it was."""
        self._grown_from = (now_us, nav_e12)
        if self._samples:
            self._sample(nav_e12, now_us)
        else:
            self.nav_e12, self.valued_us = nav_e12, now_us

    def stop(self) -> None:
        """There are no tokens any more: nothing is valued until there are."""
        self._samples.clear()

    def twap_e12(self, now_us: int) -> int:
        """The mean of the values in the window that ends now, each for as long as it held, rounded down (guess)."""
        start_us = now_us - self.rules.twap_us
        total = covered_us = 0
        for (since_us, nav_e12), (until_us, _) in pairwise([*self._samples, (now_us, 0)]):
            held_us = until_us - max(since_us, start_us)
            if held_us > 0:
                total += nav_e12 * held_us
                covered_us += held_us
        return total // covered_us if covered_us else self.nav_e12

    def mint_nav_e12(self, now_us: int) -> int:
        """What a token that is made costs: the value or its mean, whichever is higher (documented)."""
        return max(self.nav_e12, self.twap_e12(now_us))

    def redeem_nav_e12(self, now_us: int) -> int:
        """What a token that is taken back brings: the value or its mean, whichever is lower (documented)."""
        return min(self.nav_e12, self.twap_e12(now_us))

    def _sample(self, nav_e12: int, now_us: int) -> None:
        if self._samples and self._samples[-1][0] == now_us:
            self._samples.pop()
        self._samples.append((now_us, nav_e12))
        # The newest value of before the window held at its beginning.
        start_us = now_us - self.rules.twap_us
        while len(self._samples) > SAMPLES_MAX or (len(self._samples) > 1 and self._samples[1][0] <= start_us):
            del self._samples[0]
        self.nav_e12, self.valued_us = nav_e12, now_us

    def dump(self) -> VaultState:
        """All of it."""
        return VaultState(
            vault_id=self.rules.vault_id,
            nav_e12=self.nav_e12,
            grown_from=self._grown_from,
            valued_us=self.valued_us,
            samples=list(self._samples),
            made=self.made,
            money=self.money,
            pending=list(self.pending.values()),
        )

    def load(self, state: VaultState) -> None:
        """Take up what another one of these rules remembered."""
        self.nav_e12, self._grown_from, self.valued_us = state.nav_e12, state.grown_from, state.valued_us
        self._samples = list(state.samples)
        self.made, self.money = state.made, state.money
        self.pending = {each.account: each for each in state.pending}

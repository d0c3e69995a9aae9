"""How many requests one account may make: a budget that refills steadily, as large as a minute's allowance.

The documentation says 2,000 a minute; how the real exchange counts, and what it answers beyond that, was never recorded.
"""

from __future__ import annotations

from haversack.exchange.messages import Refused

_MINUTE_US = 60_000_000


class RateLimit:
    """A budget per account. One that is full again is forgotten, so that memory is bounded by who was active lately."""

    def __init__(self, per_minute: int) -> None:
        self._cost_us = _MINUTE_US // per_minute
        self._paid_until_us: dict[int, int] = {}

    def take(self, account: int, now_us: int) -> None:
        """Spend one request of the account's budget; refused if nothing is left."""
        paid_until_us = max(self._paid_until_us.get(account, now_us), now_us) + self._cost_us
        if paid_until_us > now_us + _MINUTE_US:
            raise Refused.by_rule("TOO_MANY_REQUESTS", "Too many requests", status=429)
        self._paid_until_us[account] = paid_until_us
        if len(self._paid_until_us) > 1_000:
            self._paid_until_us = {key: until_us for key, until_us in self._paid_until_us.items() if until_us > now_us}

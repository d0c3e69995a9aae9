"""An exchange that is down is not kept down: how much is sent to it, and when, by many callers at once."""

from __future__ import annotations

from collections.abc import Generator
from heapq import heappop, heappush
from typing import Any

import pytest

from haversack.clock import ManualClock, seeded_random
from haversack.credentials import Credentials
from haversack.errors import ConnectFailed, HaversackError, RequestFailed
from haversack.rest.flow import flow
from haversack.rest.http import HttpResponse
from haversack.rest.request import Attempt
from haversack.rest.session import RestSession
from haversack.wire.base import Operation
from haversack.wire.orders import CancelAllOrders, CancelOrder, GetOpenOrders, PlaceOrder
from haversack.wire.system import GetStatus

SEEDS = 100
INTENTS = 100
KEYS = Credentials.generate()
WISHES: list[Operation[Any]] = [
    GetStatus(),
    GetStatus(),
    GetOpenOrders(),
    PlaceOrder(symbol="SOL_USDC", side="Bid", order_type="Limit", price="20", quantity="1"),
    CancelOrder(symbol="SOL_USDC", order_id="5"),
    CancelAllOrders(symbol="SOL_USDC"),
]


class Outage:
    """Callers come at random moments, and nobody gets an answer that helps."""

    def __init__(self, seed: int) -> None:
        self.dice = seeded_random(seed)
        self.clock = ManualClock()
        self.session = RestSession(KEYS, self.clock, dice=seeded_random(seed + 1).random)
        self.refuses = self.dice.random() < 0.5
        self.requests = 0
        self.early: list[str] = []
        self._held_until_us = 0
        self._events: list[tuple[int, int, Generator[Attempt, Any, Any], Any]] = []

    def run(self) -> None:
        for _ in range(INTENTS):
            self._later(self.dice.randrange(20_000_000), flow(self.dice.choice(WISHES), self.session), None)
        while self._events:
            at_us, _, steps, reply = heappop(self._events)
            self.clock.advance(us=at_us - self.clock.monotonic_us())
            self._step(steps, reply)

    def _later(self, delay_us: int, steps: Generator[Attempt, Any, Any], reply: Any) -> None:
        heappush(self._events, (self.clock.monotonic_us() + delay_us, self.dice.getrandbits(60), steps, reply))

    def _step(self, steps: Generator[Attempt, Any, Any], reply: Any) -> None:
        try:
            attempt = steps.throw(reply) if isinstance(reply, Exception) else steps.send(reply)
        except HaversackError:
            return
        finally:
            self._heed(reply)
        if attempt.request is None:
            self._later(round(attempt.delay_s * 1_000_000), steps, None)
            return
        self.requests += 1
        if self.clock.monotonic_us() < self._held_until_us:
            self.early.append(attempt.request.target)
        self._later(self.dice.randrange(1, 400_000), steps, self._failure())

    def _failure(self) -> HttpResponse | Exception:
        kind = self.dice.randrange(5)
        if self.refuses and kind < 2:
            return HttpResponse(429, {} if kind else {"retry-after": str(self.dice.randrange(1, 9))}, b"slow down")
        others: list[HttpResponse | Exception] = [
            HttpResponse(502, {}, b""),
            HttpResponse(503, {}, b""),
            ConnectFailed("no"),
            RequestFailed("cut"),
        ]
        return others[kind % 4]

    def _heed(self, reply: Any) -> None:
        """What a caller who met a 429 must keep to: the time that it names, or else half of the first pause at least."""
        if isinstance(reply, HttpResponse) and reply.status == 429:
            asked_s = float(reply.headers.get("retry-after", self.session.pacer.limits.first_hold_s / 2))
            self._held_until_us = max(self._held_until_us, self.clock.monotonic_us() + round(asked_s * 1_000_000))


@pytest.mark.parametrize("seeds", [range(first, first + SEEDS // 4) for first in range(0, SEEDS, SEEDS // 4)], ids=str)
def test_in_a_total_outage_a_tenth_is_repeated_at_most_and_nothing_leaves_in_a_hold(seeds: range) -> None:
    for seed in seeds:
        outage = Outage(seed)
        outage.run()
        assert INTENTS <= outage.requests <= INTENTS * 110 // 100, f"seed {seed}"
        assert outage.early == [], f"seed {seed}"

"""What an exchange does beside matching orders, such as lending or running strategies: each such thing is a facility.

A facility is a part of its engine: it has commands of its own, changes accounts through the ledger, sends orders through the
same pipeline as everybody, and is told when time passes. It remembers what it must, and the engine's state holds that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias

from haversack.exchange.engine.event import Event
from haversack.exchange.engine.ledger import Ledger
from haversack.exchange.engine.market import Market
from haversack.exchange.engine.perpetual.liquidating import Liquidating
from haversack.exchange.engine.perpetual.margins import Margins
from haversack.exchange.engine.placing import Placing


class Parts(NamedTuple):
    """The engine that a facility is a part of."""

    ledger: Ledger
    markets: Mapping[str, Market]
    margins: Margins
    placing: Placing
    liquidating: Liquidating


Handler: TypeAlias = Callable[[Any, int], list[Event]]
"""Does one command, at a time in microseconds. What changed nothing answers one `Declined` alone."""


class Facility(Protocol):
    """One of them. Whatever changes what it remembers makes an event: a command without events is in no journal."""

    @property
    def name(self) -> str:
        """Under which its state is kept."""
        ...

    def handlers(self) -> Mapping[type, Handler]:
        """What it does with each of its commands."""
        ...

    def elapse(self, now_us: int, events: list[Event]) -> None:
        """Do what the time asks for; called about once a second, and at `next_due_us`."""
        ...

    def next_due_us(self) -> int | None:
        """When time will have something to do here; None if nothing waits."""
        ...

    def dump(self) -> bytes:
        """All that it remembers, as JSON: the same bytes exactly when two of its kind will act alike."""
        ...

    def load(self, state: bytes) -> None:
        """Take up what another one remembered. This one must not have done anything yet."""
        ...

    def holds(self) -> Mapping[str, int]:
        """What it has of each asset that is in no account's balance, in smallest units; below 0 for what it owes."""
        ...


Opened: TypeAlias = Callable[[Parts], Facility]
"""Makes a facility for its engine."""

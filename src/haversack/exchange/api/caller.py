"""What a handler is told besides its operation: where, who and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from haversack.exchange.engine.command import Command
from haversack.exchange.engine.event import Declined, Event, FacilityRefusal
from haversack.exchange.listing import Scales
from haversack.exchange.messages import Refused

if TYPE_CHECKING:
    from haversack.exchange.authentication import Proof
    from haversack.exchange.venue import Venue

ROWS_DEFAULT = 100
"""Of a list whose `limit` is not sent (documented)."""


class Caller(NamedTuple):
    """One request's surroundings."""

    venue: Venue
    now_us: int
    account_or_none: int | None = None
    proof: Proof | None = None

    @property
    def account(self) -> int:
        """Number of the account that signed."""
        assert self.account_or_none is not None, "a signed operation was dispatched without an account"
        return self.account_or_none

    @property
    def now_ms(self) -> int:
        """The exchange's millisecond."""
        return self.now_us // 1_000

    def scales(self, symbol: str) -> Scales:
        """How the integers of a listed market become decimals."""
        return self.venue.listing.scales[symbol]

    def carry_out(self, command: Command, texts: Mapping[FacilityRefusal, Refused]) -> Sequence[Event]:
        """Do a facility's command; its refusals in the words given."""
        events = self.venue.execute(command, now_us=self.now_us, proof=self.proof)
        if events and isinstance(events[0], Declined):
            # The texts are made once: each time they begin without the traceback of the last one.
            raise texts[events[0].refusal].with_traceback(None)
        return events

    def check_symbol(self, symbol: str, refusal: Refused) -> None:
        """Refuse a market that is not listed, in the words of the endpoint."""
        if symbol not in self.venue.listing.markets:
            raise refusal


def not_found() -> Refused:
    """Of what was asked for by its id (observed of orders, inferred of others)."""
    return Refused.by_rule("RESOURCE_NOT_FOUND", "Not Found", status=404)


def unknown_symbol() -> Refused:
    """What book and trade endpoints say (observed 2025 and 2026)."""
    return Refused.as_invalid("Invalid market symbol")


def invalid_symbol() -> Refused:
    """What statistics endpoints say (observed 2025-06)."""
    return Refused.by_rule("INVALID_SYMBOL", "Invalid symbol")

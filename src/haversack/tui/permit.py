"""Whose prices these are, and what may be done with them."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Trading(StrEnum):
    """What may be sent."""

    NO_KEYS = "no keys: public data only"
    READ_ONLY = "read-only: top_orders = true in the settings of the profile allows orders"
    CONFIRMED = "each order is asked about first"
    FREE = "orders are sent at once"

    @property
    def is_allowed(self) -> bool:
        """Whether an order may be sent at all."""
        return self in (Trading.CONFIRMED, Trading.FREE)


class Badge(msgspec.Struct, frozen=True):
    """Where the prices come from; it is on every screen."""

    name: str
    is_live: bool

    @property
    def text(self) -> str:
        """`LIVE`, or that the prices are invented."""
        if self.is_live:
            return " LIVE " if self.name == "live" else f" LIVE: {self.name} "
        return f" {self.name}: invented prices "

    @property
    def style(self) -> str:
        """A word of the paper's styles."""
        return "live" if self.is_live else "sim"

"""A book that does not change any more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from haversack.book.ladder import TicksAndSteps
from haversack.book.reading import Reading, checked_count
from haversack.book.units import Scale
from haversack.wire.enums import Side


@dataclass(frozen=True, slots=True)
class BookSnapshot(Reading):
    """A book as of one update, for keeps: it answers what a Book answers."""

    symbol: str
    update_id: int
    """The exchange's number of the last change in it."""
    engine_us: int
    """When the matching engine made that change, in microseconds."""
    scale: Scale
    bids_in_units: tuple[TicksAndSteps, ...]
    """Price and quantity in units of `scale`, the best first."""
    asks_in_units: tuple[TicksAndSteps, ...]

    @classmethod
    def of(cls, symbol: str, reading: Reading, n: int | None = None) -> BookSnapshot:
        """All levels of a book, or the best `n` of either side."""
        bids, asks = (tuple(islice(reading.ladder(side), checked_count(n))) for side in (Side.BID, Side.ASK))
        return cls(symbol, reading.update_id, reading.engine_us, reading.scale, bids, asks)

    def ladder(self, side: Side) -> Iterator[TicksAndSteps]:
        return iter(self.bids_in_units if side is Side.BID else self.asks_in_units)

    def _repr_html_(self) -> str:
        from haversack.book.shown import snapshot_as_html

        return snapshot_as_html(self, type(self).__name__)

"""An exchange without doors, and a desk to control it from; the past of one kind of journal or the other."""

from __future__ import annotations

from haversack.clock import ManualClock, PacedClock
from haversack.exchange.control.desk import ControlDesk
from haversack.exchange.listing import Listing
from haversack.exchange.logbook import Logbook, MemoryLogbook
from haversack.exchange.operator import Operator
from haversack.exchange.venue import Settings

KEY = "5sZlqVbyRvTd5GdrdDqXIvdVrQdbEp0hTCf8/3ap+0E="
OTHER_KEY = "ewVrYGKHBpUtN3y2Nh0Uh1FRXLYgmqUPn1cTUcDwkb0="


class Running(ControlDesk):
    """An exchange that runs on a clock that the test moves."""

    def __init__(
        self, *, crowd: bool = False, clock: ManualClock | PacedClock | None = None, logbook: Logbook | None = None
    ) -> None:
        self.operator = Operator(
            Listing.load(),
            Settings(has_crowd=crowd, seed=5),
            clock or ManualClock(),
            logbook=logbook or MemoryLogbook(),
            genesis=b"a listing and a seed",
        )
        self.operator.start()
        super().__init__(self.operator)

    @property
    def hash(self) -> str:
        return self.operator.venue.engine.state_hash()

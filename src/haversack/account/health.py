"""How a view of an account is, in a form that a program can read."""

from __future__ import annotations

import msgspec

from haversack.account.changes import Reconciled
from haversack.errors import SubscriptionRefused
from haversack.streams.health import StreamsHealth


class AccountHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One view of an account."""

    is_open: bool
    is_synced: bool
    """Whether everything was read since the streams were asked for, and they are there."""
    ending: BaseException | None
    """What ended it; None while it is open, and after a close of your own."""
    refusal: SubscriptionRefused | None
    """What the exchange answered to the request for the streams; they are asked for again, and REST is read meanwhile."""
    last_reading: Reconciled | None
    """With what it left open."""
    reading_failures: int
    """Readings that failed since then."""
    reading_error: Exception | None
    """Why the last one did."""
    write_error: OSError | None
    """Why fills could not be written to the file, so that they are held back."""
    unresolved: int
    """Lost answers about which nothing is known yet."""
    fills_too_late: int
    """Fills that came from before everything that is remembered; each was told as FillTooLate."""
    waiting: int
    """Events that some reader has not dealt with."""
    streams: StreamsHealth | None
    """The connection; None before there was one."""

    @property
    def trouble(self) -> tuple[str, ...]:
        """In words: whatever is not as it should be. Empty if all is well."""
        said: list[str] = []
        if not self.is_open:
            said.append(f"closed: {self.ending}" if self.ending is not None else "closed")
        elif not self.is_synced:
            said.append("not synced")
        said += [f"streams refused: {self.refusal}"] if self.refusal is not None else []
        if self.reading_error is not None:
            said.append(f"{self.reading_failures} readings failed, the last one with {self.reading_error}")
        said += [f"fills are held back, because they cannot be written: {self.write_error}"] if self.write_error else []
        if self.last_reading is not None:
            said += [f"open: {question}" for question in self.last_reading.open_questions]
            said += [f"not answered: {each.question}: {each.error}" for each in self.last_reading.failures]
        said += [f"{self.unresolved} lost answers are not resolved"] if self.unresolved else []
        said += [f"{self.fills_too_late} fills came too late to say whether they were told"] if self.fills_too_late else []
        return tuple(said)

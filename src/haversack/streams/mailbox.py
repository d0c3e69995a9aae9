"""What waits for one reader, and what becomes of it when the reader is too slow. No loop, no thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from enum import StrEnum

from haversack.errors import HaversackError, ProtocolError, SlowConsumer, SubscriptionRefused, UsageError
from haversack.streams.names import counts_every_message
from haversack.wire.frames import Message

QUEUE_MAX = 4_096
"""Messages that may wait for one subscription, unless it says otherwise: 3 MiB of one-level depth messages."""
QUEUE_BYTES_MAX = 2 * 1024 * 1024
"""And the length of their frames, whatever it says: decoded they take up to twelve times as much memory (measured)."""


class WhenFull(StrEnum):
    """What happens to messages that come faster than they are read."""

    FAIL = "fail"
    """The subscription ends with SlowConsumer at the first message that found no room."""
    KEEP_LATEST = "keep_latest"
    """Of each stream only the newest message waits; `dropped` counts the others. For streams whose messages say all anew."""


class Mailbox:
    """Messages and errors that wait for one reader, in order."""

    def __init__(self, *, queue_max: int = QUEUE_MAX, when_full: WhenFull = WhenFull.FAIL) -> None:
        self._queue_max = queue_max
        self._keeps_latest = when_full is WhenFull.KEEP_LATEST
        self._waiting: deque[tuple[Message | HaversackError, int]] = deque()
        self._bytes = 0
        self._latest: dict[str, Message] = {}
        self.ending: HaversackError | None = None
        self.is_ended = False
        self.dropped = 0
        """Messages that were not kept for the reader."""

    def __len__(self) -> int:
        return len(self._waiting) + len(self._latest)

    def put(self, item: Message | SubscriptionRefused | ProtocolError, size: int) -> bool:
        """Keep it, made of a frame of this length, for the reader. False: this was one too many, and the mailbox has ended."""
        if self.is_ended:
            self.dropped += 1
        elif self._keeps_latest and isinstance(item, Message):
            self.dropped += item.stream in self._latest
            self._latest[item.stream] = item
        # A message that is alone may be of any length: the connection limits that.
        elif len(self._waiting) >= self._queue_max or (self._waiting and self._bytes + size > QUEUE_BYTES_MAX):
            self.dropped += 1
            found = f"{len(self._waiting)} messages ({self._bytes} bytes)"
            self.end(SlowConsumer(f"{found} waited when one more came: read faster, or raise queue_max ({self._queue_max})"))
            return False
        else:
            self._waiting.append((item, size))
            self._bytes += size
        return True

    def end(self, ending: HaversackError | None) -> None:
        """Nothing more will come; what waits can still be read, then `ending` is raised. Only the first end counts."""
        if not self.is_ended:
            self.is_ended = True
            self.ending = ending

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
        self._bytes = 0
        self._latest.clear()

    def take(self) -> Message | HaversackError | None:
        """What waited longest, or None; errors before the messages of KEEP_LATEST."""
        if self._waiting:
            item, size = self._waiting.popleft()
            self._bytes -= size
            return item
        if self._latest:
            return self._latest.pop(next(iter(self._latest)))
        return None


def checked_policy(streams: Iterable[str], queue_max: int, when_full: WhenFull | str) -> WhenFull:
    """The policy; a UsageError if it is none, or if it would lose what cannot be made up for."""
    if queue_max < 1:
        raise UsageError(f"queue_max must be at least 1, found {queue_max}")
    if when_full not in tuple(WhenFull):
        raise UsageError(f"when_full must be one of {', '.join(WhenFull)}; found {when_full!r}")
    if when_full == WhenFull.KEEP_LATEST and (counted := [stream for stream in streams if counts_every_message(stream)]):
        raise UsageError(f"every message of {counted[0]} counts, so that keeping the latest would lose some: read it with 'fail'")
    return WhenFull(when_full)

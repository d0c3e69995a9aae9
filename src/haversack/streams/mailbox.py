"""What waits for one reader, and what becomes of it when the reader is too slow. No loop, no thread."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from enum import StrEnum
from typing import TypeAlias

from haversack.errors import HaversackError, ProtocolError, SlowConsumer, SubscriptionRefused, UsageError
from haversack.streams.interruption import Interrupted
from haversack.streams.names import counts_every_message, says_all_anew
from haversack.wire.events import KlineEvent
from haversack.wire.frames import Message

QUEUE_MAX = 4_096
"""Messages that may wait for one subscription, unless it says otherwise: 3 MiB of one-level depth messages."""
QUEUE_BYTES_MAX = 2 * 1024 * 1024
"""And the length of their frames, whatever it says: decoded they take up to twelve times as much memory (measured)."""

Item: TypeAlias = Message | Interrupted | SubscriptionRefused | ProtocolError
"""What can wait for a reader."""


class WhenFull(StrEnum):
    """What happens to messages that come faster than they are read."""

    FAIL = "fail"
    """The subscription ends with SlowConsumer at the first message that found no room."""
    KEEP_LATEST = "keep_latest"
    """Of each stream only the newest message waits; `dropped` counts the others. For streams whose messages say all anew.

    A closed candle is never replaced: it waits like messages of FAIL."""
    BLOCK = "block"
    """The whole connection is read no further until there is room: nothing is lost, and every other reader waits as well."""


class _Newest:
    """What waits of a stream of which the newest is kept."""

    __slots__ = ("item", "size")

    def __init__(self, item: Message, size: int) -> None:
        self.item = item
        self.size = size


class Mailbox:
    """Messages, markers and errors that wait for one reader, in order. Without `when_full` each stream has its default."""

    def __init__(self, *, queue_max: int = QUEUE_MAX, when_full: WhenFull | None = None) -> None:
        self._queue_max = queue_max
        self._when_full = when_full
        self._waiting: deque[tuple[Item, int] | _Newest] = deque()
        self._newest: dict[str, _Newest] = {}
        """What a newer message of the same stream would replace."""
        self._keeping: dict[str, bool] = {}
        self._bytes = 0
        self._kept = 0
        """Items that nothing replaces."""
        self._dropped: Counter[str] = Counter()
        self.ending: HaversackError | None = None
        self.is_ended = False
        self.dropped = 0
        """Messages that were not kept for the reader."""

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_blocking(self) -> bool:
        """Whether the connection should wait before it reads on."""
        return self._when_full is WhenFull.BLOCK and not self.is_ended and self._is_full(0)

    def dropped_of(self, stream: str) -> int:
        """Messages of one stream that were not kept for the reader."""
        return self._dropped[stream]

    def queued(self) -> Counter[str]:
        """How many messages of each stream wait."""
        items = [each[0] if isinstance(each, tuple) else each.item for each in self._waiting]
        return Counter(item.stream for item in items if isinstance(item, Message))

    def put(self, item: Item, size: int) -> bool:
        """Keep it, made of a frame of this length, for the reader. False: this was one too many, and the mailbox has ended."""
        if self.is_ended:
            self._drop(item)
            return True
        if isinstance(item, Message):
            keeps = self._keeping.get(item.stream)
            if keeps or (keeps is None and self._learn(item.stream)):
                return self._put_newest(item, size)
        return self._append(item, size)

    def end(self, ending: HaversackError | None) -> None:
        """Nothing more will come; what waits can still be read, then `ending` is raised. Only the first end counts."""
        if not self.is_ended:
            self.is_ended = True
            self.ending = ending

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
        self._newest.clear()
        self._bytes = self._kept = 0

    def take(self) -> Item | None:
        """What waited longest, or None. A message that took an older one's place has its place."""
        if not self._waiting:
            return None
        waiting = self._waiting.popleft()
        if isinstance(waiting, tuple):
            item, size = waiting
        else:
            message, size = waiting.item, waiting.size
            if self._newest.get(message.stream) is waiting:
                del self._newest[message.stream]
                return message
            item = message
        self._kept -= 1
        self._bytes -= size
        return item

    def _learn(self, stream: str) -> bool:
        keeps = self._keeping[stream] = (self._when_full or default_policy(stream)) is WhenFull.KEEP_LATEST
        return keeps

    def _put_newest(self, message: Message, size: int) -> bool:
        stream, event = message.stream, message.event
        waiting = self._newest.get(stream)
        if isinstance(event, KlineEvent) and event.is_closed:
            return self._put_closed(message, size)
        if waiting is None:
            # Bounded by the number of streams, so it is not counted.
            self._newest[stream] = waiting = _Newest(message, size)
            self._waiting.append(waiting)
        else:
            self._drop(waiting.item)
            waiting.item, waiting.size = message, size
        return True

    def _put_closed(self, message: Message, size: int) -> bool:
        """A candle has ended: it takes the place of what came before of the same candle, and nothing takes its own."""
        waiting = self._newest.get(message.stream)
        if waiting is None or _start_of(waiting.item) != _start_of(message):
            return self._append(message, size)
        if self._is_full(size):
            return self._fail(message)
        self._drop(waiting.item)
        del self._newest[message.stream]
        waiting.item, waiting.size = message, size
        self._kept += 1
        self._bytes += size
        return True

    def _append(self, item: Item, size: int) -> bool:
        if self._is_full(size) and self._when_full is not WhenFull.BLOCK:
            return self._fail(item)
        self._waiting.append((item, size))
        self._kept += 1
        self._bytes += size
        return True

    def _is_full(self, size: int) -> bool:
        # A message that is alone may be of any length: the connection limits that.
        return self._kept >= self._queue_max or (self._kept > 0 and self._bytes + size > QUEUE_BYTES_MAX)

    def _fail(self, item: Item) -> bool:
        self._drop(item)
        found = f"{self._kept} messages ({self._bytes} bytes)"
        self.end(SlowConsumer(f"{found} waited when one more came: read faster, or raise queue_max ({self._queue_max})"))
        return False

    def _drop(self, item: Item) -> None:
        self.dropped += 1
        if isinstance(item, Message):
            self._dropped[item.stream] += 1


def _start_of(item: Item) -> object:
    return item.event.start_iso if isinstance(item, Message) and isinstance(item.event, KlineEvent) else None


def default_policy(stream: str) -> WhenFull:
    """What is done if a subscription does not say: the latest is kept where it says all, and all else fails loudly."""
    return WhenFull.KEEP_LATEST if says_all_anew(stream) else WhenFull.FAIL


def checked_policy(streams: Iterable[str], queue_max: int, when_full: WhenFull | str | None) -> WhenFull | None:
    """The policy; a UsageError if it is none, or if it would lose what cannot be made up for. None: each stream's own."""
    if queue_max < 1:
        raise UsageError(f"queue_max must be at least 1, found {queue_max}")
    if when_full is None:
        return None
    if when_full not in tuple(WhenFull):
        raise UsageError(f"when_full must be one of {', '.join(WhenFull)}; found {when_full!r}")
    if when_full == WhenFull.KEEP_LATEST and (counted := [stream for stream in streams if counts_every_message(stream)]):
        raise UsageError(f"every message of {counted[0]} counts, so that keeping the latest would lose some: read it with 'fail'")
    return WhenFull(when_full)

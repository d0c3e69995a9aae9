"""What a journal is made of, and what anything that keeps one must be able to do."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Protocol

import msgspec

from haversack.errors import HaversackError, UsageError
from haversack.exchange.engine.command import Command

KEEP = 3_000_000
"""Commands that are kept unless somebody wishes otherwise: more than a day of the crowd's, about 280 MB on disk."""
PACK = 1_000


class JournalUnusable(UsageError):
    """The folder cannot serve as the journal of this exchange. The text says why, and what to do."""


class JournalStopped(HaversackError):
    """A commit failed, so nothing more is accepted: whether its entries are on disk is known after a restart."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One command as it was carried out."""

    now_us: int
    command: Command
    nonce: bytes | None = None
    """What identifies the signed request, so that it is refused a second time, after a restart too."""
    expires_ms: int | None = None
    """When the signature ends, and with it the need to remember the nonce."""


_pack = msgspec.json.Encoder().encode
_unpack = msgspec.json.Decoder(list[Entry]).decode


class CommandLog(Protocol):
    """Where commands are kept."""

    @property
    def blocks(self) -> bool:
        """Whether `append` waits for a disk, and so belongs into a thread."""
        ...

    @property
    def last_seq(self) -> int:
        """Number of the newest entry; the first is 1."""
        ...

    def append(self, batch: Sequence[Entry]) -> None:
        """Keep all entries, or none of them and raise JournalStopped."""
        ...

    @property
    def pruned(self) -> int:
        """Number of the newest entry that is no longer kept; 0 if all are."""
        ...

    def replay(self, after: int = 0) -> Iterator[Entry]:
        """The entries after one, oldest first; JournalUnusable if one of them is no longer kept."""
        ...

    def nonces(self, now_ms: int, after: int = 0) -> list[tuple[bytes, int]]:
        """Nonces of the entries after one that have not expired, each with its end."""
        ...


def check_kept(after: int, pruned: int) -> None:
    """Refuse to replay what is no longer there."""
    if after < pruned:
        raise JournalUnusable(
            f"the first {pruned:,} commands are no longer kept, so nothing can be replayed from the beginning; "
            "an exchange that is started with a larger --keep keeps more of them"
        )


class MemoryJournal:
    """A log for an exchange that lives as long as its process. Old entries are packed, and the oldest forgotten."""

    blocks = False

    def __init__(self, keep: int = KEEP) -> None:
        self._keep = keep
        self._packs: deque[bytes] = deque()
        self._newest: list[Entry] = []
        self.pruned = 0
        """Number of the newest entry that is no longer kept."""

    @property
    def last_seq(self) -> int:
        """Number of the newest entry; the first is 1."""
        return self.pruned + len(self._packs) * PACK + len(self._newest)

    def append(self, batch: Sequence[Entry]) -> None:
        """Keep all entries."""
        self._newest.extend(batch)
        while len(self._newest) >= 2 * PACK:
            self._packs.append(zlib.compress(_pack(self._newest[:PACK]), 1))
            del self._newest[:PACK]
        while len(self._packs) * PACK > self._keep:
            self._packs.popleft()
            self.pruned += PACK

    def replay(self, after: int = 0) -> Iterator[Entry]:
        """The entries after one, oldest first."""
        check_kept(after, self.pruned)
        return self._from(after - self.pruned, tuple(self._packs), tuple(self._newest))

    def nonces(self, now_ms: int, after: int = 0) -> list[tuple[bytes, int]]:
        """Nonces of the entries after one that have not expired, each with its end."""
        marked = [(entry.nonce, entry.expires_ms) for entry in self.replay(after)]
        return [(nonce, end_ms) for nonce, end_ms in marked if nonce and end_ms is not None and end_ms >= now_ms]

    def _from(self, first: int, packs: tuple[bytes, ...], newest: tuple[Entry, ...]) -> Iterator[Entry]:
        for number in range(first // PACK, len(packs)):
            yield from islice(_unpack(zlib.decompress(packs[number])), max(0, first - number * PACK), None)
        yield from islice(newest, max(0, first - len(packs) * PACK), None)

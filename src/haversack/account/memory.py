"""The memory of fills as lines of a file that only grows: what a program that starts again knows of the one before it.

    the view hands out    record: these fills are about to be delivered    written and synced
                          delivery: the fills, to the program
    with the next record  taken: so many were delivered                    written, synced when it comes to that

So a fill that was delivered is always on disk. At a crash between the two, fills are on disk of which nobody knows whether the
program had them: these are delivered again after the start, marked `maybe_repeated`, and they bear the key by which the program
can tell. All others are delivered exactly once. (Marking before the delivery alone would lose them; after it, repeat them
unmarked.)

Each line has a checksum of its own. A torn last line was never synced, so what stood in it was never delivered. If lines that fit
stand behind one that does not, more may be lost than that: what they know is used, and all that the history brings first is
marked `maybe_repeated`. The file is written anew, shorter, whenever it is opened, so nothing is ever written behind a torn line.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from hashlib import blake2b
from typing import TypeAlias

import msgspec

from haversack.account.fills import AccountFill, FillKey, FillMemory
from haversack.errors import UsageError

FORMAT = 1
_CHECKSUM_DIGITS = 8
_FIRST_BODY = b' {"is":"begun",'


class Begun(msgspec.Struct, frozen=True, tag="begun", tag_field="is", omit_defaults=True):
    """The first line: what the file is, and since when fills are wanted. It is said again where that moved back."""

    format: int
    start_ms: int
    account: str | None = None
    """Whose fills: `account_mark` of the key; None in files from before this was noted."""


class Known(msgspec.Struct, frozen=True, tag="known", tag_field="is"):
    """Fills that were delivered before the file was written anew, by key and milliseconds."""

    keys: list[tuple[FillKey, int]]


class Delivering(msgspec.Struct, frozen=True, tag="delivering", tag_field="is"):
    """These fills are about to be delivered."""

    first: int
    """How many stand in the file before them."""
    fills: list[AccountFill]


class Taken(msgspec.Struct, frozen=True, tag="taken", tag_field="is"):
    """So many fills of this file, from its first one on, were delivered for certain."""

    count: int


class Complete(msgspec.Struct, frozen=True, tag="complete", tag_field="is"):
    """The history was read in full up to a moment, and what it told stands before this line."""

    until_ms: int


Entry: TypeAlias = Begun | Known | Delivering | Taken | Complete
_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder[Entry](Entry)


def written(entries: Iterable[Entry]) -> bytes:
    """The lines of these entries."""
    return b"".join([_line(_encoder.encode(entry)) for entry in entries])


def _line(body: bytes) -> bytes:
    return b"%08x %b\n" % (zlib.crc32(body), body)


def account_mark(public_key: str) -> str:
    """What stands for a key in a file."""
    return blake2b(public_key.encode(), digest_size=8).hexdigest()


class Recalled(msgspec.Struct, frozen=True, kw_only=True):
    """What a file tells."""

    memory: FillMemory
    doubtful: list[AccountFill]
    """On disk, and delivered or not: nobody can say."""
    is_damaged: bool
    """Lines were lost that are not the last one: what was delivered may be unknown here."""
    account: str | None = None
    """Whose fills they are, as far as the file says."""


def recalled(content: bytes) -> Recalled:
    """What a file tells. Refuses one that is something else."""
    lines = [_entry(line) for line in content.splitlines(keepends=True)]
    read = [entry for entry in lines if entry is not None]
    if (read and not (isinstance(lines[0], Begun) and lines[0].format == FORMAT)) or (not read and not _is_torn(content)):
        raise UsageError("this file is no memory of fills, or one of another version of this package")
    # Behind a line that does not fit, a moment up to which all is known may rest on what that line said.
    sound = next((index for index, entry in enumerate(lines) if entry is None), len(lines))
    memory = FillMemory()
    account: str | None = None
    fills: dict[int, AccountFill] = {}
    for index, entry in enumerate(lines):
        match entry:
            case Begun():
                memory.begin(entry.start_ms)
                account = entry.account or account
            case Known():
                _remember(memory, entry.keys)
            case Delivering():
                fills |= dict(enumerate(entry.fills, start=entry.first))
                _remember(memory, [(fill.key, fill.time_us // 1_000) for fill in entry.fills])
            case Complete() if index < sound:
                memory.advance(entry.until_ms)
            case _:
                pass
    taken = max((entry.count for entry in read if isinstance(entry, Taken)), default=0)
    doubtful = [fill for number, fill in fills.items() if number >= taken]
    return Recalled(memory=memory, doubtful=doubtful, is_damaged=any(lines[sound:]), account=account)


def rewritten(recall: Recalled) -> bytes:
    """A file that tells the same in fewer bytes: without what is below the floor."""
    memory = recall.memory
    if memory.start_ms is None:
        return b""
    entries: list[Entry] = [Begun(FORMAT, memory.start_ms, recall.account), Known(memory.known())]
    if memory.complete_until_ms is not None:
        entries.append(Complete(memory.complete_until_ms))
    return written([*entries, Delivering(0, recall.doubtful)] if recall.doubtful else entries)


class Record:
    """What a run adds to the file: gathered here, and taken out as the bytes of one write."""

    def __init__(self, recall: Recalled | None) -> None:
        self._is_kept = recall is not None
        self._account = recall.account if recall is not None else None
        self._start_ms = recall.memory.start_ms if recall is not None else None
        self._recorded = len(recall.doubtful) if recall is not None else 0
        self._taken = self._taken_said = 0
        self._entries: list[Entry] = []

    @property
    def is_due(self) -> bool:
        """Whether there is something to write."""
        return bool(self._entries)

    def delivering(self, fills: list[AccountFill], memory: FillMemory) -> None:
        """These will be delivered next."""
        if self._is_kept and fills:
            self._begin(memory)
            self._entries.append(Delivering(self._recorded, fills))
            self._recorded += len(fills)

    def complete(self, memory: FillMemory) -> None:
        """The history was read, and all that it told was given to `delivering`."""
        if self._is_kept and memory.complete_until_ms is not None:
            self._begin(memory)
            self._entries.append(Complete(memory.complete_until_ms))

    def delivered(self, count: int) -> None:
        """So many more were delivered. It is written with the next record: until then they count as doubtful."""
        self._taken += count

    def taken_out(self) -> bytes:
        """What must be on disk before anything else is delivered."""
        entries, self._entries = self._entries, []
        if entries and self._taken > self._taken_said:
            entries.append(Taken(self._taken))
            self._taken_said = self._taken
        return written(entries)

    def farewell(self) -> bytes:
        """How many were delivered, if that was not said yet."""
        if not self._is_kept or self._taken == self._taken_said:
            return b""
        self._taken_said = self._taken
        return written([Taken(self._taken)])

    def _begin(self, memory: FillMemory) -> None:
        if memory.start_ms is not None and memory.start_ms != self._start_ms:
            self._start_ms = memory.start_ms
            self._entries.append(Begun(FORMAT, memory.start_ms, self._account))


def entries_of(content: bytes) -> list[Entry]:
    """All entries of a file that can be read."""
    return [entry for line in content.splitlines(keepends=True) if (entry := _entry(line)) is not None]


def _remember(memory: FillMemory, keys: Iterable[tuple[FillKey, int]]) -> None:
    for key, time_ms in keys:
        memory.remember(key, time_ms)


def _is_torn(content: bytes) -> bool:
    """Whether this can be all that was written of a first line; else it is somebody's file, which must not be overwritten."""
    begun = content.rstrip(b"\0")  # which a file system may add where the power fails
    checksum, body = begun[:_CHECKSUM_DIGITS], begun[_CHECKSUM_DIGITS:]
    is_line = set(checksum) <= set(b"0123456789abcdef") and (body.startswith(_FIRST_BODY) or _FIRST_BODY.startswith(body))
    return is_line and b"\n" not in content


def _entry(line: bytes) -> Entry | None:
    """What stands in a line; None if it is torn or damaged."""
    body = line[_CHECKSUM_DIGITS + 1 : -1]
    if line != _line(body):
        return None
    try:
        entry: Entry = _decoder.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return entry

"""The snapshots in an exchange's folder: named after their journal and the command at which they stand."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from haversack.exchange.journal import Journal
from haversack.exchange.snapshot.content import Header, State, Unsound, header_in, state_in

KEPT = 2
"""The newest one may turn out to be damaged."""
_log = logging.getLogger("haversack.exchange")


def paths(folder: Path, journal: bytes) -> list[Path]:
    """The snapshots of a journal, newest first."""
    return sorted(folder.glob(f"snapshot-{journal.hex()[:8]}-*.jsonl"), reverse=True)


def path_of(folder: Path, header: Header) -> Path:
    """Where a snapshot belongs."""
    return folder / f"snapshot-{header.journal[:8]}-{header.seq:015d}.jsonl"


def stands_at(path: Path) -> int:
    """The command at which a snapshot stands, by its name."""
    return int(path.stem.rpartition("-")[2])


def sound(journal: Journal) -> Iterator[tuple[Header, State]]:
    """The snapshots that a start may rely on, newest first. One that is damaged, or of another past, is passed over."""
    for path in paths(journal.folder, journal.name):
        try:
            yield read(path, journal)
        except (Unsound, OSError) as why:
            _log.warning("the snapshot %s is of no use (%s); what it holds is replayed instead", path, why)


def read(path: Path, journal: Journal) -> tuple[Header, State]:
    """One snapshot; Unsound unless it is one of this journal as it is now."""
    content = path.read_bytes()
    header = header_in(content)
    check(header, journal)
    return header, state_in(header, content)


def check(header: Header, journal: Journal) -> None:
    """Refuse what stands at a command that the journal does not have."""
    if header.journal != journal.name.hex():
        raise Unsound("it belongs to another journal")
    if header.seq < journal.pruned or header.seq > journal.last_seq:
        raise Unsound(f"the journal has commands {journal.pruned + 1} to {journal.last_seq}, and it stands at {header.seq}")
    # The command at which the kept ones begin may be gone.
    if header.seq > journal.pruned and journal.mark(header.seq) != header.mark:
        raise Unsound(f"command {header.seq} of the journal is another one")


def remove_old(folder: Path, journal: bytes) -> list[int]:
    """Remove all but the newest ones; where those that are left stand, newest first."""
    found = paths(folder, journal)
    for path in found[KEPT:]:
        path.unlink(missing_ok=True)
    return [stands_at(path) for path in found[:KEPT]]

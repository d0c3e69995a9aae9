"""A state as a file: the commands that lead to it, one on a line, below a line that says where they start and end.

It fits an exchange with the same markets, assets and seed. What the crowd intends is not in it: the crowd goes on from the books
and prices that it finds, as after a restart. Signatures are not in it either.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from haversack.errors import UsageError
from haversack.exchange.engine.command import Command
from haversack.exchange.journal import Entry
from haversack.exchange.listing import Listing
from haversack.exchange.operator import Operator
from haversack.exchange.venue import new_engine

FORMAT = "haversack scenario 1"

_encode = msgspec.json.encode


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first line."""

    format: str
    genesis: str
    """Listing and seed that it belongs to."""
    now_us: int
    commands: int
    hash: str
    """Of the state that the commands lead to."""


class Line(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One command, and when it was carried out."""

    now_us: int
    command: Command


_header = msgspec.json.Decoder(Header)
_line = msgspec.json.Decoder(Line)


def save(operator: Operator, path: Path) -> Header:
    """Write the file, all of it or nothing; nobody else may read it. The journal must be settled."""
    lines = [_encode(Line(entry.now_us, entry.command)) for entry in operator.log.replay()]
    header = Header(
        format=FORMAT,
        genesis=operator.genesis.decode(),
        now_us=operator.clock.now_us(),
        commands=len(lines),
        hash=operator.venue.engine.state_hash(),
    )
    half = path.with_name(path.name + ".part")
    try:
        half.unlink(missing_ok=True)
        # Made anew and never followed: what stands there under this name is not written through.
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(b"\n".join([_encode(header), *lines, b""]))
        half.replace(path)
    except OSError as error:
        raise UsageError(f"cannot write the scenario {path}: {error.strerror}") from None
    return header


def load(operator: Operator, path: Path) -> tuple[Header, Sequence[Entry]]:
    """What the file holds, after it was tried: it leads to the state that it promises."""
    try:
        first, *others = path.read_bytes().splitlines()
        header = _header.decode(first)
        entries = [Entry(line.now_us, line.command) for line in map(_line.decode, others)]
    except OSError as error:
        raise UsageError(f"cannot read the scenario {path}: {error.strerror}") from None
    except (ValueError, msgspec.DecodeError) as error:
        raise UsageError(f"{path} is no scenario, or is damaged: {error}") from None
    if header.format != FORMAT:
        raise UsageError(f"{path} is a {header.format!r}, and this version reads {FORMAT!r}")
    if header.genesis != operator.genesis.decode():
        raise UsageError(f"the scenario {path} belongs to an exchange with other markets, assets or another seed")
    if len(entries) != header.commands or _outcome(operator.listing, entries) != header.hash:
        raise UsageError(f"{path} is damaged: its commands do not lead to the state that it was saved from")
    return header, entries


def _outcome(listing: Listing, entries: Sequence[Entry]) -> str | None:
    engine = new_engine(listing)
    try:
        for entry in entries:
            engine.apply(entry.command, entry.now_us)
    except (LookupError, AssertionError):
        return None  # A command about an account or a market that does not exist.
    return engine.state_hash()

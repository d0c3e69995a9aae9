"""Tells a full disk from everything else that can be wrong with a folder, however it was noticed."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from shutil import disk_usage

from haversack.errors import HaversackError, UsageError

_FULL = (errno.ENOSPC, errno.EDQUOT)
SAID = "no space left on device"
_BYTES_LEAST = 1 << 20
"""With less than this left no exchange can start: it needs some hundred kilobytes at once."""


class NoSpace(HaversackError):
    """There is no room for what had to be written."""

    hint = "free some, or use another folder"

    def __init__(self, place: Path | str) -> None:
        super().__init__(f"{SAID}: {place}")


def trouble(what: str, place: Path | str, error: OSError) -> HaversackError:
    """The error to raise where something cannot be written: a UsageError that begins with `what`, unless the disk is full."""
    return NoSpace(place) if error.errno in _FULL else UsageError(f"{what}: {error.strerror or error}")


def refuse_missing_folder(path: Path) -> Path:
    """The path of a file that will be written; a UsageError if the folder is not there that it would be in."""
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent} for the file {path.name}")
    return path


def no_space(folder: Path, error: BaseException | None) -> NoSpace | None:
    """The same error by its right name, if it or what is behind it says that the folder's disk is full."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        # SQLite says so in a code of its own, and an I/O error where a part of it is told by the system.
        code: str = getattr(error, "sqlite_errorname", "")
        is_said = code == "SQLITE_FULL" or (isinstance(error, OSError) and error.errno in _FULL)
        if is_said or (code.startswith("SQLITE_IOERR") and is_nearly_full(folder)):
            return NoSpace(folder)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return None


def is_nearly_full(folder: Path) -> bool:
    """Whether too little is left there for an exchange to start."""
    try:
        return disk_usage(_that_exists(folder)).free < _BYTES_LEAST
    except OSError:
        return False


def _that_exists(folder: Path) -> Path:
    return next(each for each in (folder.absolute(), *folder.absolute().parents) if os.path.exists(each))

"""Files that are there as a whole or not at all, whenever the power fails."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path


def write_whole(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file that nobody else may read. Once this returns it is on disk; until then what was there before is.

    Where there is no room for it, nothing is left of it that would take room.
    """
    half = path.with_name(path.name + ".part")
    half.unlink(missing_ok=True)
    # Made anew and never followed: what stands there under this name is not written through.
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        try:
            for piece in pieces:
                _write(handle, piece)
            # Otherwise the name could be on disk before the content is.
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(half, path)
    except BaseException:
        half.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to disk: that of a new file is there only then."""
    if sys.platform == "win32":
        return
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _write(handle: int, piece: bytes) -> None:
    left = memoryview(piece)
    while left:
        left = left[os.write(handle, left) :]

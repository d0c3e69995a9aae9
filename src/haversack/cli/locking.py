"""One command at a time, where two at once would get in each other's way."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from haversack.cli.space import trouble
from haversack.errors import UsageError


@contextmanager
def locked(path: Path, folder: Path, what: str) -> Generator[None]:
    """Hold a lock file while others wait; its folder is made. Errors: UsageError that begins with `what` if it cannot be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except FileExistsError:
        raise UsageError(f"{what}: it is a file") from None
    except OSError as error:
        raise trouble(what, folder, error) from None
    try:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)

"""The file in which fills are remembered: readable by its owner alone, synced before anything is delivered."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from haversack.account.memory import Recalled, recalled, rewritten
from haversack.errors import UsageError


class MemoryFile:
    """A memory of fills on disk. One program at a time: a second one that opens it is refused.

    `account`: the mark of the key that it is opened with. A file of another key is refused, unless the key was changed; one that
    does not say whose it is is taken over.
    """

    def __init__(self, path: str | os.PathLike[str], *, account: str | None = None, key_changed: bool = False) -> None:
        # What a link leads to is locked and replaced, and not the link.
        self._path = Path(path).resolve()
        try:
            self._lock = _locked(self._path.with_name(self._path.name + ".lock"))
            try:
                recall = self._read()
                if account is not None and recall.account not in (None, account) and not key_changed:
                    raise UsageError(
                        f"{self._path} remembers the fills of another key ({recall.account}) than this one ({account}): give "
                        "each account a file of its own, or say key_changed=True if it is the same account with a new key"
                    )
                self.recall: Recalled = msgspec.structs.replace(recall, account=account or recall.account)
                self._handle = self._anew(rewritten(self.recall))
            except BaseException:
                self._unlock()
                raise
        except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
            raise UsageError(f"fills cannot be remembered in {self._path}: {error.strerror}, {error.filename}") from error
        self._length = os.fstat(self._handle).st_size

    def append(self, record: bytes) -> None:
        """Write a record and sync it. If that fails the file is as it was, and what the record says must not be delivered."""
        try:
            _write(self._handle, record)
            os.fsync(self._handle)
        except OSError:
            os.ftruncate(self._handle, self._length)
            raise
        self._length += len(record)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._handle)
        self._unlock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _read(self) -> Recalled:
        if not self._path.exists():
            return recalled(b"")
        if not self._path.is_file():
            raise UsageError(f"fills cannot be remembered in {self._path}: it is no file")
        try:
            return recalled(self._path.read_bytes())
        except UsageError as error:
            raise UsageError(f"{self._path}: {error}") from None

    def _unlock(self) -> None:
        # A process that was forked from this one may have the descriptor too, and closing it here alone would not free the file.
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(self._lock, fcntl.LOCK_UN)
        os.close(self._lock)

    def _anew(self, content: bytes) -> int:
        """Put a file in the place of the old one, whole or not at all; its descriptor, to append to."""
        fresh = self._path.with_name(self._path.name + ".new")
        fresh.unlink(missing_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            _write(handle, content)
            os.fsync(handle)
            fresh.replace(self._path)
            _sync_folder(self._path.parent)
        except BaseException:
            os.close(handle)
            raise
        return handle


def _locked(path: Path) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    if sys.platform == "win32":
        return handle
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise UsageError(
            f"another program remembers its fills in {path.with_suffix('')}: give each account view its own"
        ) from None
    return handle


def _write(handle: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

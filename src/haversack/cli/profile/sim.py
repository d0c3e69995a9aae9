"""The local exchange in the background: found by its folder, started when it is needed, ended when it is not.

Only one process can hold an exchange's folder, and only its owner can open the control socket in it. So an exchange that opens
this door is ours, it is the only one, and the address beside the door is its own.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from haversack.cli.locking import locked
from haversack.cli.space import SAID, NoSpace, is_nearly_full, no_space
from haversack.clock import SystemClock
from haversack.errors import HaversackError
from haversack.exchange.control.place import Whereabouts, find

if TYPE_CHECKING:
    from haversack.cli.profile.config import Settings
    from haversack.cli.profile.opening import Address

END = signal.SIGTERM
START_S_MAX = 30
STOP_S_MAX = 10
LOG_NAME = "exchange.log"
PORT_NAME = "port"
_LOOK_S = 0.02
_LOG_BYTES_MAX = 1_000_000


class SimUnavailable(HaversackError):
    """The local exchange could not be started, or be stopped."""


def ensure(settings: Settings) -> Address:
    """Where the profile's exchange answers; it is started if it does not run."""
    from haversack.cli.profile.opening import Address

    folder = Path(settings["data"])
    found = find(folder)
    if found is None:
        with _lock(folder):
            # Another command may have started it while this one waited.
            found = find(folder) or _start(folder, settings)
    return Address(found.url, found.stream_url)


def end_of(folder: Path) -> NoSpace | None:
    """Why the exchange on a folder is gone, where its log tells that it ran out of space; None otherwise."""
    if find(folder) is not None or not (folder / LOG_NAME).exists():
        return None
    is_full = _last_line(folder / LOG_NAME, 0).startswith(SAID) or is_nearly_full(folder)
    return NoSpace(folder) if is_full else None


def stop(folder: Path) -> bool:
    """End the exchange that runs on a folder, and wait until it has let go of it; False if none does."""
    found = find(folder)
    if found is None:
        return False
    try:
        os.kill(found.pid, END)
    except OSError as error:
        raise SimUnavailable(f"the exchange (process {found.pid}) cannot be stopped: {error.strerror}") from None
    # Its door closes first: it still writes what it has to write after that. Another may have been started there meanwhile.
    if not _waited(lambda: find(folder) != found and (_is_free(folder) or find(folder) is not None), STOP_S_MAX):
        raise SimUnavailable(f"the exchange (process {found.pid}) did not stop within {STOP_S_MAX} s, and still holds {folder}")
    return True


def _start(folder: Path, settings: Settings) -> Whereabouts:
    print(f"haversack: starting the local exchange of the profile {settings.name} ({folder})", file=sys.stderr)
    command = [sys.executable, "-m", "haversack", "exchange", "--port", str(_port_of_last_time(folder)), "--data", str(folder)]
    command += ["--seed", str(settings["seed"]), "--idle", settings["idle"]]
    log = folder / LOG_NAME
    try:
        if log.exists() and log.stat().st_size > _LOG_BYTES_MAX:
            log.unlink()
        with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as output:
            written = log.stat().st_size
            # A session of its own, so that Ctrl-C and the end of the terminal are not its end.
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder, start_new_session=True
            )
    except OSError as error:
        text = f"the local exchange cannot be started: {error.strerror}, {error.filename or folder}"
        raise no_space(folder, error) or SimUnavailable(text) from None
    _waited(lambda: process.poll() is not None or find(folder) is not None, START_S_MAX)
    found = find(folder)
    if found is None:
        status = process.poll()
        process.kill()
        said = "it was not ready in time" if status is None else _last_line(log, written) or f"it ended with {status}"
        if said.startswith(SAID) or is_nearly_full(folder):
            raise NoSpace(folder)
        raise SimUnavailable(f"the local exchange did not start: {said} (its log is {log}; without {folder} it begins anew)")
    with suppress(OSError):
        # Without it the next one takes another port, and nothing is lost.
        (folder / PORT_NAME).write_text(str(urlsplit(found.url).port), encoding="ascii")
    # It outlives this process, on purpose, and must not be waited for when this one ends.
    process.returncode = 0
    return found


def _port_of_last_time(folder: Path) -> int:
    """The port that it had before, so that a stream that is still open finds it again; 0, which is any, if that is taken."""
    try:
        port = int((folder / PORT_NAME).read_text(encoding="ascii"))
        with socket.socket() as trial:
            if sys.platform != "win32":
                # Connections of its last run may still be ending, which does not keep a server from listening.
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(("127.0.0.1", port))
    except (OSError, ValueError, OverflowError):
        return 0
    return port


def _waited(is_so: Callable[[], bool], limit_s: float) -> bool:
    """Whether it became so in time."""
    clock = SystemClock()
    until_us = clock.monotonic_us() + round(limit_s * 1_000_000)
    while not is_so():
        if clock.monotonic_us() > until_us:
            return False
        time.sleep(_LOOK_S)
    return True


def _lock(folder: Path) -> AbstractContextManager[None]:
    """Held by one command at a time; the others wait."""
    return locked(folder.with_name(folder.name + ".starting"), folder, f"the folder {folder} cannot be used")


def _is_free(folder: Path) -> bool:
    """Whether no process holds the folder's journal."""
    if sys.platform == "win32":
        return True
    import fcntl

    from haversack.exchange.journal.file import LOCK_NAME

    try:
        handle = os.open(folder / LOCK_NAME, os.O_RDWR)
    except OSError:  # Whoever removed the folder has freed it, too.
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def _last_line(log: Path, begin: int) -> str:
    """What it said last, from some byte on."""
    with log.open("rb") as file:
        file.seek(begin)
        lines = file.read(_LOG_BYTES_MAX).decode("utf-8", "replace").strip().splitlines()
    return lines[-1].removeprefix("haversack: ") if lines else ""

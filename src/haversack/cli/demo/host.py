"""The exchange of the demo: a process of its own, on a free port of 127.0.0.1, in a folder that is removed at the end."""

from __future__ import annotations

import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import NoReturn

import msgspec

from haversack.errors import HaversackError

START_S_MAX = 30.0
STOP_S_MAX = 5.0
MOURN_S = 0.5
"""Between the first sign of an end, such as a connection that breaks, and the end itself."""

_READY = re.compile(r"ready (http://127\.0\.0\.1:\d+) (ws://127\.0\.0\.1:\d+)\n")
_ENDINGS = ("SIGTERM", "SIGHUP")


class DemoStopped(HaversackError):
    """The demo cannot go on. The text says why, in one line."""


class Host(msgspec.Struct, frozen=True):
    """A running exchange."""

    url: str
    stream_url: str
    process: subprocess.Popen[str]
    errors: Path
    """What the process writes to its standard error."""

    def reason_of_end(self) -> str | None:
        """Why the process is no more; None if it runs."""
        try:
            return _ended(self.process.wait(MOURN_S), self.errors)
        except subprocess.TimeoutExpired:
            return None


@contextmanager
def local_exchange(seed: int) -> Generator[Host]:
    """A new exchange on a folder of its own. Both are gone afterwards, however that comes."""
    with _ended_properly(), _folder() as folder:
        errors = Path(folder, "errors.txt")
        process = _start(Path(folder, "data"), seed, errors)
        try:
            url, stream_url = _wait_until_ready(process, errors)
            yield Host(url, stream_url, process, errors)
        finally:
            _end(process)


def _folder() -> TemporaryDirectory[str]:
    try:
        return TemporaryDirectory(prefix="haversack-demo-", ignore_cleanup_errors=True)
    except OSError as error:
        raise DemoStopped(f"no folder for the exchange's data: {error}") from error


def _start(data: Path, seed: int, errors: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "haversack", "exchange", "--port", "0", "--data", str(data), "--seed", str(seed)]
    try:
        with errors.open("w", encoding="utf-8") as log:
            # A session of its own, so that Ctrl-C reaches this process alone, which then ends the other.
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
            )
    except OSError as error:
        raise DemoStopped(f"the local exchange cannot be started: {error}") from error


def _wait_until_ready(process: subprocess.Popen[str], errors: Path) -> tuple[str, str]:
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    output = process.stdout
    assert output is not None
    # A thread, because not every system can wait for a pipe and for a time at once.
    threading.Thread(target=lambda: lines.put(output.readline()), name="haversack demo", daemon=True).start()
    try:
        line = lines.get(timeout=START_S_MAX)
    except queue.Empty:
        raise DemoStopped(f"the local exchange was not ready within {START_S_MAX:.0f} s") from None
    ready = _READY.fullmatch(line)
    # Nothing but this machine is ever talked to: the library's own default would be the real exchange.
    if ready is None:
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_S_MAX)
        status = process.poll()
        raise DemoStopped(f"the local exchange said {line!r} and not where it is" if status is None else _ended(status, errors))
    return ready[1], ready[2]


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _ended(status: int, errors: Path) -> str:
    said = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f"the local exchange ended with status {status}" + (f": {said[-1].strip()[:300]}" if said else "")


@contextmanager
def _ended_properly() -> Generator[None]:
    """Let a request to end, or a closed terminal, be an exception, so that it cleans up too."""

    def leave(number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    numbers = [getattr(signal, name) for name in _ENDINGS if hasattr(signal, name)]
    before = {number: signal.signal(number, leave) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

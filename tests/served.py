"""A local exchange in a process of its own, served on a free port, as its users start it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

_READY = re.compile(r"ready (http://127\.0\.0\.1:\d+) (ws://127\.0\.0\.1:\d+)\n")


class Served(NamedTuple):
    """Where it is."""

    url: str
    stream_url: str
    process: subprocess.Popen[str]


@contextmanager
def serve(data: Path, *options: str) -> Iterator[Served]:
    """`haversack exchange` on a free port, stopped at the end with SIGTERM."""
    command = [sys.executable, "-m", "haversack", "exchange", "--port", "0", "--data", str(data), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            ready = _READY.fullmatch(process.stdout.readline())
            if ready is None:
                process.kill()
                raise AssertionError(f"the exchange did not say that it is ready: {process.stderr.read()}")
            yield Served(ready[1], ready[2], process)
        finally:
            process.terminate()
            process.wait(timeout=10)

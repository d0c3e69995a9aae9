"""The command as its users run it: a process of its own, with pipes or with a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "haversack"]
TOO_LONG_S = 60


def environment(folder: Path, **changed: str) -> dict[str, str]:
    """This process's environment, with temporary files in a folder that the test can look into."""
    names = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
    return names | {"TMPDIR": str(folder), "TERM": "xterm-256color"} | changed


def run(*arguments: str, cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run it to its end, without a terminal."""
    return subprocess.run(
        [*COMMAND, *arguments], check=False, cwd=cwd, env=env, capture_output=True, text=True, timeout=TOO_LONG_S
    )


def run_in_terminal(*arguments: str, cwd: Path, env: Mapping[str, str]) -> tuple[int, str]:
    """Run it to its end in a pseudo terminal; its exit code and all that it wrote."""
    try:
        ours, theirs = pty.openpty()
    except OSError:
        pytest.skip("this system lends no pseudo terminal: /dev/pts is missing")
    with subprocess.Popen([*COMMAND, *arguments], cwd=cwd, env=env, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        written = b""
        while chunk := _read(ours):
            written += chunk
        os.close(ours)
        return process.wait(TOO_LONG_S), written.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # The other end was closed: that is how a pseudo terminal says that it was all.
        return b""

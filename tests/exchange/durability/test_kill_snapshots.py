"""Killed in the middle of a snapshot, of forgetting, of writing histories: the next start has all that was acknowledged."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from exchange.durability import site_writer
from haversack.exchange.launch import listing_bytes
from haversack.exchange.listing import Listing
from haversack.exchange.verify import verify

KILLS = {"quick": 6, "deep": 300}[os.environ.get("HAVERSACK_DEPTH", "quick")]
TESTS = Path(__file__).resolve().parents[2]


def test_kill_at_any_moment_leaves_a_folder_that_is_sound_and_has_all_that_was_acknowledged(tmp_path: Path) -> None:
    before, unchecked = 0, list[str]()
    for round_ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, site_writer.__file__, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": f"{TESTS}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"},
        ) as writer:
            assert writer.stdout is not None
            acknowledged = [int(writer.stdout.readline()) for _ in range(3 + round_ * 17 % 60)]
            writer.send_signal(signal.SIGKILL)
            acknowledged += [int(line) for line in writer.stdout.read().split("\n")[:-1]]
        assert acknowledged[0] > before
        report = verify(tmp_path, Listing.load(), listing_bytes(None))
        assert report.wrong == []
        unchecked += report.unchecked
        (told,) = [text for text in report.sound if text.startswith("the state after command")]
        before = int(told.split()[4].replace(",", ""))
        assert before >= acknowledged[-1]
    assert unchecked, "nothing was ever forgotten, so nothing of that was tried"

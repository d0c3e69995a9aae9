"""The demo as a stranger meets it: what it shows, how it ends, and that it leaves nothing behind."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from cli.command import COMMAND, environment, run, run_in_terminal

DEMO_S_MAX = 15.0
AGREED = "Balances agree with the fills and fees to the last digit"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a space in its name, for temporary files."""
    made = tmp_path / "temporary files"
    made.mkdir()
    return made


def port_of(output: str) -> int:
    found = re.search(r"http://127\.0\.0\.1:(\d+)", output)
    assert found, f"no address in {output}"
    return int(found[1])


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def read_until(process: subprocess.Popen[str], text: str) -> str:
    assert process.stdout is not None
    seen = ""
    while text not in seen:
        line = process.stdout.readline()
        assert line, f"it ended before it said {text!r}: {seen}"
        seen += line
    return seen


def test_whole_story_is_told_in_plain_lines_without_a_terminal(folder: Path, tmp_path: Path) -> None:
    done = run("demo", "--seed", "8", cwd=tmp_path, env=environment(folder))
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    elapsed = re.search(r"Done in (\d+\.\d) s", done.stdout)
    assert elapsed
    assert float(elapsed[1]) < DEMO_S_MAX
    assert AGREED in done.stdout
    assert "PartiallyFilled" in done.stdout or re.search(r"\d of [\d.]+ were bought\. Order \d+: Cancelled", done.stdout)
    # Which of the two books moves in these seconds is up to the other traders; the rest is the demo's own doing.
    for stream in (r"depth\.(SOL|BTC)_USDC", r"trade\.SOL_USDC", r"account\.orderUpdate", r"account\.balanceUpdate"):
        assert re.search(rf"^   {stream} +\S", done.stdout, re.MULTILINE), f"nothing of {stream}"
    assert list(folder.iterdir()) == []
    assert not is_listening(port_of(done.stdout))


def test_terminal_gets_colour_and_a_book(folder: Path, tmp_path: Path) -> None:
    status, written = run_in_terminal("demo", cwd=tmp_path, env=environment(folder, COLUMNS="80", LINES="24"))
    assert status == 0
    assert "\x1b[" in written
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", written)
    assert "<- your bid" in text or "at the best ask" in text
    assert "Balances agree" in text
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 128 + 15)])
def test_an_interrupted_demo_leaves_nothing_behind(folder: Path, tmp_path: Path, number: int, status: int) -> None:
    env = environment(folder)
    with subprocess.Popen(
        [*COMMAND, "demo"], cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        seen = read_until(process, "Watch two markets")
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (status, "")
    assert list(folder.iterdir()) == []
    assert not is_listening(port_of(seen))


def test_reader_who_leaves_early_is_no_failure_worth_a_word(folder: Path, tmp_path: Path) -> None:
    env = environment(folder)
    with subprocess.Popen(
        [*COMMAND, "demo"], cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        read_until(process, "Ask for the open interest")
        process.stdout.close()
        errors = process.stderr.read()
        process.wait(20)
    assert (process.returncode, errors) == (1, "")
    assert list(folder.iterdir()) == []


def test_seed_that_is_no_number_is_told_in_one_line(folder: Path, tmp_path: Path) -> None:
    done = run("demo", "--seed", "seven", cwd=tmp_path, env=environment(folder))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith('haversack: Invalid value for --seed: unable to convert "seven" into int.')
    assert done.stderr.count("\n") == 1

"""docs/local-exchange.md keeps its word: its programs run, its tests pass, and its commands do what they say."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from cli.command import environment, run
from haversack import Credentials
from haversack.cli.faults import KINDS
from served import serve

pytest_plugins = ["pytester"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "local-exchange.md"
TEXT = PAGE.read_text(encoding="utf-8")
PARTS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
PROGRAMS = [part for part in PARTS if "def test_" not in part]
TESTS = [part for part in PARTS if "def test_" in part]
COMMANDS = re.findall(r"^    haversack (exchange .*)$", TEXT, re.MULTILINE)

ANYIO = "import pytest\n@pytest.fixture(scope='session')\ndef anyio_backend(): return 'asyncio'\n"


def test_there_is_something_to_run() -> None:
    assert (len(PROGRAMS) >= 3, len(TESTS)) == (True, 1)
    assert len(COMMANDS) > 15


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_program_runs_and_everything_adds_up(number: int, tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(PROGRAMS[number], encoding="utf-8")
    command = [sys.executable, "-W", "error", str(path)]
    done = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("[]\n")


def test_its_tests_pass(pytester: pytest.Pytester) -> None:
    (settings,) = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    pytester.makepyprojecttoml(settings + 'filterwarnings = ["error"]\naddopts = "--strict-markers"\n')
    pytester.makeconftest(ANYIO)
    pytester.makepyfile(TESTS[0])
    pytester.runpytest_subprocess("-p", "no:xdist", "-p", "no:asyncio").assert_outcomes(passed=3)


STOPPED = ["exchange verify ./my-exchange"]
"""What is asked of a folder on which no exchange runs."""


def test_its_commands_are_obeyed_one_after_the_other(tmp_path: Path) -> None:
    key = Credentials.generate().public_key
    start, *others = COMMANDS
    assert start.endswith("--data ./my-exchange --seed 7")

    def obeyed(command: str) -> None:
        words = shlex.split(command.replace("--key KEY", f"--key {key}"))
        done = run(*words, cwd=tmp_path, env=environment(tmp_path))
        assert (done.returncode, done.stderr) == (0, ""), command

    with serve(tmp_path / "my-exchange", "--seed", "7"):
        for command in others:
            if command not in STOPPED:
                obeyed(command)
    for command in STOPPED:
        obeyed(command)


def test_every_kind_of_fault_is_named() -> None:
    assert [kind for kind in KINDS if f"`{kind}`" not in TEXT] == []


def test_links_lead_to_files() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (PAGE.parent / target).exists(), target

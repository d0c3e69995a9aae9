"""The README keeps its word: its programs run, its links lead somewhere, and what it counts is so."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from haversack import Credentials
from haversack.wire.catalogue import OPERATIONS
from served import Served, serve

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
# The address that the README tells to start an exchange at; the tests start theirs elsewhere.
ADDRESS = "127.0.0.1:8787"
SECRET = "4odxgSUxFrC/zsKWZF4OQwYAgnNu9hnWH3NxWfLAPz4="


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("exchange")) as served:
        yield served


def run(program: str, served: Served, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run it as a file of its own, with keys in the environment and nothing that could lead to another machine."""
    keys = {"BACKPACK_API_KEY": Credentials.from_secret(SECRET).public_key, "BACKPACK_API_SECRET": SECRET}
    path = folder / "program.py"
    path.write_text(program.replace(ADDRESS, served.url.removeprefix("http://")), encoding="utf-8")
    command = [sys.executable, "-W", "error", str(path)]
    return subprocess.run(command, check=False, env=os.environ | keys, cwd=folder, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_program_runs(number: int, exchange: Served, tmp_path: Path) -> None:
    done = run(PROGRAMS[number], exchange, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_programs_are_those_that_were_promised() -> None:
    firsts = [next(line for line in program.splitlines() if line.startswith("from haversack")) for program in PROGRAMS]
    assert [("AsyncClient" in line, "local" in line or "ManualClock" in line) for line in firsts] == [
        (False, False),
        (True, False),
        (True, False),
        (False, False),
        (False, True),
    ]


def test_first_program_prints_what_it_asks_for(exchange: Served, tmp_path: Path) -> None:
    output = run(PROGRAMS[0], exchange, tmp_path).stdout
    assert "OpenInterest(symbol='SOL_USDC_PERP'" in output
    assert "do-not-send" in output
    assert "Cancelled" in output


def test_streams_of_the_second_program_are_heard(exchange: Served, tmp_path: Path) -> None:
    output = run(PROGRAMS[1], exchange, tmp_path).stdout
    assert "account.orderUpdate OrderUpdate(event=<OrderEvent.FILL" in output


def test_fills_of_the_third_program_are_all_told(exchange: Served, tmp_path: Path) -> None:
    output = run(PROGRAMS[2], exchange, tmp_path).stdout
    assert output.splitlines()[-1].startswith("OrderState.FILLED ")


def test_example_that_the_demo_names_is_the_first_program() -> None:
    assert (ROOT / "examples" / "first.py").read_text(encoding="utf-8") == PROGRAMS[0]


def test_files_that_the_map_names_exist() -> None:
    text = (ROOT / "docs" / "map.md").read_text(encoding="utf-8")
    package = ROOT / "src" / "haversack"
    named = set(re.findall(r"`((?:[a-z_]+/)*[a-z_]+\.(?:py|toml)|(?:[a-z_]+/)+)`", text))
    assert len(named) > 30
    for name in named:
        places = (package / name, package / "exchange" / name, package / "exchange" / "api" / name, ROOT / name)
        assert any(place.exists() for place in places), f"docs/map.md names {name}"


def test_operations_are_counted_rightly() -> None:
    assert f": {len(OPERATIONS)} operations" in README


def test_readme_is_that_of_the_package() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["readme"] == "README.md"

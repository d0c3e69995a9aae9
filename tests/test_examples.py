"""The examples run as they stand, against an exchange on this machine, and bring what they promise."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from served import Served, serve

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
# Where the examples expect an exchange; the tests start theirs elsewhere.
ADDRESS = "127.0.0.1:8787"


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("exchange")) as served:
        yield served


def output(name: str, folder: Path, served: Served | None = None) -> list[str]:
    """What it prints, if it ends well and complains of nothing."""
    program = (EXAMPLES / name).read_text(encoding="utf-8")
    path = folder / name
    path.write_text(program.replace(ADDRESS, served.url.removeprefix("http://")) if served else program, encoding="utf-8")
    command = [sys.executable, "-W", "error", str(path)]
    done = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_quotes_are_placed_and_taken_back(exchange: Served, tmp_path: Path) -> None:
    lines = output("quote.py", tmp_path, exchange)
    assert any(line.startswith("Bid 0.5 at ") and line.endswith(" New") for line in lines)
    assert sum(line.endswith(" cancelled") for line in lines) == 3


def test_history_is_written_into_two_files(exchange: Served, tmp_path: Path) -> None:
    assert output("history.py", tmp_path, exchange) == []
    fills = rows(tmp_path / "fills.csv")
    assert sum(float(fill["quantity"]) for fill in fills) == 1.5
    assert {fill["of"] for fill in fills} == {"SOL"}
    starts = [candle["start"] for candle in rows(tmp_path / "candles.csv")]
    assert starts == sorted(starts)


def test_lost_answer_is_found_out_about(tmp_path: Path) -> None:
    booked, lost = output("lost_answer.py", tmp_path)
    assert booked.startswith("DONE - order ")
    assert lost == "NOT_DONE - the exchange has no such order: the request never arrived, or was refused"


def test_position_is_opened_and_closed_and_what_it_made_is_told(exchange: Served, tmp_path: Path) -> None:
    opened, held, locked, closed, made = output("position.py", tmp_path, exchange)
    assert opened.startswith("Bid 2 for ")
    assert held.startswith("holding 2 from ")
    assert locked.startswith("locked ")
    assert closed.startswith("Ask 2 for ")
    # What it made is the difference between both orders, less the fees.
    paid, received = (Decimal(line.split()[3]) for line in (opened, closed))
    _, profit, _, fees, *_, total = made.split()
    assert (Decimal(profit), Decimal(total)) == (received - paid, received - paid - Decimal(fees))
    assert Decimal(fees) > 0


def test_every_example_has_a_test() -> None:
    # The first program is that of the README, whose test runs it.
    text = Path(__file__).read_text(encoding="utf-8")
    named = {path.name for path in EXAMPLES.glob("*.py")} - {"first.py"}
    assert all(f'"{name}"' in text for name in named)

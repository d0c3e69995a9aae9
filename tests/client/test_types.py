"""What the type checkers make of a call: the answer on one client, an awaitable of it on the other, and wrong arguments."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
from haversack import AsyncClient, CancelPending, Client, Operation, Order, Side

client, later = Client(), AsyncClient()
reveal_type(client.orders.place(symbol="SOL_USDC", side=Side.BID, order_type="Limit", price="141.20", quantity=1))
coroutine = reveal_type(later.orders.place(symbol="SOL_USDC", side="Bid", order_type="Limit", price="141.20", quantity="1.5"))
reveal_type(client.orders.cancel(symbol="SOL_USDC", order_id="5"))
reveal_type(client.markets.open_interest("SOL_USDC_PERP"))
reveal_type(client.markets.ticker(symbol="SOL_USDC"))
reveal_type(client.history.fills(limit=5))
pages = reveal_type(later.history.fills(limit=5))
reveal_type(client.capital.balances())
reveal_type(client.system.time())
class GetNews(Operation[list[int]], frozen=True):
    method, path = "GET", "/api/v1/news"
reveal_type(client.send(GetNews()))
async def wait() -> None:
    reveal_type(await later.send(GetNews()))
    reveal_type(await later.orders.place(symbol="SOL_USDC", side="Bid", order_type="Limit"))
client.orders.place(symbol="SOL_USDC", side="Buy", order_type="Limit")  # wrong word
client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Limit", price=141.2)  # float
client.orders.place(symbol="SOL_USDC", side="Bid")  # missing
unknown = later.orders.place(symbol="SOL_USDC", side="Bid", order_type="Limit", prise="1")  # unknown
later.orders.cancel_all(symbol="SOL_USDC")  # no await
client.orders.place("SOL_USDC", side="Bid", order_type="Limit")  # by position
client.markets.klines("SOL_USDC", interval="7m", start_time_s=5)  # wrong interval
"""

REVEALED = [
    "Order",
    "Coroutine[Any, Any, Order]",
    "Order | CancelPending",
    "list[OpenInterest]",
    "Ticker | None",
    "Page[Fill]",
    "Coroutine[Any, Any, Page[Fill]]",
    "dict[str, Balance]",
    "int",
    "list[int]",
    "list[int]",
    "Order",
]


@pytest.fixture(scope="module")
def verdict(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    file = tmp_path_factory.mktemp("types") / "program.py"
    file.write_text(PROGRAM)
    # A cache of its own: two runs at once would disturb each other's.
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", str(file.parent / "cache"), str(file)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=root)
    assert not done.stderr
    return done.stdout.splitlines()


def test_answers_have_their_types(verdict: list[str]) -> None:
    revealed = [line.split("Revealed type is ")[1].strip('"') for line in verdict if "Revealed type" in line]
    assert [re.sub(r"[a-z_]+\.|builtins\.", "", found) for found in revealed] == REVEALED


def test_wrong_arguments_are_reported_and_nothing_else(verdict: list[str]) -> None:
    lines = PROGRAM.splitlines()
    wanted = {number for number, line in enumerate(lines, start=1) if "  # " in line}
    assert {int(line.split(":")[1]) for line in verdict if ": error:" in line} == wanted

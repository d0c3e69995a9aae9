"""The pytest plugin, in test suites of its own: what a user's tests look like, and how they fail."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = "haversack.local.plugin"

ANYIO = """
import pytest

@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"
"""

ASYNC_TESTS = """
import pytest

async def test_time_moves_by_hand(local_exchange, local_client):
    before_ms = await local_client.system.time()
    await local_exchange.advance(s=5)
    assert await local_client.system.time() == before_ms + 5_000

async def test_order_and_stream(local_exchange, local_client):
    async with local_client.streams() as streams:
        updates = streams.subscribe("account.orderUpdate")
        await updates.sent()
        order = await local_client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Limit", price="90", quantity=1)
        assert (await anext(updates)).event.order_id == order.order_id

@pytest.mark.local_exchange(crowd=False, grants={"USDC": "12.5"})
async def test_marked(local_exchange, local_client):
    assert (await local_client.markets.depth("SOL_USDC")).bids == []
    assert [str(balance.available) for balance in (await local_client.capital.balances()).values()] == ["12.5"]

@pytest.mark.local_exchange(sockets=True, seed=3, markets=["SOL_USDC"])
async def test_sockets(local_exchange, local_client):
    assert local_exchange.url.startswith("http://127.0.0.1:")
    assert [market.symbol for market in await local_client.markets.all()] == ["SOL_USDC"]
    async with local_client.streams() as streams:
        trades = streams.subscribe("trade.SOL_USDC")
        await trades.sent()
        await local_client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Limit", price="90", quantity=1)
        await local_exchange.advance(s=60)
        assert (await anext(trades)).event.symbol == "SOL_USDC"
"""

BLOCKING_TESTS = """
import pytest
from haversack import OutcomeUnknown
from haversack.exchange.faults import AnswerAction, AnswerFault

@pytest.mark.parametrize("sockets", [pytest.param(False), pytest.param(True, marks=pytest.mark.local_exchange(sockets=True))])
def test_lost_answer(sockets, blocking_local_exchange, blocking_local_client):
    client = blocking_local_client
    before_ms = client.system.time()
    blocking_local_exchange.advance(s=5)
    assert client.system.time() == before_ms + 5_000
    blocking_local_exchange.faults.add(AnswerFault(action=AnswerAction.LOSE_ANSWER, operation="PlaceOrder"))
    with pytest.raises(OutcomeUnknown):
        client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Limit", price="90", quantity=1)
    assert len(client.orders.open("SOL_USDC")) == 1

@pytest.mark.local_exchange(crowd=False)
def test_streams(blocking_local_exchange, blocking_local_client):
    with blocking_local_client.streams() as streams:
        updates = streams.subscribe("account.orderUpdate")
        updates.sent(10)
        order = blocking_local_client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Limit", price="90", quantity=1)
        assert updates.next(10).event.order_id == order.order_id

def test_both_faces_are_of_one_exchange(local_exchange, blocking_local_exchange):
    assert blocking_local_exchange.venue is local_exchange.venue
"""


ASYNCIO_MODE = "asyncio_mode = auto\nasyncio_default_fixture_loop_scope = function"


def suite(pytester: pytest.Pytester, tests: str, *, mode: str = "anyio_mode = auto", conftest: str = ANYIO) -> pytest.RunResult:
    pytester.makeini(f"[pytest]\n{mode}\nfilterwarnings = error\naddopts = --strict-markers\n")
    pytester.makeconftest(conftest)
    pytester.makepyfile(tests)
    others = ["no:xdist", "no:cacheprovider", *(() if mode == ASYNCIO_MODE else ("no:asyncio",))]
    return pytester.runpytest_subprocess(*(word for name in others for word in ("-p", name)))


def test_it_is_found_by_pytest_without_being_asked_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"haversack": PLUGIN}


def test_async_tests_under_anyio(pytester: pytest.Pytester) -> None:
    suite(pytester, ASYNC_TESTS).assert_outcomes(passed=4)


@pytest.mark.skipif(find_spec("pytest_asyncio") is None, reason="pytest-asyncio is not installed here")
def test_async_tests_under_pytest_asyncio(pytester: pytest.Pytester) -> None:
    suite(pytester, ASYNC_TESTS, mode=ASYNCIO_MODE, conftest="").assert_outcomes(passed=4)


def test_plain_functions(pytester: pytest.Pytester) -> None:
    suite(pytester, BLOCKING_TESTS, mode="").assert_outcomes(passed=4)


BROKEN = """
def test_money(local_exchange):
    local_exchange.venue.engine._ledger._granted["USDC"] += 10 ** 20

def test_order(blocking_local_exchange, blocking_local_client):
    order = blocking_local_client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Limit", price="90", quantity=1)
    engine = blocking_local_exchange.venue.engine
    account = engine._ledger.find(blocking_local_client.credentials.public_key)
    working = account.open_orders["SOL_USDC"].by_id[int(order.order_id)]
    engine._markets["SOL_USDC"].book.remove(working)
    account.open_orders["SOL_USDC"].remove(working)
"""


def test_what_does_not_add_up_fails_the_test_and_says_what(pytester: pytest.Pytester) -> None:
    result = suite(pytester, BROKEN)
    result.assert_outcomes(passed=2, errors=2)
    result.stdout.fnmatch_lines(["*local exchange does not add up:", "  USDC: * too little is there, of all that was granted"])
    result.stdout.fnmatch_lines(["  order * of account * was accepted, never ended, and does not rest"])


SENSELESS = {
    "sedd=3": "*unexpected keyword argument 'sedd'*",
    "3": "*takes named options only, found 3*",
    "markets=['SOL_EUR']": "*markets must be among *SOL_USDC*; found 'SOL_EUR'*",
    "markets=[]": "*markets must be among *; found none*",
}


def test_a_marker_that_makes_no_sense_says_so(pytester: pytest.Pytester) -> None:
    tests = "import pytest\n" + "".join(
        f"@pytest.mark.local_exchange({marker})\ndef test_{number}(local_exchange): ...\n"
        for number, marker in enumerate(SENSELESS)
    )
    result = suite(pytester, tests)
    result.assert_outcomes(errors=len(SENSELESS))
    result.stdout.fnmatch_lines(list(SENSELESS.values()))


def test_markers_of_a_module_a_class_and_a_test_add_up(pytester: pytest.Pytester) -> None:
    tests = """
import pytest
pytestmark = pytest.mark.local_exchange(crowd=False, seed=1)

@pytest.mark.local_exchange(seed=2)
class TestClass:
    @pytest.mark.local_exchange(seed=3)
    def test_it(self, local_exchange):
        settings = local_exchange.venue.settings
        assert (settings.has_crowd, settings.seed) == (False, 3)
"""
    suite(pytester, tests).assert_outcomes(passed=1)


def test_who_does_not_use_it_does_not_pay_for_it() -> None:
    program = (
        f"import sys, pytest\nbefore = set(sys.modules)\nimport {PLUGIN}\n"
        "print(*sorted(name for name in set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["haversack", "haversack.local", PLUGIN]

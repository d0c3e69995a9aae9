"""A pytest plugin: an exchange for each test that asks for one. pytest finds it by itself once the package is installed.

    async def test_my_bot(local_exchange, local_client):
        await local_client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Market", quantity=1)
        await local_exchange.advance(s=5)

Fixtures: `local_exchange` and `local_client` for async tests under any plugin for asyncio, `blocking_local_exchange` and
`blocking_local_client` for plain functions. In one test they are all of the same exchange. It stands on a clock that only the
test moves, has no socket, and is audited at the end. `@pytest.mark.local_exchange(sockets=True, seed=3, markets=["SOL_USDC"])`
takes what LocalExchange takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from haversack.client.aio import AsyncClient
    from haversack.client.blocking import Client
    from haversack.local.blocking import BlockingLocalExchange
    from haversack.local.exchange import LocalExchange

# Nothing else of this package is imported here: whoever does not use the fixtures must not pay for them.

_MARKER = "local_exchange(**options): how the exchange of this test shall be; takes what haversack.local.LocalExchange takes"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def local_exchange(request: pytest.FixtureRequest) -> Iterator[LocalExchange]:
    """An exchange of this test's own, running, on a clock that only the test moves: `await local_exchange.advance(s=5)`."""
    from haversack.clock import ManualClock
    from haversack.errors import UsageError
    from haversack.local.exchange import LocalExchange

    try:
        options: dict[str, Any] = {"clock": ManualClock(), **_options(request)}
        exchange = LocalExchange(**options)
    except (TypeError, UsageError) as error:
        raise pytest.UsageError(f"@pytest.mark.local_exchange: {error}") from None
    exchange.start()
    try:
        yield exchange
        found = exchange.problems()
    finally:
        exchange.stop()
    if found:
        pytest.fail("the local exchange does not add up:\n  " + "\n  ".join(found), pytrace=False)


@pytest.fixture
def local_client(local_exchange: LocalExchange) -> AsyncClient:
    """An async client of `local_exchange`, with an account and paper money. It needs no closing."""
    return local_exchange.client()


@pytest.fixture
def blocking_local_exchange(local_exchange: LocalExchange) -> BlockingLocalExchange:
    """The same exchange for plain functions: `blocking_local_exchange.advance(s=5)`."""
    from haversack.local.blocking import BlockingLocalExchange

    return BlockingLocalExchange.on(local_exchange)


@pytest.fixture
def blocking_local_client(blocking_local_exchange: BlockingLocalExchange) -> Iterator[Client]:
    """A blocking client of the same exchange, with an account of its own."""
    with blocking_local_exchange.client() as client:
        yield client


def _options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the markers say, the nearest one first: of the test, its class, its module."""
    node: pytest.Item = request.node
    options: dict[str, Any] = {}
    for marker in node.iter_markers("local_exchange"):
        if marker.args:
            raise pytest.UsageError(f"@pytest.mark.local_exchange takes named options only, found {marker.args[0]!r}")
        options = {**marker.kwargs, **options}
    return options

"""An exchange and its clients in one process: no key, no network, no socket.

async with LocalExchange(seed=7) as exchange, exchange.client() as client:
    print(await client.markets.depth("SOL_USDC"))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from haversack.local.blocking import BlockingLocalExchange
    from haversack.local.exchange import LocalExchange

__all__ = ["BlockingLocalExchange", "LocalExchange"]

# Imported when they are first used: pytest imports this room for its plugin in every run, whoever uses it.
_HOMES = {"BlockingLocalExchange": "blocking", "LocalExchange": "exchange"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

"""An exchange and its clients in one process: no key, no network, no socket.

async with LocalExchange(seed=7) as exchange, exchange.client() as client:
    print(await client.markets.depth("SOL_USDC"))
"""

from haversack.local.exchange import LocalExchange

__all__ = ["LocalExchange"]

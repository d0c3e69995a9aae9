"""A server that gives one answer to everything, in a process of its own: what is measured against it is the client alone."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

ORDER = (
    b'{"clientId":7,"createdAt":1788285244094,"executedQuantity":"0","executedQuoteQuantity":"0","id":"59669287267",'
    b'"orderType":"Limit","postOnly":false,"price":"141.2","quantity":"1.5","reduceOnly":null,"relatedOrderId":null,'
    b'"selfTradePrevention":"RejectTaker","side":"Bid","status":"New","stopLossLimitPrice":null,"stopLossTriggerBy":null,'
    b'"stopLossTriggerPrice":null,"strategyId":null,"symbol":"SOL_USDC","takeProfitLimitPrice":null,'
    b'"takeProfitTriggerBy":null,"takeProfitTriggerPrice":null,"timeInForce":"GTC","triggerBy":null,"triggerPrice":null,'
    b'"triggerQuantity":null,"triggeredAt":null}'
)


def answer(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Constant(asyncio.Protocol):
    """Answers when a request is whole: urllib3 sends head and body in two pieces."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.waiting = b""

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        if self.waiting.startswith(b"GET"):
            reply = TIME if self.waiting.endswith(b"\r\n\r\n") else b""
        else:
            reply = PLACED if self.waiting.endswith(b"}") else b""
        if reply:
            self.transport.write(reply)
            self.waiting = b""


TIME, PLACED = answer(b"1788285151083"), answer(ORDER)


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Constant, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


@contextmanager
def constant_server() -> Iterator[int]:
    """Its port."""
    command = [sys.executable, "-m", "benchmarks.constant_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.terminate()


if __name__ == "__main__":
    asyncio.run(serve())

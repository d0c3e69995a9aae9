"""Handshakes that go wrong: what is tried again, what is fatal, and how long one that is swallowed may cost."""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve

from haversack.errors import ConnectFailed, UntrustedServer
from haversack.streams.aio import AsyncStreams
from haversack.streams.socket_aiohttp import connect_aiohttp
from haversack.streams.transport import FrameSocket
from rest.certificate import self_signed, self_signed_pem
from sockets.faults import CutAfter, How
from sockets.proxy import Line, Proxy
from sockets.storms import HEALED_S_MAX, QUICK
from streams.link import Link, frame
from streams.network import RESTART
from streams.virtual import LoopClock, run


def test_a_handshake_that_is_swallowed_is_given_up_soon_enough_for_a_book_to_be_back_in_time() -> None:
    links, clock = [Link(), Link()], LoopClock()
    swallowed_us: list[int] = []
    found_us: list[int] = []

    async def connect(url: str) -> FrameSocket:
        if len(links) == 1 and not swallowed_us:
            swallowed_us.append(clock.monotonic_us())
            await asyncio.Event().wait()
        if swallowed_us:
            found_us.append(clock.monotonic_us())
        return await links.pop(0)(url)

    async def main() -> None:
        first = links[0]
        async with AsyncStreams("ws://127.0.0.1:1", clock=clock, connect=connect, backoff=QUICK) as streams:
            await streams.subscribe("depth.A").sent()
            first.say(RESTART)
            await links[0].requests(1)

    run(main())
    assert found_us[0] - swallowed_us[0] < (HEALED_S_MAX - 0.5) * 1_000_000


async def one_message(connection: ServerConnection) -> None:
    """Tell one message, and hang up without a word."""
    await connection.recv()
    await connection.send(frame("depth.A"))
    connection.transport.abort()


@asynccontextmanager
async def encrypted(host: str = "127.0.0.1", days: int = 36_500) -> AsyncIterator[tuple[int, str]]:
    """A server whose certificate says that host: its port, and its address as 127.0.0.1."""
    context: ssl.SSLContext = self_signed(host, days)
    async with serve(one_message, "127.0.0.1", 0, ssl=context) as serving:
        port = next(iter(serving.sockets)).getsockname()[1]
        yield port, f"wss://127.0.0.1:{port}"


async def told(trusted: Path, *arguments: str) -> list[str]:
    """What a program says that trusts these certificates, of each address."""
    environment = os.environ | {"SSL_CERT_FILE": str(trusted), "PYTHONPATH": os.pathsep.join(sys.path)}
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sockets.tls", *arguments), stdout=asyncio.subprocess.PIPE, env=environment
    )
    said, _ = await asyncio.wait_for(program.communicate(), 60)
    return said.decode().splitlines()


async def test_who_cannot_be_trusted_is_fatal_at_once_and_after_a_loss_and_a_broken_handshake_is_not(tmp_path: Path) -> None:
    trusted = tmp_path / "trusted.pem"
    known = [("127.0.0.1", 36_500), ("127.0.0.2", 36_500), ("127.0.0.1", 30)]
    trusted.write_bytes(b"".join(self_signed_pem(*each) for each in known))

    def breaks_some(proxy: Proxy, line: Line) -> None:
        # The first is well; of the next the handshake is cut at one place or another; then all is well.
        places = {2: 0, 3: 1, 4: 100, 5: 700}
        proxy.to_client = CutAfter(places[line.number]) if line.number in places else None

    async with (
        encrypted() as (port, good),
        encrypted("127.0.0.2") as (_, elsewhere),
        encrypted(days=30) as (_, expired),
        Proxy(port, on_line=breaks_some) as proxy,
    ):
        shaky = f"wss://127.0.0.1:{proxy.port}"
        said = await told(trusted, good, elsewhere, expired, f"{good},{elsewhere}", f"{good},{expired}", shaky)
        lines = len(proxy.lines)
    fatal = "UntrustedServer"
    assert said == ["message message", fatal, fatal, f"message {fatal}", f"message {fatal}", "message message"]
    assert lines == 6


@pytest.mark.parametrize("how", [How.RESET, How.CLOSE])
async def test_a_tls_handshake_that_is_cut_anywhere_is_a_failed_connection_unless_a_bad_certificate_was_seen(how: How) -> None:
    seen: set[type[ConnectFailed]] = set()
    async with encrypted() as (port, _), Proxy(port) as proxy:
        for after in (0, 1, 5, 50, 122, 200, 400, 2_000):
            proxy.to_client = CutAfter(after, how)
            with pytest.raises(ConnectFailed) as caught:
                await connect_aiohttp(f"wss://127.0.0.1:{proxy.port}")
            seen.add(caught.type)
            assert after > 100 or caught.type is ConnectFailed
    assert seen == {ConnectFailed, UntrustedServer}

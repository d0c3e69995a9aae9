"""A program with its own idea of whom to trust: what it says of stream servers, one after the other.

What a program trusts is read from the environment when it starts, so that this runs in a process of its own:
`python -m sockets.tls wss://...`. With an address it opens a stream connection; with two it opens one to the first, and goes
to the second when that is lost.
"""

from __future__ import annotations

import asyncio
import sys

from haversack.errors import HaversackError
from haversack.streams.aio import AsyncStreams
from haversack.streams.backoff import Backoff
from haversack.streams.socket_aiohttp import connect_aiohttp
from haversack.streams.transport import FrameSocket


async def said_of(*urls: str) -> str:
    """The messages that came, and how it ended."""
    left = list(urls)
    said: list[str] = []

    async def connect(_url: str) -> FrameSocket:
        return await connect_aiohttp(left.pop(0) if len(left) > 1 else left[0])

    streams = AsyncStreams(urls[0], connect=connect, backoff=Backoff(first_s=0.01, longest_s=0.05))
    try:
        async with asyncio.timeout(20), streams:
            async for _ in streams.subscribe("depth.A"):
                said.append("message")
                if len(said) == 2:
                    break
    except HaversackError as error:
        said.append(type(error).__name__)
    return " ".join(said)


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(asyncio.run(said_of(*argument.split(","))))

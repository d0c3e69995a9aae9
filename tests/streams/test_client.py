"""How a client opens streams: with its address, its keys and its clock."""

import json
import subprocess
import sys

from haversack.client.aio import AsyncClient
from haversack.client.blocking import Client
from haversack.clock import ManualClock
from haversack.credentials import Credentials
from haversack.signing import Verifier
from streams.link import Link, frame

KEYS = Credentials.generate()
URL = "ws://127.0.0.1:8787"


def is_signed_by_the_client(link: Link, clock: ManualClock) -> bool:
    key, signature, timestamp, window = json.loads(link.sent[0])["signature"]
    text = f"instruction=subscribe&timestamp={clock.now_us() // 1_000}&window=60000"
    return (timestamp, window) == (str(clock.now_us() // 1_000), "60000") and Verifier.verify(key, text.encode(), signature)


async def test_async_client_opens_streams() -> None:
    link, clock = Link(), ManualClock()
    client = AsyncClient(KEYS, stream_url=URL, clock=clock, window_ms=60_000)
    async with client, client.streams(connect=link) as streams:
        subscription = streams.subscribe("account.balanceUpdate")
        await subscription.sent()
        link.say(frame("account.balanceUpdate"))
        assert (await anext(subscription)).stream == "account.balanceUpdate"
    assert link.url == URL
    assert is_signed_by_the_client(link, clock)


def test_blocking_client_opens_streams() -> None:
    link, clock = Link(), ManualClock()
    with Client(KEYS, stream_url=URL, clock=clock, window_ms=60_000) as client, client.streams(connect=link) as streams:
        streams.subscribe("account.balanceUpdate").sent(5)
    assert link.url == URL
    assert is_signed_by_the_client(link, clock)


def test_a_client_without_streams_loads_nothing_for_them() -> None:
    program = (
        "import sys, haversack.client.aio, haversack.client.blocking; print({'aiohttp', 'haversack.streams'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"

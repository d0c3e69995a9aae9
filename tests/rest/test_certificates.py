"""Whom the client believes: a server whose certificate is trusted, is for that host, and is still good. Nobody else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rest.certificate import self_signed, self_signed_pem
from rest.loopback import Loopback, http

PROGRAM = """
import asyncio, sys
from haversack import AsyncClient, Client, Retry, TransportError
url, once = sys.argv[1], Retry(attempts_max=1)
def blocking():
    with Client(base_url=url, retry=once) as client:
        return client.system.ping()
async def later():
    async with AsyncClient(base_url=url, retry=once) as client:
        return await client.system.ping()
for ask in (blocking, lambda: asyncio.run(later())):
    try:
        print(ask())
    except TransportError as error:
        print(type(error).__name__)
"""


@pytest.mark.parametrize(
    ("host", "days", "is_trusted", "answer"),
    [
        ("127.0.0.1", 36_500, True, "pong"),
        ("127.0.0.1", 36_500, False, "UntrustedServer"),
        ("127.0.0.2", 36_500, True, "UntrustedServer"),
        ("127.0.0.1", 30, True, "UntrustedServer"),
    ],
    ids=["trusted", "signed by nobody", "for another host", "expired"],
)
def test_only_a_good_certificate_is_answered_to(host: str, days: int, is_trusted: bool, answer: str, tmp_path: Path) -> None:
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(self_signed_pem(host, days) if is_trusted else self_signed_pem("127.0.0.3"))
    with Loopback(http(200, b"pong"), tls=self_signed(host, days)) as server:
        # What is trusted is read from the environment when a program starts.
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, server.url],
            check=False,
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[2],
            env={"SSL_CERT_FILE": str(trusted)},
            timeout=60,
        )
    assert (done.stdout.split(), done.stderr) == ([answer, answer], "")
    assert len(server.requests) == (2 if answer == "pong" else 0)

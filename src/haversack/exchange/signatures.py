"""A process that does nothing but check signatures: who asks it, and what runs in it.

A question is the length of what follows, four bytes, and a list of claims; the answer is one byte for each, in their order,
in pieces. The process ends when nobody holds the other end of its socket any more, however that came.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from haversack.signing import Verifier

_READY = b"+"
_AT_ONCE = 4
"""Claims that are answered together: whoever asked can go on while the next ones are checked (fastest of 2, 4, 8 and 16)."""


class Claim(NamedTuple):
    """What a request says of itself: that the holder of the key signed the message."""

    key: str
    message: bytes
    signature: str

    def is_true(self) -> bool:
        """Whether it is so."""
        return Verifier.verify(self.key, self.message, self.signature)


_encode = msgspec.msgpack.Encoder().encode


class SignatureProcess(asyncio.Protocol):
    """The process, seen by who asks it."""

    def __init__(self, told: Callable[[bytes], None], failed: Callable[[str], None]) -> None:
        self._told = told
        self._failed = failed
        self._process: subprocess.Popen[bytes] | None = None
        self._transport: asyncio.Transport | None = None
        self._ready: asyncio.Future[None] | None = None
        self._owed = 0
        self._is_closed = False

    async def start(self) -> None:
        """Start it, and wait until it listens; OSError if it does not."""
        loop = asyncio.get_running_loop()
        self._ready = loop.create_future()
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = _spawned(theirs)
                self._transport, _ = await loop.create_connection(lambda: self, sock=ours)
            except BaseException:
                ours.close()
                raise
        await self._ready

    def ask(self, claims: Sequence[Claim]) -> None:
        """Have them checked."""
        assert self._transport is not None, "ask() before start()"
        self._owed += len(claims)
        question = _encode(claims)
        self._transport.write(len(question).to_bytes(4, "big") + question)

    def close(self) -> None:
        """End it, and tell nothing more."""
        self._is_closed = True
        if self._transport is not None:
            self._transport.abort()
        if self._process is not None:
            # It has nothing to put in order.
            self._process.kill()
            self._process.wait()

    def data_received(self, data: bytes) -> None:
        """It listens, or answers."""
        if self._is_closed:
            return
        assert self._ready is not None, "data before start()"
        if not self._ready.done():
            self._ready.set_result(None)
            data = data[len(_READY) :]
        self._owed -= len(data)
        if self._owed < 0:
            self._failed("it answered what nobody asked")
        elif data:
            self._told(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        if self._is_closed:
            return
        if self._ready is not None and not self._ready.done():
            self._ready.set_exception(OSError("it ended at its start"))
        else:
            self._failed("it ended")


def _spawned(door: socket.socket) -> subprocess.Popen[bytes]:
    # Nobody else's modules from the present folder, and none of the signals that the terminal sends.
    command = [sys.executable or "", "-P", "-m", __name__]
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(command, stdin=door.fileno(), stdout=nowhere, stderr=nowhere, start_new_session=True)


def serve() -> None:
    """Answer on standard input, which is a socket, until its other end is closed."""
    decode = msgspec.msgpack.Decoder(list[Claim]).decode
    with socket.socket(fileno=os.dup(0)) as door, door.makefile("rb") as questions:
        door.sendall(_READY)
        while len(length := questions.read(4)) == 4:
            claims = decode(questions.read(int.from_bytes(length, "big")))
            for first in range(0, len(claims), _AT_ONCE):
                door.sendall(bytes([claim.is_true() for claim in claims[first : first + _AT_ONCE]]))


if __name__ == "__main__":
    try:
        serve()
    except (ConnectionError, msgspec.DecodeError):
        # Who asked has gone, perhaps in the middle of a question.
        sys.exit(1)

"""A server of one market's stream: raw frames, made beforehand, in a process of its own; and the snapshot that they continue.

    python -m benchmarks.stream_server COUNT     its port on standard output; it ends after RUN_S_MAX at the latest

`GET /api/v1/depth` is answered with the snapshot. A WebSocket connection to `/stream/RATE/BURST/COUNT` gets frames once it has
asked for anything: WARM of them slowly, then a pause, then COUNT of them, BURST at a time, at RATE a second; as fast as it takes
them if RATE is 0. Every frame changes one level (`benchmarks.depth_worker` makes them), one in forty the best of its side, and
their numbers leave out none.
"""

from __future__ import annotations

import base64
import hashlib
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from benchmarks.constant_server import answer
from benchmarks.depth_worker import frame, snapshot

FRAMES_MAX = 200_000
WARM, WARM_RATE = 200, 500
"""Enough for every client to have asked for its snapshot."""
PAUSE_S = 0.5
RUN_S_MAX = 600.0
PATIENCE_S = 10.0
"""How long a client may take nothing."""
PIECE = 512
"""Frames that are sent at once where the rate is not bounded."""
_KEY_SUFFIX = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_SNAPSHOT = answer(snapshot())
_UNKNOWN = answer(b"no such path", "404 Not Found")


class Frames:
    """What a client is sent, one WebSocket frame after the other."""

    def __init__(self, count: int) -> None:
        dice = random.Random(1)
        self._bytes = bytearray()
        self._ends = [0]
        for number in range(1, count + 1):
            payload = frame(number, 1, dice, nearest=1)
            # An unmasked text frame of up to 64 KiB.
            self._bytes += bytes((0x81, 126)) + len(payload).to_bytes(2, "big") + payload
            self._ends.append(len(self._bytes))

    def between(self, first: int, last: int) -> memoryview:
        """The bytes of the frames from the one after `first` to `last`."""
        return memoryview(self._bytes)[self._ends[first] : self._ends[last]]


def serve(door: socket.socket, frames: Frames) -> None:
    """Until the process ends; each connection has a thread."""
    while True:
        connection, _ = door.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(PATIENCE_S)
        threading.Thread(target=_talk, args=(connection, frames), daemon=True).start()


def _talk(connection: socket.socket, frames: Frames) -> None:
    with connection, suppress(OSError):
        while head := _head(connection):
            path = head.split(b" ", 2)[1].decode()
            if path.startswith("/stream/"):
                _upgrade(connection, head)
                _stream(connection, frames, *map(int, path.split("/")[2:5]))
                return
            connection.sendall(_SNAPSHOT if path.startswith("/api/v1/depth?") else _UNKNOWN)


def _head(connection: socket.socket) -> bytes:
    """A request without a body; nothing once the client has gone."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = connection.recv(65_536)
        if not piece:
            return b""
        head += piece
    return head


def _upgrade(connection: socket.socket, head: bytes) -> None:
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in head.split(b"\r\n"))}
    accept = base64.b64encode(hashlib.sha1(fields[b"sec-websocket-key"] + _KEY_SUFFIX).digest())
    lines = (
        b"HTTP/1.1 101 Switching Protocols",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Accept: " + accept,
    )
    connection.sendall(b"\r\n".join((*lines, b"", b"")))


def _stream(connection: socket.socket, frames: Frames, rate: int, burst: int, count: int) -> None:
    connection.recv(65_536)  # What it asks for is known.
    _pour(connection, frames, 0, WARM, rate=WARM_RATE, burst=1)
    time.sleep(PAUSE_S)
    _pour(connection, frames, WARM, WARM + count, rate=rate, burst=burst)
    while connection.recv(65_536):
        pass  # Until it goes, or says nothing for too long.


def _pour(connection: socket.socket, frames: Frames, first: int, last: int, *, rate: int, burst: int) -> None:
    """Each burst at its time; one that is late goes at once."""
    started_s = time.monotonic()
    step = burst if rate else PIECE
    for number in range(first, last, step):
        early_s = started_s + (number - first) / rate - time.monotonic() if rate else 0.0
        if early_s > 0:
            time.sleep(early_s)
        connection.sendall(frames.between(number, min(number + step, last)))


@contextmanager
def stream_server(count: int = FRAMES_MAX) -> Iterator[int]:
    """Its port; `count` is the most that a client can ask for."""
    command = [sys.executable, "-m", "benchmarks.stream_server", str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.kill()


def main(count: int) -> None:
    end = threading.Timer(RUN_S_MAX, os._exit, (1,))
    end.daemon = True
    end.start()
    frames = Frames(WARM + count)
    door = socket.create_server(("127.0.0.1", 0), backlog=16)
    sys.stdout.write(f"{door.getsockname()[1]}\n")
    sys.stdout.flush()
    serve(door, frames)


if __name__ == "__main__":
    main(int(sys.argv[1]))

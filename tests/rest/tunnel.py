"""A proxy on this machine that tunnels, or refuses to, and remembers what it was asked."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self

from rest.loopback import read_request


class Tunnel:
    """Answers every CONNECT with `reply`; after a 200 it hands bytes to and fro."""

    def __init__(self, reply: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n") -> None:
        self.asked: list[bytes] = []
        self._reply = reply
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = [self._listener]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._sockets.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError, ValueError), client.makefile("rb", buffering=0) as reader:
            request = read_request(reader.readline, reader.read)
            if not request:
                return
            self.asked.append(request)
            client.sendall(self._reply)
            if b" 200 " not in self._reply:
                client.close()
                return
            host, _, port = request.split()[1].decode().rpartition(":")
            server = socket.create_connection((host, int(port)))
            self._sockets.append(server)
            threading.Thread(target=_pour, args=(server, client), daemon=True).start()
            _pour(client, server)


def _pour(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)

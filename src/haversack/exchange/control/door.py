"""The control plane's own door: a socket in the data folder that only the folder's owner can open.

Where there is no such socket, or its path would be too long, it is a port on 127.0.0.1, and a file that only the owner can read
holds the word that opens it. Neither speaks HTTP, so no web page reaches it.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, cast

import msgspec

from haversack.clock import secret_bytes
from haversack.errors import HaversackError
from haversack.exchange.control.desk import ControlDesk
from haversack.exchange.control.place import SOCKET_NAME, TOKEN_NAME, Password
from haversack.exchange.control.words import Ask, Envelope, Refusal

SOCKET_PATH_BYTES_MAX = 100
"""Systems differ (104 to 108 with the byte that ends it); this fits all of them."""
LINE_BYTES_MAX = 1 << 20
CALLERS_MAX = 16
LINE_S_MAX = 10
"""How long a line may take to arrive."""

_log = logging.getLogger("haversack.exchange")
_envelopes = msgspec.json.Decoder(Envelope)


@asynccontextmanager
async def control_door(folder: Path, desk: ControlDesk) -> AsyncGenerator[None]:
    """Open until the block is left. Files of an exchange that was killed are replaced: the folder is locked by this one."""
    path = folder / SOCKET_NAME
    for name in (SOCKET_NAME, TOKEN_NAME):
        (folder / name).unlink(missing_ok=True)
    try:
        if has_room_for_a_socket(path):
            listening = _unix_socket(path)
            server = await asyncio.start_unix_server(_Door(desk, None).answer, sock=listening, limit=LINE_BYTES_MAX)
        else:
            token = secret_bytes(32).hex()
            server = await asyncio.start_server(_Door(desk, token).answer, "127.0.0.1", 0, limit=LINE_BYTES_MAX)
            _write_password(folder / TOKEN_NAME, Password(server.sockets[0].getsockname()[1], token))
        try:
            yield
        finally:
            server.close()
    finally:
        for name in (SOCKET_NAME, TOKEN_NAME):
            with suppress(OSError):
                (folder / name).unlink(missing_ok=True)


def has_room_for_a_socket(path: Path) -> bool:
    """Whether a socket can have this path."""
    return hasattr(socket, "AF_UNIX") and len(os.fsencode(path)) <= SOCKET_PATH_BYTES_MAX


def _unix_socket(path: Path) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # So that there is no moment at which others could connect.
    mask = os.umask(0o177)
    try:
        listening.bind(os.fspath(path))
    except BaseException:
        listening.close()
        raise
    finally:
        os.umask(mask)
    return listening


def _write_password(path: Path, password: Password) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.encode(password))


class _Door:
    def __init__(self, desk: ControlDesk, token: str | None) -> None:
        self._desk = desk
        self._token = token
        self._callers = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one caller's lines, one after the other, until it goes or says something that makes no sense."""
        self._callers += 1
        try:
            while self._callers <= CALLERS_MAX:
                async with asyncio.timeout(LINE_S_MAX):
                    line = await reader.readline()
                answer, is_caller = await self._answer(line) if line else (None, False)
                if answer is not None:
                    writer.write(msgspec.json.encode(answer) + b"\n")
                    await writer.drain()
                if not is_caller:
                    return
        except (ConnectionError, TimeoutError, ValueError):
            pass  # It went, took too long, or sent a line that is too long.
        finally:
            self._callers -= 1
            writer.close()

    async def _answer(self, line: bytes) -> tuple[object, bool]:
        """The answer, if any, and whether to listen on."""
        try:
            envelope = _envelopes.decode(line)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            # Whoever has not shown the word learns nothing, not even what is wrong.
            return (Refusal(text=f"not understood: {error}"), False) if self._token is None else (None, False)
        if self._token is not None and not hmac.compare_digest(self._token.encode(), (envelope.token or "").encode()):
            return None, False
        try:
            return await self._desk.carry_out(cast("Ask[Any]", envelope.ask)), True
        except HaversackError as error:
            return Refusal(text=str(error)), True
        except Exception:  # noqa: BLE001  # a mistake of ours must not take the exchange down
            _log.exception("%s could not be carried out", type(envelope.ask).__name__)
            return Refusal(text="the exchange made a mistake; its log says which"), True

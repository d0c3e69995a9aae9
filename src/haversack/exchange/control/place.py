"""Where an exchange is found: in its folder stand its control plane's door, and the address of its API beside it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import msgspec

SOCKET_NAME, TOKEN_NAME, ADDRESS_NAME = "control.sock", "control.json", "address.json"
_CONNECT_S_MAX = 5


class Password(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands in the file where there is no socket: where the door is, and what opens it."""

    port: int
    token: str


class Whereabouts(msgspec.Struct, frozen=True):
    """Where the exchange that runs on a folder answers."""

    url: str
    stream_url: str
    pid: int


def write_whereabouts(folder: Path, url: str, stream_url: str) -> Path:
    """Say in its folder where an exchange answers. It must be done before its door is opened: see `find`."""
    path = folder / ADDRESS_NAME
    half = path.with_suffix(".part")
    half.write_bytes(msgspec.json.encode(Whereabouts(url, stream_url, os.getpid())))
    half.replace(path)
    return path


def find(folder: Path) -> Whereabouts | None:
    """Where the exchange that runs on this folder answers; None if none does.

    The address alone could be that of an exchange that was killed. The door is open as long as the exchange runs, and opens after
    the address is written.
    """
    try:
        if not _has_open_door(folder):
            return None
        return msgspec.json.decode((folder / ADDRESS_NAME).read_bytes(), type=Whereabouts)
    except (OSError, ValueError):
        return None


def _has_open_door(folder: Path) -> bool:
    path = folder / SOCKET_NAME
    if hasattr(socket, "AF_UNIX") and path.exists():
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
            door.settimeout(_CONNECT_S_MAX)
            door.connect(str(path))
        return True
    password = msgspec.json.decode((folder / TOKEN_NAME).read_bytes(), type=Password)
    socket.create_connection(("127.0.0.1", password.port), _CONNECT_S_MAX).close()
    return True

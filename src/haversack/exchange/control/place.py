"""Where an exchange's control plane is found: in its folder."""

from __future__ import annotations

import msgspec

SOCKET_NAME, TOKEN_NAME = "control.sock", "control.json"


class Password(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands in the file where there is no socket: where the door is, and what opens it."""

    port: int
    token: str

"""Status, ping and time."""

from __future__ import annotations

from haversack.exchange.api.caller import Caller
from haversack.wire.enums import SystemStatus
from haversack.wire.system import GetStatus, GetTime, Ping, Status


def status(_caller: Caller, _operation: GetStatus) -> Status:
    """It is up if it answers."""
    return Status(status=SystemStatus.OK)


def ping(_caller: Caller, _operation: Ping) -> str:
    """The word that the documentation promises."""
    return "pong"


def time(caller: Caller, _operation: GetTime) -> int:
    """The exchange's clock."""
    return caller.now_ms


ROUTES = (GetStatus.served_by(status), Ping.served_by(ping), GetTime.served_by(time))

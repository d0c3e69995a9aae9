"""Status, ping and time."""

from __future__ import annotations

from haversack.exchange.api.caller import Caller
from haversack.exchange.faults import ConditionKind
from haversack.wire.enums import SystemStatus
from haversack.wire.system import GetStatus, GetTime, Ping, Status


def status(caller: Caller, _operation: GetStatus) -> Status:
    """It is up if it answers, unless a fault says otherwise."""
    is_down = caller.venue.faults.holds(ConditionKind.MAINTENANCE)
    return Status(status=SystemStatus.MAINTENANCE if is_down else SystemStatus.OK)


def ping(_caller: Caller, _operation: Ping) -> str:
    """The word that the documentation promises."""
    return "pong"


def time(caller: Caller, _operation: GetTime) -> int:
    """The exchange's clock, as it tells it."""
    return caller.venue.told_us() // 1_000


ROUTES = (GetStatus.served_by(status), Ping.served_by(ping), GetTime.served_by(time))

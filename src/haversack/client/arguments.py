"""What a client is made with is looked at when it is made, not when the first order fails for it."""

from __future__ import annotations

from math import isfinite
from typing import Any

from haversack.errors import UsageError
from haversack.rest.broker import Broker
from haversack.rest.pacing import Limits
from haversack.rest.retry import Retry
from haversack.signing import WINDOW_MS_MAX


def check_arguments(
    *, credentials: Any, window_ms: Any, timeout_s: Any, withdrawals: Any, observer: Any, user_agent: Any
) -> None:
    """Raise for what a client cannot be made with. A secret is never shown."""
    if credentials is not None and not (hasattr(credentials, "public_key") and callable(getattr(credentials, "sign", None))):
        raise UsageError(f"credentials must be Credentials, found a {type(credentials).__name__}")
    if type(window_ms) is not int or not 0 < window_ms <= WINDOW_MS_MAX:
        raise UsageError(f"window_ms must be an int of 1 to {WINDOW_MS_MAX}, found {window_ms!r}")
    is_number = isinstance(timeout_s, int | float) and not isinstance(timeout_s, bool)
    if not is_number or not isfinite(timeout_s) or timeout_s <= 0:
        raise UsageError(f"timeout_s must be a number of seconds above 0, found {timeout_s!r}")
    # Anything that only counts as true would do what was meant to be forbidden: "false" does.
    if not isinstance(withdrawals, bool):
        raise UsageError(f"withdrawals must be True or False, found {withdrawals!r}")
    if observer is not None and not callable(observer):
        raise UsageError(f"observer must be a function of what was sent, found {observer!r}")
    if user_agent is not None and not isinstance(user_agent, str):
        raise UsageError(f"user_agent must be a str, found {user_agent!r}")


def check_parts(*, retry: Any, limits: Any, broker: Any) -> None:
    """Raise for a part that is not of its class."""
    for name, value, wanted in (("retry", retry, Retry), ("limits", limits, Limits), ("broker", broker, Broker)):
        if value is not None and not isinstance(value, wanted):
            raise UsageError(f"{name} must be {wanted.__name__}(...), found a {type(value).__name__}")

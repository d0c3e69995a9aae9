"""Who sent the user: a broker's number and key, which go with the orders."""

from __future__ import annotations

import re

from haversack.credentials import Secret
from haversack.errors import UsageError

_ID_MAX = 65_535
_is_header_text = re.compile(r"[!-~]{1,500}").fullmatch


class Broker:
    """A broker's number, 0 to 65535, and its key, if it has one (docs: X-BROKER-ID, X-BROKER-KEY)."""

    def __init__(self, broker_id: int, key: Secret | str | None = None) -> None:
        if type(broker_id) is not int or not 0 <= broker_id <= _ID_MAX:
            raise UsageError(f"broker_id must be an int of 0 to {_ID_MAX}, found {broker_id!r}")
        self.broker_id = broker_id
        # The name is bound anew, so that a traceback that shows the variables of this function shows no secret.
        key = Secret(key) if isinstance(key, str) else key
        self._key = key
        if key is not None and not _is_header_text(key.reveal()):
            raise UsageError("a broker's key must be printable ASCII without blanks")

    def headers(self) -> dict[str, str]:
        """What is sent with an order."""
        named = {"X-Broker-Id": str(self.broker_id)}
        return named if self._key is None else {**named, "X-Broker-Key": self._key.reveal()}

    def __repr__(self) -> str:
        return f"Broker({self.broker_id})"

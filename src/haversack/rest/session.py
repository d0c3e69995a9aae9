"""What all requests of one client have in common: its signer, its bounds for retries, and how it introduces itself."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

from haversack.clock import Clock, SystemClock, secret_bytes, seeded_random
from haversack.errors import ApiError, TooManyRequests, UsageError
from haversack.rest.broker import Broker
from haversack.rest.client_ids import ClientIds, client_ids_of_process, with_client_id
from haversack.rest.offset import ClockOffset, ServerClock
from haversack.rest.pacing import Pacer, lane_of
from haversack.rest.request import Attempt, prepare
from haversack.rest.retry import Retry, retry_delay_s
from haversack.signing import WINDOW_MS_DEFAULT, Key, Signer, texts_of_key
from haversack.wire.base import Operation

USER_AGENT = "haversack/0.1.0"
"""How a client introduces itself. Looking up the version of an installed package would cost more than all else that a client does
to begin."""

_is_header_text = re.compile(r"[!-~](?:[ -~]{0,498}[!-~])?").fullmatch
_log = logging.getLogger("haversack.rest")


class RestSession:
    """Makes requests for one client. It holds no connection, and may be shared between threads and tasks."""

    def __init__(
        self,
        credentials: Key | None,
        clock: Clock,
        *,
        window_ms: int = WINDOW_MS_DEFAULT,
        retry: Retry | None = None,
        pacer: Pacer | None = None,
        dice: Callable[[], float] | None = None,
        client_ids: ClientIds | None = None,
        broker: Broker | None = None,
        withdrawals: bool = False,
        user_agent: str | None = None,
    ) -> None:
        self.clock = clock
        self.window_ms = window_ms
        self.server_clock = ServerClock(clock)
        """Tells the time by which requests are signed."""
        self.pacer = pacer or Pacer()
        self.pacer.bind(clock)
        self._read_us = clock.monotonic_us
        self.signer = None if credentials is None else _signer(credentials, self.server_clock, window_ms, clock)
        """Signs requests and private subscriptions; None without keys."""
        self._retry = retry or Retry()
        self._dice = dice or seeded_random(int.from_bytes(secret_bytes(8))).random
        self._client_ids = client_ids or client_ids_of_process()
        self._withdrawals = withdrawals
        if user_agent and not _is_header_text(user_agent):
            raise UsageError("user_agent must be printable ASCII, of 500 characters at most")
        self._headers = {"User-Agent": user_agent or USER_AGENT, "Accept-Encoding": "gzip"}
        self._headers_of_orders = {**self._headers, **(broker.headers() if broker is not None else {})}

    @property
    def clock_offset(self) -> ClockOffset | None:
        """How far the exchange's clock is ahead of this machine's; None as long as nobody needed to know."""
        return self.server_clock.offset

    def grant(self, kind: type[Operation[Any]]) -> int | None:
        """Now, by the monotonic clock, if a request of that kind may be signed and sent now; None if something comes first."""
        if self.server_clock.offset is not None and kind.instruction is not None and self.server_clock.was_set():
            return None
        return self.pacer.take(lane_of(kind), self._read_us)

    def note(self, failure: Exception, granted_us: int) -> None:
        """Learn from the failure of a request that was granted then: a 429 holds everybody who shares the budget."""
        if isinstance(failure, TooManyRequests):
            now_us, asked_s = self.clock.monotonic_us(), failure.retry_after_s
            hold_s = self.pacer.refused(granted_us, now_us, asked_s=asked_s, share=self._dice())
            _log.warning("%s; nothing is sent for %.2f s", failure, hold_s)
        elif isinstance(failure, ApiError) and failure.status < 500:
            self.pacer.answered(granted_us)

    def with_client_id(self, operation: Operation[Any]) -> Operation[Any]:
        """An order with a client id by which it can be found again; any other operation as it is."""
        return with_client_id(operation, self._client_ids)

    def prepare(self, operation: Operation[Any]) -> Attempt:
        """The request for an operation, signed for now."""
        if operation.withdraws and not self._withdrawals:
            raise UsageError(f"{type(operation).__name__} is refused by a client that was not made with withdrawals=True")
        return prepare(operation, self.signer, self._headers_of_orders if operation.names_broker else self._headers)

    def retry_delay_s(self, error: Exception, attempts: int) -> float | None:
        """How long to wait before a read is repeated that failed so often; None: not at all."""
        delay_s = retry_delay_s(self._retry, error, attempts, self._dice)
        return delay_s if delay_s is not None and self.pacer.take_retry() else None


def _signer(key: Key, server_clock: ServerClock, window_ms: int, clock: Clock) -> Signer:
    # The exchange takes a signed string once, whichever client of this process made it. Of another clock than the machine's the
    # moments mean nothing to others.
    texts = texts_of_key(key.public_key) if type(clock) is SystemClock else None
    return Signer(key, server_clock, window_ms=window_ms, texts=texts)

"""The root of all errors, and those that need no answer of the exchange: of usage, of the network, of the unknown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, cast


class HaversackError(Exception):
    """Root of all errors that this package raises on purpose."""

    retryable: ClassVar[bool] = False
    """The same call may succeed a little later, without a change of yours. That nothing was carried out is part of it, so it is
    never set for an OutcomeUnknown: resolve that one first."""

    def __reduce__(self) -> tuple[Any, ...]:
        # An error that travels to another process is put together from its fields: its text was made from them once.
        return _remade, (type(self), self.args, self.__dict__)


def _remade(kind: type[HaversackError], args: tuple[Any, ...], fields: dict[str, Any]) -> HaversackError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(fields)
    return error


class UsageError(HaversackError):
    """The call itself is wrong. Nothing was sent."""


class InexactNumber(UsageError):
    """A number is not a whole multiple of the unit that it is needed in."""


class UnsignableValue(UsageError):
    """A value contains a character that could forge a parameter of the signed string."""


class MissingCredentials(UsageError):
    """A signed operation was called on a client without keys."""


class InvalidCredentials(UsageError):
    """Keys are malformed or do not belong together. The text never shows them."""


class TransportError(HaversackError):
    """The network failed, and nothing is known to have happened: trying again is safe."""

    retryable = True


class ConnectFailed(TransportError):
    """No connection was made, so no byte of the request left."""


class UntrustedServer(ConnectFailed):
    """The server's TLS certificate was refused. Trying again will not help: find out who answers there."""

    retryable = False


class RequestFailed(TransportError):
    """The connection failed or timed out after the request may have left."""


class LocalRateLimit(TransportError):
    """The request was not sent: its turn within the rate limits would have come later than the client is willing to wait.

    `wait_s` is how long it would have taken from now on, as far as can be told.
    """

    def __init__(self, wait_s: float, wait_s_max: float) -> None:
        self.wait_s = wait_s
        self.wait_s_max = wait_s_max
        super().__init__(
            f"not sent: within the rate limits its turn comes in {wait_s:.3f} s, and a call waits {wait_s_max} s at most"
        )


class OutcomeUnknown(HaversackError):
    """The request may have been carried out. Ask the exchange before sending it again, so it is not `retryable`.

    `operation` is what was sent, `cause` why no answer is known, `sent_ms` the signed timestamp. What became of an order, a batch
    or a cancel, `client.orders.resolve` finds out; `client_id` is what an order is found by, for a batch `client_ids` are.
    """

    def __init__(self, operation: Any, cause: BaseException, *, sent_ms: int | None) -> None:
        self.operation = operation
        self.cause = cause
        self.sent_ms = sent_ms
        client_id = getattr(operation, "client_id", None)
        # That of a withdrawal is a text, and means something else.
        self.client_id: int | None = client_id if isinstance(client_id, int) else None
        self.client_ids = _client_ids(operation, self.client_id)
        name = type(operation).__name__
        super().__init__(f"{name} may or may not have happened ({cause}); {self._advice()}")

    def _advice(self) -> str:
        if self.client_ids:
            named = f"client_id {self.client_id}" if self.client_id is not None else f"client_ids {_listed(self.client_ids)}"
            return f"orders.resolve finds out by {named}; do not repeat it before"
        if type(self.operation).__name__ in ("CancelOrder", "CancelAllOrders"):
            return "orders.resolve finds out, or a look at orders.open"
        return "look at what it would have changed before repeating it"


def outcome_of(error: BaseException | None) -> OutcomeUnknown | None:
    """The unknown outcome behind an error: that of an order whose call was ended by a timeout or a cancellation of your own."""
    seen: set[int] = set()
    while error is not None and not isinstance(error, OutcomeUnknown) and id(error) not in seen:
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return error if isinstance(error, OutcomeUnknown) else None


def _client_ids(operation: Any, client_id: int | None) -> tuple[int, ...]:
    """The client ids of an order, or of all orders of a batch that have one."""
    if client_id is not None:
        return (client_id,)
    batch: str = getattr(operation, "batch", "")
    orders = cast(Sequence[Any], getattr(operation, batch)) if batch else ()
    ids: list[int | None] = [getattr(order, "client_id", None) for order in orders]
    return tuple([number for number in ids if number is not None])


def _listed(ids: tuple[int, ...]) -> str:
    more = f" and {len(ids) - 5} more" if len(ids) > 5 else ""
    return ", ".join(map(str, ids[:5])) + more


class ProtocolError(HaversackError):
    """An answer that does not fit its type. `body` is what came, `reason` names the place, such as `$.asks[3][0]`."""

    def __init__(self, what: str, reason: str, body: bytes) -> None:
        self.what = what
        self.reason = reason
        self.body = body
        super().__init__(f"{what}: {reason}; got {body[:200]!r}")


class RedirectRefused(ProtocolError):
    """The answer is a redirect. It was not followed: the signature would have gone to whoever it names."""

    def __init__(self, what: str, status: int, location: str) -> None:
        self.status = status
        self.location = location
        super().__init__(f"the answer to {what}", f"redirect (HTTP {status}) to {location[:200]!r}, not followed", b"")


class StreamError(HaversackError):
    """Something is wrong with a stream or with its connection."""


class StreamClosed(StreamError):
    """The connection ended; `code` and `reason` are those of the close frame, where there was one."""

    retryable = True

    def __init__(self, code: int | None, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(f"the stream connection ended (code {code}): {reason or 'no reason given'}")


class SubscriptionRefused(StreamError):
    """The exchange sent an error frame. It names no stream: `streams` are those that it can concern."""

    def __init__(self, code: int, message: str, streams: tuple[str, ...]) -> None:
        self.code = code
        self.message = message
        self.streams = streams
        concerned = ", ".join(streams) or "no stream asked for just now"
        super().__init__(f"error {code} from the exchange: {message} (can concern: {concerned})")


class SlowConsumer(StreamError):
    """More events waited than the queue holds. Nothing was dropped in silence: the stream ends with this error."""


class BookNotSynced(StreamError):
    """A book cannot be read now, because it cannot know that it is right. It comes back by itself; `reason` says what it was."""

    retryable = True

    def __init__(self, symbol: str, reason: str) -> None:
        self.symbol = symbol
        self.reason = reason
        super().__init__(f"the book of {symbol} is not in sync: {reason}")


class Gap(BookNotSynced):
    """A depth message was missed, repeated or out of turn: update `found` came where `expected` had to."""

    def __init__(self, symbol: str, expected: int, found: int) -> None:
        self.expected = expected
        self.found = found
        super().__init__(symbol, f"update {expected} had to come next, and {found} came")

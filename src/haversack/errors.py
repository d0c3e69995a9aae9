"""Everything that can go wrong, sorted by what the caller should do next.

HaversackError
  UsageError                 your code is wrong; nothing was sent
    InexactNumber              a number does not fit the unit that it is for
    UnsignableValue            a value could forge another parameter of the signed string
    MissingCredentials         a signed operation without keys
    InvalidCredentials         keys that are malformed, or do not belong together
  TransportError             nothing is known to have happened: try again
    ConnectFailed              no connection was made
      UntrustedServer            its TLS certificate is not to be trusted
    RequestFailed              a read got no answer
  OutcomeUnknown             it may have happened: ask before you repeat
  ApiError                   the exchange said no: status, code, message
    InvalidRequest, InvalidOrder, InvalidSymbol, InsufficientFunds, InsufficientMargin, NotFound,
    Unauthorized, Forbidden, TooManyRequests, OrderLimit, Maintenance, ServerError ...   by code
  ProtocolError              the answer does not fit the types: the body, and where
    RedirectRefused            the answer points to another address, where signed requests are never sent
  StreamError
    StreamClosed               the connection ended
    SubscriptionRefused        an error frame: code and message
    SlowConsumer               events came faster than they were read
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class HaversackError(Exception):
    """Root of all errors that this package raises on purpose."""

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


class ConnectFailed(TransportError):
    """No connection was made, so no byte of the request left."""


class UntrustedServer(ConnectFailed):
    """The server's TLS certificate was refused. Trying again will not help: find out who answers there."""


class RequestFailed(TransportError):
    """The connection failed or timed out after the request may have left."""


class OutcomeUnknown(HaversackError):
    """The request may have been carried out. Ask the exchange before sending it again.

    `operation` is what was sent, `cause` why no answer is known, `sent_ms` the signed timestamp. For an order,
    `client_id` is what to look for, in open orders first and then in the order history.
    """

    def __init__(self, operation: Any, cause: BaseException, *, sent_ms: int | None) -> None:
        self.operation = operation
        self.cause = cause
        self.sent_ms = sent_ms
        self.client_id: int | None = getattr(operation, "client_id", None)
        name = type(operation).__name__
        super().__init__(f"{name} may or may not have happened ({cause}); {self._advice()}")

    def _advice(self) -> str:
        if self.client_id is not None:
            return f"look for client_id {self.client_id} in orders.get and then in history.orders before repeating it"
        return "look at orders.open and history.orders before repeating it"


class ApiError(HaversackError):
    """The exchange answered, and the answer is no. Nothing was carried out.

    `code` is the exchange's own (None when the body was plain text), `message` its text, `status` the HTTP status.
    """

    retry_after_s: float | None = None
    """How long to wait before asking again, if the exchange said so (Retry-After)."""

    codes: ClassVar[tuple[str, ...]] = ()
    _by_code: ClassVar[dict[str, type[ApiError]]] = {}

    def __init_subclass__(cls) -> None:
        for code in cls.codes:
            ApiError._by_code[code] = cls

    def __init__(self, status: int, code: str | None, message: str) -> None:
        self.status = status
        self.code = code
        self.message = message
        super().__init__(f"{code or 'no code'} (HTTP {status}): {message}")

    @staticmethod
    def of(status: int, code: str | None, message: str) -> ApiError:
        """The most telling class for this answer: by code, else by status."""
        kind = ApiError._by_code.get(code or "") or _BY_STATUS.get(status, ApiError)
        return kind(status, code, message)


class InvalidRequest(ApiError):
    """The request is malformed, badly signed, expired, or breaks a rule of the market; the message says which."""

    codes = ("INVALID_CLIENT_REQUEST", "INVALID_PRICE", "INVALID_QUANTITY", "INVALID_RANGE", "INVALID_SIGNATURE")


class InvalidSymbol(ApiError):
    """No such market or asset."""

    codes = ("INVALID_SYMBOL", "INVALID_MARKET", "INVALID_ASSET")


class InvalidOrder(ApiError):
    """The order cannot be done as asked: a post-only order would take, a fill-or-kill order would not fill."""

    codes = ("INVALID_ORDER",)


class InsufficientFunds(ApiError):
    """Too little is available."""

    codes = ("INSUFFICIENT_FUNDS", "INSUFFICIENT_SUPPLY")


class InsufficientMargin(ApiError):
    """The account's margin does not carry the order."""

    codes = ("INSUFFICIENT_MARGIN", "MAX_LEVERAGE_REACHED", "POSITION_LIMIT")


class OrderLimit(ApiError):
    """Too many open orders."""

    codes = ("ORDER_LIMIT",)


class NotFound(ApiError):
    """No such thing, or no longer: an order that does not rest is answered so."""

    codes = ("RESOURCE_NOT_FOUND",)


class Unauthorized(ApiError):
    """The keys are not accepted here."""

    codes = ("UNAUTHORIZED", "INVALID_TWO_FACTOR_CODE")


class Forbidden(ApiError):
    """The keys may not do this."""

    codes = ("FORBIDDEN", "ACCOUNT_DEACTIVATED", "ACCOUNT_LIQUIDATING")


class TooManyRequests(ApiError):
    """Over a rate limit; the request was not carried out."""

    codes = ("TOO_MANY_REQUESTS",)


class Maintenance(ApiError):
    """The exchange, or trading on it, is paused."""

    codes = ("MAINTENANCE", "TRADING_PAUSED")


class ServerError(ApiError):
    """The exchange failed at a read. For anything that changes state this is an OutcomeUnknown instead."""

    codes = ("SERVER_ERROR", "TIMEOUT")


_BY_STATUS: Mapping[int, type[ApiError]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    429: TooManyRequests,
    500: ServerError,
    502: ServerError,
    503: Maintenance,
    504: ServerError,
} | dict.fromkeys((400, 405, 415), InvalidRequest)


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

"""How the exchange says no: a class for each documented code, for the messages that say more than their code, and by status.

What makes a class of an answer stands in three tables at the end: by code and message, by code, and by HTTP status.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from haversack.errors.base import HaversackError


class ApiError(HaversackError):
    """The exchange answered, and the answer is no. Nothing was carried out.

    `code` is the exchange's own (None when the body was plain text), `message` its text, `status` the HTTP status; `method`,
    `path` and `operation` (its name) say what was asked. None of them holds a key, a signature or a second factor.
    """

    retry_after_s: float | None = None
    """How long to wait before asking again, if the exchange said so (Retry-After)."""

    def __init__(
        self, status: int, code: str | None, message: str, *, method: str = "", path: str = "", operation: str = ""
    ) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.method = method
        self.path = path
        self.operation = operation
        asked = f"{method} {path}: " if path else ""
        super().__init__(f"{asked}{code or 'no code'} (HTTP {status}): {_printable(message)}")

    @staticmethod
    def of(status: int, code: str | None, message: str, *, method: str = "", path: str = "", operation: str = "") -> ApiError:
        """The most telling class for this answer: by code and message, else by code, else by status."""
        kind = _by_message(code, message) or _BY_CODE.get(code or "") or _by_status(status, code)
        return kind(status, code, message, method=method, path=path, operation=operation)


def _printable(text: str) -> str:
    """The same without characters that could drive a terminal."""
    return text if text.isprintable() else "".join([char if char.isprintable() else "�" for char in text])


class InvalidRequest(ApiError):
    """The request is malformed, badly signed, expired, or breaks a rule of the market; the message says which."""


class MalformedRequest(InvalidRequest):
    """The exchange's framework could not read the request: a missing parameter, a word that it does not know."""


class UnknownPath(InvalidRequest):
    """There is no such path, or not with this method. It says nothing of an order: a missing thing is a NotFound."""


class RequestTooLarge(InvalidRequest):
    """The body is longer than the exchange takes."""


class InvalidPrice(InvalidRequest):
    """The price breaks a rule of the market: its tick size, its bounds, or how far it may be from the last price."""


class InvalidQuantity(InvalidRequest):
    """The quantity breaks a rule of the market: its step size or its bounds."""


class InvalidRange(InvalidRequest):
    """A range, such as one of times, is not taken."""


class InvalidPositionId(InvalidRequest):
    """No such position."""


class InvalidSource(InvalidRequest):
    """No such source."""


class SignatureRefused(InvalidRequest):
    """The signature does not fit the request, or the key is not known here."""


class RequestExpired(InvalidRequest):
    """The request's timestamp is too far from the exchange's time. It was not carried out.

    When it is raised, the clock has been measured against the exchange's, and what is signed from now on is signed by that.
    `offset_us` is how far the exchange's clock is ahead of this machine's, give or take `uncertainty_us`; None if that could not
    be measured.
    """

    retryable = True

    offset_us: int | None = None
    uncertainty_us: int | None = None

    def __str__(self) -> str:
        return f"{super().__str__()}; {self._cause()}" if self.offset_us is not None else super().__str__()

    def _cause(self) -> str:
        offset_us, uncertainty_us = self.offset_us or 0, self.uncertainty_us or 0
        if abs(offset_us) < 1_000_000:
            return "this machine's clock is right to a second, so it took too long to arrive"
        direction = "behind" if offset_us > 0 else "ahead of"
        return f"this machine's clock is {abs(offset_us) / 1e6:.3f} s {direction} the exchange's (+-{uncertainty_us / 1e6:.3f} s)"


class InvalidSymbol(InvalidRequest):
    """No such market or asset."""


class InvalidMarket(InvalidSymbol):
    """No such market."""


class InvalidAsset(InvalidSymbol):
    """No such asset."""


class InvalidOrder(ApiError):
    """The order cannot be done as asked: a post-only order would take, a fill-or-kill order would not fill."""


class WouldTake(InvalidOrder):
    """A post-only order would match at once, so it was not placed."""


class WouldNotFill(InvalidOrder):
    """A fill-or-kill order would not fill at once and whole, so it was not placed."""


class WouldNotReduce(InvalidOrder):
    """A reduce-only order would not make the position smaller."""


class OpenInterestLimit(InvalidOrder):
    """The market has as much open interest as it may have."""


class InsufficientFunds(ApiError):
    """Too little is available."""


class InsufficientSupply(InsufficientFunds):
    """Too little is there to be borrowed."""


class InsufficientMargin(ApiError):
    """The account's margin does not carry the order."""


class MaxLeverageReached(InsufficientMargin):
    """The account is at its highest leverage."""


class PositionLimit(InsufficientMargin):
    """The position would be larger than it may be."""


class OrderLimit(ApiError):
    """Too many open orders."""


class BorrowLimit(ApiError):
    """More may not be borrowed."""


class LendLimit(ApiError):
    """More may not be lent."""


class BorrowRequiresLendRedeem(ApiError):
    """What is lent of this asset must be redeemed before more of it can be borrowed."""


class LendRequiresBorrowRepay(ApiError):
    """What is borrowed of this asset must be repaid before any of it can be lent."""


class PreconditionFailed(ApiError):
    """Something that the request presumes is not so."""


class NotFound(ApiError):
    """No such thing, or no longer: an order that does not rest is answered so."""


class OrderNotFound(InvalidRequest, NotFound):
    """There was no such order to cancel: it never was, or it does not rest any more."""


class Unauthorized(ApiError):
    """The keys are not accepted here."""


class InvalidTwoFactorCode(Unauthorized):
    """The second factor is wrong, or not good any more."""


class Forbidden(ApiError):
    """The keys may not do this."""


class AccountDeactivated(Forbidden):
    """The account may not be used."""


class AccountLiquidating(Forbidden):
    """The account is being liquidated, and may do nothing until that is over."""


class TooManyRequests(ApiError):
    """Over a rate limit; the request was not carried out."""

    retryable = True


class TooEarly(ApiError):
    """It cannot be done yet."""

    retryable = True


class NotServed(ApiError):
    """Nobody has made this operation yet at the place that answers."""


class Maintenance(ApiError):
    """The exchange, or trading on it, is paused."""

    retryable = True


class TradingPaused(Maintenance):
    """Trading is paused; what does not trade may work."""


class ServerError(ApiError):
    """The exchange failed at a read. For anything that changes state this is an OutcomeUnknown instead."""

    retryable = True


class ExchangeTimeout(ServerError):
    """The exchange waited too long for a part of itself."""


_INVALID, _ORDER = "INVALID_CLIENT_REQUEST", "INVALID_ORDER"
# A bad signature does not come as INVALID_SIGNATURE nor a bad price as INVALID_PRICE (observed 2025-06 to 2026-09). The first
# that fits is taken, in small letters, as it begins. A code of None is a line of plain text from the exchange's framework.
_BY_MESSAGE: tuple[tuple[str | None, str, type[ApiError]], ...] = (
    (_INVALID, "request has expired", RequestExpired),
    (_INVALID, "invalid timestamp", RequestExpired),
    (_INVALID, "invalid signature", SignatureRefused),
    (_INVALID, "invalid x-signature", SignatureRefused),
    (_INVALID, "order not found", OrderNotFound),
    (_INVALID, "price ", InvalidPrice),
    (_INVALID, "quantity ", InvalidQuantity),
    (_INVALID, "invalid market", InvalidMarket),
    (_INVALID, "symbol not found", InvalidSymbol),
    (_ORDER, "order would immediately match", WouldTake),
    (_ORDER, "fill or kill", WouldNotFill),
    (_ORDER, "reduce only order not reduced", WouldNotReduce),
    (_ORDER, "the max amount of open interest", OpenInterestLimit),
    (None, 'parse request payload error: failed to parse "marketsymbol"', InvalidMarket),
    (None, "parse request payload error", MalformedRequest),
    (None, "failed to parse", MalformedRequest),
)

_BY_CODE: Mapping[str, type[ApiError]] = MappingProxyType(
    {
        "ACCOUNT_DEACTIVATED": AccountDeactivated,
        "ACCOUNT_LIQUIDATING": AccountLiquidating,
        "BORROW_LIMIT": BorrowLimit,
        "BORROW_REQUIRES_LEND_REDEEM": BorrowRequiresLendRedeem,
        "FORBIDDEN": Forbidden,
        "INSUFFICIENT_FUNDS": InsufficientFunds,
        "INSUFFICIENT_MARGIN": InsufficientMargin,
        "INSUFFICIENT_SUPPLY": InsufficientSupply,
        "INVALID_ASSET": InvalidAsset,
        "INVALID_CLIENT_REQUEST": InvalidRequest,
        "INVALID_MARKET": InvalidMarket,
        "INVALID_ORDER": InvalidOrder,
        "INVALID_PRICE": InvalidPrice,
        "INVALID_POSITION_ID": InvalidPositionId,
        "INVALID_QUANTITY": InvalidQuantity,
        "INVALID_RANGE": InvalidRange,
        "INVALID_SIGNATURE": SignatureRefused,
        "INVALID_SOURCE": InvalidSource,
        "INVALID_SYMBOL": InvalidSymbol,
        "INVALID_TWO_FACTOR_CODE": InvalidTwoFactorCode,
        "LEND_LIMIT": LendLimit,
        "LEND_REQUIRES_BORROW_REPAY": LendRequiresBorrowRepay,
        "MAINTENANCE": Maintenance,
        "MAX_LEVERAGE_REACHED": MaxLeverageReached,
        "NOT_IMPLEMENTED": NotServed,
        "ORDER_LIMIT": OrderLimit,
        "POSITION_LIMIT": PositionLimit,
        "PRECONDITION_FAILED": PreconditionFailed,
        "RESOURCE_NOT_FOUND": NotFound,
        "SERVER_ERROR": ServerError,
        "TIMEOUT": ExchangeTimeout,
        "TOO_EARLY": TooEarly,
        "TOO_MANY_REQUESTS": TooManyRequests,
        "TRADING_PAUSED": TradingPaused,
        "UNAUTHORIZED": Unauthorized,
    }
)

# For plain text, and for codes that are newer than this table.
_BY_STATUS: Mapping[int, type[ApiError]] = MappingProxyType(
    {
        400: InvalidRequest,
        401: Unauthorized,
        403: Forbidden,
        404: UnknownPath,
        405: UnknownPath,
        412: PreconditionFailed,
        413: RequestTooLarge,
        415: MalformedRequest,
        425: TooEarly,
        429: TooManyRequests,
        501: NotServed,
        503: Maintenance,
        504: ExchangeTimeout,
    }
)


def _by_message(code: str | None, message: str) -> type[ApiError] | None:
    said = message.lstrip().lower()
    return next((kind for of_code, begins, kind in _BY_MESSAGE if of_code == code and said.startswith(begins)), None)


def _by_status(status: int, code: str | None) -> type[ApiError]:
    if status == 404 and code is not None:
        return NotFound
    return _BY_STATUS.get(status) or (ServerError if status >= 500 else ApiError)

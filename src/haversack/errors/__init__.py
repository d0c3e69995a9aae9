"""Everything that can go wrong, sorted by what the caller should do next.

HaversackError
  UsageError                 your code is wrong; nothing was sent
    InexactNumber              a number does not fit the unit that it is for
    UnsignableValue            a value could forge another parameter of the signed string
    MissingCredentials         a signed operation without keys
    InvalidCredentials         keys that are malformed, or do not belong together
    RuleBroken                 an order breaks a rule of its market; it stands in haversack.wire.rules
  TransportError             nothing is known to have happened: try again
    ConnectFailed              no connection was made
      UntrustedServer            its TLS certificate is not to be trusted
    RequestFailed              a read got no answer
    LocalRateLimit             not sent: its turn would come later than the client may wait
  OutcomeUnknown             it may have happened: ask before you repeat
  ApiError                   the exchange said no: status, code, message
    InvalidRequest             malformed, badly signed, expired, or against a rule of the market
      MalformedRequest           the framework could not read it
      UnknownPath                no such path, or not with this method
      RequestTooLarge
      InvalidPrice, InvalidQuantity, InvalidRange, InvalidPositionId, InvalidSource
      SignatureRefused           the signature does not fit
      RequestExpired             the clock is off, or it took too long to arrive
      InvalidSymbol
        InvalidMarket, InvalidAsset
    InvalidOrder               it cannot be done as asked
      WouldTake                  post-only
      WouldNotFill               fill-or-kill
      WouldNotReduce             reduce-only
      OpenInterestLimit
    InsufficientFunds
      InsufficientSupply         of what could be borrowed
    InsufficientMargin
      MaxLeverageReached, PositionLimit
    OrderLimit, BorrowLimit, LendLimit
    BorrowRequiresLendRedeem, LendRequiresBorrowRepay, PreconditionFailed
    NotFound                   no such thing, or no longer
      OrderNotFound              nothing to cancel; it is an InvalidRequest too
    Unauthorized               the keys are not accepted
      InvalidTwoFactorCode
    Forbidden                  the keys may not do this
      AccountDeactivated, AccountLiquidating
    TooManyRequests            over a rate limit
    TooEarly                   not yet
    NotServed                  nobody has made this operation there yet
    Maintenance                the exchange is paused
      TradingPaused
    ServerError                the exchange failed at a read
      ExchangeTimeout
  ProtocolError              the answer does not fit the types: the body, and where
    RedirectRefused            the answer points to another address, where signed requests are never sent
  StreamError
    StreamClosed               the connection ended
    SubscriptionRefused        an error frame: code and message
    SlowConsumer               events came faster than they were read
    BookNotSynced              a book that cannot know that it is right; it comes back by itself
      Gap                        a depth message was missed, repeated or out of turn

Each says by `retryable` whether the same call may succeed a little later.
"""

from __future__ import annotations

from haversack.errors.base import (
    BookNotSynced,
    ConnectFailed,
    Gap,
    HaversackError,
    InexactNumber,
    InvalidCredentials,
    LocalRateLimit,
    MissingCredentials,
    OutcomeUnknown,
    ProtocolError,
    RedirectRefused,
    RequestFailed,
    SlowConsumer,
    StreamClosed,
    StreamError,
    SubscriptionRefused,
    TransportError,
    UnsignableValue,
    UntrustedServer,
    UsageError,
    outcome_of,
)
from haversack.errors.refusals import (
    AccountDeactivated,
    AccountLiquidating,
    ApiError,
    BorrowLimit,
    BorrowRequiresLendRedeem,
    ExchangeTimeout,
    Forbidden,
    InsufficientFunds,
    InsufficientMargin,
    InsufficientSupply,
    InvalidAsset,
    InvalidMarket,
    InvalidOrder,
    InvalidPositionId,
    InvalidPrice,
    InvalidQuantity,
    InvalidRange,
    InvalidRequest,
    InvalidSource,
    InvalidSymbol,
    InvalidTwoFactorCode,
    LendLimit,
    LendRequiresBorrowRepay,
    Maintenance,
    MalformedRequest,
    MaxLeverageReached,
    NotFound,
    NotServed,
    OpenInterestLimit,
    OrderLimit,
    OrderNotFound,
    PositionLimit,
    PreconditionFailed,
    RequestExpired,
    RequestTooLarge,
    ServerError,
    SignatureRefused,
    TooEarly,
    TooManyRequests,
    TradingPaused,
    Unauthorized,
    UnknownPath,
    WouldNotFill,
    WouldNotReduce,
    WouldTake,
)

__all__ = [
    "AccountDeactivated",
    "AccountLiquidating",
    "ApiError",
    "BookNotSynced",
    "BorrowLimit",
    "BorrowRequiresLendRedeem",
    "ConnectFailed",
    "ExchangeTimeout",
    "Forbidden",
    "Gap",
    "HaversackError",
    "InexactNumber",
    "InsufficientFunds",
    "InsufficientMargin",
    "InsufficientSupply",
    "InvalidAsset",
    "InvalidCredentials",
    "InvalidMarket",
    "InvalidOrder",
    "InvalidPositionId",
    "InvalidPrice",
    "InvalidQuantity",
    "InvalidRange",
    "InvalidRequest",
    "InvalidSource",
    "InvalidSymbol",
    "InvalidTwoFactorCode",
    "LendLimit",
    "LendRequiresBorrowRepay",
    "LocalRateLimit",
    "Maintenance",
    "MalformedRequest",
    "MaxLeverageReached",
    "MissingCredentials",
    "NotFound",
    "NotServed",
    "OpenInterestLimit",
    "OrderLimit",
    "OrderNotFound",
    "OutcomeUnknown",
    "PositionLimit",
    "PreconditionFailed",
    "ProtocolError",
    "RedirectRefused",
    "RequestExpired",
    "RequestFailed",
    "RequestTooLarge",
    "ServerError",
    "SignatureRefused",
    "SlowConsumer",
    "StreamClosed",
    "StreamError",
    "SubscriptionRefused",
    "TooEarly",
    "TooManyRequests",
    "TradingPaused",
    "TransportError",
    "Unauthorized",
    "UnknownPath",
    "UnsignableValue",
    "UntrustedServer",
    "UsageError",
    "outcome_of",
    "WouldNotFill",
    "WouldNotReduce",
    "WouldTake",
]

"""How the command ends: a number for each kind of trouble, so that a script knows what to do next."""

from __future__ import annotations

from enum import IntEnum

from haversack.errors import (
    ApiError,
    BookNotSynced,
    Forbidden,
    HaversackError,
    InvalidCredentials,
    LocalRateLimit,
    Maintenance,
    MissingCredentials,
    OutcomeUnknown,
    RequestExpired,
    ServerError,
    SignatureRefused,
    StreamClosed,
    SubscriptionRefused,
    TooEarly,
    TooManyRequests,
    TransportError,
    Unauthorized,
    UntrustedServer,
    UsageError,
)


class Exit(IntEnum):
    """Exit codes."""

    OK = 0
    ERROR = 1
    USAGE = 2
    AUTHENTICATION = 3
    RATE_LIMIT = 4
    NETWORK = 5
    REJECTED = 6
    UNKNOWN_OUTCOME = 7
    INTERRUPTED = 130


MEANINGS: dict[Exit, str] = {
    Exit.OK: "it was done",
    Exit.ERROR: "something else went wrong, here or at the exchange",
    Exit.USAGE: "the call or the settings are wrong; nothing was sent",
    Exit.AUTHENTICATION: "keys are missing, malformed or not accepted, or the clock is off",
    Exit.RATE_LIMIT: "too many requests, or too early: wait, then try again",
    Exit.NETWORK: "it is not reached, or cannot answer for now; nothing was changed: try again",
    Exit.REJECTED: "the exchange said no; nothing was carried out",
    Exit.UNKNOWN_OUTCOME: "a change may or may not have happened: look before you repeat it",
    Exit.INTERRUPTED: "ended by Ctrl-C",
}

# The first that fits is taken.
_BY_ERROR: tuple[tuple[tuple[type[HaversackError], ...], Exit], ...] = (
    ((OutcomeUnknown,), Exit.UNKNOWN_OUTCOME),
    ((MissingCredentials, InvalidCredentials, Unauthorized, Forbidden, SignatureRefused, RequestExpired), Exit.AUTHENTICATION),
    ((TooManyRequests, LocalRateLimit, TooEarly), Exit.RATE_LIMIT),
    ((UsageError,), Exit.USAGE),
    # Trying again does not help against whoever answers there with a certificate of his own.
    ((UntrustedServer,), Exit.ERROR),
    ((TransportError, StreamClosed, BookNotSynced, Maintenance, ServerError), Exit.NETWORK),
    ((ApiError, SubscriptionRefused), Exit.REJECTED),
)


def exit_of(error: HaversackError) -> Exit:
    """How the command ends by this error; some say it themselves."""
    own = getattr(error, "exit", None)
    return own if isinstance(own, Exit) else next((code for kinds, code in _BY_ERROR if isinstance(error, kinds)), Exit.ERROR)


def is_retryable(error: HaversackError) -> bool:
    """Whether the same command may succeed a little later: the codes 4 and 5 say so, and no other.

    The library says so of an expired request, too; the command has signed that by the exchange's clock already, and failed again.
    """
    return exit_of(error) in (Exit.RATE_LIMIT, Exit.NETWORK)


def category_of(error: HaversackError) -> str:
    """The same as a word: `rate-limit`."""
    return exit_of(error).name.lower().replace("_", "-")

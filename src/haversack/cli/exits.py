"""How the command ends: a number for each kind of trouble, so that a script knows what to do next."""

from __future__ import annotations

from enum import IntEnum

from haversack.errors import (
    ApiError,
    Forbidden,
    HaversackError,
    InvalidCredentials,
    LocalRateLimit,
    MissingCredentials,
    OutcomeUnknown,
    RequestExpired,
    ServerError,
    SignatureRefused,
    StreamClosed,
    SubscriptionRefused,
    TooManyRequests,
    TransportError,
    Unauthorized,
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
    Exit.RATE_LIMIT: "too many requests: wait, then try again",
    Exit.NETWORK: "the exchange could not be reached, and nothing is known to have happened",
    Exit.REJECTED: "the exchange said no; nothing was carried out",
    Exit.UNKNOWN_OUTCOME: "a change may or may not have happened: look before you repeat it",
    Exit.INTERRUPTED: "ended by Ctrl-C",
}

# The first that fits is taken.
_BY_ERROR: tuple[tuple[tuple[type[HaversackError], ...], Exit], ...] = (
    ((OutcomeUnknown,), Exit.UNKNOWN_OUTCOME),
    ((MissingCredentials, InvalidCredentials, Unauthorized, Forbidden, SignatureRefused, RequestExpired), Exit.AUTHENTICATION),
    ((TooManyRequests, LocalRateLimit), Exit.RATE_LIMIT),
    ((UsageError,), Exit.USAGE),
    ((TransportError, StreamClosed), Exit.NETWORK),
    ((ServerError,), Exit.ERROR),
    ((ApiError, SubscriptionRefused), Exit.REJECTED),
)


def exit_of(error: HaversackError) -> Exit:
    """How the command ends by this error; some say it themselves."""
    own = getattr(error, "exit", None)
    return own if isinstance(own, Exit) else next((code for kinds, code in _BY_ERROR if isinstance(error, kinds)), Exit.ERROR)


def category_of(error: HaversackError) -> str:
    """The same as a word: `rate-limit`."""
    return exit_of(error).name.lower().replace("_", "-")

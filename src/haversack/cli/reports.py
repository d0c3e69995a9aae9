"""What is said when something went wrong: one line, or the same as JSON or CSV, and an exit code."""

from __future__ import annotations

from collections.abc import Iterator

from haversack.cli.exits import Exit, category_of, exit_of, is_retryable
from haversack.cli.output.escape import cell, visible
from haversack.cli.output.printing import Form, csv_line, json_line
from haversack.cli.unknown import what_to_type
from haversack.errors import (
    ApiError,
    ConnectFailed,
    Forbidden,
    HaversackError,
    InsufficientFunds,
    InsufficientMargin,
    InvalidPrice,
    InvalidQuantity,
    InvalidSymbol,
    Maintenance,
    MissingCredentials,
    NotFound,
    NotServed,
    OrderNotFound,
    OutcomeUnknown,
    RequestExpired,
    RequestFailed,
    ServerError,
    SignatureRefused,
    TooManyRequests,
    Unauthorized,
    UntrustedServer,
)

# The first that fits is taken.
_HINTS: tuple[tuple[tuple[type[HaversackError], ...], str], ...] = (
    ((UntrustedServer,), "somebody else may be answering: check the network, proxies and the system's certificates"),
    ((ConnectFailed,), "is this machine online? haversack doctor -p {profile}"),
    ((RequestExpired,), "set this machine's clock, or let a time service do it; haversack doctor -p {profile}"),
    ((SignatureRefused, Unauthorized, Forbidden), "are these the keys of this account? haversack doctor -p {profile}"),
    ((TooManyRequests, ServerError), "wait a little, then try again"),
    ((Maintenance,), "wait until it is up again: haversack api get_status -p {profile}"),
    ((InvalidSymbol,), "haversack markets -p {profile} lists the symbols"),
    ((InvalidPrice, InvalidQuantity), "haversack market SYMBOL -p {profile} shows the rules of a market"),
    ((InsufficientFunds, InsufficientMargin), "haversack balances -p {profile} shows what there is"),
    ((OrderNotFound,), "haversack orders -p {profile} lists those that rest"),
    ((RequestFailed,), "try again; haversack doctor -p {profile}"),
    ((NotServed,), "the local exchange does not have it; docs/coverage.md says what it has"),
)

# A thing that was not found, by what was asked for.
_NOT_FOUND: dict[str, str] = {
    "GetDepth": "it has no book; haversack market SYMBOL -p {profile} says whether it is open",
    "GetOrder": "haversack export orders -p {profile} lists all that there were",
}

_GIVE = ": give the client credentials"
"""So a call of the library ends that needs keys and has none."""


def hint_of(error: HaversackError, profile: str) -> str:
    """What to do about it; empty where the error says so itself, or where nothing more is known."""
    own = getattr(error, "hint", None)
    if isinstance(own, str):
        return own
    if isinstance(error, OutcomeUnknown):
        return what_to_type(error, profile)
    if isinstance(error, ConnectFailed) and "it answered with status" in str(error):
        return "it opens no stream connections for now: try again later"
    if isinstance(error, ConnectFailed) and "//127.0.0.1:" in str(error):
        return f"no local exchange answers there (any more): haversack doctor -p {profile}"
    if isinstance(error, MissingCredentials):
        # What is wrong with a file, or with half a pair, is said; another command does not put it right.
        return f"haversack init -p {profile}" if _GIVE in str(error) else ""
    hint = _NOT_FOUND.get(error.operation, "") if isinstance(error, NotFound) else ""
    return (hint or next((hint for kinds, hint in _HINTS if isinstance(error, kinds)), "")).format(profile=profile)


def report(error: HaversackError, form: Form, profile: str) -> tuple[Iterator[str], Exit]:
    """The lines to print, and how the command ends."""
    hint = hint_of(error, profile)
    message = visible(_said(error))
    if form == "table":
        return iter([f"haversack: {message}" + (f" - {hint}" if hint else "")]), exit_of(error)
    fields = {
        "profile": profile,
        "category": category_of(error),
        "code": error.code if isinstance(error, ApiError) else None,
        "message": message,
        "retryable": is_retryable(error),
        "hint": hint or None,
        "exit_code": int(exit_of(error)),
    }
    if form == "csv":
        texts = [
            "" if value is None else str(value).lower() if isinstance(value, bool) else str(value) for value in fields.values()
        ]
        return iter([csv_line(list(fields)), csv_line([cell(text) for text in texts])]), exit_of(error)
    return iter([json_line({"error": fields})]), exit_of(error)


def _said(error: HaversackError) -> str:
    """The error's own text, in one line, and without calls of the library: whoever reads it types commands."""
    if isinstance(error, OutcomeUnknown):
        cause = " ".join(str(error.cause).split())
        return f"{type(error.operation).__name__} may or may not have happened ({cause}); look before you repeat it"
    if isinstance(error, MissingCredentials) and _GIVE in str(error):
        return str(error).partition(":")[0] + ", and this profile has no keys"
    return " ".join(str(error).split())

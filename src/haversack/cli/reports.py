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
    InvalidSymbol,
    Maintenance,
    MissingCredentials,
    NotServed,
    OutcomeUnknown,
    RequestExpired,
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
    ((NotServed,), "the local exchange does not have it; docs/coverage.md says what it has"),
)

_GIVE = ": give the client credentials"
"""So a call of the library ends that needs keys and has none."""


def hint_of(error: HaversackError, profile: str) -> str:
    """What to do about it; empty where the error says so itself, or where nothing more is known."""
    own = getattr(error, "hint", None)
    if isinstance(own, str):
        return own
    if isinstance(error, OutcomeUnknown):
        return what_to_type(error, profile)
    if isinstance(error, ConnectFailed) and "//127.0.0.1:" in str(error):
        return f"no local exchange answers there (any more): haversack doctor -p {profile}"
    if isinstance(error, MissingCredentials):
        # What is wrong with a file, or with half a pair, is said; another command does not put it right.
        return f"haversack init -p {profile}" if _GIVE in str(error) else ""
    return next((hint for kinds, hint in _HINTS if isinstance(error, kinds)), "").format(profile=profile)


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

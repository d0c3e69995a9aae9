"""Why a stream connection ended, as an error of its own for everyone who has to be told."""

from __future__ import annotations

from copy import copy
from typing import TypeVar

from haversack.errors import HaversackError, StreamClosed, UntrustedServer

ErrorT = TypeVar("ErrorT", bound=HaversackError)


def copy_of(error: ErrorT) -> ErrorT:
    """The same error anew: one that is raised twice would carry the traceback of both."""
    same = copy(error)
    same.__cause__ = error.__cause__
    return same


def ending_of(cause: BaseException | None) -> StreamClosed | UntrustedServer:
    """What to raise after a connection that ended by this; None is the user's own close."""
    if isinstance(cause, StreamClosed | UntrustedServer):
        return copy_of(cause)
    closing = StreamClosed(None, "closed by this side" if cause is None else f"{type(cause).__name__}: {cause}")
    closing.__cause__ = cause
    return closing

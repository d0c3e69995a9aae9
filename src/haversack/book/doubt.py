"""Why a book cannot know that it is right."""

from __future__ import annotations

from enum import StrEnum

from haversack.errors import BookNotSynced, Gap


class Doubt(StrEnum):
    """What happened to a book that is not in sync."""

    NEW = "it waits for its first snapshot"
    GAP = "a message was missed, repeated or out of turn"
    CROSSED = "somebody bid as much as somebody asked, so a message was missed"
    MALFORMED = "a message or a snapshot was not understood"
    DISCONNECTED = "the connection ended"
    SILENT = "its stream was silent though something happened, and is asked for again"
    REFUSED = "the exchange refused its stream"
    CLOSED = "it was closed"
    CONTRADICTED = "the best prices are not those of the book ticker"
    USED_UP = "the market moved to where its snapshot did not reach"
    TOLD = "it was told to begin anew"


def error_for(symbol: str, doubt: Doubt, gap: tuple[int, int] | None) -> BookNotSynced:
    """A new error each time: one that is raised twice would carry the traceback of both."""
    if doubt is Doubt.GAP and gap is not None:
        return Gap(symbol, *gap)
    return BookNotSynced(symbol, doubt.value)

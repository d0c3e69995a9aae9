"""Lines of styled text, of a width that is known. What a style looks like is the shell's to say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias
from unicodedata import combining, east_asian_width

STYLES = (
    *("up", "down", "dim", "strong", "warn", "bad", "good", "head", "cursor", "chosen"),
    *("bar-bid", "bar-ask", "mine", "live", "sim"),
)
"""Every word that a style may consist of."""


class Span(NamedTuple):
    """A piece of text in one style."""

    text: str
    style: str = ""
    """Words of STYLES, with spaces between."""


Line: TypeAlias = tuple[Span, ...]

BLANK: Line = ()


def safe(text: str) -> str:
    """The text on one line, without what a terminal would obey: a name or an error text comes from elsewhere."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if character in "\t\r\n" else character if character.isprintable() else "?" for character in text)


def cells(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return len(text) if text.isascii() else sum(map(_cell, text))


def cut(text: str, width: int) -> str:
    """The text in at most so many columns; what is left out shows as an ellipsis."""
    if cells(text) <= width:
        return text
    kept: list[str] = []
    used = 0
    for character in text:
        used += _cell(character)
        if used > width - 1:
            break
        kept.append(character)
    return "".join(kept) + "…" if width > 0 else ""


def left(text: str, width: int) -> str:
    """The text at the left of so many columns."""
    shown = cut(text, width)
    return shown + " " * (width - cells(shown))


def right(text: str, width: int) -> str:
    """The text at the right of so many columns."""
    shown = cut(text, width)
    return " " * (width - cells(shown)) + shown


def width_of(line: Line) -> int:
    """How many columns a line takes."""
    return sum(cells(span.text) for span in line)


def trimmed(line: Iterable[Span], width: int) -> Line:
    """The line in exactly so many columns."""
    spans: list[Span] = []
    room = width
    for span in line:
        text = cut(span.text, room)
        spans.append(Span(text, span.style))
        room -= cells(text)
        if text != span.text:
            break
    return (*spans, Span(" " * room)) if room > 0 else tuple(spans)


def plain(lines: Iterable[Line]) -> str:
    """The lines without their styles."""
    return "\n".join("".join(span.text for span in line).rstrip() for line in lines)


def message(text: str, width: int, style: str = "dim") -> list[Line]:
    """A sentence over as many lines as it needs."""
    lines: list[str] = [""]
    for word in safe(text).split():
        longer = f"{lines[-1]} {word}".strip()
        if cells(longer) > width and lines[-1]:
            lines.append(cut(word, width))
        else:
            lines[-1] = cut(longer, width)
    return [(Span(line, style),) for line in lines]


def _cell(character: str) -> int:
    if combining(character):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1

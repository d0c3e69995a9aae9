"""How the story is shown. The story says what happened; a teller decides how it looks.

A terminal gets colour and a live book. A pipe, a file, a dumb terminal or a reader who set NO_COLOR gets plain lines.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal
from typing import NamedTuple, Protocol, TypeAlias

from haversack.book.reader import BookReader
from haversack.book.reading import BookLevel
from haversack.cli.demo.reckoning import Statement
from haversack.cli.demo.words import in_words, short, signed
from haversack.wire.frames import Message

Show: TypeAlias = Callable[[Message], None]
PER_STREAM_MAX = 3
"""Messages of each stream that are shown in plain lines; the others are counted."""
_WIDTH = 100


class View(NamedTuple):
    """What to look at while messages come in."""

    books: Sequence[BookReader]
    own_price: Decimal | None = None
    """Where an order of our own rests, in the first book."""


class Teller(Protocol):
    """Shows the story."""

    def open(self, title: str, text: str) -> None:
        """Begin."""
        ...

    def step(self, title: str, why: str) -> None:
        """The next thing, and why it matters."""
        ...

    def call(self, code: str) -> None:
        """A line of a program, as one would write it."""
        ...

    def say(self, text: str) -> None:
        """A sentence."""
        ...

    def fact(self, name: str, value: str) -> None:
        """Something that was learnt."""
        ...

    def watch(self, view: View) -> AbstractContextManager[Show]:
        """Look on while messages come in; each is handed to what this gives."""
        ...

    def reckon(self, statements: Sequence[Statement]) -> None:
        """The arithmetic, asset by asset."""
        ...

    def verdict(self, text: str, *, is_good: bool) -> None:
        """Whether it all fits."""
        ...

    def close(self, text: str, commands: Sequence[tuple[str, str]]) -> None:
        """What to try next: each command with what it does."""
        ...


def teller_for_this_terminal() -> Teller:
    """Colour where it can be seen and is not unwanted."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") in ("dumb", "unknown"):
        return PlainTeller()
    from haversack.cli.demo.colour import ColourTeller

    return ColourTeller()


class PlainTeller:
    """Lines of plain text."""

    def __init__(self) -> None:
        self._steps = 0

    def open(self, title: str, text: str) -> None:
        """Title and text."""
        self._print(title, "=" * len(title), text)

    def step(self, title: str, why: str) -> None:
        """A numbered heading."""
        self._steps += 1
        self._print("", f"{self._steps}. {title}", f"   {why}")

    def call(self, code: str) -> None:
        """Indented, with a prompt."""
        self._print(f"   >>> {code}")

    def say(self, text: str) -> None:
        """Indented."""
        self._print(f"   {text}")

    def fact(self, name: str, value: str) -> None:
        """Name and value."""
        self._print(f"   {name}: {value}")

    @contextmanager
    def watch(self, view: View) -> Generator[Show]:
        """The first few messages of each stream, and at the end the touch of each book."""
        shown: Counter[str] = Counter()

        def show(message: Message) -> None:
            shown[message.stream] += 1
            if shown[message.stream] <= PER_STREAM_MAX or message.stream.startswith("account."):
                self._print(f"   {message.stream:<22} {in_words(message)}"[:_WIDTH])

        yield show
        for book in view.books:
            touch = touch_of(book)
            if touch is not None:
                (bid, bids), (ask, asks) = touch
                self._print(f"   {book.symbol}: best bid {short(bid)} ({short(bids)}), best ask {short(ask)} ({short(asks)})")

    def reckon(self, statements: Sequence[Statement]) -> None:
        """A column of numbers with the point in one place."""
        for statement in statements:
            rows = [(f"  {short(statement.before)}", "before")]
            rows += [(signed(entry.amount), entry.text) for entry in statement.entries]
            rows.append((f"= {short(statement.expected)}", "expected"))
            rows.append((f"  {short(statement.after)}", "on the exchange: " + ("the same" if statement.agrees else "DIFFERENT")))
            self._print("", f"   {statement.asset}")
            self._print(
                *(
                    f"   {number}   {text}"
                    for number, text in zip(aligned([n for n, _ in rows]), [t for _, t in rows], strict=True)
                )
            )

    def verdict(self, text: str, *, is_good: bool) -> None:
        """One line."""
        self._print("", text if is_good else f"!!! {text}")

    def close(self, text: str, commands: Sequence[tuple[str, str]]) -> None:
        """The commands, ready to be copied."""
        self._print("", text)
        for command, purpose in commands:
            self._print(f"   {purpose}:", f"      {command}")

    def _print(self, *lines: str) -> None:
        for line in lines:
            print(line, flush=True)


def touch_of(book: BookReader) -> tuple[BookLevel, BookLevel] | None:
    """Best bid and best ask, as they last were for sure; None while one of them is missing."""
    kept = book.last_good(1)
    bid, ask = (kept.best_bid, kept.best_ask) if kept is not None else (None, None)
    return None if bid is None or ask is None else (bid, ask)


def aligned(numbers: Sequence[str]) -> list[str]:
    """Numbers behind a sign, with signs, points and ends one below the other."""
    parts = [(number[:2], *number[2:].partition(".")) for number in numbers]
    whole = max(len(part[1]) for part in parts)
    fraction = max(len(part[2] + part[3]) for part in parts)
    return [f"{sign}{digits:>{whole}}{(point + decimals):<{fraction}}" for sign, digits, point, decimals in parts]

"""The story in colour, for a terminal: books that move, numbers in columns."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from decimal import Decimal

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from haversack.book.reader import BookReader
from haversack.cli.demo.reckoning import Statement
from haversack.cli.demo.teller import Show, View, aligned
from haversack.cli.demo.words import even, in_words, short, signed
from haversack.wire.frames import Message

LEVELS = 4
"""Of each side of a book, so that two books and the messages fit on a screen of 24 lines."""
MESSAGES_WITH_BOOKS, MESSAGES_ALONE = 7, 8
REFRESHES_PER_S = 10
WIDTH_MAX = 100

BID, ASK, OWN = "green", "red", "bold yellow"


class ColourTeller:
    """Writes to a terminal."""

    def __init__(self) -> None:
        console = Console(highlight=False)
        self._console = Console(highlight=False, width=min(console.width, WIDTH_MAX))
        self._steps = 0

    def open(self, title: str, text: str) -> None:
        """A panel."""
        self._console.print(Panel(Text(text), title=Text(title, "bold"), title_align="left", border_style="cyan", padding=(0, 1)))

    def step(self, title: str, why: str) -> None:
        """A numbered heading."""
        self._steps += 1
        self._console.print()
        self._console.print(Text.assemble((f" {self._steps} ", "bold black on cyan"), " ", (title, "bold")))
        self._put(Text(why, "dim"))

    def call(self, code: str) -> None:
        """Python in its colours."""
        self._put(Syntax(code, "python", theme="ansi_dark", background_color="default", word_wrap=True))

    def say(self, text: str) -> None:
        """Indented."""
        self._put(Text(text))

    def fact(self, name: str, value: str) -> None:
        """The value stands out."""
        self._put(Text.assemble((f"{name:<7}  ", "dim"), (value, "bold cyan")))

    @contextmanager
    def watch(self, view: View) -> Generator[Show]:
        """Books that move, above the last messages."""
        messages: deque[Message] = deque(maxlen=MESSAGES_WITH_BOOKS if view.books else MESSAGES_ALONE)

        def picture() -> RenderableType:
            return Padding(Group(*_books(view), *map(_message, messages)), (0, 0, 0, 2))

        with Live(get_renderable=picture, console=self._console, refresh_per_second=REFRESHES_PER_S):
            yield messages.append

    def reckon(self, statements: Sequence[Statement]) -> None:
        """One column for each asset's numbers."""
        for statement in statements:
            self._put(_statement(statement), top=1)

    def verdict(self, text: str, *, is_good: bool) -> None:
        """A panel, green or red."""
        style = "green" if is_good else "bold red"
        self._console.print()
        self._console.print(Panel(Text(text, style), border_style=style, padding=(0, 1)))

    def close(self, text: str, commands: Sequence[tuple[str, str]]) -> None:
        """The commands, ready to be copied: a line of its own each, not broken by the terminal's width."""
        self._console.print()
        self._console.print(Text(text, "bold"))
        for command, purpose in commands:
            self._put(Text(purpose, "dim"))
            self._console.print(Text(f"    {command}", "cyan"), soft_wrap=True)

    def _put(self, thing: RenderableType, *, top: int = 0) -> None:
        self._console.print(Padding(thing, (top, 0, 0, 4)))


def _books(view: View) -> list[RenderableType]:
    if not view.books:
        return []
    side_by_side = Table.grid(padding=(0, 4))
    side_by_side.add_row(*(_book(book, view.own_price if index == 0 else None) for index, book in enumerate(view.books)))
    return [side_by_side]


def _book(book: BookReader, own_price: Decimal | None) -> Table:
    table = Table(title=book.symbol, title_style="bold", box=None, padding=(0, 1), show_header=False)
    table.add_column(justify="right", min_width=10)
    table.add_column(justify="right", min_width=8)
    table.add_column(min_width=8 if own_price is None else 10)
    kept = book.last_good(LEVELS)
    asks, bids = (kept.levels("Ask"), kept.levels("Bid")) if kept else ([], [])
    levels = [*asks[::-1], *bids]
    prices, quantities = even([price for price, _ in levels]), even([quantity for _, quantity in levels])
    for place, (price, quantity) in enumerate(zip(prices, quantities, strict=True)):
        side, style = ("ask", ASK) if place < len(asks) else ("bid", BID)
        is_own = side == "bid" and levels[place][0] == own_price
        style = OWN if is_own else style
        note = Text("<- your bid", style) if is_own else Text(side, "dim")
        table.add_row(Text(price, style), Text(quantity, style), note)
    return table


def _message(message: Message) -> Text:
    style = "yellow" if message.stream.startswith("account.") else "magenta" if message.stream.startswith("trade.") else "dim"
    return Text.assemble((f"{message.stream:<21} ", "dim"), (in_words(message), style), no_wrap=True, overflow="ellipsis")


def _statement(statement: Statement) -> Table:
    numbers = [f"  {short(statement.before)}", *(signed(entry.amount) for entry in statement.entries)]
    numbers += [f"= {short(statement.expected)}", f"  {short(statement.after)}"]
    verdict = "on the exchange: " + ("the same" if statement.agrees else "DIFFERENT")
    texts = ["before", *(entry.text for entry in statement.entries), "expected", verdict]
    good = "green" if statement.agrees else "bold red"
    styles = ["", *("" if entry.text != "fee" else "magenta" for entry in statement.entries), "bold", good]
    table = Table.grid(padding=(0, 2))
    for place, (number, text, style) in enumerate(zip(aligned(numbers), texts, styles, strict=True)):
        name = Text(statement.asset if place == 0 else "", "bold")
        table.add_row(name, Text(number, style), Text(text, style or "dim"))
    return table

"""The parts of the screen: what each draws of the model, and what a key or a click in it means."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import ClassVar, TypeAlias

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from haversack.tui import listings
from haversack.tui.book_picture import book_picture
from haversack.tui.canvas import Canvas
from haversack.tui.chart import Frame, chart
from haversack.tui.heading import heading
from haversack.tui.health_picture import health
from haversack.tui.model import Model
from haversack.tui.paper import Line, Span, message, trimmed, width_of
from haversack.tui.table import Table
from haversack.wire.enums import Side

Draw: TypeAlias = Callable[[Model, int, int], Table]

TABS: dict[str, Draw] = {
    "markets": listings.markets,
    "trades": listings.trades,
    "orders": listings.orders,
    "positions": listings.positions,
    "balances": listings.balances,
    "health": health,
}
"""What a list can show, in the order of the keys 1 to 6."""
_SHORT = {"markets": "Mkts", "positions": "Pos", "balances": "Bal"}


class Heading(Canvas):
    """The first line of the screen."""

    def draw(self, model: Model, now_us: int) -> None:
        """Show how things are."""
        self.show([heading(model, self.size.width, now_us)])


class ChartPanel(Canvas):
    """The candles."""

    class Clicked(Message):
        """Somebody clicked on it."""

    def draw(self, model: Model, _now_us: int) -> None:
        """Show the newest candles."""
        self.name_as(f"{model.symbol} {model.interval}")
        width, height = self.size
        frame = Frame(width, height, model.price_decimals, model.interval_s, is_plain=self.has_pseudo_class("nocolor"))
        lines = chart(model.candles.last(width), frame)
        if model.history_trouble and len(model.candles.last(2)) < 2:
            lines = [*lines, *message(f"older candles are missing: {model.history_trouble}", width, "warn")]
        self.show(lines)

    def on_click(self) -> None:
        """Ask for other candles."""
        self.post_message(self.Clicked())


class BookPanel(Canvas):
    """The order book."""

    class Picked(Message):
        """Somebody clicked on a level."""

        def __init__(self, side: Side, price: Decimal) -> None:
            super().__init__()
            self.side = side
            """Of the level."""
            self.price = price

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._levels: list[tuple[Side, Decimal] | None] = []

    def draw(self, model: Model, _now_us: int) -> None:
        """Show the best levels."""
        open_orders = [order for order in model.account.orders if order.is_live] if model.account else []
        own = {(order.side, order.price) for order in open_orders if order.symbol == model.symbol and order.side and order.price}
        decimals = model.price_decimals, model.quantity_decimals
        picture = book_picture(model.book, self.size, decimals=decimals, own=[each for each in own if each[0] and each[1]])
        self._levels = picture.levels
        self.show(picture.lines)

    def on_click(self, event: events.Click) -> None:
        """Take the level's price."""
        y = event.y - self.gutter.top
        level = self._levels[y] if 0 <= y < len(self._levels) else None
        if level is not None:
            self.post_message(self.Picked(*level))


class TabBar(Canvas):
    """Which list is shown below, and which others there are."""

    class Picked(Message):
        """Somebody clicked on a name."""

        def __init__(self, tab: str) -> None:
            super().__init__()
            self.tab = tab

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._ends: list[tuple[int, str]] = []

    def draw(self, tabs: list[str], current: str, counts: dict[str, int]) -> None:
        """Show the names with their keys; those that have no room in full are shortened."""
        spans: list[Span] = []
        for short in ({}, _SHORT):
            spans, self._ends = [], []
            for tab in tabs:
                count = f" {counts[tab]}" if counts.get(tab) else ""
                name = short.get(tab, tab.capitalize())
                number = list(TABS).index(tab) + 1
                spans += [Span(f" {number} ", "dim"), Span(f"{name}{count}", "chosen" if tab == current else "")]
                self._ends.append((width_of(tuple(spans)), tab))
            if width_of(tuple(spans)) <= self.size.width:
                break
        self.show([trimmed(spans, self.size.width)])

    def on_click(self, event: events.Click) -> None:
        """Show that list."""
        tab = next((tab for end, tab in self._ends if event.x < end), None)
        if tab is not None:
            self.post_message(self.Picked(tab))


class ListPanel(Canvas, can_focus=True):
    """A table that can be scrolled, with one row chosen: it stays chosen when its place in the table changes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "move(-100000)", "First", show=False),
        Binding("end", "move(100000)", "Last", show=False),
        Binding("enter", "pick", "Choose", show=False),
    ]

    class Picked(Message):
        """Somebody chose a row, by Enter or by a click."""

        def __init__(self, tab: str, key: str) -> None:
            super().__init__()
            self.tab = tab
            self.key = key

    def __init__(self, tab: str, *, id: str) -> None:
        super().__init__(id=id)
        self.tab = tab
        self._keys: tuple[str, ...] = ()
        self._cursor = 0
        self._top = 0
        self._rows: tuple[Line, ...] = ()
        self._head: list[Line] = []
        self._nothing: list[Line] = []
        """What is said where there are no rows."""

    @property
    def key(self) -> str | None:
        """What the chosen row is about; None if there is none."""
        return self._keys[self._cursor] if self._cursor < len(self._keys) else None

    def turn_to(self, tab: str) -> None:
        """Show another list, from its beginning."""
        if tab != self.tab:
            self.tab, self._cursor, self._top, self._keys = tab, 0, 0, ()

    def draw(self, model: Model, now_us: int) -> None:
        """Show as many rows as fit."""
        self.name_as("" if self.id == "list" else self.tab.capitalize())
        drawn = TABS[self.tab](model, self.size.width, now_us)
        chosen = self.key
        self._keys, self._rows, self._head = drawn.keys, drawn.rows, [drawn.head]
        # Whoever is about to cancel an order must not find another one below the cursor. The newest trade stays the newest.
        if chosen in self._keys and (self._cursor or self.tab != "trades"):
            self._cursor = self._keys.index(chosen)
        self._nothing = [] if drawn.rows else message(listings.nothing(self.tab, model), self.size.width)
        self._show()

    def action_move(self, step: int) -> None:
        """Choose another row."""
        self._cursor = max(0, min(len(self._keys) - 1, self._cursor + step))
        self._show()

    def action_page(self, step: int) -> None:
        """Choose a row a screen further."""
        self.action_move(step * max(1, self._height - 1))

    def action_pick(self) -> None:
        """Say that this is the row."""
        if self.key is not None:
            self.post_message(self.Picked(self.tab, self.key))

    def on_click(self, event: events.Click) -> None:
        """Choose the row below the pointer."""
        row = event.y - self.gutter.top - len(self._head) + self._top
        if event.y > self.gutter.top and 0 <= row < len(self._keys):
            self._cursor = row
            self._show()
            self.action_pick()

    def on_mouse_scroll_down(self) -> None:
        """Go down."""
        self.action_move(3)

    def on_mouse_scroll_up(self) -> None:
        """Go up."""
        self.action_move(-3)

    def on_focus(self) -> None:
        """Show which row is chosen."""
        self._show()

    def on_blur(self) -> None:
        """Show it no longer."""
        self._show()

    @property
    def _height(self) -> int:
        return max(1, self.size.height - len(self._head))

    def _show(self) -> None:
        self._cursor = max(0, min(self._cursor, len(self._keys) - 1))
        self._top = max(min(self._top, self._cursor), self._cursor - self._height + 1, 0)
        # After the terminal grew, there is no room to be left empty below.
        self._top = min(self._top, max(0, len(self._rows) - self._height))
        lines = [*self._head, *self._nothing]
        for index, row in enumerate(self._rows[self._top : self._top + self._height], start=self._top):
            is_chosen = index == self._cursor and self.has_focus
            lines.append(tuple(Span(span.text, f"{span.style} cursor".strip()) for span in row) if is_chosen else row)
        self.show(lines)

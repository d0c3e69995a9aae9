"""A widget that shows lines of styled text, and tells the terminal only of those that changed."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from haversack.tui.paper import BLANK, STYLES, Line


class Palette(Widget):
    """Is never seen: it knows what each word of the paper's styles looks like, once for all canvases of the screen."""

    COMPONENT_CLASSES = {f"palette--{word}" for word in STYLES}  # noqa: RUF012  # Textual reads it of the class.

    def style(self, words: str) -> Style:
        """What some words come to."""
        return self.get_component_rich_style(*[f"palette--{word}" for word in words.split()], partial=True)


class Canvas(Widget):
    """Shows what `show` is given, in the colours of the screen's palette."""

    def __init__(self, *, id: str) -> None:  # Textual's name for it.
        super().__init__(id=id)
        self._lines: Sequence[Line] = ()

    @property
    def lines(self) -> Sequence[Line]:
        """What is shown."""
        return self._lines

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines, the first at the top."""
        before, self._lines = self._lines, lines
        changed = [
            y
            for y in range(max(len(before), len(lines)))
            if (before[y] if y < len(before) else None) != (lines[y] if y < len(lines) else None)
        ]
        if changed:
            self.refresh(*[Region(0, y, self.size.width, 1) for y in changed])

    def name_as(self, title: str) -> None:
        """Give it this name, which stands in its border."""
        # Naming it draws all of it anew, so not ten times a second.
        if self.border_title != title:
            self.border_title = title

    def render_line(self, y: int) -> Strip:
        """For Textual: one line as it is now."""
        line = self._lines[y] if y < len(self._lines) else BLANK
        base = self.rich_style
        palette = self.screen.query_one(Palette)
        segments = [Segment(span.text, base + palette.style(span.style) if span.style else base) for span in line]
        return Strip(segments).adjust_cell_length(self.size.width, base)

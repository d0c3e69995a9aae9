"""A widget that shows lines of styled text, and tells the terminal only of those that changed."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from haversack.tui.paper import BLANK, STYLES, Line


class Canvas(Widget):
    """Shows what `show` is given."""

    COMPONENT_CLASSES = {f"canvas--{word}" for word in STYLES}  # noqa: RUF012  # Textual reads it of the class.

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
        segments = [Segment(span.text, self._style(base, span.style)) for span in line]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def _style(self, base: Style, words: str) -> Style:
        if not words:
            return base
        return base + self.get_component_rich_style(*[f"canvas--{word}" for word in words.split()], partial=True)

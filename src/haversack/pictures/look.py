"""What all pictures have in common: their sizes and colours, and how they become PNG or SVG, the same bytes each time."""

# Half of what matplotlib says of its types is unknown.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from textwrap import wrap
from typing import Any, Literal, NamedTuple, TypeAlias

import matplotlib as mpl
from matplotlib import dates
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from haversack.clock import secret_bytes
from haversack.errors import UsageError

# These two are typed in part, or by a list of names that changes with the version.
_dates: Any = dates
_settings: Any = mpl.rcParams

Size: TypeAlias = Literal["small", "medium", "large"]
Format: TypeAlias = Literal["png", "svg"]

UP, DOWN, INK, PALE, WARNING = "#178a72", "#d2503f", "#20262e", "#69737f", "#b3261e"
"""Colours that stay apart for eyes that do not see red and green, and on paper without colour."""

DPI = 100
_DIGITS_TOGETHER = 4
_WIDTH_OF_LETTER = 0.52
"""Of the height of its font."""


class _Measure(NamedTuple):
    inches: tuple[float, float]
    font: float


_MEASURES: dict[Size, _Measure] = {
    "small": _Measure((4.8, 3.2), 7),
    "medium": _Measure((9.6, 6.0), 10),
    "large": _Measure((16.0, 10.0), 14),
}

_LOOK: dict[str, Any] = {
    "axes.edgecolor": "#b4bcc5",
    "axes.grid": True,
    "axes.labelcolor": PALE,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.axisbelow": True,
    "grid.color": "#e6e9ed",
    "grid.linewidth": 0.8,
    "legend.edgecolor": "white",
    "legend.framealpha": 1,
    # A name that comes from elsewhere is a text and no formula, whatever signs are in it.
    "text.parse_math": False,
    "text.color": INK,
    "xtick.color": PALE,
    "ytick.color": PALE,
    # Names inside an SVG are made by chance unless they are salted.
    "svg.hashsalt": "haversack",
    "svg.fonttype": "path",
}


class Picture(Figure):
    """A figure of matplotlib that a notebook shows by itself, and that writes itself into a file."""

    def __init__(self, size: Size = "medium", **options: Any) -> None:
        if size not in _MEASURES:
            raise UsageError(f"size must be one of {', '.join(_MEASURES)}, found {size!r}")
        self.font = _MEASURES[size].font
        super().__init__(figsize=_MEASURES[size].inches, dpi=DPI, layout="constrained", facecolor="white", **options)

    def entitle(self, axes: Any, what: str, source: str) -> None:
        """Say above the axes what is shown, and whose prices it is."""
        self.suptitle(what, x=0.012, ha="left", fontsize=1.3 * self.font, fontweight="bold")
        is_real = "invented" not in source
        axes.set_title(source, loc="left", fontsize=self.font, color=WARNING if is_real else PALE)

    def explain(self, text: str) -> None:
        """Say below everything what one has to know of it."""
        font = 0.85 * self.font
        letters = int(self.get_size_inches()[0] * 72 * 0.97 / (font * _WIDTH_OF_LETTER))
        self.supxlabel("\n".join(wrap(text, letters)), x=0.012, ha="left", fontsize=font, color=PALE)

    def say_instead(self, axes: Any, text: str) -> None:
        """Say why there is nothing to see, instead of scales of nothing."""
        axes.set_xticks([])
        axes.set_yticks([])
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", fontsize=1.1 * self.font, color=PALE)

    def to_bytes(self, form: Format) -> bytes:
        """The picture as PNG or SVG: no time and no version stand in it."""
        file = BytesIO()
        nothing = {"Software": None} if form == "png" else {"Date": None, "Creator": None}
        with _look(self.font):
            self.savefig(file, format=form, dpi=DPI, metadata=nothing)
        return file.getvalue()

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write it into a file that is not there yet, whose name ends in .png or .svg; it is there as a whole or not at all.

        Errors: UsageError for another name, and for one that exists.
        """
        place = check_place(Path(path))
        # Two programs that draw the same thing at once have each a part of their own.
        part = place.with_name(f".{place.name}.{secret_bytes(8).hex()}")
        try:
            part.write_bytes(self.to_bytes(format_of(place)))
            _name(part, place)
        finally:
            part.unlink(missing_ok=True)
        return place

    def _repr_png_(self) -> bytes:
        return self.to_bytes("png")


def format_of(path: Path) -> Format:
    """What a file of this name holds. Errors: UsageError unless that is PNG or SVG."""
    match path.suffix.lower():
        case ".png":
            return "png"
        case ".svg":
            return "svg"
        case _:
            raise UsageError(f"a picture's file must end in .png or .svg, found {path.name!r}")


def check_place(path: Path) -> Path:
    """The path, if a picture may be written there. Errors: UsageError for a name of another kind, and for one that exists."""
    format_of(path)
    if path.exists():
        raise UsageError(f"{path} is there already: choose another name, or remove it")
    return path


def _name(part: Path, place: Path) -> None:
    """Give the file its name. A rename would silently replace what another program drew just now; a link does not."""
    try:
        os.link(part, place)
    except FileExistsError:
        check_place(place)
        raise
    except OSError:
        # This file system has no links.
        os.rename(part, place)


@contextmanager
def picture(size: Size = "medium") -> Generator[Picture]:
    """A new picture, to be drawn on inside: what the user has set for figures of his own is kept out, and comes back after."""
    with _look(_MEASURES[size].font if size in _MEASURES else 10):
        made = Picture(size)
        yield made
        # Settled once: a second layout begins where the first one ended, and would move everything a little.
        made.draw_without_rendering()
        made.set_layout_engine("none")


@contextmanager
def _look(font: float) -> Generator[None]:
    with mpl.rc_context():
        mpl.rcdefaults()
        _settings.update({**_LOOK, "font.size": font})
        yield


def day_of(moment: datetime) -> float:
    """Where a moment is on a time axis."""
    return float(_dates.date2num(moment))


def time_axis(axes: Any) -> None:
    """Times along the bottom, in UTC."""
    locator = _dates.AutoDateLocator(tz=UTC, minticks=3, maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(_dates.ConciseDateFormatter(locator, tz=UTC))
    axes.set_xlabel("UTC")


class _Grouped(ScalarFormatter):
    """Numbers with a comma between thousands, where there are many."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        text = super().__call__(x, pos)
        whole, point, rest = text.partition(".")
        digits = whole.lstrip("-\N{MINUS SIGN}")
        sign = whole.removesuffix(digits)
        return f"{sign}{int(digits):,}{point}{rest}" if len(digits) > _DIGITS_TOGETHER and digits.isdecimal() else text


def number_axis(axis: Any, ticks: int = 6) -> None:
    """Numbers as they are: no exponent, nothing to be added in thought."""
    formatter = _Grouped(useOffset=False)
    formatter.set_scientific(False)
    axis.set_major_formatter(formatter)
    axis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 2.5, 5, 10]))


def parts_of(symbol: str) -> tuple[str, str]:
    """Base and quote asset of a market's symbol: `SOL_USDC_PERP` is of SOL and USDC."""
    base, _, rest = symbol.partition("_")
    return base, rest.partition("_")[0] or "quote"

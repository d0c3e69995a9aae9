"""Pictures of answers: candles, the depth of a book, what an account was worth. Needs the extra `plot`.

from haversack.pictures import draw_candles

draw_candles(client.markets.klines("SOL_USDC", interval="1h", start_time_s=since), symbol="SOL_USDC", source="live")

What they give is a `Picture`: a figure of matplotlib that a notebook shows by itself, and that writes itself into a PNG or an
SVG, the same bytes for the same rows. Nothing of `matplotlib.pyplot` is used or changed.

look      what all pictures have in common
candles   prices and volumes over time
depth     both sides of a book, added up from the best price
worth     what an account was worth, as numbers; needs no matplotlib
equity    the same as a picture
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from haversack.errors import UsageError

if TYPE_CHECKING:
    from haversack.pictures.candles import draw_candles
    from haversack.pictures.depth import draw_depth
    from haversack.pictures.equity import draw_equity
    from haversack.pictures.look import Picture

__all__ = ["Picture", "draw_candles", "draw_depth", "draw_equity"]

_HOMES = {"Picture": "look", "draw_candles": "candles", "draw_depth": "depth", "draw_equity": "equity"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    check_library()
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def check_library() -> None:
    """Nothing, if pictures can be drawn. Errors: UsageError where matplotlib is missing; it says what to install."""
    if find_spec("matplotlib") is None:
        raise UsageError('pictures need one more library: pip install "haversack[plot]"')

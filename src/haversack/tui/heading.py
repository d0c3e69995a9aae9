"""The first line: which market, how it stands, how the connection is, and whose prices these are."""

from __future__ import annotations

from haversack.tui.figures import change, compact, fixed, percent
from haversack.tui.health_picture import summary
from haversack.tui.model import Model
from haversack.tui.paper import Line, Span, cells, cut, safe, trimmed, width_of


def heading(model: Model, width: int, now_us: int) -> Line:
    """One line. The badge at the right is there whatever else has no room."""
    badge = Span(cut(model.badge.text, width), model.badge.style)
    state = summary(model, now_us)
    room = max(0, width - cells(badge.text))
    pieces = [Span(f" {safe(model.symbol)} ", "strong"), *_day(model)]
    end = [Span("  "), Span(cut(state.text, max(0, room - 3)), state.style), Span(" ")]
    left_width = max(0, room - width_of(tuple(end)))
    left = trimmed(_that_fit(pieces, left_width), left_width)
    return trimmed([*trimmed([*left, *end], room), badge], width)


def _day(model: Model) -> list[Span]:
    quote = model.quote
    if quote is None:
        return [Span(" no trades ", "dim")]
    moved = change(quote.first, quote.last)
    style = "dim" if not moved else "up" if moved > 0 else "down"
    price = [fixed(number, model.price_decimals) for number in (quote.last, quote.high, quote.low)]
    return [
        Span(f" {price[0]} ", f"strong {style}".replace("strong dim", "strong")),
        Span(f" {percent(moved)} ", style),
        Span(f" vol {compact(quote.quote_volume, 5)} {safe(model.market.quote_symbol)} ", "dim"),
        Span(f" high {price[1]} ", "dim"),
        Span(f" low {price[2]} ", "dim"),
    ]


def _that_fit(spans: list[Span], width: int) -> Line:
    """Whole pieces only: half a number is a wrong number."""
    kept: list[Span] = []
    used = 0
    for span in spans:
        used += cells(span.text)
        if used > width:
            break
        kept.append(span)
    return tuple(kept or [Span(cut(spans[0].text, max(0, width)), spans[0].style)])

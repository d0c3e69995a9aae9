"""Mark prices of prediction markets, once a second: what they have no index and no funding to be told with."""

from __future__ import annotations

from collections.abc import Callable

from haversack.exchange.listing import Listing
from haversack.exchange.publish.outgoing import Beat, Outgoing, Wanted
from haversack.exchange.views.spans import SECOND_US
from haversack.wire.events import MarkPriceEvent
from haversack.wire.frames import write_frame


class PredictionMarks:
    """The `markPrice` streams of prediction markets: every second, whether or not anything changed, until they are closed."""

    __slots__ = ("_beat", "_mark", "_scales", "_streams")

    def __init__(self, listing: Listing, mark: Callable[[str], int | None]) -> None:
        self._beat = Beat(SECOND_US)
        self._mark = mark
        self._scales = listing.scales
        self._streams = {symbol: f"markPrice.{symbol}" for symbol, rules in listing.rules.items() if rules.pays is not None}

    def due(self, now_us: int, wanted: Wanted) -> list[Outgoing]:
        """A frame for each market that has a price, if the second is over."""
        if self._beat.passed(now_us) is None:
            return []
        outgoing: list[Outgoing] = []
        for symbol, stream in self._streams.items():
            mark = self._mark(symbol) if wanted(stream, None) else None
            if mark is not None:
                event = MarkPriceEvent(
                    event_us=now_us, engine_us=now_us, mark_price=self._scales[symbol].price(mark), symbol=symbol
                )
                outgoing.append(Outgoing(stream, None, write_frame(stream, event)))
        return outgoing

    def next_us(self, now_us: int) -> int:
        """When the next second is over."""
        return self._beat.next_us(now_us)

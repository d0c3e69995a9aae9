"""Depth frames: one for each changed level, and aggregated ones for each window of time.

The commonest frame by far is put together as text; that it is what the encoder writes is tested.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from haversack.exchange.engine.event import LevelChanged
from haversack.exchange.listing import Listing, Scales
from haversack.exchange.publish.names import DEPTH_WINDOWS_US
from haversack.exchange.publish.outgoing import Beat, Outgoing, Wanted
from haversack.wire.enums import Side
from haversack.wire.events import DepthUpdate
from haversack.wire.frames import write_frame
from haversack.wire.markets import Level

BID = Side.BID


class LevelFrames:
    """Writes the frames of one market's `depth` stream."""

    __slots__ = ("_ask", "_bid", "_price", "_quantity", "stream")

    def __init__(self, symbol: str, scales: Scales) -> None:
        self.stream = f"depth.{symbol}"
        self._price, self._quantity = _digits(scales.price_scale), _digits(scales.quantity_scale)
        name, stream = (msgspec.json.encode(text).decode().replace("%", "%%") for text in (symbol, self.stream))
        start, level = '{"data":{"E":%d,"T":%d,"U":%d', '[["%s","%s"]]'
        end = f'"e":"depth","s":{name},"u":%d}},"stream":{stream}}}'
        self._ask = f'{start},"a":{level},"b":[],{end}'
        self._bid = f'{start},"a":[],"b":{level},{end}'

    def write(self, event: LevelChanged, *, engine_us: int, emit_us: int) -> bytes:
        """The frame of one change."""
        number = event.update_id
        level = (self._price(event.price), self._quantity(event.quantity))
        template = self._bid if event.side is BID else self._ask
        return (template % (emit_us, engine_us, number, *level, number)).encode()


class _Changes:
    """What changed in one market since the last aggregated frame."""

    __slots__ = ("asks", "bids", "engine_us", "first_id", "last_id")

    def __init__(self, first_id: int) -> None:
        self.first_id = self.last_id = first_id
        self.engine_us = 0
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}

    def add(self, event: LevelChanged, engine_us: int) -> None:
        self.last_id, self.engine_us = event.update_id, engine_us
        (self.bids if event.side is BID else self.asks)[event.price] = event.quantity


class DepthWindow:
    """The aggregated streams of one window, of all markets.

    Changes are collected only while somebody listens, and dropped as a whole once nobody did while one was made. So
    a listener's frames follow each other without a gap, and the first of one who joins halfway reaches back to before.
    """

    __slots__ = ("_beat", "_changes", "_scales", "_streams")

    def __init__(self, window: str, listing: Listing) -> None:
        self._beat = Beat(DEPTH_WINDOWS_US[window])
        self._scales = listing.scales
        self._streams = {symbol: f"depth.{window}.{symbol}" for symbol in listing.scales}
        self._changes: dict[str, _Changes] = {}

    def collect(self, event: LevelChanged, engine_us: int, wanted: Wanted) -> None:
        """Take in one change."""
        symbol = event.symbol
        if not wanted(self._streams[symbol], None):
            self._changes.pop(symbol, None)
            return
        changes = self._changes.get(symbol)
        if changes is None:
            changes = self._changes[symbol] = _Changes(event.update_id)
        changes.add(event, engine_us)

    def forget(self) -> None:
        """Drop what was collected: changes are made to which nobody listens."""
        if self._changes:
            self._changes.clear()

    def due(self, now_us: int, wanted: Wanted) -> list[Outgoing]:
        """A frame for each market that changed, if the window is over."""
        if self._beat.passed(now_us) is None:
            return []
        collected, self._changes = self._changes, {}
        return [
            Outgoing(self._streams[symbol], None, self._frame(symbol, changes, now_us))
            for symbol, changes in collected.items()
            if wanted(self._streams[symbol], None)
        ]

    def next_us(self, now_us: int) -> int:
        """When the window is over."""
        return self._beat.next_us(now_us)

    def _frame(self, symbol: str, changes: _Changes, now_us: int) -> bytes:
        scales = self._scales[symbol]
        update = DepthUpdate(
            event_us=now_us,
            engine_us=changes.engine_us,
            first_update_id=changes.first_id,
            last_update_id=changes.last_id,
            asks=_levels(changes.asks, scales),
            bids=_levels(changes.bids, scales),
            symbol=symbol,
        )
        return write_frame(self._streams[symbol], update)


def _levels(side: dict[int, int], scales: Scales) -> list[Level]:
    return [(scales.price(price), scales.quantity(side[price])) for price in sorted(side)]


def _digits(scale: int) -> Callable[[int], str]:
    """What writes a whole number of units, not negative, with all its decimals."""
    if not scale:
        return str
    template, one = f"%d.%0{scale}d", 10**scale
    return lambda units: template % divmod(units, one)

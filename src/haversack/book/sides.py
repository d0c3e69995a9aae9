"""Both sides of a book as of one update: what a snapshot makes, and what every depth message changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from haversack.book.ladder import Ladder, TicksAndSteps
from haversack.book.reading import BookLevel, Reading
from haversack.book.texts import DepthTexts, LevelText
from haversack.book.units import Finer, Malformed, Scale
from haversack.wire.enums import Side
from haversack.wire.events import DepthUpdate
from haversack.wire.markets import Depth, Level

Changes: TypeAlias = DepthTexts | DepthUpdate
"""What a depth message says, with its numbers as they were written or as decimals."""


ID_DIGITS_MAX = 20


class Sides(Reading):
    """A book as of one update."""

    __slots__ = ("_ask", "_ask_at", "_bid", "_bid_at", "_has_horizon", "asks", "bids", "engine_us", "scale", "update_id")

    def __init__(self, depth: Depth, scale: Scale, *, levels_max: int) -> None:
        """The book of a snapshot, which knows nothing beyond its last level if it has as many as were asked for."""
        self.update_id = update_id_of(depth)
        self.engine_us = depth.timestamp_us
        self.scale = scale
        self.bids = Ladder(1, scale.price)
        self.asks = Ladder(-1, scale.price)
        # The best levels are read far more often than they change, so what was made of them last is kept.
        self._bid_at: TicksAndSteps | None = None
        self._bid: BookLevel | None = None
        self._ask_at: TicksAndSteps | None = None
        self._ask: BookLevel | None = None
        self._fill(depth)
        self._has_horizon = False
        for ladder, levels in ((self.bids, depth.bids), (self.asks, depth.asks)):
            if len(levels) >= levels_max and ladder.keys:
                ladder.horizon = ladder.keys[0]
                self._has_horizon = True

    def apply(self, changes: Changes) -> bool:
        """Make all changes of one message; whether the book is sound then, as `is_sound` says.

        Errors: Malformed; then this book is neither the old nor the new one: drop it.
        """
        if isinstance(changes, DepthTexts):
            bids, asks = changes.bids, changes.asks
        else:
            bids, asks = _texts(changes.bids), _texts(changes.asks)
        while True:
            decimals = self.scale.quantity
            try:
                if bids:
                    self.bids.change(bids, decimals)
                if asks:
                    self.asks.change(asks, decimals)
                break
            except Finer as finer:
                self._refine(finer)
            except ValueError as error:
                raise error if isinstance(error, Malformed) else Malformed("not a number") from error
        self.update_id = changes.last_update_id
        self.engine_us = changes.engine_us
        bid_keys, ask_keys = self.bids.keys, self.asks.keys
        if bid_keys and ask_keys and bid_keys[-1] + ask_keys[-1] >= 0:
            return False
        return not (self._has_horizon and self.is_used_up)

    @property
    def best_bid(self) -> BookLevel | None:
        best = self.bids.best()
        if best != self._bid_at:
            self._bid_at, self._bid = best, None if best is None else self._level(*best)
        return self._bid

    @property
    def best_ask(self) -> BookLevel | None:
        best = self.asks.best()
        if best != self._ask_at:
            self._ask_at, self._ask = best, None if best is None else self._level(*best)
        return self._ask

    @property
    def is_sound(self) -> bool:
        """Whether it may be shown: it is neither crossed nor used up."""
        bids, asks = self.bids.keys, self.asks.keys
        if bids and asks and bids[-1] + asks[-1] >= 0:
            return False
        return not (self._has_horizon and self.is_used_up)

    @property
    def is_used_up(self) -> bool:
        """Whether the market has gone to where the snapshot did not reach."""
        return self._has_horizon and (self.bids.is_used_up or self.asks.is_used_up)

    def agrees(self, other: Sides) -> bool:
        """Whether both have the same levels, as far as both know them."""
        return all(
            (mine[0], mine[1]) == (theirs[0], theirs[1])
            for side in (Side.BID, Side.ASK)
            for mine, theirs in zip(self.levels(side), other.levels(side), strict=False)
        )

    def ladder(self, side: Side) -> Iterator[TicksAndSteps]:
        return (self.bids if side is Side.BID else self.asks).best_first()

    def _fill(self, depth: Depth) -> None:
        while True:
            try:
                self.bids.fill(depth.bids, self.scale)
                self.asks.fill(depth.asks, self.scale)
                return
            except Finer as finer:
                self._refine(finer)

    def _refine(self, finer: Finer) -> None:
        old, self.scale = self.scale, self.scale.refined(finer)
        self._bid_at = self._ask_at = self._bid = self._ask = None
        self.bids.refine(old, self.scale)
        self.asks.refine(old, self.scale)


def update_id_of(depth: Depth) -> int:
    """The update that a snapshot is as of."""
    return update_number(depth.last_update_id)


def update_number(written: str | int) -> int:
    """An update id, which the exchange writes as a string in some places. Errors: Malformed."""
    if isinstance(written, int):
        return written
    if not written.isdecimal() or len(written) > ID_DIGITS_MAX:
        raise Malformed(f"the update id {written[:80]!r} is no number")
    return int(written)


def _texts(levels: list[Level]) -> list[LevelText]:
    return [(str(price), str(quantity)) for price, quantity in levels]

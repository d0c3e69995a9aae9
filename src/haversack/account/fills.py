"""Every fill of the account, once: from the order stream, from the history, or from both in either order.

A fill is known by its market, trade id, order and side. Both sides of a trade with oneself bear one trade id, so the order and
the side are part of it. Times are no part of it: the stream gives microseconds, the history milliseconds.

A fill without a trade id (0 until 2025-11-12 for backstop liquidations) is taken from the history alone, where its content and
how many rows say the same tell it from others. A frame of one only makes the history be asked.

What is remembered is bounded, and forgetting is safe. A reading of the history is complete up to the moment at which it began,
less the time by which histories are late: `complete_until_ms`. Everything older than that, less `OVERLAP_MS`, is known, whether
or not its key is still there: that is the `floor_ms`, and keys below it are forgotten. The next reading begins at the floor, so
that it meets every key that is remembered. A fill below the floor that does turn up is neither delivered nor passed over in
silence: it is handed out as too late, because nobody can say whether it was delivered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import TypeAlias

import msgspec

from haversack.errors import ProtocolError
from haversack.wire.base import moment_of_ms
from haversack.wire.enums import OrderEvent, Side, SystemOrderType
from haversack.wire.events import OrderUpdate
from haversack.wire.history import Fill

OVERLAP_MS = 120_000
"""How much of what was read completely is read again. It costs rows, and forgives clocks and histories that are later yet."""

FillKey: TypeAlias = tuple[str, int | str, str, str]
"""Symbol, trade id, order id, side; in place of the trade id what the row says, where it has none."""


class AccountFill(msgspec.Struct, frozen=True, kw_only=True):
    """One match of one of the account's orders, of whichever program."""

    symbol: str
    trade_id: int | None
    """None where the exchange gave none."""
    order_id: str
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_symbol: str
    is_maker: bool
    client_id: int | None = None
    time_us: int
    """When the engine made it; whole milliseconds if the history told of it."""
    system_order_type: SystemOrderType | None = None
    origin: str | None = None
    """Who caused it, as the stream says; None if the history told of it."""
    recovered: bool = False
    """Learnt from the history, and not from the stream."""
    maybe_repeated: bool = False
    """Delivered before, perhaps: the program ended between the record of it and its delivery. `key` tells."""
    copy: int = 0
    """Of fills that have no trade id and say the same: which one it is."""

    @property
    def key(self) -> FillKey:
        """What tells it from all others."""
        return (self.symbol, self.trade_id or self._content(), self.order_id, self.side)

    @property
    def order(self) -> tuple[int, str, int, str, str, int]:
        """What a list of fills is sorted by: time, market, trade id."""
        return (self.time_us // 1_000, self.symbol, self.trade_id or 0, self.order_id, self.side, self.copy)

    def _content(self) -> str:
        numbers = (self.price, self.quantity, self.fee)
        return "/".join((str(self.time_us), *[format(number.normalize(), "f") for number in numbers], str(self.copy)))


def fill_in_frame(frame: OrderUpdate) -> AccountFill | None:
    """The fill that a frame tells of; None if it tells of none, or not enough of it: then the history must be asked."""
    if not frame.trade_id or frame.fill_price is None or frame.fill_quantity is None:
        return None
    if frame.fee is None or frame.fee_symbol is None or frame.is_maker is None:
        return None
    return AccountFill(
        symbol=frame.symbol,
        trade_id=frame.trade_id,
        order_id=frame.order_id,
        side=frame.side,
        price=frame.fill_price,
        quantity=frame.fill_quantity,
        fee=frame.fee,
        fee_symbol=frame.fee_symbol,
        is_maker=frame.is_maker,
        client_id=frame.client_id,
        time_us=frame.engine_us,
        origin=frame.origin,
    )


def is_of_fill(frame: OrderUpdate) -> bool:
    """Whether a fill made this frame, however little it says of it."""
    return frame.event == OrderEvent.FILL or frame.trade_id is not None


def fills_in_rows(rows: Iterable[Fill]) -> list[AccountFill]:
    """The fills of one whole reading of the history. Rows that have no trade id and say the same are counted."""
    copies: Counter[FillKey] = Counter()
    fills: list[AccountFill] = []
    for row in rows:
        fill = _fill_in_row(row)
        if fill.trade_id is None:
            key = fill.key
            fill = msgspec.structs.replace(fill, copy=copies[key])
            copies[key] += 1
        fills.append(fill)
    return fills


def _fill_in_row(row: Fill) -> AccountFill:
    try:
        time_us = (row.time - moment_of_ms(0)) // timedelta(microseconds=1)
    except ValueError as error:
        raise ProtocolError(f"a fill of order {row.order_id}", str(error), b"") from None
    return AccountFill(
        symbol=row.symbol,
        trade_id=row.trade_id or None,
        order_id=row.order_id,
        side=row.side,
        price=row.price,
        quantity=row.quantity,
        fee=row.fee,
        fee_symbol=row.fee_symbol,
        is_maker=row.is_maker,
        client_id=int(row.client_id) if row.client_id is not None and row.client_id.isdecimal() else None,
        time_us=time_us,
        system_order_type=row.system_order_type,
        recovered=True,
    )


class Seen(msgspec.Struct, frozen=True):
    """What becomes of fills that were told of."""

    new: list[AccountFill]
    """Not delivered before, in the order of `AccountFill.order`."""
    too_late: list[AccountFill]
    """From before everything that is remembered: delivered or not, nobody can say."""


class FillMemory:
    """Which fills are known: keys back to a floor, and everything below it."""

    def __init__(self, *, since_ms: int | None = None) -> None:
        self.start_ms = since_ms
        """Older fills are none of ours; None before the beginning is known."""
        self.complete_until_ms: int | None = None
        """Up to here the history was read in full; None: never."""
        self._is_beginning_fixed = since_ms is not None
        self._known: dict[FillKey, int] = {}
        self._told_late: dict[FillKey, None] = {}

    def __len__(self) -> int:
        return len(self._known)

    def known(self) -> list[tuple[FillKey, int]]:
        """What is known one by one, with its time in milliseconds."""
        return list(self._known.items())

    def remember(self, key: FillKey, time_ms: int) -> None:
        """This one is known."""
        self._known[key] = time_ms

    @property
    def floor_ms(self) -> int | None:
        """Older fills are none of ours, or known; None before the beginning is known."""
        if self.start_ms is None or self.complete_until_ms is None:
            return self.start_ms
        return max(self.start_ms, self.complete_until_ms - OVERLAP_MS)

    def begin(self, since_ms: int) -> None:
        """Fills from this moment on are wanted, unless a beginning was given or the history was read: then it is as it was."""
        if self.start_ms is None:
            self.start_ms = since_ms
        elif not self._is_beginning_fixed and self.complete_until_ms is None:
            self.start_ms = min(self.start_ms, since_ms)

    def sift(self, fills: Iterable[AccountFill]) -> Seen:
        """Those that are not known yet; they are known from now on."""
        floor_ms, start_ms = self.floor_ms, self.start_ms
        assert floor_ms is not None
        assert start_ms is not None
        new: list[AccountFill] = []
        late: list[AccountFill] = []
        for fill in fills:
            time_ms = fill.time_us // 1_000
            if fill.key in self._known or time_ms < start_ms:
                continue
            if time_ms < floor_ms:
                late += self._late(fill)
                continue
            self.remember(fill.key, time_ms)
            new.append(fill)
        new.sort(key=lambda fill: fill.order)
        return Seen(new, late)

    def advance(self, complete_until_ms: int) -> None:
        """The history was read in full up to this moment. It never goes back."""
        before_ms, self.complete_until_ms = self.floor_ms, max(complete_until_ms, self.complete_until_ms or 0)
        floor_ms = self.floor_ms
        if floor_ms is not None and floor_ms != before_ms:
            self._known = {key: time_ms for key, time_ms in self._known.items() if time_ms >= floor_ms}

    def _late(self, fill: AccountFill) -> list[AccountFill]:
        """Says it once, of a bounded number."""
        if fill.key in self._told_late:
            return []
        self._told_late[fill.key] = None
        if len(self._told_late) > 1_000:
            del self._told_late[next(iter(self._told_late))]
        return [fill]

"""How much the account is long or short in each market: `account.positionUpdate` and the answers of GetPositions."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from haversack.account.stamped import Merged, Stamped
from haversack.wire.events import PositionEvent, PositionUpdate
from haversack.wire.positions import Position


class NetPosition(msgspec.Struct, frozen=True, kw_only=True):
    """What both sources say of a position; figures that move with the mark price are asked for when they are needed."""

    net_quantity: Decimal
    """In the base asset: long above zero, short below, 0 if there is none."""
    entry_price: Decimal | None = None
    """Mean price of what opened it; None where there is none."""
    position_id: str | None = None


FLAT = NetPosition(net_quantity=Decimal(0))


class Positions:
    """The position in every market, as it was last said."""

    def __init__(self) -> None:
        self._markets: Stamped[str, NetPosition] = Stamped()

    def get(self, symbol: str) -> NetPosition:
        """The position in one market."""
        return self._markets.get(symbol) or FLAT

    def all(self) -> dict[str, NetPosition]:
        """All that are open, by symbol."""
        return {symbol: position for symbol, position in self._markets.all().items() if position.net_quantity}

    def framed(self, frame: PositionUpdate) -> bool:
        """A frame has come: whether the position is another one now."""
        is_flat = not frame.net_quantity or frame.event == PositionEvent.CLOSED
        position = (
            FLAT
            if is_flat
            else NetPosition(net_quantity=frame.net_quantity, entry_price=frame.entry_price, position_id=str(frame.position_id))
        )
        return self._markets.framed(frame.symbol, position, engine_us=frame.engine_us, event_us=frame.event_us)

    def answered(self, rows: Iterable[Position], *, asked_us: int) -> Merged[str]:
        """An answer has come; a market that it leaves out has no position. `asked_us`: the exchange's time before the asking."""
        positions = {
            row.symbol: NetPosition(net_quantity=row.net_quantity, entry_price=row.entry_price, position_id=row.position_id)
            for row in rows
        }
        return self._markets.answered(positions, asked_us=asked_us, absent=FLAT)

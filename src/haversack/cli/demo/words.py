"""How messages and numbers are put into words."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from haversack.units import plain, stripped
from haversack.wire.enums import OrderEvent
from haversack.wire.events import BalanceUpdate, DepthUpdate, OrderUpdate, TradeEvent
from haversack.wire.frames import Message


def short(number: Decimal | None) -> str:
    """All digits that say something."""
    return "-" if number is None else plain(stripped(number))


def signed(number: Decimal) -> str:
    """All digits, behind a sign."""
    return f"{'-' if number < 0 else '+'} {short(abs(number))}"


def even(numbers: Sequence[Decimal]) -> list[str]:
    """Numbers with as many decimals as the longest of them has."""
    texts = [plain(number).partition(".") for number in numbers]
    longest = max((len(decimals) for _, _, decimals in texts), default=0)
    return [f"{whole}.{decimals:0<{longest}}" if longest else whole for whole, _, decimals in texts]


def in_words(message: Message) -> str:
    """What a message says."""
    event = message.event
    if isinstance(event, DepthUpdate):
        sides = (("bid", event.bids), ("ask", event.asks))
        levels = [f"{side} {plain(price)}: {_resting(quantity)}" for side, rows in sides for price, quantity in rows]
        return f"{', '.join(levels)}  (change {event.last_update_id})"
    if isinstance(event, TradeEvent):
        who = "sold to the best bid" if event.is_buyer_maker else "bought from the best ask"
        return f"{plain(event.quantity)} at {plain(event.price)}: someone {who}"
    if isinstance(event, OrderUpdate):
        return _of_order(event)
    if isinstance(event, BalanceUpdate):
        return f"{event.asset}: {short(event.available)} available, {short(event.locked)} locked"
    return "a message of a kind that is not typed yet"


def _resting(quantity: Decimal) -> str:
    return f"{plain(quantity)} rest" if quantity else "gone"


def _of_order(update: OrderUpdate) -> str:
    if update.event == OrderEvent.FILL:
        role = "maker" if update.is_maker else "taker"
        match = f"{short(update.fill_quantity)} at {short(update.fill_price)}, {role}"
        return f"{update.event} {match}, fee {short(update.fee)} {update.fee_symbol}"
    done = f"{short(update.executed_quantity)} of {short(update.quantity)} done"
    return f"{update.event} {update.side} {update.order_type}, {done}: {update.status}"

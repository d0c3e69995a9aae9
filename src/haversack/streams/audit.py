"""Finds out by requests whether a silent stream is dead or its market quiet.

What the exchange answers is compared with what the stream brought last, or, if it brought nothing yet, with where its book
stands, or with the answer before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, cast

from haversack.book.texts import DepthFrame
from haversack.streams.freshness import Suspect, Verdict
from haversack.streams.names import symbol_of
from haversack.wire.base import Operation
from haversack.wire.events import BookTicker, DepthUpdate, TradeEvent
from haversack.wire.frames import kind_of
from haversack.wire.markets import Depth, GetDepth, Level
from haversack.wire.trades import GetRecentTrades, Trade

Question: TypeAlias = Operation[Any]
Send: TypeAlias = Callable[[Question], Awaitable[Any]]
"""The answer to an operation."""

_TRADES = 10
"""Ids may be out of order inside one millisecond (documented), so that the newest of some is looked for."""


class Audit:
    """What is to be asked about a suspect, and what the answer means.

    `known` says of a depth stream up to which update a book is known that its snapshots brought there.
    """

    def __init__(self, known: Callable[[str], int | None] | None = None) -> None:
        self._known = known
        self._before: dict[str, object] = {}

    @staticmethod
    def question(suspect: Suspect) -> Question | None:
        """What to ask the exchange; None if no answer could tell."""
        kind, symbol = kind_of(suspect.stream), symbol_of(suspect.stream)
        if kind in ("depth", "bookTicker"):
            return GetDepth(symbol=symbol, limit="5")
        return GetRecentTrades(symbol=symbol, limit=_TRADES) if kind == "trade" else None

    def verdict(self, suspect: Suspect, answer: object) -> Verdict:
        """Whether something happened that the stream should have brought."""
        now = _mark_of_answer(kind_of(suspect.stream), answer)
        known = _mark_of_event(suspect) or self._mark_of_book(suspect.stream) or self._before.get(suspect.stream)
        self._before[suspect.stream] = now
        if known is None or now is None:
            return Verdict.UNKNOWN
        # An update id or a trade id that is behind is an answer from a server that is itself behind.
        is_new = now > known if isinstance(now, int) and isinstance(known, int) else now != known
        return Verdict.DEAD if is_new else Verdict.QUIET

    def _mark_of_book(self, stream: str) -> object:
        return None if self._known is None else self._known(stream)


def asking(send: Send, known: Callable[[str], int | None] | None = None) -> Callable[[Suspect], Awaitable[Verdict]]:
    """For AsyncStreams: `ask=asking(client.send)`."""
    audit = Audit(known)

    async def ask(suspect: Suspect) -> Verdict:
        question = audit.question(suspect)
        return Verdict.UNKNOWN if question is None else audit.verdict(suspect, await send(question))

    return ask


def _mark_of_event(suspect: Suspect) -> object:
    """How far the stream had come."""
    if isinstance(suspect.last, DepthFrame):
        return suspect.last.depth.last_update_id
    match None if suspect.last is None else suspect.last.event:
        case DepthUpdate(last_update_id=update_id):
            return update_id
        case TradeEvent(trade_id=trade_id):
            return trade_id
        case BookTicker(bid=bid, bid_quantity=bid_quantity, ask=ask, ask_quantity=ask_quantity):
            return (bid, bid_quantity, ask, ask_quantity)
        case _:
            return None


def _mark_of_answer(kind: str, answer: object) -> object:
    """How far the market is."""
    match answer:
        case Depth() if kind == "bookTicker":
            return (*_pair(answer.best_bid), *_pair(answer.best_ask))
        case Depth():
            return int(answer.last_update_id)
        case list():
            trades = cast("list[Trade]", answer)
            return max((trade.trade_id for trade in trades if trade.trade_id is not None), default=None)
        case _:
            return None


def _pair(level: Level | None) -> tuple[object, object]:
    return (None, None) if level is None else (level[0], level[1])

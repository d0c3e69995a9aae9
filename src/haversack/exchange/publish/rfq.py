"""Frames of `account.rfqUpdate`: what a requester, a maker, and everybody else hears of requests for quotes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from haversack.exchange.engine.rfq.event import CandidateFound, QuoteEnded, RfqEnded, RfqFilled, RfqOpened
from haversack.exchange.listing import RfqMarket
from haversack.exchange.publish.names import RFQS
from haversack.exchange.publish.outgoing import Moment, Outgoing
from haversack.exchange.render_rfq import (
    active_update,
    candidate_update,
    ended_update,
    filled_update,
    opened_update,
    quote_update,
)
from haversack.wire.events_rfq import RfqUpdate
from haversack.wire.frames import write_frame


class RfqFrames:
    """Writes them for the markets that have requests."""

    def __init__(self, markets: Mapping[str, RfqMarket]) -> None:
        self._scales = {symbol: market.scales for symbol, market in markets.items()}
        self.makers: Mapping[type, Callable[[Any, Moment], list[Outgoing]]] = {
            RfqOpened: self._opened,
            RfqEnded: self._ended,
            CandidateFound: self._candidate,
            RfqFilled: self._filled,
            QuoteEnded: self._quote_ended,
        }

    def _opened(self, event: RfqOpened, moment: Moment) -> list[Outgoing]:
        rfq = event.rfq
        scales = self._scales[rfq.symbol]
        told = list(_told(opened_update(event, moment, scales), rfq.account, moment))
        active = active_update(event, moment, scales)
        for account in range(1, event.accounts + 1):
            if account != rfq.account:
                told += _told(active, account, moment)
        return told

    def _ended(self, event: RfqEnded, moment: Moment) -> list[Outgoing]:
        return list(_told(ended_update(event, moment, self._scales[event.rfq.symbol]), event.rfq.account, moment))

    def _candidate(self, event: CandidateFound, moment: Moment) -> list[Outgoing]:
        return list(_told(candidate_update(event, moment, self._scales[event.rfq.symbol]), event.rfq.account, moment))

    def _filled(self, event: RfqFilled, moment: Moment) -> list[Outgoing]:
        """The maker hears first that its quote was taken; both hear that it is filled."""
        scales = self._scales[event.rfq.symbol]
        accepted, filled = quote_update(event, moment, scales)
        to_requester = filled_update(event, moment, scales)
        return [
            *_told(accepted, event.quote.account, moment),
            *_told(to_requester, event.rfq.account, moment),
            *_told(filled, event.quote.account, moment),
        ]

    def _quote_ended(self, event: QuoteEnded, moment: Moment) -> list[Outgoing]:
        (update,) = quote_update(event, moment, self._scales[event.quote.symbol])
        return list(_told(update, event.quote.account, moment))


def _told(update: RfqUpdate, account: int, moment: Moment) -> Iterator[Outgoing]:
    for stream in (RFQS, f"{RFQS}.{update.symbol}"):
        if moment.wanted(stream, account):
            yield Outgoing(stream, account, write_frame(stream, update))

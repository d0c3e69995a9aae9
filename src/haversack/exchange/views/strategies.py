"""Strategies that run no longer, as rows of the histories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from haversack.exchange.engine.strategies.event import StrategyEnded
from haversack.exchange.numerals import id_number
from haversack.exchange.render_strategy import past_strategy
from haversack.exchange.views.notes import Note, Noter, Search
from haversack.wire.base import Page
from haversack.wire.strategies import GetStrategyHistory, PastStrategy

if TYPE_CHECKING:
    from haversack.exchange.listing import Listing
    from haversack.exchange.views.archive import Archive

KIND = "strategy"
_decode = msgspec.json.Decoder(StrategyEnded).decode


def _ended(event: StrategyEnded, _time_us: int, _seq: int) -> Iterable[Note]:
    facts = event.strategy
    yield Note(
        kind=KIND,
        account=facts.asked.account,
        number=facts.strategy_id,
        name=facts.asked.symbol,
        body=msgspec.json.encode(event),
    )


NOTERS: Mapping[type, Noter] = {StrategyEnded: _ended}


def past_strategies(
    archive: Archive, listing: Listing, account: int, operation: GetStrategyHistory, *, now_us: int
) -> Page[PastStrategy]:
    """A page of them, by their ids: those that began last come first, unless asked otherwise (guess)."""
    search = Search(
        kind=KIND,
        account=account,
        number=None if operation.strategy_id is None else id_number(operation.strategy_id),
        names=_symbols(listing, operation),
        sort=operation.sort_direction,
        limit=operation.limit,
        offset=operation.offset,
    )
    rows, total = archive.notes(search, now_us=now_us)
    ended = [_decode(body) for _, _, body in rows]
    page = Page(past_strategy(each, listing.scales[each.strategy.asked.symbol]) for each in ended)
    page.total = total
    return page


def _symbols(listing: Listing, operation: GetStrategyHistory) -> list[str] | None:
    """The markets that are meant; None: all."""
    if operation.symbol is None and operation.market_type is None:
        return None
    kinds = operation.market_type
    return [
        symbol
        for symbol, market in listing.markets.items()
        if operation.symbol in (None, symbol) and (kinds is None or market.market_type in kinds)
    ]

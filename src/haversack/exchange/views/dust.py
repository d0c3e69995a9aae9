"""Dust that became cash, as rows of the histories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from haversack.exchange.engine.collateral import CASH
from haversack.exchange.engine.dust.event import DustConverted
from haversack.exchange.render import naive_iso
from haversack.exchange.views.notes import Note, Noter, Search
from haversack.wire.base import Page
from haversack.wire.capital import DustConversion, GetDustHistory

if TYPE_CHECKING:
    from haversack.exchange.listing import Listing
    from haversack.exchange.views.archive import Archive

KIND = "dust"


class _Row(msgspec.Struct, frozen=True, array_like=True):
    asset: str
    amount: int
    received: int


def _converted(event: DustConverted, _time_us: int, _seq: int) -> Iterable[Note]:
    body = msgspec.json.encode(_Row(event.asset, event.amount, event.received))
    yield Note(kind=KIND, account=event.account, number=event.conversion_id, name=event.asset, body=body)


NOTERS: Mapping[type, Noter] = {DustConverted: _converted}


def conversions(
    archive: Archive, listing: Listing, account: int, operation: GetDustHistory, *, now_us: int
) -> Page[DustConversion]:
    """A page of the account's conversions, newest first."""
    search = Search(
        kind=KIND,
        account=account,
        number=operation.conversion_id,
        names=None if operation.symbol is None else [operation.symbol],
        sort=operation.sort_direction,
        limit=operation.limit,
        offset=operation.offset,
    )
    rows, total = archive.notes(search, now_us=now_us)
    page = Page([_conversion(listing, number, time_us, msgspec.json.decode(body, type=_Row)) for number, time_us, body in rows])
    page.total = total
    return page


def _conversion(listing: Listing, number: int, time_us: int, row: _Row) -> DustConversion:
    return DustConversion(
        conversion_id=number,
        quantity=listing.quantity_of(row.asset, row.amount),
        symbol=row.asset,
        timestamp_iso=naive_iso(time_us),
        usdc_received=listing.quantity_of(CASH, row.received),
    )

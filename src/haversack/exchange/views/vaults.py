"""What vaults were worth, as rows of the histories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from haversack.exchange.engine.vaults.event import VaultValued
from haversack.exchange.engine.vaults.rules import NAV_SCALE
from haversack.exchange.views.notes import Note, Noter, Search
from haversack.exchange.views.spans import DAY_US, WEEK_US
from haversack.units import compact, from_time_us
from haversack.wire.enums import SortDirection
from haversack.wire.vaults import GetVaultHistory, VaultHistoryInterval, VaultSnapshot

if TYPE_CHECKING:
    from haversack.exchange.listing import Listing
    from haversack.exchange.views.archive import Archive

KIND = "vault"
ROWS_MAX = 1_000
"""In one answer."""
_EACH, _DAILY = "", "1d"
_SPANS: Mapping[str, tuple[int, list[str] | None]] = {
    VaultHistoryInterval.DAY_1: (DAY_US, None),
    VaultHistoryInterval.WEEK_1: (WEEK_US, None),
    VaultHistoryInterval.MONTH_1: (31 * DAY_US, [_DAILY]),
    VaultHistoryInterval.YEAR_1: (365 * DAY_US, [_DAILY]),
}


class _Row(msgspec.Struct, frozen=True, array_like=True):
    vault_id: int
    nav_e12: int
    supply: int
    equity: int


def _valued(event: VaultValued, _time_us: int, _seq: int) -> Iterable[Note]:
    row = _Row(event.vault_id, event.nav_e12, event.supply, event.equity)
    yield Note(
        kind=KIND,
        account=0,
        number=event.number,
        name=str(event.vault_id),
        tag=_DAILY if event.is_first_of_day else _EACH,
        body=msgspec.json.encode(row),
    )


NOTERS: Mapping[type, Noter] = {VaultValued: _valued}


def snapshots(archive: Archive, listing: Listing, operation: GetVaultHistory, *, now_us: int) -> list[VaultSnapshot]:
    """Values of one vault or of all, oldest first. How far back an interval reaches, and their order, are guesses."""
    length_us, tags = _SPANS[operation.interval]
    search = Search(
        kind=KIND,
        account=0,
        names=None if operation.vault_id is None else [str(operation.vault_id)],
        tags=tags,
        from_us=max(0, now_us - length_us),
        sort=SortDirection.DESC,
        limit=ROWS_MAX,
    )
    rows, _ = archive.notes(search, now_us=now_us)
    return [_snapshot(listing, time_us, msgspec.json.decode(body, type=_Row)) for _, time_us, body in reversed(rows)]


def _snapshot(listing: Listing, time_us: int, row: _Row) -> VaultSnapshot:
    vault = listing.vaults[row.vault_id]
    return VaultSnapshot(
        nav=compact(row.nav_e12, NAV_SCALE),
        timestamp_iso=from_time_us(time_us).isoformat(),
        token_circulating_supply=listing.quantity_of(vault.vault_token, row.supply),
        vault_equity=listing.quantity_of(vault.symbol, row.equity),
        vault_id=row.vault_id,
    )

"""Rows of the position history: how many are kept, and that they outlast the process."""

from __future__ import annotations

from pathlib import Path

import pytest

from exchange.facts import LISTING, NOW_US
from haversack.exchange.engine.event import PositionChanged
from haversack.exchange.engine.perpetual.position import Position
from haversack.exchange.views.archive import Archive
from haversack.exchange.views.histories import Histories
from haversack.wire.positions import GetPositionHistory, PastPosition

SYMBOL = "SOL_USDC_PERP"


def changed(position_id: int, quantity: int, *, account: int = 1) -> PositionChanged:
    """Opened with 100 at 100, and what is left of it; without a quantity it is closed."""
    position = Position(
        position_id=position_id,
        quantity=quantity,
        net_cost=quantity * 10**10,
        entry_quote=10**12,
        entry_quantity=100,
        closed_quantity=100 - quantity,
        closed_quote=(100 - quantity) * 10**10,
        opened_us=NOW_US,
    )
    before = 0 if quantity == 100 else 100
    return PositionChanged(account, SYMBOL, before, position, (), mark=10_000, exposed=quantity, leverage_e8=10**8)


def rows(archive: Archive, account: int = 1) -> list[PastPosition]:
    return archive.positions(account, GetPositionHistory(), now_us=NOW_US)


def happen(archive: Archive, *events: PositionChanged, seq: int | None = None) -> None:
    archive.record(events, now_us=NOW_US, is_house=lambda _: False, seq=seq)


def test_oldest_closed_positions_are_forgotten_and_open_ones_stay() -> None:
    archive = Archive(LISTING, rows_max=10)
    happen(archive, changed(1, 100))
    for number in range(2, 14):
        happen(archive, changed(number, 100), changed(number, 0), changed(number + 100, 0, account=2))
        rows(archive)
    # Of twelve that were closed, one more than are kept took a tenth with it; then came another.
    assert [int(row.position_id) for row in rows(archive)] == [*range(13, 3, -1), 1]
    assert len(rows(archive, 2)) == 10


@pytest.mark.parametrize("is_read", [True, False])
def test_positions_outlast_their_process(tmp_path: Path, *, is_read: bool) -> None:
    histories = Histories.open(tmp_path, b"journal", last_seq=0)
    archive = Archive(LISTING, histories=histories)
    happen(archive, changed(1, 100), seq=1)
    if is_read:
        rows(archive)
    happen(archive, changed(1, 0), changed(2, 100), seq=2)
    said = rows(archive)
    histories.close()
    again = Archive(LISTING, histories=Histories.open(tmp_path, b"journal", last_seq=2))
    # What is known already is not taken in again.
    happen(again, changed(2, 40), seq=2)
    assert rows(again) == said
    assert [(row.position_id, str(row.net_quantity)) for row in said] == [("2", "1"), ("1", "0")]
    again.histories.close()

"""What accounts borrowed and lent, the interest on it, and how the pools were, as rows of the histories.

Each movement and payment is written twice, so that it is found by its asset and by its position.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from haversack.exchange.engine.collateral import CASH
from haversack.exchange.engine.lending.event import InterestPaid, LoanChanged, PoolTold
from haversack.exchange.engine.lending.loan import Loan
from haversack.exchange.engine.lending.rates import RATE_SCALE, utilization
from haversack.exchange.render import naive_iso
from haversack.exchange.views.notes import INTEGER_MAX, Note, Noter, Search
from haversack.exchange.views.spans import DAY_US
from haversack.units import compact, from_time_us, stripped
from haversack.wire.base import Page
from haversack.wire.borrow_lend import BorrowLendInterval, BorrowLendMarketPoint, BorrowLendSide
from haversack.wire.borrow_lend_history import (
    BorrowLendEventType,
    BorrowLendMovement,
    BorrowLendPositionState,
    BorrowLendSource,
    GetBorrowLendHistory,
    GetBorrowLendPositionHistory,
    GetInterestHistory,
    InterestPayment,
    InterestPaymentSource,
    InterestPaymentType,
    PastBorrowLendPosition,
)

if TYPE_CHECKING:
    from haversack.exchange.listing import Listing
    from haversack.exchange.views.archive import Archive

MOVEMENTS, PAYMENTS, POSITIONS, POOLS = "loan", "interest", "loanPosition", "pool"
_OF_POSITION = "OfPosition"
_HOUR_US = 3_600_000_000
_BUCKETS: Mapping[str, tuple[int, int]] = {
    BorrowLendInterval.DAY_1: (_HOUR_US, 24),
    BorrowLendInterval.WEEK_1: (6 * _HOUR_US, 28),
    BorrowLendInterval.MONTH_1: (DAY_US, 30),
    BorrowLendInterval.YEAR_1: (DAY_US, 365),
}
"""How far apart a pool's rows are and how many there are (guess)."""


class _Movement(msgspec.Struct, frozen=True, array_like=True):
    asset: str
    kind: BorrowLendEventType
    source: BorrowLendSource
    position_id: int
    amount: int
    quantity: int
    order_id: int | None


class _Payment(msgspec.Struct, frozen=True, array_like=True):
    asset: str
    kind: InterestPaymentType
    position_id: int
    amount: int
    rate_e28: int
    duration_us: int


class _Position(msgspec.Struct, frozen=True, array_like=True):
    asset: str
    loan: Loan


class _Pool(msgspec.Struct, frozen=True, array_like=True):
    lent: int
    borrowed: int
    borrow_rate_e28: int
    lend_rate_e28: int


_Of: TypeAlias = tuple[str, int, int]
"""An asset, an account and a row's number."""


def _changed(event: LoanChanged, _time_us: int, _seq: int) -> Iterable[Note]:
    row = _Movement(
        event.asset, event.kind, event.source, event.loan.position_id, event.amount, abs(event.loan.quantity), event.order_id
    )
    yield from _moved(row, event.account, event.number)
    yield _position(event.asset, event.account, event.loan)


def _paid(event: InterestPaid, _time_us: int, _seq: int) -> Iterable[Note]:
    """Interest is a movement too: its source is documented."""
    loan, asset = event.loan, event.asset
    kind = BorrowLendEventType.BORROW if loan.is_borrow else BorrowLendEventType.LEND
    row = _Movement(asset, kind, BorrowLendSource.INTEREST, loan.position_id, event.amount, abs(loan.quantity), None)
    yield from _moved(row, event.account, event.number)
    payment = _Payment(asset, event.kind, loan.position_id, event.amount, event.rate_e28, event.duration_us)
    yield from _twice(PAYMENTS, (asset, event.account, event.number), loan.position_id, msgspec.json.encode(payment))
    yield _position(asset, event.account, loan)


def _moved(row: _Movement, account: int, number: int) -> Iterator[Note]:
    of, tag = (row.asset, account, number), f"{row.kind.value} {row.source.value}"
    yield from _twice(MOVEMENTS, of, row.position_id, msgspec.json.encode(row), tag=tag)


def _twice(kind: str, of: _Of, position_id: int, body: bytes, *, tag: str = "") -> Iterator[Note]:
    asset, account, number = of
    yield Note(kind=kind, account=account, number=number, name=asset, tag=tag, body=body)
    yield Note(kind=kind + _OF_POSITION, account=account, number=number, name=str(position_id), tag=tag, body=body)


def _position(asset: str, account: int, loan: Loan) -> Note:
    side = BorrowLendSide.BORROW if loan.is_borrow else BorrowLendSide.LEND
    state = BorrowLendPositionState.OPEN if loan.quantity else BorrowLendPositionState.CLOSED
    body = msgspec.json.encode(_Position(asset, loan))
    tag = f"{side.value} {state.value}"
    return Note(kind=POSITIONS, account=account, number=loan.position_id, name=asset, tag=tag, body=body)


def _told(event: PoolTold, time_us: int, _seq: int) -> Iterable[Note]:
    """Written for the next whole hour, six hours and day: what comes before that replaces it."""
    body = msgspec.json.encode(_Pool(event.lent, event.borrowed, event.borrow_rate_e28, event.lend_rate_e28))
    for length_us in sorted({length_us for length_us, _ in _BUCKETS.values()}):
        number = -(-event.hour_us // length_us)
        yield Note(kind=_pool(event.asset, length_us), account=0, number=number, name=event.asset, body=body)


def _pool(asset: str, length_us: int) -> str:
    return f"{POOLS}.{asset}.{length_us // _HOUR_US}h"


NOTERS: Mapping[type, Noter] = {LoanChanged: _changed, InterestPaid: _paid, PoolTold: _told}


class LoanHistories:
    """What one account may read of them."""

    def __init__(self, archive: Archive, listing: Listing, account: int, now_us: int) -> None:
        self._archive = archive
        self._listing = listing
        self._account = account
        self._now_us = now_us

    def movements(self, operation: GetBorrowLendHistory, sources: Sequence[BorrowLendSource] | None) -> Page[BorrowLendMovement]:
        """Each time that it borrowed, lent, repaid or called back, interest too."""
        tags = None
        if operation.event_type is not None or sources is not None:
            kinds = list(BorrowLendEventType) if operation.event_type is None else [BorrowLendEventType(operation.event_type)]
            wanted = list(BorrowLendSource) if sources is None else sources
            tags = [f"{kind.value} {source.value}" for kind, source in product(kinds, wanted)]
        assets = None if operation.symbol is None else [operation.symbol]
        return self._page(operation, MOVEMENTS, (assets, tags), self._movement)

    def payments(self, operation: GetInterestHistory) -> Page[InterestPayment]:
        """Interest on loans; there is none on unrealized profit here."""
        assets = None if operation.asset is None else [operation.asset]
        if operation.symbol is not None:
            named = [each.asset for each in self._listing.pools if market_of(each.asset) == operation.symbol]
            assets = [asset for asset in named if assets is None or asset in assets]
        if operation.source == InterestPaymentSource.UNREALIZED_PNL:
            assets = []
        return self._page(operation, PAYMENTS, (assets, None), self._payment)

    def positions(self, operation: GetBorrowLendPositionHistory) -> Page[PastBorrowLendPosition]:
        """Loans, open or over."""
        tags = None
        if operation.side is not None or operation.state is not None:
            sides = list(BorrowLendSide) if operation.side is None else [BorrowLendSide(operation.side)]
            states = list(BorrowLendPositionState) if operation.state is None else [BorrowLendPositionState(operation.state)]
            tags = [f"{side.value} {state.value}" for side, state in product(sides, states)]
        search = Search(
            kind=POSITIONS,
            account=self._account,
            names=None if operation.symbol is None else [operation.symbol],
            tags=tags,
            sort=operation.sort_direction,
            limit=operation.limit,
            offset=operation.offset,
        )
        return self._found(search, self._past_position)

    def _page(
        self,
        operation: GetBorrowLendHistory | GetInterestHistory,
        kind: str,
        wanted: tuple[Sequence[str] | None, Sequence[str] | None],
        shown: Callable[[int, bytes], Any],
    ) -> Page[Any]:
        assets, tags = wanted
        names, position_id = assets, operation.position_id
        if position_id is not None:
            # A position has one asset: with another one nothing is meant.
            names = [position_id] if assets is None or self._asset_of(position_id) in assets else []
            kind += _OF_POSITION
        search = Search(
            kind=kind,
            account=self._account,
            names=names,
            tags=tags,
            sort=operation.sort_direction,
            limit=operation.limit,
            offset=operation.offset,
        )
        return self._found(search, shown)

    def _found(self, search: Search, shown: Callable[[int, bytes], Any]) -> Page[Any]:
        rows, total = self._archive.notes(search, now_us=self._now_us)
        page: Page[Any] = Page(shown(time_us, body) for _, time_us, body in rows)
        page.total = total
        return page

    def _asset_of(self, position_id: str) -> str | None:
        number = min(int(position_id), INTEGER_MAX) if position_id.isdecimal() else -1
        rows, _ = self._archive.notes(Search(kind=POSITIONS, account=self._account, number=number), now_us=self._now_us)
        return msgspec.json.decode(rows[0][2], type=_Position).asset if rows else None

    def _movement(self, time_us: int, body: bytes) -> BorrowLendMovement:
        row = msgspec.json.decode(body, type=_Movement)
        quantity_of = partial(self._listing.quantity_of, row.asset)
        return BorrowLendMovement(
            event_type=row.kind,
            position_id=str(row.position_id),
            position_quantity=quantity_of(row.quantity),
            quantity=quantity_of(row.amount),
            source=row.source,
            spot_margin_order_id=None if row.order_id is None else str(row.order_id),
            symbol=row.asset,
            timestamp_iso=naive_iso(time_us),
        )

    def _payment(self, time_us: int, body: bytes) -> InterestPayment:
        row = msgspec.json.decode(body, type=_Payment)
        return InterestPayment(
            duration=row.duration_us // 1_000_000,
            interest_rate=compact(row.rate_e28, RATE_SCALE),
            market_symbol=market_of(row.asset),
            payment_type=row.kind,
            position_id=str(row.position_id),
            quantity=self._listing.quantity_of(row.asset, row.amount),
            symbol=row.asset,
            timestamp_iso=naive_iso(time_us),
        )

    def _past_position(self, _time_us: int, body: bytes) -> PastBorrowLendPosition:
        row = msgspec.json.decode(body, type=_Position)
        loan = row.loan
        return PastBorrowLendPosition(
            avg_interest_rate=compact(loan.rates_e28 // max(1, loan.payments), RATE_SCALE),
            created_iso=naive_iso(loan.opened_us),
            cumulative_interest=self._listing.quantity_of(row.asset, loan.interest),
            position_id=str(loan.position_id),
            quantity=self._listing.quantity_of(row.asset, abs(loan.quantity)),
            side=BorrowLendSide.BORROW if loan.is_borrow else BorrowLendSide.LEND,
            source=loan.source,
            symbol=row.asset,
        )


def market_of(asset: str) -> str:
    """The spot market of what is borrowed or lent. Cash has none: what stands there is a guess."""
    return f"{asset}_{CASH}"


def pool_points(
    archive: Archive, asset: str, interval: BorrowLendInterval, start: PoolTold, *, now_us: int
) -> Iterator[tuple[int, PoolTold]]:
    """How a pool was at regular times up to now, oldest first; at `start` it was before any account had to do with it."""
    length_us, count = _BUCKETS[interval]
    newest = now_us // length_us
    # One row may be of a time to come, and one is needed of the time before.
    rows, _ = archive.notes(Search(kind=_pool(asset, length_us), account=0, limit=count + 2), now_us=now_us)
    known = {number: msgspec.json.decode(body, type=_Pool) for number, _, body in rows}
    earlier = max((number for number in known if number <= newest - count), default=None)
    last = None if earlier is None else known[earlier]
    for number in range(newest - count + 1, newest + 1):
        last = known.get(number, last)
        told = (
            start
            if last is None
            else PoolTold(asset, number * length_us, last.lent, last.borrowed, last.borrow_rate_e28, last.lend_rate_e28)
        )
        yield number * length_us, told


def pool_point(listing: Listing, time_us: int, told: PoolTold) -> BorrowLendMarketPoint:
    """One of those, as it is answered."""
    return BorrowLendMarketPoint(
        borrow_interest_rate=compact(told.borrow_rate_e28, RATE_SCALE),
        borrowed_quantity=listing.quantity_of(told.asset, told.borrowed),
        lend_interest_rate=compact(told.lend_rate_e28, RATE_SCALE),
        lent_quantity=listing.quantity_of(told.asset, told.lent),
        timestamp_rfc3339=from_time_us(time_us).isoformat(),
        utilization=stripped(utilization(told.lent, told.borrowed)),
    )

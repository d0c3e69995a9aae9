"""What perpetuals brought and cost an account, and their funding rates, as the histories tell it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, TypeAlias

from haversack.exchange.engine.collateral import CASH
from haversack.exchange.listing import Listing
from haversack.exchange.render import naive_iso
from haversack.exchange.render_position import MAIN_SUBACCOUNT
from haversack.exchange.views.histories import Histories
from haversack.exchange.views.notes import INTEGER_MAX
from haversack.units import compact
from haversack.wire.base import Page
from haversack.wire.enums import SortDirection
from haversack.wire.funding import FundingPayment, FundingRate, GetFundingHistory, GetFundingRates
from haversack.wire.settlements import GetSettlementHistory, Settlement, SettlementSource, SettlementSourceFilter

RATE_SCALE, SHOWN_RATE_SCALE = 28, 9
"""Decimals of a funding rate, and those of one in the history (recorded 2025-06)."""
LIMIT_DEFAULT = 100

_Query: TypeAlias = GetFundingHistory | GetSettlementHistory

_SOURCES = {
    SettlementSourceFilter.BACKSTOP_LIQUIDATION: (
        SettlementSource.BACKSTOP_PROVIDER_LIQUIDATION,
        SettlementSource.BACKSTOP_ADL_LIQUIDATION,
        SettlementSource.BACKSTOP_LIQUIDITY_FUND_PROCEEDS,
    )
}
"""What a filter means that is not the name of a source (guess)."""
# Documented of funding and realized profit alone.
_WITH_POSITION = (SettlementSource.FUNDING_PAYMENT, SettlementSource.REALIZE_PNL)


class Earnings:
    """Pages of three histories. Time only goes forward here, as in the archive."""

    def __init__(self, listing: Listing, histories: Histories, *, seen_us: Callable[[int], int]) -> None:
        self._listing = listing
        self._histories = histories
        self._seen_us = seen_us

    def payments(self, account: int, operation: GetFundingHistory, *, now_us: int) -> Page[FundingPayment]:
        """Funding that the account paid and received."""
        where = "account = ? AND time_us <= ?"
        values: list[Any] = [account, self._seen_us(now_us)]
        if operation.symbol is not None:
            where, values = f"{where} AND symbol = ?", [*values, operation.symbol]
        columns = "symbol, interval_end_us, rate_e28, amount"
        return self._page(f"SELECT {columns} FROM funding WHERE {where}", values, operation, partial(self._payment, account))

    def settlements(self, account: int, operation: GetSettlementHistory, *, now_us: int) -> Page[Settlement]:
        """What realized profit, fees and funding gave and took."""
        where = "account = ? AND time_us <= ?"
        values: list[Any] = [account, self._seen_us(now_us)]
        if operation.source is not None:
            sources = _SOURCES.get(SettlementSourceFilter(operation.source), (operation.source,))
            where, values = f"{where} AND source IN ({', '.join('?' * len(sources))})", [*values, *sources]
        columns = "time_us, seq, source, amount, position_id"
        return self._page(
            f"SELECT {columns} FROM settlement WHERE {where}", values, operation, partial(self._settlement, account)
        )

    def rates(self, operation: GetFundingRates, running: FundingRate | None) -> Page[FundingRate]:
        """Funding rates of a market, newest first, above them the one of the interval that is running."""
        offset, limit = operation.offset or 0, operation.limit or LIMIT_DEFAULT
        above = [] if running is None else [running]
        rows: Page[FundingRate] = Page(above[offset : offset + limit])
        query = "SELECT interval_end_us, rate_e28 FROM rate WHERE symbol = ? ORDER BY interval_end_us DESC LIMIT ? OFFSET ?"
        skipped = min(max(0, offset - len(above)), INTEGER_MAX)
        found = self._histories.find(query, operation.symbol, limit - len(rows), skipped)
        rows += [funding_rate(operation.symbol, int(rate_e28), end_us) for end_us, rate_e28 in found]
        (ended,) = self._histories.find("SELECT count(*) FROM rate WHERE symbol = ?", operation.symbol)[0]
        rows.total = ended + len(above)
        return rows

    def _page(self, query: str, values: Sequence[Any], operation: _Query, shown: Callable[[tuple[Any, ...]], Any]) -> Page[Any]:
        limit = operation.limit or LIMIT_DEFAULT
        way = "ASC" if operation.sort_direction == SortDirection.ASC else "DESC"
        paged = f"{query} ORDER BY number {way} LIMIT ? OFFSET ?"
        found = self._histories.find(paged, *values, limit, min(operation.offset or 0, INTEGER_MAX))
        page: Page[Any] = Page(map(shown, found))
        page.total = self._histories.find(f"SELECT count(*) FROM ({query})", *values)[0][0]
        return page

    def _payment(self, account: int, row: tuple[Any, ...]) -> FundingPayment:
        symbol, end_us, rate_e28, amount = row
        return FundingPayment(
            funding_rate=_shown_rate(int(rate_e28)),
            interval_end_iso=naive_iso(end_us),
            quantity=self._listing.quantity_of(self._listing.rules[symbol].quote, int(amount)),
            subaccount_id=MAIN_SUBACCOUNT,
            symbol=symbol,
            user_id=account,
        )

    def _settlement(self, account: int, row: tuple[Any, ...]) -> Settlement:
        time_us, seq, source, amount, position_id = row
        return Settlement(
            engine_sequence=seq,
            position_id=str(position_id) if source in _WITH_POSITION else None,
            quantity=self._listing.quantity_of(CASH, int(amount)),
            source=SettlementSource(source),
            subaccount_id=MAIN_SUBACCOUNT,
            timestamp_iso=naive_iso(time_us),
            user_id=account,
        )


def funding_rate(symbol: str, rate_e28: int, end_us: int) -> FundingRate:
    """One interval's rate, as it is answered."""
    return FundingRate(funding_rate=_shown_rate(rate_e28), interval_end_iso=naive_iso(end_us), symbol=symbol)


def _shown_rate(rate_e28: int) -> Decimal:
    """With nine decimals (recorded 2025-06), rounded half to even (inferred: as the exchange's decimals do)."""
    one = 10 ** (RATE_SCALE - SHOWN_RATE_SCALE)
    whole, rest = divmod(rate_e28, one)
    is_above = 2 * rest > one or (2 * rest == one and whole % 2 == 1)
    return compact(whole + is_above, SHOWN_RATE_SCALE)

"""What an account was worth at earlier moments, worked out backwards from what it has now. No picture, no network, no clock.

The histories say what came and went: take that off what is there today, and what was there before remains. A perpetual is
treated as if its base asset had been bought: each fill moves USDC by price times quantity, and the position is worth its price.
That gives the same sum as realized and unrealized profit together, whatever of it was realized when, so rows of realized
profit are not counted a second time. Fees, funding and liquidations of perpetuals are taken from the settlements.

In the sum: balances, staked and lent assets, less what is borrowed, and perpetuals with their unrealized profit, at the closes
of candles. Before its first price an asset counts at that one; where it did not trade at all in the time, at today's mark price;
and where it has none either it is not in the sum, and `Worth.unpriced` names it.

Not in the sum, so that earlier moments are off by it: interest paid and received (its sign is not documented), what requests
for quotes and vaults brought, fees of withdrawals where they are taken besides the quantity, and what a liquidation took other
than by fills and settlements. A position is valued at last prices here and at mark prices by the exchange, and collateral is
counted whole, without a haircut. Histories lag by seconds: what happened just now may be in the balances and not yet in a fill.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from haversack.account.exact import EXACT, product, total
from haversack.wire.borrow_lend import BorrowLendPosition
from haversack.wire.capital import Balance, DustConversion, MarginAccount
from haversack.wire.enums import Side
from haversack.wire.history import Fill
from haversack.wire.markets import Kline
from haversack.wire.positions import Position
from haversack.wire.settlements import Settlement, SettlementSource
from haversack.wire.transfers import Deposit, DepositStatus, Withdrawal

CASH = "USDC"
LEFT_OUT = "interest, requests for quotes, vaults, and haircuts of collateral"
"""In few words; the module's docstring says it in full."""

_ZERO = Decimal(0)
_OF_FILLS = frozenset(
    {
        SettlementSource.REALIZE_PNL,
        SettlementSource.CULLED_REALIZE_PNL_AUTO,
        SettlementSource.CULLED_REALIZE_PNL_BOOK_UTILISATION,
        SettlementSource.CULLED_REALIZE_PNL_ACCOUNT_THRESHOLD,
        SettlementSource.CULLED_REALIZE_PNL_SYSTEM_THRESHOLD,
    }
)
"""What follows from fills and prices, and is not counted again."""


class Movement(NamedTuple):
    """Something that came to the account, or left it."""

    time: datetime
    what: str
    """An asset, or the symbol of a perpetual."""
    quantity: Decimal
    """Above zero if it came."""
    is_transfer: bool = False
    """A deposit or a withdrawal: it changes the worth, and is neither profit nor loss."""


class PriceAt(NamedTuple):
    """A price, and from when on it is known."""

    time: datetime
    price: Decimal


class Worth(NamedTuple):
    """What the account was worth at one moment."""

    time: datetime
    value: Decimal
    """In USDC."""
    unpriced: tuple[str, ...] = ()
    """What is not in it, because nobody knows a price."""


def is_spot(symbol: str) -> bool:
    """Whether a market trades assets themselves: `SOL_USDC`, and not `SOL_USDC_PERP`."""
    return symbol.count("_") == 1


def held_now(
    balances: Mapping[str, Balance],
    account: MarginAccount,
    positions: Iterable[Position] = (),
    loans: Iterable[BorrowLendPosition] = (),
) -> dict[str, Decimal]:
    """What there is today, by asset, and by symbol of a perpetual; what is not settled yet counts as USDC."""
    held: defaultdict[str, Decimal] = defaultdict(Decimal)
    lent = {row.symbol: row.lend_quantity for row in account.collateral}
    for asset, balance in balances.items():
        held[asset] = total((balance.available, balance.locked, balance.staked))
    for asset, quantity in lent.items():
        held[asset] = EXACT.add(held[asset], quantity)
    for loan in loans:
        held[loan.symbol] = EXACT.add(held[loan.symbol], min(_ZERO, loan.net_quantity))
    held[CASH] = EXACT.add(held[CASH], account.unsettled_equity)
    for position in positions:
        held[position.symbol] = position.net_quantity
        # What is left of it when the position itself is worth its price.
        cost = EXACT.subtract(position.pnl_unrealized, product(position.net_quantity, position.mark_price))
        held[CASH] = EXACT.add(held[CASH], cost)
    return {name: quantity for name, quantity in held.items() if quantity}


def movements(
    *,
    fills: Iterable[Fill] = (),
    deposits: Iterable[Deposit] = (),
    withdrawals: Iterable[Withdrawal] = (),
    settlements: Iterable[Settlement] = (),
    conversions: Iterable[DustConversion] = (),
) -> list[Movement]:
    """What the histories say came and went, oldest first. Deposits count once they are confirmed."""
    found: list[Movement] = []
    for fill in fills:
        found += _of_fill(fill)
    for deposit in deposits:
        if deposit.status == DepositStatus.CONFIRMED:
            found.append(Movement(deposit.created_at, deposit.symbol, deposit.quantity, is_transfer=True))
    for withdrawal in withdrawals:
        found.append(Movement(withdrawal.created_at, withdrawal.symbol, withdrawal.quantity.copy_negate(), is_transfer=True))
    for settlement in settlements:
        if settlement.source not in _OF_FILLS:
            found.append(Movement(settlement.time, CASH, settlement.quantity))
    for dust in conversions:
        found.append(Movement(dust.time, dust.symbol, dust.quantity.copy_negate()))
        found.append(Movement(dust.time, CASH, dust.usdc_received))
    return sorted(found, key=lambda movement: movement.time)


def _of_fill(fill: Fill) -> Iterator[Movement]:
    base, quote = fill.symbol.split("_")[:2]
    bought, paid = fill.quantity, product(fill.price, fill.quantity)
    if fill.side == Side.BID:
        paid = paid.copy_negate()
    else:
        bought = bought.copy_negate()
    yield Movement(fill.time, base if is_spot(fill.symbol) else fill.symbol, bought)
    yield Movement(fill.time, quote, paid)
    # The fee of a perpetual is a settlement of its own.
    if fill.fee and is_spot(fill.symbol):
        yield Movement(fill.time, fill.fee_symbol, fill.fee.copy_negate())


def prices_of(candles: Iterable[Kline], now: datetime) -> list[PriceAt]:
    """What the candles of a market, oldest first, say of its price: each close from its end on, that of a running one now."""
    found: list[PriceAt] = []
    for candle in candles:
        if candle.close is not None and candle.start <= now:
            if not found and candle.open is not None:
                found.append(PriceAt(candle.start, candle.open))
            found.append(PriceAt(min(candle.end, now), candle.close))
    return found


def with_marks(
    prices: Mapping[str, Sequence[PriceAt]], account: MarginAccount, positions: Iterable[Position], now: datetime
) -> dict[str, Sequence[PriceAt]]:
    """The prices, with today's mark price of whatever else the account has."""
    marks = {row.symbol: row.asset_mark_price for row in account.collateral}
    marks |= {position.symbol: position.mark_price for position in positions}
    return {name: [PriceAt(now, mark)] for name, mark in marks.items()} | {name: rows for name, rows in prices.items() if rows}


def worth_at(
    times: Sequence[datetime], held: Mapping[str, Decimal], moved: Sequence[Movement], prices: Mapping[str, Sequence[PriceAt]]
) -> list[Worth]:
    """What the account was worth at each of these moments, which are in order, as are the movements.

    `held`: what it has now. `prices`: in USDC, by asset and by symbol of a perpetual.
    """
    left = defaultdict(Decimal, held)
    known_from = {name: [each.time for each in rows] for name, rows in prices.items()}
    found: list[Worth] = []
    place = len(moved)
    for time in reversed(times):
        while place and moved[place - 1].time > time:
            place -= 1
            left[moved[place].what] = EXACT.subtract(left[moved[place].what], moved[place].quantity)
        values: list[Decimal] = []
        unpriced: list[str] = []
        for name, quantity in left.items():
            rows = prices.get(name)
            if name == CASH:
                values.append(quantity)
            elif quantity and rows:
                values.append(product(quantity, rows[max(0, bisect_right(known_from[name], time) - 1)].price))
            elif quantity:
                unpriced.append(name)
        found.append(Worth(time, total(values), tuple(sorted(unpriced))))
    return found[::-1]

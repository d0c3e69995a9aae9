"""What the balances must be after the fills, to the last digit. A sum that had to be rounded would be an error here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import NamedTuple

from haversack.cli.demo.host import DemoStopped
from haversack.units import plain
from haversack.wire.capital import Balance
from haversack.wire.enums import Side
from haversack.wire.events import OrderUpdate
from haversack.wire.history import Fill
from haversack.wire.markets import Market

_EXACT = Context(prec=60, traps=[Inexact, InvalidOperation, Overflow, DivisionByZero])


class Match(NamedTuple):
    """One fill, as the history and the account's stream both tell it."""

    trade_id: int | None
    order_id: str
    symbol: str
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_symbol: str

    @classmethod
    def of_history(cls, fill: Fill) -> Match:
        """From a row of `history.fills`."""
        return cls(fill.trade_id, fill.order_id, fill.symbol, fill.side, fill.price, fill.quantity, fill.fee, fill.fee_symbol)

    @classmethod
    def of_stream(cls, update: OrderUpdate) -> Match:
        """From a fill of `account.orderUpdate`, where the price of this fill is `L` and its quantity `l`."""
        price, quantity, fee = update.fill_price, update.fill_quantity, update.fee
        if price is None or quantity is None or fee is None:
            raise DemoStopped(f"a fill came without its numbers: {update}")
        return cls(update.trade_id, update.order_id, update.symbol, update.side, price, quantity, fee, update.fee_symbol or "")


class Entry(NamedTuple):
    """One line of a statement."""

    amount: Decimal
    text: str


class Statement(NamedTuple):
    """One asset: what there was, what happened, and what there is."""

    asset: str
    before: Decimal
    entries: list[Entry]
    after: Decimal
    """What the exchange says."""

    @property
    def expected(self) -> Decimal:
        """What there must be."""
        total = self.before
        for entry in self.entries:
            total = _EXACT.add(total, entry.amount)
        return total

    @property
    def agrees(self) -> bool:
        """Whether the exchange says the same, to the last digit."""
        return self.expected == self.after


def statements(
    before: Mapping[str, Balance], after: Mapping[str, Balance], matches: Iterable[Match], markets: Mapping[str, Market]
) -> list[Statement]:
    """A statement of every asset that was traded, or that changed for no reason."""
    entries: dict[str, list[Entry]] = {}
    for match in matches:
        for asset, entry in _entries(match, markets[match.symbol]):
            entries.setdefault(asset, []).append(entry)
    changed = [asset for asset in {**before, **after} if total(before, asset) != total(after, asset)]
    assets = sorted({*entries, *changed})
    return [Statement(asset, total(before, asset), entries.get(asset, []), total(after, asset)) for asset in assets]


def total(balances: Mapping[str, Balance], asset: str) -> Decimal:
    """What there is of an asset, held by orders or not."""
    balance = balances.get(asset)
    return Decimal(0) if balance is None else _EXACT.add(balance.available, balance.locked)


def _entries(match: Match, market: Market) -> list[tuple[str, Entry]]:
    """Base and quote change hands, and the fee comes off what was received."""
    cost = _EXACT.multiply(match.price, match.quantity)
    is_bid = match.side is Side.BID
    verb, sign = ("bought", Decimal(1)) if is_bid else ("sold", Decimal(-1))
    at = f"at {plain(match.price)}"
    base = Entry(_EXACT.multiply(match.quantity, sign), f"{verb} {at}")
    quote = Entry(-_EXACT.multiply(cost, sign), f"{verb} {plain(match.quantity)} {market.base_symbol} {at}")
    fee = Entry(-match.fee, "fee")
    return [(market.base_symbol, base), (market.quote_symbol, quote), (match.fee_symbol, fee)]

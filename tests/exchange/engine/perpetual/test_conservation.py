"""Accounts that trade, are paid funding and settle: no money comes from anywhere or gets lost."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.engine.perpetual.sample import EXAMPLES, QUOTE_SCALE, SOL
from haversack.exchange.engine.perpetual.funding import payment
from haversack.exchange.engine.perpetual.position import Change, Fill, Position, change, with_funding
from haversack.exchange.engine.perpetual.settlement import settle, trading_fee

GRANT = 10**12
PRICE_UNIT = 10**4
"""Of the ledger, for one cent and one hundredth of the base asset."""


class Hall:
    """Three accounts with positions and money, and the fee account."""

    def __init__(self) -> None:
        self.positions: dict[int, Position] = {}
        self.available = dict.fromkeys(range(3), GRANT)
        self.unsettled: defaultdict[int, int] = defaultdict(int)
        self.fees = 0
        self.last_id = 0

    def trade(self, buyer: int, seller: int, quantity: int, price: int) -> None:
        quote = quantity * price * PRICE_UNIT
        for account, signed, rate_cbps in ((buyer, quantity, 450), (seller, -quantity, 190)):
            fee = trading_fee(quote, rate_cbps, SOL.amount_unit)
            self.fees += fee
            self.last_id += 1
            fill = Fill(quantity=signed, quote=quote, fee=fee)
            self._take(account, change(self.positions.get(account), fill, new_id=self.last_id))

    def fund(self, rate: Decimal, mark: int) -> None:
        for account, position in list(self.positions.items()):
            paid = payment(position, rate, Decimal(mark).scaleb(-2), SOL)
            self.fees -= paid
            self._take(account, with_funding(position, paid))

    def settle(self) -> None:
        for account, amount in self.unsettled.items():
            settled = settle(amount, self.available[account])
            self.available[account] += settled.moved
            self.unsettled[account] = settled.unsettled

    def _take(self, account: int, told: Change) -> None:
        if told.position:
            self.positions[account] = told.position
        else:
            self.positions.pop(account, None)
        self.unsettled[account] += sum(each.amount for each in told.settlements)

    def equity(self, account: int, mark: int) -> int:
        position = self.positions.get(account)
        value = position.quantity * mark * PRICE_UNIT - position.basis if position else 0
        return self.available[account] + self.unsettled[account] + value


Trade: TypeAlias = tuple[int, int, int, int]
trades = st.tuples(st.integers(0, 2), st.integers(1, 2), st.integers(1, 300), st.integers(1, 30_000))
fundings = st.integers(-(10**26), 10**26).map(lambda rate: Decimal(rate).scaleb(-28))


@settings(max_examples=EXAMPLES)
@given(st.lists(st.one_of(trades, fundings, st.none()), max_size=40), st.integers(1, 30_000))
def test_all_equity_and_the_fees_are_what_was_granted(steps: list[Trade | Decimal | None], mark: int) -> None:
    hall = Hall()
    for step in steps:
        if step is None:
            hall.settle()
        elif isinstance(step, Decimal):
            hall.fund(step, mark)
        else:
            buyer, away, quantity, price = step
            hall.trade(buyer, (buyer + away) % 3, quantity, price)
        assert sum(position.quantity for position in hall.positions.values()) == 0
        assert sum(hall.equity(account, mark) for account in range(3)) + hall.fees == 3 * GRANT
    assert all(amount >= 0 for amount in hall.available.values())


def test_amounts_of_the_hall_are_those_of_the_contract() -> None:
    assert 10 ** (QUOTE_SCALE - 2 - SOL.quantity_scale) == PRICE_UNIT

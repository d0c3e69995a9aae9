"""How money is locked for requests and quotes, and how it changes hands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from haversack.exchange.engine.backing import Backing, Cause, Loaned, Need
from haversack.exchange.engine.clearing import fee_on
from haversack.exchange.engine.event import BalanceChanged, Event
from haversack.exchange.engine.ledger import Account, Ledger
from haversack.exchange.engine.order import BID
from haversack.exchange.engine.perpetual.margins import Margins
from haversack.exchange.engine.rfq.event import Quote, Rfq
from haversack.exchange.engine.rfq.refusal import RfqRefusal
from haversack.exchange.engine.rfq.terms import Deal
from haversack.exchange.engine.rules import MarketRules
from haversack.exchange.engine.shortfall import Lack, lack
from haversack.exchange.engine.spot_limit import Terms
from haversack.exchange.engine.spot_margin import Swap, allows, is_exposed
from haversack.wire.borrow_lend_history import BorrowLendSource

_REFUSALS = {Lack.FUNDS: RfqRefusal.INSUFFICIENT_FUNDS, Lack.MARGIN: RfqRefusal.INSUFFICIENT_MARGIN}
_CAUSE, _REPAID = Cause(BorrowLendSource.RFQ), Cause(BorrowLendSource.AUTO_BORROW_REPAY)


class Purse:
    """The balances of all accounts, as far as requests and quotes touch them."""

    __slots__ = ("_ledger", "_margins")

    def __init__(self, ledger: Ledger, margins: Margins) -> None:
        self._ledger = ledger
        self._margins = margins

    def refusal(self, account: Account, swaps: Sequence[Swap], locked: Mapping[str, int], terms: Terms) -> RfqRefusal | None:
        """Why an account cannot give what each of the swaps gives, with what it has locked for the same already."""

        def has_margin() -> bool:
            # As for spot orders: positions in perpetuals keep their margin.
            if account.is_house or not is_exposed(account):
                return True
            return all(allows(self._margins, account, self._possible(each)) for each in swaps)

        needs = [Need(each.gives, each.given - locked.get(each.gives, 0), *terms) for each in swaps]
        lacks = lack(self._margins, account, needs, has_margin)
        return None if lacks is None else _REFUSALS[lacks]

    def _possible(self, need: Swap) -> Swap:
        """Nobody gets more than there is, whatever price was named: what a price makes of it may be too large to reckon with."""
        return need._replace(got=min(need.got, self._ledger.granted[need.gets]))

    def lock(self, number: int, amounts: Iterable[tuple[str, int]], events: list[Event]) -> None:
        """Move so much of each asset from available to locked; back, if it is negative."""
        account = self._ledger.account(number)
        account.budget = None
        for asset, amount in amounts:
            if amount:
                balance = account.balances[asset]
                balance.available -= amount
                balance.locked += amount
                assert balance.available >= 0 <= balance.locked, f"account {number} locked {amount} {asset}, which it has not"
                events.append(BalanceChanged(number, asset, balance.available, balance.locked))

    def fetch(self, number: int, needs: Iterable[Need], events: list[Event]) -> dict[str, int]:
        """Call on what an account lacks; the answer is how much of each asset it borrowed for that."""
        account, lending, borrowed = self._ledger.account(number), self._margins.lending, dict[str, int]()
        if lending is None:
            return borrowed
        for need in needs:
            missing = lending.fetch(account, need, _CAUSE, events)
            if missing:
                borrowed[need.asset] = missing
        return borrowed

    def give_back(
        self, number: int, borrowed: Mapping[str, int], released: Mapping[str, int], events: list[Event]
    ) -> dict[str, int]:
        """Repay what is not needed after all of what was borrowed; the answer is how much stays so."""
        account, lending, left = self._ledger.account(number), self._margins.lending, dict[str, int]()
        if lending is None:
            return left
        for asset, amount in borrowed.items():
            stays = lending.give_back(account, Loaned(asset, amount, max(0, released.get(asset, 0))), _CAUSE, events)
            if stays:
                left[asset] = stays
        return left

    def repay(self, number: int, got: tuple[str, int], backing: Backing | None, events: list[Event]) -> None:
        """Repay with what an account got, if that was allowed."""
        if backing is not None and backing.repays and self._margins.lending is not None:
            self._margins.lending.repay(self._ledger.account(number), *got, cause=_REPAID, events=events)

    def settle(self, rfq: Rfq, quote: Quote, found: Deal, *, rules: MarketRules, events: list[Event]) -> tuple[int, str]:
        """Give both sides what they traded, all of it from what is available; the maker's fee and its asset.

        The maker pays its maker fee in the asset that it receives, as in a spot market (guess).
        """
        base, quantity = rules.base, found.quantity * rules.base_unit
        maker = self._ledger.account(quote.account)
        rate = maker.fees.maker_cbps
        if rfq.side is BID:
            maker_fee, fee_asset = fee_on(found.worth, rate, rules.quote_fee_unit), rules.quote
            moves = (-quantity, found.worth - maker_fee), (quantity, -found.worth - found.fee)
        else:
            maker_fee, fee_asset = fee_on(quantity, rate, rules.base_fee_unit), base
            moves = (quantity - maker_fee, -found.worth), (-quantity, found.worth - found.fee)
        for number, (of_base, of_quote) in zip((quote.account, rfq.account), moves, strict=True):
            self._move(number, ((base, of_base), (rules.quote, of_quote)), events)
        self._ledger.take_fee(rules.quote, found.fee)
        self._ledger.take_fee(fee_asset, maker_fee)
        return maker_fee, fee_asset

    def _move(self, number: int, amounts: Iterable[tuple[str, int]], events: list[Event]) -> None:
        account = self._ledger.account(number)
        account.budget = None
        for asset, amount in amounts:
            balance = account.balances[asset]
            balance.available += amount
            assert balance.available >= 0, f"account {number} gave {-amount} {asset}, which it has not"
            events.append(BalanceChanged(number, asset, balance.available, balance.locked))

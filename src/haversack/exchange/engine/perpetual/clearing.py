"""The money side of a perpetual: nothing is locked, fills move positions, and what they bring is unsettled at first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from haversack.exchange.engine.clearing import CBPS_PER_ONE, Match, filled
from haversack.exchange.engine.event import Event, PositionChanged, Refusal
from haversack.exchange.engine.ledger import Account, Ledger
from haversack.exchange.engine.order import BID, WorkingOrder
from haversack.exchange.engine.perpetual.holding import Holding
from haversack.exchange.engine.perpetual.liquidation import FEE_CBPS
from haversack.exchange.engine.perpetual.open_interest import opens_too_much
from haversack.exchange.engine.perpetual.position import Change, Fill, Position, change
from haversack.exchange.engine.perpetual.settlement import Settlement, trading_fee
from haversack.exchange.engine.perpetual.stake import resting_cost
from haversack.exchange.engine.rules import MarketRules
from haversack.wire.enums import SystemOrderType

if TYPE_CHECKING:
    from haversack.exchange.engine.command import Place
    from haversack.exchange.engine.perpetual.following import Following
    from haversack.exchange.engine.perpetual.margins import Margins
    from haversack.exchange.engine.survey import Survey

ON_BOOK = SystemOrderType.LIQUIDATE_POSITION_ON_BOOK


class PerpetualClearing:
    """All positions of one perpetual. They sum to zero."""

    __slots__ = ("_ledger", "_margins", "_rules", "following", "holdings", "open_interest")

    def __init__(self, rules: MarketRules, ledger: Ledger, margins: Margins) -> None:
        self._rules = rules
        self._ledger = ledger
        self._margins = margins
        self.holdings: dict[int, Holding] = {}
        """By account; empty ones may be among them."""
        self.open_interest = 0
        self.following: Following | None = None
        """The orders that follow positions; the market sets it."""

    def quantity(self, account: int) -> int:
        """An account's signed position."""
        holding = self.holdings.get(account)
        return holding.quantity if holding else 0

    @property
    def positions(self) -> Mapping[int, int]:
        """Account number to signed quantity, the flat ones left out."""
        return {account: holding.quantity for account, holding in self.holdings.items() if holding.quantity}

    def holding(self, account: Account) -> Holding:
        """What an account has here."""
        found = self.holdings.get(account.number)
        if found is None:
            found = self.holdings[account.number] = account.holdings[self._rules.symbol] = Holding()
        return found

    def refusal(self, place: Place, account: Account) -> Refusal | None:
        """Why the market takes no more of such an order, before anybody asks for money."""
        perpetual, holding = self._rules.perpetual, self.holdings.get(account.number)
        limit = None if perpetual is None else perpetual.open_interest_limit
        if limit is None or place.quantity is None or account.is_house or self.open_interest + place.quantity <= limit:
            return None
        position = holding.quantity if holding else 0
        if opens_too_much(self.open_interest, limit, position=position, side=place.side, quantity=place.quantity):
            return Refusal.OPEN_INTEREST
        return None

    def requirement(self, place: Place, account: Account, ahead: Survey | None, now_us: int) -> int | Refusal:
        """Nothing is held, but margin must be left afterwards; for the house it always is."""
        if account.is_house or place.reduce_only:
            return 0
        return 0 if self._margins.allows(account, place, ahead) else Refusal.INSUFFICIENT_MARGIN

    def hold(self, order: WorkingOrder, events: list[Event]) -> None:
        """Nothing is held while an order is matched."""

    def rested(self, order: WorkingOrder) -> None:
        """Count what an order could add to the position, now that it rests."""
        facts = order.facts
        account = self._ledger.account(facts.account)
        if account.is_house or facts.reduce_only:
            return
        # One that is taken up from another engine was counted there.
        order.held = 0
        self._count(order, self.holding(account), order.left)

    def release(self, order: WorkingOrder, events: list[Event]) -> None:
        """What an order could have added counts no longer."""
        if order.held:
            self._count(order, self.holdings[order.facts.account], 0)

    def settle(self, order: WorkingOrder, match: Match, events: list[Event], *, is_maker: bool) -> None:
        """Move the position by the quantity of the match, and charge the fee."""
        rules, facts = self._rules, order.facts
        account = self._ledger.account(facts.account)
        holding = self.holding(account)
        if order.held:
            self._count(order, holding, order.held - match.quantity)
        fee, liquidation_fee = (0, 0) if account.is_house else self._fees(order, account, match, is_maker=is_maker)
        events.append(filled(order, match, rules, (is_maker, fee + liquidation_fee, rules.quote)))
        fill = Fill(
            quantity=match.quantity if facts.side is BID else -match.quantity,
            quote=match.quote,
            fee=fee,
            liquidation_fee=liquidation_fee,
        )
        if facts.reduce_only:
            # It counted for nothing before, and what it reduces may have made room for other orders of its account.
            account.budget = None
        self._take(account, holding, fill, now_us=match.time_us, events=events)
        if facts.conditions is not None and self.following is not None:
            self.following.filled(order, match.time_us, events)

    def take(self, account: Account, holding: Holding, fill: Fill, *, now_us: int, events: list[Event]) -> None:
        """Give an account a fill beside the book."""
        account.budget = None
        self._take(account, holding, fill, now_us=now_us, events=events)

    def _take(self, account: Account, holding: Holding, fill: Fill, *, now_us: int, events: list[Event]) -> None:
        before = holding.position
        changed = change(before, fill, new_id=0 if account.is_house else self._ledger.next_id, now_us=now_us)
        after = holding.position = changed.position
        was, now = before.quantity if before else 0, after.quantity if after else 0
        # Of the long side alone.
        if now > 0:
            self.open_interest += now
        if was > 0:
            self.open_interest -= was
        for each in changed.settlements:
            account.unsettled += each.amount
        if fill.fee or fill.liquidation_fee:
            self._ledger.take_fee(self._rules.quote, fill.fee + fill.liquidation_fee)
        if not account.is_house:
            mark = self._margins.mark(self._rules.symbol)
            if account.budget is not None:
                self._margins.charge(account.budget, fill, fill.quantity * mark * self._rules.quote_unit)
            self._tell(account, was, changed, mark=mark, events=events)
        if self.following is not None:
            self.following.moved(account, was, now, events)

    def _tell(self, account: Account, was: int, changed: Change, *, mark: int, events: list[Event]) -> None:
        position, settlements = changed.position, changed.settlements
        if changed.closed is not None:
            closing = tuple(each for each in settlements if each.position_id == changed.closed.position_id)
            settlements = settlements[len(closing) :]
            events.append(self._changed(account, was, changed.closed, closing, mark=mark))
            was = 0
        if position is not None:
            if not was:
                self._ledger.take_id()
            events.append(self._changed(account, was, position, settlements, mark=mark))

    def changed(self, account: Account, was: int, position: Position, settlements: tuple[Settlement, ...]) -> PositionChanged:
        """What is told of a position that had another quantity, `was`, or other payments before."""
        return self._changed(account, was, position, settlements, mark=self._margins.mark(self._rules.symbol))

    def _changed(
        self, account: Account, was: int, position: Position, settlements: tuple[Settlement, ...], *, mark: int
    ) -> PositionChanged:
        holding = self.holding(account)
        return PositionChanged(
            account.number,
            self._rules.symbol,
            was,
            position,
            settlements,
            mark=mark,
            # Of one that was closed it is what orders could open; another one may be open already.
            exposed=holding.exposed if position.quantity else max(holding.bids, holding.asks),
            leverage_e8=account.settings.leverage_e8,
        )

    def _fees(self, order: WorkingOrder, account: Account, match: Match, *, is_maker: bool) -> tuple[int, int]:
        rates, unit, conditions = account.fees, self._rules.quote_fee_unit, order.facts.conditions
        fee = trading_fee(match.quote, rates.futures_maker_cbps if is_maker else rates.futures_taker_cbps, unit)
        if conditions is None or conditions.system is not ON_BOOK:
            return fee, 0
        return fee, -(-match.quote * FEE_CBPS // (CBPS_PER_ONE * unit)) * unit

    def _count(self, order: WorkingOrder, holding: Holding, held: int) -> None:
        """Let an order count for so much from now on."""
        quantity, cost = held - order.held, 0
        if self._rules.pays is not None:
            fees = self._ledger.account(order.facts.account).fees
            cost = resting_cost(self._rules, fees, order.facts, held) - resting_cost(self._rules, fees, order.facts, order.held)
        if order.facts.side is BID:
            holding.bids += quantity
            holding.bid_cost += cost
        else:
            holding.asks += quantity
            holding.ask_cost += cost
        order.held = held

    def take_up(self, positions: Iterable[tuple[int, Position]], open_interest: int) -> None:
        """Go on with the positions that another one had."""
        for number, position in positions:
            self.holding(self._ledger.account(number)).position = position
        self.open_interest = open_interest

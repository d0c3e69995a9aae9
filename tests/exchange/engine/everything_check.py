"""What must hold of an engine with all its facilities after every single command, and the corners that a run came to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from exchange.engine.everything import MARKETS, QUESTIONS, RFQ, SECOND_US
from exchange.engine.vaults.kit import RULES as VAULT
from haversack.exchange.engine.command import Command, Elapse, SetPrices
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import Declined, Event, LiquidatingChanged, OrderAccepted, OrderFilled, Rejected
from haversack.exchange.engine.lending.event import InterestPaid, LoanChanged
from haversack.exchange.engine.lending.lending import Lending
from haversack.exchange.engine.predictions.event import PredictionResolved
from haversack.exchange.engine.rfq.event import QuoteEnded, RfqEnded, RfqFilled
from haversack.exchange.engine.rfq.rfqs import Rfqs
from haversack.exchange.engine.rfq.terms import offered
from haversack.exchange.engine.strategies.event import StrategyEnded
from haversack.exchange.engine.strategies.strategies import Strategies
from haversack.exchange.engine.vaults.event import VaultMinted, VaultRedeemed
from haversack.exchange.engine.vaults.vaults import Vaults
from haversack.exchange.engine.withdrawals.event import WithdrawalChanged
from haversack.wire.enums import OrderBookState, Side

PERPETUALS = [rules.symbol for rules in MARKETS if rules.is_perpetual]
RULES = {rules.symbol: rules for rules in MARKETS}
ROUNDED = Decimal("0.001")
"""More than all fees together that were rounded up, each to a millionth."""


class Books:
    """Looks at an engine after each of its commands."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._owing: dict[int, int] = {}
        """Since when accounts have nothing but a debt, as seen when time passes."""
        self._leaving: Counter[int] = Counter()
        """Withdrawals of each account that wait."""
        self.seen: Counter[str] = Counter()

    def check(self, command: Command, events: Sequence[Event], now_us: int) -> None:
        """Everything, and what this command was an example of."""
        self._assets()
        self._locks()
        self._positions()
        self._pools()
        self._borrowed()
        if isinstance(command, SetPrices | Elapse):
            self._nobody_is_left_owing(now_us)
        self._count(command, events)

    def _assets(self) -> None:
        engine = self._engine
        totals = Counter(engine.fees)
        totals.update(engine.covers)
        totals.update(engine.held_beside)
        for account in engine.accounts:
            totals["USDC"] += engine.unsettled(account)
            for asset, (available, locked) in engine.balances(account).items():
                assert available >= 0 <= locked, f"account {account} has {available} and {locked} {asset}"
                totals[asset] += available + locked
        for symbol in PERPETUALS:
            totals["USDC"] -= sum(position.basis for _, position, _, _ in engine.holdings(symbol) if position)
        lost = {asset: totals[asset] - granted for asset, granted in engine.granted.items() if totals[asset] != granted}
        assert not lost, f"so much too much is there: {lost}"

    def _locks(self) -> None:
        """What is locked is what orders, requests, quotes and redemptions hold, and what they hold is locked."""
        engine, wanted = self._engine, defaultdict[tuple[int, str], int](int)
        for account in engine.accounts:
            for order in engine.open_orders(account):
                facts, rules = order.order, RULES[order.order.symbol]
                if not rules.is_perpetual:
                    assert facts.price is not None and facts.quantity is not None, "what rests has a price and a quantity"  # noqa: PT018
                    left = facts.quantity - order.executed
                    is_bid = facts.side is Side.BID
                    held = facts.price * left * rules.quote_unit if is_bid else left * rules.base_unit
                    wanted[account, rules.quote if is_bid else rules.base] += held
        for each in engine.facility(Rfqs).open():
            wanted[each.rfq.account, RFQ.quote if each.rfq.side is Side.BID else RFQ.base] += each.held
            for maker, quote in each.quotes.items():
                for offer in offered(each.rfq, quote, RFQ):
                    wanted[maker, offer.gives] += offer.given
        for account, pending in engine.facility(Vaults).vault(1).pending.items():
            wanted[account, VAULT.token] += pending.tokens
        locked = {(who, asset): held[1] for who in engine.accounts for asset, held in engine.balances(who).items() if held[1]}
        assert locked == {key: amount for key, amount in wanted.items() if amount}

    def _positions(self) -> None:
        for symbol in PERPETUALS:
            held = self._engine.holdings(symbol)
            quantities = [position.quantity for _, position, _, _ in held if position]
            assert not sum(quantities), f"{symbol}: the positions add up to {sum(quantities)}"
            assert self._engine.open_interest(symbol) == sum(quantity for quantity in quantities if quantity > 0)
            resting = {account: (bids, asks) for account, _, bids, asks in held if bids or asks}
            assert resting == self._exposing(symbol), f"{symbol}: what orders could add is counted as something else"

    def _exposing(self, symbol: str) -> dict[int, tuple[int, int]]:
        engine, found = self._engine, dict[int, tuple[int, int]]()
        for account in engine.accounts:
            left = {Side.BID: 0, Side.ASK: 0}
            for order in () if engine.is_house(account) else engine.open_orders(account, symbol):
                if not order.order.reduce_only and order.order.quantity is not None:
                    left[order.order.side] += order.order.quantity - order.executed
            if any(left.values()):
                found[account] = left[Side.BID], left[Side.ASK]
        return found

    def _pools(self) -> None:
        lending = self._engine.facility(Lending)
        for asset, pool in lending.pools.items():
            loans = [lending.loans(account)[asset] for account in self._engine.accounts if asset in lending.loans(account)]
            assert pool.lent == sum(loan.quantity for loan in loans if not loan.is_borrow)
            assert pool.borrowed == -sum(loan.quantity for loan in loans if loan.is_borrow)
            assert all(loan.quantity and (loan.quantity < 0) == loan.is_borrow for loan in loans)

    def _borrowed(self) -> None:
        """What was borrowed for a request or a quote is locked for it."""
        for each in self._engine.facility(Rfqs).open():
            for account, borrowed in each.borrowed.items():
                held = {RFQ.quote if each.rfq.side is Side.BID else RFQ.base: each.held}
                if account != each.rfq.account:
                    held = {offer.gives: offer.given for offer in offered(each.rfq, each.quotes[account], RFQ)}
                assert all(0 < amount <= held[asset] for asset, amount in borrowed.items()), f"{borrowed} for {held}"

    def _nobody_is_left_owing(self, now_us: int) -> None:
        """Of accounts with neither positions nor loans: a debt is gone with the next second."""
        engine, owing = self._engine, dict[int, int]()
        for account in engine.accounts:
            is_flat = not engine.positions(account) and not engine.facility(Lending).loans(account)
            if is_flat and not engine.is_house(account) and engine.margin(account).net_equity < 0:
                owing[account] = self._owing.get(account, now_us)
        late = [account for account, since_us in owing.items() if now_us - since_us >= SECOND_US]
        assert not late, f"accounts {late} have nothing but a debt at {now_us}"
        self._owing = owing

    def settled(self, now_us: int) -> None:
        """Time passes until liquidation has run its course: nobody owes more than what they have is worth."""
        for _ in range(90):
            now_us += 1_000_000
            command = Elapse()
            self.check(command, self._engine.apply(command, now_us), now_us)
        for account in self._engine.accounts:
            equity = self._engine.margin(account).net_equity
            assert equity >= -ROUNDED or self._engine.is_house(account), f"account {account} owes {-equity}"

    def _count(self, command: Command, events: Sequence[Event]) -> None:
        self.seen[type(command).__name__] += 1
        begins = [event.account for event in events if isinstance(event, LiquidatingChanged) and event.is_liquidating]
        for event in events:
            self.seen.update(named(event))
            if isinstance(event, WithdrawalChanged):
                self._leaving[event.withdrawal.account] += -1 if event.is_confirmed else 1
        for account in begins:
            self.seen.update(f"a liquidation begins: {what}" for what in self._has(account, events))
        if begins and any(_is_child(event) and isinstance(event, OrderFilled) for event in events):
            self.seen["a strategy trades as a liquidation begins"] += 1
        self._count_ends(events)

    def _has(self, account: int, events: Sequence[Event]) -> Iterable[str]:
        """What an account has whose liquidation has just begun, or had until then."""
        engine = self._engine
        loans = engine.facility(Lending).loans(account).values()
        moved = [event for event in events if isinstance(event, LoanChanged) and event.account == account]
        if any(loan.is_borrow for loan in loans) or any("Repay" in event.kind for event in moved):
            yield "owes"
        if any(not loan.is_borrow for loan in loans) or any("Redeem" in event.kind for event in moved):
            yield "lends"
        if any(position.symbol in QUESTIONS for position in engine.positions(account)):
            yield "bets"
        if account in engine.facility(Vaults).vault(1).pending:
            yield "waits for a redemption"
        if self._leaving[account]:
            yield "withdraws"
        begun = next(
            number for number, event in enumerate(events) if isinstance(event, LiquidatingChanged) and event.account == account
        )
        for event in events[begun:]:
            if isinstance(event, StrategyEnded) and event.strategy.asked.account == account:
                yield "runs a strategy"
            if isinstance(event, RfqEnded) and event.rfq.account == account:
                yield "asks for quotes"
            if isinstance(event, QuoteEnded) and event.quote.account == account:
                yield "quotes"

    def _count_ends(self, events: Sequence[Event]) -> None:
        resolved = {event.symbol for event in events if isinstance(event, PredictionResolved)}
        for event in events:
            if isinstance(event, StrategyEnded):
                symbol = event.strategy.asked.symbol
                if symbol in resolved:
                    self.seen["an answer ends a strategy"] += 1
                elif self._engine.book_state(symbol) is OrderBookState.CLOSED:
                    self.seen["a closed market ends a strategy"] += 1
        for symbol in resolved:
            running = [self._engine.facility(Strategies).running(account, symbol) for account in self._engine.accounts]
            self.seen["an answer comes while a strategy runs"] += any(running)


def named(event: Event) -> Iterable[str]:
    """What an event is an example of."""
    yield type(event).__name__
    if isinstance(event, Declined | Rejected):
        yield f"{type(event.refusal).__name__} {event.refusal.name}"
    elif isinstance(event, LoanChanged):
        yield f"{event.kind.value} {event.source.value}"
    elif isinstance(event, StrategyEnded):
        yield f"strategy {event.reason or event.status}"
    elif isinstance(event, OrderAccepted) and event.order.conditions and event.order.conditions.system:
        yield f"{event.order.conditions.system.value}"


def _is_child(event: Event) -> bool:
    conditions = event.order.conditions if isinstance(event, OrderAccepted | OrderFilled) else None
    return conditions is not None and conditions.strategy_id is not None


LATE = (InterestPaid, PredictionResolved, RfqEnded, RfqFilled, StrategyEnded, VaultMinted, VaultRedeemed, WithdrawalChanged)
"""What began before a restart, most often, and is told after it."""
LIQUIDATED = (
    ("RfqRefusal", "ACCOUNT_LIQUIDATING"),
    ("LendingRefusal", "ACCOUNT_LIQUIDATING"),
    ("Refusal", "ACCOUNT_LIQUIDATING"),
    ("StrategyRefusal", "LIQUIDATING"),
)
"""How those are turned away who are being liquidated."""

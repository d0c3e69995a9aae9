"""All requests for quotes that are open, and what happens to them.

A request takes quotes until its submission time and may be filled until its expiry time. Only the best quote can be taken: by
the requester, or without asking if the request named a price. Whoever quotes has locked what the quote may cost, so that a quote
that is accepted never fails for the maker's money.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from haversack.exchange.engine.backing import Need
from haversack.exchange.engine.event import Declined, Event
from haversack.exchange.engine.facility import Handler, Parts
from haversack.exchange.engine.ledger import Account
from haversack.exchange.engine.order import BID
from haversack.exchange.engine.rfq.command import AcceptQuote, CancelRfq, RefreshRfq, SubmitQuote, SubmitRfq
from haversack.exchange.engine.rfq.event import (
    CandidateFound,
    Quote,
    QuoteEnded,
    QuotePlaced,
    Rfq,
    RfqEnded,
    RfqFilled,
    RfqOpened,
)
from haversack.exchange.engine.rfq.open import OpenRfq, window_from
from haversack.exchange.engine.rfq.purse import Purse
from haversack.exchange.engine.rfq.refusal import RfqRefusal as No
from haversack.exchange.engine.rfq.terms import Deal, agreed, deal, keeps_to_price, offered, swap
from haversack.exchange.engine.rules import MarketRules
from haversack.exchange.engine.spot_limit import Terms
from haversack.exchange.engine.spot_margin import Swap
from haversack.wire.enums import OrderStatus

RFQS_MAX, QUOTES_MAX = 50, 200
"""Open ones of one account; no limits are documented (guess). Accounts of the house have none."""


class Rfqs:
    """The facility."""

    name = "rfq"

    def __init__(self, parts: Parts, markets: Iterable[MarketRules]) -> None:
        self._ledger = parts.ledger
        self._purse = Purse(parts.ledger, parts.margins)
        self._rules = {rules.symbol: rules for rules in markets}
        self._open: dict[int, OpenRfq] = {}
        """By id, in the order in which they expire."""
        self._asked: Counter[int] = Counter()
        """Open requests of each account; the next: open quotes."""
        self._quoted: Counter[int] = Counter()
        parts.placing.at_liquidation.append(self._liquidate)

    def handlers(self) -> Mapping[type, Handler]:
        """What it does with each of its commands."""
        return {
            SubmitRfq: self._submit,
            SubmitQuote: self._quote,
            AcceptQuote: self._accept,
            RefreshRfq: self._refresh,
            CancelRfq: self._cancel,
        }

    def open(self) -> Sequence[OpenRfq]:
        """All that are open, the oldest first. They are not to be changed."""
        return sorted(self._open.values(), key=lambda each: each.rfq.rfq_id)

    def of(self, account: int) -> Sequence[OpenRfq]:
        """Those of one account, the oldest first."""
        return [each for each in self.open() if each.rfq.account == account] if self._asked[account] else ()

    def find(self, rfq_id: int) -> OpenRfq | None:
        """The one with this id; None if it is not open."""
        return self._open.get(rfq_id)

    def _submit(self, command: SubmitRfq, now_us: int) -> list[Event]:
        account, rules = self._ledger.account(command.account), self._rules[command.symbol]
        rfq = Rfq(
            rfq_id=self._ledger.next_id,
            account=command.account,
            symbol=command.symbol,
            side=command.side,
            quantity=command.quantity,
            quote_quantity=command.quote_quantity,
            price=command.price,
            client_id=command.client_id,
            created_us=now_us,
            backing=command.backing,
        )
        worst = agreed(rfq, rules)
        if refused := self._submit_refusal(account, worst, Terms(rfq.backing, now_us)):
            return [Declined(refused)]
        self._ledger.take_id()
        opened = OpenRfq(rfq, window_from(now_us), worst.given if worst else 0, {})
        self._open[rfq.rfq_id] = opened
        self._asked[rfq.account] += 1
        events: list[Event] = [RfqOpened(rfq, opened.window, len(self._ledger.accounts))]
        given = _given(rfq, rules)
        borrowed = self._purse.fetch(rfq.account, [Need(given, opened.held, rfq.backing, now_us)], events)
        if borrowed:
            opened.borrowed[rfq.account] = borrowed
        self._purse.lock(rfq.account, [(given, opened.held)], events)
        return events

    def _submit_refusal(self, account: Account, worst: Swap | None, terms: Terms) -> No | None:
        if account.liquidating:
            return No.ACCOUNT_LIQUIDATING
        if self._asked[account.number] >= RFQS_MAX and not account.is_house:
            return No.RFQ_LIMIT
        return None if worst is None else self._purse.refusal(account, [worst], {}, terms)

    def _quote(self, command: SubmitQuote, now_us: int) -> list[Event]:
        opened = self._open.get(command.rfq_id)
        if opened is None or opened.is_over(now_us):
            return [Declined(No.RFQ_NOT_FOUND)]
        account, rules = self._ledger.account(command.account), self._rules[opened.rfq.symbol]
        quote = Quote(
            quote_id=self._ledger.next_id,
            rfq_id=command.rfq_id,
            symbol=opened.rfq.symbol,
            account=command.account,
            bid=command.bid,
            ask=command.ask,
            client_id=command.client_id,
            created_us=now_us,
            is_house=account.is_house,
            backing=command.backing,
        )
        found = deal(opened.rfq, quote, self._ledger.account(opened.rfq.account).fees, rules)
        if refused := self._quote_refusal(opened, quote, found, now_us):
            return [Declined(refused)]
        self._ledger.take_id()
        best, events = opened.best(), list[Event]()
        before = self._take_back(opened, quote.account, events) if quote.account in opened.quotes else {}
        opened.quotes[quote.account] = quote
        self._quoted[quote.account] += 1
        events.append(QuotePlaced(quote))
        self._reserve(opened, quote, before, events)
        if keeps_to_price(opened.rfq, found):
            self._fill(opened, quote, found, events)
            return events
        self._tell_best(opened, best, events)
        return events

    def _quote_refusal(self, opened: OpenRfq, quote: Quote, found: Deal, now_us: int) -> No | None:
        account, before = self._ledger.account(quote.account), opened.quotes.get(quote.account)
        if not opened.takes_quotes(now_us):
            return No.TOO_LATE
        if quote.account == opened.rfq.account:
            return No.OWN_RFQ
        if quote.bid > quote.ask:
            return No.CROSSED
        offers = offered(opened.rfq, quote, self._rules[opened.rfq.symbol])
        if not (found.quantity and all(offer.given for offer in offers)):
            return No.TOO_SMALL
        if account.liquidating:
            return No.ACCOUNT_LIQUIDATING
        if before is None and self._quoted[account.number] >= QUOTES_MAX and not account.is_house:
            return No.QUOTE_LIMIT
        locked = dict(self._reserved(opened, before)) if before else {}
        return self._purse.refusal(account, offers, locked, Terms(quote.backing, now_us))

    def _accept(self, command: AcceptQuote, now_us: int) -> list[Event]:
        account = self._ledger.account(command.account)
        if command.rfq_id is None and command.client_id is None:
            opened = next((each for each in self.of(command.account) if _has(each, command.quote_id)), None)
        else:
            opened = self._named(command.account, command.rfq_id, command.client_id)
            if opened is None or opened.is_over(now_us):
                return [Declined(No.RFQ_NOT_FOUND)]
        if opened is None or opened.is_over(now_us) or not _has(opened, command.quote_id):
            return [Declined(No.QUOTE_NOT_FOUND)]
        best = opened.best()
        if best is None or best.quote_id != command.quote_id:
            return [Declined(No.NOT_THE_BEST)]
        rfq, rules = opened.rfq, self._rules[opened.rfq.symbol]
        found = deal(rfq, best, account.fees, rules)
        if account.liquidating:
            return [Declined(No.ACCOUNT_LIQUIDATING)]
        given, terms = swap(rfq, found, rules), Terms(rfq.backing, now_us)
        if refused := self._purse.refusal(account, [given], {given.gives: opened.held}, terms):
            return [Declined(refused)]
        events: list[Event] = []
        self._purse.fetch(rfq.account, [Need(given.gives, given.given - opened.held, *terms)], events)
        self._fill(opened, best, found, events)
        return events

    def _refresh(self, command: RefreshRfq, now_us: int) -> list[Event]:
        opened = self._named(command.account, command.rfq_id, None)
        if opened is None or opened.is_over(now_us):
            return [Declined(No.RFQ_NOT_FOUND)]
        if self._ledger.account(command.account).liquidating:
            return [Declined(No.ACCOUNT_LIQUIDATING)]
        events: list[Event] = []
        self._drop_all(opened, events)
        opened.window = window_from(now_us)
        # It is the last that expires now.
        self._open[command.rfq_id] = self._open.pop(command.rfq_id)
        events.append(RfqOpened(opened.rfq, opened.window, len(self._ledger.accounts), is_refresh=True))
        return events

    def _cancel(self, command: CancelRfq, now_us: int) -> list[Event]:
        opened = self._named(command.account, command.rfq_id, command.client_id)
        if opened is None or opened.is_over(now_us):
            return [Declined(No.RFQ_NOT_FOUND)]
        events: list[Event] = []
        self._end(opened, OrderStatus.CANCELLED, events)
        return events

    def elapse(self, now_us: int, events: list[Event]) -> None:
        """End what nobody accepted in time."""
        while (opened := next(iter(self._open.values()), None)) is not None and opened.is_over(now_us):
            self._end(opened, OrderStatus.EXPIRED, events)

    def next_due_us(self) -> int | None:
        """When the first of them expires."""
        opened = next(iter(self._open.values()), None)
        return None if opened is None else opened.window.expiry_ms * 1_000

    def _liquidate(self, account: Account, events: list[Event]) -> None:
        """End what an account asked and answered (guess): what that locks could pay for no debt, and would be its own later."""
        for opened in self.of(account.number):
            self._end(opened, OrderStatus.EXPIRED, events)
        for opened in self.open() if self._quoted[account.number] else ():
            if account.number in opened.quotes:
                best = opened.best()
                self._drop(opened, account.number, events)
                self._tell_best(opened, best, events)

    def _named(self, account: int, rfq_id: int | None, client_id: int | None) -> OpenRfq | None:
        if rfq_id is not None:
            opened = self._open.get(rfq_id)
            return opened if opened and opened.rfq.account == account else None
        named = [each for each in self.of(account) if client_id is not None and each.rfq.client_id == client_id]
        return named[-1] if named else None

    def _reserved(self, opened: OpenRfq, quote: Quote) -> list[tuple[str, int]]:
        """What the quote's maker has locked for it."""
        return [(offer.gives, offer.given) for offer in offered(opened.rfq, quote, self._rules[opened.rfq.symbol])]

    def _reserve(self, opened: OpenRfq, quote: Quote, before: Mapping[str, int], events: list[Event]) -> None:
        """Lock what a quote needs in the place of what was locked before: what is borrowed for that stays so, if it is needed."""
        maker, reserved = quote.account, self._reserved(opened, quote)
        needs = [Need(asset, amount, quote.backing, quote.created_us) for asset, amount in reserved]
        borrowed = Counter(opened.borrowed.pop(maker, {}))
        borrowed.update(self._purse.fetch(maker, needs, events))
        self._purse.lock(maker, reserved, events)
        released = {asset: before.get(asset, 0) - amount for asset, amount in reserved}
        if left := self._purse.give_back(maker, borrowed, released, events):
            opened.borrowed[maker] = left

    def _tell_best(self, opened: OpenRfq, before: Quote | None, events: list[Event]) -> None:
        best = opened.best()
        if best is not None and (before is None or best.quote_id != before.quote_id):
            rfq, rules = opened.rfq, self._rules[opened.rfq.symbol]
            found = deal(rfq, best, self._ledger.account(rfq.account).fees, rules)
            events.append(CandidateFound(rfq, best, found.price_e6))

    def _fill(self, opened: OpenRfq, quote: Quote, found: Deal, events: list[Event]) -> None:
        """Trade at a quote: what both have locked is freed first, and what they give is taken from what is available."""
        rfq, rules = opened.rfq, self._rules[opened.rfq.symbol]
        self._forget(opened)
        del opened.quotes[quote.account]
        self._quoted[quote.account] -= 1
        freed: list[Event] = []
        self._purse.lock(rfq.account, [(_given(rfq, rules), -opened.held)], freed)
        self._purse.lock(quote.account, [(asset, -amount) for asset, amount in self._reserved(opened, quote)], freed)
        moved: list[Event] = []
        maker_fee, fee_asset = self._purse.settle(rfq, quote, found, rules=rules, events=moved)
        filled = RfqFilled(
            rfq=rfq,
            window=opened.window,
            quote=quote,
            price=found.price,
            price_e6=found.price_e6,
            quantity=found.quantity,
            worth=found.worth,
            fee=found.fee,
            maker_fee=maker_fee,
            maker_fee_asset=fee_asset,
        )
        self._settle_debts(opened, quote, filled, moved)
        # What was freed is told with what moved: nobody sees money come back that is gone in the same moment.
        events += (filled, *moved)
        self._drop_all(opened, events)

    def _settle_debts(self, opened: OpenRfq, quote: Quote, filled: RfqFilled, events: list[Event]) -> None:
        """Repay what both borrowed and did not give, and with what they got, where they said so."""
        rfq, rules = opened.rfq, self._rules[opened.rfq.symbol]
        base, quoted = (rules.base, filled.quantity * rules.base_unit), (rules.quote, filled.worth)
        taken, paid = (base, quoted) if rfq.side is BID else (quoted, base)
        is_bid = rfq.side is BID
        given, got = paid[1] + filled.fee * is_bid, taken[1] - filled.fee * (not is_bid)
        self._purse.give_back(rfq.account, opened.borrowed.pop(rfq.account, {}), {paid[0]: opened.held - given}, events)
        released = Counter(dict(self._reserved(opened, quote)))
        released.subtract({taken[0]: taken[1]})
        self._purse.give_back(quote.account, opened.borrowed.pop(quote.account, {}), released, events)
        self._purse.repay(rfq.account, (taken[0], got), rfq.backing, events)
        self._purse.repay(quote.account, (paid[0], paid[1] - filled.maker_fee), quote.backing, events)

    def _end(self, opened: OpenRfq, status: OrderStatus, events: list[Event]) -> None:
        rfq = opened.rfq
        self._forget(opened)
        events.append(RfqEnded(rfq, opened.window, status))
        given = _given(rfq, self._rules[rfq.symbol])
        self._purse.lock(rfq.account, [(given, -opened.held)], events)
        self._purse.give_back(rfq.account, opened.borrowed.pop(rfq.account, {}), {given: opened.held}, events)
        self._drop_all(opened, events)

    def _forget(self, opened: OpenRfq) -> None:
        del self._open[opened.rfq.rfq_id]
        self._asked[opened.rfq.account] -= 1

    def _drop_all(self, opened: OpenRfq, events: list[Event]) -> None:
        for maker in list(opened.quotes):
            self._drop(opened, maker, events)

    def _drop(self, opened: OpenRfq, maker: int, events: list[Event]) -> None:
        released = self._take_back(opened, maker, events)
        self._purse.give_back(maker, opened.borrowed.pop(maker, {}), released, events)

    def _take_back(self, opened: OpenRfq, maker: int, events: list[Event]) -> dict[str, int]:
        """End a quote; the answer is what its maker has locked for it no more."""
        quote = opened.quotes.pop(maker)
        self._quoted[maker] -= 1
        events.append(QuoteEnded(quote))
        reserved = self._reserved(opened, quote)
        self._purse.lock(maker, [(asset, -amount) for asset, amount in reserved], events)
        return dict(reserved)

    def dump(self) -> bytes:
        """All that are open."""
        return msgspec.json.encode(list(self._open.values()))

    def load(self, state: bytes) -> None:
        """Take up what another one had open."""
        for opened in msgspec.json.decode(state, type=list[OpenRfq]):
            self._open[opened.rfq.rfq_id] = opened
            self._asked[opened.rfq.account] += 1
            self._quoted.update(opened.quotes.keys())

    def holds(self) -> Mapping[str, int]:
        """Nothing: what is locked stays in its balance."""
        return {}


def _has(opened: OpenRfq, quote_id: int) -> bool:
    return any(quote.quote_id == quote_id for quote in opened.quotes.values())


def _given(rfq: Rfq, rules: MarketRules) -> str:
    """The asset that the requester gives."""
    return rules.quote if rfq.side is BID else rules.base

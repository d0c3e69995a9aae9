"""Plays the scenarios of requests for quotes, in the market SOL_USDC_RFQ (tick 0.01, step 0.1). Ids are counted from 1.

`rfq bid 2` asks, `rfq bid 2 @ 100.5` names a price at which a quote is taken at once, `quote 1: 99 101` answers the first id with
a bid and an ask, `accept 2` takes the quote with that id. `told` is all that happened, money apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec

from exchange.scenarios.table import SCALE, Stage, number_text, order_of, units
from haversack.exchange.engine.command import Command, Elapse
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import Declined, Event
from haversack.exchange.engine.rfq.command import AcceptQuote, CancelRfq, RefreshRfq, SubmitQuote, SubmitRfq
from haversack.exchange.engine.rfq.event import CandidateFound, QuoteEnded, QuotePlaced, RfqEnded, RfqFilled, RfqOpened
from haversack.exchange.engine.rfq.rfqs import Rfqs
from haversack.exchange.engine.rules import AssetRules, MarketRules

RFQ = "SOL_USDC_RFQ"


class RfqStage(Stage):
    """An engine with one market that has no book."""

    def _new_engine(self, rules: MarketRules) -> Engine:
        listed = [msgspec.structs.replace(rules, symbol=RFQ)]
        assets = [AssetRules("SOL", SCALE), AssetRules("USDC", SCALE)]
        return Engine(assets, [rules], facilities=[partial(Rfqs, markets=listed)])

    def _command(self, who: str, words: list[str]) -> Command:
        if words[0] == "wait":
            return Elapse()
        account = next(number for number, name in self.names.items() if name == who)
        kind, rest = words[0], words[1:]
        if kind == "rfq":
            return SubmitRfq(account=account, symbol=RFQ, **order_of(rest))
        if kind == "quote":
            prices = {"bid": units(rest[1], 2), "ask": units(rest[2], 2)}
            return SubmitQuote(account=account, rfq_id=int(rest[0].rstrip(":")), bid=prices["bid"], ask=prices["ask"])
        if kind == "accept":
            return AcceptQuote(account=account, quote_id=int(rest[0]), **_named(rest[1:]))
        if kind == "refresh":
            return RefreshRfq(account, int(rest[0]))
        if kind == "cancel":
            return CancelRfq(account=account, **_named(rest))
        return super()._command(who, words)

    def _answer(self, events: list[Event]) -> str:
        if not events:
            return "nothing"
        if isinstance(events[0], Declined):
            return f"refused {events[0].refusal.name}"
        told = [line for event in events if (line := self._told(event))]
        return ", ".join(" ".join(line) for line in told) or super()._answer(events)

    def seen(self, head: str) -> Iterator[list[str]]:
        if head == "told":
            yield from (line for event in self.events if (line := self._told(event)))
        else:
            yield from super().seen(head)

    def _told(self, event: Event) -> list[str] | None:
        if isinstance(event, RfqOpened):
            return ["rfq", str(event.rfq.rfq_id), "again" if event.is_refresh else "New"]
        if isinstance(event, RfqEnded):
            return ["rfq", str(event.rfq.rfq_id), event.status]
        if isinstance(event, QuotePlaced | QuoteEnded):
            return ["quote", str(event.quote.quote_id), "New" if isinstance(event, QuotePlaced) else "Cancelled"]
        if isinstance(event, CandidateFound):
            return ["best", str(event.quote.quote_id), f"at {number_text(event.price_e6, 8)}"]
        if isinstance(event, RfqFilled):
            trade = f"{number_text(event.quantity, 1)} @ {number_text(event.price, 2)}"
            fees = f"fees {number_text(event.fee, SCALE)} USDC and {number_text(event.maker_fee, SCALE)} {event.maker_fee_asset}"
            return ["quote", str(event.quote.quote_id), f"Filled {trade} {fees}"]
        return None


def _named(words: list[str]) -> dict[str, Any]:
    """`5` is an id of the exchange's, `id 5` one of the client's."""
    if not words:
        return {}
    return {"client_id": int(words[1])} if words[0] == "id" else {"rfq_id": int(words[0])}

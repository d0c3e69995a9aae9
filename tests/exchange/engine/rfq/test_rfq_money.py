"""Whose perpetuals need margin, who is being liquidated, and what one command tells of money."""

from __future__ import annotations

import msgspec
import pytest

from exchange.api.margin import leverage, marked, trade
from exchange.engine.rfq.bazaar import RFQ, RFQ_RULES, new_engine, openings
from exchange.rfq_talk import Talker, asked, quoted
from exchange.stranger import open_desk, said
from haversack.exchange.engine.command import Command
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import BalanceChanged, Declined, Event
from haversack.exchange.engine.rfq.command import AcceptQuote, CancelRfq, RefreshRfq, SubmitQuote, SubmitRfq
from haversack.exchange.engine.rfq.refusal import RfqRefusal
from haversack.wire.enums import Side

NOW_US = 1_790_000_000_000_000
NO_MARGIN = (400, "INSUFFICIENT_MARGIN", "Insufficient margin to open a new order")


def opened(**rules: int) -> Engine:
    engine = new_engine(msgspec.structs.replace(RFQ_RULES, **rules))
    for opening in openings():
        engine.apply(opening, NOW_US)
    return engine


def ask(account: int = 1, *, price: int | None = None, quantity: int = 10, side: Side = Side.BID) -> SubmitRfq:
    return SubmitRfq(account=account, symbol=RFQ, side=side, quantity=quantity, price=price)


def moved(events: list[Event]) -> list[tuple[int, str, int, int]]:
    return [(each.account, each.asset, each.available, each.locked) for each in events if isinstance(each, BalanceChanged)]


async def test_request_and_quotes_leave_margin_for_the_positions() -> None:
    async with open_desk(grants={"USDC": "1000", "SOL": "10"}) as desk:
        # What a SOL counts for is said by the spot market.
        maker, pressed, other = Talker(desk, 3), Talker(desk, 1), Talker(desk, 2)
        await maker.place(price="100", quantity="0.1")
        await maker.place(side="Ask", price="100.2", quantity="0.1")
        marked(desk, "100")
        await leverage(desk, "10", 1, 2)
        await trade(desk, "100", "187")
        # About 40 are left; eight SOL for 800 count for a tenth less.
        at_once = await pressed.ask(quantity="8", executionMode="Immediate", price="100")
        small = await pressed.ask(quantity="1", executionMode="Immediate", price="100")
        rfq_id = await asked(pressed, quantity="8")
        accepted = await pressed.accept(await quoted(maker, rfq_id, "99", "100"))
        answer = await pressed.quote(await asked(other, quantity="8"), "100", "101")
    assert said(at_once) == said(accepted) == said(answer) == NO_MARGIN
    assert small.status == 200


async def test_price_that_is_too_large_to_reckon_with_makes_nothing_fail() -> None:
    largest = str(2**96 - 1)
    async with open_desk(grants={"USDC": "1000", "SOL": "10"}) as desk:
        somebody, other = Talker(desk, 1), Talker(desk, 2)
        await other.place(price="100", quantity="0.1")
        marked(desk, "100")
        await trade(desk, "100", "1")
        named = await somebody.ask(side="Ask", quantity="1", executionMode="Immediate", price=largest)
        replies = [
            await somebody.quote(await asked(other, quantity="1"), "1", largest),
            await somebody.quote(await asked(other, quantity=largest), "1", "1"),
            await other.quote(await asked(somebody, quantity=None, quoteQuantity=largest), "1", "1"),
        ]
    assert [reply.status for reply in (named, *replies)] == [200, 200, 400, 400]


def liquidating(engine: Engine, account: int) -> Engine:
    """The same engine, but for an account whose positions are being closed."""
    state = engine.dump()
    accounts = list(state.accounts)
    accounts[account - 1] = msgspec.structs.replace(accounts[account - 1], liquidating=True)
    changed = new_engine()
    changed.load(msgspec.structs.replace(state, accounts=accounts))
    return changed


@pytest.mark.parametrize(
    ("command", "is_refused"),
    [
        (ask(1), True),
        (SubmitQuote(account=1, rfq_id=3, bid=9_900, ask=10_000), True),
        (AcceptQuote(account=1, quote_id=2), True),
        (RefreshRfq(1, 1), True),
        # Taking risk away is allowed, and so is answering.
        (CancelRfq(account=1, rfq_id=1), False),
        (SubmitQuote(account=2, rfq_id=1, bid=9_900, ask=10_000), False),
    ],
    ids=["ask", "quote", "accept", "refresh", "cancel", "be answered"],
)
def test_account_that_is_liquidated_may_do_nothing_but_cancel(command: Command, is_refused: bool) -> None:
    engine = opened()
    engine.apply(ask(1), NOW_US)
    engine.apply(SubmitQuote(account=2, rfq_id=1, bid=9_900, ask=10_000), NOW_US)
    engine.apply(ask(2), NOW_US)
    events = liquidating(engine, 1).apply(command, NOW_US)
    assert (events == [Declined(RfqRefusal.ACCOUNT_LIQUIDATING)]) is is_refused


def test_every_change_of_a_balance_is_told_once() -> None:
    engine = opened()
    assert moved(engine.apply(ask(1, price=10_000), NOW_US)) == [(1, "USDC", 2_900_000_000, 100_000_000)]
    quote = SubmitQuote(account=2, rfq_id=1, bid=9_900, ask=10_100)
    assert moved(engine.apply(quote, NOW_US)) == [(2, "SOL", 29_000_000, 1_000_000), (2, "USDC", 2_901_000_000, 99_000_000)]
    # The worse quote's money comes back, and what the better one and the request had locked is gone at once.
    better = SubmitQuote(account=3, rfq_id=1, bid=9_900, ask=9_990)
    assert moved(engine.apply(better, NOW_US))[2:] == [
        (3, "SOL", 29_000_000, 0),
        (3, "USDC", 3_099_820_080, 0),
        (1, "SOL", 31_000_000, 0),
        (1, "USDC", 2_900_000_100, 0),
        (2, "SOL", 30_000_000, 0),
        (2, "USDC", 3_000_000_000, 0),
    ]


@pytest.mark.parametrize(
    ("amount", "paid"),
    [(10_000_000, 10_000_000), (9_999_990, 9_999_990)],
    ids=["rounded up", "as far as was agreed to"],
)
def test_fee_is_rounded_up_but_never_beyond_what_was_agreed_to(amount: int, paid: int) -> None:
    engine = opened(quote_fee_unit=10_000)
    engine.apply(SubmitRfq(account=1, symbol=RFQ, side=Side.BID, quote_quantity=amount), NOW_US)
    # One step at 99.90 is 9.99, and 10 bps of that are 0.00999.
    engine.apply(SubmitQuote(account=2, rfq_id=1, bid=9_000, ask=9_990), NOW_US)
    engine.apply(AcceptQuote(account=1, quote_id=2), NOW_US)
    assert engine.balances(1)["USDC"] == (3_000_000_000 - paid, 0)


def test_accepting_beyond_the_named_price_costs_the_whole_fee() -> None:
    engine = opened()
    engine.apply(ask(1, price=10_000), NOW_US)
    engine.apply(SubmitQuote(account=2, rfq_id=1, bid=9_900, ask=10_000), NOW_US)
    engine.apply(AcceptQuote(account=1, quote_id=2), NOW_US)
    # 100 USDC and 10 bps of them.
    assert engine.balances(1)["USDC"] == (3_000_000_000 - 100_100_000, 0)

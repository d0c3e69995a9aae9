"""What an account has locked for requests and quotes pays what it owes: a liquidation ends them first."""

from __future__ import annotations

from functools import partial

import pytest

from exchange.engine.lending.bank import COLLATERAL, MARKETS, NOW_US, ONE, POOLS, SCALE, SPOT
from exchange.engine.rfq.bazaar import RFQ, RFQ_RULES
from haversack.exchange.engine.command import CancelAll, ChangeSettings, Command, Elapse, OpenAccount, Place
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import DebtCovered, Event
from haversack.exchange.engine.facility import Opened
from haversack.exchange.engine.lending.command import BorrowOrLend
from haversack.exchange.engine.lending.lending import Lending
from haversack.exchange.engine.rfq.command import SubmitQuote, SubmitRfq
from haversack.exchange.engine.rfq.event import CandidateFound, QuoteEnded, RfqEnded
from haversack.exchange.engine.rfq.rfqs import Rfqs
from haversack.exchange.engine.rules import AccountSettings, AssetRules, FeeTier
from haversack.wire.borrow_lend import BorrowLendSide
from haversack.wire.enums import OrderStatus, Side

ALICE, BOB, HOUSE = 1, 2, 3
SECOND_US = 1_000_000


class Fall:
    """Alice has 1,500 USDC, of which she can lock as much as she likes, and owes 5 SOL. A SOL is quoted at 100."""

    def __init__(self) -> None:
        assets = [AssetRules("USDC", SCALE), AssetRules("SOL", SCALE)]
        facilities: list[Opened] = [partial(Rfqs, markets=[RFQ_RULES]), partial(Lending, rules=POOLS)]
        self.engine = Engine(assets, MARKETS, collateral=COLLATERAL, facilities=facilities)
        self.now_us = NOW_US
        self.do(OpenAccount("alice", FeeTier(0, 0, 0, 0), (("USDC", 1_000 * ONE),)))
        for name in ("bob", "house"):
            grants = (("USDC", 10**6 * ONE), ("SOL", 10**4 * ONE))
            self.do(OpenAccount(name, FeeTier(0, 0, 0, 0), grants, is_house=name == "house"))
        self.do(ChangeSettings(ALICE, AccountSettings(leverage_e8=10 * 10**8)))
        self.quoted(100)
        self.do(BorrowOrLend(ALICE, "SOL", BorrowLendSide.BORROW, 5 * ONE))
        self.do(Place(account=ALICE, symbol=SPOT, side=Side.ASK, price=None, quantity=50))

    def do(self, command: Command) -> list[Event]:
        """Now."""
        return self.engine.apply(command, self.now_us)

    def quoted(self, price: int) -> None:
        """The house asks for and bids nearly this."""
        self.do(CancelAll(HOUSE, SPOT))
        for side, away in ((Side.ASK, 1), (Side.BID, -1)):
            self.do(Place(account=HOUSE, symbol=SPOT, side=side, price=price * 100 + away, quantity=5_000))

    def falls(self) -> list[Event]:
        """What she owes becomes worth nearly all that she has."""
        self.quoted(290)
        self.now_us += SECOND_US
        return self.do(Elapse())


@pytest.fixture
def fall() -> Fall:
    return Fall()


def _paid(fall: Fall, events: list[Event]) -> None:
    fall.now_us += SECOND_US
    events = [*events, *fall.do(Elapse())]
    assert not any(isinstance(event, DebtCovered) for event in events)
    assert not fall.engine.facility(Lending).loans(ALICE)
    available, locked = fall.engine.balances(ALICE)["USDC"]
    assert (locked, available // ONE) == (0, 49)


def test_money_of_a_request_pays_the_debts_of_who_asked(fall: Fall) -> None:
    fall.do(SubmitRfq(account=ALICE, symbol=RFQ, side=Side.BID, quote_quantity=1_490 * ONE, price=5_000))
    assert fall.engine.balances(ALICE)["USDC"][1] == 1_490 * ONE
    events = fall.falls()
    assert [event.status for event in events if isinstance(event, RfqEnded)] == [OrderStatus.EXPIRED]
    _paid(fall, events)


def test_money_of_a_quote_pays_the_debts_of_who_quoted_and_the_next_best_is_told(fall: Fall) -> None:
    fall.do(SubmitRfq(account=BOB, symbol=RFQ, side=Side.ASK, quantity=10))
    (opened,) = fall.engine.facility(Rfqs).open()
    fall.do(SubmitQuote(account=HOUSE, rfq_id=opened.rfq.rfq_id, bid=9_800, ask=9_950))
    # She quotes for both sides, so she needs what she would sell.
    fall.do(BorrowOrLend(ALICE, "SOL", BorrowLendSide.BORROW, ONE))
    fall.do(SubmitQuote(account=ALICE, rfq_id=opened.rfq.rfq_id, bid=9_900, ask=9_950))
    assert fall.engine.balances(ALICE)["SOL"] == (0, ONE)
    events = fall.falls()
    assert [event.quote.account for event in events if isinstance(event, QuoteEnded)] == [ALICE]
    assert [event.quote.account for event in events if isinstance(event, CandidateFound)] == [HOUSE]
    _paid(fall, events)

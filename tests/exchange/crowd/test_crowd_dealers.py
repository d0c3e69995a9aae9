"""The crowd answers requests for quotes, around its spot markets."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from exchange.crowd.stage import LISTING, SECOND_US, Stage
from haversack.exchange.crowd import Crowd
from haversack.exchange.engine.command import Command
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.rfq.command import AcceptQuote, RefreshRfq, SubmitQuote, SubmitRfq
from haversack.exchange.engine.rfq.event import RfqFilled, RfqOpened
from haversack.exchange.engine.rfq.open import OpenRfq
from haversack.exchange.engine.rfq.rfqs import Rfqs
from haversack.exchange.listing import Listing
from haversack.wire.enums import Side

SYMBOL = "SOL_USDC_RFQ"
DEALERS = ("crowd-dealer-1", "crowd-dealer-2")


class RfqStage(Stage):
    """A stage on which requests can be made."""

    def enter(self, seed: int, *, pace: float = 1.0) -> None:
        markets = [market.rules for market in LISTING.rfq_markets.values()]
        self.engine = Engine(LISTING.asset_rules(), LISTING.rules.values(), facilities=[partial(Rfqs, markets=markets)])
        self.view = self.engine
        super().enter(seed, pace=pace)

    def ask(self, account: int, quantity: int | None = 1_000, *, quote_quantity: int | None = None) -> int:
        """The id of a request for 10 SOL, or for another quantity."""
        command = SubmitRfq(account=account, symbol=SYMBOL, side=Side.BID, quantity=quantity, quote_quantity=quote_quantity)
        (opened, *_) = self.apply(command)
        assert isinstance(opened, RfqOpened)
        return opened.rfq.rfq_id

    def opened(self, rfq_id: int) -> OpenRfq:
        found = self.engine.facility(Rfqs).find(rfq_id)
        assert found is not None
        return found


@pytest.fixture
def stage() -> RfqStage:
    stage = RfqStage(seed=7)
    stage.run(5)
    return stage


def half_bps(stage: RfqStage, rfq_id: int, dealer: str) -> float:
    quote = stage.opened(rfq_id).quotes[stage.accounts[dealer]]
    return (quote.ask - quote.bid) / (quote.ask + quote.bid) * 1e4


def test_both_dealers_quote_within_seconds_around_the_spot_market(stage: RfqStage) -> None:
    rfq_id = stage.ask(stage.user())
    asked_us = stage.now_us
    stage.run(3)
    opened = stage.opened(rfq_id)
    bid, ask = stage.view.top("SOL_USDC")
    assert bid
    assert ask
    assert opened.quotes.keys() == {stage.accounts[dealer] for dealer in DEALERS}
    for quote in opened.quotes.values():
        # Not at once: a dealer thinks.
        assert quote.created_us - asked_us > 0.3 * SECOND_US
        assert quote.bid < bid[0] < ask[0] < quote.ask
        assert 2 < (quote.ask - quote.bid) / bid[0] * 1e4 < 40


def test_lone_user_trades_with_the_best_of_them(stage: RfqStage) -> None:
    user = stage.user()
    rfq_id = stage.ask(user)
    stage.run(3)
    best = stage.opened(rfq_id).best()
    assert best is not None
    (filled, *_) = stage.apply(AcceptQuote(account=user, quote_id=best.quote_id))
    assert isinstance(filled, RfqFilled)
    assert (filled.maker_fee, filled.quantity) == (0, 1_000)


def test_large_request_costs_more(stage: RfqStage) -> None:
    user, rich = stage.user(), next(iter(stage.accounts.values()))
    small, large = stage.ask(user), stage.ask(rich, 3_000_000)
    by_quote = stage.ask(user, None, quote_quantity=10_000_000 * 10**10)
    stage.run(3)
    for dealer in DEALERS:
        assert half_bps(stage, large, dealer) > 2 * half_bps(stage, small, dealer)
        assert half_bps(stage, by_quote, dealer) > 4 * half_bps(stage, small, dealer)


def test_dealer_follows_the_market_and_stops_when_time_is_up(stage: RfqStage) -> None:
    rfq_id = stage.ask(stage.user())
    stage.run(3)
    before = {quote.quote_id for quote in stage.opened(rfq_id).quotes.values()}
    assert stage.crowd.believe("SOL_USDC", LISTING.opening_prices["SOL_USDC"] * 2, stage.now_us, stage.view)
    stage.run(20)
    opened = stage.opened(rfq_id)
    after = {quote.quote_id for quote in opened.quotes.values()}
    assert not before & after
    bid, _ = stage.view.top("SOL_USDC")
    assert bid
    assert all(abs(quote.bid / bid[0] - 1) < 0.01 for quote in opened.quotes.values())
    stage.run(60)
    quoted_us = [at_us for at_us, command in stage.sent if isinstance(command, SubmitQuote)]
    assert max(quoted_us) < opened.window.submission_ms * 1_000


def test_refreshed_request_is_answered_again(stage: RfqStage) -> None:
    user = stage.user()
    rfq_id = stage.ask(user)
    stage.run(3)
    stage.apply(RefreshRfq(user, rfq_id))
    assert stage.opened(rfq_id).quotes == {}
    stage.run(3)
    assert len(stage.opened(rfq_id).quotes) == 2


def test_request_that_is_too_large_is_not_answered_and_does_no_harm(stage: RfqStage) -> None:
    rfq_id = stage.ask(stage.user(), 10**15)
    ids = stage.engine.dump().ledger.next_id
    stage.run(3)
    assert stage.opened(rfq_id).quotes == {}
    assert stage.engine.dump().ledger.next_id > ids


def test_dealers_do_the_same_for_the_same_seed() -> None:
    def sent() -> list[tuple[int, Command]]:
        stage = RfqStage(seed=3)
        stage.run(2)
        stage.ask(stage.user())
        stage.run(5)
        return [(at_us, command) for at_us, command in stage.sent if isinstance(command, SubmitQuote)]

    assert sent() == sent() != []


def test_listing_without_such_markets_has_no_dealers(tmp_path: Path) -> None:
    source = (Path(__file__).parents[3] / "src/haversack/exchange/data/listing.toml").read_text(encoding="utf-8")
    parts = [part for part in source.split("[[markets]]") if 'marketType = "RFQ"' not in part]
    path = tmp_path / "listing.toml"
    path.write_text("[[markets]]".join(parts), encoding="utf-8")
    listing = Listing.load(path)
    assert listing.rfq_markets == {}
    assert not set(DEALERS) & {opening.key for opening in Crowd(listing, seed=1).setup()}
    assert Engine(listing.asset_rules(), listing.rules.values()).open_rfqs() == ()

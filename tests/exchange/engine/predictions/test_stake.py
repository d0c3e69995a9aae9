"""What predictions and perpetuals of one account take of its margin, apart and together."""

from __future__ import annotations

from decimal import Decimal

from exchange.engine.predictions.fair import ANN, BEN, CID, CUP, HOUSE, ONE, SECOND_US, SOL, Play
from haversack.exchange.engine.command import ChangeSettings, Grant, Place, SetPrices
from haversack.exchange.engine.event import LiquidatingChanged, Refusal, Rejected
from haversack.exchange.engine.predictions.command import ProposeResolution
from haversack.exchange.engine.rules import AccountSettings
from haversack.wire.enums import Side

BID, ASK = Side.BID, Side.ASK


def opened() -> Play:
    """SOL is worth 100, and the house bids and asks for it there; it would trade CUP at 0.5."""
    play = Play()
    price(play, 100)
    for symbol, bid, ask, quantity in ((SOL, 9_990, 10_010, 10_000), (CUP, 50, 51, 10_000)):
        place(play, HOUSE, symbol, BID, bid, quantity)
        place(play, HOUSE, symbol, ASK, ask, quantity)
    return play


def price(play: Play, index: int) -> None:
    play.now_us += SECOND_US
    play.do(SetPrices(((SOL, index * 10**8),)))


def place(play: Play, account: int, symbol: str, side: Side, limit: int, quantity: int) -> Refusal | None:
    """In tenths; why it was refused."""
    first = play.do(Place(account=account, symbol=symbol, side=side, price=limit, quantity=quantity))[0]
    return first.refusal if isinstance(first, Rejected) else None


def free(play: Play, account: int) -> Decimal:
    return play.engine.margin(account).net_equity_available


def test_leverage_limit_counts_for_perpetuals_alone() -> None:
    play = opened()
    play.do(ChangeSettings(CID, AccountSettings(leverage_e8=10 * 10**8)))
    # At ten times leverage 10 SOL take 100, and 100 predictions at 0.4 take 40 and their fee.
    place(play, CID, SOL, BID, 9_900, 100)
    assert free(play, CID) == 200 - Decimal(100)
    place(play, CID, CUP, BID, 40, 1_000)
    assert free(play, CID) == 200 - Decimal(100) - 40 - Decimal("0.018")
    figures = play.engine.margin(CID)
    assert figures.net_equity_locked == figures.net_equity - figures.net_equity_available
    assert figures.net_exposure_futures == 1_000 + Decimal("40.018")


def test_seller_can_lose_what_is_missing_to_one() -> None:
    play = opened()
    assert place(play, ANN, CUP, ASK, 60, 5_000) is Refusal.INSUFFICIENT_MARGIN
    assert place(play, ANN, CUP, ASK, 60, 4_900) is None
    assert free(play, ANN) == 200 - 490 * Decimal("0.4") - 490 * Decimal("0.6") * Decimal("0.00045")


def test_order_in_a_prediction_market_ends_what_was_known_of_the_margin_left() -> None:
    play = opened()
    assert place(play, CID, SOL, BID, 9_900, 10) is None
    assert place(play, CID, CUP, BID, 40, 4_700) is None
    assert place(play, CID, SOL, BID, 9_900, 20) is Refusal.INSUFFICIENT_MARGIN


def test_perpetuals_are_liquidated_with_their_own_money() -> None:
    play = opened()
    place(play, CID, CUP, BID, 51, 2_000)
    place(play, CID, SOL, BID, 10_010, 150)
    # What CUP is worth now is no money for SOL: it has 200 less 102.
    told: list[LiquidatingChanged] = []
    for index in range(99, 80, -1):
        for _ in range(20):
            price(play, index)
            told += [event for event in play.told[-1] if isinstance(event, LiquidatingChanged)]
    assert told[0] == LiquidatingChanged(CID, is_liquidating=True)
    assert play.engine.position(CID, SOL) == 0
    assert play.engine.position(CID, CUP) == 2_000
    assert play.engine.margin(CID).net_equity > 90


def test_worth_of_a_prediction_saves_no_perpetual() -> None:
    play = opened()
    place(play, CID, CUP, BID, 51, 2_000)
    place(play, CID, SOL, BID, 10_010, 150)
    # Somebody pays 0.98 for CUP, so that equity looks twice as large.
    play.do(Grant(ANN, (("USDC", 50_000 * ONE),)))
    place(play, ANN, CUP, BID, 98, 30_000)
    place(play, HOUSE, CUP, ASK, 99, 10)
    assert play.engine.margin(CID).net_equity > 280
    for index in range(99, 80, -1):
        for _ in range(20):
            price(play, index)
    assert play.engine.position(CID, SOL) == 0
    assert play.engine.position(CID, CUP) == 2_000


def test_flat_account_maintains_what_perpetuals_ask_for() -> None:
    assert opened().engine.margin(BEN).mmf == Decimal("0.025")


def test_position_is_told_at_the_price_at_which_it_was_settled() -> None:
    play = opened()
    place(play, ANN, CUP, BID, 51, 100)
    play.do(ProposeResolution(CUP, is_yes=False, delay_s=0))
    assert play.engine.mark_price(CUP) == 0
    assert play.engine.unsettled(ANN) == -int(Decimal("5.1") * ONE) - int(Decimal("0.002295") * ONE)

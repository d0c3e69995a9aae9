"""What happens to orders: priority, time in force, refusals, self-trades, cancels."""

from __future__ import annotations

import pytest

from exchange.engine.desk import (
    ALICE,
    ASK,
    BID,
    BOB,
    CAROL,
    DORA,
    MAKER,
    NOW_US,
    RULES,
    Desk,
    cancel,
    cancel_all,
    ends,
    fills,
    kinds,
    limit,
    market,
    market_by_quote,
    refusal,
)
from haversack.exchange.engine.command import Cancel, OpenAccount, Place
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import (
    AccountOpened,
    Event,
    LevelChanged,
    OrderAccepted,
    OrderFilled,
    Refusal,
    TopChanged,
    TradePrinted,
)
from haversack.exchange.engine.rules import AssetRules, FeeTier
from haversack.wire.enums import SelfTradePrevention, Side, TimeInForce

IOC, FOK = TimeInForce.IOC, TimeInForce.FOK
REJECT_TAKER, REJECT_MAKER, REJECT_BOTH = SelfTradePrevention


def accepted(events: list[Event]) -> int:
    """The id of an order that was accepted."""
    assert isinstance(events[0], OrderAccepted)
    return events[0].order.order_id


def test_better_price_trades_first_and_older_order_first_at_one_price() -> None:
    desk = Desk()
    desk.rest(limit(ASK, "20.02", "1", ALICE), limit(ASK, "20.01", "1", BOB), limit(ASK, "20.01", "1", CAROL))
    makers = [line for line in fills(desk.do(limit(BID, "20.05", "2.5", MAKER))) if not line.startswith("maker")]
    assert makers == [
        "bob ask 1 @ 20.01 Filled, fee 0.016008 USDC",
        "carol ask 1 @ 20.01 Filled, fee 0.016008 USDC",
        "alice ask 0.5 @ 20.02 PartiallyFilled, fee 0.008008 USDC",
    ]


def test_partly_filled_order_keeps_its_place_in_the_queue() -> None:
    desk = Desk()
    desk.rest(limit(BID, "20", "2", ALICE), limit(BID, "20", "1", BOB), limit(ASK, "20", "1", CAROL))
    assert fills(desk.do(limit(ASK, "20", "1", CAROL)))[1] == "alice bid 1 @ 20 Filled, fee 0.0008 SOL"


def test_trade_happens_at_the_price_of_the_maker() -> None:
    desk = Desk()
    desk.rest(limit(ASK, "20.01", "1", BOB))
    assert fills(desk.do(limit(BID, "20.50", "1")))[0] == "alice bid 1 @ 20.01 Filled, fee 0.001 SOL"


def test_remainder_of_a_limit_order_rests() -> None:
    desk = Desk()
    desk.rest(limit(ASK, "20.01", "1", BOB), limit(BID, "20.02", "1.5"))
    assert desk.book() == "20.02x0.5 |"


@pytest.mark.parametrize(
    ("order", "lines", "book"),
    [
        (limit(BID, "20.01", "1.5", time_in_force=IOC), ["alice Expired ImmediateOrCancel after 1"], "| 20.02x1"),
        (limit(BID, "20.00", "1.5", time_in_force=IOC), ["alice Expired ImmediateOrCancel after 0"], "| 20.01x1 20.02x1"),
        (limit(BID, "20.01", "1", time_in_force=IOC), [], "| 20.02x1"),
        (market(BID, "2.5"), ["alice Expired InsufficientLiquidity after 2"], "|"),
        (market(BID, "1.5"), [], "| 20.02x0.5"),
        (market(ASK, "1"), ["alice Expired InsufficientLiquidity after 0"], "| 20.01x1 20.02x1"),
        (market_by_quote(BID, "30"), [], "| 20.02x0.6"),
        (market_by_quote(BID, "100"), ["alice Expired InsufficientLiquidity after 2"], "|"),
        (market_by_quote(BID, "2"), ["alice Expired InsufficientLiquidity after 0"], "| 20.01x1 20.02x1"),
    ],
)
def test_order_that_may_not_rest_takes_what_there_is_and_expires(order: Place, lines: list[str], book: str) -> None:
    desk = Desk()
    desk.rest(limit(ASK, "20.01", "1", BOB), limit(ASK, "20.02", "1", CAROL))
    assert ends(desk.do(order)) == lines
    assert desk.book() == book


def test_market_order_by_quote_quantity_buys_whole_steps_and_counts_as_filled() -> None:
    desk = Desk()
    desk.rest(limit(ASK, "20.00", "1", BOB))
    assert fills(desk.do(market_by_quote(BID, "15.99")))[0] == "alice bid 0.7 @ 20 Filled, fee 0.0007 SOL"


def test_market_order_by_quote_quantity_sells_until_it_has_received_that_much() -> None:
    desk = Desk()
    desk.rest(limit(BID, "20.00", "1", BOB), limit(BID, "10.00", "9", BOB))
    lines = fills(desk.do(market_by_quote(ASK, "25", MAKER)))
    assert [line for line in lines if line.startswith("maker")] == [
        "maker ask 1 @ 20 PartiallyFilled, fee 0 USDC",
        "maker ask 0.5 @ 10 Filled, fee 0 USDC",
    ]


@pytest.mark.parametrize(("quantity", "refused"), [("2", None), ("2.1", Refusal.FILL_OR_KILL)])
def test_fill_or_kill_order_fills_completely_or_is_refused(quantity: str, refused: Refusal | None) -> None:
    desk = Desk()
    desk.rest(limit(ASK, "20.01", "1", BOB), limit(ASK, "20.02", "1", CAROL), limit(ASK, "20.03", "1", CAROL))
    assert refusal(desk.do(limit(BID, "20.02", quantity, time_in_force=FOK))) is refused


@pytest.mark.parametrize(
    ("mode", "refused"),
    [(REJECT_TAKER, Refusal.FILL_OR_KILL), (REJECT_MAKER, None), (REJECT_BOTH, Refusal.FILL_OR_KILL)],
)
def test_own_order_in_the_way_is_no_liquidity_for_fill_or_kill(mode: SelfTradePrevention, refused: Refusal | None) -> None:
    desk = Desk()
    desk.rest(limit(ASK, "20.01", "1", ALICE), limit(ASK, "20.02", "1", BOB))
    order = limit(BID, "20.02", "1", time_in_force=FOK, self_trade_prevention=mode)
    assert refusal(desk.do(order)) is refused


@pytest.mark.parametrize(("time_in_force", "refused"), [(FOK, Refusal.FILL_OR_KILL), (TimeInForce.GTC, None)])
def test_sale_by_quote_quantity_ends_where_a_step_is_worth_more_also_at_an_own_order(
    time_in_force: TimeInForce, refused: Refusal | None
) -> None:
    desk = Desk()
    desk.rest(limit(BID, "20", "1", ALICE), limit(BID, "19", "1", BOB))
    order = market_by_quote(ASK, "1.95", ALICE, time_in_force=time_in_force, self_trade_prevention=REJECT_MAKER)
    events = desk.do(order)
    assert refusal(events) is refused
    assert desk.book() == "19x1 20x1 |"
    assert "BalanceChanged" not in kinds(events)


def test_post_only_order_that_would_cross_is_rejected() -> None:
    desk = Desk()
    desk.rest(limit(ASK, "20.01", "1", BOB))
    assert refusal(desk.do(limit(BID, "20.01", "1.5", post_only=True))) is Refusal.POST_ONLY_TAKES


def test_post_only_order_that_would_meet_an_own_order_is_rejected() -> None:
    desk = Desk()
    desk.rest(limit(ASK, "20.01", "1", ALICE))
    assert refusal(desk.do(limit(BID, "20.01", "1.5", ALICE, post_only=True))) is Refusal.POST_ONLY_TAKES


def test_post_only_order_below_the_best_ask_rests() -> None:
    desk = Desk()
    desk.rest(limit(ASK, "20.01", "1", BOB), limit(BID, "20.00", "1.5", post_only=True))
    assert desk.book() == "20x1.5 | 20.01x1"


@pytest.mark.parametrize(
    ("mode", "lines", "book"),
    [
        (REJECT_TAKER, ["alice Expired SelfTradePrevention after 1"], "| 20.02x1 20.03x1"),
        (REJECT_MAKER, ["alice Expired SelfTradePrevention after 0"], "20.03x1 |"),
        (REJECT_BOTH, ["alice Expired SelfTradePrevention after 0", "alice Expired SelfTradePrevention after 1"], "| 20.03x1"),
    ],
)
def test_order_that_meets_an_own_order_keeps_its_earlier_fills(mode: SelfTradePrevention, lines: list[str], book: str) -> None:
    desk = Desk()
    desk.rest(limit(ASK, "20.01", "1", BOB), limit(ASK, "20.02", "1", ALICE), limit(ASK, "20.03", "1", CAROL))
    assert ends(desk.do(limit(BID, "20.03", "3", ALICE, self_trade_prevention=mode))) == lines
    assert desk.book() == book


@pytest.mark.parametrize(
    ("price", "refused"),
    [("40.00", None), ("40.01", Refusal.PRICE_BAND), ("5.00", None), ("4.99", Refusal.PRICE_BAND)],
)
@pytest.mark.parametrize("side", [BID, ASK])
def test_limit_too_far_from_the_last_price_is_refused(side: Side, price: str, refused: Refusal | None) -> None:
    desk = Desk()
    desk.rest(limit(ASK, "20", "1", BOB), limit(BID, "20", "1", ALICE))
    assert refusal(desk.do(limit(side, price, "0.1", CAROL))) is refused


@pytest.mark.parametrize(
    ("resting", "highest", "too_high"),
    [
        ([limit(BID, "10", "1", BOB)], "20", "20.01"),
        ([limit(BID, "10", "1", BOB), limit(ASK, "15.01", "1", BOB)], "25.01", "25.02"),
        ([limit(ASK, "12", "1", BOB), limit(BID, "12", "1", CAROL), limit(BID, "10", "1", BOB)], "22", "22.01"),
        (
            [
                limit(ASK, "12", "1", BOB), limit(BID, "12", "1", CAROL), limit(BID, "10", "1", BOB),
                limit(ASK, "11", "1", BOB),
            ],
            "22",
            "22.01",
        ),
    ],
    ids=["bid alone", "mean of bid and ask", "mean of bid and last", "median of all three"],
)  # fmt: skip
def test_band_is_around_the_median_of_what_is_known(resting: list[Place], highest: str, too_high: str) -> None:
    desk = Desk()
    desk.rest(*resting)
    assert refusal(desk.do(limit(ASK, too_high, "1"))) is Refusal.PRICE_BAND
    assert refusal(desk.do(limit(ASK, highest, "1"))) is None


def test_first_order_of_a_market_may_have_any_price() -> None:
    desk = Desk()
    desk.rest(limit(BID, "0.01", "1"))
    assert desk.book() == "0.01x1 |"


def test_refusals_come_in_the_order_band_post_only_fill_or_kill_orders_funds() -> None:
    desk = Desk(open_orders_max=0)
    desk.rest(limit(ASK, "20", "1", MAKER))
    orders = [
        limit(BID, "90", "2", DORA, post_only=True, time_in_force=FOK),
        limit(BID, "20", "2", DORA, post_only=True, time_in_force=FOK),
        limit(BID, "20", "2", DORA, time_in_force=FOK),
        limit(BID, "20", "2", DORA),
        limit(BID, "20", "1", DORA, time_in_force=FOK),
    ]
    assert [refusal(desk.do(order)) for order in orders] == [
        Refusal.PRICE_BAND,
        Refusal.POST_ONLY_TAKES,
        Refusal.FILL_OR_KILL,
        Refusal.ORDER_LIMIT,
        Refusal.INSUFFICIENT_FUNDS,
    ]


def test_order_limit_counts_resting_orders_and_spares_those_that_cannot_rest_and_the_house() -> None:
    desk = Desk(open_orders_max=2)
    desk.rest(limit(BID, "20", "1"), limit(BID, "19", "1"))
    assert refusal(desk.do(limit(BID, "18", "1"))) is Refusal.ORDER_LIMIT
    assert refusal(desk.do(limit(BID, "18", "1", time_in_force=IOC))) is None
    desk.rest(*[limit(BID, "18", "1", MAKER)] * 5)
    desk.do(cancel(1))
    assert refusal(desk.do(limit(BID, "18", "1"))) is None


def test_refused_order_takes_no_order_id_and_changes_nothing() -> None:
    desk = Desk()
    first, before = accepted(desk.do(limit(BID, "20", "1"))), desk.engine.state_hash()
    assert refusal(desk.do(limit(BID, "20", "1000000"))) is Refusal.INSUFFICIENT_FUNDS
    assert desk.engine.state_hash() == before
    assert accepted(desk.do(limit(BID, "20", "1"))) == first + 1


def test_cancelled_order_keeps_what_was_executed() -> None:
    desk = Desk()
    desk.rest(limit(BID, "20", "2"), limit(ASK, "20", "0.5", BOB))
    assert ends(desk.do(cancel(1))) == ["alice Cancelled by owner after 0.5"]
    assert desk.book() == "|"


def test_cancel_by_client_id_takes_the_newest_that_rests() -> None:
    desk = Desk()
    desk.rest(*[limit(BID, price, "1", client_id=7) for price in ("20", "19", "18")])
    desk.do(cancel(3))
    desk.do(cancel(client_id=7))
    assert desk.book() == "20x1 |"


@pytest.mark.parametrize("command", [cancel(9), cancel(client_id=9), cancel(1, account=BOB), cancel(2, account=BOB)])
def test_cancel_of_what_does_not_rest_or_is_not_yours_is_refused(command: Cancel) -> None:
    desk = Desk()
    desk.rest(limit(BID, "20", "1", client_id=7), limit(ASK, "20", "1", BOB))
    desk.rest(limit(BID, "20", "1"))
    assert refusal(desk.do(command)) is Refusal.ORDER_NOT_FOUND


def test_cancel_all_takes_the_oldest_first_and_leaves_others_alone() -> None:
    desk = Desk()
    desk.rest(limit(BID, "20", "1"), limit(BID, "19", "1", BOB), limit(BID, "21", "1"), limit(BID, "20", "3"))
    events = desk.do(cancel_all())
    levels = [(event.price, event.quantity) for event in events if isinstance(event, LevelChanged)]
    assert (len(ends(events)), levels, desk.book()) == (3, [(2000, 0), (2100, 0)], "19x1 |")


def test_cancel_all_with_nothing_resting_does_nothing() -> None:
    assert Desk().do(cancel_all()) == []


def test_events_come_in_the_order_of_the_pipeline() -> None:
    desk = Desk()
    desk.rest(limit(ASK, "20.01", "1", BOB))
    assert kinds(desk.do(limit(BID, "20.02", "1.5", time_in_force=IOC))) == [
        *("OrderAccepted", "BalanceChanged"),
        *("OrderFilled", "BalanceChanged", "BalanceChanged"),
        *("OrderFilled", "BalanceChanged", "BalanceChanged"),
        "TradePrinted",
        *("OrderEnded", "BalanceChanged"),
        *("LevelChanged", "TopChanged"),
    ]


def test_each_touched_level_is_told_once_and_the_top_only_when_it_changes() -> None:
    desk = Desk()
    desk.rest(limit(ASK, "20.01", "1", BOB), limit(ASK, "20.01", "1", CAROL), limit(ASK, "20.02", "1", BOB))
    changes = [event for event in desk.do(limit(BID, "20.02", "3.5")) if isinstance(event, LevelChanged | TopChanged)]
    assert changes == [
        LevelChanged("SOL_USDC", ASK, 2001, 0, 4),
        LevelChanged("SOL_USDC", ASK, 2002, 0, 5),
        LevelChanged("SOL_USDC", BID, 2002, 5, 6),
        TopChanged("SOL_USDC", (2002, 5), None, 6),
    ]
    assert kinds(desk.do(limit(BID, "19", "1")))[-1] == "LevelChanged"


def test_print_names_buyer_and_seller_and_who_was_the_maker() -> None:
    desk = Desk()
    desk.rest(limit(BID, "20", "1", BOB))
    prints = [event for event in desk.do(limit(ASK, "20", "1")) if isinstance(event, TradePrinted)]
    assert prints == [TradePrinted("SOL_USDC", 1, 2000, 10, 1, 2, is_buyer_maker=True)]


def test_fills_of_one_order_add_up() -> None:
    desk = Desk()
    desk.rest(limit(ASK, "20", "1", BOB), limit(ASK, "21", "1", BOB))
    events = desk.do(limit(BID, "21", "2"))
    sums = [(e.executed, e.executed_quote) for e in events if isinstance(e, OrderFilled) and not e.is_maker]
    assert sums == [(10, 20_000_000), (20, 41_000_000)]


def test_ids_can_start_elsewhere() -> None:
    engine = Engine([AssetRules("SOL", 6), AssetRules("USDC", 6)], [RULES], first_order_id=60_000, first_trade_id=500)
    engine.apply(OpenAccount("key", FeeTier(0, 0), (("USDC", 10**9),)), NOW_US)
    engine.apply(OpenAccount("another", FeeTier(0, 0), (("SOL", 10**9),)), NOW_US)
    assert accepted(engine.apply(limit(BID, "20", "1", 1), NOW_US)) == 60_000
    assert [e.trade_id for e in engine.apply(limit(ASK, "20", "1", 2), NOW_US) if isinstance(e, TradePrinted)] == [500]


def test_opening_an_account_again_changes_nothing() -> None:
    desk = Desk()
    before = desk.engine.state_hash()
    again = desk.do(OpenAccount("bob", FeeTier(1, 1), (("SOL", 5),)))
    assert (again, desk.engine.state_hash()) == ([AccountOpened(BOB, "bob")], before)


def test_open_orders_are_the_oldest_first_over_all_markets() -> None:
    desk = Desk()
    desk.rest(limit(BID, "20", "1", MAKER), limit(BID, "20", "1", MAKER, symbol="SOL_USDC_PERP"))
    desk.rest(limit(BID, "21", "1", MAKER), limit(ASK, "21", "0.4", ALICE))
    seen = [(order.order.order_id, order.executed, str(order.status)) for order in desk.engine.open_orders(MAKER)]
    assert seen == [(1, 0, "New"), (2, 0, "New"), (3, 4, "PartiallyFilled")]
    assert [order.order.order_id for order in desk.engine.open_orders(MAKER, "SOL_USDC")] == [1, 3]


def test_order_can_be_looked_up_by_either_id_while_it_rests() -> None:
    desk = Desk()
    desk.rest(limit(BID, "20", "1", client_id=7))
    by_id, by_client_id = (
        desk.engine.order(ALICE, "SOL_USDC", order_id=1),
        desk.engine.order(ALICE, "SOL_USDC", client_id=7),
    )
    assert by_id == by_client_id is not None
    desk.do(cancel(1))
    assert desk.engine.order(ALICE, "SOL_USDC", order_id=1) is None

"""What a market refuses is known before it is sent: rounding that gives nothing away, and rules that say what is wrong."""

from __future__ import annotations

import pickle
from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from haversack.errors import UsageError
from haversack.rest.parameters import parameters
from haversack.wire.enums import MarketType, OrderBookState, TimeInForce
from haversack.wire.markets import Filters, Market, PriceFilter, QuantityFilter
from haversack.wire.orders import PlaceOrder
from haversack.wire.rules import Rule, RuleBroken


def market(
    tick: str = "0.01", step: str = "0.01", *, state: OrderBookState = OrderBookState.OPEN, **changes: str | None
) -> Market:
    """SOL_USDC with the figures of 2026-09, unless told otherwise."""
    numbers = {name: None if text is None else Decimal(text) for name, text in changes.items()}
    quantity = {"min_quantity": Decimal(step)} | {name: numbers.pop(name) for name in [*numbers] if "quantity" in name}
    bands = {"max_multiplier": Decimal(2), "min_multiplier": Decimal("0.25")}
    impact = {"max_impact_multiplier": Decimal("1.01"), "min_impact_multiplier": Decimal("0.99")}
    price: dict[str, Any] = {"min_price": Decimal(tick)} | bands | impact | numbers
    return Market(
        symbol="SOL_USDC",
        base_symbol="SOL",
        quote_symbol="USDC",
        market_type=MarketType.SPOT,
        filters=Filters(
            price=PriceFilter(tick_size=Decimal(tick), **price),
            quantity=QuantityFilter(step_size=Decimal(step), **quantity),  # type: ignore[arg-type]
        ),
        order_book_state=state,
        created_iso="2025-01-21T06:34:54.691858",
    )


def limit(price: Any = "20.01", quantity: Any = "1", **changes: Any) -> PlaceOrder:
    fields: dict[str, Any] = {"symbol": "SOL_USDC", "side": "Bid", "order_type": "Limit", "price": price, "quantity": quantity}
    return PlaceOrder(**(fields | changes))


def at_market(**changes: Any) -> PlaceOrder:
    return PlaceOrder(**({"symbol": "SOL_USDC", "side": "Bid", "order_type": "Market"} | changes))


SOL = market()

TICKS = ["0.01", "0.0001", "1", "10", "1E-8", "0.00000001", "1E+2", "100", "0.05", "0.25", "2.5", "3", "1E-20", "1E+15"]
ticks = st.sampled_from(TICKS)
sides = st.sampled_from(["Bid", "Ask"])
prices = st.decimals(min_value=0, max_value=10**18, places=20, allow_nan=False) | st.integers(1, 10**30).map(Decimal)


@given(tick=ticks, price=prices, side=sides)
@example(tick="0.01", price=Decimal("1E+2"), side="Bid")
@example(tick="0.01", price=Decimal("99999999999999999999999999999.999999999"), side="Ask")
def test_a_price_is_rounded_by_less_than_a_tick_never_to_the_worse_and_once(tick: str, price: Decimal, side: Any) -> None:
    rules, size = market(tick), Decimal(tick)
    assume(price >= size)
    rounded = rules.round_price(price, side)
    with localcontext(prec=200):
        given_away = rounded - price if side == "Bid" else price - rounded
        assert -size < given_away <= 0
        assert rounded % size == 0
    assert rules.round_price(rounded, side) == rounded
    assert rules.problems(limit(rounded, side=side)) == []


@given(step=ticks, quantity=prices)
def test_a_quantity_is_rounded_down_by_less_than_a_step(step: str, quantity: Decimal) -> None:
    rules, size = market(step=step), Decimal(step)
    assume(quantity >= size)
    rounded = rules.round_quantity(quantity)
    with localcontext(prec=200):
        assert 0 <= quantity - rounded < size
        assert rounded % size == 0
    assert rules.round_quantity(rounded) == rounded
    assert rules.validate(limit(quantity=rounded)).quantity is rounded


@given(tick=ticks, price=prices, side=sides)
def test_what_is_rounded_is_sent_without_an_exponent(tick: str, price: Decimal, side: Any) -> None:
    assume(price >= Decimal(tick))
    sent = parameters(limit(market(tick).round_price(price, side), side=side))["price"]
    assert "E" not in sent.upper()
    assert "E+" not in str(market(tick).round_price(price, side))


@pytest.mark.parametrize(("tick", "price", "bid", "ask"), [
    ("0.01", "20.005", "20.00", "20.01"),
    ("0.01", "20", "20.00", "20.00"),
    ("0.01", 20, "20.00", "20.00"),
    ("0.0001", Decimal("0.99999"), "0.9999", "1.0000"),
    ("10", "86704.9", "86700", "86710"),
    ("1E+2", Decimal("1E+2"), "100", "100"),
    ("1E+1", "11", "10", "20"),
    ("1E-8", "0.000000019", "0.00000001", "0.00000002"),
    ("0.25", "1.6", "1.50", "1.75"),
])  # fmt: skip
def test_a_bid_is_rounded_down_and_an_ask_up(tick: str, price: Any, bid: str, ask: str) -> None:
    rounded = [market(tick).round_price(price, side) for side in ("Bid", "Ask")]
    assert [format(one, "f") for one in rounded] == [bid, ask]


def test_a_price_that_rounds_to_outside_the_limits_is_refused() -> None:
    rules = market(min_price="0.05", max_price="1000")
    assert rules.round_price("0.041", "Ask") == Decimal("0.05")
    assert rules.round_price("1000.009", "Bid") == 1000
    with pytest.raises(RuleBroken, match=r"price 0\.04 is below minimum price 0\.05") as low:
        rules.round_price("0.049", "Bid")
    with pytest.raises(RuleBroken, match=r"price 1000\.01 is above maximum price 1000") as high:
        rules.round_price("1000.001", "Ask")
    assert (low.value.rule, high.value.rule) == (Rule.MIN_PRICE, Rule.MAX_PRICE)
    with pytest.raises(RuleBroken, match=r"price 0\.00 is not above 0"):
        market(min_price="0").round_price("0.001", "Bid")
    with pytest.raises(UsageError, match="side must be Bid or Ask, found 'Buy'"):
        rules.round_price("1", "Buy")  # type: ignore[arg-type]


def test_a_quantity_that_rounds_to_outside_the_limits_is_refused() -> None:
    rules = market(step="0.01", min_quantity="0.1", max_quantity="50")
    assert rules.round_quantity("50.009") == 50
    with pytest.raises(RuleBroken, match=r"quantity 0\.09 is below minimum quantity 0\.1") as low:
        rules.round_quantity("0.099")
    assert (low.value.rule, low.value.nearest) == (Rule.MIN_QUANTITY, (Decimal("0.1"),))
    with pytest.raises(RuleBroken, match=r"quantity 50\.01 is above maximum quantity 50"):
        rules.round_quantity("50.01")
    with pytest.raises(RuleBroken, match=r"quantity 0\.00 is not above 0"):
        market(min_quantity="0").round_quantity("0.001")


@pytest.mark.parametrize("call", [
    lambda value: SOL.round_price(value, "Bid"),
    SOL.round_quantity,
    lambda value: SOL.problems(limit(value)),
    lambda value: SOL.problems(limit(quantity=value)),
    lambda value: SOL.problems(limit(), active_price=value),
    lambda value: SOL.problems(limit(), best_bid=value),
    lambda value: SOL.impact_limit("Bid", value),
])  # fmt: skip
@pytest.mark.parametrize("value", [20.1, True, "abc", "NaN", "Infinity", "1e999999", "1" * 70], ids=repr)
def test_what_is_no_exact_number_is_refused_and_said_how_to_write(call: Any, value: Any) -> None:
    with pytest.raises(UsageError) as refused:
        call(value)
    assert not isinstance(refused.value, RuleBroken)
    if isinstance(value, float):
        assert "not float: write " in str(refused.value)
        assert "='20.1'" in str(refused.value)


@pytest.mark.parametrize(("order", "rule", "text"), [
    (limit("20.005"), Rule.TICK_SIZE,
     "price 20.005 is not a multiple of tick size 0.01 (SOL_USDC): nearest are 20.00 and 20.01"),
    (limit("0.001"), Rule.TICK_SIZE, "price 0.001 is not a multiple of tick size 0.01 (SOL_USDC): nearest is 0.01"),
    (limit("1000.001"), Rule.TICK_SIZE, "price 1000.001 is not a multiple of tick size 0.01 (SOL_USDC): nearest is 1000.00"),
    (limit("2000.001"), Rule.TICK_SIZE, "price 2000.001 is not a multiple of tick size 0.01 (SOL_USDC): nearest is 1000.00"),
    (limit("0"), Rule.MIN_PRICE, "price 0 is not above 0 (SOL_USDC): nearest is 0.01"),
    (limit("-1"), Rule.MIN_PRICE, "price -1 is not above 0 (SOL_USDC): nearest is 0.01"),
    (limit("1000.01"), Rule.MAX_PRICE, "price 1000.01 is above maximum price 1000 (SOL_USDC): nearest is 1000.00"),
    (limit(quantity="0.05"), Rule.MIN_QUANTITY, "quantity 0.05 is below minimum quantity 0.1 (SOL_USDC): nearest is 0.10"),
    (limit(quantity="1.005"), Rule.STEP_SIZE,
     "quantity 1.005 is not a multiple of step size 0.01 (SOL_USDC): nearest are 1.00 and 1.01"),
    (limit(quantity="500.01"), Rule.MAX_QUANTITY, "quantity 500.01 is above maximum quantity 500 (SOL_USDC): nearest is 500.00"),
    (at_market(quote_quantity="0"), Rule.MIN_QUANTITY, "quote_quantity 0 is not above 0 (SOL_USDC)"),
    (at_market(), Rule.FIELDS, "a market order must have a quantity or a quote_quantity (SOL_USDC)"),
    (limit(None), Rule.FIELDS, "a limit order must have a price (SOL_USDC)"),
    (limit(None, None), Rule.FIELDS, "a limit order must have a price and a quantity (SOL_USDC)"),
    (limit(None, None, quote_quantity="5"), Rule.FIELDS, "a limit order must have a price and a quantity (SOL_USDC)"),
    (limit(trigger_price="19"), Rule.FIELDS, "trigger_price and trigger_quantity come together or not at all (SOL_USDC)"),
    (limit(trigger_quantity="1"), Rule.FIELDS, "trigger_price and trigger_quantity come together or not at all (SOL_USDC)"),
    (limit(trigger_price="0", trigger_quantity="1"), Rule.MIN_PRICE, "trigger_price 0 is not above 0 (SOL_USDC)"),
    (limit(trigger_price="19", trigger_quantity="101%"), Rule.FIELDS,
     "trigger_quantity 101% is not above 0% and at most 100% (SOL_USDC)"),
    (limit(trigger_price="19", trigger_quantity="1.001"), Rule.STEP_SIZE,
     "trigger_quantity 1.001 is not a multiple of step size 0.01 (SOL_USDC): nearest are 1.00 and 1.01"),
    (limit(take_profit_limit_price="30.001"), Rule.TICK_SIZE,
     "take_profit_limit_price 30.001 is not a multiple of tick size 0.01 (SOL_USDC): nearest are 30.00 and 30.01"),
    (limit(stop_loss_trigger_price="-1"), Rule.MIN_PRICE, "stop_loss_trigger_price -1 is not above 0 (SOL_USDC)"),
    (limit(symbol="BTC_USDC"), Rule.FIELDS, "the order is for BTC_USDC, and these are the rules of SOL_USDC"),
], ids=repr)  # fmt: skip
def test_a_broken_rule_says_what_is_wrong_and_what_would_be_right(order: PlaceOrder, rule: Rule, text: str) -> None:
    rules = market(min_quantity="0.1", max_quantity="500", max_price="1000")
    first = rules.problems(order)[0]
    assert (first.rule, str(first)) == (rule, text)
    with pytest.raises(RuleBroken) as broken:
        rules.validate(order)
    assert (broken.value.rule, broken.value.nearest) == (rule, first.nearest)


@pytest.mark.parametrize("order", [
    limit(),
    limit("1E+2", Decimal("1E+1")),
    limit("20.0100000"),
    at_market(quantity="1"),
    at_market(quote_quantity="0.123456789"),
    at_market(quantity="1", price="20.005"),
    limit(trigger_price="19.123", trigger_quantity="80%"),
    limit(trigger_price="19", trigger_quantity="2", quantity=None),
    limit(take_profit_trigger_price="25.5", take_profit_limit_price="25.4", stop_loss_trigger_price="15.123"),
], ids=repr)  # fmt: skip
def test_an_order_that_breaks_no_known_rule_is_given_back(order: PlaceOrder) -> None:
    assert SOL.validate(order) is order
    assert SOL.problems(order) == []


def test_all_broken_rules_are_told_at_once() -> None:
    with pytest.raises(RuleBroken) as broken:
        SOL.validate(limit("20.005", "0.005"))
    assert broken.value.rule is Rule.MIN_QUANTITY
    assert [other.rule for other in broken.value.others] == [Rule.STEP_SIZE, Rule.TICK_SIZE]
    assert all(str(other) in str(broken.value) for other in broken.value.others)
    assert (broken.value.value, broken.value.bound) == (Decimal("0.005"), Decimal("0.01"))
    again = pickle.loads(pickle.dumps(broken.value))
    assert (str(again), again.rule, len(again.others)) == (str(broken.value), Rule.MIN_QUANTITY, 2)


@pytest.mark.parametrize(("price", "nearest"), [
    ("40", None), ("5", None), ("40.01", "40.00"), ("4.99", "5.00"), ("0.01", "5.00"), ("1000", "40.00"),
])  # fmt: skip
@pytest.mark.parametrize("side", ["Bid", "Ask"])
@pytest.mark.parametrize(
    "references", [{"active_price": 20}, {"best_bid": "19.99", "best_ask": "20.02", "last_price": "20"}], ids=["active", "three"]
)
def test_a_limit_is_held_to_the_active_price_if_that_is_known(
    price: str, nearest: str | None, side: str, references: dict[str, Any]
) -> None:
    found = SOL.problems(limit(price, side=side), **references)
    wanted = [] if nearest is None else [(Rule.PRICE_BAND, (Decimal(nearest),))]
    assert [(one.rule, one.nearest) for one in found] == wanted
    assert SOL.problems(limit(price, side=side)) == []
    assert SOL.problems(limit(price, side=side, trigger_price="1", trigger_quantity="1"), **references) == []
    assert market(max_multiplier=None, min_multiplier=None).problems(limit(price, side=side), **references) == []


@pytest.mark.parametrize(("bid", "ask", "last", "active"), [(19, 21, 20, 20), (19, 21, 18, 19), (19, 21, 25, 21)])
def test_the_active_price_is_the_median(bid: int, ask: int, last: int, active: int) -> None:
    for price, wanted in ((2 * active, []), (2 * active + 1, [Rule.PRICE_BAND])):
        found = SOL.problems(limit(price), best_bid=bid, best_ask=ask, last_price=last)
        assert [one.rule for one in found] == wanted


@pytest.mark.parametrize(
    ("price", "is_refused"), [("42", False), ("42.01", True), ("4.75", False), ("4.74", True), ("39", False)]
)
def test_without_the_last_price_what_no_last_price_would_allow_is_refused(price: str, is_refused: bool) -> None:
    found = SOL.problems(limit(price), best_bid=19, best_ask=21)
    assert [one.rule for one in found] == ([Rule.PRICE_BAND] if is_refused else [])
    assert SOL.problems(limit(price), best_bid=19) == SOL.problems(limit(price), best_ask=21) == []


@pytest.mark.parametrize(
    ("name", "word"), [("side", "Buy"), ("order_type", "LIMIT"), ("time_in_force", "gtc"), ("self_trade_prevention", "None")]
)
def test_word_that_the_exchange_does_not_have_is_told_before_any_rule(name: str, word: str) -> None:
    with pytest.raises(UsageError, match=f"{name} must be one of .*, found '{word}'"):
        SOL.validate(limit("20", **{name: word}))
    # A member that was made on purpose is let through: the exchange may know more than we do.
    assert SOL.problems(limit("20", time_in_force=TimeInForce("GTD"))) == []


@pytest.mark.parametrize(("side", "price", "takes"), [("Bid", "20.02", True), ("Bid", "20.01", False),
                                                     ("Ask", "19.99", True), ("Ask", "20", False)])  # fmt: skip
def test_a_post_only_order_that_would_take_is_told(side: str, price: str, takes: bool) -> None:
    order = limit(price, side=side, post_only=True)
    rules = [one.rule for one in SOL.problems(order, best_bid="19.99", best_ask="20.02")]
    assert rules == ([Rule.POST_ONLY] if takes else [])
    assert SOL.problems(order) == SOL.problems(replace(order, post_only=None), best_bid="19.99", best_ask="20.02") == []
    market_order = at_market(quantity=1, side=side, post_only=True)
    assert [one.rule for one in SOL.problems(market_order, best_bid="19.99", best_ask="20.02")] == [Rule.POST_ONLY]


@pytest.mark.parametrize(("state", "allowed"), [
    (OrderBookState.OPEN, {"limit", "post only", "ioc", "fok", "market"}),
    (OrderBookState.LIMIT_ONLY, {"limit", "post only", "ioc", "fok"}),
    (OrderBookState.POST_ONLY, {"limit", "post only"}),
    (OrderBookState.CANCEL_ONLY, set[str]()),
    (OrderBookState.CLOSED, set[str]()),
    (OrderBookState("Dreaming"), {"limit", "post only", "ioc", "fok", "market"}),
])  # fmt: skip
def test_the_state_of_the_book_says_which_orders_it_takes(state: OrderBookState, allowed: set[str]) -> None:
    orders = {
        "limit": limit(),
        "post only": limit(post_only=True),
        "ioc": limit(time_in_force="IOC"),
        "fok": limit(time_in_force="FOK"),
        "market": at_market(quantity=1),
    }
    found = {name: [one.rule for one in market(state=state).problems(order)] for name, order in orders.items()}
    assert found == {name: [] if name in allowed else [Rule.BOOK_STATE] for name in orders}


def test_the_impact_limit_is_the_furthest_price_at_which_an_order_that_takes_is_filled() -> None:
    assert SOL.impact_limit("Bid", "20.03") == Decimal("20.23")
    assert SOL.impact_limit("Ask", "20.03") == Decimal("19.83")
    assert market(max_impact_multiplier=None).impact_limit("Bid", "20") is None


@given(tick=ticks, price=prices, side=sides)
def test_an_order_off_the_tick_is_told_its_two_neighbours(tick: str, price: Decimal, side: Any) -> None:
    rules = market(tick)
    assume(price > Decimal(tick))
    down, up = rules.round_price(price, "Bid"), rules.round_price(price, "Ask")
    found = rules.problems(limit(price, side=side))
    assert [one.nearest for one in found] == ([] if down == up else [(down, up)])

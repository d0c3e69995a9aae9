"""Orders by the command: what is shown, confirmed and bounded where money is real, and what is never stood in the way of."""

from __future__ import annotations

from decimal import Decimal
from io import StringIO
from pathlib import Path

import msgspec
import pytest

from cli.inside import LIVE_SECRET, NOW_US, Done, Inside, Typed
from haversack import Credentials, ManualClock
from haversack.cli.profile import open_profile
from haversack.cli.spending import Ledger, OverLimit, worth_of
from haversack.errors import ApiError, ConnectFailed, OutcomeUnknown, RequestFailed
from haversack.exchange.faults import AnswerAction, AnswerFault
from haversack.wire.orders import PlaceOrder

BID = ("order", "place", "SOL_USDC", "bid", "1", "--price", "90")


def place(inside: Inside, *more: str, stdin: StringIO | None = None) -> Done:
    return inside.run("-p", "live", *BID, *more, stdin=stdin)


def spent(inside: Inside) -> str:
    text: str = msgspec.json.decode((inside.home / "state" / "haversack" / "spent-live.json").read_bytes())["notional"]
    return text


def limits(inside: Inside, order: str, day: str) -> None:
    inside.config.write_text(f"[profiles.live]\norder_notional_max = '{order}'\nday_notional_max = '{day}'\n")


@pytest.fixture
def market(live: Inside) -> Inside:
    """Somebody else's orders at 99 and 101."""
    live.exchange.reset()
    other = live.exchange.client()
    for side, price in (("Bid", "99"), ("Ask", "101")):
        other.orders.place(symbol="SOL_USDC", side=side, order_type="Limit", price=price, quantity="5")  # type: ignore[arg-type]
    return live


def test_an_order_is_placed_found_and_cancelled(inside: Inside) -> None:
    inside.exchange.reset()
    assert "New" in inside.run(*BID, "--client-id", "7", "--post-only").out
    assert inside.run("order", "status", "SOL_USDC", "--client-id", "7", "-o", "json").json["data"][0]["postOnly"] is True
    assert "Cancelled" in inside.run("order", "cancel", "SOL_USDC", "--client-id", "7").out
    assert inside.run("orders", "-o", "json").json["data"] == []
    assert inside.run("order", "status", "SOL_USDC", "--client-id", "7", "-o", "json").json["data"][0]["status"] == "Cancelled"


def test_an_order_that_never_was_is_not_found(inside: Inside) -> None:
    done = inside.run("order", "status", "SOL_USDC", "12345")
    assert (done.code, done.err.count("\n")) == (6, 2)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("1",), "give --price for a limit order, or --market"),
        (("1", "--price", "9", "--market"), "not both"),
        (("--price", "9"), "give a quantity"),
        (("1", "--market", "--quote-quantity", "9"), "give a quantity"),
        (("much", "--price", "9"), "quantity must be a number"),
        (("1", "--price", "9", "--client-id", "-1"), "client_id must be 0 to"),
        (("1", "--price", "9", "--client-id", "x"), 'unable to convert "x" into int'),
        (("1", "--prize", "9"), "Unknown option: --prize"),
        (("1", "2", "--price", "9"), "'2' is not expected here"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_before_it_is_sent(arguments: tuple[str, ...], says: str, inside: Inside) -> None:
    done = inside.run("order", "place", "SOL_USDC", "bid", *arguments)
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert inside.http.orders == []


def test_a_dry_run_shows_the_exact_body_and_what_would_be_signed_and_sends_nothing(market: Inside) -> None:
    market.http.sent.clear()
    done = market.run("-p", "live", *BID, "--client-id", "7", "--dry-run", "-o", "json")
    assert (done.code, market.http.sent) == (0, [])
    shown = done.json["data"]
    assert shown["body"] == '{"clientId":7,"orderType":"Limit","price":"90","quantity":"1","side":"Bid","symbol":"SOL_USDC"}'
    assert shown["signing_string"].startswith(
        "instruction=orderExecute&clientId=7&orderType=Limit&price=90&quantity=1&side=Bid&symbol=SOL_USDC&timestamp="
    )
    assert (shown["sent"], shown["url"]) == (False, "https://api.backpack.exchange/api/v1/order")
    assert "signature" not in done.out.lower()
    assert place(market, "--client-id", "7", "--yes").code == 0
    assert market.http.orders[-1].body == shown["body"].encode()


def test_an_order_with_real_money_is_shown_and_sent_when_it_is_confirmed(market: Inside) -> None:
    done = place(market, stdin=Typed("y\n"))
    assert done.code == 0
    assert "LIVE: Bid 1 SOL_USDC at 90 (Limit)" in done.err
    assert "worth 90, and 0 of 5000 are spent today" in done.err
    assert "Place it with real money? [y/N]" in done.err
    assert len(market.http.orders) == 1
    assert spent(market) == "90"


@pytest.mark.parametrize("answer", ["n\n", "\n", "", "yess\n"])
def test_an_order_with_real_money_is_not_sent_when_it_is_not_confirmed(answer: str, market: Inside) -> None:
    done = place(market, stdin=Typed(answer))
    assert (done.code, market.http.orders) == (2, [])
    assert "not confirmed, and nothing was sent" in done.err
    assert not (market.home / "state" / "haversack" / "spent-live.json").exists()


def test_a_script_must_say_yes(market: Inside) -> None:
    done = place(market)
    assert (done.code, market.http.orders) == (2, [])
    assert "--yes confirms it, and nothing was sent" in done.err
    assert place(market, "--yes").code == 0


def test_play_money_is_never_asked_for(inside: Inside) -> None:
    done = inside.run(*BID)
    assert (done.code, "[y/N]" in done.err) == (0, False)


def test_an_order_above_the_limit_is_refused_before_it_is_asked_for(market: Inside) -> None:
    limits(market, "89.99", "1000")
    done = place(market, stdin=Typed("y\n"))
    assert (done.code, market.http.orders) == (2, [])
    assert "the order is worth 90, and order_notional_max of the profile live is 89.99" in done.err
    assert "[y/N]" not in done.err


def test_the_limit_of_a_day_counts_all_orders_of_the_day(market: Inside) -> None:
    limits(market, "100", "200")
    assert [place(market, "--yes").code for _ in range(3)] == [0, 0, 2]
    assert len(market.http.orders) == 2
    done = place(market, "--yes")
    assert "with 90 more, 270 would be spent today, and day_notional_max of the profile live is 200" in done.err


def test_an_order_is_worth_what_the_book_pays_where_its_limit_says_less(market: Inside) -> None:
    limits(market, "98", "1000")
    done = market.run("-p", "live", "order", "place", "SOL_USDC", "ask", "1", "--price", "50", "--yes")
    assert (done.code, market.http.orders) == (2, [])
    assert "the order is worth 99" in done.err


@pytest.mark.parametrize(("arguments", "worth"), [(("bid", "2", "--market"), "202"), (("ask", "2", "--market"), "198")])
def test_an_order_without_a_limit_is_worth_what_the_book_says(arguments: tuple[str, ...], worth: str, market: Inside) -> None:
    done = market.run("-p", "live", "order", "place", "SOL_USDC", *arguments, "--yes")
    assert done.code == 0, done.err
    assert f"worth {worth}," in done.err


def test_an_order_that_nobody_could_count_is_refused(market: Inside) -> None:
    client = market.exchange.client()
    for order in (
        PlaceOrder(symbol="SOL_BTC", side="Bid", order_type="Limit", price="1", quantity="1"),
        PlaceOrder(symbol="JUP_USDC", side="Bid", order_type="Market", quantity="1"),
    ):
        with pytest.raises(OverLimit):
            worth_of(order, client)


def test_any_way_to_place_an_order_is_bounded(market: Inside) -> None:
    limits(market, "89", "1000")
    order = ["symbol=SOL_USDC", "side=Bid", "orderType=Limit", "price=90", "quantity=1"]
    batch = 'orders=[{"symbol":"SOL_USDC","side":"Bid","orderType":"Limit","price":"90","quantity":"1"}]'
    for arguments in (("place_order", *order), ("orders.place", *order), ("place_orders", batch)):
        done = market.run("-p", "live", "api", *arguments, "--yes")
        assert (done.code, "order_notional_max" in done.err) == (2, True), arguments
    assert market.http.orders == []


def test_what_cannot_be_counted_is_refused_with_real_money_unless_it_is_allowed(market: Inside) -> None:
    arguments = ("-p", "live", "api", "convert_dust", "symbol=SOL")
    done = market.run(*arguments, "--yes")
    assert (done.code, market.http.orders) == (2, [])
    assert "allow_uncounted = true in the settings allows it" in done.err
    market.config.write_text("[profiles.live]\nallow_uncounted = true\n")
    assert market.run(*arguments).code == 2
    assert market.http.orders == []
    market.run(*arguments, "--yes")
    assert len(market.http.orders) == 1


def test_withdrawals_are_refused_with_and_without_a_yes(market: Inside) -> None:
    market.config.write_text("[profiles.live]\nallow_uncounted = true\n")
    arguments = ["address=x", "blockchain=Solana", "quantity=1", "symbol=SOL"]
    done = market.run("-p", "live", "api", "request_withdrawal", *arguments, "--yes")
    assert (done.code, market.http.orders) == (2, [])
    assert done.err == "haversack: RequestWithdrawal is refused: this command takes no money out, whatever the settings say\n"


def test_cancelling_is_always_allowed(market: Inside) -> None:
    assert place(market, "--yes", "--client-id", "1").code == 0
    assert place(market, "--yes", "--client-id", "2").code == 0
    limits(market, "0.01", "0.01")
    assert market.run("-p", "live", "order", "cancel", "SOL_USDC", "--client-id", "1").code == 0
    done = market.run("-p", "live", "order", "cancel-all", "-o", "csv")
    assert (done.code, done.out.count("Cancelled")) == (0, 1)
    assert market.run("-p", "live", "orders", "-o", "json").json["data"] == []


def ledger_of(inside: Inside, today: str = "2026-11-21") -> Ledger:
    return Ledger(open_profile("live", environ=inside.environ), lambda: today)


def test_what_was_not_placed_is_given_back_and_what_may_have_been_is_not(inside: Inside) -> None:
    limits(inside, "100", "200")
    operation = PlaceOrder(symbol="SOL_USDC", side="Bid", order_type="Limit", price="1", quantity="1")
    unknown = OutcomeUnknown(operation, RequestFailed("no answer"), sent_ms=1)
    for error, left in ((ApiError(400, "X", "no"), 0), (ConnectFailed("no"), 0), (unknown, 60), (KeyboardInterrupt(), 120)):
        with pytest.raises(type(error)), ledger_of(inside).spending(Decimal(60), dearest=Decimal(60)):
            raise error
        assert ledger_of(inside).spent() == left


def test_a_new_day_begins_with_nothing_spent_and_an_old_one_does_not_come_back(inside: Inside) -> None:
    with ledger_of(inside).spending(Decimal(60), dearest=Decimal(60)):
        pass
    assert ledger_of(inside, "2026-11-22").spent() == 0
    # A clock that was set back does not make what was spent unspent.
    assert ledger_of(inside, "2026-11-20").spent() == 60


def test_nothing_is_spent_where_it_is_not_known_what_was(market: Inside) -> None:
    path = market.home / "state" / "haversack" / "spent-live.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    done = place(market, "--yes")
    assert (done.code, market.http.orders) == (2, [])
    assert f"cannot be read from {path}" in done.err


def test_an_order_whose_answer_is_lost_says_how_to_find_out(market: Inside) -> None:
    market.exchange.faults.add(AnswerFault(action=AnswerAction.LOSE_ANSWER, operation="PlaceOrder"))
    done = place(market, "--yes", "--client-id", "77")
    assert (done.code, done.out) == (7, "")
    assert "haversack order status SOL_USDC --client-id 77" in done.err
    assert "New" in market.run("-p", "live", "order", "status", "SOL_USDC", "--client-id", "77").out


def test_an_order_is_placed_though_the_clock_is_an_hour_off(market: Inside) -> None:
    market.transport["clock"] = ManualClock(NOW_US - 3_600_000_000)
    done = place(market, "--yes")
    assert done.code == 0, done.err
    assert "clock is 36" in done.err
    assert len(market.http.orders) == 2


def test_a_clock_that_cannot_be_measured_is_told_in_one_line(market: Inside) -> None:
    market.transport["clock"] = ManualClock(NOW_US - 3_600_000_000)
    for _ in range(10):
        market.exchange.faults.add(AnswerFault(action=AnswerAction.LOSE_ANSWER, operation="GetTime"))
    done = place(market, "--yes")
    assert (done.code, len(market.http.orders)) == (3, 1)
    assert "within 10 minutes of current time - set this machine" in done.err
    assert spent(market) == "0"


def test_the_keys_of_an_order_are_those_of_its_profile(market: Inside, tmp_path: Path) -> None:
    place(market, "--yes")
    assert market.http.orders[-1].headers["X-API-Key"] == Credentials.from_secret(LIVE_SECRET).public_key
    assert list(tmp_path.iterdir()) == []

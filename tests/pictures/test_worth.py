"""What an account was worth, worked out backwards: every sum below was made by hand, forwards, beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from haversack import (
    Balance,
    BorrowLendPosition,
    Deposit,
    DustConversion,
    Fill,
    Kline,
    ManualClock,
    MarginAccount,
    Position,
    Settlement,
    Side,
    Withdrawal,
)
from haversack.cli.plot import worth_of_account
from haversack.local import BlockingLocalExchange
from haversack.pictures.worth import Movement, PriceAt, Worth, held_now, movements, prices_of, with_marks, worth_at

D = Decimal
HOURS = [datetime(2026, 9, 1, hour, tzinfo=UTC) for hour in range(10, 15)]
CLOSES = ("90", "105", "108", "120")
"""Of the candles that end at 11, 12, 13 and 14 o'clock."""


def at(hour: int, minute: int = 0) -> str:
    return f"2026-09-01T{hour}:{minute:02}:00"


def some(kind: Any, **given: Any) -> Any:
    """An answer of which only what is given matters."""
    return kind(**(dict.fromkeys(kind.__struct_fields__) | given))


def fill(time: str, side: Side, quantity: str, price: str, **more: Any) -> Fill:
    given = {"fee": D(0), "fee_symbol": "USDC", "symbol": "SOL_USDC"} | more
    fields = {"timestamp_iso": time, "side": side, "quantity": D(quantity), "price": D(price)}
    made: Fill = some(Fill, **fields, **given)
    return made


def settlement(time: str, source: str, quantity: str) -> Settlement:
    made: Settlement = some(Settlement, timestamp_iso=time, source=source, quantity=D(quantity))
    return made


def deposit(time: str, symbol: str, quantity: str, status: str = "confirmed") -> Deposit:
    made: Deposit = some(Deposit, created_iso=time, symbol=symbol, quantity=D(quantity), status=status)
    return made


def candles() -> list[Kline]:
    return [
        some(Kline, start_text=at(9 + n), end_text=at(10 + n), open=D(close), close=D(close)) for n, close in enumerate(CLOSES, 1)
    ]


def values(rows: list[Worth]) -> list[Decimal]:
    return [row.value for row in rows]


PRICES = prices_of(candles(), HOURS[-1])


def test_spot_account_is_worth_what_it_had_at_each_hour_at_that_hours_close() -> None:
    moved = movements(
        fills=[
            fill(at(12, 20), Side.ASK, "1", "110", fee=D("0.11")),
            fill(at(11, 10), Side.BID, "2", "100", fee=D("0.002"), fee_symbol="SOL"),
        ],
        deposits=[deposit(at(10), "USDC", "1000"), deposit(at(10, 5), "USDC", "7", status="pending")],
        withdrawals=[some(Withdrawal, created_iso=at(13, 5), symbol="USDC", quantity=D(100))],
    )
    held = {"USDC": D("809.89"), "SOL": D("0.998")}
    # 1000 · 1000 · 800 + 1.998 * 105 · 909.89 + 0.998 * 108 · 809.89 + 0.998 * 120
    assert values(worth_at(HOURS, held, moved, {"SOL": PRICES})) == [D(1000), D(1000), D("1009.79"), D("1017.674"), D("929.65")]


def test_moment_before_the_deposit_is_worth_nothing() -> None:
    moved = movements(deposits=[deposit(at(10, 30), "SOL", "3")])
    assert values(worth_at(HOURS[:2], {"SOL": D(3)}, moved, {"SOL": PRICES})) == [D(0), D(270)]


def perpetual() -> tuple[dict[str, Decimal], list[Movement]]:
    """Bought 2 at 100, sold 1 of them at 110, price now 120; fees 0.1 and 0.055, funding 0.05 paid; 9.945 not settled yet."""
    position = some(
        Position, symbol="SOL_USDC_PERP", net_quantity=D(1), mark_price=D(120), entry_price=D(100), pnl_unrealized=D(20)
    )
    account = some(MarginAccount, unsettled_equity=D("9.945"), collateral=[])
    held = held_now({"USDC": Balance(available=D("999.85"), locked=D(0), staked=D(0))}, account, [position])
    moved = movements(
        fills=[
            fill(at(11, 10), Side.BID, "2", "100", symbol="SOL_USDC_PERP", fee=D("0.1")),
            fill(at(12, 20), Side.ASK, "1", "110", symbol="SOL_USDC_PERP", fee=D("0.055")),
        ],
        deposits=[deposit(at(10), "USDC", "1000")],
        settlements=[
            settlement(at(11, 10), "TradingFees", "-0.1"),
            settlement(at(12), "FundingPayment", "-0.05"),
            settlement(at(12, 20), "RealizePnl", "10"),
            settlement(at(12, 20), "TradingFees", "-0.055"),
        ],
    )
    return held, moved


def test_perpetual_counts_with_realized_and_unrealized_profit_fees_and_funding() -> None:
    held, moved = perpetual()
    rows = worth_at(HOURS, held, moved, {"SOL_USDC_PERP": PRICES})
    # 1000 · 1000 · 1000 - 0.15 + 2 * 5 · 1000 - 0.205 + 10 + 1 * 8 · 1000 - 0.205 + 10 + 1 * 20
    assert values(rows) == [D(1000), D(1000), D("1009.85"), D("1017.795"), D("1029.795")]


@pytest.mark.parametrize("source", ["RealizePnl", "CulledRealizePnlAuto", "CulledRealizePnlAccountThreshold"])
def test_profit_realized_without_a_fill_changes_nothing(source: str) -> None:
    held, moved = perpetual()
    more = sorted([*moved, *movements(settlements=[settlement(at(13, 30), source, "8")])])
    assert worth_at(HOURS, held, more, {"SOL_USDC_PERP": PRICES}) == worth_at(HOURS, held, moved, {"SOL_USDC_PERP": PRICES})


def test_short_position_gains_where_the_price_falls() -> None:
    account = some(MarginAccount, unsettled_equity=D(0), collateral=[])
    position = some(Position, symbol="SOL_USDC_PERP", net_quantity=D(-2), mark_price=D(80), pnl_unrealized=D(40))
    held = held_now({"USDC": Balance(available=D(500), locked=D(0), staked=D(0))}, account, [position])
    moved = movements(fills=[fill(at(11, 10), Side.ASK, "2", "100", symbol="SOL_USDC_PERP")])
    prices = {"SOL_USDC_PERP": [PriceAt(HOURS[0], D(100)), PriceAt(HOURS[2], D(95)), PriceAt(HOURS[4], D(80))]}
    assert values(worth_at(HOURS, held, moved, prices)) == [D(500), D(500), D(510), D(510), D(540)]


def test_what_is_held_is_available_locked_staked_and_lent_less_what_is_borrowed() -> None:
    account = some(MarginAccount, unsettled_equity=D("-3"), collateral=[Lent("SOL", D(4)), Lent("USDC", D(0))])
    loans = [
        some(BorrowLendPosition, symbol="SOL", net_quantity=D(4)),
        some(BorrowLendPosition, symbol="ETH", net_quantity=D(-2)),
    ]
    balances = {
        "SOL": Balance(available=D(1), locked=D("0.5"), staked=D("0.25")),
        "USDC": Balance(available=D(100), locked=D(0), staked=D(0)),
        "BTC": Balance(available=D(0), locked=D(0), staked=D(0)),
    }
    assert held_now(balances, account, loans=loans) == {"SOL": D("5.75"), "ETH": D(-2), "USDC": D(97)}


class Lent:
    """A row of the collateral, as far as it matters."""

    def __init__(self, symbol: str, lend_quantity: Decimal) -> None:
        self.symbol, self.lend_quantity, self.asset_mark_price = symbol, lend_quantity, D(7)


def test_dust_left_as_an_asset_and_came_as_usdc() -> None:
    dust = [some(DustConversion, timestamp_iso=at(11, 30), symbol="SOL", quantity=D("0.01"), usdc_received=D("0.9"))]
    rows = worth_at(HOURS[:3], {"USDC": D("0.9")}, movements(conversions=dust), {"SOL": PRICES})
    assert values(rows) == [D("0.90"), D("0.90"), D("0.9")]


def test_asset_without_a_price_is_named_and_not_counted() -> None:
    (row,) = worth_at(HOURS[-1:], {"USDC": D(5), "JUP": D(7), "SOL": D(0)}, [], {"JUP": []})
    assert row == Worth(HOURS[-1], D(5), ("JUP",))


def test_running_candle_counts_now_and_an_empty_one_leaves_the_price_as_it_was() -> None:
    rows = [*candles()[:2], some(Kline, start_text=at(12), end_text=at(13)), *candles()[3:]]
    now = datetime(2026, 9, 1, 13, 20, tzinfo=UTC)
    assert prices_of(rows, now) == [
        PriceAt(HOURS[0], D(90)),
        PriceAt(HOURS[1], D(90)),
        PriceAt(HOURS[2], D(105)),
        PriceAt(now, D(120)),
    ]


@pytest.fixture(scope="module")
def market() -> Iterator[BlockingLocalExchange]:
    grants = {"USDC": "100000", "SOL": "1000"}
    with BlockingLocalExchange(
        clock=ManualClock(), crowd=False, grants=grants, markets=("SOL_USDC", "SOL_USDC_PERP", "BTC_USDC")
    ) as exchange:
        yield exchange


def test_account_on_an_exchange_was_worth_what_it_was_given_before_it_traded_and_lost_what_it_paid(
    market: BlockingLocalExchange,
) -> None:
    market.set_price("SOL_USDC_PERP", "100")
    market.advance(s=10)
    resting = (("SOL_USDC", Side.ASK, "101"), ("SOL_USDC_PERP", Side.ASK, "100.5"), ("SOL_USDC_PERP", Side.BID, "99.5"))
    with market.client() as maker, market.client() as client:
        for symbol, side, price in resting:
            maker.orders.place(symbol=symbol, side=side, order_type="Limit", price=price, quantity="50")
        client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Market", quantity="1")
        market.advance(s=120)
        client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Market", quantity="10")
        client.orders.place(symbol="SOL_USDC_PERP", side="Bid", order_type="Market", quantity="30")
        market.advance(s=120)
        client.orders.place(symbol="SOL_USDC_PERP", side="Ask", order_type="Market", quantity="12")
        market.advance(s=120)
        rows, moved = worth_of_account(client, "1m", 10)
    # Given: 100,000 USDC and 1,000 SOL at 101. Fees: 0.001 SOL; 0.01 SOL and 1.35675 USDC; 0.5373 USDC, and 30 perpetuals at
    # 99.5 that cost 100.5.
    given = D(100_000) + 1_000 * D(101) - D("0.001") * 101
    bought = given - D("0.01") * 101 - D("1.35675")
    sold = bought - 30 - D("0.5373")
    assert values(rows) == [0, 0, 0, 0, given, given, bought, bought, sold, sold, sold]
    assert [(move.what, move.quantity) for move in moved if move.is_transfer] == [("SOL", D(1_000)), ("USDC", D(100_000))]


def test_asset_that_did_not_trade_counts_at_todays_mark_price() -> None:
    now = HOURS[-1]
    account = some(MarginAccount, collateral=[Lent("SOL", D(0)), Lent("JUP", D(0))])
    position = some(Position, symbol="ETH_USDC_PERP", mark_price=D(3))
    prices = with_marks({"SOL": PRICES, "JUP": []}, account, [position], now)
    assert prices == {"SOL": PRICES, "JUP": [PriceAt(now, D(7))], "ETH_USDC_PERP": [PriceAt(now, D(3))]}


def test_what_happens_while_the_histories_are_read_is_not_taken_off_the_balances(
    market: BlockingLocalExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    with market.client() as client:
        given = client.capital.collateral()
        market.advance(s=60)
        later = Movement(datetime(2100, 1, 1, tzinfo=UTC), "USDC", D(5))
        monkeypatch.setattr("haversack.cli.plot.movements_since", lambda *_: [later])
        rows, moved = worth_of_account(client, "1m", 1)
    assert values(rows) == 2 * [sum(row.balance_notional for row in given.collateral)]
    assert moved == []

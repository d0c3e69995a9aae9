"""What the real exchange computed, computed again from the orders that led to it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from exchange.engine.perpetual.sample import QUANTITY_SCALE, QUOTE_SCALE
from haversack.exchange.engine.perpetual.contract import Contract
from haversack.exchange.engine.perpetual.decimal96 import minus, over
from haversack.exchange.engine.perpetual.funding import INTEREST, INTEREST_OF_STOCKS, Bounds, funding_rate
from haversack.exchange.engine.perpetual.margin import (
    Exposure,
    Holdings,
    account_margin,
    est_liquidation_price,
    flat_mmf,
    fraction,
)
from haversack.exchange.engine.perpetual.order_limit import Account, is_allowed, max_order_quantity
from haversack.exchange.engine.perpetual.position import Fill, Position, break_even_price, change, entry_price, pnl_unrealized
from haversack.exchange.engine.perpetual.settlement import trading_fee
from haversack.units import to_units
from haversack.wire.enums import Side
from haversack.wire.markets import MarginFunction
from recordings import folder

D = Decimal
SYMBOL = "SOL_USDC_PERP"
TAKER_CBPS = 450
# The account of the first recordings; another one has a single position and other equity.
SUBACCOUNT = 7
Row = dict[str, Any]


class Seen(NamedTuple):
    """A recorded row of a position, beside the position and the equity that the recorded orders before it lead to."""

    row: Row
    position: Position
    equity: Decimal
    """Without unrealized profit."""


def function(row: dict[str, str]) -> MarginFunction:
    return MarginFunction(base=D(row["base"]), factor=D(row["factor"]), type=row["type"])


def contract(row: Row) -> Contract:
    """Of a market's row or a position's, which have the same functions."""
    return Contract(
        symbol=SYMBOL,
        quantity_scale=QUANTITY_SCALE,
        quote_scale=QUOTE_SCALE,
        step=1,
        imf_function=function(row["imfFunction"]),
        mmf_function=function(row["mmfFunction"]),
    )


PATHS = ("/api/v1/order", "/api/v1/position", "/api/v1/capital/collateral", "/api/v1/market", "/api/v1/account/limits/order")


def told(name: str = "trading.json") -> Iterator[tuple[str, Any]]:
    """Answers of one recording about money and positions, in their order: path and body."""
    for row in json.loads(found(name).read_bytes()):
        path = row["url"].partition("?")[0]
        if row["status"] == 200 and path in PATHS:
            yield path, json.loads(row["body"])


def found(name: str) -> Path:
    """The recorded file of this name."""
    files = sorted(folder().rglob(name))
    assert files, f"no {name} below {folder()}"
    return files[0]


def fill_of(order: Row) -> Fill:
    quote = to_units(D(order["executedQuoteQuantity"]), QUOTE_SCALE)
    quantity = to_units(D(order["executedQuantity"]), QUANTITY_SCALE)
    fee = trading_fee(quote, TAKER_CBPS, 10 ** (QUOTE_SCALE - 6))
    return Fill(quantity=quantity if order["side"] == "Bid" else -quantity, quote=quote, fee=fee)


def seen() -> list[Seen]:
    """Every recorded position of the account."""
    rules: Contract | None = None
    position: Position | None = None
    equity = D(0)
    found: list[Seen] = []
    for path, body in told():
        if path == "/api/v1/market" and body["symbol"] == SYMBOL:
            rules = contract(body)
        elif path == "/api/v1/capital/collateral" and position is None:
            equity = D(body["netEquity"])
        elif path == "/api/v1/order" and rules and body["symbol"] == SYMBOL and D(body["executedQuantity"]):
            after = change(position, fill_of(body), new_id=int(body["id"]) + 1)
            position = after.position
            equity += sum(rules.amount(each.amount) for each in after.settlements)
        elif path == "/api/v1/position" and position and body and body[0]["subaccountId"] == SUBACCOUNT:
            found.append(Seen(body[0], position, equity))
    assert len(found) == 4, f"{len(found)} positions"
    return found


def test_positions_are_what_their_orders_made_of_them() -> None:
    for row, position, _ in seen():
        rules, mark = contract(row), D(row["markPrice"])
        exposure = Exposure(contract=rules, mark=mark, quantity=position.quantity)
        assert {
            "positionId": position.position_id,
            "netQuantity": rules.quantity(position.quantity),
            "netCost": rules.amount(position.net_cost),
            "entryPrice": entry_price(position, rules),
            "breakEvenPrice": break_even_price(position, rules),
            "pnlRealized": rules.amount(position.pnl_realized),
            "pnlUnrealized": pnl_unrealized(position, mark, rules),
            "cumulativeFundingPayment": rules.amount(position.funding),
            "netExposureQuantity": rules.quantity(exposure.exposed),
            "netExposureNotional": exposure.notional,
            "imf": fraction(rules.imf_function, exposure.notional),
            "mmf": fraction(rules.mmf_function, exposure.notional),
        } == {
            name: D(row[name])
            for name in (
                *("positionId", "netQuantity", "netCost", "entryPrice", "breakEvenPrice", "pnlRealized", "pnlUnrealized"),
                *("cumulativeFundingPayment", "netExposureQuantity", "netExposureNotional", "imf", "mmf"),
            )
        }


def test_estimated_liquidation_prices_follow_from_the_equity_that_orders_left() -> None:
    for row, position, equity in seen():
        rules, mark = contract(row), D(row["markPrice"])
        exposure = Exposure(contract=rules, mark=mark, quantity=position.quantity)
        net_equity = equity + pnl_unrealized(position, mark, rules)
        assert est_liquidation_price(net_equity, exposure) == D(row["estLiquidationPrice"]), row


def test_position_of_another_account_follows_from_its_one_order() -> None:
    rows = [body[0] for path, body in told() if path == "/api/v1/position" and body and body[0]["subaccountId"] != SUBACCOUNT]
    orders = {int(body["id"]): body for path, body in told() if path == "/api/v1/order"}
    assert rows
    for row in rows:
        rules, order = contract(row), orders[int(row["positionId"]) - 1]
        position = change(None, fill_of(order), new_id=int(order["id"]) + 1).position
        assert position is not None
        assert break_even_price(position, rules) == D(row["breakEvenPrice"])
        assert pnl_unrealized(position, D(row["markPrice"]), rules) == D(row["pnlUnrealized"])


FIGURES = {
    "assetsValue": "assets_value",
    "borrowLiability": "borrow_liability",
    "imf": "imf",
    "liabilitiesValue": "liabilities_value",
    "marginFraction": "margin_fraction",
    "mmf": "mmf",
    "netEquity": "net_equity",
    "netEquityAvailable": "net_equity_available",
    "netEquityLocked": "net_equity_locked",
    "netExposureFutures": "net_exposure_futures",
    "pnlUnrealized": "pnl_unrealized",
    "unsettledEquity": "unsettled_equity",
}

# The leverage limits that the accounts' own rows show, and 1 of a new account, by what the account showed.
LEVERAGE_LIMITS = {"0.05": D(20), "0.1": D(10), "1": D(1)}


def maintenance_of(year: str) -> Decimal:
    """What a flat account showed, from the perpetuals of that year."""
    if year == "2025":
        return flat_mmf(
            function(body["mmfFunction"]) for path, body in told() if path == "/api/v1/market" and body["mmfFunction"]
        )
    files = sorted(folder().rglob("markets.2026-09.json"))
    assert files, f"no markets below {folder()}"
    return flat_mmf(function(row["mmfFunction"]) for row in json.loads(files[0].read_bytes()) if row["mmfFunction"])


def test_figures_of_accounts_without_exposure_are_the_recorded_ones() -> None:
    rows = [body for name in ("trading.json", "rest.cassettes.json") for path, body in told(name) if path == PATHS[2]]
    assert len(rows) == 5
    for row in rows:
        account = Holdings(
            assets_value=D(row["assetsValue"]),
            unsettled_equity=D(row["unsettledEquity"]),
            borrow_liability=D(row["borrowLiability"]),
            leverage_limit=LEVERAGE_LIMITS[row["imf"]],
            flat_mmf=maintenance_of("2026" if row["imf"] == "1" else "2025"),
        )
        figures = account_margin(account, [])
        assert {name: getattr(figures, ours) for name, ours in FIGURES.items()} == {
            name: row[name] if row[name] is None else D(row[name]) for name in FIGURES
        }


def test_largest_orders_are_the_recorded_ones_and_one_more_step_was_refused() -> None:
    equity, rules, checked = D(0), None, 0
    for path, body in told():
        if path == "/api/v1/capital/collateral":
            equity = D(body["netEquityAvailable"])
        elif path == "/api/v1/market" and body["symbol"] == SYMBOL:
            rules = contract(body)
        elif path == "/api/v1/account/limits/order" and body["symbol"] == SYMBOL:
            assert rules is not None
            price = D(body["price"])
            account = Account(Holdings(assets_value=equity, leverage_limit=D(20)), Exposure(contract=rules, mark=price))
            largest = max_order_quantity(account, Side.BID, price)
            assert rules.quantity(largest) == D(body["maxOrderQuantity"])
            assert not is_allowed(account, Side.BID, largest + rules.step, price)
            checked += 1
    assert checked == 2


def snapshot() -> list[dict[str, str]]:
    with found("perp.mark_index_funding_oi.*.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def interest_of(row: dict[str, str]) -> Decimal:
    return INTEREST_OF_STOCKS if ".US_" in row["symbol"] else INTEREST


def test_rates_of_quiet_perpetuals_are_the_interest_alone() -> None:
    bounds = Bounds.of_bps(D(-150), D(150))
    quiet = at_this_moment = 0
    for row in snapshot():
        rate, interest = D(row["fundingRate"]), interest_of(row)
        index, mark = D(row["indexPrice"]), D(row["markPrice"])
        quiet += rate == funding_rate(interest, bounds, interest=interest)
        # The premium of the moment is not the mean of the hour; where it alone gives the rate, it does so to the last digit.
        at_this_moment += rate == funding_rate(over(minus(mark, index), index), bounds, interest=interest)
    assert (quiet, at_this_moment) == (49, 24)


def test_premiums_that_rates_imply_go_with_those_of_the_moment() -> None:
    """The mean over the hour is not published, so that all must be within half a percent, and most within 10 bps."""
    near = 0
    bounds = Bounds.of_bps(D(-150), D(150))
    rows = snapshot()
    for row in rows:
        index, mark, rate = D(row["indexPrice"]), D(row["markPrice"]), D(row["fundingRate"])
        premium = over(minus(mark, index), index)
        interest = interest_of(row)
        implied = interest if rate == interest / 8 else 8 * rate + (D("0.0005") if rate > interest / 8 else -D("0.0005"))
        assert abs(implied - premium) < D("0.005"), row
        assert abs(funding_rate(implied, bounds, interest=interest) - rate) <= D("1e-28"), row
        near += abs(implied - premium) < D("0.001")
    assert near >= 0.8 * len(rows)


def test_quiet_intervals_of_eight_hours_have_the_whole_interest() -> None:
    rates = [D(row["fundingRate"]) for row in json.loads(found("*fundingRates.8h*.json").read_bytes())]
    assert rates.count(funding_rate(D(0), Bounds.of_bps(D(-100), D(100)), hours=8)) == 14

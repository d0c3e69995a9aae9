"""What an account is worth: the figures that are recorded, to the last digit, and what they follow from."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from haversack.account.equity import AssetEquity, Disagreement, equity
from haversack.wire.borrow_lend import BorrowLendPosition
from haversack.wire.capital import Balance, Collateral, GetCollateral, MarginAccount
from haversack.wire.codec import decode
from haversack.wire.markets import MarginFunction
from wire.recorded import answers

D = Decimal
SQRT = msgspec.convert({"base": "0.02", "factor": "0.0001", "type": "sqrt"}, MarginFunction)


def recorded() -> list[MarginAccount]:
    bodies = [answer.body for answer in answers() if answer.operation is GetCollateral and answer.status == 200]
    assert len(bodies) >= 5
    return [decode(MarginAccount, body, what="collateral") for body in bodies]


def collateral(symbol: str = "SOL", **said: str) -> Collateral:
    values = {
        "asset_mark_price": "150",
        "available_quantity": "1",
        "balance_notional": "600",
        "collateral_value": "570.00",
        "collateral_weight": "0.95",
        "lend_quantity": "2",
        "open_order_quantity": "1",
        "total_quantity": "4",
    }
    return Collateral(symbol=symbol, **{name: D(value) for name, value in (values | said).items()})


def account(*rows: Collateral, **said: str | None) -> MarginAccount:
    values: dict[str, Any] = {
        "assets_value": "570",
        "borrow_liability": "100",
        "imf": "0.1",
        "liabilities_value": "105",
        "margin_fraction": "0.467",
        "mmf": "0.0125",
        "net_equity": "467",
        "net_equity_available": "417",
        "net_equity_locked": "50",
        "net_exposure_futures": "1000",
        "pnl_unrealized": "2",
        "unsettled_equity": "-5",
    }
    figures = {name: None if value is None else D(value) for name, value in (values | said).items()}
    return MarginAccount(collateral=list(rows or (collateral(),)), **figures)  # type: ignore[arg-type]


def loan(symbol: str, quantity: str, *, mark: str = "150") -> BorrowLendPosition:
    zero = D(0)
    return BorrowLendPosition(
        cumulative_interest=zero,
        position_id="1",
        imf=zero,
        imf_function=SQRT,
        mark_price=D(mark),
        mmf=zero,
        mmf_function=SQRT,
        net_exposure_notional=zero,
        net_exposure_quantity=zero,
        net_quantity=D(quantity),
        symbol=symbol,
    )


def test_every_recorded_answer_adds_up_to_the_last_digit() -> None:
    for each in recorded():
        view = equity(each)
        assert view.disagreements == ()
        total = view.collateral_value - view.borrow_liability + view.pnl_unrealized + view.unsettled_equity
        assert total == view.net_equity == each.net_equity
        assert sum(asset.collateral_value for asset in view.assets) == each.assets_value


def test_recorded_account_that_lends_everything_is_worth_what_it_lends() -> None:
    view = next(view for view in map(equity, recorded()) if [asset.asset for asset in view.assets] == ["SOL", "USDC"])
    sol = view.assets[0]
    assert (sol.available, sol.lent, sol.capital) == (D(0), D("0.0699307243"), D("0.0699307243"))
    assert sol.value - sol.collateral_value == sol.haircut == D("0.54827476619686478345")


def test_recorded_account_that_owes_fees_is_worth_less_by_them() -> None:
    view = next(view for view in map(equity, recorded()) if view.unsettled_equity)
    assert (view.collateral_value, view.unsettled_equity) == (D("0.5040235797"), D("-0.00906"))
    assert view.net_equity == D("0.4949635797")


def test_sound_figures_agree() -> None:
    assert equity(account()).disagreements == ()


WRONG: list[tuple[str, str | None]] = [
    ("assets_value", "571"),
    ("liabilities_value", "100"),
    ("net_equity", "472"),
    ("net_equity_available", "467"),
    ("margin_fraction", "0.5"),
    ("margin_fraction", None),
]


@pytest.mark.parametrize(("figure", "value"), WRONG)
def test_figure_of_the_account_that_does_not_follow_is_named(figure: str, value: str | None) -> None:
    assert figure in [each.figure for each in equity(account(**{figure: value})).disagreements]


@pytest.mark.parametrize(("figure", "value"), [("total_quantity", "3"), ("balance_notional", "601"), ("collateral_value", "600")])
def test_figure_of_an_asset_that_does_not_follow_is_named(figure: str, value: str) -> None:
    found = equity(account(collateral(**{figure: value}))).disagreements
    assert ("SOL", figure) in [(each.asset, each.figure) for each in found]


def test_disagreement_says_both_figures() -> None:
    assert equity(account(net_equity_available="400")).disagreements == (
        Disagreement(figure="net_equity_available", asset=None, stated=D(400), derived=D(417)),
    )


def test_quotient_is_compared_as_the_exchange_rounds_it() -> None:
    third = {"net_exposure_futures": "3", "net_equity": "1", "net_equity_available": "1", "net_equity_locked": "0"}
    rest = {
        "assets_value": "570",
        "borrow_liability": "0",
        "liabilities_value": "571",
        "pnl_unrealized": "2",
        "unsettled_equity": "-571",
    }
    assert equity(account(**third, **rest, margin_fraction="0.3333333333333333333333333333")).disagreements == ()


def test_product_of_more_digits_than_the_exchange_has_is_compared_after_rounding() -> None:
    row = collateral(
        available_quantity="0.123456789012345",
        open_order_quantity="0",
        lend_quantity="0",
        total_quantity="0.123456789012345",
        asset_mark_price="1.00000000000001",
        balance_notional="0.1234567890123462345678901234",
        collateral_weight="1",
        collateral_value="0.1234567890123462345678901234",
    )
    assert [each.figure for each in equity(account(row)).disagreements if each.asset] == []


@pytest.mark.parametrize(
    ("value", "agrees"),
    [
        # 0.7654321 * 0.123456789012345678901234567 has 34 digits; the exchange's numbers have 28, sometimes 29.
        ("0.0944977892729766789272976672", True),
        ("0.0944977892729766789272976671", True),
        ("0.0944977892729766789272976679", False),
        ("0.094497789272976", False),
    ],
)
def test_digits_that_do_not_fit_are_not_compared(value: str, *, agrees: bool) -> None:
    row = collateral(
        available_quantity="0.7654321",
        open_order_quantity="0",
        lend_quantity="0",
        total_quantity="0.7654321",
        asset_mark_price="0.123456789012345678901234567",
        balance_notional=value,
        collateral_weight="1",
        collateral_value=value,
    )
    assert ([each.figure for each in equity(account(row)).disagreements if each.asset] == []) is agrees


def test_borrowed_amounts_stand_beside_the_liability_and_are_not_judged() -> None:
    view = equity(account(), None, [loan("SOL", "-0.5"), loan("USDC", "-25", mark="1"), loan("BTC", "3", mark="90000")])
    assert (view.borrow_liability, view.borrowed_value) == (D(100), D(100))
    assert {asset.asset: asset.borrowed for asset in view.assets} == {"SOL": D("0.5"), "USDC": 25, "BTC": 0}
    assert equity(account()).borrowed_value is None
    assert equity(account(), None, [loan("SOL", "-9")]).disagreements == ()


def test_staked_amounts_are_shown_and_in_no_sum() -> None:
    view = equity(
        account(),
        {"SOL": Balance(available=D(1), locked=D(1), staked=D(7)), "OLD": Balance(available=D(0), locked=D(0), staked=D(0))},
    )
    (sol,) = view.assets
    assert isinstance(sol, AssetEquity)
    assert (sol.staked, sol.capital, view.capital_value) == (D(7), D(4), D(600))

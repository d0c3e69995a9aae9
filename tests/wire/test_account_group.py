"""The account's settings and limits, and what an asset counts for as collateral, as they cross the network."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from haversack.errors import UsageError
from haversack.wire.account import (
    GetMaxBorrowQuantity,
    GetMaxOrderQuantity,
    GetMaxWithdrawalQuantity,
    MaxBorrow,
    MaxOrder,
    MaxWithdrawal,
    UpdateAccount,
)
from haversack.wire.assets import CollateralParameters, GetCollateralParameters, HaircutKind
from haversack.wire.codec import decode, encode
from haversack.wire.enums import Blockchain
from haversack.wire.system import GetWallets, Wallet
from recordings import folder
from wire import recorded
from wire.as_sent import AsSent, as_sent

SQRT = b'{"base":"0.2","factor":"0.00017","type":"sqrt"}'


def parameters_with(curve: bytes) -> bytes:
    haircut = b'{"kind":%s,"weight":"0.98"}' % curve
    return b'{"haircutFunction":%s,"imfFunction":%s,"mmfFunction":%s,"symbol":"LINK"}' % (haircut, SQRT, SQRT)


IDENTITY = parameters_with(b'{"type":"identity"}')
INVERSE_SQRT = parameters_with(b'{"base":"0.85","positiveCurvePenalty":"0.0021","type":"inverseSqrt"}')
MAX_ORDER = (
    b'{"autoBorrow":null,"autoBorrowRepay":null,"autoLendRedeem":true,"maxOrderQuantity":"0.07","price":null,'
    b'"reduceOnly":false,"side":"Ask","symbol":"ETH_USDC"}'
)

BODIES = [
    (MaxBorrow, b'{"maxBorrowQuantity":"12.5","symbol":"SOL"}'),
    (MaxOrder, MAX_ORDER),
    (MaxWithdrawal, b'{"autoBorrow":true,"autoLendRedeem":null,"maxWithdrawalQuantity":"3.25","symbol":"BTC"}'),
    (CollateralParameters, IDENTITY),
    (CollateralParameters, INVERSE_SQRT),
    (Wallet, b'{"address":"9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin","blockchain":"Solana"}'),
]


@pytest.mark.parametrize(("kind", "body"), BODIES, ids=lambda value: getattr(value, "__name__", ""))
def test_body_comes_back_byte_for_byte(kind: type[object], body: bytes) -> None:
    assert encode(decode(kind, body, what="an answer")) == body


def test_recorded_limits_come_back_byte_for_byte() -> None:
    limits = json.loads((folder() / "recorded/cyberdelta/account.limits.json").read_text())
    kinds: dict[str, type[Any]] = {"limits/borrow": MaxBorrow, "limits/order": MaxOrder, "limits/withdrawal": MaxWithdrawal}
    assert set(limits) == set(kinds)
    for name, content in limits.items():
        body = json.dumps(content, separators=(",", ":")).encode()
        assert encode(decode(kinds[name], body, what=name)) == body


def test_recorded_collateral_parameters_come_back_byte_for_byte() -> None:
    rows = recorded.rows("recorded/cyberdelta/collateral.parameters.json")
    read: list[CollateralParameters] = [decode(CollateralParameters, row, what="parameters") for row in rows]
    assert [encode(one) for one in read] == rows
    assert {one.haircut_function.kind.type for one in read} == set(HaircutKind)


def test_change_of_settings_sends_what_is_given_and_false_is_given() -> None:
    assert as_sent(UpdateAccount(auto_lend=False, leverage_limit=Decimal("7.50"))) == AsSent(
        "PATCH /api/v1/account",
        '{"autoLend":false,"leverageLimit":"7.50"}',
        "instruction=accountUpdate&autoLend=false&leverageLimit=7.50",
    )


def test_every_setting_has_its_wire_name() -> None:
    every = UpdateAccount(auto_borrow_settlements=True, auto_lend=True, auto_repay_borrows=False, leverage_limit=5)
    assert as_sent(every).body == ('{"autoBorrowSettlements":true,"autoLend":true,"autoRepayBorrows":false,"leverageLimit":"5"}')


def test_leverage_is_no_float() -> None:
    with pytest.raises(UsageError, match="leverage_limit"):
        as_sent(UpdateAccount(leverage_limit=7.5))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_borrow_limit_is_asked_by_asset() -> None:
    assert as_sent(GetMaxBorrowQuantity("SOL")) == AsSent(
        "GET /api/v1/account/limits/borrow?symbol=SOL", None, "instruction=maxBorrowQuantity&symbol=SOL"
    )


def test_order_limit_is_asked_by_market_and_side() -> None:
    assert as_sent(GetMaxOrderQuantity("ETH_USDC_PERP", side="Bid", price="2500.5", reduce_only=True)) == AsSent(
        "GET /api/v1/account/limits/order?price=2500.5&reduceOnly=true&side=Bid&symbol=ETH_USDC_PERP",
        None,
        "instruction=maxOrderQuantity&price=2500.5&reduceOnly=true&side=Bid&symbol=ETH_USDC_PERP",
    )


def test_order_limit_can_count_what_would_be_borrowed() -> None:
    asked = GetMaxOrderQuantity("SOL_USDC", side="Ask", auto_borrow=True, auto_borrow_repay=False, auto_lend_redeem=True)
    assert as_sent(asked).line == (
        "GET /api/v1/account/limits/order?autoBorrow=true&autoBorrowRepay=false&autoLendRedeem=true&side=Ask&symbol=SOL_USDC"
    )


def test_withdrawal_limit_is_asked_by_asset() -> None:
    assert as_sent(GetMaxWithdrawalQuantity("BTC", auto_borrow=False, auto_lend_redeem=True)) == AsSent(
        "GET /api/v1/account/limits/withdrawal?autoBorrow=false&autoLendRedeem=true&symbol=BTC",
        None,
        "instruction=maxWithdrawalQuantity&autoBorrow=false&autoLendRedeem=true&symbol=BTC",
    )


def test_collateral_parameters_and_wallets_are_public() -> None:
    assert as_sent(GetCollateralParameters()) == AsSent("GET /api/v1/collateral", None, None)
    assert as_sent(GetWallets()) == AsSent("GET /api/v1/wallets", None, None)


def test_haircut_of_a_new_kind_is_read_with_its_word() -> None:
    read: CollateralParameters = decode(CollateralParameters, parameters_with(b'{"steps":[],"type":"stepped"}'), what="it")
    assert read.haircut_function.kind.type == "stepped"
    assert not read.haircut_function.kind.type.is_known


def test_haircut_curve_has_its_figures() -> None:
    read: CollateralParameters = decode(CollateralParameters, INVERSE_SQRT, what="it")
    curve = read.haircut_function.kind
    assert (curve.type, curve.base, curve.positive_curve_penalty) == (
        HaircutKind.INVERSE_SQRT, Decimal("0.85"), Decimal("0.0021"),
    )  # fmt: skip
    assert read.imf_function.factor == Decimal("0.00017")


def test_wallet_names_its_network() -> None:
    read: Wallet = decode(Wallet, b'{"address":"bc1q0","blockchain":"Bitcoin"}', what="a wallet")
    assert read.blockchain is Blockchain.BITCOIN

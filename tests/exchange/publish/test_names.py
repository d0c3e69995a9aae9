"""Which streams there are, and what the others are told."""

from __future__ import annotations

import pytest

from exchange.facts import LISTING
from haversack.exchange.publish.names import StreamVerdict, is_private, valid_stream
from haversack.wire.enums import KlineInterval

OK, SILENT = StreamVerdict.OK, StreamVerdict.SILENT
INVALID, INVALID_WINDOW = StreamVerdict.INVALID_STREAM, StreamVerdict.INVALID_DEPTH_WINDOW


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("depth.SOL_USDC", OK),
        ("depth.200ms.SOL_USDC", OK),
        ("depth.600ms.SOL_USDC", OK),
        ("depth.1000ms.SOL_USDC", OK),
        ("depth.100ms.SOL_USDC", INVALID_WINDOW),
        ("depth.0200ms.SOL_USDC", INVALID_WINDOW),
        ("depth.100ms.NO_SUCH", INVALID_WINDOW),
        ("depth.200ms.NO_SUCH", SILENT),
        ("depth.5.SOL_USDC", SILENT),
        ("depth.xms.SOL_USDC", SILENT),
        ("depth.٢ms.SOL_USDC", SILENT),
        ("depth.ms.SOL_USDC", SILENT),
        ("depth.200ms", SILENT),
        ("depth", SILENT),
        ("bookTicker.SOL_USDC", OK),
        ("trade.SOL_USDC_PERP", OK),
        ("ticker.NO_SUCH", SILENT),
        ("markPrice.SOL_USDC_PERP", OK),
        ("markPrice.SOL_USDC", SILENT),
        ("kline.1m.SOL_USDC", OK),
        ("kline.1month.NO_SUCH", SILENT),
        ("kline.7m.SOL_USDC", INVALID),
        ("openInterest.SOL_USDC_PERP", OK),
        ("openInterest.SOL_USDC", SILENT),
        ("liquidation.SOL_USDC_PERP", OK),
        ("liquidation.SOL_USDC", SILENT),
        ("liquidation", OK),
        ("account.orderUpdate", OK),
        ("account.orderUpdate.SOL_USDC", OK),
        ("account.orderUpdate.NO_SUCH", SILENT),
        ("account.balanceUpdate", OK),
        ("account.balanceUpdate.SOL_USDC", SILENT),
        ("account.positionUpdate", OK),
        ("account.positionUpdate.SOL_USDC_PERP", OK),
        ("account.positionUpdate.NO_SUCH", SILENT),
        ("account.rfqUpdate", OK),
        ("account.rfqUpdate.SOL_USDC_RFQ", OK),
        ("account.rfqUpdate.SOL_USDC", SILENT),
        ("account.nothing", INVALID),
        ("account", INVALID),
        ("nothing.SOL_USDC", INVALID),
        ("Depth.SOL_USDC", INVALID),
        ("", INVALID),
    ],
)
def test_verdict(name: str, verdict: StreamVerdict) -> None:
    assert valid_stream(name, LISTING) is verdict


@pytest.mark.parametrize("interval", KlineInterval)
def test_every_interval_has_a_stream(interval: KlineInterval) -> None:
    assert valid_stream(f"kline.{interval.value}.SOL_USDC", LISTING) is OK


def test_errors_have_the_codes_that_were_observed() -> None:
    errors = [(verdict.error.code, verdict.error.message) for verdict in StreamVerdict if verdict.error]
    assert errors == [(4006, "Invalid stream"), (4008, "Invalid depth window")]


def test_only_account_streams_are_private() -> None:
    assert is_private("account.balanceUpdate")
    assert not is_private("depth.SOL_USDC")

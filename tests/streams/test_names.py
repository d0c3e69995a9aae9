"""What the name of a stream tells before anything has come by it."""

import pytest

from haversack.streams.names import family_of, is_documented, is_windowed, symbol_of

DOCUMENTED = [
    *("depth.SOL_USDC", "depth.200ms.SOL_USDC", "depth.600ms.SOL_USDC", "depth.1000ms.SOL_USDC", "depth.MU.US_USDC"),
    *("kline.1s.SOL_USDC", "kline.1month.SOL_USDC", "kline.1m.MU.US_USDC", "trade.SOL_USDC", "bookTicker.SOL_USDC"),
    *("ticker.SOL_USDC", "markPrice.SOL_USDC_PERP", "openInterest.SOL_USDC_PERP", "liquidation", "liquidation.SOL_USDC_PERP"),
    *("externalTicker.MSFT.US_USDC", "stockPrice.AAPL", "stockPrice.BRK.B", "stockIndicativeQuote.NVDA"),
    *("account.orderUpdate", "account.orderUpdate.SOL_USDC", "account.positionUpdate", "account.positionUpdate.SOL_USDC_PERP"),
    *("account.rfqUpdate", "account.rfqUpdate.AAPL.US_USDC_RFQ", "account.balanceUpdate"),
]
UNDOCUMENTED = [
    "depth.50ms.SOL_USDC",
    "depth.0ms.MU.US_USDC",
    "kline.7m.SOL_USDC",
    "kline.SOL_USDC",
    "account.fill",
    "funding.A",
    "",
]


@pytest.mark.parametrize("stream", DOCUMENTED)
def test_name_in_a_documented_form_is_known(stream: str) -> None:
    assert is_documented(stream)


@pytest.mark.parametrize("stream", UNDOCUMENTED)
def test_kind_window_or_interval_that_is_not_documented_is_not_known(stream: str) -> None:
    assert not is_documented(stream)


@pytest.mark.parametrize("stream", ["depth.200ms.SOL_USDC", "depth.50ms.SOL_USDC", "depth.600ms.MU.US_USDC"])
def test_depth_with_milliseconds_is_gathered_over_them(stream: str) -> None:
    assert is_windowed(stream)


@pytest.mark.parametrize("stream", ["depth.SOL_USDC", "depth.MU.US_USDC", "depth.5.SOL_USDC", "kline.200ms.SOL_USDC"])
def test_point_in_a_symbol_makes_no_window(stream: str) -> None:
    assert not is_windowed(stream)


PARTS = [
    ("depth.SOL_USDC", "depth", "SOL_USDC"),
    ("depth.200ms.MU.US_USDC", "depth.200ms", "MU.US_USDC"),
    ("kline.1m.SOL_USDC", "kline.1m", "SOL_USDC"),
    ("trade.MU.US_USDC", "trade", "MU.US_USDC"),
    ("account.orderUpdate.SOL_USDC", "account.orderUpdate", "SOL_USDC"),
    ("account.orderUpdate", "account.orderUpdate", ""),
    ("liquidation", "liquidation", ""),
    ("kline", "kline", ""),
]


@pytest.mark.parametrize(("stream", "family", "symbol"), PARTS)
def test_name_is_a_family_and_a_symbol(stream: str, family: str, symbol: str) -> None:
    assert (family_of(stream), symbol_of(stream)) == (family, symbol)

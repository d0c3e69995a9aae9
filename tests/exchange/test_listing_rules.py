# ruff: noqa: E501  # a row of the table stands in one piece
"""What is wrong in a listing file is told by its key, what was found and what is wanted."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from haversack.errors import UsageError
from haversack.exchange.listing import Listing
from haversack.wire.enums import OrderBookState

OWN = files("haversack.exchange").joinpath("data/listing.toml").read_text(encoding="utf-8")
SOL = OWN[OWN.index('[[markets]]\nsymbol = "SOL_USDC"\n') :]
SOL = SOL[: SOL.index("\n\n")]
GIVEN = OWN[: OWN.index("[[markets]]")] + SOL


def load(folder: Path, text: str) -> Listing:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return Listing.load(path)


def test_file_of_one_market_is_a_listing(tmp_path: Path) -> None:
    listing = load(tmp_path, GIVEN)
    assert list(listing.markets) == ["SOL_USDC"]
    assert listing.markets["SOL_USDC"] == Listing.load().markets["SOL_USDC"]


@pytest.mark.parametrize(
    ("found", "written", "text"),
    [
        ("tickSize =", "tickSze =", "missing required field `tickSize` - at `$.markets[0].filters.price`"),
        ('tickSize = "0.01"', "tickSize = true", "Expected `decimal`, got `bool` - at `$.markets[0].filters.price.tickSize`"),
        ("maxImpactMultiplier =", "maxImpctMultiplier =", "markets[0].filters.price.maxImpctMultiplier is no key of a listing: wanted one of borrowEntry"),
        ('tickSize = "0.01"', 'tickSize = "0"', "market SOL_USDC: filters.price.tickSize is 0, wanted more than 0"),
        ('stepSize = "0.01"', 'stepSize = "-1"', "market SOL_USDC: filters.quantity.stepSize is -1, wanted more than 0"),
        ('minQuantity = "0.01"', 'minQuantity = "0.015"', "filters.quantity.minQuantity is 0.015, wanted a multiple of stepSize 0.01"),
        ('stepSize = "0.01"', 'stepSize = "0.01"\nmaxQuantity = "0"', "filters.quantity.maxQuantity is 0, wanted at least minQuantity 0.01"),
        ('minPrice = "0.01"', 'minPrice = "5"\nmaxPrice = "4"', "filters.price.maxPrice is 4, wanted at least minPrice 5"),
        ('maxImpactMultiplier = "1.01"', 'maxImpactMultiplier = "0.9"', "filters.price.maxImpactMultiplier is 0.9, wanted at least 1"),
        ('minMultiplier = "0.25"', 'minMultiplier = "1.5"', "filters.price.minMultiplier is 1.5, wanted a number from 0 to 1"),
        ('minMultiplier = "0.97"', 'minMultiplier = "-1"', "meanMarkPriceBand.minMultiplier is -1, wanted a number from 0 to 1"),
        ('openingPrice = "100.67"', 'openingPrice = "100.675"', "openingPrice is 100.675, wanted a multiple of tickSize 0.01"),
        ('openingPrice = "100.67"', 'openingPrice = "0"', "openingPrice is 0, wanted a price from minPrice 0.01 to maxPrice any"),
        ('openingPrice = "100.67"', "", "openingPrice is missing, wanted where trading starts"),
        ('quoteSymbol = "USDC"', 'quoteSymbol = "EUR"', "quoteSymbol is 'EUR', wanted a listed asset: ETH, USDC"),
        ('baseSymbol = "SOL"', 'baseSymbol = "GOLD"', "baseSymbol is 'GOLD', wanted a listed asset: ETH, USDC"),
        ('marketType = "SPOT"', 'marketType = "Spot"', "marketType is 'Spot', wanted one of SPOT, PERP"),
        ('orderBookState = "Open"', 'orderBookState = "open"', "orderBookState is 'open', wanted one of Open, Closed"),
        ('tickSize = "0.01"', 'tickSize = "0.00000000001"', "scales 10 (base) and 10 (quote), wanted at least 2 and 13"),
        ('symbol = "HNT"', 'symbol = "BTC"', "assets: symbol 'BTC' is listed 2 times, wanted once"),
        ('USDC = "100000"', 'GOLD = "100000"', "asset 'GOLD' is not listed: the listing has ETH, USDC"),
    ],
)  # fmt: skip
def test_mistake_is_told_by_its_key(tmp_path: Path, found: str, written: str, text: str) -> None:
    place = GIVEN.rindex(found) if found in SOL else GIVEN.index(found)
    with pytest.raises(UsageError) as caught:
        load(tmp_path, GIVEN[:place] + GIVEN[place:].replace(found, written, 1))
    assert text in str(caught.value)
    assert f"the listing {tmp_path / 'mine.toml'}" in str(caught.value)


def test_same_market_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="markets: symbol 'SOL_USDC' is listed 2 times, wanted once"):
        load(tmp_path, GIVEN + "\n\n" + SOL)


def test_closed_market_may_do_without_an_opening_price_and_a_perpetual_without_its_base_asset() -> None:
    listing = Listing.load()
    assert listing.markets["HNT_USDC"].order_book_state is OrderBookState.CLOSED
    assert "HNT_USDC" not in listing.opening_prices
    assert "kPEPE" not in listing.asset_scales
    assert listing.rules["kPEPE_USDC_PERP"].is_perpetual


POOL = """
[[borrowLend]]
symbol = "SOL"
borrowedQuantity = "1"
fee = "0.15"
lentQuantity = "10"
maxUtilization = "1"
openBorrowLendLimit = "100"
optimalUtilization = "0.7"
optimalRate = "0.04"
stepSize = "0.0000000001"
throttleUpdateFraction = "0.1"
throttleUtilizationThreshold = "0.85"
"""
BEFORE_POOLS = OWN[: OWN.index("# Pools to borrow")] + SOL


def test_pools_are_not_needed(tmp_path: Path) -> None:
    assert load(tmp_path, BEFORE_POOLS).pools == []
    assert [pool.asset for pool in load(tmp_path, BEFORE_POOLS + POOL).pools] == ["SOL"]


def test_pool_of_an_asset_without_a_market_is_left_out(tmp_path: Path) -> None:
    assert [pool.asset for pool in load(tmp_path, GIVEN).pools] == ["USDC", "SOL"]


@pytest.mark.parametrize(
    ("found", "written", "text"),
    [
        ('symbol = "SOL"', 'symbol = "GOLD"', "borrowLend GOLD: symbol is 'GOLD', wanted a listed asset: ETH, USDC"),
        ('symbol = "SOL"', 'symbol = "WIF"', "borrowLend WIF: it is not among the collateral, wanted its margin functions"),
        ('lentQuantity = "10"', 'lentQuantity = "0.5"', "borrowedQuantity is 1, wanted at most lentQuantity 0.5"),
        ('fee = "0.15"', 'fee = "1.5"', "fee is 1.5, wanted a number from 0 to 1"),
        ('"0.85"', '"-1"', "throttleUtilizationThreshold is -1, wanted a number from 0 to 1"),
        ('optimalUtilization = "0.7"', 'optimalUtilization = "1"', "optimalUtilization is 1, wanted a number between 0 and 1"),
        ('"0.0000000001"', '"0"', "stepSize is 0, wanted more than 0 and at most 10 decimals"),
        ('"0.0000000001"', '"0.00000000001"', "stepSize is 1E-11, wanted more than 0 and at most 10 decimals"),
        (
            'borrowedQuantity = "1"',
            'borrowedQuantity = "-1"',
            "borrowedQuantity is -1, wanted at least 0 and at most 10 decimals",
        ),
        ('fee = "0.15"', 'fee = "0.15"\nstate = "Shut"', "state is 'Shut', wanted one of Open, Closed, RepayOnly"),
        ('fee = "0.15"', 'fee = "0.15"\nfees = "1"', "borrowLend[0].fees is no key of a listing"),
    ],
)
def test_mistake_in_a_pool_is_told(tmp_path: Path, found: str, written: str, text: str) -> None:
    assert POOL.count(found) == 1
    with pytest.raises(UsageError) as told:
        load(tmp_path, BEFORE_POOLS + POOL.replace(found, written))
    assert text in str(told.value)


def test_pool_listed_twice_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="borrowLend: symbol 'SOL' is listed 2 times, wanted once"):
        load(tmp_path, BEFORE_POOLS + POOL + POOL)

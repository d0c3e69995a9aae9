"""What a listing may say of prediction markets, and what becomes of an answer that it knows beforehand."""

from __future__ import annotations

from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pytest

from haversack.clock import ManualClock
from haversack.errors import UsageError
from haversack.exchange.engine.predictions.predictions import Predictions
from haversack.exchange.listing import Listing
from haversack.exchange.venue import new_engine
from haversack.local import LocalExchange
from haversack.units import from_time_us

OWN = files("haversack.exchange").joinpath("data/listing.toml").read_text(encoding="utf-8")
SYMBOL = "SOL200_USDC_PREDICTION"
MARKET = OWN.index(f'symbol = "{SYMBOL}"\nbaseSymbol')


def written(path: Path, found: str, replaced: str, *, after: int = 0) -> Path:
    """The package's listing with one thing changed, the first of its kind from a place on."""
    assert found in OWN[after:], f"{found} is not in the listing"
    listing = path / "listing.toml"
    listing.write_text(OWN[:after] + OWN[after:].replace(found, replaced, 1), encoding="utf-8")
    return listing


@pytest.mark.parametrize(
    ("found", "replaced", "refusal"),
    [
        ('minPrice = "0.01"', 'minPrice = "0"', "minPrice is 0, wanted more than 0 in a prediction market"),
        ('maxPrice = "0.99"', 'maxPrice = "1"', "maxPrice is 1, wanted less than 1 in a prediction market"),
        ('tickSize = "0.01"', 'tickSize = "0.03"', "tickSize is 0.03, wanted a part of 1 in a prediction market"),
        ('openingPrice = "0.58"', 'openingPrice = "1.2"', "openingPrice is 1.2, wanted a price from minPrice"),
        ("resolutionDelaySecs = 600", "resolutionDelaySecs = 604801", "resolutionDelaySecs is 604801, wanted 0 to 604800"),
        ('startDate = "2026', 'startDate = "20x6', "startDate is '20x6-09-01T12:00:00', wanted a time such as"),
        ('endDate = "2027-06-30T18:00:00"', 'endDate = "2027-06-30T18:00:00Z"', "wanted a time without a zone: it is UTC"),
        ('resolutionSource = "binance"', 'resolutionSource = "crystal"', "resolutionSource is 'crystal', wanted one of binance"),
        ('recurrence = "monthly"', 'recurrence = "never"', "recurrence is 'never', wanted one of minutely"),
        (f'marketSymbol = "{SYMBOL}"', 'marketSymbol = "SOL_USDC"', "wanted a listed market of the type PREDICTION"),
        (f'marketSymbol = "{SYMBOL}"', 'marketSymbol = "CUPALDER_USDC_PREDICTION"', "is asked about by another event too"),
        ('slug = "sol-above-200-2027"', 'slug = "orchard-cup-2027"', "'orchard-cup-2027' is listed twice, wanted once"),
        ('question = "Will SOL', 'plannedResolution = true\nquestion = "Will SOL', "wanted both or neither"),
    ],
)
def test_listing_that_contradicts_itself_is_refused(tmp_path: Path, found: str, replaced: str, refusal: str) -> None:
    with pytest.raises(UsageError, match=refusal):
        Listing.load(written(tmp_path, found, replaced, after=MARKET))


def test_listing_without_predictions_has_none_and_an_engine(tmp_path: Path) -> None:
    start, end = OWN.index("# Prediction markets. Their names"), OWN.index("# What the prediction markets ask")
    listing = tmp_path / "listing.toml"
    listing.write_text(OWN[:start] + OWN[end:].partition("[[predictions]]")[0], encoding="utf-8")
    loaded = Listing.load(listing)
    assert (list(loaded.predictions), [symbol for symbol in loaded.markets if "PREDICTION" in symbol]) == ([], [])
    assert new_engine(loaded).facility(Predictions).next_due_us() is None


async def test_answer_that_the_listing_knows_is_given_in_time(tmp_path: Path) -> None:
    clock = ManualClock()
    at = f"{from_time_us(clock.now_us()):%Y-%m-%dT%H:%M:%S}"
    planned = f'plannedResolution = false\nplannedAt = "{at}"\nquestion = "Will SOL'
    listing = written(tmp_path, 'question = "Will SOL', planned, after=MARKET)
    async with LocalExchange(crowd=False, clock=clock, listing_path=listing) as exchange, exchange.client() as client:
        await exchange.advance(s=1)
        (proposed,) = (await client.predictions.events(symbol=SYMBOL))[0].prediction_markets
        await exchange.advance(s=600)
        (resolved,) = (await client.predictions.events(symbol=SYMBOL))[0].prediction_markets
    assert (proposed.proposed_resolution, proposed.resolution_price) == (False, None)
    assert (resolved.proposed_resolution, resolved.resolution_price) == (False, Decimal(0))

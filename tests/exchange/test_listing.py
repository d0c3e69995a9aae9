"""A listing that a user wrote is read, or refused with a word about what is wrong; never believed and never endless."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from haversack.errors import UsageError
from haversack.exchange.listing import Listing

OWN = files("haversack.exchange").joinpath("data/listing.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("found", "written"),
    [
        ("scale = 9", "scale = 99999999999"),
        ("scale = 9", "scale = -1"),
        ('openingPrice = "', 'openingPrice = "1e999999999'),
        ('tickSize = "0.01"', 'tickSize = "NaN"'),
        ("[[markets]]", "x = " + "[" * 2_000 + "]" * 2_000 + "\n[[markets]]"),
        ("[[markets]]", "\0"),
    ],
)
def test_listing_with_an_impossible_number_is_refused(tmp_path: Path, found: str, written: str) -> None:
    assert found in OWN
    path = tmp_path / "listing.toml"
    path.write_text(OWN.replace(found, written, 1), encoding="utf-8")
    with pytest.raises(UsageError, match="is not in the form of exchange/data/listing"):
        Listing.load(path)

"""Vaults of a listing: what is wrong in them is told by its key, and a listing may do without them."""

from __future__ import annotations

from pathlib import Path

import pytest

from exchange.test_listing_rules import GIVEN, OWN
from haversack.errors import UsageError
from haversack.exchange.listing import Listing
from haversack.exchange.venue import new_engine

VAULT = OWN[OWN.index("[[vaults]]") :].partition("\n\n")[0]


def load(folder: Path, vaults: str) -> Listing:
    path = folder / "mine.toml"
    path.write_text(f"{GIVEN}\n\n{vaults}\n", encoding="utf-8")
    return Listing.load(path)


def test_listing_without_vaults_has_none_and_an_engine(tmp_path: Path) -> None:
    listing = load(tmp_path, "")
    assert dict(listing.vaults) == {}
    assert new_engine(listing).facilities_due_us() is None


def test_vault_has_its_rules(tmp_path: Path) -> None:
    (rules,) = load(tmp_path, VAULT.replace('navPerYear = "0.08"', 'navPerYear = "-0.5"\nopeningNav = "2.5"')).vault_rules()
    assert (rules.opening_nav_e12, rules.growth.numerator / rules.growth.denominator) == (25 * 10**11, -0.5)
    assert (rules.token_step, rules.mint_min, rules.redeem_min) == (10**6, 10 * 10**10, 10**8)
    assert (rules.redeem_delay_us, rules.crank_us, rules.twap_us) == (3_600 * 10**6, 3_600 * 10**6, 86_400 * 10**6)
    assert rules.tokens_for(25 * 10**10, rules.opening_nav_e12) == 10 * 10**8
    assert rules.worth(10 * 10**8, rules.opening_nav_e12) == 25 * 10**10


@pytest.mark.parametrize(
    ("found", "written", "text"),
    [
        ('symbol = "USDC"', 'symbol = "EUR"', "vault 1: symbol is 'EUR', wanted a listed asset: ETH, USDC"),
        ('vaultToken = "VLT"', 'vaultToken = "GOLD"', "vault 1: vaultToken is 'GOLD', wanted a listed asset: ETH, USDC"),
        ('vaultToken = "VLT"', 'vaultToken = "USDC"', "vault 1: vaultToken is 'USDC', wanted another asset than symbol"),
        ("id = 1", "id = -1", "vault -1: id is -1, wanted 0 to 4294967295"),
        ('tokenStepSize = "0.01"', 'tokenStepSize = "0"', "tokenStepSize is 0, wanted more than 0, with at most 8 decimals"),
        ('tokenStepSize = "0.01"', 'tokenStepSize = "1e-9"', "tokenStepSize is 1E-9, wanted more than 0, with at most 8 dec"),
        ('minMintQuantity = "10"', 'minMintQuantity = "-1"', "minMintQuantity is -1, wanted 0 or more, with at most 10 dec"),
        ('minRedeemTokens = "1"', 'minRedeemTokens = "-1"', "minRedeemTokens is -1, wanted 0 or more, with at most 8 decimals"),
        ('remainingMintQuantity = "', 'remainingMintQuantity = "-', "remainingMintQuantity is -10000000, wanted 0 or more"),
        ('navPerYear = "0.08"', 'navPerYear = "1001"', "navPerYear is 1001, wanted -1000 to 1000"),
        ('navPerYear = "0.08"', 'openingNav = "0"', "openingNav is 0, wanted more than 0, with at most 12 decimals"),
        ("redeemDelayMs = 3600000", "redeemDelayMs = -1", "redeemDelayMs is -1, wanted 0 or more"),
        ('navPerYear = "0.08"', "crankMs = 999", "crankMs is 999, wanted 1000 or more"),
        ('navPerYear = "0.08"', "twapMs = 3599999", "twapMs is 3599999, wanted at least crankMs"),
        ('navPerYear = "0.08"', "twapMs = 36000000000", "twapMs is 36000000000, wanted at least crankMs, and less than 10000"),
        ("mintsEnabled = true\n", "", "missing required field `mintsEnabled` - at `$.vaults[0]`"),
        ("mintsEnabled = true\n", "mintEnabled = true\nmintsEnabled = true\n", "vaults[0].mintEnabled is no key of a listing"),
    ],
)
def test_mistake_is_told_by_its_key(tmp_path: Path, found: str, written: str, text: str) -> None:
    assert found in VAULT
    with pytest.raises(UsageError) as caught:
        load(tmp_path, VAULT.replace(found, written))
    assert text in str(caught.value)


def test_two_vaults_share_neither_id_nor_token(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="vault 1: 1 is another vault's too"):
        load(tmp_path, f"{VAULT}\n\n{VAULT}")
    with pytest.raises(UsageError, match="vault 2: 'VLT' is another vault's too"):
        load(tmp_path, f"{VAULT}\n\n{VAULT.replace('id = 1', 'id = 2')}")

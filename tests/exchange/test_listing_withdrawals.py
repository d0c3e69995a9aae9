"""What a listing says of withdrawals: mistakes are told, and without a word nothing leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from exchange.test_listing_rules import GIVEN
from haversack.errors import UsageError
from haversack.exchange.listing import Listing

OURS = '[withdrawals]\ntwoFactorToken = "1"\n'


def load(folder: Path, text: str) -> Listing:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return Listing.load(path)


def test_listing_without_a_word_lets_nothing_out(tmp_path: Path) -> None:
    assert load(tmp_path, GIVEN).withdrawal_rules() is None


def test_rules_are_those_of_the_assets_networks(tmp_path: Path) -> None:
    rules = load(tmp_path, f'{GIVEN}\n\n{OURS}addresses = ["home"]\n').withdrawal_rules()
    assert rules is not None
    assert (rules.confirm_us, rules.addresses) == (60 * 10**6, frozenset({"home"}))
    network = rules.networks["USDC", "Ethereum"]
    assert (network.is_enabled, network.least, network.most, network.fee) == (True, 6 * 10**10, None, 3 * 10**10)
    assert ("USDC", "Bitcoin") not in rules.networks


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (OURS + "confirmMs = -1\n", "withdrawals: confirmMs is -1, wanted 0 or more"),
        ('[withdrawals]\ntwoFactorToken = ""\n', "withdrawals: twoFactorToken is empty, wanted the code that is right"),
        (OURS + 'addresses = ["a", ""]\n', "withdrawals: addresses holds an empty one"),
        ("[withdrawals]\nconfirmMs = 5\n", "missing required field `twoFactorToken` - at `$.withdrawals`"),
        (OURS + "adresses = []\n", "withdrawals.adresses is no key of a listing"),
    ],
)
def test_mistake_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, f"{GIVEN}\n\n{text}")
    assert told in str(caught.value)


def test_fee_below_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ETH on Ethereum: withdrawalFee and minimumWithdrawal must be 0 or more"):
        load(tmp_path, GIVEN.replace('withdrawalFee = "', 'withdrawalFee = "-', 1) + f"\n\n{OURS}")

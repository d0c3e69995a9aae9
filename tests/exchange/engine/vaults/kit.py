"""A vault for tests: USDC for VLT, six decimals each, valued every 10 s, with a mean over 40 s and a delay of 20 s."""

from __future__ import annotations

from functools import partial

from haversack.exchange.engine.facility import Opened
from haversack.exchange.engine.rules import Ratio
from haversack.exchange.engine.vaults.rules import NAV_UNIT, VaultRules
from haversack.exchange.engine.vaults.vaults import Vaults

SECOND_US = 1_000_000
ONE = 10**6
RULES = VaultRules(
    vault_id=1,
    token="VLT",
    asset="USDC",
    token_unit=ONE,
    asset_unit=ONE,
    token_step=ONE // 100,
    mint_min=10 * ONE,
    redeem_min=ONE,
    mintable=1_000_000 * ONE,
    mints_enabled=True,
    redeems_enabled=True,
    redeem_delay_us=20 * SECOND_US,
    opening_nav_e12=NAV_UNIT,
    growth=Ratio(0, 1),
    crank_us=10 * SECOND_US,
    twap_us=40 * SECOND_US,
)


def vaults(*rules: VaultRules) -> Opened:
    """Makes the facility."""
    return partial(Vaults, rules=rules)

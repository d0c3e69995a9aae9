"""What a listed vault is: the exchange's own row, and where its token's worth comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from haversack.errors import UsageError
from haversack.exchange.engine.rules import Ratio
from haversack.exchange.engine.vaults.rules import NAV_SCALE, VaultRules
from haversack.exchange.engine.vaults.vault import SAMPLES_MAX
from haversack.units import decimals_of, to_units
from haversack.wire.vaults import Vault

_GROWTH_SCALE = 18


class ListedVault(Vault, frozen=True, kw_only=True):
    """A vault as the exchange describes it: `remainingMintQuantity` is what a new exchange has left to make."""

    opening_nav: Decimal = Decimal(1)
    """What a token is worth at first, in the asset."""
    nav_per_year: Decimal = Decimal(0)
    """What it gains in a year, as a part of that: 0.08 is 8 percent; it may be below zero."""
    crank_ms: int = 3_600_000
    """How often it is valued."""
    twap_ms: int = 86_400_000
    """How far back the mean of its values reaches."""
    account: str | None = None
    """The verifying key of the vault's own account; without one, nobody is told what only that may know."""


def vault_rules(listed: ListedVault, asset_scales: Mapping[str, int]) -> VaultRules:
    """What the engine knows of it."""
    token_scale, asset_scale = asset_scales[listed.vault_token], asset_scales[listed.symbol]
    return VaultRules(
        vault_id=listed.vault_id,
        token=listed.vault_token,
        asset=listed.symbol,
        token_unit=10**token_scale,
        asset_unit=10**asset_scale,
        token_step=to_units(listed.token_step_size, token_scale),
        mint_min=to_units(listed.min_mint_quantity, asset_scale),
        redeem_min=to_units(listed.min_redeem_tokens, token_scale),
        mintable=to_units(listed.remaining_mint_quantity or Decimal(0), token_scale),
        mints_enabled=listed.mints_enabled,
        redeems_enabled=listed.redeems_enabled,
        redeem_delay_us=listed.redeem_delay_ms * 1_000,
        opening_nav_e12=to_units(listed.opening_nav, NAV_SCALE),
        growth=Ratio(to_units(listed.nav_per_year, _GROWTH_SCALE), 10**_GROWTH_SCALE),
        crank_us=listed.crank_ms * 1_000,
        twap_us=listed.twap_ms * 1_000,
    )


def check_vaults(vaults: Iterable[ListedVault], asset_scales: Mapping[str, int]) -> None:
    """Refuse vaults that contradict themselves or each other, or that name what is not listed."""
    known: set[int | str] = set()
    for vault in vaults:
        for problem in _problems(vault, asset_scales):
            raise UsageError(f"vault {vault.vault_id}: {problem}")
        for word in (vault.vault_id, vault.vault_token):
            if word in known:
                raise UsageError(f"vault {vault.vault_id}: {word!r} is another vault's too, wanted an id and a token of its own")
            known.add(word)


def _problems(vault: ListedVault, asset_scales: Mapping[str, int]) -> Iterator[str]:
    for key, symbol in (("symbol", vault.symbol), ("vaultToken", vault.vault_token)):
        if symbol not in asset_scales:
            yield f"{key} is {symbol!r}, wanted a listed asset: {', '.join(asset_scales)}"
    if vault.symbol == vault.vault_token:
        yield f"vaultToken is {vault.symbol!r}, wanted another asset than symbol"
    if not 0 <= vault.vault_id < 2**32:
        yield f"id is {vault.vault_id}, wanted 0 to {2**32 - 1}"
    yield from _number_problems(vault, token_scale=asset_scales[vault.vault_token], asset_scale=asset_scales[vault.symbol])
    if abs(vault.nav_per_year) > 1_000 or decimals_of(vault.nav_per_year) > _GROWTH_SCALE:
        yield f"navPerYear is {vault.nav_per_year}, wanted -1000 to 1000, with at most {_GROWTH_SCALE} decimals"
    if vault.redeem_delay_ms < 0:
        yield f"redeemDelayMs is {vault.redeem_delay_ms}, wanted 0 or more"
    if vault.crank_ms < 1_000:
        yield f"crankMs is {vault.crank_ms}, wanted 1000 or more"
    elif not vault.crank_ms <= vault.twap_ms < SAMPLES_MAX * vault.crank_ms:
        yield f"twapMs is {vault.twap_ms}, wanted at least crankMs, and less than {SAMPLES_MAX} times that"


def _number_problems(vault: ListedVault, *, token_scale: int, asset_scale: int) -> Iterator[str]:
    numbers = (
        ("tokenStepSize", vault.token_step_size, token_scale),
        ("minRedeemTokens", vault.min_redeem_tokens, token_scale),
        ("remainingMintQuantity", vault.remaining_mint_quantity or Decimal(0), token_scale),
        ("minMintQuantity", vault.min_mint_quantity, asset_scale),
        ("openingNav", vault.opening_nav, NAV_SCALE),
    )
    for key, number, scale in numbers:
        is_increment = key in ("tokenStepSize", "openingNav")
        if number < 0 or (is_increment and not number) or decimals_of(number) > scale:
            yield f"{key} is {number}, wanted {'more than 0' if is_increment else '0 or more'}, with at most {scale} decimals"

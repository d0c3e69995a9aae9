"""Vaults: funds of the exchange, whose tokens are minted for a deposit and redeemed after a delay."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Generic, Literal, TypeAlias, TypeVar

from msgspec import field

from haversack.wire.base import Answer, Operation, moment_of_ms, moment_of_rfc3339
from haversack.wire.enums import OpenEnum
from haversack.wire.inputs import Number

T = TypeVar("T")


class VaultRedeemStatus(OpenEnum):
    """Where a redemption stands: asked for, paid out, or called off."""

    REQUESTED = "Requested"
    REDEEMED = "Redeemed"
    CANCELLED = "Cancelled"


class VaultHistoryInterval(OpenEnum):
    """A day, a week, a month or a year: how far back or how far apart the rows of `GetVaultHistory` are, it is not said which."""

    DAY_1 = "1d"
    WEEK_1 = "1w"
    MONTH_1 = "1month"
    YEAR_1 = "1year"


if TYPE_CHECKING:
    VaultHistoryIntervalLike: TypeAlias = VaultHistoryInterval | Literal["1d", "1w", "1month", "1year"]
else:
    VaultHistoryIntervalLike = VaultHistoryInterval


class _ByVault(Operation[T], Generic[T], frozen=True):
    """A read of one vault: its id may be given without the parameter's name."""

    vault_id: int


class Vault(Answer, frozen=True, kw_only=True):
    """A vault and its rules (docs: Vault)."""

    vault_id: int = field(name="id")
    min_mint_quantity: Decimal
    """The least deposit, in `symbol`."""
    min_redeem_tokens: Decimal
    """The fewest tokens that are redeemed at once."""
    mints_enabled: bool
    redeem_delay_ms: int
    """The least time between asking for a redemption and getting it."""
    redeems_enabled: bool
    remaining_mint_quantity: Decimal | None = None
    """How many tokens may still be minted (docs: 0 if it is left out)."""
    symbol: str
    """The asset that is deposited and paid out."""
    token_step_size: Decimal
    """Quantities of tokens are multiples of it; what is minted is rounded down to it."""
    vault_token: str
    """The asset that stands for a share."""

    @property
    def redeem_delay(self) -> timedelta:
        """The least time between asking for a redemption and getting it."""
        return timedelta(milliseconds=self.redeem_delay_ms)


class GetVaults(Operation[list[Vault]], frozen=True, kw_only=True):
    """All vaults with their rules.

    Source: GET /api/v1/vaults (get_vaults). Public.
    """

    method, path = "GET", "/api/v1/vaults"


class MintVaultTokens(Operation[None], frozen=True, kw_only=True):
    """Deposit into a vault, and get tokens for it at once, at the higher of NAV and mean NAV. The answer is empty.

    Source: POST /api/v1/vault/mint (vault_mint). Signed as vaultMint: the documentation names this instruction and shows no
    signature headers.
    """

    method, path, instruction, payload = "POST", "/api/v1/vault/mint", "vaultMint", "VaultMintRequest"

    auto_borrow: bool | None = None
    """Let the deposit be borrowed."""
    auto_lend_redeem: bool | None = None
    """Let the deposit be taken from what is lent."""
    quantity: Number
    """How much to deposit."""
    symbol: str
    """The asset to deposit."""
    vault_id: int


class RedeemVaultTokens(Operation[None], frozen=True, kw_only=True):
    """Ask for the money of vault tokens, in USDC; it comes after the vault's delay, at the lower of NAV and mean NAV then.

    The answer is empty. An account may wait for one redemption per vault (docs).
    Source: POST /api/v1/vault/redeem (vault_redeem). Signed as vaultRedeemRequest: the documentation names this instruction and
    shows no signature headers.
    """

    method, path, instruction, payload = "POST", "/api/v1/vault/redeem", "vaultRedeemRequest", "VaultRedeemRequest"

    vault_id: int
    vault_token_quantity: Number | None = None
    """How many tokens; ALL that are available if not sent."""


class CancelVaultRedeem(Operation[None], frozen=True, kw_only=True):
    """Call off the redemption that waits, and keep the tokens. The answer is empty.

    Source: DELETE /api/v1/vault/redeem (vault_redeem_cancel). Signed as vaultRedeemCancel: the documentation names this
    instruction and shows no signature headers.
    """

    method, path, instruction, payload = "DELETE", "/api/v1/vault/redeem", "vaultRedeemCancel", "VaultRedeemCancelRequest"
    is_cancel = True

    vault_id: int


class VaultRedeem(Answer, frozen=True, kw_only=True):
    """A redemption as it stands (docs: VaultRedeem)."""

    redeem_id: str = field(name="id")
    nav: Decimal | None = None
    """NAV at which it was paid out; only then, like `quantity`, `symbol` and `vault_token`."""
    quantity: Decimal | None = None
    """What was paid out, in `symbol`."""
    reason: str | None = None
    """Why it was called off; only then."""
    status: VaultRedeemStatus
    symbol: str | None = None
    timestamp_ms: int = field(name="timestamp")
    vault_id: int
    vault_token: str | None = None
    vault_token_quantity: Decimal

    @property
    def time(self) -> datetime:
        """When it came to its status, UTC."""
        return moment_of_ms(self.timestamp_ms)


class GetPendingVaultRedeems(_ByVault[list[VaultRedeem]], frozen=True, kw_only=True):
    """Redemptions that wait, of everybody. Only for a key of the vault's own account: FORBIDDEN for all others.

    Source: GET /api/v1/vault/redeems/pending (get_vault_pending_redeems). Signed as vaultPendingRedeemsQuery.
    """

    method, path, instruction = "GET", "/api/v1/vault/redeems/pending", "vaultPendingRedeemsQuery"


class VaultNav(Answer, frozen=True, kw_only=True):
    """What a token of a vault is worth now (docs: VaultNav)."""

    last_crank_ms: int | None = field(name="lastCrankTimestamp", default=None)
    """When NAV was last worked out."""
    mint_nav: Decimal
    """Price of a token that is minted: the higher of `nav` and `twap_nav`."""
    nav: Decimal
    """Net asset value of one token."""
    net_equity: Decimal
    """Equity after haircuts."""
    redeem_nav: Decimal
    """Price of a token that is redeemed: the lower of `nav` and `twap_nav`."""
    token_circulating_supply: Decimal
    twap_nav: Decimal
    """The mean of `nav` over time."""
    vault_equity: Decimal
    """All that the vault's account is worth."""

    @property
    def last_crank_at(self) -> datetime | None:
        """When NAV was last worked out, UTC."""
        return None if self.last_crank_ms is None else moment_of_ms(self.last_crank_ms)


class GetVaultNav(Operation[VaultNav], frozen=True, kw_only=True):
    """NAV of the vault whose account asks. Only for a key of the vault's own account.

    Source: GET /api/v1/vault/nav (get_vault_nav). Signed as vaultNavQuery: the documentation names this instruction and shows
    no signature headers.
    """

    method, path, instruction = "GET", "/api/v1/vault/nav", "vaultNavQuery"


class VaultSnapshot(Answer, frozen=True, kw_only=True):
    """What a vault was worth at one moment (docs: VaultHistory)."""

    nav: Decimal | None = None
    """Net asset value of one token."""
    timestamp_iso: str = field(name="timestamp")
    """With a zone, and with more digits than a datetime holds."""
    token_circulating_supply: Decimal | None = None
    vault_equity: Decimal | None = None
    """In USDC."""
    vault_id: int

    @property
    def time(self) -> datetime:
        """The moment, UTC, cut off to a microsecond."""
        return moment_of_rfc3339(self.timestamp_iso)


class GetVaultHistory(Operation[list[VaultSnapshot]], frozen=True, kw_only=True):
    """What the vaults were worth at regular intervals of the past; of one vault, or of all.

    Not documented: whether `interval` says how far back the rows go or how far apart they are, and how they are sorted. The local
    exchange takes it for how far back, and sorts them oldest first.
    Source: GET /api/v1/vaults/history (get_vault_history). Public.
    """

    method, path = "GET", "/api/v1/vaults/history"

    interval: VaultHistoryIntervalLike
    vault_id: int | None = None

"""Money that comes and goes: deposits, withdrawals, and the delay that protects these."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from msgspec import field

from haversack.errors import UsageError
from haversack.wire.base import Answer, Operation, moment_of_iso
from haversack.wire.enums import Blockchain, OpenEnum
from haversack.wire.inputs import BlockchainLike, Number, TimeMs

T = TypeVar("T")

_cannot_be_signed = re.compile(r"[&=\x00-\x1f\x7f]").search


class DepositSource(OpenEnum):
    """Where a deposit came from: a network, a payment provider, or the exchange itself."""

    ADMINISTRATOR = "administrator"
    ZERO_G = "0G"
    APTOS = "aptos"
    ARBITRUM = "arbitrum"
    AVALANCHE = "avalanche"
    BASE = "base"
    BERACHAIN = "berachain"
    BITCOIN = "bitcoin"
    BITCOIN_CASH = "bitcoinCash"
    BSC = "bsc"
    CARDANO = "cardano"
    DOGECOIN = "dogecoin"
    ECLIPSE = "eclipse"
    ETHEREUM = "ethereum"
    FOGO = "fogo"
    HYPER_EVM = "hyperEVM"
    HYPERLIQUID = "hyperliquid"
    LINEA = "linea"
    LITECOIN = "litecoin"
    MONAD = "monad"
    NEAR = "near"
    POLYGON = "polygon"
    OPTIMISM = "optimism"
    PLASMA = "plasma"
    SEI = "sei"
    STABLE = "stable"
    SUI = "sui"
    SOLANA = "solana"
    STORY = "story"
    TRON = "tron"
    XRP = "xRP"
    ZCASH = "zcash"
    EQUALS_MONEY = "equalsMoney"
    BANXA = "banxa"
    INTERNAL = "internal"


class DepositStatus(OpenEnum):
    """Where a deposit stands; it can be used once it is confirmed."""

    CANCELLED = "cancelled"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    EXPIRED = "expired"
    INITIATED = "initiated"
    OWNERSHIP_VERIFICATION_REQUIRED = "ownershipVerificationRequired"
    PENDING = "pending"
    REFUNDED = "refunded"
    SENDER_VERIFICATION_COMPLETED = "senderVerificationCompleted"
    SENDER_VERIFICATION_REQUIRED = "senderVerificationRequired"


class WithdrawalStatus(OpenEnum):
    """Where a withdrawal stands."""

    CONFIRMED = "confirmed"
    OWNERSHIP_VERIFICATION_REQUIRED = "ownershipVerificationRequired"
    PENDING = "pending"
    RECIPIENT_INFORMATION_PROVIDED = "recipientInformationProvided"
    RECIPIENT_INFORMATION_REQUIRED = "recipientInformationRequired"


class FiatWithdrawalState(OpenEnum):
    """Where a withdrawal to a bank stands (docs: EqualsMoneyWithdrawalState)."""

    INITIALIZED = "initialized"
    PENDING = "pending"
    FULFILLING = "fulfilling"
    PROCESSING = "processing"
    COMPLETE = "complete"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    REVIEW = "review"
    AWAITING_DOCUMENTS = "awaitingDocuments"
    AWAITING_COMPLIANCE_QUESTIONS = "awaitingComplianceQuestions"
    REFUNDED_INTERNAL = "refundedInternal"
    REFUNDED_EXTERNAL = "refundedExternal"


class Deposit(Answer, frozen=True, kw_only=True):
    """Money that came in (docs: Deposit)."""

    written_as_numbers = ("fiatAmount",)

    created_iso: str = field(name="createdAt")
    """Without a zone; it is UTC."""
    deposit_id: int = field(name="id")
    fiat_amount: Decimal | None = None
    """In `fiat_currency`. The exchange sends a number and no text here: digit by digit a decimal, never a float."""
    fiat_currency: str | None = None
    """Such as EUR."""
    from_address: str | None = None
    institution_bic: str | None = None
    platform_memo: str | None = None
    quantity: Decimal
    source: DepositSource
    status: DepositStatus
    symbol: str
    """The asset."""
    to_address: str | None = None
    transaction_hash: str | None = None

    @property
    def created_at(self) -> datetime:
        """When the exchange first saw it, UTC."""
        return moment_of_iso(self.created_iso)


class GetDeposits(Operation[list[Deposit]], frozen=True, kw_only=True):
    """Money that came in.

    Source: GET /wapi/v1/capital/deposits (get_deposits). Signed as depositQueryAll.
    """

    method, path, instruction = "GET", "/wapi/v1/capital/deposits", "depositQueryAll"

    exclude_platform: bool | None = None
    """Leave out what came from the exchange itself."""
    from_ms: TimeMs | None = field(name="from", default=None)
    """First moment: milliseconds since 1970 or a datetime."""
    limit: int | None = None
    """1 to 1000; 100 if not sent."""
    offset: int | None = None
    """Rows to skip; 0 if not sent."""
    to_ms: TimeMs | None = field(name="to", default=None)
    """Last moment."""


class Withdrawal(Answer, frozen=True, kw_only=True):
    """Money that leaves, or has left (docs: Withdrawal)."""

    account_identifier: str | None = None
    """At a bank, like the two `bank_` fields."""
    bank_identifier: str | None = None
    bank_name: str | None = None
    blockchain: Blockchain
    client_id: str | None = None
    """Yours, if you gave one; a text of up to 255 characters, unlike the number of an order."""
    created_iso: str = field(name="createdAt")
    """Without a zone; it is UTC."""
    fee: Decimal
    """In the asset itself."""
    fiat_fee: Decimal | None = None
    fiat_state: FiatWithdrawalState | None = None
    fiat_symbol: str | None = None
    """Such as EUR."""
    withdrawal_id: int = field(name="id")
    identifier: str | None = None
    """Of the transfer, once it was sent; see also `transaction_hash`."""
    is_internal: bool
    """It goes to another account of the exchange."""
    provider_id: str | None = None
    quantity: Decimal
    status: WithdrawalStatus
    subaccount_id: int | None = None
    symbol: str
    """The asset."""
    to_address: str
    transaction_hash: str | None = None
    """None until it was sent."""
    trigger_iso: str | None = field(name="triggerAt", default=None)
    """When it leaves, if a delay holds it; without a zone, it is UTC."""

    @property
    def created_at(self) -> datetime:
        """When it was asked for, UTC."""
        return moment_of_iso(self.created_iso)

    @property
    def trigger_at(self) -> datetime | None:
        """When it leaves, UTC; None if no delay holds it."""
        return None if self.trigger_iso is None else moment_of_iso(self.trigger_iso)


class GetWithdrawals(Operation[list[Withdrawal]], frozen=True, kw_only=True):
    """Money that left, or is to leave.

    Source: GET /wapi/v1/capital/withdrawals (get_withdrawals). Signed as withdrawalQueryAll.
    """

    method, path, instruction = "GET", "/wapi/v1/capital/withdrawals", "withdrawalQueryAll"

    client_id: str | None = None
    from_ms: TimeMs | None = field(name="from", default=None)
    """First moment: milliseconds since 1970 or a datetime."""
    withdrawal_id: int | None = field(name="id", default=None)
    limit: int | None = None
    """1 to 1000; 100 if not sent."""
    offset: int | None = None
    """Rows to skip; 0 if not sent."""
    to_ms: TimeMs | None = field(name="to", default=None)
    """Last moment."""


class _WithTwoFactorToken(Operation[T], Generic[T], frozen=True, kw_only=True):
    """An operation that carries a two-factor code, and shows it nowhere."""

    def __post_init__(self) -> None:
        # What is wrong with a parameter is told with its value later on; of a code nothing may be told but that it is wrong.
        code: object = getattr(self, "two_factor_token", None)
        if code is not None and (not isinstance(code, str) or _cannot_be_signed(code)):
            raise UsageError("two_factor_token must be a str without '&', '=' and control characters; it is not shown here")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        fields: list[tuple[str, Any]] = [(name, getattr(self, name)) for name in self.__struct_fields__]
        return [(name, "(hidden)" if name == "two_factor_token" and value is not None else value) for name, value in fields]


class RequestWithdrawal(_WithTwoFactorToken[Withdrawal], frozen=True, kw_only=True):
    """Send money out of the exchange, to an address of your own choice. A transfer on a network cannot be called back.

    Only a client that was made for withdrawals sends it. If no answer is known (`OutcomeUnknown`), look for it in
    `GetWithdrawals`, by its client id, before you ask again.
    Source: POST /wapi/v1/capital/withdrawals (request_withdrawal). Signed as withdraw. The documented `recipientInformation`
    cannot be sent: it is an object, and how an object is signed is not documented. Errors: INVALID_TWO_FACTOR_CODE (documented
    name), FORBIDDEN, TOO_MANY_REQUESTS, MAINTENANCE.
    """

    method, path, instruction, payload = "POST", "/wapi/v1/capital/withdrawals", "withdraw", "AccountWithdrawalPayload"
    withdraws = True

    address: str
    """Where it goes. The exchange cannot know whether it is yours."""
    auto_borrow: bool | None = None
    """Borrow what is missing."""
    auto_lend_redeem: bool | None = None
    """Call back what is lent, if it is needed."""
    blockchain: BlockchainLike
    """The network on which the address lives: the wrong one loses the money."""
    client_id: str | None = None
    """A text of your own, up to 255 characters, by which to find it again."""
    quantity: Number
    """In the asset itself."""
    symbol: str
    """The asset."""
    two_factor_token: str | None = None
    """Needed unless the address book of the account lists the address as free of it."""


class WithdrawalDelay(Answer, frozen=True, kw_only=True):
    """How long withdrawals wait, so that one that you did not ask for can still be stopped (docs: WithdrawalDelay)."""

    current_hours: int | None = field(name="currentWithdrawalDelayHours", default=None)
    pending_hours: int | None = field(name="pendingWithdrawalDelayHours", default=None)
    """What it will be from `pending_iso` on, if a change waits."""
    pending_iso: str | None = field(name="pendingWithdrawalDelayHoursEnabledAt", default=None)
    """Without a zone; it is UTC."""

    @property
    def pending_from(self) -> datetime | None:
        """When the change takes effect, UTC; None if none waits."""
        return None if self.pending_iso is None else moment_of_iso(self.pending_iso)


class GetWithdrawalDelay(Operation[WithdrawalDelay | None], frozen=True):
    """How long withdrawals to unlisted addresses wait; None if they leave at once.

    Source: GET /wapi/v1/capital/withdrawals/delay (get_withdrawal_delay). Signed as withdrawalDelayQuery, a name that other
    clients use and that the documentation does not give: nobody has been seen to get an answer with it.
    """

    method, path, instruction = "GET", "/wapi/v1/capital/withdrawals/delay", "withdrawalDelayQuery"


class CreateWithdrawalDelay(_WithTwoFactorToken[None], frozen=True, kw_only=True):
    """Make withdrawals to unlisted addresses wait. Answers nothing: read the delay to see it.

    Only a client that was made for withdrawals sends it.
    Source: POST /wapi/v1/capital/withdrawals/delay (create_withdrawal_delay). Signed as withdrawalDelayCreate, a name that
    other clients use and that the documentation does not give.
    """

    method, path, instruction = "POST", "/wapi/v1/capital/withdrawals/delay", "withdrawalDelayCreate"
    payload, withdraws = "CreateWithdrawalDelayRequest", True

    two_factor_token: str
    hours: int = field(name="withdrawalDelayHours")
    """How long they wait."""


class UpdateWithdrawalDelay(_WithTwoFactorToken[WithdrawalDelay], frozen=True, kw_only=True):
    """Change how long withdrawals to unlisted addresses wait. The change itself waits until the present delay has passed.

    Only a client that was made for withdrawals sends it. Errors: RESOURCE_NOT_FOUND, presumably without a delay to change.
    Source: PATCH /wapi/v1/capital/withdrawals/delay (update_withdrawal_delay). Signed as withdrawalDelayUpdate, a name that
    other clients use and that the documentation does not give.
    """

    method, path, instruction = "PATCH", "/wapi/v1/capital/withdrawals/delay", "withdrawalDelayUpdate"
    payload, withdraws = "UpdateWithdrawalDelayRequest", True

    two_factor_token: str
    hours: int = field(name="withdrawalDelayHours")
    """How long they shall wait."""

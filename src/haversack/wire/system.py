"""Is the exchange there, and what time is it."""

from __future__ import annotations

from haversack.wire.base import Answer, Operation
from haversack.wire.enums import Blockchain, SystemStatus


class Status(Answer, frozen=True, kw_only=True):
    """Whether the exchange is up (docs: StatusAndMessage)."""

    status: SystemStatus
    message: str | None = None
    """What the exchange has to say about it, if anything."""


class GetStatus(Operation[Status], frozen=True):
    """Whether the exchange is up.

    Source: GET /api/v1/status (get_status). Public.
    """

    method, path = "GET", "/api/v1/status"


class Ping(Operation[str], frozen=True):
    """The word `pong`.

    Source: GET /api/v1/ping (ping). Public; answers in plain text (observed 2026-09).
    """

    method, path, answers_text = "GET", "/api/v1/ping", True


class GetTime(Operation[int], frozen=True):
    """The exchange's clock, in milliseconds since 1970.

    Source: GET /api/v1/time (get_time). Public; answers in plain text (observed 2026-09).
    """

    method, path, answers_text = "GET", "/api/v1/time", True


class Wallet(Answer, frozen=True, kw_only=True):
    """A wallet of the exchange itself (docs: WalletResponse)."""

    address: str
    blockchain: Blockchain


class GetWallets(Operation[list[Wallet]], frozen=True):
    """The exchange's own wallets. To deposit, take the account's own address from `GetDepositAddress`, never one of these.

    Source: GET /api/v1/wallets (get_wallets). Public.
    """

    method, path = "GET", "/api/v1/wallets"

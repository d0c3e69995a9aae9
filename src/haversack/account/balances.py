"""What the account has of each asset: `account.balanceUpdate` and the answers of GetBalances, whichever is later."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from haversack.account.stamped import Merged, Stamped
from haversack.wire.capital import Balance
from haversack.wire.events import BalanceUpdate

NOTHING = Balance(available=Decimal(0), locked=Decimal(0), staked=Decimal(0))


class AssetBalance(msgspec.Struct, frozen=True, kw_only=True):
    """How much of one asset; what is lent is not in it, and shows in the equity alone."""

    asset: str
    available: Decimal
    locked: Decimal
    """Held by resting orders."""
    staked: Decimal


class Balances:
    """The balance of every asset, as it was last said."""

    def __init__(self) -> None:
        self._assets: Stamped[str, Balance] = Stamped()

    def get(self, asset: str) -> AssetBalance | None:
        """The balance of one asset; None if the account never had any."""
        balance = self._assets.get(asset)
        return None if balance is None else _named(asset, balance)

    def all(self) -> dict[str, AssetBalance]:
        """All that was said, by asset."""
        return {asset: _named(asset, balance) for asset, balance in self._assets.all().items()}

    def framed(self, frame: BalanceUpdate) -> bool:
        """A frame has come: whether the balance is another one now. It says all of the asset, so a lost one does no harm."""
        balance = Balance(available=frame.available, locked=frame.locked, staked=frame.staked)
        return self._assets.framed(frame.asset, balance, engine_us=frame.engine_us, event_us=frame.event_us)

    def answered(self, answer: dict[str, Balance], *, asked_us: int) -> Merged[str]:
        """An answer has come; `asked_us` is the exchange's time before it was asked for."""
        return self._assets.answered(answer, asked_us=asked_us, absent=NOTHING)


def _named(asset: str, balance: Balance) -> AssetBalance:
    return AssetBalance(asset=asset, available=balance.available, locked=balance.locked, staked=balance.staked)

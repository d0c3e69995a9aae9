"""The account: settings, balances and where its deposits would go."""

from __future__ import annotations

from decimal import Decimal
from hashlib import sha256

from haversack.exchange.api.caller import Caller
from haversack.wire.account import Account, GetAccount
from haversack.wire.capital import Balance, DepositAddress, GetBalances, GetDepositAddress

_NO_LIMIT = Decimal(2_500_000)
"""Of positions and loans, in USDC (observed 2025-06); it binds nothing while there is no margin."""


def account(caller: Caller, _operation: GetAccount) -> Account:
    """Settings and fees as new accounts have them, with lending off."""
    fees = caller.venue.listing.fees
    return Account(
        auto_borrow_settlements=False,
        auto_lend=False,
        auto_realize_pnl=True,
        auto_repay_borrows=True,
        borrow_limit=_NO_LIMIT,
        futures_maker_fee=fees.futures_maker,
        futures_taker_fee=fees.futures_taker,
        leverage_limit=Decimal(1),
        limit_orders=len(caller.venue.engine.open_orders(caller.account)),
        liquidating=False,
        position_limit=_NO_LIMIT,
        spot_maker_fee=fees.spot_maker,
        spot_taker_fee=fees.spot_taker,
        trigger_orders=0,
    )


def balances(caller: Caller, _operation: GetBalances) -> dict[str, Balance]:
    """Every asset that the account ever had, in alphabetical order."""
    held = caller.venue.engine.balances(caller.account)
    return {asset: _balance(caller, asset, *held[asset]) for asset in sorted(held)}


def _balance(caller: Caller, asset: str, available: int, locked: int) -> Balance:
    quantity_of = caller.venue.listing.quantity_of
    return Balance(available=quantity_of(asset, available), locked=quantity_of(asset, locked), staked=Decimal(0))


def deposit_address(caller: Caller, operation: GetDepositAddress) -> DepositAddress:
    """The same address for the same account and network. It is no valid address on any network, so that nobody loses money."""
    digest = sha256(f"{caller.account} {operation.blockchain}".encode()).hexdigest()
    return DepositAddress(address=f"local-exchange-do-not-send-{digest[:24]}")


ROUTES = (
    GetAccount.served_by(account),
    GetBalances.served_by(balances),
    GetDepositAddress.served_by(deposit_address),
)

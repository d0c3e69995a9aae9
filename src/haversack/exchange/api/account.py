"""The account: settings, balances and where its deposits would go."""

from __future__ import annotations

from decimal import Decimal
from hashlib import sha256

from msgspec import structs

from haversack.exchange.admission import refused
from haversack.exchange.api.caller import Caller
from haversack.exchange.engine.command import ChangeSettings
from haversack.exchange.engine.event import Rejected
from haversack.exchange.messages import Refused
from haversack.units import compact, decimals_of, to_units
from haversack.wire.account import Account, GetAccount, UpdateAccount
from haversack.wire.capital import Balance, DepositAddress, GetBalances, GetDepositAddress

_NO_LIMIT = Decimal(2_500_000)
"""Of positions and loans, in USDC (observed 2025-06). How it binds is unknown, and here it does not."""
LEVERAGE_MAX = 50
"""A guess, like all bounds of the leverage limit."""
LEVERAGE_SCALE = 8


def account(caller: Caller, _operation: GetAccount) -> Account:
    """Settings as they were chosen, and fees as new accounts have them."""
    fees, chosen = caller.venue.listing.fees, caller.venue.engine.settings(caller.account)
    return Account(
        auto_borrow_settlements=chosen.auto_borrow_settlements,
        auto_lend=chosen.auto_lend,
        auto_realize_pnl=True,
        auto_repay_borrows=chosen.auto_repay_borrows,
        borrow_limit=_NO_LIMIT,
        futures_maker_fee=fees.futures_maker,
        futures_taker_fee=fees.futures_taker,
        leverage_limit=compact(chosen.leverage_e8, LEVERAGE_SCALE),
        limit_orders=len(caller.venue.engine.open_orders(caller.account)),
        liquidating=caller.venue.engine.is_liquidating(caller.account),
        position_limit=_NO_LIMIT,
        spot_maker_fee=fees.spot_maker,
        spot_taker_fee=fees.spot_taker,
        trigger_orders=caller.venue.engine.trigger_orders(caller.account),
    )


def update(caller: Caller, operation: UpdateAccount) -> None:
    """Change what is given. With auto-lend, what is available is lent at once; without it, what is lent stays so."""
    chosen = caller.venue.engine.settings(caller.account)
    given: dict[str, bool | int] = {
        name: value
        for name in ("auto_borrow_settlements", "auto_lend", "auto_repay_borrows")
        if (value := getattr(operation, name)) is not None
    }
    if operation.leverage_limit is not None:
        given["leverage_e8"] = _leverage(Decimal(operation.leverage_limit))
    if given:
        command = ChangeSettings(caller.account, structs.replace(chosen, **given))
        events = caller.venue.execute(command, now_us=caller.now_us, proof=caller.proof)
        if isinstance(events[0], Rejected):
            raise refused(events[0].refusal)


def _leverage(limit: Decimal) -> int:
    # The real bounds and words are unknown: a guess.
    if not 1 <= limit <= LEVERAGE_MAX or decimals_of(limit) > LEVERAGE_SCALE:
        raise Refused.as_invalid("Invalid leverage limit")
    return to_units(limit, LEVERAGE_SCALE)


def balances(caller: Caller, _operation: GetBalances) -> dict[str, Balance]:
    """Every asset that the account ever had, in alphabetical order."""
    held = caller.venue.engine.balances(caller.account)
    return {asset: _balance(caller, asset, *held[asset]) for asset in sorted(held)}


def _balance(caller: Caller, asset: str, available: int, locked: int) -> Balance:
    quantity_of = caller.venue.listing.quantity_of
    return Balance(available=quantity_of(asset, available), locked=quantity_of(asset, locked), staked=Decimal(0))


def deposit_address(caller: Caller, operation: GetDepositAddress) -> DepositAddress:
    """The same address for the same account and network. It is no valid address on any network, so that nobody loses money."""
    return DepositAddress(address=no_address(f"{caller.account} {operation.blockchain}"))


def no_address(owner: str) -> str:
    """What stands where an address would; the same for the same owner."""
    return f"local-exchange-do-not-send-{sha256(owner.encode()).hexdigest()[:24]}"


ROUTES = (
    GetAccount.served_by(account),
    UpdateAccount.served_by(update),
    GetBalances.served_by(balances),
    GetDepositAddress.served_by(deposit_address),
)

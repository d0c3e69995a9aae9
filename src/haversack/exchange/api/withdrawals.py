"""Money that leaves: withdrawals, the two-factor code that they need, and the delay that protects them.

That a code is needed unless the address book says otherwise, and when a change of the delay takes effect, is documented. What
each refusal says is a guess, and so is that the fee is taken from the quantity.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from haversack.exchange.api.caller import Caller, not_found
from haversack.exchange.engine.backing import backing_of
from haversack.exchange.engine.event import FacilityRefusal
from haversack.exchange.engine.withdrawals.command import ChangeDelay, CreateDelay, Withdraw
from haversack.exchange.engine.withdrawals.event import WithdrawalChanged
from haversack.exchange.engine.withdrawals.refusal import WithdrawalRefusal
from haversack.exchange.engine.withdrawals.withdrawal import Delay
from haversack.exchange.engine.withdrawals.withdrawals import Withdrawals
from haversack.exchange.filters import units
from haversack.exchange.listing_withdrawals import ListedWithdrawals, decimals_that_leave
from haversack.exchange.messages import Refused
from haversack.exchange.render import naive_iso
from haversack.exchange.views import withdrawals as view
from haversack.units import decimals_of
from haversack.wire.assets import Token
from haversack.wire.transfers import (
    CreateWithdrawalDelay,
    GetWithdrawalDelay,
    GetWithdrawals,
    RequestWithdrawal,
    UpdateWithdrawalDelay,
    Withdrawal,
    WithdrawalDelay,
)

CLIENT_ID_MAX = 255
"""Characters of a client id (documented)."""
ADDRESS_MAX = 255
"""Characters of an address; a guess."""
HOURS_MAX = 720
"""Of a delay; a guess."""
_TEXTS: Mapping[FacilityRefusal, Refused] = {
    WithdrawalRefusal.UNKNOWN_NETWORK: Refused.as_invalid("Invalid blockchain"),
    WithdrawalRefusal.DISABLED: Refused.by_rule("PRECONDITION_FAILED", "Withdrawals are disabled"),
    WithdrawalRefusal.TOO_SMALL: Refused.as_invalid("Quantity is below the minimum allowed value"),
    WithdrawalRefusal.TOO_LARGE: Refused.as_invalid("Quantity is above the maximum allowed value"),
    WithdrawalRefusal.LIQUIDATING: Refused.by_rule("ACCOUNT_LIQUIDATING", "Account is being liquidated"),
    WithdrawalRefusal.FUNDS: Refused.by_rule("INSUFFICIENT_FUNDS", "Insufficient funds"),
    WithdrawalRefusal.TOO_MANY: Refused.by_rule("TOO_MANY_REQUESTS", "Too many pending withdrawals", status=429),
    WithdrawalRefusal.DELAY_EXISTS: Refused.by_rule("PRECONDITION_FAILED", "Withdrawal delay already exists", status=409),
    WithdrawalRefusal.NO_DELAY: not_found(),
}


def withdraw(caller: Caller, operation: RequestWithdrawal) -> Withdrawal:
    """Take on a withdrawal, of what is available or may be called back or borrowed for it."""
    listed, listing = _listed(caller), caller.venue.listing
    _check_texts(operation)
    if operation.symbol not in listing.assets:
        raise Refused.by_rule("INVALID_ASSET", "Invalid asset")
    token = _token(caller, operation)
    if operation.address not in listed.addresses:
        _check_code(listed, operation.two_factor_token)
    quantity, scale = Decimal(operation.quantity), listing.asset_scales[operation.symbol]
    if quantity < token.minimum_withdrawal or quantity <= 0:
        raise _TEXTS[WithdrawalRefusal.TOO_SMALL].with_traceback(None)
    if decimals_of(quantity) > decimals_that_leave(token, scale):
        raise Refused.as_invalid("Quantity decimal too long")
    command = Withdraw(
        account=caller.account,
        asset=operation.symbol,
        blockchain=token.blockchain.value,
        address=operation.address,
        amount=units(quantity, scale),
        client_id=operation.client_id,
        backing=backing_of(redeems=operation.auto_lend_redeem, borrows=operation.auto_borrow),
    )
    changed = caller.carry_out(command, _TEXTS)[0]
    assert isinstance(changed, WithdrawalChanged), f"a withdrawal said {changed}"
    return view.withdrawal(listing, changed.withdrawal, is_confirmed=False)


def _check_texts(operation: RequestWithdrawal) -> None:
    if operation.client_id is not None and len(operation.client_id) > CLIENT_ID_MAX:
        # As the framework says of a field that is longer than documented (inferred).
        fault = f"field `clientId` verification failed. maxLength({CLIENT_ID_MAX})"
        raise Refused.by_framework(400, f'parse request payload error: failed to parse "{operation.payload}": {fault}')
    if not 0 < len(operation.address) <= ADDRESS_MAX:
        raise Refused.as_invalid("Invalid address")


def _token(caller: Caller, operation: RequestWithdrawal) -> Token:
    for token in caller.venue.listing.assets[operation.symbol].tokens:
        if token.blockchain == operation.blockchain:
            return token
    raise _TEXTS[WithdrawalRefusal.UNKNOWN_NETWORK].with_traceback(None)


def _check_code(listed: ListedWithdrawals, code: str | None) -> None:
    if code != listed.two_factor_token:
        raise Refused.by_rule("INVALID_TWO_FACTOR_CODE", "Invalid two factor code")


def _listed(caller: Caller) -> ListedWithdrawals:
    listed = caller.venue.listing.withdrawals
    if listed is None:
        # As to a key that may not (that 403 is for this is documented, the text is a guess).
        raise Refused.by_rule("FORBIDDEN", "Forbidden", status=403)
    return listed


def withdrawals(caller: Caller, operation: GetWithdrawals) -> list[Withdrawal]:
    """The account's own."""
    return view.withdrawals(caller.venue.archive, caller.venue.listing, caller.account, operation, now_us=caller.now_us)


def delay(caller: Caller, _operation: GetWithdrawalDelay) -> WithdrawalDelay | None:
    """How long withdrawals wait; nothing (204) where they do not."""
    return _told(_delay(caller))


def create(caller: Caller, operation: CreateWithdrawalDelay) -> None:
    """Let them wait from now on."""
    _check_code(_listed(caller), operation.two_factor_token)
    caller.carry_out(CreateDelay(caller.account, _hours(operation.hours, least=1)), _TEXTS)


def update(caller: Caller, operation: UpdateWithdrawalDelay) -> WithdrawalDelay | None:
    """Let them wait longer or shorter, once the present delay has passed; 0 is the end of waiting (guess)."""
    _check_code(_listed(caller), operation.two_factor_token)
    caller.carry_out(ChangeDelay(caller.account, _hours(operation.hours, least=0)), _TEXTS)
    return _told(_delay(caller))


def _hours(hours: int, *, least: int) -> int:
    if not least <= hours <= HOURS_MAX:
        raise Refused.as_invalid("Invalid withdrawal delay")
    return hours


def _delay(caller: Caller) -> Delay | None:
    if caller.venue.listing.withdrawals is None:
        return None
    return caller.venue.engine.facility(Withdrawals).delay(caller.account)


def _told(delay: Delay | None) -> WithdrawalDelay | None:
    if delay is None:
        return None
    return WithdrawalDelay(
        current_hours=delay.hours,
        pending_hours=delay.pending_hours,
        pending_iso=None if delay.pending_hours is None else naive_iso(delay.pending_us),
    )


ROUTES = (
    RequestWithdrawal.served_by(withdraw),
    GetWithdrawals.served_by(withdrawals),
    GetWithdrawalDelay.served_by(delay),
    CreateWithdrawalDelay.served_by(create),
    UpdateWithdrawalDelay.served_by(update),
)

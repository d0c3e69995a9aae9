"""Money that came in, and the exchange's own addresses."""

from __future__ import annotations

from haversack.exchange.api.account import no_address
from haversack.exchange.api.caller import ROWS_DEFAULT, Caller
from haversack.exchange.engine.ledger import Deposit as Granted
from haversack.exchange.render import naive_iso
from haversack.wire.system import GetWallets, Wallet
from haversack.wire.transfers import (
    Deposit,
    DepositSource,
    DepositStatus,
    GetDeposits,
)


def deposits(caller: Caller, operation: GetDeposits) -> list[Deposit]:
    """The paper money that the account got, newest first; all of it came from the exchange itself."""
    if operation.exclude_platform:
        return []
    granted = [each for each in reversed(caller.venue.engine.deposits(caller.account)) if _is_meant(each, operation)]
    offset = operation.offset or 0
    return [_deposit(caller, each) for each in granted[offset : offset + (operation.limit or ROWS_DEFAULT)]]


def _is_meant(granted: Granted, operation: GetDeposits) -> bool:
    time_ms = granted.time_us // 1000
    first, last = operation.from_ms, operation.to_ms
    assert isinstance(first, int | None), "an operation holds its times as numbers once it is built"
    assert isinstance(last, int | None), "an operation holds its times as numbers once it is built"
    return (first is None or first <= time_ms) and (last is None or time_ms <= last)


def _deposit(caller: Caller, granted: Granted) -> Deposit:
    return Deposit(
        created_iso=naive_iso(granted.time_us),
        deposit_id=granted.number,
        quantity=caller.venue.listing.quantity_of(granted.asset, granted.amount),
        source=DepositSource.ADMINISTRATOR,
        status=DepositStatus.CONFIRMED,
        symbol=granted.asset,
    )


def wallets(caller: Caller, _operation: GetWallets) -> list[Wallet]:
    """One for each network on which an asset is listed; none is a valid address."""
    networks = {token.blockchain for asset in caller.venue.listing.assets.values() for token in asset.tokens}
    return [Wallet(address=no_address(network.value), blockchain=network) for network in sorted(networks)]


ROUTES = (
    GetDeposits.served_by(deposits),
    GetWallets.served_by(wallets),
)

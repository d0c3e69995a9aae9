"""Withdrawals as rows of the histories: each is written when it is asked for, and again when it is confirmed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from haversack.exchange.engine.withdrawals.event import WithdrawalChanged
from haversack.exchange.engine.withdrawals.withdrawal import Withdrawal as Facts
from haversack.exchange.render import naive_iso
from haversack.exchange.views.notes import INTEGER_MAX, Note, Noter, Search
from haversack.wire.enums import Blockchain
from haversack.wire.transfers import GetWithdrawals, Withdrawal, WithdrawalStatus

if TYPE_CHECKING:
    from haversack.exchange.listing import Listing
    from haversack.exchange.views.archive import Archive

KIND = "withdrawal"


class _Row(msgspec.Struct, frozen=True, array_like=True):
    facts: Facts
    is_confirmed: bool


def _changed(event: WithdrawalChanged, _time_us: int, _seq: int) -> Iterable[Note]:
    facts = event.withdrawal
    body = msgspec.json.encode(_Row(facts, event.is_confirmed))
    # A text of the client's own may be empty, and none is another thing.
    name = "" if facts.client_id is None else f"={facts.client_id}"
    yield Note(kind=KIND, account=facts.account, number=facts.number, name=name, body=body)


NOTERS: Mapping[type, Noter] = {WithdrawalChanged: _changed}


def withdrawals(archive: Archive, listing: Listing, account: int, operation: GetWithdrawals, *, now_us: int) -> list[Withdrawal]:
    """The account's own, newest first (guess)."""
    first, last = operation.from_ms, operation.to_ms
    assert isinstance(first, int | None), "an operation holds its times as numbers once it is built"
    assert isinstance(last, int | None), "an operation holds its times as numbers once it is built"
    search = Search(
        kind=KIND,
        account=account,
        number=operation.withdrawal_id,
        names=None if operation.client_id is None else [f"={operation.client_id}"],
        from_us=_us(first or 0),
        to_us=INTEGER_MAX if last is None else _us(last) + 999,
        limit=operation.limit,
        offset=operation.offset,
    )
    rows, _ = archive.notes(search, now_us=now_us)
    found = (msgspec.json.decode(body, type=_Row) for _, _, body in rows)
    return [withdrawal(listing, row.facts, is_confirmed=row.is_confirmed) for row in found]


def withdrawal(listing: Listing, facts: Facts, *, is_confirmed: bool) -> Withdrawal:
    """As it is answered. Nothing is on any network: the hash says so."""
    transaction = no_transaction(facts.number) if is_confirmed else None
    return Withdrawal(
        blockchain=Blockchain(facts.blockchain),
        client_id=facts.client_id,
        created_iso=naive_iso(facts.created_us),
        fee=listing.quantity_of(facts.asset, facts.fee),
        withdrawal_id=facts.number,
        identifier=transaction,
        is_internal=False,
        quantity=listing.quantity_of(facts.asset, facts.amount),
        status=WithdrawalStatus.CONFIRMED if is_confirmed else WithdrawalStatus.PENDING,
        symbol=facts.asset,
        to_address=facts.address,
        transaction_hash=transaction,
        trigger_iso=None if facts.trigger_us is None else naive_iso(facts.trigger_us),
    )


def no_transaction(number: int) -> str:
    """What stands in a withdrawal where the hash of a transaction would."""
    return f"local-exchange-nothing-was-sent-{sha256(str(number).encode()).hexdigest()[:24]}"


def _us(time_ms: int) -> int:
    return max(0, min(time_ms * 1_000, INTEGER_MAX - 1_000))

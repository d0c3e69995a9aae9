"""What is in a snapshot: lines of JSON, each of them written quickly, so that an exchange can write one beside its work.

The first line says what it is a snapshot of, the last one is a SHA-256 of all lines before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import TypeVar

import msgspec

from haversack.exchange.engine.event import TradePrinted
from haversack.exchange.engine.order import WorkingOrder
from haversack.exchange.engine.state import AccountState, EngineState, LedgerState, MarketState
from haversack.exchange.engine.triggers import PendingOrder
from haversack.exchange.views.bars import Bar
from haversack.exchange.views.tape import MarketPast

FORMAT = "haversack snapshot 2"
ROWS_MAX = 500
"""Of one line."""
T = TypeVar("T")


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first line."""

    format: str = FORMAT
    journal: str
    """Name of the journal, in hexadecimal digits."""
    seq: int
    """The last command whose outcome is in the state."""
    mark: int
    """Checksum of that command in the journal."""
    hash: str
    """Of the engine's state."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """All that an exchange has to know in order to go on."""

    seq: int
    last_us: int
    """When the last command was carried out."""
    engine: EngineState
    tape: Sequence[MarketPast]
    changed_us: Sequence[tuple[str, int]]
    """When each book last changed."""
    nonces: Sequence[tuple[bytes, int]]
    """Signatures that are still good and were used, with their ends in milliseconds."""


class _Ledger(msgspec.Struct, frozen=True, tag="ledger"):
    ledger: LedgerState
    last_us: int
    changed_us: Sequence[tuple[str, int]]


class _Accounts(msgspec.Struct, frozen=True, tag="accounts"):
    rows: list[AccountState]


class _Markets(msgspec.Struct, frozen=True, tag="markets"):
    rows: list[MarketState]


class _Orders(msgspec.Struct, frozen=True, tag="orders"):
    rows: list[WorkingOrder]


class _Pending(msgspec.Struct, frozen=True, tag="pending"):
    rows: list[PendingOrder]


class _Facility(msgspec.Struct, frozen=True, tag="facility"):
    name: str
    state: bytes


class _Nonces(msgspec.Struct, frozen=True, tag="nonces"):
    rows: list[tuple[bytes, int]]


class _Trades(msgspec.Struct, frozen=True, tag="trades"):
    symbol: str
    rows: list[tuple[TradePrinted, int]]


class _Bars(msgspec.Struct, frozen=True, tag="bars"):
    symbol: str
    series: int
    rows: list[Bar]


_Line = _Ledger | _Accounts | _Markets | _Orders | _Pending | _Facility | _Nonces | _Trades | _Bars
_encode = msgspec.json.Encoder().encode
_header = msgspec.json.Decoder(Header).decode
_line = msgspec.json.Decoder[_Line](_Line).decode


class Unsound(Exception):
    """A snapshot is not what somebody once wrote."""


def lines(header: Header, state: State) -> Iterator[bytes]:
    """The file, piece by piece; each piece is made when it is asked for."""
    digest = sha256()
    for each in (header, *_lines(state)):
        line = _encode(each) + b"\n"
        digest.update(line)
        yield line
    yield digest.hexdigest().encode() + b"\n"


def header_in(content: bytes) -> Header:
    """The first line of a file, which is checked as a whole; Unsound if it is not one."""
    end = content.rfind(b"\n", 0, -1) + 1
    if sha256(content[:end]).hexdigest().encode() + b"\n" != content[end:]:
        raise Unsound("its checksum is another one")
    try:
        header = _header(content[: content.index(b"\n")])
    except (ValueError, msgspec.DecodeError) as error:
        raise Unsound(str(error)) from None
    if header.format != FORMAT:
        raise Unsound(f"it is a {header.format!r}, and this version reads {FORMAT!r}")
    return header


def state_in(header: Header, content: bytes) -> State:
    """What a file holds whose header was read; Unsound if it does not fit this version."""
    try:
        found = [_line(line) for line in content.splitlines()[1:-1]]
    except (ValueError, msgspec.DecodeError, RecursionError) as error:
        raise Unsound(str(error)) from None
    ledgers = [line for line in found if isinstance(line, _Ledger)]
    if len(ledgers) != 1:
        raise Unsound("it counts nothing")
    (first,) = ledgers
    engine = EngineState(
        ledger=first.ledger,
        accounts=[row for line in found if isinstance(line, _Accounts) for row in line.rows],
        markets=[row for line in found if isinstance(line, _Markets) for row in line.rows],
        orders=[row for line in found if isinstance(line, _Orders) for row in line.rows],
        pending=[row for line in found if isinstance(line, _Pending) for row in line.rows],
        facilities=[(line.name, line.state) for line in found if isinstance(line, _Facility)],
    )
    return State(
        seq=header.seq,
        last_us=first.last_us,
        engine=engine,
        tape=_tape(found),
        changed_us=first.changed_us,
        nonces=[row for line in found if isinstance(line, _Nonces) for row in line.rows],
    )


def _lines(state: State) -> Iterator[_Line]:
    yield _Ledger(state.engine.ledger, state.last_us, state.changed_us)
    for accounts in _batches(state.engine.accounts):
        yield _Accounts(accounts)
    for market in state.engine.markets:
        yield _Markets([market])
    for orders in _batches(state.engine.orders):
        yield _Orders(orders)
    for pending in _batches(state.engine.pending):
        yield _Pending(pending)
    for name, remembered in state.engine.facilities:
        yield _Facility(name, remembered)
    for nonces in _batches(state.nonces):
        yield _Nonces(nonces)
    for past in state.tape:
        yield from _past_lines(past)


def _past_lines(past: MarketPast) -> Iterator[_Line]:
    for trades in _batches(past.trades):
        yield _Trades(past.symbol, trades)
    for number, series in enumerate(past.bars):
        # An empty one says how many there are.
        for bars in _batches(series) or [[]]:
            yield _Bars(past.symbol, number, bars)


def _tape(found: Sequence[_Line]) -> list[MarketPast]:
    markets: dict[str, MarketPast] = {}
    for line in found:
        if isinstance(line, _Trades):
            markets.setdefault(line.symbol, MarketPast(line.symbol, [], [])).trades.extend(line.rows)
        elif isinstance(line, _Bars):
            bars = markets.setdefault(line.symbol, MarketPast(line.symbol, [], [])).bars
            if line.series == len(bars):
                bars.append([])
            bars[line.series].extend(line.rows)
    return list(markets.values())


def _batches(rows: Sequence[T]) -> list[list[T]]:
    return [list(rows[first : first + ROWS_MAX]) for first in range(0, len(rows), ROWS_MAX)]

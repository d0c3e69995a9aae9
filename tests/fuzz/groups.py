"""Every decoder of the package: what valid bytes it is fed, and which errors it may answer damaged ones with."""

from __future__ import annotations

import os
import random
import sqlite3
import tempfile
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import msgspec

from fuzz import valid
from haversack.account.memory import recalled, rewritten
from haversack.book.book import Book
from haversack.book.texts import read_depth
from haversack.credentials import Credentials
from haversack.errors import HaversackError, ProtocolError, TransportError, UsageError
from haversack.exchange.api.caller import Caller
from haversack.exchange.api.dispatch import ROUTES, named_by
from haversack.exchange.authentication import check_signature, check_time, read_proof
from haversack.exchange.conversation import Conversation
from haversack.exchange.journal import Journal, JournalUnusable
from haversack.exchange.listing import Listing
from haversack.exchange.messages import Refused, Request
from haversack.exchange.payload import read_request
from haversack.rest.answers import read_answer
from haversack.rest.bodies import unpacked
from haversack.rest.http import HttpResponse
from haversack.wire.base import Operation
from haversack.wire.catalogue import OPERATIONS
from haversack.wire.faults import ErrorDetail
from haversack.wire.frames import Message, read_frame
from haversack.wire.markets import Depth

Attempt: TypeAlias = Callable[[bytes, random.Random], None]
"""Decodes; raises only where the promise is broken."""


class Case(NamedTuple):
    """One decoder."""

    name: str
    corpus: Sequence[bytes]
    """What it decodes without a complaint."""
    attempt: Attempt


def frames(_: random.Random) -> list[Case]:
    """What a stream sends."""

    def attempt(content: bytes, _: random.Random) -> None:
        try:
            said = read_frame(content)
        except ProtocolError:
            return
        assert isinstance(said, Message | ErrorDetail)

    return [Case("frame", valid.FRAMES, attempt)]


def depth(_: random.Random) -> list[Case]:
    """Depth frames on their way into a book, and snapshots."""

    def apply(content: bytes, _: random.Random) -> None:
        found = read_depth(content)
        if found is not None:
            book = _book_before(found.depth.symbol, found.depth.first_update_id)
            book.update(found.depth)
            assert book.is_synced or book.trouble is not None

    def adopt(content: bytes, dice: random.Random) -> None:
        try:
            snapshot = msgspec.json.decode(content, type=Depth)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return
        book = Book("SOL_USDC")
        _snapshot(book, snapshot)
        if book.is_synced:
            book.levels("Bid", 5)
            _snapshot(book, snapshot)

    return [Case("depth frame", valid.DEPTH_FRAMES, apply), Case("snapshot", valid.SNAPSHOTS, adopt)]


def _book_before(symbol: str, update_id: int) -> Book:
    book = Book(symbol)
    levels = [(valid.number("20.01"), valid.number("2"))]
    _snapshot(book, Depth(asks=levels, bids=[], last_update_id=str(update_id - 1), timestamp_us=5))
    return book


def _snapshot(book: Book, snapshot: Depth) -> None:
    book.subscribed()
    ask = book.outgoing()
    book.snapshot_came(snapshot, ask.ticket if ask is not None else 1)


def answers(dice: random.Random) -> list[Case]:
    """The answer of every operation, with good and bad statuses, and packed bodies."""

    def case(kind: type[Operation[Any]]) -> Case:
        operation = valid.operation(kind, dice)

        def attempt(content: bytes, dice: random.Random) -> None:
            status = dice.choice((200, 200, 200, 200, 202, 204, 301, 400, 404, 429, 500, 503, 999))
            headers = {"x-total": _text(content, dice), "retry-after": _text(content, dice), "location": _text(content, dice)}
            try:
                read_answer(operation, HttpResponse(status, headers, content))
            except HaversackError:
                return

        return Case(kind.__name__, [*valid.answers(kind, dice), *valid.ERROR_BODIES], attempt)

    return [*map(case, OPERATIONS), Case("gzip", valid.packed(), _unpack)]


def _unpack(content: bytes, dice: random.Random) -> None:
    try:
        unpacked(content, dice.choice(("gzip", "gzip", "gzip", "br", "identity")))
    except TransportError:
        return


def _text(content: bytes, dice: random.Random) -> str:
    return dice.choice(("7", "-1", "9" * 400, "1e9", "", content[:50].decode("latin-1")))


def requests(dice: random.Random) -> list[Case]:
    """What comes in at the exchange's doors: bodies, queries, headers, and frames of stream connections."""
    venue, now_us = valid.venue(), valid.NOW_US
    account = venue.account_for(valid.KEYS.public_key, now_us=now_us)

    def case(kind: type[Operation[Any]]) -> Case:
        def attempt(content: bytes, dice: random.Random) -> None:
            query = content.decode("latin-1") if kind.method == "GET" else ""
            request = Request(kind.method, kind.path, query, {"content-type": "application/json"}, content)
            try:
                received = read_request(kind, request, named_by(kind, venue.listing))
                if kind.instruction is not None and dice.random() < 0.1:
                    _refused(check_signature, valid.proof(kind.instruction), kind.instruction, *received.commands)
                ROUTES[kind](Caller(venue, now_us, account), received.operation)
            except Refused as refused:
                status = refused.reply.status
            else:
                status = 400
            assert 400 <= status < 500

        return Case(kind.__name__, valid.request_contents(kind, dice), attempt)

    def head(content: bytes, _: random.Random) -> None:
        texts = content.decode("latin-1").split("\n")
        try:
            proof = read_proof(dict(zip(("x-api-key", "x-signature", "x-timestamp", "x-window"), texts, strict=False)))
            check_time(proof, now_us // 1_000)
            check_signature(proof, "orderCancel", [])
        except Refused:
            return

    conversation = Conversation(venue, valid.Nobody())
    frame = Case("stream request", valid.stream_requests(), lambda content, _: conversation.receive(content))
    return [*[case(kind) for kind in ROUTES], Case("headers", valid.heads(), head), frame, frame, frame]


def _refused(call: Callable[..., None], *arguments: Any) -> None:
    try:
        call(*arguments)
    except Refused:
        return
    raise AssertionError("a signature of something else was accepted")


def memory(_: random.Random) -> list[Case]:
    """The file in which fills are remembered: damaged, and written by somebody who knows how to make its checksums."""

    def attempt(content: bytes, _: random.Random) -> None:
        try:
            recall = recalled(content)
        except UsageError:
            return
        assert recalled(rewritten(recall)).memory.floor_ms == recall.memory.floor_ms

    def forged(content: bytes, dice: random.Random) -> None:
        lines = valid.memory_lines()
        lines.insert(dice.randrange(len(lines) + 1), content.replace(b"\n", b" "))
        attempt(valid.with_checksums(lines), dice)

    return [Case("file", [valid.with_checksums(valid.memory_lines())], attempt), Case("line", valid.memory_lines(), forged)]


def journal(_: random.Random) -> list[Case]:
    """Rows of the exchange's journal whose checksums are right."""
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE entry (seq INTEGER PRIMARY KEY, now_us, command, nonce, expires_ms, checksum)")
    log = Journal(Path("journal"), db, -1)

    def attempt(content: bytes, _: random.Random) -> None:
        db.execute("DELETE FROM entry")
        db.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)", valid.journal_row(content))
        try:
            list(log.replay())
        except JournalUnusable:
            return

    return [Case("row", valid.commands(), attempt)]


def files(_: random.Random) -> list[Case]:
    """What a user writes: files of keys, and listings."""
    handle, name = tempfile.mkstemp()
    os.close(handle)
    path = Path(name)

    def keys(content: bytes, _: random.Random) -> None:
        path.write_bytes(content)
        try:
            Credentials.from_file(path)
        except UsageError:
            return

    def listing(content: bytes, _: random.Random) -> None:
        path.write_bytes(content)
        try:
            Listing.load(path)
        except UsageError:
            return

    weakref.finalize(keys, path.unlink)
    return [Case("keys", valid.key_files(), keys), Case("listing", valid.listings(), listing)]


GROUPS: dict[str, Callable[[random.Random], list[Case]]] = {
    f.__name__: f for f in (frames, depth, answers, requests, memory, journal, files)
}
"""Each makes its cases anew for a seed."""

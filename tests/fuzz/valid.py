"""What every decoder reads without a complaint: the bytes that are then damaged."""

from __future__ import annotations

import base64
import gzip
import json
import random
import zlib
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

import msgspec

from account.said import T0_MS, fill_frame
from exchange.engine.traffic import OPENINGS, Traffic
from fuzz.samples import fields_of, sample
from haversack.account.fills import AccountFill, fill_in_frame
from haversack.account.memory import Begun, Complete, Delivering, Entry, Known, Taken, written
from haversack.clock import ManualClock
from haversack.credentials import Credentials
from haversack.exchange.authentication import Proof
from haversack.exchange.journal import GroupCommitter, MemoryJournal
from haversack.exchange.listing import Listing
from haversack.exchange.venue import Settings, Venue
from haversack.signing import SUBSCRIBE, Signer, signing_text
from haversack.wire.base import Operation, body_type
from haversack.wire.orders import PlaceOrder
from streams.test_frames import FRAMES as FRAME_TEXTS

NOW_US = 1_788_285_151_000_000
KEYS = Credentials("zDIJj9qneWIY0IYZ5aXoHcNMCm+XDhVcTssiT0HyY0A=", "4odxgSUxFrC/zsKWZF4OQwYAgnNu9hnWH3NxWfLAPz4=")
number = Decimal

ERROR_BODIES = [
    b'{"code":"INVALID_CLIENT_REQUEST","message":"Invalid signature"}',
    b"<html><head><title>502 Bad Gateway</title></head></html>",
    b"rate limit exceeded",
]
FRAMES = [
    *[frame.encode() for frame in FRAME_TEXTS],
    b'{"error":{"code":4006,"message":"Invalid stream"},"id":null}',
    b'{"data":{"estimatedBid":"177.25","session":null},"stream":"stockIndicativeQuote.NVDA"}',
]
DEPTH_FRAMES = [
    *[frame for frame in FRAMES if b'"depth"' in frame],
    (
        b'{"data":{"E":1788367431034999,"T":1788367431034824,"U":101,"a":[["20.01","0"],["20.5","1.25"]],'
        b'"b":[["19.99","3"],["1e1","2"]],"e":"depth","s":"SOL_USDC","u":104},"stream":"depth.SOL_USDC"}'
    ),
]
SNAPSHOTS = [
    b'{"asks":[["20.01","2"],["20.03","4"]],"bids":[["19.98","3"],["19.99","1.5"]],"lastUpdateId":"100","timestamp":5}',
    b'{"asks":[],"bids":[],"lastUpdateId":"0","timestamp":1788367431034824}',
]


class Nobody:
    """A connection whose other end hears nothing."""

    def deliver(self, frame: bytes, *, delay_s: float = 0.0) -> None:
        """Drop it."""

    def cut(self) -> None:
        """Nothing to cut."""

    def freeze(self) -> None:
        """Nothing to freeze."""


def operation(kind: type[Operation[Any]], dice: random.Random) -> Operation[Any]:
    """One with its required parameters."""
    if kind.batch:
        return kind(**{kind.batch: tuple([operation(PlaceOrder, dice) for _ in range(2)])})
    required = [field for field in msgspec.structs.fields(kind) if field.required]
    return kind(**{field.name: sample(field.type, dice) for field in required})


def answers(kind: type[Operation[Any]], dice: random.Random) -> list[bytes]:
    """Bodies that fit what it answers."""
    if kind.answers_text:
        return [b"pong", b"1788285151000"]
    return [json.dumps(sample(body_type(kind), dice)).encode() for _ in range(3)]


@cache
def packed() -> Sequence[bytes]:
    """Bodies in gzip; one unpacks to a thousand times its length."""
    return [gzip.compress(body, mtime=0) for body in (*ERROR_BODIES, bytes(50_000_000), b"")]


def request_contents(kind: type[Operation[Any]], dice: random.Random) -> list[bytes]:
    """Bodies, or queries, that ask for it."""
    contents = [fields_of(kind, dice) for _ in range(3)]
    if kind.batch:
        return [json.dumps([fields_of(PlaceOrder, dice) for _ in range(2)]).encode()]
    if kind.method == "GET":
        return [urlencode(content, doseq=True).encode() for content in contents]
    order = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "100", "quantity": "1", "clientId": 7}
    return [json.dumps(content).encode() for content in ([*contents, order] if kind is PlaceOrder else contents)]


@cache
def _listing() -> Listing:
    return Listing.load()


def venue() -> Venue:
    """An exchange without a crowd, on a clock that stands still."""
    journal = MemoryJournal()
    made = Venue(_listing(), ManualClock(NOW_US), GroupCommitter(journal), settings=Settings(has_crowd=False))
    made.start(journal)
    return made


@cache
def proof(instruction: str) -> Proof:
    """A signature of an instruction with parameters that nobody sends."""
    signed = _signer().sign(signing_text(instruction, [("nobody", "1")]), changes_state=False)
    return Proof(signed.public_key, signed.signature, signed.timestamp_ms, signed.window_ms)


@cache
def _signer() -> Signer:
    return Signer(KEYS, ManualClock(NOW_US))


@cache
def heads() -> Sequence[bytes]:
    """The four headers of a signed request, a line each."""
    signed = _signer().sign(signing_text("orderCancel", []), changes_state=False)
    texts = (signed.public_key, signed.signature, signed.timestamp_ms, signed.window_ms)
    return ["\n".join(map(str, texts)).encode()]


@cache
def stream_requests() -> Sequence[bytes]:
    """Frames that subscribe and unsubscribe."""
    signed = _signer().sign(signing_text(SUBSCRIBE, []), changes_state=False)
    signature = [signed.public_key, signed.signature, str(signed.timestamp_ms), str(signed.window_ms)]
    private = {"method": "SUBSCRIBE", "params": ["account.orderUpdate", "depth.SOL_USDC"], "signature": signature}
    public = {"method": "SUBSCRIBE", "params": ["depth.SOL_USDC", "depth.200ms.SOL_USDC", "kline.1m.SOL_USDC_PERP"]}
    return [json.dumps(each).encode() for each in (private, public, {"method": "UNSUBSCRIBE", "params": ["depth.SOL_USDC"]})]


@cache
def _fills() -> list[AccountFill]:
    told = [fill_in_frame(fill_frame(trade_id, "0.1", "1")) for trade_id in (1, 2)]
    fills = [fill for fill in told if fill is not None]
    return [*fills, msgspec.structs.replace(fills[0], trade_id=None)]


def memory_lines() -> list[bytes]:
    """What stands in the lines of a memory of fills, without its checksums."""
    entries: list[Entry] = [
        Begun(1, T0_MS),
        Known([(_fills()[0].key, T0_MS)]),
        Delivering(0, _fills()),
        Taken(1),
        Complete(T0_MS + 5),
    ]
    return [line[9:] for line in written(entries).splitlines()]


def with_checksums(lines: list[bytes]) -> bytes:
    """The file of these lines."""
    return b"".join([b"%08x %b\n" % (zlib.crc32(line), line) for line in lines])


@cache
def commands() -> Sequence[bytes]:
    """Commands as the journal writes them."""
    traffic = Traffic(1)
    return [msgspec.json.encode(command) for command in (*OPENINGS, *[traffic.command() for _ in range(30)])]


def journal_row(command: bytes) -> tuple[int, int, bytes, bytes | None, int | None, int]:
    """A row of the journal's table, with the checksum that it should have."""
    content = (1, NOW_US, command, b"nonce", NOW_US // 1_000)
    return (*content, zlib.crc32(repr(content).encode()))


@cache
def key_files() -> Sequence[bytes]:
    """Files of keys that belong to nobody."""
    secret = base64.b64encode(bytes(range(32))).decode()
    public = Credentials.from_secret(secret).public_key
    return [f"# keys\nexport BACKPACK_API_KEY='{public}'\nBACKPACK_API_SECRET={secret}\n".encode()]


@cache
def listings() -> Sequence[bytes]:
    """The package's own listing, cut down to a few markets."""
    text = files("haversack.exchange").joinpath("data/listing.toml").read_text(encoding="utf-8")
    return [text.encode(), text[: text.rindex("[[markets]]")].encode()]

"""The string that is signed, built once, and the two ends of a signature: Signer makes it, Verifier checks it.

    instruction=orderCancel&orderId=28&symbol=BTC_USDT&timestamp=1614550000000&window=5000

Source: docs, "Signature Generation". Values stand in the string as they are, without any escaping, so a value that contains
`&` or `=` could pass for two parameters: such values are refused before anything is signed.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from binascii import b2a_base64
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from threading import Lock
from typing import Protocol, TypeAlias
from weakref import WeakValueDictionary

import msgspec
from nacl.bindings import crypto_sign_BYTES, crypto_sign_open, crypto_sign_PUBLICKEYBYTES
from nacl.exceptions import BadSignatureError

from haversack.clock import Clock
from haversack.errors import UnsignableValue, UsageError

WINDOW_MS_DEFAULT = 5_000
WINDOW_MS_MAX = 60_000
SUBSCRIBE = "subscribe"
"""Instruction of a private subscription; it covers no parameters."""

Parameters: TypeAlias = Sequence[tuple[str, str]]
"""Names and texts of a request's parameters, as they are sent."""

_FORGING = re.compile(r"[&=\x00-\x1f\x7f]")
_REMEMBERED_MAX = 100_000


class Key(Protocol):
    """A key pair that can sign; the secret half may live elsewhere."""

    @property
    def public_key(self) -> str:
        """Base64 of the verifying key."""
        ...

    @property
    def sign(self) -> Callable[[bytes], bytes]:
        """Makes the 64 bytes of an ED25519 signature of a message; a method does as well."""
        ...


class Signed(msgspec.Struct, frozen=True, gc=False):
    """A signature, and what it is good for."""

    public_key: str
    signature: str
    timestamp_ms: int
    window_ms: int
    wait_us: int
    """Send it no earlier than after this long: only then has its timestamp come."""


def signing_text(instruction: str, parameters: Parameters) -> str:
    """One instruction with its parameters, sorted by name: the part of the string that names no time."""
    if _FORGING.search("".join([text for pair in parameters for text in pair])):
        for name, value in parameters:
            refuse_forging(name, name)
            refuse_forging(value, name)
    return checked_text(instruction, sorted(parameters))


def checked_text(instruction: str, parameters: Iterable[tuple[str, str | int | bool]]) -> str:
    """The same for parameters that are sorted already, and whose texts went through `refuse_forging` when they came in."""
    parts = [f"{name}={value if value.__class__ is not bool else value_text(value)}" for name, value in parameters]
    return "&".join([f"instruction={instruction}", *parts])


def refuse_forging(text: str, what: str) -> None:
    """Raise if a text could pass for more than one value in the signed string."""
    if _FORGING.search(text):
        raise UnsignableValue(f"{what!r} must not contain '&', '=' or control characters, found {text!r}")


def batch_text(instruction: str, batch: Iterable[Parameters]) -> str:
    """Several commands in one string, each with the instruction in front (docs: POST /orders)."""
    return "&".join(signing_text(instruction, parameters) for parameters in batch)


def timed(text: str, timestamp_ms: int, window_ms: int) -> str:
    """The whole string. The window is part of it even when its header is left out."""
    return f"{text}&timestamp={timestamp_ms}&window={window_ms}"


def value_text(value: str | int | bool) -> str:
    """A parameter as the string has it: booleans in lower case, integers in plain digits."""
    if value is True:
        return "true"
    return "false" if value is False else str(value)


class SignedTexts:
    """What was signed lately with one key, so that it is not signed again. Safe to share between threads and signers."""

    def __init__(self) -> None:
        self._lock = Lock()
        # In two generations that are dropped as a whole, and where the search for a free moment begins.
        self._made: set[str] = set()
        self._made_before: set[str] = set()
        self._repeated: dict[str, int] = {}
        self._turns_ms = 0

    def take(self, text: str, timestamp_ms: int, window_ms: int) -> tuple[str, int]:
        """The string to sign and its timestamp: this one, or the first after it for which the text was not signed yet."""
        message = f"{text}&timestamp={timestamp_ms}&window={window_ms}"
        with self._lock:
            if message in self._made or message in self._made_before:
                message, timestamp_ms = self._unused(text, timestamp_ms, window_ms)
            self._made.add(message)
            if timestamp_ms > self._turns_ms or len(self._made) > _REMEMBERED_MAX:
                self._turn(timestamp_ms)
        return message, timestamp_ms

    def _unused(self, text: str, timestamp_ms: int, window_ms: int) -> tuple[str, int]:
        """The first moment from then on for which this text was not signed."""
        last_ms = self._repeated.get(text, 0)
        # The search begins after the last moment that an earlier one found. If that is more than a window ahead, the clock was
        # set back, and waiting until it has caught up would be worse than searching.
        if timestamp_ms < last_ms <= timestamp_ms + window_ms:
            timestamp_ms = last_ms
        message = timed(text, timestamp_ms, window_ms)
        while message in self._made or message in self._made_before:
            timestamp_ms += 1
            message = timed(text, timestamp_ms, window_ms)
        self._repeated[text] = timestamp_ms
        return message, timestamp_ms

    def _turn(self, timestamp_ms: int) -> None:
        """Begin a new generation. What is forgotten is older than any window, so that it is good for nothing any more."""
        self._made_before, self._made, self._repeated = self._made, set(), {}
        self._turns_ms = timestamp_ms + WINDOW_MS_MAX


class _TextsOfProcess:
    """What each key signed, for as long as anybody signs with it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._by_key: WeakValueDictionary[str, SignedTexts] = WeakValueDictionary()

    def get(self, public_key: str) -> SignedTexts:
        with self._lock:
            texts = self._by_key.get(public_key)
            if texts is None:
                texts = self._by_key[public_key] = SignedTexts()
            return texts


@cache
def _texts_of_process() -> _TextsOfProcess:
    # State of the whole process, on purpose: two clients with the same key cannot know of each other in any other way.
    return _TextsOfProcess()


def texts_of_key(public_key: str) -> SignedTexts:
    """What all signers of this process share that sign with this key by the machine's clock."""
    return _texts_of_process().get(public_key)


class Signer:
    """Signs with one key by one clock. Safe to share between threads and tasks.

    A timestamp is the clock's millisecond, never later. The exchange takes a signed string for a state-changing request only
    once, so for those the same string is never made twice: the next millisecond is taken, and `wait_us` says how long it is
    until then.
    """

    def __init__(self, key: Key, clock: Clock, *, window_ms: int = WINDOW_MS_DEFAULT, texts: SignedTexts | None = None) -> None:
        """`texts`: what other signers with this key share, so that no two of them make the same string."""
        if not 0 < window_ms <= WINDOW_MS_MAX:
            raise UsageError(f"window_ms must be 1 to {WINDOW_MS_MAX}, found {window_ms}")
        self._key_sign = key.sign
        self._public_key = key.public_key
        self._now_us = clock.now_us
        self._window_ms = window_ms
        self._texts = texts or SignedTexts()

    def __repr__(self) -> str:
        return f"Signer({self._public_key})"

    @property
    def public_key(self) -> str:
        """Base64 of the verifying key."""
        return self._public_key

    def sign(self, text: str, *, changes_state: bool) -> Signed:
        """Sign a `signing_text` for now."""
        window_ms, wait_us = self._window_ms, 0
        now_us = self._now_us()
        timestamp_ms = now_us // 1_000
        if changes_state:
            message, timestamp_ms = self._texts.take(text, timestamp_ms, window_ms)
            wait_us = max(0, timestamp_ms * 1_000 - now_us)
        else:
            message = f"{text}&timestamp={timestamp_ms}&window={window_ms}"
        signature = b2a_base64(self._key_sign(message.encode()), newline=False).decode()
        return Signed(self._public_key, signature, timestamp_ms, window_ms, wait_us)


class Verifier:
    """Checks signatures with the signer's verifying key."""

    @staticmethod
    def is_key(public_key: str) -> bool:
        """Whether this is base64 of 32 bytes."""
        return len(_bytes_of(public_key)) == crypto_sign_PUBLICKEYBYTES

    @staticmethod
    def is_signature(signature: str) -> bool:
        """Whether this is base64 of 64 bytes."""
        return len(_bytes_of(signature)) == crypto_sign_BYTES

    @staticmethod
    def verify(public_key: str, message: bytes, signature: str) -> bool:
        """Whether the holder of the key signed exactly this message."""
        key, signed = _bytes_of(public_key), _bytes_of(signature)
        if len(key) != crypto_sign_PUBLICKEYBYTES or len(signed) != crypto_sign_BYTES:
            return False
        try:
            crypto_sign_open(signed + message, key)
        except BadSignatureError:
            return False
        return True


@lru_cache(1_000)
def _bytes_of(text: str) -> bytes:
    # The same few keys sign again and again, and one signature is looked at from several sides.
    try:
        return b64decode(text, validate=True)
    except (Base64Error, ValueError):
        return b""

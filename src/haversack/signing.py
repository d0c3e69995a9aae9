"""The string that is signed, built once, and the two ends of a signature: Signer makes it, Verifier checks it.

    instruction=orderCancel&orderId=28&symbol=BTC_USDT&timestamp=1614550000000&window=5000

Source: docs, "Signature Generation". Values stand in the string as they are, without any escaping, so a value that contains
`&` or `=` could pass for two parameters: such values are refused before anything is signed.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections import deque
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import NamedTuple, Protocol, TypeAlias

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
_REMEMBERED_MAX = 200_000


class Key(Protocol):
    """A key pair that can sign; the secret half may live elsewhere."""

    @property
    def public_key(self) -> str:
        """Base64 of the verifying key."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of an ED25519 signature."""
        ...


class Signed(NamedTuple):
    """A signature, and what it is good for."""

    public_key: str
    signature: str
    timestamp_ms: int
    window_ms: int
    wait_us: int
    """Send it no earlier than after this long: only then has its timestamp come."""


def signing_text(instruction: str, parameters: Parameters) -> str:
    """One instruction with its parameters, sorted by name: the part of the string that names no time."""
    parts = [f"instruction={instruction}"]
    for name, value in sorted(parameters):
        if _FORGING.search(value):
            raise UnsignableValue(f"{name} must not contain '&', '=' or control characters, found {value!r}")
        parts.append(f"{name}={value}")
    return "&".join(parts)


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


class Signer:
    """Signs with one key by one clock. Safe to share between threads and tasks.

    A timestamp is the clock's millisecond, never later. The exchange takes a signed string for a state-changing request only
    once, so for those the same string is never made twice: the next millisecond is taken, and `wait_us` says how long it is
    until then.
    """

    def __init__(self, key: Key, clock: Clock, *, window_ms: int = WINDOW_MS_DEFAULT) -> None:
        if not 0 < window_ms <= WINDOW_MS_MAX:
            raise UsageError(f"window_ms must be 1 to {WINDOW_MS_MAX}, found {window_ms}")
        self._key = key
        self._clock = clock
        self._window_ms = window_ms
        self._lock = Lock()
        self._newest: dict[str, int] = {}
        self._made: deque[tuple[int, str]] = deque()

    def __repr__(self) -> str:
        return f"Signer({self._key.public_key})"

    @property
    def public_key(self) -> str:
        """Base64 of the verifying key."""
        return self._key.public_key

    def sign(self, text: str, *, changes_state: bool) -> Signed:
        """Sign a `signing_text` for now."""
        now_us = self._clock.now_us()
        timestamp_ms = now_us // 1_000
        if changes_state:
            with self._lock:
                timestamp_ms = self._unused(text, timestamp_ms)
        message = timed(text, timestamp_ms, self._window_ms)
        signature = b64encode(self._key.sign(message.encode())).decode()
        wait_us = max(0, timestamp_ms * 1_000 - now_us)
        return Signed(self._key.public_key, signature, timestamp_ms, self._window_ms, wait_us)

    def _unused(self, text: str, timestamp_ms: int) -> int:
        newest, made, window_ms = self._newest, self._made, self._window_ms
        while made and (made[0][0] + window_ms < timestamp_ms or len(made) >= _REMEMBERED_MAX):
            old_ms, old = made.popleft()
            if newest.get(old) == old_ms:
                del newest[old]
        last_ms = newest.get(text)
        # Beyond a window the clock was set back, and waiting until it has caught up would be worse than a new string.
        if last_ms is not None and timestamp_ms <= last_ms <= timestamp_ms + window_ms:
            timestamp_ms = last_ms + 1
        newest[text] = timestamp_ms
        made.append((timestamp_ms, text))
        return timestamp_ms


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


def _bytes_of(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (Base64Error, ValueError):
        return b""

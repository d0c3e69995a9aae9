"""Who sends a request, and whether it is fresh: the order of the checks is the exchange's.

Headers, then the time, then the form of the signature, then key and signature with one text for both, then whether the same
signed request was taken before.
"""

from __future__ import annotations

from base64 import b64decode
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from haversack.errors import UnsignableValue
from haversack.exchange.messages import Refused
from haversack.exchange.numerals import INT64, UINT64, NotANumber, integer
from haversack.exchange.signatures import Claim
from haversack.signing import WINDOW_MS_DEFAULT, WINDOW_MS_MAX, Verifier, signing_text, timed

TIMESTAMP_OFF_MS_MAX = 600_000
"""A timestamp may be ten minutes from the exchange's clock (inferred from another client's tests)."""
_REMEMBERED_MAX = 1_000_000

Verify: TypeAlias = Callable[[Claim], Awaitable[bool]]
"""Tells whether a claim is true."""


class Proof(NamedTuple):
    """A signature as it came in its headers."""

    key: str
    signature: str
    timestamp_ms: int
    window_ms: int

    @property
    def nonce(self) -> bytes:
        """The signature's bytes: ED25519 signs the same request the same way, and no other request so."""
        return _nonce(self.signature)

    @property
    def expires_ms(self) -> int:
        """Until when the signature is good."""
        return self.timestamp_ms + self.window_ms


@lru_cache(1_000)
def _nonce(signature: str) -> bytes:
    # Each is asked for several times on the way of one request.
    return b64decode(signature)


def read_proof(headers: Mapping[str, str]) -> Proof:
    """The four headers; refused in the framework's words if one is missing or malformed."""
    for name in ("X-API-KEY", "X-SIGNATURE"):
        if name.lower() not in headers:
            raise Refused.by_framework(400, f'failed to parse parameter `{name}`: Type "string" expects an input value.')
    timestamp_ms = _integer_header(headers, "X-TIMESTAMP", None)
    window_ms = _integer_header(headers, "X-WINDOW", WINDOW_MS_DEFAULT)
    return Proof(headers["x-api-key"], headers["x-signature"], timestamp_ms, window_ms)


def _integer_header(headers: Mapping[str, str], name: str, default: int | None) -> int:
    text = headers.get(name.lower())
    if text is None and default is not None:
        return default
    # A timestamp is signed, a window is not (documented).
    schema, bounds = ("integer_int64", INT64) if default is None else ("integer_uint64", UINT64)
    if text is None:
        raise Refused.by_framework(400, f'failed to parse parameter `{name}`: Type "{schema}" expects an input value.')
    try:
        return integer(text, bounds)
    except NotANumber as fault:
        raise Refused.by_framework(400, f'failed to parse parameter `{name}`: failed to parse "{schema}": {fault}') from None


def check_time(proof: Proof, now_ms: int) -> None:
    """Refuse what is not of now."""
    if not 0 < proof.window_ms <= WINDOW_MS_MAX:
        # The text is a guess: no refusal of a window was ever recorded.
        raise Refused.as_invalid(f"Invalid window: must be between 1 and {WINDOW_MS_MAX}")
    if abs(proof.timestamp_ms - now_ms) > TIMESTAMP_OFF_MS_MAX:
        raise Refused.as_invalid("Invalid timestamp: must be within 10 minutes of current time")
    if proof.expires_ms < now_ms:
        raise Refused.as_invalid("Request has expired")


def check_signature(proof: Proof, instruction: str, *commands: Iterable[tuple[str, str]]) -> None:
    """Refuse what the key's holder did not sign. The string is rebuilt from all that was received, command by command."""
    if not Verifier.is_signature(proof.signature):
        raise Refused.as_invalid("Invalid X-Signature header")
    if not signs(proof, instruction, *commands):
        raise Refused.as_invalid("Invalid signature")


async def check_signature_by(verify: Verify, proof: Proof, instruction: str, *commands: Iterable[tuple[str, str]]) -> None:
    """The same, where somebody else does the arithmetic."""
    if not Verifier.is_signature(proof.signature):
        raise Refused.as_invalid("Invalid X-Signature header")
    claim = _claim(proof, instruction, *commands)
    if claim is None or not await verify(claim):
        raise Refused.as_invalid("Invalid signature")


def signs(proof: Proof, instruction: str, *commands: Iterable[tuple[str, str]]) -> bool:
    """Whether the proof is a signature of this instruction with these parameters; for a batch, of all its commands in a row."""
    claim = _claim(proof, instruction, *commands)
    return claim is not None and claim.is_true()


def _claim(proof: Proof, instruction: str, *commands: Iterable[tuple[str, str]]) -> Claim | None:
    """What has to be true; None if nobody can have signed that."""
    try:
        text = "&".join([signing_text(instruction, _covered(list(command))) for command in commands])
    except UnsignableValue:
        return None
    return Claim(proof.key, timed(text, proof.timestamp_ms, proof.window_ms).encode(), proof.signature)


def _covered(texts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    # The order id wins where both ids are sent (documented 2026-10), so a signature over both does not hold.
    if any(name == "orderId" for name, _ in texts):
        return [(name, value) for name, value in texts if name != "clientId"]
    return texts


class Replays:
    """Signatures of state-changing requests that were taken and are still good: each is taken once."""

    def __init__(self, known: Iterable[tuple[bytes, int]] = ()) -> None:
        self._known: set[bytes] = set()
        self._by_expiry: deque[tuple[int, bytes]] = deque()
        self._kept: deque[tuple[bytes, int]] = deque()
        for nonce, expires_ms in sorted(known, key=lambda pair: pair[1]):
            self._add(nonce, expires_ms)
            self._kept.append((nonce, expires_ms))

    def check(self, proof: Proof, now_ms: int) -> None:
        """Refuse a request that was taken before; remember it otherwise. The text is this exchange's own."""
        while self._by_expiry and (self._by_expiry[0][0] < now_ms or len(self._by_expiry) >= _REMEMBERED_MAX):
            self._known.discard(self._by_expiry.popleft()[1])
        nonce = proof.nonce
        if nonce in self._known:
            raise Refused.as_invalid("Duplicate request: this signature was used before")
        while self._kept and (self._kept[0][1] < now_ms or len(self._kept) >= _REMEMBERED_MAX):
            self._kept.popleft()
        self._add(nonce, proof.expires_ms)

    def keep(self, proof: Proof) -> None:
        """What was asked for has happened: the request must be known after a restart, too."""
        # The orders of a batch share one signature.
        nonce = proof.nonce
        if not self._kept or self._kept[-1][0] != nonce:
            self._kept.append((nonce, proof.expires_ms))

    def kept(self) -> list[tuple[bytes, int]]:
        """Signatures of requests that something came of, each with its end."""
        return list(self._kept)

    def _add(self, nonce: bytes, expires_ms: int) -> None:
        self._known.add(nonce)
        self._by_expiry.append((expires_ms, nonce))

    def __len__(self) -> int:
        return len(self._known)

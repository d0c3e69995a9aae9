"""Frames as they should not be: torn, garbage, or of a future version of the exchange."""

from __future__ import annotations

from random import Random

_UNKNOWN = (
    (b'"e":"orderAccepted"', b'"e":"orderPondered"'),
    (b'"e":"orderFill"', b'"e":"orderNibbled"'),
    (b'"e":"depth"', b'"e":"depthOfFeeling"'),
    (b'"X":"New"', b'"X":"Quantum"'),
    (b'"X":"PartiallyFilled"', b'"X":"HalfFull"'),
    (b'"O":"USER"', b'"O":"ORACLE"'),
    (b'"f":"GTC"', b'"f":"GTD"'),
)


def torn(frame: bytes, dice: Random) -> bytes:
    """A part of it."""
    return frame[: dice.randrange(len(frame))]


def garbage(dice: Random) -> bytes:
    """Anything."""
    return dice.choice((dice.randbytes(dice.randrange(1, 40)), b"null", b"[]", b"{}", b'{"data":1,"stream":2}', b"\xff" * 9))


def strange(frame: bytes, dice: Random) -> bytes:
    """The same frame with a member or a field that nobody knows yet."""
    words = [pair for pair in _UNKNOWN if pair[0] in frame]
    if words and dice.random() < 0.5:
        return frame.replace(*dice.choice(words), 1)
    return frame.replace(b'{"data":{', b'{"data":{"0new":{"a":[1,null]},', 1)

"""What the name of a stream tells before anything has come by it.

    depth.SOL_USDC   depth.200ms.SOL_USDC   kline.1m.SOL_USDC   account.orderUpdate   account.orderUpdate.SOL_USDC

Source: docs, "Streams". The exchange ignores a symbol that it does not know without a word, so names are not checked further.
A symbol may have a point in it, such as `MU.US_USDC`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from haversack.errors import UsageError
from haversack.wire.enums import KlineInterval
from haversack.wire.frames import is_private, kind_of

DOCUMENTED_KINDS = frozenset(
    (
        *("depth", "trade", "bookTicker", "ticker", "kline", "markPrice", "openInterest", "liquidation"),
        *("externalTicker", "stockPrice", "stockIndicativeQuote"),
        *("account.orderUpdate", "account.positionUpdate", "account.balanceUpdate", "account.rfqUpdate"),
    )
)
DEPTH_WINDOWS = frozenset(("200ms", "600ms", "1000ms"))
COUNTED_KINDS = frozenset(("depth", "trade", "liquidation"))
LATEST_KINDS = frozenset(
    ("bookTicker", "ticker", "kline", "markPrice", "openInterest", "externalTicker", "stockPrice", "stockIndicativeQuote")
)

_NAME_CHARACTERS_MAX = 200
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")
_WINDOWED = re.compile(r"depth\.([0-9]+ms)\..")


def checked_names(streams: Iterable[str]) -> tuple[str, ...]:
    """The names once each, in the order given; a UsageError where one cannot be the name of a stream."""
    names = tuple(streams)
    if not names:
        raise UsageError("subscribe needs at least one stream, such as 'depth.SOL_USDC'; found none")
    for name in names:
        if not (_is_text(name) and 0 < len(name) <= _NAME_CHARACTERS_MAX) or _UNPRINTABLE.search(name):
            raise UsageError(f"a stream's name is 1 to {_NAME_CHARACTERS_MAX} characters without spaces; found {name!r}")
    return tuple(dict.fromkeys(names))


def _is_text(name: object) -> bool:
    """Whether it can be written at all: half of a pair of code units would end the connection of all other streams."""
    try:
        return isinstance(name, str) and bool(name.encode())
    except UnicodeEncodeError:
        return False


def is_windowed(stream: str) -> bool:
    """Whether it is depth that the exchange gathers over some time."""
    return _WINDOWED.match(stream) is not None


def is_documented(stream: str) -> bool:
    """Whether the documentation knows its kind, and its window or interval if it has one."""
    if windowed := _WINDOWED.match(stream):
        return windowed[1] in DEPTH_WINDOWS
    kind, _, rest = stream.partition(".")
    if kind == "kline":
        return KlineInterval(rest.partition(".")[0]).is_known
    return kind_of(stream) in DOCUMENTED_KINDS


def family_of(stream: str) -> str:
    """All of the name but its symbol: the exchange refuses either every stream of a family or none (inferred)."""
    kind = kind_of(stream)
    is_split = kind == "kline" or is_windowed(stream)
    return f"{kind}.{stream.split('.')[1]}" if is_split and "." in stream else kind


def symbol_of(stream: str) -> str:
    """What the name says of which market, such as `MU.US_USDC` in `depth.200ms.MU.US_USDC`; empty if it says nothing."""
    return stream[len(family_of(stream)) + 1 :]


def says_all_anew(stream: str) -> bool:
    """Whether a newer message makes up for an older one; of a candle, only until it is closed."""
    return kind_of(stream) in LATEST_KINDS


def counts_every_message(stream: str) -> bool:
    """Whether a newer message of the same stream does not make up for one that was lost."""
    return kind_of(stream) in COUNTED_KINDS or is_private(stream)

"""Which streams exist, and what a subscription to one that does not is told.

Observed 2026-09: a word that is no kind of stream and a depth window that does not exist are errors; a market that does
not exist or is closed is silence.
"""

from __future__ import annotations

from enum import Enum

from haversack.exchange.listing import Listing
from haversack.wire.enums import KlineInterval, OrderBookState
from haversack.wire.faults import ErrorDetail
from haversack.wire.frames import is_private

__all__ = ["DEPTH_WINDOWS_US", "POSITIONS", "RFQS", "StreamVerdict", "is_private", "valid_stream"]

POSITIONS, RFQS = "account.positionUpdate", "account.rfqUpdate"
DEPTH_WINDOWS_US = {"200ms": 200_000, "600ms": 600_000, "1000ms": 1_000_000}

LIQUIDATIONS = "liquidation"
"""Of all markets; followed by a symbol, of one."""
_OF_A_MARKET = frozenset({"bookTicker", "depth", "ticker", "trade"})
_OF_A_PERPETUAL = frozenset({"liquidation", "markPrice", "openInterest"})
# They exist, and this exchange has nothing to say in them.
_NEVER_SPEAK = frozenset({"externalTicker", "stockIndicativeQuote", "stockPrice"})
_ACCOUNT_SPEAKS = frozenset({"orderUpdate", "balanceUpdate", "positionUpdate", "rfqUpdate"})


class StreamVerdict(Enum):
    """What becomes of a subscription."""

    OK = None
    SILENT = ""
    INVALID_STREAM = ErrorDetail(code=4006, message="Invalid stream")
    INVALID_DEPTH_WINDOW = ErrorDetail(code=4008, message="Invalid depth window")

    @property
    def error(self) -> ErrorDetail | None:
        """What to answer; None: nothing."""
        return self.value if isinstance(self.value, ErrorDetail) else None


def valid_stream(name: str, listing: Listing) -> StreamVerdict:
    """Whether the stream exists and will ever speak."""
    kind, _, rest = name.partition(".")
    if kind == "account":
        return _of_account(rest, listing)
    if kind == "depth":
        return _of_depth(rest, listing)
    if kind == "kline":
        interval, _, symbol = rest.partition(".")
        # How an unknown interval is answered is unknown: an error helps more than silence.
        return _of_market(symbol, listing) if KlineInterval(interval).is_known else StreamVerdict.INVALID_STREAM
    if name == LIQUIDATIONS:
        return StreamVerdict.OK
    if kind in _OF_A_PERPETUAL:
        is_perpetual = rest in listing.rules and listing.rules[rest].is_perpetual
        return _of_market(rest, listing) if is_perpetual else StreamVerdict.SILENT
    if kind in _OF_A_MARKET:
        return _of_market(rest, listing)
    return StreamVerdict.SILENT if kind in _NEVER_SPEAK else StreamVerdict.INVALID_STREAM


def _of_market(symbol: str, listing: Listing) -> StreamVerdict:
    market = listing.markets.get(symbol)
    is_open = market is not None and market.order_book_state != OrderBookState.CLOSED
    return StreamVerdict.OK if is_open else StreamVerdict.SILENT


def _of_depth(rest: str, listing: Listing) -> StreamVerdict:
    window, dot, symbol = rest.partition(".")
    digits = window.removesuffix("ms")
    if not dot or digits == window or not (digits.isascii() and digits.isdigit()):
        return _of_market(rest, listing)
    return _of_market(symbol, listing) if window in DEPTH_WINDOWS_US else StreamVerdict.INVALID_DEPTH_WINDOW


def _of_account(rest: str, listing: Listing) -> StreamVerdict:
    kind, dot, symbol = rest.partition(".")
    if kind not in _ACCOUNT_SPEAKS:
        return StreamVerdict.INVALID_STREAM
    if not dot:
        return StreamVerdict.OK
    if kind == "rfqUpdate":
        return StreamVerdict.OK if symbol in listing.rfq_markets else StreamVerdict.SILENT
    return StreamVerdict.SILENT if kind == "balanceUpdate" else _of_market(symbol, listing)

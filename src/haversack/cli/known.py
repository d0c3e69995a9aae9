"""Is there such a stream, and such a market? The exchange says nothing to who listens to a market that does not exist."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from haversack.errors import ApiError, InvalidRequest, NotFound, UsageError

if TYPE_CHECKING:
    from haversack.client.blocking import Client
    from haversack.wire.markets import Market

_LISTENED_TO = frozenset(
    (
        *("depth", "trade", "bookTicker", "ticker", "kline", "markPrice", "openInterest", "liquidation"),
        *("account.orderUpdate", "account.positionUpdate"),
    )
)
"""Kinds whose streams are named after a market."""
_WITHOUT_A_MARKET = frozenset(("liquidation", "account.orderUpdate", "account.positionUpdate"))
"""Those that may also be heard of all markets."""
_NOT_OF_SPOT = frozenset(("markPrice", "openInterest", "liquidation", "account.positionUpdate"))
_LIKENESS = 0.75
"""Of what is proposed; with less, any market of the same quote asset would be like any other."""
_ANYWAY = "--unchecked asks for it all the same"


def refuse_unknown_kinds(names: Iterable[str]) -> None:
    """A UsageError for the first name whose kind, window or interval is not known, or that lacks its market."""
    from haversack.streams.names import DEPTH_WINDOWS, DOCUMENTED_KINDS, is_documented, symbol_of
    from haversack.wire.enums import KlineInterval
    from haversack.wire.frames import kind_of

    for name in names:
        kind = kind_of(name)
        if kind not in DOCUMENTED_KINDS:
            known = ", ".join(sorted(DOCUMENTED_KINDS))
            raise UsageError(f"there is no stream {name!r}{_is_it(kind, DOCUMENTED_KINDS) or f'; known are {known}'} ({_ANYWAY})")
        if not is_documented(name):
            choices = (
                [each.value for each in KlineInterval]
                if kind == "kline"
                else sorted(DEPTH_WINDOWS, key=lambda text: int(text[:-2]))
            )
            raise UsageError(f"{name!r} is of none of the lengths that {kind} has: {', '.join(choices)} ({_ANYWAY})")
        if not symbol_of(name) and kind not in _WITHOUT_A_MARKET and not kind.startswith("account."):
            example = "kline.1m.SOL_USDC" if kind == "kline" else f"{kind}.SOL_USDC"
            raise UsageError(f"{name!r} lacks its market: write {example}, say ({_ANYWAY})")


def refuse_unknown_markets(names: Iterable[str], client: Client) -> None:
    """A UsageError for the first stream that could never say anything: its market does not exist, or is not of the kind."""
    from haversack.streams.names import symbol_of
    from haversack.wire.frames import kind_of

    wanted = [(name, symbol_of(name)) for name in names if kind_of(name) in _LISTENED_TO and symbol_of(name)]
    if not wanted:
        return
    listed = {market.symbol: market for market in client.markets.all()}
    for name, symbol in wanted:
        market = listed.get(symbol) or _asked_for(symbol, client)
        if market is None:
            raise UsageError(f"{unknown_market(symbol, list(listed))} ({_ANYWAY})")
        if market.market_type.value == "SPOT" and kind_of(name) in _NOT_OF_SPOT:
            raise UsageError(f"{symbol} is a spot market, and {kind_of(name)} is told of perpetuals alone ({_ANYWAY})")


def unknown_market(symbol: str, listed: Sequence[str]) -> str:
    """That there is no such market, and which one may be meant."""
    return f"there is no market {symbol!r}{_is_it(symbol, listed)}"


def _asked_for(symbol: str, client: Client) -> Market | None:
    """A market that is not in the list, which has neither predictions nor requests for quotes."""
    try:
        return client.markets.get(symbol)
    except (InvalidRequest, NotFound):
        return None
    except ApiError as error:
        if error.status == 400:
            return None
        raise


def _is_it(word: str, known: Iterable[str]) -> str:
    by_small = {each.lower(): each for each in known}
    small = word.lower()
    near = [small] if small in by_small else get_close_matches(small, by_small, n=3, cutoff=_LIKENESS)
    near = [by_small[each] for each in near]
    return f": is it {' or '.join(near)}?" if near else ""

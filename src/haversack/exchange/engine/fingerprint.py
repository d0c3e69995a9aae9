"""One hash over the whole state of an engine, equal exactly when two engines will answer all further commands alike."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from haversack.exchange.engine.book import Ladder
from haversack.exchange.engine.ledger import Account, Ledger
from haversack.exchange.engine.market import Market


def fingerprint(ledger: Ledger, markets: Iterable[Market], facilities: Sequence[tuple[str, bytes]] = ()) -> str:
    """SHA-256 over a canonical JSON list: everything sorted by name, books in the order of priority."""
    state = [
        ledger.next_id,
        ledger.settle_us,
        ledger.liquidate_us,
        [_account(account) for account in ledger.accounts],
        sorted(ledger.granted.items()),
        sorted(ledger.fees.items()),
        sorted(ledger.covers.items()),
        [_market(market) for market in sorted(markets, key=lambda market: market.rules.symbol)],
        [(name, state.decode()) for name, state in facilities],
    ]
    return hashlib.sha256(msgspec.json.encode(state)).hexdigest()


def _account(account: Account) -> list[Any]:
    balances = sorted((asset, held.available, held.locked) for asset, held in account.balances.items())
    said = [account.settings, list(account.deposits), account.unsettled, account.liquidating]
    return [account.number, account.key, account.fees, account.is_house, balances, *said]


def _market(market: Market) -> list[Any]:
    return [
        market.rules.symbol,
        market.next_trade_id,
        market.update_id,
        market.last_price,
        market.clearing.open_interest,
        _positions(market),
        *_prices(market),
        market.state,
        market.mean.told,
        market.observe_us,
        _ladder(market.book.bids),
        _ladder(market.book.asks),
        list(market.triggers.by_id.values()),
    ]


def _positions(market: Market) -> list[Any]:
    if market.perpetual is None:
        return []
    held = [(account, holding) for account, holding in sorted(market.perpetual.holdings.items()) if not holding.is_empty]
    return [[account, holding.position, holding.bids, holding.asks] for account, holding in held]


def _prices(market: Market) -> list[Any]:
    return [] if market.prices is None else [market.prices.state, market.prices.premium_mean.told]


def _ladder(ladder: Ladder) -> list[Any]:
    return [[level.price, level.quantity, list(level.orders.values())] for level in ladder.from_best()]

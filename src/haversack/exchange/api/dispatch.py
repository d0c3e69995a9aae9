"""What every request goes through: route, body, signature, replay, speed bump, handler, journal, reply.

The order is the exchange's: Content-Type and body come before the signature, so a malformed body is told to anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from types import NoneType
from typing import Any, Protocol, TypeAlias

from haversack.exchange import faults
from haversack.exchange.api import (
    account,
    dust,
    funding,
    history,
    lending,
    markets,
    orders,
    positions,
    predictions,
    rfq,
    stocks,
    strategies,
    system,
    transfers,
    vaults,
    withdrawals,
    worth,
)
from haversack.exchange.api.caller import ROWS_DEFAULT, Caller
from haversack.exchange.authentication import Proof, Verify, check_signature, check_signature_by, read_proof
from haversack.exchange.faults import AnswerAction
from haversack.exchange.journal import JournalStopped
from haversack.exchange.listing import Listing
from haversack.exchange.messages import Refused, Reply, Request
from haversack.exchange.payload import Texts, read_request
from haversack.exchange.venue import Venue
from haversack.wire.base import Operation, Page, answer_type
from haversack.wire.catalogue import OPERATIONS
from haversack.wire.markets import GetKlines, GetMarkets, GetMarkPrices, GetOpenInterest, GetTicker, GetTickers
from haversack.wire.orders import PlaceOrder, PlaceOrders
from haversack.wire.positions import GetPositionHistory
from haversack.wire.rfq import SubmitRfq
from haversack.wire.trades import GetRecentTrades


class Sleep(Protocol):
    """Lets time pass."""

    async def __call__(self, delay_s: float, /) -> None: ...


_Handler: TypeAlias = Callable[[Caller, Any], Any]

ROUTES: Mapping[type[Operation[Any]], _Handler] = dict(
    (
        *(*system.ROUTES, *markets.ROUTES, *account.ROUTES, *orders.ROUTES, *history.ROUTES),
        *(
            *worth.ROUTES,
            *positions.ROUTES,
            *funding.ROUTES,
            *transfers.ROUTES,
            *rfq.ROUTES,
            *vaults.ROUTES,
            *withdrawals.ROUTES,
            *strategies.ROUTES,
            *lending.ROUTES,
            *predictions.ROUTES,
            *dust.ROUTES,
            *stocks.ROUTES,
        ),
    )
)
_BY_PATH: Mapping[tuple[str, str], type[Operation[Any]]] = {
    (operation.method, operation.path): operation for operation in OPERATIONS
}
_PATHS = frozenset(operation.path for operation in OPERATIONS)

_NOT_CACHED = "no-store"
"""Of histories (recorded 2026-09)."""
# How long the real exchange lets its public reads be cached (observed 2026-09). Nothing is cached here.
_CACHE_CONTROL: Mapping[type[Operation[Any]], str] = {
    GetMarkets: "public, s-maxage=300, stale-while-revalidate=600, stale-if-error=3600",
    GetTicker: "public, s-maxage=20, stale-while-revalidate=10, stale-if-error=3600",
    GetTickers: "public, s-maxage=20, stale-while-revalidate=10, stale-if-error=3600",
    GetRecentTrades: "public, s-maxage=5, stale-while-revalidate=5, stale-if-error=3600",
    GetOpenInterest: "public, s-maxage=5, stale-while-revalidate=5, stale-if-error=3600",
    GetMarkPrices: "public, s-maxage=1, stale-while-revalidate=1, stale-if-error=3600",
    GetKlines: "public, s-maxage=60, stale-while-revalidate=120, stale-if-error=3600",
    # The one history without page headers; all others say the same beside theirs.
    GetPositionHistory: _NOT_CACHED,
}


class Dispatcher:
    """Answers requests. One that it cannot answer because of our own mistake is a 500, never an exception."""

    def __init__(self, venue: Venue, *, sleep: Sleep, verify: Verify | None = None) -> None:
        """`verify` checks signatures elsewhere; without it they are checked here, so that nothing depends on a thread."""
        self._venue = venue
        self._sleep = sleep
        self._verify = verify

    async def handle(self, request: Request) -> Reply:
        """The reply to one request; raises ConnectionCut where a fault wants no reply at all."""
        if request.method == "HEAD":
            # The framework answers as to a GET, without the body.
            reply = await self.handle(request._replace(method="GET"))
            return reply._replace(body=b"")
        try:
            return await self._handle(request)
        except Refused as refused:
            return refused.reply
        except JournalStopped as stopped:
            return Refused.by_rule("MAINTENANCE", str(stopped), status=503).reply

    async def _handle(self, request: Request) -> Reply:
        kind = _route(request)
        fault = self._venue.faults.for_request(kind)
        if fault is not None:
            faults.before(fault)
        if kind.method == "GET" and kind.instruction is not None:
            # The headers stand first among the parameters of a read (documented), so they are missed first.
            read_proof(request.headers)
        received = read_request(kind, request, named_by(kind, self._venue.listing))
        proof = await self._authenticate(kind, request, received.commands)
        await self._speed_bump(received.operation)
        caller = self._caller(proof)
        answer = ROUTES[kind](caller, received.operation)
        await self._venue.settled()
        reply = _reply(received.operation, answer)
        if fault is None:
            return reply
        if fault.action is AnswerAction.DELAY:
            await self._sleep(fault.delay_s)
        return faults.after(fault, reply)

    async def _authenticate(self, kind: type[Operation[Any]], request: Request, commands: list[Texts]) -> Proof | None:
        if kind.instruction is None:
            return None
        proof = read_proof(request.headers)
        forget_ms = self._venue.check_fresh(proof)
        if self._verify is None:
            check_signature(proof, kind.instruction, *commands)
        else:
            await check_signature_by(self._verify, proof, kind.instruction, *commands)
        self._venue.check_key(proof.key)
        if kind.method != "GET":
            self._venue.replays.check(proof, forget_ms)
        return proof

    async def _speed_bump(self, operation: Operation[Any]) -> None:
        # Orders that may take wait before they are matched; cancels and post-only orders do not (documented 2026-10).
        if _may_take(operation) and self._venue.settings.speed_bump_ms:
            await self._sleep(self._venue.settings.speed_bump_ms / 1_000)

    def _caller(self, proof: Proof | None) -> Caller:
        now_us = self._venue.clock.now_us()
        if proof is None:
            return Caller(self._venue, now_us)
        account_number = self._venue.account_for(proof.key, now_us=now_us)
        if self._venue.rate is not None:
            self._venue.rate.take(account_number, now_us)
        return Caller(self._venue, now_us, account_number, proof)


def named_by(kind: type[Operation[Any]], listing: Listing) -> Container[str]:
    """The markets that a body of such an operation may name."""
    return listing.rfq_markets if kind is SubmitRfq else listing.markets


def _route(request: Request) -> type[Operation[Any]]:
    kind = _BY_PATH.get((request.method, request.path))
    if kind is None:
        known = request.path in _PATHS
        raise Refused.by_framework(405 if known else 404, "method not allowed" if known else "not found")
    if kind not in ROUTES:
        raise Refused.by_framework(501, f"{kind.__name__} is not served by this local exchange")
    return kind


def _may_take(operation: Operation[Any]) -> bool:
    if isinstance(operation, PlaceOrders):
        return any(_may_take(order) for order in operation.orders)
    return isinstance(operation, PlaceOrder) and not operation.post_only


def _reply(operation: Operation[Any], answer: Any) -> Reply:
    kind = type(operation)
    if kind.answers_text:
        return Reply.text(str(answer))
    if answer is None:
        # What answers nothing says yes and no more; 204 is for what has nothing to answer just now.
        return Reply.empty(200 if answer_type(kind) in (None, NoneType) else 204)
    if isinstance(answer, Page):
        page: Page[Any] = answer  # pyright: ignore[reportUnknownVariableType]  # what the rows are does not matter here
        return Reply.json(list(page), headers=_page_headers(operation, page))
    cache_control = _CACHE_CONTROL.get(kind)
    return Reply.json(answer, headers={"cache-control": cache_control} if cache_control else None)


def _page_headers(operation: Any, page: Page[Any]) -> Mapping[str, str]:
    rows, total = operation.limit or ROWS_DEFAULT, page.total or 0
    return {
        "x-current-page": str((operation.offset or 0) // rows + 1),
        "x-page-count": str(max(1, -(-total // rows))),
        "x-page-size": str(rows),
        "x-total": str(total),
        "cache-control": _NOT_CACHED,
    }

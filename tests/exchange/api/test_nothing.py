"""What no account here ever did is told as an account tells it that never did it."""

from __future__ import annotations

import pytest

from exchange.stranger import Stranger, loads, open_desk, said

UNKNOWN = (400, "INVALID_CLIENT_REQUEST", "Invalid market symbol")
PAGES = [
    ("borrowHistoryQueryAll", "/wapi/v1/history/borrowLend"),
    ("borrowPositionHistoryQueryAll", "/wapi/v1/history/borrowLend/positions"),
    ("interestHistoryQueryAll", "/wapi/v1/history/interest"),
    ("dustHistoryQueryAll", "/wapi/v1/history/dust"),
    ("strategyHistoryQueryAll", "/wapi/v1/history/strategies"),
    ("rfqHistoryQueryAll", "/wapi/v1/history/rfq"),
    ("quoteHistoryQueryAll", "/wapi/v1/history/quote"),
    ("rfqFillHistoryQueryAll", "/wapi/v1/history/rfq/fill"),
    ("quoteFillHistoryQueryAll", "/wapi/v1/history/quote/fill"),
]
LISTS = [
    ("borrowLendPositionQuery", "/api/v1/borrowLend/positions"),
    ("rfqQuery", "/api/v1/rfqs"),
    ("strategyQueryAll", "/api/v1/strategies"),
]


@pytest.mark.parametrize(("instruction", "path"), PAGES, ids=[path for _, path in PAGES])
async def test_history_of_nothing_is_an_empty_page_with_its_headers(instruction: str, path: str) -> None:
    async with open_desk() as desk:
        somebody = Stranger(desk)
        await somebody.place()
        reply = await somebody.read(instruction, path, limit=10, sortDirection="Asc")
        bad = await somebody.read(instruction, path, limit=1001)
    assert reply.body == b"[]"
    pages = ("x-current-page", "x-page-count", "x-page-size", "x-total", "cache-control")
    assert [reply.headers[name] for name in pages] == ["1", "1", "10", "0", "no-store"]
    assert bad.body.startswith(b"failed to parse parameter `limit`")


@pytest.mark.parametrize(("instruction", "path"), LISTS, ids=[path for _, path in LISTS])
async def test_list_of_nothing_is_empty_and_has_no_page_headers(instruction: str, path: str) -> None:
    async with open_desk() as desk:
        somebody = Stranger(desk)
        await somebody.place()
        reply = await somebody.read(instruction, path)
    assert (reply.status, reply.body) == (200, b"[]")
    assert "x-total" not in reply.headers


async def test_no_strategy_is_found_and_none_is_there_to_cancel() -> None:
    strategy = ("strategyQuery", "/api/v1/strategy")
    async with open_desk() as desk:
        somebody = Stranger(desk)
        found = await somebody.read(*strategy, symbol="SOL_USDC", strategyId="5")
        unnamed = await somebody.read(*strategy, symbol="SOL_USDC")
        unknown = await somebody.read(*strategy, symbol="NOTREAL", strategyId="5")
        unlisted = await somebody.read("strategyQueryAll", "/api/v1/strategies", symbol="NOTREAL")
        cancelled = await somebody.write("DELETE", "strategyCancelAll", "/api/v1/strategies", symbol="SOL_USDC")
    assert said(found) == (404, "RESOURCE_NOT_FOUND", "Not Found")
    assert said(unnamed)[2] == "Must specify either `strategyId` or `clientStrategyId`"
    assert (said(unknown), said(unlisted)) == (UNKNOWN, UNKNOWN)
    assert cancelled.body == b"[]"


async def test_trades_go_back_page_by_page() -> None:
    async with open_desk() as desk:
        await Stranger(desk, 1).place(side="Ask", price="100", quantity="5")
        for _ in range(3):
            await Stranger(desk, 2).place(price="100", quantity="1")
        every = loads(await desk.get("/api/v1/trades/history?symbol=SOL_USDC"))
        page = loads(await desk.get("/api/v1/trades/history?symbol=SOL_USDC&limit=1&offset=1"))
        beyond = loads(await desk.get(f"/api/v1/trades/history?symbol=SOL_USDC&offset={2**64 - 1}"))
        unknown = await desk.get("/api/v1/trades/history?symbol=NOTREAL_USDC")
    assert [row["id"] for row in every] == [380_000_002, 380_000_001, 380_000_000]
    assert (page, beyond) == (every[1:2], [])
    assert said(unknown) == UNKNOWN

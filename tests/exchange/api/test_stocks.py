"""What is told of stocks where none is listed: the hours, the holidays, and no quote."""

from __future__ import annotations

from exchange.stranger import loads, open_desk, said


async def test_holidays_of_two_years_are_told_by_both_paths() -> None:
    async with open_desk() as desk:
        new, old = [await desk.get(f"/api/v1/{path}") for path in ("stockHolidays", "market-holidays")]
    assert new.body == old.body
    assert new.body.startswith(
        b'[{"date":"2025-12-31","endTime":"23:59:59","market":"US_EQUITIES","name":"New Year\'s eve (overnight close)",'
        b'"startTime":"20:00:00","timezone":"America/New_York"},'
    )
    days = [row["date"] for row in loads(new)]
    assert days == sorted(days)
    assert {day[:4] for day in days} == {"2025", "2026", "2027"}


async def test_quote_of_a_stock_that_is_not_listed_is_refused() -> None:
    async with open_desk() as desk:
        reply = await desk.get("/api/v1/stockIndicativeQuote?symbol=NVDA.US&side=Bid&quantity=1")
        incomplete = await desk.get("/api/v1/stockIndicativeQuote?symbol=NVDA.US")
    assert said(reply) == (400, "INVALID_SYMBOL", "Invalid symbol")
    assert incomplete.status == 400

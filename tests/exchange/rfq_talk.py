"""Somebody who asks for quotes and answers with them, signed by hand."""

from __future__ import annotations

from typing import Any

from exchange.stranger import Desk, Stranger, loads
from haversack.exchange.messages import Reply

SYMBOL = "SOL_USDC_RFQ"


class Talker(Stranger):
    """A stranger who knows the calls."""

    async def ask(self, **fields: Any) -> Reply:
        fields = {"symbol": SYMBOL, "side": "Bid", "quantity": "10"} | fields
        return await self._rfq("rfqSubmit", "", fields)

    async def quote(self, rfq_id: str, bid: str = "99", ask: str = "101", **fields: Any) -> Reply:
        return await self._rfq("quoteSubmit", "/quote", {"rfqId": rfq_id, "bidPrice": bid, "askPrice": ask} | fields)

    async def accept(self, quote_id: str, **fields: Any) -> Reply:
        return await self._rfq("quoteAccept", "/accept", {"quoteId": quote_id} | fields)

    async def refresh(self, rfq_id: str) -> Reply:
        return await self._rfq("rfqRefresh", "/refresh", {"rfqId": rfq_id})

    async def cancel_rfq(self, **fields: Any) -> Reply:
        return await self._rfq("rfqCancel", "/cancel", fields)

    async def rfqs(self, **fields: Any) -> Any:
        return loads(await self.read("rfqQuery", "/api/v1/rfqs", **fields))

    async def history(self, kind: str, **fields: Any) -> Reply:
        instruction = {"rfq": "rfq", "quote": "quote", "rfq/fill": "rfqFill", "quote/fill": "quoteFill"}[kind]
        return await self.read(f"{instruction}HistoryQueryAll", f"/wapi/v1/history/{kind}", **fields)

    async def _rfq(self, instruction: str, path: str, fields: dict[str, Any]) -> Reply:
        fields = {name: value for name, value in fields.items() if value is not None}
        return await self.write("POST", instruction, f"/api/v1/rfq{path}", **fields)


def talkers(desk: Desk) -> tuple[Talker, Talker, Talker]:
    """One who asks and two who quote."""
    return Talker(desk, 1), Talker(desk, 2), Talker(desk, 3)


async def asked(talker: Talker, **fields: Any) -> str:
    """The id of a new request."""
    rfq_id: str = loads(await talker.ask(**fields))["rfqId"]
    return rfq_id


async def quoted(talker: Talker, rfq_id: str, bid: str = "99", ask: str = "101", **fields: Any) -> str:
    """The id of a new quote."""
    quote_id: str = loads(await talker.quote(rfq_id, bid, ask, **fields))["quoteId"]
    return quote_id

"""The contract of the HTTP doors: requests made from the catalogue's own OpenAPI document, and every answer held against it.

Each request of a signed operation is sent twice: forged first, which has to be refused, and then as its key signed it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.specs.openapi import checks

from exchange.rfq_talk import Talker, asked, quoted
from exchange.stranger import Desk, Stranger, open_desk
from haversack.exchange.api.dispatch import ROUTES, named_by
from haversack.exchange.messages import TEXT, Refused, Reply, Request
from haversack.exchange.payload import read_request
from haversack.wire.base import Operation
from haversack.wire.catalogue import OPERATIONS
from haversack.wire.openapi import SIGNATURE_HEADERS, document
from prove.found import Found, Violation

CASES = 8
"""Of each operation with good values, and as many with odd ones; of those that have a body more."""
_BASE = "http://127.0.0.1:8787"
_FORGERIES = 5
_WRONG_MAX = 20
_OF_SIGNATURES = (b'"Invalid signature"', b'"Request has expired"')
_CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
_ONCE = settings(database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
# What the document leaves open, and what has to be right for a request to come further than the first check.
_VALUES: dict[str, dict[str, Any]] = {
    "symbol": {"type": "string", "enum": ["SOL_USDC", "USDC", "SOL_USDC_PERP", "SOL_USDC_RFQ", "NOTREAL"]},
    "orderId": {"type": "string", "enum": ["60000000003", "60000000002", "5"]},
    "rfqId": {"type": "string", "enum": ["60000000004", "60000000006", "5"]},
    "quoteId": {"type": "string", "enum": ["60000000005", "60000000007", "5"]},
    "price": {"type": "string", "pattern": "^(9[0-9]|1[01][0-9])(\\.[0-9]{1,2})?$"},
}
_MILLISECONDS = {
    "duration": {"type": "integer", "enum": [60_000, 5_000]},
    "interval": {"type": "integer", "enum": [1_000, 60_000]},
}
# Any of them turns an order away before anything else is looked at; tests/exchange/api/test_anything.py sends them.
_LEFT_OUT = ("trigger", "takeProfit", "stopLoss", "slippage")
_NUMERAL = {"type": "string", "pattern": "^[0-9]{1,3}(\\.[0-9]{1,2})?$"}


class Contract(NamedTuple):
    """One operation, and how its requests are made."""

    kind: type[Operation[Any]]
    operation: Any


def contract(seeds: range) -> Found:
    """Every operation that is served, with good and with odd values: no 5xx, nothing outside the schema, no forgery taken."""
    found = Found(0)
    for number in seeds:
        with asyncio.Runner() as runner:
            tries, wrong = _attempt(number, runner)
        found += Found(tries, tuple([Violation(number, text) for text in wrong[:_WRONG_MAX]]))
    return found


@cache
def contracts() -> tuple[Contract, ...]:
    """All that is served, in the catalogue's order."""
    served: dict[tuple[str, str], type[Operation[Any]]] = {
        (kind.path, kind.method): kind for kind in OPERATIONS if kind in ROUTES
    }
    schema = schemathesis.openapi.from_dict(_guided(document(served.values())))
    found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    return tuple([Contract(served[operation.path, operation.method.upper()], operation) for operation in found])


def _guided(said: dict[str, Any]) -> dict[str, Any]:
    """The document without the headers that this harness makes itself, and with values that mean something."""
    bodies = [kind.payload for kind in OPERATIONS if kind.payload]
    places: list[dict[str, Any]] = [said["components"]["schemas"][name]["properties"] for name in bodies if _has(said, name)]
    for path in said["paths"].values():
        for operation in path.values():
            listed: list[dict[str, Any]] = operation.get("parameters", [])
            kept = [each for each in listed if each.get("$ref", "").rpartition("/")[2] not in SIGNATURE_HEADERS]
            if "parameters" in operation:
                operation["parameters"] = kept
            places += [{each["name"]: each["schema"]} for each in kept if "schema" in each]
    for place in places:
        for name, schema in list(place.items()):
            if name.startswith(_LEFT_OUT):
                del place[name]
                continue
            value = _VALUES.get(name) or (_NUMERAL if schema.get("format") == "decimal" else None)
            # A candle's interval is a word.
            value = _MILLISECONDS.get(name, value) if schema.get("type") == "integer" else value
            if value:
                schema.clear()
                schema.update(value)
    return said


def _has(said: dict[str, Any], name: str) -> bool:
    return name in said["components"]["schemas"]


class _Party:
    """An exchange on which something happened, somebody who asks, and what was wrong with the answers."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.somebody, self.other = Stranger(desk, 1), Stranger(desk, 2)
        self.tries = 0
        self.wrong: list[str] = []
        self.answered: list[type[Operation[Any]]] = []

    async def ask(self, kind: type[Operation[Any]], case: Case[Any]) -> None:
        """Send a case forged, and then as it should be; remember what should not have come back."""
        prepared = requests.Request(**case.as_transport_kwargs(base_url=_BASE)).prepare()
        if kind.instruction is not None:
            forged = self._forged(self._headers(kind, prepared))
            reply = await self._send(prepared, forged)
            if not _is_refused_unread(reply):
                self._tell(f"{reply.status} to a forgery: {reply.body!r}", kind, prepared)
        reply = await self._send(prepared, self._headers(kind, prepared) if kind.instruction else {})
        self.answered += [kind] if reply.status < 300 else []
        if reply.status >= 500:
            self._tell(f"{reply.status} {reply.body!r}", kind, prepared)
        try:
            case.validate_response(_response(reply, prepared), checks=_CHECKS)
        except (Failure, FailureGroup) as failure:
            said = failure.exceptions if isinstance(failure, FailureGroup) else (failure,)
            self._tell(f"{reply.status} {reply.body!r}: {'; '.join(map(str, said))}", kind, prepared)

    async def _send(self, prepared: requests.PreparedRequest, signed: dict[str, str]) -> Reply:
        self.tries += 1
        assert prepared.method is not None
        headers = {**{str(name): str(value) for name, value in prepared.headers.items()}, **signed}
        try:
            return await self.desk.request(prepared.method, prepared.path_url, headers, _bytes(prepared.body))
        except Exception as failure:  # noqa: BLE001  Over a socket it would have been a 500, whatever it is.
            return Reply.text(repr(failure), status=500)

    def _headers(self, kind: type[Operation[Any]], prepared: requests.PreparedRequest) -> dict[str, str]:
        texts = [f"instruction={kind.instruction}" + _pairs(command) for command in self._commands(kind, prepared)]
        timestamp_ms, window_ms = self.desk.clock.now_us() // 1000, self.desk.next_window_ms()
        signature = self.somebody.signature(f"{'&'.join(texts)}&timestamp={timestamp_ms}&window={window_ms}")
        values = (self.somebody.public_key, signature, str(timestamp_ms), str(window_ms))
        return dict(zip(SIGNATURE_HEADERS, values, strict=True))

    def _commands(self, kind: type[Operation[Any]], prepared: requests.PreparedRequest) -> list[list[tuple[str, str]]]:
        path, _, query = prepared.path_url.partition("?")
        headers = {str(name).lower(): str(value) for name, value in prepared.headers.items()}
        request = Request(kind.method, path, query, headers, _bytes(prepared.body))
        try:
            return read_request(kind, request, named_by(kind, self.desk.venue.listing)).commands
        except Refused:
            return [[]]  # What cannot be read is refused before anybody looks at its signature.

    def _forged(self, headers: dict[str, str]) -> dict[str, str]:
        match self.tries % _FORGERIES:
            case 0:
                return {}
            case 1:
                return headers | {"X-API-KEY": self.other.public_key}
            case 2:
                return headers | {"X-SIGNATURE": self.somebody.signature("instruction=somethingElse")}
            case 3:
                return headers | {"X-WINDOW": "4999"}
            case _:
                return headers | {"X-TIMESTAMP": str(int(headers["X-TIMESTAMP"]) - 1)}

    def _tell(self, text: str, kind: type[Operation[Any]], prepared: requests.PreparedRequest) -> None:
        self.wrong.append(f"{kind.__name__} {prepared.path_url} {prepared.body!r}: {text}")


def _attempt(number: int, runner: asyncio.Runner) -> tuple[int, list[str]]:
    desk = runner.run(_opened())
    party = _Party(desk)
    for each in contracts():
        for mode in GenerationMode:
            asking = _asking(runner, party, each.kind)
            given_cases: Any = given(each.operation.as_strategy(generation_mode=mode))
            run = given_cases(asking)
            # Nothing can be wrong with a request that has no parameters.
            with suppress(Unsatisfiable):
                repeated = settings(_ONCE, max_examples=CASES if each.kind.method == "GET" else 3 * CASES)(run)
                seeded: Any = seed(number)
                seeded(repeated)()
    return party.tries, party.wrong


def _asking(runner: asyncio.Runner, party: _Party, kind: type[Operation[Any]]) -> Callable[[Case[Any]], None]:
    def ask(case: Case[Any]) -> None:
        runner.run(party.ask(kind, case))

    return ask


def _is_refused_unread(reply: Reply) -> bool:
    """By the framework, or for its signature; whatever else is said would have been told to anybody."""
    if reply.content_type == TEXT:
        return reply.status in (400, 415)
    return reply.status == 400 and any(text in reply.body for text in _OF_SIGNATURES)


async def _opened() -> Desk:
    """An exchange with a book, trades, and an account that has a past."""
    async with open_desk() as desk:
        maker, taker = Talker(desk, 3), Talker(desk, 1)
        await maker.place(side="Ask", price="101", quantity="50")
        await maker.place(price="99", quantity="50")
        await taker.place(price="101", quantity="2.5", clientId=7)
        await taker.place(price="98.5", quantity="1", clientId=8)
        for requester, dealer in ((taker, maker), (maker, taker)):
            rfq_id = await asked(requester, clientId=9)
            await quoted(dealer, rfq_id)
        return desk


def _pairs(command: list[tuple[str, str]]) -> str:
    has_id = any(name == "orderId" for name, _ in command)
    return "".join([f"&{name}={value}" for name, value in sorted(command) if not (has_id and name == "clientId")])


def _bytes(body: bytes | str | None) -> bytes:
    return body.encode() if isinstance(body, str) else body or b""


def _response(reply: Reply, prepared: requests.PreparedRequest) -> Response:
    headers = {name: [value] for name, value in reply.headers.items()}
    if reply.content_type is not None:
        headers["content-type"] = [reply.content_type]
    return Response(reply.status, headers, reply.body, prepared, elapsed=0.0, verify=False)

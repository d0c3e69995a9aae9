"""The way of a request to the exchange and of its answer back, with all that happens on it.

The exchange answers each at once; what takes time is the way. A request that the client has given up may arrive all the same.
One that is delivered twice is answered by what the first delivery came to: no connection brings a second answer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from haversack.errors import ConnectFailed, RequestFailed
from haversack.exchange.loopback import Loopback
from haversack.exchange.messages import Refused, Reply
from haversack.exchange.venue import Venue
from haversack.rest.http import HttpRequest, HttpResponse
from haversack.wire.faults import ErrorBody
from world.weather import Weather

TIMEOUT_S = 10.0
_CARRIED_OUT_S_MAX = 2.5
"""How much later than its 202 a cancel may be carried out."""
_LATE_S_MAX = 8.0
"""How late a request may arrive; its signature is good for five seconds, or longer if the client's clock is ahead."""
_HOLD_S_MIN = 0.5
"""The least that a client must wait after a 429 that names no time."""

Answer = asyncio.Future[HttpResponse]


class Ways:
    """All ways between clients and the exchange."""

    def __init__(self, venue: Venue, weather: Weather, note: Callable[[str], None]) -> None:
        self._loopback = Loopback(venue, sleep=_never)
        self._weather = weather
        self._note = note
        self._loop = asyncio.get_running_loop()
        self._depths: dict[str, deque[Reply]] = {}
        """Late answers to the same question."""
        self._in_the_air: dict[Answer, None] = {}
        self.requests = 0

    def heal(self) -> None:
        """The faults are over: who still waits for what was lost is told."""
        for answer in list(self._in_the_air):
            self._fail(answer, RequestFailed("reset"))

    def leave(self, request: HttpRequest, answer: Answer) -> None:
        """A request leaves."""
        weather, loop = self._weather, self._loop
        self.requests += 1
        if weather.is_parted and weather.dice.random() < 0.5:
            loop.call_at(weather.until(3.0), self._fail, answer, ConnectFailed("no route"))
            return
        loop.call_later(TIMEOUT_S, self._fail, answer, RequestFailed("timed out"))
        if weather.chance("request lost"):
            self._lose(answer)
            return
        if request.method != "GET" and weather.chance("request late"):
            self._lose(answer)
            loop.call_at(weather.until(_LATE_S_MAX), self._perform, request)
            return
        loop.call_at(weather.arrival_s(), self._arrive, request, answer)

    def _arrive(self, request: HttpRequest, answer: Answer) -> None:
        weather, loop = self._weather, self._loop
        is_change = request.method != "GET"
        if weather.chance("too many"):
            self._answer(answer, self._too_many())
            return
        if request.method == "DELETE" and weather.chance("pending"):
            loop.call_later(weather.dice.uniform(0.05, _CARRIED_OUT_S_MAX), self._perform, request)
            self._answer(answer, Reply.empty(202))
            return
        if weather.chance("unavailable"):
            if is_change and weather.dice.random() < 0.5:
                self._perform(request)
            self._answer(answer, Refused.by_rule("MAINTENANCE", "System under maintenance", status=503).reply)
            return
        reply = self._perform(request)
        if is_change and weather.chance("delivered twice"):
            loop.call_at(weather.until(2.0), self._perform, request)
        if is_change and weather.chance("answer lost"):
            self._lose(answer)
            return
        self._answer(answer, self._aged(request, reply))

    def _perform(self, request: HttpRequest) -> Reply:
        """What the exchange makes of a request."""
        steps = self._loopback.request(request.method, request.target, headers=request.headers, body=request.body or b"")
        try:
            steps.send(None)
        except StopIteration as end:
            reply: Reply = end.value
            self._note(f"{request.method} {request.target.partition('?')[0]} -> {reply.status} {len(reply.body)}")
            return reply
        raise AssertionError("the exchange waited for something, in a world where it has no reason to")

    def _aged(self, request: HttpRequest, reply: Reply) -> Reply:
        """The answer, or an older one, from a server that is behind."""
        if not request.target.startswith("/api/v1/depth?") or reply.status != 200:
            return reply
        # A server that is behind answers what it was asked for: five levels only to somebody who wanted no more.
        depths = self._depths.setdefault(request.target, deque(maxlen=4))
        depths.append(reply)
        return self._weather.dice.choice(depths) if self._weather.chance("stale depth") else reply

    def _too_many(self) -> Reply:
        wait_s = self._weather.dice.choice((None, 1, 2))
        headers = {} if wait_s is None else {"retry-after": str(wait_s)}
        return Reply.json(ErrorBody(code="TOO_MANY_REQUESTS", message="Too many requests"), status=429, headers=headers)

    def _answer(self, answer: Answer, reply: Reply) -> None:
        headers = {name.lower(): value for name, value in reply.headers.items()}
        if reply.content_type is not None:
            headers["content-type"] = reply.content_type
        self._loop.call_at(self._weather.arrival_s(), _settle, answer, HttpResponse(reply.status, headers, reply.body))

    def _lose(self, answer: Answer) -> None:
        """The client learns nothing, or that the connection broke."""
        if self._weather.dice.random() < 0.7:
            self._loop.call_at(self._weather.until(2.0), self._fail, answer, RequestFailed("reset"))
        else:
            self._in_the_air[answer] = None

    def _fail(self, answer: Answer, error: Exception) -> None:
        self._in_the_air.pop(answer, None)
        if not answer.done():
            answer.set_exception(error)


class Wire:
    """One program's way to send: an HttpSendAsync. It notes what is sent although the exchange asked to send nothing."""

    def __init__(self, ways: Ways, complain: Callable[[str], None]) -> None:
        self._ways = ways
        self._complain = complain
        self._loop = asyncio.get_running_loop()
        self._held_until_s = 0.0

    async def __call__(self, request: HttpRequest, /) -> HttpResponse:
        if self._loop.time() < self._held_until_s - 1e-6:
            self._complain(f"P12 {request.method} {request.target} left {self._held_until_s - self._loop.time():.3f} s too early")
        answer: Answer = self._loop.create_future()
        self._ways.leave(request, answer)
        response = await answer
        if response.status == 429:
            asked_s = response.headers.get("retry-after")
            self._held_until_s = self._loop.time() + (_HOLD_S_MIN if asked_s is None else int(asked_s))
        return response


def _settle(answer: Answer, response: HttpResponse) -> None:
    if not answer.done():
        answer.set_result(response)


async def _never(_delay_s: float, /) -> None:
    raise AssertionError("this exchange has no speed bump")

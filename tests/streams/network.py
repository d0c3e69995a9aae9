"""A network in memory: every attempt to connect is seen by the test, which says what becomes of it."""

import asyncio
import json
from collections.abc import Callable, Iterable

from haversack.streams.transport import Closed, FrameSocket
from streams.link import Link


class Network:
    """Connections as the exchange sees them. It lets everybody in, but for the attempts that `outcomes` names first."""

    def __init__(self, outcomes: Iterable[Exception | None] = (), make: Callable[[], Link] = Link) -> None:
        self._outcomes = list(outcomes)
        self._make = make
        self._moved = asyncio.Condition()
        self.attempts_us: list[int] = []
        self.links: list[Link] = []
        self.is_down = False

    async def __call__(self, url: str) -> FrameSocket:
        self.attempts_us.append(round(asyncio.get_running_loop().time() * 1_000_000))
        await asyncio.sleep(0)
        outcome = self._outcomes.pop(0) if self._outcomes else None
        if outcome is not None or self.is_down:
            raise outcome or OSError("the network is down")
        link = self._make()
        link.url = url
        async with self._moved:
            self.links.append(link)
            self._moved.notify_all()
        return link

    async def link(self, number: int) -> Link:
        """One connection, the first is 1, once it is made."""
        async with self._moved:
            await self._moved.wait_for(lambda: len(self.links) >= number)
        return self.links[number - 1]

    @property
    def waits_s(self) -> list[float]:
        """How long each attempt came after the one before."""
        return [(b - a) / 1_000_000 for a, b in zip(self.attempts_us, self.attempts_us[1:], strict=False)]

    @property
    def all_closed(self) -> bool:
        return all(link.closes == 1 for link in self.links)


def served(link: Link) -> set[str]:
    """What the exchange serves by a connection, after all that was asked of it."""
    found: set[str] = set()
    for text in link.sent:
        request = json.loads(text)
        names = set(request["params"])
        found = found | names if request["method"] == "SUBSCRIBE" else found - names
    return found


RESTART = Closed(1012, "restart")

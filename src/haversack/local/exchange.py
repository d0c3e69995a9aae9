"""A local exchange that lives in an `async with`, on the machine's clock or on one that is moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from math import ceil
from pathlib import Path
from types import TracebackType
from typing import Self

from haversack.client.aio import AsyncClient
from haversack.clock import Clock, ManualClock, SystemClock
from haversack.credentials import Credentials
from haversack.errors import UsageError
from haversack.exchange.faults import Faults
from haversack.exchange.journal import GroupCommitter, MemoryJournal
from haversack.exchange.listing import Listing
from haversack.exchange.loopback import Loopback
from haversack.exchange.venue import Settings, Venue
from haversack.local.link import LoopbackHttp, connect_to
from haversack.units import to_decimal


class LocalExchange:
    """A whole exchange in this process; its state ends with it.

    Without `clock` it runs on the machine's clock. With a ManualClock nothing happens until `advance` is called, and a day of
    trading takes as long as its computing. `grants` is the paper money of a new account, by asset.
    """

    def __init__(
        self,
        *,
        seed: int = 7,
        crowd: bool = True,
        clock: ManualClock | None = None,
        grants: Mapping[str, Decimal | str | int] | None = None,
        speed_bump_ms: int = 0,
        history_lag_ms: int = 0,
        listing_path: Path | None = None,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self._manual = clock
        self._listing = Listing.load(listing_path)
        self._settings = Settings(
            seed=seed,
            has_crowd=crowd,
            speed_bump_ms=speed_bump_ms,
            history_lag_ms=history_lag_ms,
            grants=None if grants is None else {asset: to_decimal(grants[asset], f"grant of {asset}") for asset in grants},
        )
        self._journal = MemoryJournal()
        self._venue: Venue | None = None
        self._pulse: asyncio.Task[None] | None = None

    @property
    def venue(self) -> Venue:
        """The exchange's inside: for assertions on its state."""
        if self._venue is None:
            raise UsageError("the exchange is started by `async with`: use it inside")
        return self._venue

    @property
    def faults(self) -> Faults:
        """What shall go wrong from now on."""
        return self.venue.faults

    def client(self, credentials: Credentials | None = None) -> AsyncClient:
        """A client with keys of its own, or with those given; each key pair has an account of its own."""
        return AsyncClient(
            credentials or Credentials.generate(),
            clock=self.clock,
            http=LoopbackHttp(Loopback(self.venue, sleep=self._sleep)),
            connect=connect_to(self.venue),
            sleep=self._sleep,
        )

    async def advance(self, *, ms: int = 0, s: int = 0) -> None:
        """Move the clock, and let happen what falls due, in order."""
        if self._manual is None:
            raise UsageError("this exchange runs on the machine's clock: give it clock=ManualClock() to move time")
        if ms < 0 or s < 0:
            raise UsageError(f"time only goes forward here: found ms={ms}, s={s}")
        until_us = self._manual.now_us() + ms * 1_000 + s * 1_000_000
        while True:
            next_us = self.venue.tick(self._manual.now_us())
            # What was published is delivered before time goes on. Meanwhile somebody else may have moved the clock as well.
            await asyncio.sleep(0)
            now_us = self._manual.now_us()
            if now_us >= until_us:
                break
            self._manual.advance(us=min(max(next_us, now_us + 1), until_us) - now_us)

    async def __aenter__(self) -> Self:
        self._venue = Venue(self._listing, self.clock, GroupCommitter(self._journal), settings=self._settings)
        self._venue.start(self._journal)
        if self._manual is None:
            self._pulse = asyncio.create_task(self._beat(self._venue), name="local exchange")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._pulse is not None:
            self._pulse.cancel()
            with suppress(asyncio.CancelledError):
                await self._pulse

    async def _beat(self, venue: Venue) -> None:
        while True:
            next_us = venue.tick(self.clock.now_us())
            await asyncio.sleep(max(0, next_us - self.clock.now_us()) / 1_000_000)

    async def _sleep(self, delay_s: float) -> None:
        # On a clock that is moved by hand nobody would move it while a call waits, so waiting moves it.
        if self._manual is None:
            await asyncio.sleep(delay_s)
        else:
            await self.advance(ms=ceil(delay_s * 1_000))

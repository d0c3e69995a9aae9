"""A local exchange for async code: in an `async with`, on the machine's clock or on one that is moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from haversack.client.aio import AsyncClient
from haversack.clock import Clock, ManualClock, PacedClock
from haversack.credentials import Credentials
from haversack.errors import UsageError
from haversack.exchange.control.audit import problems
from haversack.exchange.control.desk import ControlDesk
from haversack.exchange.control.words import (
    Ask,
    ExchangeState,
    LoadScenario,
    ReadState,
    Reset,
    Resolve,
    SaveScenario,
    Seed,
    SetMarket,
    SetNav,
    SetPrice,
    SetSpeed,
)
from haversack.exchange.venue import Venue
from haversack.local.hosts import FaultBoard, Host, InThread
from haversack.local.plan import Grants, Plan
from haversack.units import to_decimal

A = TypeVar("A")


class LocalExchange:
    """A whole exchange in this process; its state ends with it.

    Without `clock` it runs on the machine's clock. With a ManualClock nothing happens until `advance` is called, and a day of
    trading takes as long as its computing. `grants` is the paper money of a new account, by asset. `markets` names those that are
    listed. `sockets=True` serves it on a port of 127.0.0.1, for programs that need an address.
    """

    def __init__(
        self,
        *,
        seed: int = 7,
        crowd: bool = True,
        clock: ManualClock | PacedClock | None = None,
        grants: Grants | None = None,
        speed_bump_ms: int = 0,
        history_lag_ms: int = 0,
        listing_path: Path | None = None,
        markets: Collection[str] | None = None,
        sockets: bool = False,
    ) -> None:
        self._host: Host = Plan(
            seed=seed,
            crowd=crowd,
            clock=clock,
            grants=grants,
            speed_bump_ms=speed_bump_ms,
            history_lag_ms=history_lag_ms,
            listing_path=listing_path,
            markets=markets,
            sockets=sockets,
        ).host()
        self._is_running = False
        self._beat: asyncio.Task[None] | None = None

    @property
    def clock(self) -> Clock:
        """What the exchange and its clients take the time from."""
        return self._host.operator.clock

    @property
    def venue(self) -> Venue:
        """The exchange's inside: for assertions on its state."""
        return self.host.operator.venue

    @property
    def faults(self) -> FaultBoard:
        """What shall go wrong from now on."""
        return self.host.faults

    @property
    def url(self) -> str:
        """Where REST is served; only with `sockets=True`."""
        return self._served().server.url

    @property
    def stream_url(self) -> str:
        """Where streams are served; only with `sockets=True`."""
        return self._served().server.stream_url

    def client(self, credentials: Credentials | None = None, *, withdrawals: bool = False) -> AsyncClient:
        """A client with keys of its own, or with those given; each key pair has an account of its own.

        `withdrawals`: True lets it take money out.
        """
        return self.host.client(credentials or Credentials.generate(), withdrawals=withdrawals)

    async def ask(self, ask: Ask[A]) -> A:
        """What the control plane answers; see `haversack.exchange.control.words`."""
        host = self.host
        return await host.run_async(lambda: ControlDesk(host.operator).carry_out(ask))

    async def advance(self, *, ms: int = 0, s: int = 0) -> None:
        """Move the clock, and let happen what falls due, in order."""
        if ms < 0 or s < 0:
            raise UsageError(f"time only goes forward here: found ms={ms}, s={s}")
        host = self.host
        if not isinstance(host.operator.clock, ManualClock):
            raise UsageError("this exchange runs on the machine's clock: give it clock=ManualClock() to move time")
        await host.run_async(lambda: host.operator.pulse.advance(ms * 1_000 + s * 1_000_000))

    async def set_speed(self, speed: int) -> None:
        """Let time pass so many times as fast as at the machine; 0 stops it."""
        await self.ask(SetSpeed(speed=speed))

    async def seed(self, key: str | Credentials, amounts: Grants) -> int:
        """Give a key's account these amounts; one that is new gets these and nothing else. The account's number."""
        return (await self.ask(seeding(key, amounts))).account

    async def set_market(self, symbol: str, state: str) -> None:
        """Open or close a market, or restrict it, in the exchange's words, such as `PostOnly`."""
        await self.ask(SetMarket(symbol=symbol, state=state))

    async def set_price(self, symbol: str, price: Decimal | str | int) -> None:
        """Say what a market is worth: the crowd quotes around it, and a perpetual's index goes there."""
        await self.ask(SetPrice(symbol=symbol, price=to_decimal(price, "price")))

    async def resolve(self, symbol: str, *, is_yes: bool, delay_s: int | None = None) -> None:
        """Say how a prediction market's question is answered; final after the event's own delay, unless another is given."""
        await self.ask(Resolve(symbol=symbol, is_yes=is_yes, delay_s=delay_s))

    async def set_nav(self, vault_id: int, nav: Decimal | str | int) -> None:
        """Say what a token of a vault is worth; it grows from there."""
        await self.ask(SetNav(vault_id=vault_id, nav=to_decimal(nav, "nav")))

    async def reset(self) -> None:
        """Begin anew: no accounts, no orders, no faults. The clock goes on."""
        await self.ask(Reset())

    async def save(self, path: Path) -> str:
        """Write what leads to this state into a file; the hash of the state."""
        return (await self.ask(SaveScenario(path=str(path)))).hash

    async def load(self, path: Path) -> ExchangeState:
        """Begin anew from such a file."""
        return await self.ask(LoadScenario(path=str(path)))

    async def state(self, *, levels_max: int = 10) -> ExchangeState:
        """Everything that the exchange holds."""
        return await self.ask(ReadState(levels_max=levels_max))

    def problems(self) -> list[str]:
        """What does not add up: assets made or lost, orders forgotten, books that are wrong. Empty in a sound exchange."""
        host = self.host

        async def audit() -> list[str]:
            return problems(host.operator.venue)

        return host.run(audit)

    def start(self) -> None:
        """Begin without `async with`: on a ManualClock, or with sockets. `stop` ends it."""
        if not self._has_sockets and not isinstance(self._host.operator.clock, ManualClock):
            raise UsageError("an exchange whose clock runs is started by `async with`; without it, give it clock=ManualClock()")
        self._start()

    def _start(self) -> None:
        if self._is_running:
            raise UsageError("the exchange is running already")
        self._host.start()
        self._is_running = True

    def stop(self) -> None:
        """End it."""
        if self._is_running:
            self._is_running = False
            self._host.stop()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._start) if self._has_sockets else self._start()
        if not self._has_sockets and not isinstance(self.clock, ManualClock):
            self._beat = asyncio.create_task(self._host.operator.pulse.beat(), name="local exchange")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._beat is not None:
            self._beat.cancel()
            with suppress(asyncio.CancelledError):
                await self._beat
        await asyncio.to_thread(self.stop) if self._has_sockets else self.stop()

    @property
    def _has_sockets(self) -> bool:
        return isinstance(self._host, InThread)

    @property
    def host(self) -> Host:
        """Where it runs."""
        if not self._is_running:
            raise UsageError("the exchange is started by `async with`: use it inside")
        return self._host

    def _served(self) -> InThread:
        host = self.host
        if not isinstance(host, InThread):
            raise UsageError("this exchange has no address: give it sockets=True")
        return host


def seeding(key: str | Credentials, amounts: Grants) -> Seed:
    """What asks for a key's account to be given these amounts."""
    return Seed(
        key=key.public_key if isinstance(key, Credentials) else key,
        amounts={asset: to_decimal(amounts[asset], f"amount of {asset}") for asset in amounts},
    )

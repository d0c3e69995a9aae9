"""A local exchange for plain functions: the same, and every call has happened when it returns."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from haversack.client.blocking import Client
from haversack.clock import Clock, ManualClock
from haversack.credentials import Credentials
from haversack.exchange.control.desk import ControlDesk
from haversack.exchange.control.words import (
    Ask,
    ExchangeState,
    LoadScenario,
    ReadState,
    Reset,
    Resolve,
    SaveScenario,
    SetMarket,
    SetNav,
    SetPrice,
)
from haversack.exchange.venue import Venue
from haversack.local.exchange import LocalExchange, seeding
from haversack.local.hosts import FaultBoard
from haversack.local.plan import Grants
from haversack.units import to_decimal

A = TypeVar("A")


class BlockingLocalExchange:
    """A whole exchange in this process, on a clock that only `advance` moves; its state ends with it.

    It takes what LocalExchange takes. Works in a plain function, and in a notebook's running loop.
    """

    def __init__(self, *, clock: ManualClock | None = None, **plan: Any) -> None:
        self._exchange = LocalExchange(clock=clock or ManualClock(), **plan)

    @classmethod
    def on(cls, exchange: LocalExchange) -> Self:
        """The blocking face of an exchange that is running."""
        self = cls.__new__(cls)
        self._exchange = exchange
        return self

    @property
    def clock(self) -> Clock:
        """What the exchange and its clients take the time from."""
        return self._exchange.clock

    @property
    def venue(self) -> Venue:
        """The exchange's inside: for assertions on its state."""
        return self._exchange.venue

    @property
    def faults(self) -> FaultBoard:
        """What shall go wrong from now on."""
        return self._exchange.faults

    @property
    def url(self) -> str:
        """Where REST is served; only with `sockets=True`."""
        return self._exchange.url

    @property
    def stream_url(self) -> str:
        """Where streams are served; only with `sockets=True`."""
        return self._exchange.stream_url

    def client(self, credentials: Credentials | None = None, *, withdrawals: bool = False) -> Client:
        """A client with keys of its own, or with those given; each key pair has an account of its own.

        `withdrawals`: True lets it take money out.
        """
        return self._exchange.host.blocking_client(credentials or Credentials.generate(), withdrawals=withdrawals)

    def ask(self, ask: Ask[A]) -> A:
        """What the control plane answers; see `haversack.exchange.control.words`."""
        host = self._exchange.host
        return host.run(lambda: ControlDesk(host.operator).carry_out(ask))

    def advance(self, *, ms: int = 0, s: int = 0) -> None:
        """Move the clock, and let happen what falls due, in order."""
        host = self._exchange.host
        host.run(lambda: host.operator.pulse.advance(ms * 1_000 + s * 1_000_000))

    def seed(self, key: str | Credentials, amounts: Grants) -> int:
        """Give a key's account these amounts; one that is new gets these and nothing else. The account's number."""
        return self.ask(seeding(key, amounts)).account

    def set_market(self, symbol: str, state: str) -> None:
        """Open or close a market, or restrict it, in the exchange's words, such as `PostOnly`."""
        self.ask(SetMarket(symbol=symbol, state=state))

    def set_price(self, symbol: str, price: Decimal | str | int) -> None:
        """Say what a market is worth: the crowd quotes around it, and a perpetual's index goes there."""
        self.ask(SetPrice(symbol=symbol, price=to_decimal(price, "price")))

    def resolve(self, symbol: str, *, is_yes: bool, delay_s: int | None = None) -> None:
        """Say how a prediction market's question is answered; final after the event's own delay, unless another is given."""
        self.ask(Resolve(symbol=symbol, is_yes=is_yes, delay_s=delay_s))

    def set_nav(self, vault_id: int, nav: Decimal | str | int) -> None:
        """Say what a token of a vault is worth; it grows from there."""
        self.ask(SetNav(vault_id=vault_id, nav=to_decimal(nav, "nav")))

    def reset(self) -> None:
        """Begin anew: no accounts, no orders, no faults. The clock goes on."""
        self.ask(Reset())

    def save(self, path: Path) -> str:
        """Write what leads to this state into a file; the hash of the state."""
        return self.ask(SaveScenario(path=str(path))).hash

    def load(self, path: Path) -> ExchangeState:
        """Begin anew from such a file."""
        return self.ask(LoadScenario(path=str(path)))

    def state(self, *, levels_max: int = 10) -> ExchangeState:
        """Everything that the exchange holds."""
        return self.ask(ReadState(levels_max=levels_max))

    def problems(self) -> list[str]:
        """What does not add up: assets made or lost, orders forgotten, books that are wrong. Empty in a sound exchange."""
        return self._exchange.problems()

    def __enter__(self) -> Self:
        self._exchange.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._exchange.stop()

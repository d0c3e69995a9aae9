"""What can be asked of the control plane, and what it answers: one struct each. A line of JSON holds one of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Generic, TypeAlias, TypeVar

import msgspec

from haversack.exchange.faults import Fault, WaitingFault

A = TypeVar("A")


class Ask(msgspec.Struct, Generic[A], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that is asked; its type argument is the answer."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is answered."""


class Done(Answer, frozen=True, tag="done"):
    """It was done."""


class Refusal(Answer, frozen=True, tag="refusal"):
    """It was not done, and this is why."""

    text: str


class ClockState(Answer, frozen=True, kw_only=True, tag="clock"):
    """What time it is at the exchange."""

    now_us: int
    speed: int
    """Seconds that pass there in one of the machine's; 0: time stands still until it is moved."""


class Seeded(Answer, frozen=True, kw_only=True, tag="seeded"):
    """An account has what it was given."""

    account: int


class FaultAdded(Answer, frozen=True, kw_only=True, tag="faultAdded"):
    """The fault waits under this number."""

    number: int


class FaultsCleared(Answer, frozen=True, kw_only=True, tag="faultsCleared"):
    """So many faults were taken away."""

    count: int


class FaultList(Answer, frozen=True, kw_only=True, tag="faultList"):
    """What waits to go wrong, and what is wrong now."""

    faults: list[WaitingFault]


class PositionState(msgspec.Struct, frozen=True, kw_only=True):
    """One position in a perpetual."""

    position_id: int
    net_quantity: Decimal
    """Above zero it is long, below short."""
    entry_price: Decimal
    pnl_unrealized: Decimal


class AccountState(msgspec.Struct, frozen=True, kw_only=True):
    """One account; decimals as the API writes them."""

    account: int
    key: str
    is_house: bool
    """One of the crowd's."""
    balances: dict[str, tuple[Decimal, Decimal]]
    """Available and locked, by asset."""
    open_orders: int
    pending_orders: int
    """That wait for their triggers."""
    positions: dict[str, PositionState]
    """By symbol."""
    unsettled: Decimal
    """Profit, fees and funding of perpetuals that are in no balance yet, in USDC."""
    net_equity: Decimal | None
    """What it is worth in USDC; None for one of the crowd's, which needs no margin."""
    is_liquidating: bool


class MarketState(msgspec.Struct, frozen=True, kw_only=True):
    """One market and its book, the levels from the touch outwards."""

    symbol: str
    state: str
    update_id: int
    last_price: Decimal | None
    mark_price: Decimal | None
    bids: list[tuple[Decimal, Decimal]]
    asks: list[tuple[Decimal, Decimal]]


class ExchangeState(Answer, frozen=True, kw_only=True, tag="state"):
    """Everything that an exchange holds, and one hash over it."""

    hash: str
    """SHA-256; equal exactly when two exchanges will answer alike."""
    commands: int
    """In the journal."""
    now_us: int
    speed: int
    granted: dict[str, Decimal]
    fees: dict[str, Decimal]
    covers: dict[str, Decimal]
    """Debts of liquidated accounts that the exchange took over, below zero."""
    accounts: list[AccountState]
    markets: list[MarketState]
    faults: list[WaitingFault]
    problems: list[str]
    """What does not add up; empty in a sound exchange."""


class ScenarioSaved(Answer, frozen=True, kw_only=True, tag="scenarioSaved"):
    """The file is written."""

    path: str
    commands: int
    hash: str


class Reset(Ask[Done], frozen=True, tag="reset"):
    """Begin anew: no accounts, no orders, no faults. The clock goes on. The old journal is put aside."""


class Seed(Ask[Seeded], frozen=True, kw_only=True, tag="seed"):
    """Give a key's account amounts of assets; the account is opened if it is new."""

    key: str
    amounts: dict[str, Decimal]


class SetMarket(Ask[Done], frozen=True, kw_only=True, tag="market"):
    """Open or close a market, or restrict it: one of the exchange's own words."""

    symbol: str
    state: str


class SetPrice(Ask[Done], frozen=True, kw_only=True, tag="price"):
    """Say what a market is worth."""

    symbol: str
    price: Decimal


class SetNav(Ask[Done], frozen=True, kw_only=True, tag="nav"):
    """Say what a token of a vault is worth."""

    vault_id: int
    nav: Decimal


class Resolve(Ask[Done], frozen=True, kw_only=True, tag="resolve"):
    """Propose the answer of a prediction market's question; it is final after the delay."""

    symbol: str
    is_yes: bool
    delay_s: int | None = None
    """What the event says, if not given; 0 resolves at once."""


class ReadClock(Ask[ClockState], frozen=True, tag="readClock"):
    """Ask what time it is there."""


class SetSpeed(Ask[ClockState], frozen=True, kw_only=True, tag="setSpeed"):
    """Let time pass so many times as fast; 0 stops it."""

    speed: int


class Advance(Ask[ClockState], frozen=True, kw_only=True, tag="advance"):
    """Move the clock forward, and let happen on the way what falls due."""

    step_us: int


class ReadState(Ask[ExchangeState], frozen=True, kw_only=True, tag="readState"):
    """Ask for everything that the exchange holds."""

    levels_max: int = 10
    """Of each side of each book."""


class SaveScenario(Ask[ScenarioSaved], frozen=True, kw_only=True, tag="save"):
    """Write what is needed to bring another exchange to where this one is."""

    path: str


class LoadScenario(Ask[ExchangeState], frozen=True, kw_only=True, tag="load"):
    """Begin anew with the past and the time of a scenario."""

    path: str


class AddFault(Ask[FaultAdded], frozen=True, kw_only=True, tag="addFault"):
    """Let something go wrong."""

    fault: Fault


class ListFaults(Ask[FaultList], frozen=True, tag="listFaults"):
    """Ask what waits to go wrong."""


class ClearFaults(Ask[FaultsCleared], frozen=True, kw_only=True, tag="clearFaults"):
    """Let everything be well again, or all but for one fault less."""

    number: int | None = None


AnyAsk: TypeAlias = (
    Reset
    | Seed
    | SetMarket
    | SetPrice
    | Resolve
    | SetNav
    | ReadClock
    | SetSpeed
    | Advance
    | ReadState
    | SaveScenario
    | LoadScenario
    | AddFault
    | ListFaults
    | ClearFaults
)
AnyAnswer: TypeAlias = (
    Done | Refusal | ClockState | Seeded | FaultAdded | FaultsCleared | FaultList | ExchangeState | ScenarioSaved
)


class Envelope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line that is sent: what is asked, and the word that proves who asks, where the door cannot see it."""

    ask: AnyAsk
    token: str | None = None

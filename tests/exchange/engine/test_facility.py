"""What a facility may count on: its commands reach it, time does, and its state is part of the engine's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from exchange.engine.traffic import START_US
from haversack.exchange.engine.command import Elapse, OpenAccount
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import BalanceChanged, Declined, Event, FacilityRefusal
from haversack.exchange.engine.facility import Handler, Parts
from haversack.exchange.engine.rules import AssetRules, FeeTier


class TakeIn(msgspec.Struct, frozen=True):
    """Let the box have some of the first account's money until a time."""

    amount: int
    until_us: int


class No(FacilityRefusal):
    TOO_MUCH = "the account has less"


class Box:
    """Holds one account's money until it is time to give it back."""

    name = "box"

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.inside: list[tuple[int, int]] = []

    def handlers(self) -> Mapping[type, Handler]:
        return {TakeIn: self._take_in}

    def _take_in(self, command: TakeIn, now_us: int) -> list[Event]:
        if command.amount > self._parts.ledger.account(1).available("USDC"):
            return [Declined(No.TOO_MUCH)]
        self.inside.append((command.until_us, command.amount))
        return [self._move(-command.amount)]

    def _move(self, amount: int) -> Event:
        balance = self._parts.ledger.account(1).balances["USDC"]
        balance.available += amount
        return BalanceChanged(1, "USDC", balance.available, balance.locked)

    def elapse(self, now_us: int, events: list[Event]) -> None:
        for entry in [entry for entry in self.inside if entry[0] <= now_us]:
            self.inside.remove(entry)
            events.append(self._move(entry[1]))

    def next_due_us(self) -> int | None:
        return min((until_us for until_us, _ in self.inside), default=None)

    def dump(self) -> bytes:
        return msgspec.json.encode(self.inside)

    def load(self, state: bytes) -> None:
        self.inside = msgspec.json.decode(state, type=list[tuple[int, int]])

    def holds(self) -> Mapping[str, int]:
        return {"USDC": sum(amount for _, amount in self.inside)}


def engine() -> Engine:
    return Engine([AssetRules(symbol="USDC", scale=6)], [], facilities=[Box])


def do(venue: Engine, command: Any, at_us: int = START_US) -> list[Event]:
    return venue.apply(command, at_us)


@pytest.fixture
def opened() -> Engine:
    new = engine()
    do(new, OpenAccount("key", FeeTier(800, 1000), (("USDC", 100),)))
    return new


def test_command_reaches_its_facility_and_what_that_holds_is_counted(opened: Engine) -> None:
    assert do(opened, TakeIn(30, START_US + 5)) == [BalanceChanged(1, "USDC", 70, 0)]
    assert (opened.held_beside, opened.balances(1), opened.granted) == ({"USDC": 30}, {"USDC": (70, 0)}, {"USDC": 100})
    assert opened.facility(Box).inside == [(START_US + 5, 30)]


def test_command_that_is_declined_changes_nothing(opened: Engine) -> None:
    before = opened.state_hash()
    assert do(opened, TakeIn(101, START_US)) == [Declined(No.TOO_MUCH)]
    assert opened.state_hash() == before


def test_time_reaches_the_facility_when_it_asked_for_it(opened: Engine) -> None:
    assert (opened.facilities_due_us(), opened.next_due_us()) == (None, None)
    do(opened, TakeIn(30, START_US + 5))
    assert (opened.facilities_due_us(), opened.next_due_us()) == (START_US + 5, START_US + 5)
    assert do(opened, Elapse(), START_US + 4) == []
    assert do(opened, Elapse(), START_US + 5) == [BalanceChanged(1, "USDC", 100, 0)]
    assert opened.facilities_due_us() is None


def test_what_it_remembers_is_in_the_hash_and_goes_into_another_engine(opened: Engine) -> None:
    before = opened.state_hash()
    do(opened, TakeIn(30, START_US + 5))
    other = engine()
    other.load(opened.dump())
    assert other.state_hash() == opened.state_hash() != before
    assert do(other, Elapse(), START_US + 5) == do(opened, Elapse(), START_US + 5) != []


def test_engine_without_the_facility_says_so() -> None:
    with pytest.raises(LookupError, match="this engine has no Box"):
        Engine([], []).facility(Box)

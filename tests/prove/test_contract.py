"""The contract of the HTTP doors holds, and what breaks it is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from haversack.exchange.api import dispatch
from haversack.wire.capital import GetBalances
from haversack.wire.markets import GetMarket
from haversack.wire.orders import PlaceOrder
from haversack.wire.system import GetStatus
from haversack.wire.transfers import GetDeposits
from prove import contract
from prove.contract import Contract, contracts

REQUESTS = 2_000
SEEDS = (0, 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_answer_keeps_to_the_document(seed: int) -> None:
    found = contract.contract(range(seed, seed + 1))
    assert found.violations == ()
    assert found.tries >= REQUESTS // len(SEEDS)


def test_every_operation_that_is_served_is_asked() -> None:
    assert {each.kind for each in contracts()} == set(dispatch.ROUTES)


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[[type[Any]], None]:
    """Ask one operation alone."""

    def ask(kind: type[Any]) -> None:
        one: tuple[Contract, ...] = tuple([each for each in contracts() if each.kind is kind])
        monkeypatch.setattr(contract, "contracts", lambda: one)

    return ask


def found(seed: int = 0) -> str:
    return "\n".join(violation.text for violation in contract.contract(range(seed, seed + 1)).violations)


def serve_instead(monkeypatch: pytest.MonkeyPatch, kind: type[Any], handler: Callable[[Any, Any], Any]) -> None:
    monkeypatch.setitem(dispatch.ROUTES, kind, handler)


def test_failure_is_found(monkeypatch: pytest.MonkeyPatch, only: Callable[[type[Any]], None]) -> None:
    only(GetBalances)
    serve_instead(monkeypatch, GetBalances, lambda _caller, _operation: 1 // 0)
    assert ": 500 b" in found()


@pytest.mark.parametrize("answer", [{"message": None}, {"message": None, "status": "Fine"}, ["Ok"]])
def test_answer_outside_the_schema_is_found(
    monkeypatch: pytest.MonkeyPatch, only: Callable[[type[Any]], None], answer: Any
) -> None:
    only(GetStatus)
    serve_instead(monkeypatch, GetStatus, lambda _caller, _operation: answer)
    assert "GetStatus /api/v1/status None: 200" in found()


def test_status_that_is_not_documented_is_found(monkeypatch: pytest.MonkeyPatch, only: Callable[[type[Any]], None]) -> None:
    only(GetMarket)
    serve_instead(monkeypatch, GetMarket, lambda _caller, _operation: None)
    assert "204 b''" in found()


@pytest.mark.parametrize("kind", [GetDeposits, PlaceOrder])
def test_authentication_that_is_ignored_is_found(
    monkeypatch: pytest.MonkeyPatch, only: Callable[[type[Any]], None], kind: type[Any]
) -> None:
    only(kind)
    monkeypatch.setattr(dispatch, "check_signature", lambda *_arguments: None)
    assert "to a forgery" in found()

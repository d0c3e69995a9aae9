"""On which event loop an exchange is served."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest

from haversack.exchange.launch import run_served


async def serving(into: list[str]) -> None:
    """What an exchange would do."""
    into.append("served")


def test_an_exchange_runs_without_uvloop(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setitem(sys.modules, "uvloop", cast(ModuleType, None))
    run_served(serving(done))
    assert done == ["served"]


def test_an_exchange_runs_on_uvloop_where_that_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def run(coroutine: Coroutine[Any, Any, None]) -> None:
        done.append("on uvloop")
        asyncio.run(coroutine)

    monkeypatch.setitem(sys.modules, "uvloop", cast(ModuleType, SimpleNamespace(run=run)))
    run_served(serving(done))
    assert done == ["on uvloop", "served"]

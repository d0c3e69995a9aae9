"""What every test shares: asyncio as the only event loop, Hypothesis without surprises between machines, an eye on secrets."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

from canary import Canary, texts_of

# A loaded machine is no reason to fail, and a failing example is printed so that it can be replayed.
settings.register_profile("haversack", deadline=None, print_blob=True)
settings.load_profile("haversack")

CANARY = Canary()
CANARY.watch()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that let a secret be seen."""
    report = yield
    if item.get_closest_marker("writes_secrets") is None:
        for where, text in texts_of(report.sections, report.longrepr):
            CANARY.look_at(where, text)
        folder = getattr(item, "funcargs", {}).get("tmp_path")
        if call.when == "call" and isinstance(folder, Path):
            CANARY.look_into(folder)
    if CANARY.seen and report.outcome != "failed":
        report.outcome = "failed"
        report.longrepr = "a secret or a signature was seen in " + "; ".join(CANARY.seen)
    CANARY.seen.clear()
    return report

"""A user's machine for each test, on an exchange that a module shares."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cli.inside import LIVE_SECRET, Inside, exchange
from haversack.cli.profile.sim import stop
from haversack.local import BlockingLocalExchange


@pytest.fixture(scope="module")
def shared() -> Iterator[BlockingLocalExchange]:
    """An exchange without other traders: what is in its books is what tests put there."""
    with exchange(crowd=False) as made:
        yield made


@pytest.fixture
def inside(shared: BlockingLocalExchange, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    """A new home with no keys yet. It is not `tmp_path`, in which no key may be found: this one holds key files."""
    home = tmp_path_factory.mktemp("home")
    yield Inside(home, shared)
    # A command that should have been refused may have started one, if the refusal was switched off.
    stop(home / "data" / "haversack" / "sim")


@pytest.fixture
def live(inside: Inside) -> Inside:
    """The same with keys for the profile live, whose exchange is the local one all the same."""
    from io import StringIO

    done = inside.run("init", "-p", "live", "--stdin", stdin=StringIO(LIVE_SECRET + "\n"))
    assert done.code == 0, done.err
    return inside

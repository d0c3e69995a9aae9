"""What every test shares: asyncio as the only event loop, and Hypothesis without surprises between machines."""

import pytest
from hypothesis import settings

# A loaded machine is no reason to fail, and a failing example is printed so that it can be replayed.
settings.register_profile("haversack", deadline=None, print_blob=True)
settings.load_profile("haversack")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"

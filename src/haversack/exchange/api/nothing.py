"""Reads of what no account here ever did: its dust was never converted. Empty is what they truly are.

What would be an exchange's own, such as its pools, vaults and sessions, is not here: the real one has them, so empty would be
wrong.
"""

from __future__ import annotations

from typing import Any

from haversack.exchange.api.caller import Caller
from haversack.wire.base import Page
from haversack.wire.capital import GetDustHistory


def no_rows(_caller: Caller, _operation: Any) -> Page[Any]:
    """A page without rows: the first of one."""
    page: Page[Any] = Page()
    page.total = 0
    return page


ROUTES = (GetDustHistory.served_by(no_rows),)

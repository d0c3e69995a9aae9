"""What became of dust."""

from __future__ import annotations

import msgspec


class DustConverted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An account gave so much of an asset and received cash."""

    account: int
    conversion_id: int
    asset: str
    amount: int
    """In the asset's smallest units."""
    received: int
    """In the cash's smallest units."""

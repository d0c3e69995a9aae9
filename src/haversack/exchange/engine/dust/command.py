"""What can be asked about dust."""

from __future__ import annotations

import msgspec


class ConvertDust(msgspec.Struct, frozen=True, tag="dust", array_like=True):
    """Give the exchange an asset of which there is too little to sell, or all such assets, for cash."""

    account: int
    asset: str | None
    """None: all that are dust."""

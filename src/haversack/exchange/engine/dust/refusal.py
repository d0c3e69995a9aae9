"""Why dust is not converted."""

from __future__ import annotations

from haversack.exchange.engine.event import FacilityRefusal


class DustRefusal(FacilityRefusal):
    """Each of them; nothing was changed."""

    LIQUIDATING = "the account is being liquidated"
    NO_DUST = "the account has none of the asset, or enough to sell it"
    NO_PRICE = "nobody knows what the asset is worth"

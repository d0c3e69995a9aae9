"""What this exchange does beside matching orders, with the rules that its listing gives."""

from __future__ import annotations

from functools import partial

from haversack.exchange.engine.facility import Opened
from haversack.exchange.engine.lending.lending import Lending
from haversack.exchange.engine.predictions.predictions import Predictions
from haversack.exchange.engine.rfq.rfqs import Rfqs
from haversack.exchange.engine.strategies.strategies import Strategies
from haversack.exchange.engine.vaults.vaults import Vaults
from haversack.exchange.listing import Listing
from haversack.exchange.listing_prediction import planned


def facilities(listing: Listing) -> list[Opened]:
    """Makers of all facilities, in the order in which time reaches them."""
    return [
        partial(Predictions, planned=planned(listing.predictions)),
        Strategies,
        partial(Vaults, rules=listing.vault_rules()),
        partial(Rfqs, markets=[market.rules for market in listing.rfq_markets.values()]),
        partial(Lending, rules=listing.pools),
    ]

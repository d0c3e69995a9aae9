"""What this exchange does beside matching orders, with the rules that its listing gives."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from haversack.exchange.engine.collateral import CASH
from haversack.exchange.engine.dust.dust import Dust, DustRules
from haversack.exchange.engine.facility import Opened
from haversack.exchange.engine.lending.lending import Lending
from haversack.exchange.engine.predictions.predictions import Predictions
from haversack.exchange.engine.rfq.rfqs import Rfqs
from haversack.exchange.engine.strategies.strategies import Strategies
from haversack.exchange.engine.vaults.vaults import Vaults
from haversack.exchange.engine.withdrawals.withdrawals import Withdrawals
from haversack.exchange.filters import units
from haversack.exchange.listing import Listing
from haversack.exchange.listing_prediction import planned


def facilities(listing: Listing) -> list[Opened]:
    """Makers of all facilities, in the order in which time reaches them."""
    withdrawals = listing.withdrawal_rules()
    return [
        partial(Predictions, planned=planned(listing.predictions)),
        Strategies,
        partial(Vaults, rules=listing.vault_rules()),
        partial(Dust, rules=_dust(listing)),
        *([] if withdrawals is None else [partial(Withdrawals, rules=withdrawals)]),
        partial(Rfqs, markets=[market.rules for market in listing.rfq_markets.values()]),
        partial(Lending, rules=listing.pools),
    ]


def _dust(listing: Listing) -> list[DustRules]:
    """Everything that is sold for cash has its dust: less than the smallest order."""
    return [
        DustRules(rules.base, symbol, units(_smallest(listing, symbol), rules.quantity_scale) * rules.base_unit)
        for symbol, rules in listing.rules.items()
        if rules.quote == CASH and not rules.is_perpetual
    ]


def _smallest(listing: Listing, symbol: str) -> Decimal:
    return listing.markets[symbol].filters.quantity.min_quantity

"""Balances that are too small to be sold become cash."""

from __future__ import annotations

from collections.abc import Mapping

from haversack.exchange.api.caller import Caller
from haversack.exchange.engine.dust import command
from haversack.exchange.engine.dust.refusal import DustRefusal
from haversack.exchange.engine.event import FacilityRefusal
from haversack.exchange.messages import Refused
from haversack.exchange.views.dust import conversions
from haversack.wire.base import Page
from haversack.wire.capital import ConvertDust, DustConversion, GetDustHistory

# The codes are documented; what each is for, and the texts, are guesses.
_TEXTS: Mapping[FacilityRefusal, Refused] = {
    DustRefusal.LIQUIDATING: Refused.by_rule("ACCOUNT_LIQUIDATING", "Account is being liquidated"),
    DustRefusal.NO_DUST: Refused.by_rule("INVALID_QUANTITY", "Balance is not dust"),
    DustRefusal.NO_PRICE: Refused.by_rule("PRECONDITION_FAILED", "Price is not available"),
}


def convert(caller: Caller, operation: ConvertDust) -> None:
    """Convert one balance, or all that are dust. If none is, there is nothing to do, and that is no mistake (guess)."""
    asset = operation.symbol
    if asset is not None and asset not in caller.venue.listing.assets:
        raise Refused.by_rule("INVALID_ASSET", "Invalid asset")
    caller.carry_out(command.ConvertDust(caller.account, asset), _TEXTS)


def history(caller: Caller, operation: GetDustHistory) -> Page[DustConversion]:
    """The account's conversions, newest first."""
    return conversions(caller.venue.archive, caller.venue.listing, caller.account, operation, now_us=caller.now_us)


ROUTES = (ConvertDust.served_by(convert), GetDustHistory.served_by(history))

"""Why nothing came of a command about requests for quotes."""

from __future__ import annotations

from haversack.exchange.engine.event import FacilityRefusal


class RfqRefusal(FacilityRefusal):
    """One reason each."""

    ACCOUNT_LIQUIDATING = "the account is being liquidated"
    RFQ_NOT_FOUND = "no such request is open"
    QUOTE_NOT_FOUND = "no such quote can be accepted"
    NOT_THE_BEST = "another quote is better"
    TOO_LATE = "quotes are no longer taken for the request"
    OWN_RFQ = "an account does not answer its own request"
    CROSSED = "the bid is above the ask"
    TOO_SMALL = "less than one step would be traded at that price"
    INSUFFICIENT_FUNDS = "the account has too little available"
    INSUFFICIENT_MARGIN = "the account has too little margin"
    RFQ_LIMIT = "too many open requests"
    QUOTE_LIMIT = "too many open quotes"

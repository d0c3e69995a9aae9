"""Why nothing is proposed."""

from __future__ import annotations

from haversack.exchange.engine.event import FacilityRefusal


class PredictionRefusal(FacilityRefusal):
    """Why a proposal was turned away."""

    NO_PREDICTION = "the market asks no question"
    RESOLVED = "the market is resolved"
    DELAY = "a resolution waits 0 to 604800 seconds"

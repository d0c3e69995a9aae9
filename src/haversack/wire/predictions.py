"""Prediction markets: questions that are traded at a price between 0 and 1, and resolve to one of the two."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec import field

from haversack.wire.base import Answer, Operation, Page, moment_of_iso
from haversack.wire.enums import OpenEnum


class ResolutionType(OpenEnum):
    """What decides a prediction market: a number in a range, a price beyond a strike, or an outcome by name."""

    QUANTITY_RANGE = "QuantityRange"
    STRIKE_PRICE = "StrikePrice"
    OUTCOME = "Outcome"


class StrikeCondition(OpenEnum):
    """On which side of the strike price a market resolves to yes (docs: StrikePriceCondition)."""

    ABOVE = "above"
    BELOW = "below"


class SeriesRecurrence(OpenEnum):
    """How often a series has a new event."""

    MINUTELY = "minutely"
    FIVE_MINUTELY = "fiveMinutely"
    FIFTEEN_MINUTELY = "fifteenMinutely"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class ResolutionSource(OpenEnum):
    """Whose prices resolve an event."""

    BINANCE = "binance"


_ABSENT_BY_TYPE = {
    ResolutionType.QUANTITY_RANGE: frozenset({"condition", "outcome"}),
    ResolutionType.STRIKE_PRICE: frozenset({"greaterThanOrEqual", "lessThan", "outcome"}),
    ResolutionType.OUTCOME: frozenset({"condition", "greaterThanOrEqual", "lessThan"}),
}


class ResolutionCondition(Answer, frozen=True, kw_only=True):
    """When a market resolves to yes (docs: ResolutionCondition). Each type has fields of its own; the others are None."""

    condition: StrikeCondition | None = None
    """StrikePrice."""
    greater_than_or_equal: Decimal | None = None
    """QuantityRange: the lower bound, inside the range. None: there is none."""
    less_than: Decimal | None = None
    """QuantityRange: the upper bound, outside the range. None: there is none."""
    outcome: str | None = None
    """Outcome."""
    type: ResolutionType

    def absent_keys(self) -> Container[str]:
        """Keys that a condition of this type is written without."""
        return _ABSENT_BY_TYPE.get(self.type, ())


class PredictionMarket(Answer, frozen=True, kw_only=True):
    """One question of an event, and its market (docs: PredictionMarket)."""

    active_price: Decimal
    """Between 0 and 1."""
    group_label: str | None = None
    """A short text that tells it from the other markets of its event."""
    img_url: str | None = None
    symbol: str = field(name="marketSymbol")
    """Ends in `_PREDICTION`."""
    no_outcome_label: str
    proposed_resolution: bool | None = None
    """What it will resolve to after the delay: True is yes, False is no. None: nothing is proposed."""
    proposed_resolution_iso: str | None = field(name="proposedResolutionAt", default=None)
    """When that was proposed. Without a zone; it is UTC, like `resolved_iso`."""
    question: str
    quote_volume: Decimal
    """Of the last 24 hours."""
    quote_volume_lifetime: Decimal
    resolution_condition: ResolutionCondition | None = None
    resolution_delay_s: int = field(name="resolutionDelaySecs")
    """How long after the proposal it resolves; 0 to 604800, which is seven days."""
    resolution_price: Decimal | None = None
    """What a position is settled at: 1 for yes, 0 for no. None: it is not resolved."""
    resolved_iso: str | None = field(name="resolvedAt", default=None)
    rules: str
    yes_outcome_label: str

    @property
    def proposed_resolution_at(self) -> datetime | None:
        """When a resolution was proposed, UTC."""
        return None if self.proposed_resolution_iso is None else moment_of_iso(self.proposed_resolution_iso)

    @property
    def resolved_at(self) -> datetime | None:
        """When it was resolved, UTC."""
        return None if self.resolved_iso is None else moment_of_iso(self.resolved_iso)

    @property
    def resolution_delay(self) -> timedelta:
        """How long after the proposal it resolves."""
        return timedelta(seconds=self.resolution_delay_s)


class PredictionTag(Answer, frozen=True, kw_only=True):
    """A word by which events are found (docs: Tag)."""

    slug: str
    title: str


class PredictionSeries(Answer, frozen=True, kw_only=True):
    """What events of a kind have in common, such as one question asked every day (docs: Series)."""

    recurrence: SeriesRecurrence | None = None
    slug: str
    title: str


class PredictionResolution(Answer, frozen=True, kw_only=True):
    """What resolves an event, and whether it did (docs: Resolution)."""

    close_price: Decimal | None = None
    """Price of the underlying at the end."""
    end_iso: str | None = field(name="endDate", default=None)
    """Without a zone; it is UTC, like `start_iso`."""
    outcome: str | None = None
    """Where it is resolved by an outcome with a name."""
    resolution_source: ResolutionSource | None = None
    resolution_source_event_identifier: str | None = None
    """The name that the source has for it, such as BTCUSDT."""
    resolved: bool
    """True once all markets of the event are resolved."""
    start_iso: str = field(name="startDate")
    strike_price: Decimal | None = None
    """Price of the underlying at the start."""

    @property
    def start(self) -> datetime:
        """When the event begins, UTC."""
        return moment_of_iso(self.start_iso)

    @property
    def end(self) -> datetime | None:
        """When the event ends, UTC."""
        return None if self.end_iso is None else moment_of_iso(self.end_iso)


class PredictionEvent(Answer, frozen=True, kw_only=True):
    """Something that will happen one way or another, and the markets on it (docs: Event)."""

    description: str
    img_url: str | None = None
    prediction_markets: list[PredictionMarket]
    quote_volume: Decimal
    """Of the last 24 hours, all its markets together."""
    resolution: PredictionResolution
    resolution_delay_s: int = field(name="resolutionDelaySecs")
    """Goes for every market of the event; 0 to 604800, which is seven days."""
    resolved: bool
    series: list[PredictionSeries]
    slug: str
    """Names the event in addresses and in `event_slug`."""
    tags: list[PredictionTag]
    title: str

    @property
    def resolution_delay(self) -> timedelta:
        """How long after the proposal it resolves."""
        return timedelta(seconds=self.resolution_delay_s)


class GetPredictionEvents(Operation[Page[PredictionEvent]], frozen=True, kw_only=True):
    """Events with their markets. `total` of the page is X-Total.

    Source: GET /api/v1/prediction (get_prediction_events). Public.
    """

    method, path = "GET", "/api/v1/prediction"

    event_slug: str | None = None
    limit: int | None = None
    """1 to 1000; 100 if not sent."""
    offset: int | None = None
    """Rows to skip; 0 if not sent."""
    resolved: bool | None = None
    """Both if not sent."""
    series_slug: str | None = None
    symbol: str | None = None
    """Of a prediction market."""
    tag_slug: str | None = None


class GetPredictionTags(Operation[list[PredictionTag]], frozen=True, kw_only=True):
    """All tags of events.

    Source: GET /api/v1/prediction/tags (get_prediction_tags). Public.
    """

    method, path = "GET", "/api/v1/prediction/tags"

"""Prediction events: what is asked, how likely the answers are traded to be, and how the questions were resolved.

Guesses: events come in the order of the listing; one that is found by a market is answered with all its markets; what nothing
fits is an empty page.
"""

from __future__ import annotations

from decimal import Decimal

from haversack.exchange.api.caller import ROWS_DEFAULT, Caller
from haversack.exchange.engine.predictions.predictions import Fate, Predictions
from haversack.exchange.listing_prediction import ListedEvent, ListedQuestion
from haversack.exchange.render import naive_iso
from haversack.wire.base import Page
from haversack.wire.enums import TickerInterval
from haversack.wire.predictions import (
    GetPredictionEvents,
    GetPredictionTags,
    PredictionEvent,
    PredictionMarket,
    PredictionResolution,
    PredictionTag,
)

_ZERO = Decimal(0)


def events(caller: Caller, operation: GetPredictionEvents) -> Page[PredictionEvent]:
    """Events that fit all that is asked, a page of them."""
    found = [event for event in caller.venue.listing.predictions if _fits(caller, event, operation)]
    start = operation.offset or 0
    rows = found[start : start + (operation.limit or ROWS_DEFAULT)]
    page: Page[PredictionEvent] = Page(_event(caller, event) for event in rows)
    page.total = len(found)
    return page


def tags(caller: Caller, _operation: GetPredictionTags) -> list[PredictionTag]:
    """Tags of all events, each once, in the order of their words."""
    by_slug = {tag.slug: tag for event in caller.venue.listing.predictions for tag in event.tags}
    return [by_slug[slug] for slug in sorted(by_slug)]


def _fits(caller: Caller, event: ListedEvent, operation: GetPredictionEvents) -> bool:
    return (
        operation.event_slug in (None, event.slug)
        and (operation.symbol is None or any(each.symbol == operation.symbol for each in event.prediction_markets))
        and (operation.tag_slug is None or any(tag.slug == operation.tag_slug for tag in event.tags))
        and (operation.series_slug is None or any(each.slug == operation.series_slug for each in event.series))
        and operation.resolved in (None, _is_resolved(caller, event))
    )


def _event(caller: Caller, event: ListedEvent) -> PredictionEvent:
    markets = [_market(caller, event, question) for question in event.prediction_markets]
    is_resolved = _is_resolved(caller, event)
    return PredictionEvent(
        description=event.description,
        img_url=event.img_url,
        prediction_markets=markets,
        quote_volume=sum((market.quote_volume for market in markets), _ZERO),
        resolution=PredictionResolution(
            end_iso=event.end_date,
            outcome=_outcome(caller, event),
            resolution_source=event.resolution_source,
            resolution_source_event_identifier=event.resolution_source_event_identifier,
            resolved=is_resolved,
            start_iso=event.start_date,
        ),
        resolution_delay_s=event.resolution_delay_s,
        resolved=is_resolved,
        series=event.series,
        slug=event.slug,
        tags=event.tags,
        title=event.title,
    )


def _market(caller: Caller, event: ListedEvent, question: ListedQuestion) -> PredictionMarket:
    fate, scales, tape = _fate(caller, question), caller.scales(question.symbol), caller.venue.tape
    units = caller.venue.engine.mark_price(question.symbol)
    statistics = tape.statistics(question.symbol, TickerInterval.DAY_1, now_us=caller.now_us)
    opening = caller.venue.listing.opening_prices.get(question.symbol, _ZERO)
    return PredictionMarket(
        # Before anybody was there, it is where the market was to open (guess).
        active_price=opening if units is None else scales.short_price(units),
        group_label=question.group_label,
        img_url=question.img_url,
        symbol=question.symbol,
        no_outcome_label=question.no_outcome_label,
        proposed_resolution=fate.proposed,
        proposed_resolution_iso=None if fate.proposed is None else naive_iso(fate.proposed_us),
        question=question.question,
        quote_volume=_ZERO if statistics is None else scales.short_notional(statistics.quote_volume),
        quote_volume_lifetime=scales.short_notional(tape.quote_volume(question.symbol)),
        resolution_condition=question.resolution_condition,
        resolution_delay_s=event.resolution_delay_s,
        resolution_price=None if fate.price is None else scales.short_price(fate.price),
        resolved_iso=None if fate.price is None else naive_iso(fate.resolved_us),
        rules=question.rules,
        yes_outcome_label=question.yes_outcome_label,
    )


def _fate(caller: Caller, question: ListedQuestion) -> Fate:
    return caller.venue.engine.facility(Predictions).fate(question.symbol)


def _is_resolved(caller: Caller, event: ListedEvent) -> bool:
    return all(_fate(caller, question).price is not None for question in event.prediction_markets)


def _outcome(caller: Caller, event: ListedEvent) -> str | None:
    """The outcome by its name whose market was resolved to yes."""
    for question in event.prediction_markets:
        condition = question.resolution_condition
        if condition is not None and condition.outcome is not None and _fate(caller, question).price:
            return condition.outcome
    return None


ROUTES = (GetPredictionEvents.served_by(events), GetPredictionTags.served_by(tags))

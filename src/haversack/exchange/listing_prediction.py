"""What a listed prediction event is: the exchange's own words, and what is known beforehand of how its markets end."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from haversack.errors import UsageError
from haversack.exchange.engine.predictions.command import DELAY_S_MAX
from haversack.exchange.engine.predictions.predictions import Planned
from haversack.units import to_time_us
from haversack.wire.base import moment_of_iso
from haversack.wire.enums import MarketType
from haversack.wire.markets import Market
from haversack.wire.predictions import PredictionSeries, PredictionTag, ResolutionCondition, ResolutionSource, SeriesRecurrence


class ListedQuestion(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One question of an event; its market is listed among the markets."""

    symbol: str = msgspec.field(name="marketSymbol")
    question: str
    rules: str
    group_label: str | None = None
    img_url: str | None = None
    yes_outcome_label: str
    no_outcome_label: str
    resolution_condition: ResolutionCondition | None = None
    planned_resolution: bool | None = None
    """What is proposed at `plannedAt`, unless the operator proposed something before; True is yes."""
    planned_at: str | None = None
    """Such as 2027-01-01T00:00:00, UTC."""


class ListedEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Something that will happen one way or another, and the questions about it."""

    slug: str
    title: str
    description: str
    img_url: str | None = None
    tags: list[PredictionTag] = []
    series: list[PredictionSeries] = []
    start_date: str
    """UTC, like `endDate`."""
    end_date: str | None = None
    resolution_source: ResolutionSource | None = None
    resolution_source_event_identifier: str | None = None
    resolution_delay_s: int = msgspec.field(name="resolutionDelaySecs", default=0)
    """Between a proposal and the resolution."""
    prediction_markets: list[ListedQuestion]


def planned(events: Iterable[ListedEvent]) -> list[Planned]:
    """Answers that are proposed by the clock."""
    return [
        Planned(
            symbol=each.symbol,
            is_yes=each.planned_resolution,
            at_us=_us(each.planned_at),
            delay_s=event.resolution_delay_s,
        )
        for event in events
        for each in event.prediction_markets
        if each.planned_resolution is not None and each.planned_at is not None
    ]


def delay_of(events: Iterable[ListedEvent], symbol: str) -> int:
    """Seconds that the resolution of a market waits after it is proposed; 0 for one that no event asks about."""
    delays = (event.resolution_delay_s for event in events for each in event.prediction_markets if each.symbol == symbol)
    return next(delays, 0)


def about(events: Iterable[ListedEvent], symbols: Container[str]) -> list[ListedEvent]:
    """The events with the questions of these markets alone; none without a question."""
    cut = [
        msgspec.structs.replace(
            event, prediction_markets=[question for question in event.prediction_markets if question.symbol in symbols]
        )
        for event in events
    ]
    return [event for event in cut if event.prediction_markets]


def check_events(events: Sequence[ListedEvent], markets: Mapping[str, Market]) -> None:
    """Refuse events that contradict themselves or each other, and prediction markets that nobody asks about."""
    slugs: set[str] = set()
    asked: set[str] = set()
    for event in events:
        if event.slug in slugs:
            raise UsageError(f"predictions: {event.slug!r} is listed twice, wanted once")
        slugs.add(event.slug)
        for problem in _problems(event, markets, asked):
            raise UsageError(f"prediction {event.slug}: {problem}")
        asked.update(each.symbol for each in event.prediction_markets)


def _problems(event: ListedEvent, markets: Mapping[str, Market], asked: set[str]) -> Iterator[str]:
    if not 0 <= event.resolution_delay_s <= DELAY_S_MAX:
        yield f"resolutionDelaySecs is {event.resolution_delay_s}, wanted 0 to {DELAY_S_MAX}"
    for key, moment in (("startDate", event.start_date), ("endDate", event.end_date)):
        yield from _moment_problems(key, moment)
    unknown = [("recurrence", each.recurrence, SeriesRecurrence) for each in event.series]
    for key, word, words in [*unknown, ("resolutionSource", event.resolution_source, ResolutionSource)]:
        if word is not None and not word.is_known:
            yield f"{key} is {str(word)!r}, wanted one of {', '.join(words)}"
    for question in event.prediction_markets:
        market = markets.get(question.symbol)
        if market is None or market.market_type != MarketType.PREDICTION:
            yield f"marketSymbol is {question.symbol!r}, wanted a listed market of the type PREDICTION"
        if question.symbol in asked:
            yield f"{question.symbol} is asked about by another event too"
        if (question.planned_resolution is None) is not (question.planned_at is None):
            yield f"{question.symbol} has one of plannedResolution and plannedAt, wanted both or neither"
        yield from _moment_problems("plannedAt", question.planned_at)
    symbols = [question.symbol for question in event.prediction_markets]
    if len(set(symbols)) < len(symbols):
        yield "a market is asked about twice"


def _moment_problems(key: str, moment: str | None) -> Iterator[str]:
    if moment is None:
        return
    try:
        naive = datetime.fromisoformat(moment)
    except ValueError:
        yield f"{key} is {moment!r}, wanted a time such as 2027-01-01T00:00:00"
        return
    if naive.tzinfo is not None:
        yield f"{key} is {moment!r}, wanted a time without a zone: it is UTC"


def _us(moment: str) -> int:
    return to_time_us(moment_of_iso(moment))

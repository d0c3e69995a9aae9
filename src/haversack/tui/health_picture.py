"""How the connection, each of its streams, the book and the account are."""

from __future__ import annotations

from collections.abc import Iterable

from haversack.streams.health import ConnectionState, StreamHealth, StreamsHealth
from haversack.tui.figures import duration, lag
from haversack.tui.model import Model
from haversack.tui.paper import Span, message, safe
from haversack.tui.table import Column, Row, Table, table
from haversack.wire.frames import kind_of

_NAME_WIDTH, _SENTENCE_MIN = 26, 16


def summary(model: Model, now_us: int) -> Span:
    """The connection in a few words, for the head of the screen."""
    streams = model.streams
    if model.ending:
        return Span("■ streams ended", "bad")
    if streams is None:
        return Span("○ connecting", "warn")
    if streams.state is not ConnectionState.OPEN:
        return Span(f"○ {_connection(streams, now_us)}", "bad")
    # Where nobody trades, trades are silent, and so may be the ticker; most markets are not looked at.
    stale = [name for name in streams.stale if not streams.streams[name].is_quiet and kind_of(name) != "trade"]
    stale = [name for name in stale if kind_of(name) != "ticker" or name == f"ticker.{model.symbol}"]
    if stale:
        return Span(f"● {len(stale)} stale", "warn")
    if model.book.trouble:
        return Span("● no book", "warn")
    if model.account is not None and model.account.trouble:
        return Span("● account behind", "warn")
    return Span("● connected", "good")


def health(model: Model, width: int, now_us: int) -> Table:
    """One line each; tickers of all markets share one."""
    columns = (
        *(Column("what", is_right=False), Column("state", is_right=False), Column("age", rank=1), Column("lag", rank=2)),
        *(Column("events", rank=3), Column("skipped", rank=4), Column("gaps", rank=5)),
    )
    rows: list[Row] = []
    if model.ending:
        rows.append(_note("streams", model.ending, "bad"))
    if model.streams is not None:
        rows += [_connection_row(model.streams, now_us), _book_row(model)]
    # What is wrong stands above the list of what is well.
    rows += [_note("history", model.history_trouble, "warn")] if model.history_trouble else []
    rows += _account(model)
    rows += [] if model.streams is None else _streams(model.streams, now_us)
    return table(columns, [part for row in rows for part in _wrapped(row, len(columns), width)], width)


def _wrapped(row: Row, columns: int, width: int) -> Iterable[Row]:
    """A sentence over as many lines as it needs, for it may be the only place where it is told."""
    if len(row.cells) == columns:
        return [row]
    name, text = row.cells
    lines = message(text.text, max(_SENTENCE_MIN, width - _NAME_WIDTH), text.style)
    return [Row(f"{row.key} {number}", (Span("" if number else name.text), line[0])) for number, line in enumerate(lines)]


def _connection_row(streams: StreamsHealth, now_us: int) -> Row:
    is_open = streams.state is ConnectionState.OPEN
    last = "-" if streams.last_message_us is None else duration(now_us - streams.last_message_us)
    text = _connection(streams, now_us)
    if not is_open:
        return _note("connection", f"{text}: {streams.last_error}" if streams.last_error else text, "bad")
    if streams.reconnects:
        return _note("connection", f"open, made again {streams.reconnects}×, last message {last} ago", "good")
    return Row("connection", _cells("connection", text, "good", last))


def _connection(streams: StreamsHealth, now_us: int) -> str:
    if streams.state is ConnectionState.WAITING and streams.next_attempt_us is not None:
        return f"lost; again in {duration(streams.next_attempt_us - now_us)}"
    return str(streams.state)


def _book_row(model: Model) -> Row:
    health = None if model.streams is None else model.streams.books.get(model.symbol)
    name = f"book {safe(model.symbol)}"
    if health is None:
        return _note(name, model.book.trouble or "closed", "warn")
    counters = health.counters
    if not health.is_synced:
        return _note(name, f"not in sync: {health.trouble}", "warn")
    return Row(name, _cells(name, "in sync", "good", "", "", str(counters.get("applied", 0)), "", str(counters.get("gaps", 0))))


def _streams(streams: StreamsHealth, now_us: int) -> Iterable[Row]:
    tickers = {name: each for name, each in streams.streams.items() if name.startswith("ticker.")}
    for name, each in streams.streams.items():
        if name not in tickers:
            yield _stream_row(safe(name), each, now_us)
    if tickers:
        worst = min(tickers.values(), key=lambda each: (each.is_asked and not each.is_stale, each.last_event_us or 0))
        whole = StreamHealth(
            is_asked=worst.is_asked,
            is_stale=worst.is_stale,
            is_quiet=worst.is_quiet,
            last_event_us=max(each.last_event_us or 0 for each in tickers.values()) or None,
            events=sum(each.events for each in tickers.values()),
            dropped=sum(each.dropped for each in tickers.values()),
            queued=sum(each.queued for each in tickers.values()),
            lag_us=max((each.lag_us for each in tickers.values() if each.lag_us is not None), default=None),
            lag_us_max=None,
            interruptions=max(each.interruptions for each in tickers.values()),
        )
        yield _stream_row(f"ticker (of {len(tickers)})", whole, now_us)


def _stream_row(name: str, each: StreamHealth, now_us: int) -> Row:
    age = "-" if each.last_event_us is None else duration(now_us - each.last_event_us)
    late = "-" if each.lag_us is None else lag(each.lag_us)
    text, style = _state(each, may_be_silent=kind_of(name) == "trade")
    return Row(name, _cells(name, text, style, age, late, str(each.events), str(each.dropped), str(each.interruptions)))


def _state(each: StreamHealth, *, may_be_silent: bool) -> tuple[str, str]:
    if not each.is_asked:
        return "not asked for", "warn"
    if each.is_quiet:
        return "quiet", "good"
    if each.is_stale:
        return ("silent", "dim") if may_be_silent else ("stale", "warn")
    return ("ok", "good") if each.events else ("waiting", "dim")


def _account(model: Model) -> Iterable[Row]:
    if model.account is None:
        if model.account_trouble:
            yield _note("account", model.account_trouble, "warn")
        else:
            yield _note("account", str(model.trading) if not model.trading.is_allowed else "being read", "dim")
        return
    if not model.account.trouble:
        yield _note("account", "in sync", "good")
    for number, trouble in enumerate(model.account.trouble):
        yield Row(f"account {number}", _note("account", trouble, "warn").cells)


def _note(name: str, text: str, style: str) -> Row:
    return Row(name, (Span(name), Span(safe(text), style)))


def _cells(name: str, text: str, style: str, *numbers: str) -> tuple[Span, ...]:
    spans = [Span(each, "dim") for each in numbers]
    return (Span(name), Span(text, style), *spans, *[Span("")] * (5 - len(spans)))

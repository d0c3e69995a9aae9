"""How long a stream may be silent; by numbers, without waiting."""

import itertools

import pytest

from haversack.streams.backoff import Backoff
from haversack.streams.freshness import PATIENCE_MAX, Suspect, Verdict, silence_us_max
from haversack.streams.heartbeat import Due
from haversack.streams.session import StreamSession
from streams.link import frame

S = 1_000_000
LIMITS_S = {
    "ticker.A": 5,
    "markPrice.A": 5,
    "openInterest.A": 75,
    "kline.1s.A": 6,
    "kline.1m.A": 65,
    "kline.1h.A": 3_605,
    "depth.A": 8,
    "depth.200ms.A": 8,
    "trade.A": 8,
    "bookTicker.A": 8,
}
SILENT_FOR_EVER = [
    *("account.orderUpdate", "account.balanceUpdate", "account.positionUpdate.A", "liquidation", "liquidation.A"),
    *("kline.1month.A", "kline.7m.A", "kline.A", "kline", "novelty.A", "stockPrice.AAPL"),
]


def new_session(*streams: str) -> StreamSession:
    session = StreamSession(backoff=Backoff(), dice=lambda: 0.5)
    session.subscribe(*streams)
    session.connected(0)
    session.outgoing(0)
    return session


def looked_at(session: StreamSession, from_s: int, until_s: int) -> list[tuple[int, Suspect]]:
    """Every second the suspects of that moment, while pings are answered."""
    found: list[tuple[int, Suspect]] = []
    for now_s in range(from_s, until_s):
        session.heard(now_s * S)
        found += [(now_s, suspect) for suspect in session.suspects(now_s * S)]
    return found


@pytest.mark.parametrize(("stream", "limit_s"), LIMITS_S.items())
def test_each_stream_has_a_limit_that_fits_its_cadence(stream: str, limit_s: int) -> None:
    assert silence_us_max(stream) == limit_s * S


@pytest.mark.parametrize("stream", SILENT_FOR_EVER)
def test_some_streams_may_be_silent_for_ever(stream: str) -> None:
    assert silence_us_max(stream) is None


@pytest.mark.parametrize("stream", [stream for stream, limit_s in LIMITS_S.items() if limit_s < 10])
def test_a_silent_stream_is_flagged_within_ten_seconds(stream: str) -> None:
    session = new_session(stream)
    session.received(frame(stream), 1)
    assert [suspect.stream for _, suspect in looked_at(session, 1, 11)] == [stream]
    assert session.tracks[stream].is_stale


def test_one_silent_stream_of_many_is_flagged_and_no_other() -> None:
    names = [f"ticker.M{number}" for number in range(50)]
    session = new_session(*names)
    for now_s in range(1, 30):
        for name in names[1:]:
            session.received(frame(name), now_s * S)
        session.suspects(now_s * S)
    assert [name for name, track in session.tracks.items() if track.is_stale] == names[:1]


def test_a_quiet_market_is_asked_about_less_and_less_often() -> None:
    session = new_session("trade.A")
    moments: list[int] = []
    for now_s in range(1, 400):
        for suspect in session.suspects(now_s * S):
            moments.append(now_s)
            session.settle(suspect, Verdict.QUIET, now_s * S)
    pauses = [after - before for before, after in itertools.pairwise(moments)]
    assert pauses[:4] == [16, 32, 64, 64]
    assert max(pauses) == 8 * PATIENCE_MAX


def test_a_market_that_wakes_up_is_watched_closely_again() -> None:
    session = new_session("trade.A")
    for _, suspect in looked_at(session, 1, 9):
        session.settle(suspect, Verdict.QUIET, 9 * S)
    session.received(frame("trade.A"), 20 * S)
    session.suspects(20 * S)
    assert [now_s for now_s, _ in looked_at(session, 21, 30)] == [28]


def test_a_verdict_on_a_stream_that_has_spoken_since_changes_nothing() -> None:
    session = new_session("trade.A")
    ((_, suspect),) = looked_at(session, 1, 9)
    session.received(frame("trade.A"), 9 * S)
    session.settle(suspect, Verdict.DEAD, 9 * S)
    assert not session.tracks["trade.A"].is_stale
    assert session.outgoing(9 * S) == []


def test_a_verdict_that_comes_after_a_second_silence_began_does_not_count_for_it() -> None:
    session = new_session("trade.A")
    ((_, early),) = looked_at(session, 1, 9)
    session.received(frame("trade.A"), 9 * S)
    assert looked_at(session, 10, 18)
    session.settle(early, Verdict.DEAD, 18 * S)
    assert session.outgoing(18 * S) == []


def test_a_program_that_was_busy_reads_before_it_suspects_anybody() -> None:
    session = new_session("ticker.A")
    session.received(frame("ticker.A"), 1 * S)
    assert session.suspects(40 * S) == []
    session.received(frame("ticker.A"), 40 * S)
    assert session.suspects(41 * S) == []


def test_a_dead_stream_is_asked_for_again_once_and_then_another_connection_is_wanted() -> None:
    session = new_session("ticker.A")
    session.received(frame("ticker.A"), 1)
    sent: list[str] = []
    dues: list[tuple[int, Due | None]] = []
    for now_s in range(1, 14):
        session.heard(now_s * S)
        for suspect in session.suspects(now_s * S):
            session.settle(suspect, Verdict.DEAD, now_s * S)
        sent += session.outgoing(now_s * S)
        dues.append((now_s, session.due(now_s * S)))
    assert [text.partition('"params"')[0] for text in sent] == ['{"method":"UNSUBSCRIBE",', '{"method":"SUBSCRIBE",']
    assert next(due for due in dues if due[1] is not None) == (11, Due.RENEW)
    lost, again = session.interruptions()
    assert (lost.from_us, lost.to_us, again.to_us) == (1, None, 6 * S)


def test_lag_is_from_the_time_of_the_event_to_its_arrival() -> None:
    session = new_session("trade.A")
    session.tell_time(10 * S, 1_790_000_000 * S)
    text = frame("trade.A").replace('"E": 2', f'"E": {1_790_000_001 * S}')
    session.received(text, 11 * S + 250_000)
    session.received(text, 11 * S + 100_000)
    track = session.tracks["trade.A"]
    assert (track.lag_us, track.lag_us_max) == (100_000, 250_000)

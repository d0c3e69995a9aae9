"""When silence is asked about, and when it is the end; by numbers, without waiting."""

import pytest

from haversack.errors import UsageError
from haversack.streams.heartbeat import Due, Heartbeat
from haversack.streams.session import StreamSession
from streams.link import frame

S = 1_000_000


def new_session() -> StreamSession:
    session = StreamSession(heartbeat=Heartbeat(interval_s=4.0, timeout_s=3.0))
    session.connected(0)
    return session


def test_silence_is_pinged_once_and_then_ends_the_connection() -> None:
    session = new_session()
    dues = [(now_s, session.due(now_s * S)) for now_s in range(9)]
    assert [due for due in dues if due[1]] == [(4, Due.PING), (7, Due.CLOSE), (8, Due.CLOSE)]


def test_the_moment_to_look_again_is_told() -> None:
    session = new_session()
    assert session.wake_us == 4 * S
    session.due(4 * S)
    assert session.wake_us == 7 * S


def test_data_makes_pings_needless() -> None:
    session = new_session()
    dues: list[Due | None] = []
    for now_s in range(20):
        session.received(frame("depth.SOL_USDC"), now_s * S)
        dues.append(session.due(now_s * S + S // 2))
    assert set(dues) == {None}


def test_a_pong_in_time_keeps_the_connection() -> None:
    session = new_session()
    assert session.due(4 * S) is Due.PING
    session.heard(6 * S)
    assert session.due(9 * S) is None
    assert session.due(10 * S) is Due.PING


def test_even_garbage_shows_that_the_peer_lives() -> None:
    session = new_session()
    session.due(4 * S)
    session.received(b"\xff", 6 * S)
    assert session.due(7 * S) is None


def test_a_program_that_was_busy_asks_again_before_it_gives_up() -> None:
    session = new_session()
    assert session.due(4 * S) is Due.PING
    assert session.due(40 * S) is Due.PING
    assert session.due(43 * S) is Due.CLOSE
    assert session.lag_us_max == 33 * S


def test_a_new_connection_starts_without_the_silence_of_the_last() -> None:
    session = new_session()
    session.due(4 * S)
    session.disconnected(50 * S)
    session.connected(100 * S)
    assert session.due(100 * S) is None
    assert session.wake_us == 104 * S


def test_defaults_notice_a_dead_connection_within_ten_seconds_and_two_to_spare() -> None:
    heartbeat = Heartbeat()
    assert heartbeat.interval_s + heartbeat.timeout_s <= 8


@pytest.mark.parametrize(("interval_s", "timeout_s"), [(0, 1), (1, 0), (-1, 1)])
def test_times_that_are_none_are_refused(interval_s: float, timeout_s: float) -> None:
    with pytest.raises(UsageError):
        Heartbeat(interval_s, timeout_s)

"""Depth frames whose numbers stay text: a guess at the stream's name may save time, and changes nothing of what is read."""

import json

import pytest

from haversack.book.texts import DepthFrame
from haversack.errors import ProtocolError
from haversack.streams.freshness import Verdict
from haversack.streams.session import StreamSession
from haversack.wire.events import DepthUpdate
from haversack.wire.frames import Message
from streams.link import DATA, frame

DEPTH = "depth.SOL_USDC"
S = 1_000_000


def new_session(*, texts: bool = True) -> StreamSession:
    session = StreamSession(texts={DEPTH, DEPTH.encode()} if texts else frozenset())
    session.subscribe(DEPTH, "depth.OTHER", "trade.SOL_USDC")
    session.connected(0)
    session.outgoing(0)
    return session


def compact(**keys: object) -> str:
    return json.dumps(keys, separators=(",", ":"))


USUAL = compact(data=DATA["depth"], stream=DEPTH)


SPACED = json.dumps({"data": DATA["depth"], "stream": DEPTH}, indent=1)


@pytest.mark.parametrize("text", [USUAL, USUAL.encode(), SPACED], ids=["text", "bytes", "spaces"])
def test_a_frame_that_only_books_read_keeps_its_texts(text: str | bytes) -> None:
    said = new_session().received(text, 1)
    assert isinstance(said, DepthFrame)
    assert (said.stream, said.depth.asks, said.depth.last_update_id) == (DEPTH, [("99.14", "0.00")], 7)


@pytest.mark.parametrize(
    "text",
    [
        compact(stream=DEPTH, data=DATA["depth"]),
        compact(data=DATA["depth"], stream=DEPTH, zone="depth.OTHER"),
    ],
    ids=["name first", "another name last"],
)
def test_a_name_in_another_place_is_read_all_the_same(text: str) -> None:
    said = new_session().received(text, 1)
    assert isinstance(said, Message)
    assert said.stream == DEPTH
    assert isinstance(said.event, DepthUpdate)


def test_a_frame_of_another_stream_that_ends_in_the_name_is_not_the_book_s() -> None:
    said = new_session().received(compact(data=DATA["depth"], stream="depth.OTHER", zone=DEPTH), 1)
    assert isinstance(said, Message)
    assert said.stream == "depth.OTHER"


def test_what_is_no_depth_message_is_read_as_what_it_is() -> None:
    session = new_session()
    said = session.received(compact(data=DATA["trade"], stream=DEPTH), 1)
    assert isinstance(said, Message)
    assert not isinstance(said.event, DepthUpdate)
    assert isinstance(session.received('{"data":{,"stream":"' + DEPTH + '"}', 1), ProtocolError)
    assert isinstance(session.received("", 1), ProtocolError)
    assert isinstance(session.received(b"\xff", 1), ProtocolError)


def test_frames_that_others_read_are_typed() -> None:
    assert isinstance(new_session(texts=False).received(USUAL, 1), Message)
    assert isinstance(new_session().received(frame("depth.OTHER"), 1), Message)


@pytest.mark.parametrize("texts", [True, False])
def test_both_forms_count_as_heard(texts: bool) -> None:
    session = new_session(texts=texts)
    session.tell_time(0, 10)
    session.received(USUAL, 5 * S)
    track = session.tracks[DEPTH]
    assert (track.events, track.heard_us, track.lag_us) == (1, 5 * S, 5 * S + 10 - 2)
    session.heard(12 * S)
    assert [suspect.stream for suspect in session.suspects(12 * S)] == []
    assert session.is_asked(DEPTH)


@pytest.mark.parametrize("texts", [True, False])
def test_neither_form_counts_for_a_stream_that_was_not_asked_for_on_this_connection(texts: bool) -> None:
    session = new_session(texts=texts)
    session.connected(1 * S)
    assert session.received(USUAL, 2 * S) is not None
    assert (session.heard_us_of(DEPTH), session.tracks[DEPTH].events) == (None, 0)


def test_a_dead_stream_of_a_book_is_asked_for_again() -> None:
    session = new_session()
    session.received(USUAL, 1)
    found = []
    for now_s in range(1, 12):
        session.heard(now_s * S)
        found += [suspect for suspect in session.suspects(now_s * S) if suspect.stream == DEPTH]
    (suspect,) = found
    assert isinstance(suspect.last, DepthFrame)
    session.settle(suspect, Verdict.DEAD, 12 * S)
    assert [json.loads(text)["method"] for text in session.outgoing(12 * S)] == ["UNSUBSCRIBE", "SUBSCRIBE"]

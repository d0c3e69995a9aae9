"""Depth frame bytes to typed event (µs), beside a bare untyped parse.

The frame of one level is a recorded one (observed 2026-09); that of forty is an aggregated one of the same form. "Bare" is the
same library's parse into dicts and lists, with every number still a string. They take turns, and the figure is the median.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import TypeAlias

import msgspec

from haversack.clock import SystemClock
from haversack.streams.session import StreamSession
from haversack.wire.events import DepthUpdate
from haversack.wire.frames import Message, read_frame

Row: TypeAlias = tuple[str, str, str]
Read: TypeAlias = Callable[[bytes], object]

ROUNDS = 31
FRAMES = 10_000
RATIO_WANTED = 1.6

ONE_LEVEL = (
    b'{"data":{"E":1788367431034999,"T":1788367431034824,"U":4330361031,"a":[["99.14","0.00"]],"b":[],"e":"depth",'
    b'"s":"SOL_USDC","u":4330361031},"stream":"depth.SOL_USDC"}'
)


def forty_levels() -> bytes:
    """A frame of twenty levels on either side."""
    levels = [[f"{2700 + number}.{number:02}", f"{number}.0{number:03}"] for number in range(20)]
    data = {"E": 1790134357903774, "T": 1790134357900446, "U": 7501116422, "a": levels, "b": levels, "e": "depth"}
    frame = {"data": {**data, "s": "ETH_USDC_PERP", "u": 7501116464}, "stream": "depth.200ms.ETH_USDC_PERP"}
    return json.dumps(frame, separators=(",", ":")).encode()


def through_session() -> Read:
    """The same as a stream's reader does it: with the session's bookkeeping, and the clock read once a frame."""
    session, clock = StreamSession(), SystemClock()
    session.subscribe("depth.SOL_USDC", "depth.200ms.ETH_USDC_PERP")
    session.connected(clock.monotonic_us())
    session.outgoing(clock.monotonic_us())
    return lambda frame: session.received(frame, clock.monotonic_us())


def measure(reads: dict[str, Read], frame: bytes) -> dict[str, float]:
    """The median of each in microseconds a frame."""
    samples: dict[str, list[float]] = {name: [] for name in reads}
    for _ in range(ROUNDS):
        for name, read in reads.items():
            samples[name].append(_once(read, frame))
    return {name: statistics.median(times_us) for name, times_us in samples.items()}


def _once(read: Read, frame: bytes) -> float:
    started_ns = time.perf_counter_ns()
    for _ in range(FRAMES):
        read(frame)
    return (time.perf_counter_ns() - started_ns) / FRAMES / 1_000


def run() -> list[Row]:
    """Rows of question, measured, target."""
    rows: list[Row] = []
    for levels, frame in (("1 level", ONE_LEVEL), ("40 levels", forty_levels())):
        said = read_frame(frame)
        assert isinstance(said, Message), said
        assert isinstance(said.event, DepthUpdate), said
        reads = {"bare": msgspec.json.Decoder().decode, "typed": read_frame, "session": through_session()}
        took_us = measure(reads, frame)
        bare_us = took_us.pop("bare")
        rows.append((f"depth frame of {levels}: bare untyped parse", f"{bare_us:.2f} us", ""))
        for name, read_us in took_us.items():
            wanted = f"at most {RATIO_WANTED} times" if (name, levels) == ("typed", "1 level") else ""
            rows.append((f"depth frame of {levels}: {name}", f"{read_us:.2f} us, {read_us / bare_us:.2f} times bare", wanted))
    return rows


if __name__ == "__main__":
    for row in run():
        sys.stdout.write("  |  ".join(row) + "\n")

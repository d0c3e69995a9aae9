"""Runs a harness in several processes, until all seeds were tried or the time is up."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import NamedTuple

from haversack.clock import Clock
from prove.found import Found, Violation
from prove.registry import HARNESSES, Harness

SHOWN_MAX = 10


class Reached(NamedTuple):
    """What came of a harness."""

    found: Found
    seeds: int
    """How many were tried, of those that were asked for."""
    took_s: float


def run(harness: Harness, seeds: range, *, workers: int, clock: Clock, minutes: float | None = None) -> Reached:
    """Try the seeds. When the minutes are up nothing new is begun, and what was begun is finished."""
    begun_us = clock.monotonic_us()

    def is_over() -> bool:
        return minutes is not None and clock.monotonic_us() - begun_us >= minutes * 60_000_000

    found, tried = Found(0), 0
    for chunk, part in _results(harness, _chunks(seeds, harness.chunk, is_over), workers):
        found += part
        tried += len(chunk)
    return Reached(found, tried, (clock.monotonic_us() - begun_us) / 1_000_000)


def replay(harness: Harness, violation: Violation) -> str:
    """The line that runs it again."""
    return f"./dev prove {harness.name} --seeds {violation.seed}"


def _chunks(seeds: range, length: int, is_over: Callable[[], bool]) -> Iterator[range]:
    for first in range(0, len(seeds), length):
        if is_over():
            return
        yield seeds[first : first + length]


def _results(harness: Harness, chunks: Iterator[range], workers: int) -> Iterator[tuple[range, Found]]:
    # No more is begun ahead than there are processes, so that the end of the time is the end.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running: dict[Future[Found], range] = {}
        while True:
            while len(running) < workers and (chunk := next(chunks, None)) is not None:
                running[pool.submit(work, harness.name, chunk)] = chunk
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                chunk = running.pop(future)
                yield chunk, _result(future, chunk)


def _result(future: Future[Found], chunk: range) -> Found:
    """What a process found; that it failed itself is a violation too: it must not pass for a proof."""
    try:
        return future.result()
    except BrokenProcessPool:
        raise
    except Exception as error:  # noqa: BLE001  # whatever it is, it is told
        text = f"somewhere in seeds {chunk.start} to {chunk.stop - 1}: {type(error).__name__}: {error}"
        return Found(0, (Violation(chunk.start, text[:2_000]),))


def work(name: str, seeds: range) -> Found:
    """Try the seeds here; what the other processes run."""
    # In a world full of faults everything that warns would warn.
    logging.disable(logging.CRITICAL)
    harness = next(each for each in HARNESSES if each.name == name)
    return harness.prove()(seeds)

"""Harnesses that have their own reports, as functions of a range of seeds."""

from __future__ import annotations

import asyncio
from functools import partial

from fuzz.run import fuzz
from prove.found import Found, Violation, each


def world(seeds: range) -> Found:
    """The client and the exchange in simulated worlds full of faults."""
    from world.proof import run_seeds

    report = run_seeds(seeds)
    broken = [Violation(seed, "; ".join(texts[:5])) for seed, texts in report.failures.items()]
    return Found(report.seeds, tuple(broken))


def cuts(seeds: range) -> Found:
    """Orders whose connection is cut at places that the seed chooses, over real sockets."""
    from sockets.cuts import prove

    found = Found(0)
    for seed in seeds:
        report = asyncio.run(prove(points=15, seed=seed))
        wrong = [*report.wrong, *["an order was sent twice"] * report.sent_twice, *["booked twice"] * report.booked_twice]
        found += Found(report.tries, tuple([Violation(seed, text) for text in wrong]))
    return found


def storms(seeds: range) -> Found:
    """Streams and a book on real sockets, in weather that the seed chooses."""
    from sockets.storms import prove

    found = Found(0)
    for seed in seeds:
        report = asyncio.run(prove(storms=1, seed=seed))
        found += Found(report.storms, tuple([Violation(seed, text) for text in report.wrong]))
    return found


FLOOD_S = 60.0
MIB = 1024 * 1024


def floods(seeds: range) -> Found:
    """A reader a hundred times too slow for what a real socket brings, for a minute; each policy in turn."""
    from sockets.flood import STREAMS, prove

    found = Found(0)
    for seed in seeds:
        policy = list(STREAMS)[seed % len(STREAMS)]
        report = asyncio.run(prove(policy, duration_s=FLOOD_S, traced=False))
        uncounted = report.sent - report.read - report.dropped if policy != "fail" else 0
        wrong = [*report.wrong]
        wrong += [f"{policy}: {uncounted} messages went without a word"] if uncounted else []
        wrong += [f"{policy}: grew by {report.resident_bytes} bytes"] if report.resident_bytes > 32 * MIB else []
        wrong += ["fail: a reader that lost messages was not told"] if policy == "fail" and not report.ending else []
        found += Found(1, tuple([Violation(seed, text) for text in wrong]))
    return found


def cancelled(seeds: range) -> Found:
    """Calls that are cancelled at each of their waits, and after every turn of the loop. A seed is the number of a call."""
    from sockets.cancelling import CALLS, prove

    found = Found(0)
    for seed in seeds:
        report = asyncio.run(prove(list(CALLS)[seed], turns=100))
        wrong = [*report.wrong, *[f"{report.tasks_left} tasks were left"] * bool(report.tasks_left)]
        wrong += [f"{report.sockets_left} sockets were left"] * bool(report.sockets_left)
        wrong += [f"{report.messages_lost} messages were lost"] * bool(report.messages_lost)
        found += Found(report.tries, tuple([Violation(seed, text) for text in wrong]))
    return found


def outage(seeds: range) -> Found:
    """Many callers of an exchange that is down."""
    from rest.test_outage import INTENTS, Outage

    def attempt(seed: int) -> int:
        run = Outage(seed)
        run.run()
        assert INTENTS <= run.requests <= INTENTS * 110 // 100, f"{run.requests} requests for {INTENTS} intents"
        assert not run.early, f"{len(run.early)} requests left in a hold"
        return 1

    return each(seeds, attempt)


def safeguards(seeds: range) -> Found:
    """Each safeguard switched off: its own test fails."""
    from safeguards.nursery import Nursery
    from safeguards.table import SAFEGUARDS, broken

    found = Found(0)
    with Nursery() as nursery:
        for number in seeds:
            wrong = broken(SAFEGUARDS[number], nursery)
            found += Found(1, () if wrong is None else (Violation(number, wrong),))
    return found


frames, depth, answers, requests, memory, journal, files = (
    partial(fuzz, group) for group in ("frames", "depth", "answers", "requests", "memory", "journal", "files")
)

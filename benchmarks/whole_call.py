"""How long does a whole order call take: from the caller's arguments over building, signing and sending to the decoded answer?

Every client places the same limit order on the same constant server on this machine, through its own public method and its own
HTTP library; `benchmarks.caller` says what was set up, `benchmarks.beside` how they take turns. Before anything is timed, each
places one order that is checked at the server: headers, parameters, signature, and that the client read the answer's order id.
Counted is the time that passes, the server's share of some 50 us included; the processor time of the client's process stands
beside it. TLS and the network come on top for all alike.

Blocking clients are compared with our blocking client, async ones with our async one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from benchmarks.beside import bench, compared, shown

Row = tuple[str, str, str]

CALLS = 40
ROUNDS = 60
OURS = ("haversack", "haversack async")
BESIDE = {"bpx-py": 2.0, "backpack-exchange-sdk": 2.0, "ccxt": 2.0, "ccxt async": 1.4}
"""How many times as long each should take at least."""


def run() -> list[Row]:
    """Our clients alone."""
    return list(rows(OURS))


def run_beside_peers() -> list[Row]:
    """Our clients and all others."""
    return list(rows([*OURS, *BESIDE]))


def rows(names: Sequence[str]) -> Iterator[Row]:
    """One for each client."""
    with bench(names) as clients:
        took = clients.measure("call", count=CALLS, rounds=ROUNDS)
        for name in names:
            question = f"whole order call: {name} {clients.versions[name]}"
            if name in OURS:
                yield question, shown(took[name]), ""
            else:
                ours = "haversack async" if name.endswith("async") else "haversack"
                ratio, low, high = compared(took[ours], took[name])
                measured = f"{shown(took[name])}; {ratio:.2f} times {ours} ({low:.2f} to {high:.2f})"
                yield question, measured, f"at least {BESIDE[name]:.1f} times"


if __name__ == "__main__":
    for row in run_beside_peers() if "--peers" in sys.argv else run():
        sys.stdout.write("  |  ".join(row) + "\n")

"""How long does it take to build one signed order, ready to send, beside the other clients for this exchange?

Counted: from the caller's arguments to the request's path, headers, signature and body, without any network. All build the same
limit order, each in its own process and in turns; `benchmarks.caller` says how each is asked to. The ED25519 signature alone is
shown too: nothing that signs can be faster.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from benchmarks.beside import bench, compared, shown

Row = tuple[str, str, str]

CALLS = 400
ROUNDS = 40
ALONE = ("haversack", "signature")
BESIDE = {"bpx-py": "at least 1.5 times", "backpack-exchange-sdk": "at least 1.5 times", "ccxt": ""}


def run() -> list[Row]:
    """Our client, beside the signature alone."""
    return list(rows(ALONE))


def run_beside_peers() -> list[Row]:
    """Our client and all others."""
    return list(rows([*ALONE, *BESIDE]))


def rows(names: Sequence[str]) -> Iterator[Row]:
    """One for each client."""
    with bench(names) as clients:
        took = clients.measure("build", count=CALLS, rounds=ROUNDS)
        for name in names:
            question = f"signed order: {name} {clients.versions[name]}"
            if name == "haversack":
                yield question, shown(took[name]), ""
            else:
                ratio, low, high = compared(took["haversack"], took[name])
                measured = f"{shown(took[name])}; {ratio:.2f} times haversack ({low:.2f} to {high:.2f})"
                yield question, measured, BESIDE.get(name, "")


if __name__ == "__main__":
    for row in run_beside_peers() if "--peers" in sys.argv else run():
        sys.stdout.write("  |  ".join(row) + "\n")

"""A process that writes a journal for as long as it lives, for the tests that kill it or find the folder in use."""

from __future__ import annotations

import sys
from pathlib import Path

from haversack.exchange.engine.command import CancelAll
from haversack.exchange.journal import Entry, Journal

GENESIS = b'{"markets":["SOL_USDC"],"seed":7}'
START_US = 1_790_000_000_000_000


def entry(number: int, nonce: bytes | None = None, expires_ms: int | None = None) -> Entry:
    """An entry that can be told from others."""
    return Entry(START_US + number, CancelAll(number, "SOL_USDC"), nonce, expires_ms)


def main() -> None:
    """Append one entry after another, and print the number of each when it is committed."""
    with Journal.open(Path(sys.argv[1]), GENESIS) as journal:
        while True:
            journal.append([entry(journal.last_seq + 1)])
            print(journal.last_seq, flush=True)


if __name__ == "__main__":
    main()

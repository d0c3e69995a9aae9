"""`./dev prove`: what there is to prove, and the proving of it. It ends with 1 if a promise was broken."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]

if __name__ == "__main__":
    sys.path[:1] = [str(TESTS), str(TESTS.parent / "tools")]
    from haversack.clock import SystemClock
    from prove.command import main

    sys.exit(main(sys.argv[1:], SystemClock()))

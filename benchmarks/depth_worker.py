"""One client's order book, in a process and an environment of its own, that is fed when it is told to. Nothing but the standard
library is imported here before the client is: this file runs where the project is not installed.

    python benchmarks/depth_worker.py CLIENT LEVELS     a line on standard input, a line back

    check      feeds all frames; back: best bid and best ask
    feed N     feeds all frames, of which there are N; back: nanoseconds that passed, nanoseconds of the processor

haversack         `read_depth` and `Book.update`: what a book does that reads its frames itself
haversack typed   `read_frame` and `Book.update`: what a book does with the events that a subscription brings
ccxt              `json.loads` and ccxt.pro's `handle_message`, on a book of its own kind that has its snapshot

Every frame changes as many levels as are said, near the best price and never beyond it; one level in six is taken away.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable
from typing import Any

DEEP = 500
FRAMES = 4_000
MIDDLE = 10_000
SYMBOL = "SOL_USDC"

Feed = Callable[[list[bytes]], None]
Best = Callable[[], tuple[str, str]]


def price(ticks: int) -> str:
    return f"{ticks / 100:.2f}"


def snapshot() -> bytes:
    """The answer of REST that the frames continue."""
    asks = [[price(MIDDLE + number), "5"] for number in range(1, DEEP)]
    bids = [[price(MIDDLE - number), "5"] for number in range(DEEP, 0, -1)]
    return json.dumps({"asks": asks, "bids": bids, "lastUpdateId": "0", "timestamp": 1}).encode()


def frames(levels: int) -> list[bytes]:
    """The same ones every time."""
    dice = random.Random(levels)
    return [frame(number, levels, dice) for number in range(1, FRAMES + 1)]


def frame(number: int, levels: int, dice: random.Random, *, nearest: int = 2) -> bytes:
    """With `nearest` 1, the best prices change too; with 2 they stay."""
    sides: dict[str, dict[str, str]] = {"a": {}, "b": {}}
    while sum(map(len, sides.values())) < levels:
        away = nearest + int(dice.expovariate(1 / 40))
        side, ticks = dice.choice((("a", MIDDLE + away), ("b", MIDDLE - away)))
        sides[side][price(ticks)] = "0.00" if dice.random() < 1 / 6 else price(dice.randrange(1, 50_000))
    data: dict[str, Any] = {"E": 1788367431034999, "T": 1788367431034824, "U": number}
    data |= {side: sorted(changed.items()) for side, changed in sides.items()}
    data |= {"e": "depth", "s": SYMBOL, "u": number}
    return json.dumps({"data": data, "stream": f"depth.{SYMBOL}"}, separators=(",", ":")).encode()


def ours(*, typed: bool) -> tuple[Feed, Best]:
    from haversack.book.book import Book
    from haversack.book.texts import read_depth
    from haversack.wire.codec import decode
    from haversack.wire.frames import read_frame
    from haversack.wire.markets import Depth

    book: Any = Book(SYMBOL)
    book.subscribed()
    book.snapshot_came(decode(Depth, snapshot(), what="a snapshot"), book.outgoing().ticket)
    typed_frame: Any = read_frame
    plain_frame: Any = read_depth

    def feed(given: list[bytes]) -> None:
        for one in given:
            book.update(typed_frame(one).event if typed else plain_frame(one).depth)

    return feed, lambda: (str(book.best_bid.price), str(book.best_ask.price))


def ccxt_pro() -> tuple[Feed, Best]:
    import ccxt.pro

    exchange = ccxt.pro.backpack()
    market = {"id": SYMBOL, "symbol": "SOL/USDC", "type": "spot"}
    exchange.markets_by_id, exchange.markets = {SYMBOL: [market]}, {"SOL/USDC": market}
    book = exchange.order_book({})
    answer = json.loads(snapshot())
    sides = {name: [[float(number) for number in level] for level in answer[name]] for name in ("asks", "bids")}
    book.reset({**sides, "nonce": 0, "symbol": "SOL/USDC"})
    exchange.orderbooks["SOL/USDC"] = book

    class Waiting:
        """Stands for its connection, which nobody waits at."""

        def resolve(self, *_: object) -> None: ...

    waiting = Waiting()

    def feed(given: list[bytes]) -> None:
        for one in given:
            exchange.handle_message(waiting, json.loads(one))

    return feed, lambda: (price(round(book["bids"][0][0] * 100)), price(round(book["asks"][0][0] * 100)))


MAKERS: dict[str, Callable[[], tuple[Feed, Best]]] = {
    "haversack": lambda: ours(typed=False),
    "haversack typed": lambda: ours(typed=True),
    "ccxt": ccxt_pro,
}


def main(client: str, levels: int) -> None:
    given = frames(levels)
    for line in sys.stdin:
        feed, best = MAKERS[client]()
        started_ns, started_processor_ns = time.perf_counter_ns(), time.process_time_ns()
        feed(given)
        took_ns = time.perf_counter_ns() - started_ns, time.process_time_ns() - started_processor_ns
        sys.stdout.write(" ".join(map(str, best() if line.startswith("check") else took_ns)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

"""Several clients beside one another: each in a process of its own, taking turns in one run, against one constant server.

Turns are short and go round (A B C A B C ...), so that a slow moment of the machine meets all alike; whoever waits for its turn
does nothing. Every client gets some turns first that are not counted. Figures are medians of rounds; a ratio is the median of the
ratios within each round, with the middle half of them as its spread.
"""

from __future__ import annotations

import base64
import json
import os
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.constant_server import ORDER_ID, constant_server
from haversack.credentials import Credentials
from haversack.signing import Verifier, signing_text, timed, value_text

ROOT = Path(__file__).resolve().parents[1]
PEERS_IN = ROOT / ".venv-peers"
ENVIRONMENT_OF = {"bpx-py": "bpx-py", "backpack-exchange-sdk": "backpack-exchange-sdk", "ccxt": "ccxt", "ccxt async": "ccxt"}
"""Names of clients that are not in this environment."""
PARAMETERS = {"clientId", "orderType", "price", "quantity", "side", "symbol", "timeInForce"}
"""What every client must send, so that all do the same work."""
WARM_ROUNDS = 4
RUN_S_MAX = 60
"""No round begins after that; a client that has not answered as much later is ended."""


class Took(NamedTuple):
    """How long one call took, in one round."""

    wall_us: float
    processor_us: float


class Badly(Exception):
    """A client does not do what would be measured."""


class Worker:
    """A client in its process. It does what it is told, and nothing between."""

    def __init__(self, name: str, process: subprocess.Popen[str]) -> None:
        self.name = name
        self._process = process

    def ask(self, job: str) -> list[str]:
        """The words of its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{job}\n")
            self._process.stdin.flush()
        except OSError as error:
            raise Badly(f"{self.name} has ended") from error
        words = self._process.stdout.readline().split()
        if len(words) != 2:
            raise Badly(f"{self.name} gave no answer to {job!r}")
        return words

    def turn(self, job: str, count: int) -> Took:
        """One turn of so many calls."""
        wall_ns, processor_ns = (int(word) for word in self.ask(f"{job} {count}"))
        return Took(wall_ns / count / 1_000, processor_ns / count / 1_000)


class Bench:
    """Workers that were checked, and how they compare."""

    def __init__(self, workers: Sequence[Worker], versions: Mapping[str, str]) -> None:
        self._workers = workers
        self.versions = versions

    def measure(self, job: str, *, count: int, rounds: int) -> dict[str, list[Took]]:
        """For each client, one figure per round."""
        for worker in self._workers:
            for _ in range(WARM_ROUNDS):
                worker.turn(job, count)
        took: dict[str, list[Took]] = {worker.name: [] for worker in self._workers}
        ends_s = time.monotonic() + RUN_S_MAX
        for _ in range(rounds):
            if time.monotonic() > ends_s:
                break
            for worker in self._workers:
                took[worker.name].append(worker.turn(job, count))
        return took


@contextmanager
def bench(names: Iterable[str]) -> Iterator[Bench]:
    """These clients, started beside a server and checked: each places one order, whose signature must be good."""
    secret = base64.b64encode(os.urandom(32)).decode()
    public_key = Credentials.from_secret(secret).public_key
    keys = {"BENCH_PUBLIC": public_key, "BENCH_SECRET": secret}
    with constant_server() as port, ExitStack() as stack:
        url = f"http://127.0.0.1:{port}"
        workers = [stack.enter_context(_started(name, url, keys)) for name in names]
        yield Bench(workers, {worker.name: checked(worker, url, public_key) for worker in workers})


@contextmanager
def _started(name: str, url: str, keys: Mapping[str, str]) -> Iterator[Worker]:
    command = [python_for(name), str(ROOT / "benchmarks" / "caller.py"), name, url]
    # A proxy named in the environment would come between client and server, for those clients that look there.
    environ = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env={**environ, **keys}, cwd=ROOT) as process:
        watch = threading.Timer(2 * RUN_S_MAX, process.kill)
        watch.daemon = True
        watch.start()
        try:
            yield Worker(name, process)
        finally:
            watch.cancel()
            process.kill()


def python_for(name: str) -> str:
    if name not in ENVIRONMENT_OF:
        return sys.executable
    folder = PEERS_IN / ENVIRONMENT_OF[name]
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        raise Badly(f"{name} is not installed here: ./dev bench --peers does it")
    return str(python)


def checked(worker: Worker, url: str, public_key: str) -> str:
    """The version of a client that sends a well-formed order and reads the answer."""
    version, order_id = worker.ask("check")
    with urllib.request.urlopen(f"{url}/last", timeout=10) as answer:
        found = flaw(answer.read(), public_key)
    if found or order_id != ORDER_ID:
        raise Badly(f"{worker.name}: {found or f'it read the order id {order_id} from the answer'}")
    return version


def flaw(request: bytes, public_key: str) -> str | None:
    """What the exchange would not take about this order, as bytes: a header that is missing, or a bad signature."""
    head, _, body = request.partition(b"\r\n\r\n")
    lines = [line.partition(":") for line in head.decode().splitlines()[1:]]
    headers = {name.strip().lower(): value.strip() for name, _, value in lines}
    wanted = ("x-api-key", "x-signature", "x-timestamp", "x-window", "content-type")
    if missing := [name for name in wanted if not headers.get(name)]:
        return f"the order came without {', '.join(missing)}"
    if headers["x-api-key"] != public_key:
        return "the order names another key"
    parameters = [(name, value_text(value)) for name, value in json.loads(body).items()]
    if {name for name, _ in parameters} != PARAMETERS:
        return f"the order has other parameters: {body.decode()}"
    text = timed(signing_text("orderExecute", parameters), int(headers["x-timestamp"]), int(headers["x-window"]))
    return None if Verifier.verify(public_key, text.encode(), headers["x-signature"]) else "the signature does not fit the order"


def compared(ours: Sequence[Took], theirs: Sequence[Took]) -> tuple[float, float, float]:
    """How many times as long as ours theirs took: the median of the rounds, and the middle half of them."""
    ratios = [their.wall_us / our.wall_us for our, their in zip(ours, theirs, strict=False)]
    low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    return middle, low, high


def shown(took: Sequence[Took]) -> str:
    """Medians, for the table."""
    wall_us = statistics.median(one.wall_us for one in took)
    return f"{wall_us:.0f} us, of which its process computed {statistics.median(one.processor_us for one in took):.0f} us"

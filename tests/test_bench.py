"""What the benchmarks measure with: the constant server, the check of every client's order, and the comparison."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import beside
from benchmarks.beside import ENVIRONMENT_OF, Badly, Took, Worker, bench, checked, compared, flaw
from benchmarks.constant_server import ORDER, ConstantServer, constant_server
from benchmarks.depth_worker import snapshot
from benchmarks.stream_path import PACED, Followed, check_all, started
from benchmarks.stream_server import WARM, Frames, stream_server
from haversack.book.book import Book
from haversack.book.texts import read_depth
from haversack.clock import ManualClock
from haversack.credentials import Credentials
from haversack.rest.request import prepare
from haversack.signing import Signer
from haversack.wire.codec import decode
from haversack.wire.enums import OrderType, Side, TimeInForce
from haversack.wire.markets import Depth
from haversack.wire.orders import PlaceOrder

ROOT = Path(__file__).resolve().parents[1]
KEYS = Credentials.generate()


def order_bytes(**changed: str | None) -> bytes:
    """An order as a client sends it; with headers replaced, or left out where None."""
    operation = PlaceOrder(
        symbol="SOL_USDC", side=Side.BID, order_type=OrderType.LIMIT, price="141.20", quantity="1.5",
        time_in_force=TimeInForce.GTC, client_id=7,
    )  # fmt: skip
    request = prepare(operation, Signer(KEYS, ManualClock())).request
    assert request is not None
    assert request.body is not None
    headers = {**request.headers, "Content-Length": str(len(request.body))}
    headers |= {name.replace("_", "-"): value for name, value in changed.items() if value is not None}
    left_out = [name.replace("_", "-") for name, value in changed.items() if value is None]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if name not in left_out)
    return f"POST {request.target} HTTP/1.1\r\n{head}\r\n".encode() + request.body


def test_order_that_the_exchange_would_take_has_no_flaw() -> None:
    assert flaw(order_bytes(), KEYS.public_key) is None


@pytest.mark.parametrize("name", ["X-API-Key", "X-Signature", "X-Timestamp", "X-Window", "Content-Type"])
def test_order_without_a_header_is_told(name: str) -> None:
    assert flaw(order_bytes(**{name: None}), KEYS.public_key) == f"the order came without {name.lower()}"


def test_order_that_was_signed_for_another_price_is_told() -> None:
    request = order_bytes().replace(b'"141.20"', b'"141.21"')
    assert flaw(request, KEYS.public_key) == "the signature does not fit the order"


def test_order_of_another_key_is_told() -> None:
    assert flaw(order_bytes(), Credentials.generate().public_key) == "the order names another key"


def test_order_that_leaves_out_a_parameter_is_told() -> None:
    request = order_bytes().replace(b',"timeInForce":"GTC"', b"")
    assert (flaw(request, KEYS.public_key) or "").startswith("the order has other parameters")


def test_server_answers_once_a_request_is_whole() -> None:
    server, request = ConstantServer(), order_bytes()
    head, _, body = request.partition(b"\r\n\r\n")
    assert [server.reply(part) for part in (head, head + b"\r\n\r\n", request[:-1])] == [b"", b"", b""]
    assert server.reply(request).endswith(b"\r\n\r\n" + ORDER)
    assert server.reply(b"GET /last HTTP/1.1\r\n\r\n").endswith(request)
    assert json.loads(body)["clientId"] == 7


def test_ratio_is_taken_within_each_round() -> None:
    ours = [Took(wall, 0) for wall in (100, 1_000, 100)]
    theirs = [Took(wall, 0) for wall in (200, 2_000, 300)]
    assert compared(ours, theirs) == (2, 2, 3)


def test_both_our_clients_are_checked_and_measured() -> None:
    with bench(("haversack", "haversack async")) as clients:
        took = clients.measure("call", count=2, rounds=3)
    assert {name: len(rounds) for name, rounds in took.items()} == {"haversack": 3, "haversack async": 3}
    assert min(one.wall_us for rounds in took.values() for one in rounds) > 0


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("input(); print('1.0', 59669287267)", "idle: the order came without x-api-key"),
        ("input(); print('1.0')", "idle gave no answer to 'check'"),
        ("input()", "idle gave no answer to 'check'"),
    ],
)
def test_client_that_places_no_order_is_not_measured(program: str, told: str) -> None:
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", program]
    with constant_server() as port, subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        worker = Worker("idle", process)
        with pytest.raises(Badly, match=told):
            checked(worker, f"http://127.0.0.1:{port}", KEYS.public_key)


def book_after(count: int) -> Book:
    """What the server's first frames make of its snapshot."""
    book = Book("SOL_USDC")
    book.subscribed()
    ask = book.outgoing()
    assert ask is not None
    book.snapshot_came(decode(Depth, snapshot(), what="a snapshot"), ask.ticket)
    frames = Frames(count)
    for number in range(1, count + 1):
        read = read_depth(bytes(frames.between(number - 1, number)[4:]))
        assert read is not None
        book.update(read.depth)
    return book


def test_frames_of_the_stream_continue_its_snapshot_and_each_other() -> None:
    book = book_after(300)
    assert (book.counters.applied, book.counters.gaps, book.update_id) == (300, 0, 300)


def test_stream_is_followed_to_its_end() -> None:
    with stream_server(300) as port, started("haversack", port) as follower:
        found = follower.follow((0, 1, 300))
    bid, ask = book_after(WARM + 300).snapshot(1).levels("Bid")[0], book_after(WARM + 300).snapshot(1).levels("Ask")[0]
    assert (found.update, found.trouble) == (WARM + 300, "-")
    assert found.best == (str(bid.price), str(ask.price))
    assert min(found.wall_ns, found.processor_ns, found.reads) > 0
    # The pause of the server counts for nobody: what is timed begins after it.
    assert WARM < found.first <= found.update


@pytest.mark.parametrize(
    ("changed", "told"),
    [({"update": 1_200}, "came to update 1200"), ({"trouble": "gaps"}, "gaps"), ({"bid": "99.98"}, "best prices differ")],
)
def test_client_that_does_not_follow_is_not_compared(changed: dict[str, object], told: str) -> None:
    good = Followed(WARM + 1, WARM + PACED[2], 100, 1, 1, "99.99", "100.01", "-")
    check_all({"haversack": good, "ccxt": good}, PACED)
    with pytest.raises(Badly, match=told):
        check_all({"haversack": good, "ccxt": good._replace(**changed)}, PACED)  # type: ignore[arg-type]


def test_peer_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(beside, "PEERS_IN", tmp_path)
    with pytest.raises(Badly, match="ccxt is not installed here"), bench(("ccxt",)):
        pass


def test_every_peer_has_its_pins() -> None:
    pinned = {path.stem for path in (ROOT / "requirements" / "peers").glob("*.txt")}
    assert pinned == set(ENVIRONMENT_OF.values())


FAKE_UV = """#!/bin/sh
[ "$1" = --version ] && echo uv 99.0.0 && exit
echo "$@" >> "{log}"
for last; do :; done
[ "$1" = venv ] && mkdir -p "$last" || true
"""


def test_peers_get_environments_of_their_own_without_the_project(tmp_path: Path) -> None:
    log, root = tmp_path / "log", tmp_path / "project"
    subprocess.run(["cp", "-R", ROOT / "requirements", ROOT / "dev", ROOT / "pyproject.toml", _folder(root)], check=True)
    uv = _folder(tmp_path / "bin") / "uv"
    uv.write_text(FAKE_UV.format(log=log))
    uv.chmod(0o755)
    path = os.pathsep.join([str(uv.parent), os.defpath])
    subprocess.run([sys.executable, root / "dev", "bench", "--peers"], env={"PATH": path, "HOME": str(tmp_path)}, check=False)
    done = log.read_text().splitlines()
    for peer in ENVIRONMENT_OF.values():
        assert [line for line in done if line.startswith("pip sync") and line.endswith(f"/peers/{peer}.txt")]
    assert [line for line in done if "--editable" in line and ".venv-peers" in line] == []
    assert [line for line in done if "--editable" in line and ".venv-bench" in line]


def _folder(path: Path) -> Path:
    path.mkdir()
    return path

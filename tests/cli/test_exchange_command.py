"""`haversack exchange` as a command: what it refuses and how it says so, how it ends, and what it remembers."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest

from cli.command import COMMAND, environment, run
from haversack import Client, Credentials, Order
from haversack.cli.here import Surroundings
from haversack.cli.main import run as command
from haversack.cli.profile.keys import store_keys
from haversack.clock import SystemClock, now_ms
from haversack.credentials import Secret
from served import serve

READY = re.compile(r"ready http://127\.0\.0\.1:(\d+) ws://127\.0\.0\.1:(\d+)\n")
STOP_S_MAX = 5


@contextmanager
def started(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    words = [*COMMAND, "exchange", "--data", str(folder), *options]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def port_of(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    ready = READY.fullmatch(process.stdout.readline())
    assert ready, "it did not say that it is ready"
    return int(ready[1])


def client_of(url: str, credentials: Credentials) -> Client:
    return Client(credentials, base_url=url, stream_url=url.replace("http", "ws"))


REFUSED: list[tuple[list[str], str]] = [
    (["--port", "70000"], "--port must be 0 to 65535, found 70000"),
    (["--port", "-1"], "--port must be 0 to 65535, found -1"),
    (["--port", "http"], 'Invalid value for --port: unable to convert "http" into int.'),
    (["--speed-bump-ms", "60001"], "--speed-bump-ms must be 0 to 60000, found 60001"),
    (["--speed", "10001"], "--speed must be 0 to 10000, found 10001"),
    (["--grant", "USDC"], "--grant must be an asset and a quantity such as USDC=5000, found 'USDC'"),
    (["--grant", "USDC=-1"], "--grant must not be negative, found 'USDC=-1'"),
    (["--grant", "USDC=much"], "--grant of USDC must be a number such as \"1.5\", found 'much'"),
    (["--grant", "NOPE=5"], "asset 'NOPE' is not listed: the listing has "),
    (["--rate-limit", "0"], "--rate-limit must be at least 1, found 0"),
    (["--key", "not-a-key"], "--key must be base64 of 32 bytes, found 'not-a-key'"),
    (["--listing", "/nowhere/listing.toml"], "cannot read the listing /nowhere/listing.toml"),
    (["--prt", "1"], "Unknown option: --prt."),
    (["8787"], "'8787' is not expected here"),
]


@pytest.mark.parametrize(("options", "says"), REFUSED, ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_option_that_makes_no_sense_is_refused_in_one_line(options: list[str], says: str, tmp_path: Path) -> None:
    out, err = StringIO(), StringIO()
    code = command(["exchange", "--data", str(tmp_path / "data"), *options], Surroundings({}, StringIO(), out, err))
    assert (code, out.getvalue()) == (2, "")
    assert err.getvalue().startswith(f"haversack: {says}")
    assert err.getvalue().count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_folder_that_is_a_file_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("something else")
    done = run("exchange", "--port", "0", "--data", str(tmp_path / "file"), cwd=tmp_path, env=environment(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"haversack: --data must be a folder, and {tmp_path}/file is a file\n"


def test_port_in_use_is_refused_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("exchange", "--port", str(port), "--data", str(tmp_path / "data"), cwd=tmp_path, env=environment(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(rf"haversack: cannot listen on 127\.0\.0\.1:{port}: .*; choose another --port, or 0\n", done.stderr)


def test_second_process_on_the_same_folder_is_refused_in_one_line(tmp_path: Path) -> None:
    with serve(tmp_path / "data") as first:
        done = run("exchange", "--port", "0", "--data", str(tmp_path / "data"), cwd=tmp_path, env=environment(tmp_path))
        assert Client(base_url=first.url).system.ping() == "pong"
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"haversack: the folder {tmp_path}/data is in use by another exchange")
    assert done.stderr.count("\n") == 1


def test_folder_made_with_another_seed_is_refused_in_one_line(tmp_path: Path) -> None:
    with serve(tmp_path / "data", "--seed", "7"):
        pass
    done = run(
        "exchange", "--port", "0", "--data", str(tmp_path / "data"), "--seed", "8", cwd=tmp_path, env=environment(tmp_path)
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "another seed" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_cleanly_though_a_client_is_connected(number: int, tmp_path: Path) -> None:
    with started(tmp_path / "data", "--port", "0") as process:
        url = f"http://127.0.0.1:{port_of(process)}"
        client = client_of(url, Credentials.generate())
        with client.streams() as streams:
            streams.subscribe("depth.SOL_USDC").sent(5)
            process.send_signal(number)
            output, errors = process.communicate(timeout=STOP_S_MAX)
    assert (process.returncode, output, errors) == (0, "", "")


def test_open_order_balances_and_books_survive_a_restart(tmp_path: Path) -> None:
    credentials = Credentials.generate()
    with serve(tmp_path / "data") as first, client_of(first.url, credentials) as client:
        bought = client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Market", quantity="1.5")
        resting = client.orders.place(
            symbol="SOL_USDC", side="Bid", order_type="Limit", price="90.5", quantity="2", client_id=7, post_only=True
        )
        before = client.capital.balances()
        fills = client.history.fills()
    assert bought.executed_quantity == Decimal("1.5")
    with serve(tmp_path / "data") as second, client_of(second.url, credentials) as client:
        assert client.orders.open("SOL_USDC") == [resting]
        assert client.capital.balances() == before
        assert client.history.fills() == fills
        cancelled = client.orders.cancel(symbol="SOL_USDC", client_id=7)
        assert isinstance(cancelled, Order)
        assert cancelled.order_id == resting.order_id
        assert client.capital.balances()["USDC"].locked == 0


def test_killed_exchange_has_forgotten_nothing_that_it_answered(tmp_path: Path) -> None:
    credentials = Credentials.generate()
    with (
        started(tmp_path / "data", "--port", "0") as process,
        client_of(f"http://127.0.0.1:{port_of(process)}", credentials) as client,
    ):
        resting = client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Limit", price="90.5", quantity="2")
        process.kill()
        process.wait(STOP_S_MAX)
    with serve(tmp_path / "data") as second, client_of(second.url, credentials) as client:
        assert client.orders.open("SOL_USDC") == [resting]


def test_only_keys_that_were_named_may_trade(tmp_path: Path) -> None:
    friend, stranger = Credentials.generate(), Credentials.generate()
    with serve(tmp_path / "data", "--key", friend.public_key) as served:
        assert client_of(served.url, friend).capital.balances()["USDC"].available == 100_000
        with pytest.raises(Exception, match="Invalid signature"):
            client_of(served.url, stranger).capital.balances()


def test_without_a_crowd_books_are_empty(tmp_path: Path) -> None:
    with serve(tmp_path / "data", "--no-crowd") as served:
        depth = client_of(served.url, Credentials.generate()).markets.depth("SOL_USDC")
        assert (depth.bids, depth.asks) == ([], [])


@pytest.mark.parametrize(("options", "bump_ms"), [((), 100), (("--speed-bump-ms", "250"), 250)])
def test_an_order_that_may_take_is_accepted_after_the_speed_bump(tmp_path: Path, options: tuple[str, ...], bump_ms: int) -> None:
    with serve(tmp_path / "data", "--no-crowd", *options) as served:
        client = client_of(served.url, Credentials.generate())
        sent_ms = now_ms(SystemClock())
        order = client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Limit", price="90.5", quantity="2")
    # A busy machine makes it later, and never earlier.
    assert order.created_ms >= sent_ms + bump_ms


def test_help_names_the_commands_and_the_options(tmp_path: Path) -> None:
    done = run("--help", cwd=tmp_path, env=environment(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert "exchange" in done.stdout
    assert "demo" in done.stdout
    options = run("exchange", "--help", cwd=tmp_path, env=environment(tmp_path))
    assert all(name in options.stdout for name in ("--port", "--data", "--seed", "--speed-bump-ms", "--no-crowd", "--key"))


def test_a_key_for_real_money_is_refused_in_one_line(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A folder of its own: in `tmp_path` no key may be found.
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HAVERSACK_CONFIG", str(home / "config.toml"))
    (home / "config.toml").write_text(f"[profiles.live]\nkey_file = '{home}/live.key'\n")
    keys = store_keys(home / "live.key", Secret(b64encode(bytes(range(32))).decode()), "live")
    out, err = StringIO(), StringIO()
    given = ["exchange", "--data", str(tmp_path / "data"), "--key", Credentials.generate().public_key, "--key", keys.public_key]
    code = command(given, Surroundings({}, StringIO(), out, err))
    said = "haversack: a key of the profile live is for real money: a local exchange does not take it\n"
    assert (code, out.getvalue(), err.getvalue()) == (2, "", said)
    assert not (tmp_path / "data").exists()

"""`haversack exchange clock`, `seed`, `fault` and so on: what they do to an exchange that runs, and what they say."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, redirect_stdout
from decimal import Decimal
from io import StringIO
from pathlib import Path
from threading import Thread

import msgspec
import pytest

from cli.command import environment, run, run_in_terminal
from haversack import Client, Credentials, OutcomeUnknown
from haversack.cli.faults import KINDS
from haversack.cli.here import Surroundings
from haversack.cli.main import run as command
from haversack.cli.spans import span_us
from haversack.errors import UsageError
from haversack.exchange.control.place import SOCKET_NAME
from haversack.exchange.control.words import ExchangeState
from haversack.exchange.faults import AnswerAction, ConditionKind, ConnectionAction, FrameAction
from served import Served, serve

Say = Callable[..., str]
ORDER = {"symbol": "SOL_USDC", "side": "Bid", "order_type": "Limit", "price": "90.5", "quantity": "2"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Path]]:
    folder = tmp_path_factory.mktemp("x")
    with serve(folder / "data", "--no-crowd", "--speed-bump-ms", "0") as running:
        yield running, folder


def carried_out(folder: Path, *words: str) -> tuple[int, str, str]:
    """The command in this process, in a folder: its exit code, and what it wrote."""
    out, err = StringIO(), StringIO()
    with chdir(folder), redirect_stdout(out):
        code = command(["exchange", *words], Surroundings({}, StringIO(), out, err))
    return code, out.getvalue(), err.getvalue()


@pytest.fixture
def say(served: tuple[Served, Path]) -> Say:
    """Say something to the exchange; what it answers. One that refuses is said so."""
    _, folder = served

    def said(*words: str, status: int = 0) -> str:
        code, out, err = carried_out(folder, *words, "--data", "data")
        assert code == status, err
        assert (out if status else err) == ""
        return err if status else out

    return said


def client_of(served: tuple[Served, Path], credentials: Credentials | None = None) -> Client:
    return Client(credentials or Credentials.generate(), base_url=served[0].url, stream_url=served[0].stream_url)


def time_s(text: str) -> float:
    found = re.match(r"\d{4}-\d\d-\d\dT(\d\d):(\d\d):(\d\d\.\d{3})\+00:00 speed (\d+)\n", text)
    assert found, text
    return int(found[1]) * 3_600 + int(found[2]) * 60 + float(found[3])


def test_the_clock_is_moved_and_paced_and_clients_follow(served: tuple[Served, Path], say: Say) -> None:
    with client_of(served) as client:
        before_ms = client.system.time()
        start_s = time_s(say("clock"))
        assert (time_s(say("clock", "advance", "1h")) - start_s) % 86_400 >= 3_600
        assert client.system.time() - before_ms >= 3_600_000
        assert say("clock", "speed", "60").endswith("speed 60\n")
        assert client.orders.place(**ORDER).status == "New"  # type: ignore[arg-type]
        assert say("clock", "speed", "0").endswith("speed 0\n")
        assert client.system.time() == client.system.time()
        assert client.orders.place(**ORDER).status == "New"  # type: ignore[arg-type]
        say("clock", "speed", "1")


def test_a_long_way_of_the_clock_is_seen_on_a_terminal_and_nowhere_else(served: tuple[Served, Path], tmp_path: Path) -> None:
    words = ("exchange", "clock", "advance", "2m", "--data", "data")
    code, written = run_in_terminal(*words, cwd=served[1], env=environment(tmp_path))
    assert (code, "computing 2m of the exchange" in written) == (0, True)
    done = run(*words, cwd=served[1], env=environment(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_key_is_given_money(served: tuple[Served, Path], say: Say) -> None:
    keys = Credentials.generate()
    assert say("seed", "--key", keys.public_key, "--asset", "USDC=10.5", "--asset", "SOL=2").endswith("given USDC=10.5, SOL=2\n")
    with client_of(served, keys) as client:
        assert {asset: held.available for asset, held in client.capital.balances().items()} == {"USDC": Decimal("10.5"), "SOL": 2}


def test_a_market_is_closed_priced_and_shown(say: Say) -> None:
    assert say("market", "SOL_USDC", "--state", "PostOnly") == "SOL_USDC is PostOnly\n"
    assert say("price", "SOL_USDC_PERP", "99.5") == "SOL_USDC_PERP is worth 99.5\n"
    shown = say("state")
    assert re.search(r"^state [0-9a-f]{64} after \d+ commands$", shown, re.MULTILINE)
    assert re.search(r"^SOL_USDC PostOnly bid \S+ ask - last -$", shown, re.MULTILINE)
    assert shown.endswith("everything adds up\n")
    state = msgspec.json.decode(say("state", "--json"), type=ExchangeState)
    assert state.problems == []
    assert {market.symbol: market.mark_price for market in state.markets}["SOL_USDC_PERP"] == Decimal("99.5")
    say("market", "SOL_USDC", "--state", "Open")


def test_a_scenario_is_saved_and_loaded_after_a_new_beginning(served: tuple[Served, Path], say: Say) -> None:
    keys = Credentials.generate()
    with client_of(served, keys) as client:
        order = client.orders.place(**ORDER)  # type: ignore[arg-type]
        saved = say("save", "scenario.jsonl").split()[-1]
        assert say("reset") == "the exchange began anew\n"
        assert client.orders.open("SOL_USDC") == []
        assert say("load", "scenario.jsonl").startswith(f"state {saved} after ")
        assert client.orders.open("SOL_USDC") == [order]


def test_things_go_wrong_are_listed_and_cleared(served: tuple[Served, Path], say: Say) -> None:
    with client_of(served) as client:
        client.capital.balances()
        assert say("fault", "lose-answer", "--operation", "PlaceOrder") == "fault 1 waits\n"
        with pytest.raises(OutcomeUnknown):
            client.orders.place(**ORDER)  # type: ignore[arg-type]
        assert len(client.orders.open("SOL_USDC")) == 1
        assert say("fault", "pending", "--operation", "place_order") == "fault 2 waits\n"
        assert say("fault", "list") == "2 pending PlaceOrder once now\n"
        say("fault", "clear")
        say("fault", "maintenance")
        with pytest.raises(OutcomeUnknown, match="MAINTENANCE"):
            client.orders.place(**ORDER)  # type: ignore[arg-type]
        say("fault", "skip", "--stream", "depth.SOL_USDC", "--times", "3", "--after", "5m")
        say("fault", "stop", "--stream", "trade.SOL_USDC")
        say("fault", "late-history", "--by", "30s", "--lasting", "1h")
        say("fault", "skewed-clock", "--by", "-1s", "--after", "1h")
        lines = say("fault", "list").splitlines()
        assert [line.split(" in ")[0] for line in lines] == [
            "3 maintenance now",
            "4 skip depth.SOL_USDC 3 times",
            "5 stop trade.SOL_USDC now",
            "6 late-history by 30 s now",
            "7 skewed-clock by -1 s",
        ]
        assert say("fault", "clear", "3") == "1 taken away\n"
        assert say("fault", "clear") == "4 taken away\n"
        assert say("fault", "list") == "all is well\n"


def test_a_stream_is_disconnected(served: tuple[Served, Path], say: Say) -> None:
    with client_of(served) as client, client.streams() as streams:
        trades = streams.subscribe("depth.SOL_USDC", interruptions=True)
        trades.sent(10)
        say("fault", "disconnect", "--after", "10ms")
        assert type(trades.next(10)).__name__ == "Interrupted"


REFUSED = [
    (["clock", "advance", "1"], "the time must be a number and its unit, such as 5s"),
    (["clock", "advance", "25h"], "time is moved by 0 to 24 hours at once"),
    (["clock", "speed", "100000"], "the speed must be 0 to 10000"),
    (["seed", "--key", "x", "--asset", "USDC=1"], "a key is base64 of 32 bytes, found 'x'"),
    (["seed", "--key", "x", "--asset", "USDC"], "--asset must be an asset and a quantity"),
    (["market", "SOL_EUR", "--state", "Open"], "market 'SOL_EUR' is not listed"),
    (["market", "SOL_USDC", "--state", "Ajar"], "a market is "),
    (["price", "SOL_USDC", "dear"], 'the price must be a number such as "1.5"'),
    (["load", "nowhere.jsonl"], "cannot read the scenario"),
    (["fault", "explode"], "a fault is one of disconnect, "),
    (["fault", "lose-answer", "--operation", "PlaceOder"], "there is no operation 'PlaceOder': is it place_order"),
    (["fault", "disconnect", "--stream", "depth.SOL_USDC"], "--stream means nothing to disconnect"),
    (["fault", "lose-answer", "--by", "3s"], "--by means nothing to lose-answer"),
    (["fault", "stop"], "stop needs --stream"),
    (["fault", "skip", "--times", "2", "--always"], "--times and --always contradict each other"),
    (["fault", "delay-answer"], "delay-answer needs --delay, such as --delay 2s"),
    (["fault", "delay"], "delay needs --delay, such as --delay 2s"),
    (["fault", "skewed-clock"], "skewed-clock needs --by, such as --by 2s"),
    (["fault", "late-history"], "late-history needs --by, such as --by 2s"),
    (["fault", "clear", "99"], "no fault has the number 99"),
]


@pytest.mark.parametrize(("words", "says"), REFUSED, ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_what_makes_no_sense_is_refused_in_one_line(say: Say, words: list[str], says: str) -> None:
    said = say(*words, status=2)
    assert said.startswith(f"haversack: {says}")
    assert said.count("\n") == 1


def test_a_call_that_is_wrong_is_sent_to_the_help_page_of_its_own_command(say: Say) -> None:
    assert say("clock", "advance", status=2).endswith("(haversack exchange clock advance --help shows how it is used)\n")


@pytest.mark.parametrize("words", [["clock"], ["state"], ["reset"], ["fault", "list"], ["fault", "disconnect"], ["save", "x"]])
def test_a_folder_on_which_none_runs_says_so_in_one_line(tmp_path: Path, words: list[str]) -> None:
    expected = (
        "haversack: no exchange runs on the folder haversack-data: start one with haversack exchange --data haversack-data\n"
    )
    assert carried_out(tmp_path, *words) == (5, "", expected)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("words", [["clock"], ["state"], ["reset"], ["fault", "list"], ["stop"], ["verify"], ["--port", "0"], []])
def test_a_file_is_no_folder_of_an_exchange(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "file").write_text("not mine")
    said = "haversack: --data must be a folder, and file is a file\n"
    assert carried_out(tmp_path, *words, "--data", "file") == (2, "", said)
    assert (tmp_path / "file").read_text() == "not mine"


@pytest.mark.parametrize("words", [["clock"], ["state"], ["stop"], ["verify"], ["--port", "0"]])
def test_a_folder_that_may_not_be_entered_is_told_as_that(
    tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever runs the tests may be allowed everything, whatever the folder's mode.
    monkeypatch.setattr("haversack.cli.operate.os.access", lambda *_: False)
    (tmp_path / "folder").mkdir()
    said = "haversack: the folder folder cannot be used: it may not be entered\n"
    assert carried_out(tmp_path, *words, "--data", "folder") == (2, "", said)


def test_a_change_whose_answer_is_lost_is_no_silent_failure(tmp_path: Path) -> None:
    for words, code in ((["clock"], 5), (["clock", "advance", "1h"], 7), (["save", "x"], 5), (["reset"], 7)):
        with chdir(tmp_path), answers_nothing(tmp_path):
            status, out, err = carried_out(tmp_path, *words, "--data", ".")
        assert (status, out, err.count("\n")) == (code, "", 1), err
        assert "the exchange on . did not answer" in err


def test_what_an_exchange_in_the_background_said_is_printed_newest_last(tmp_path: Path) -> None:
    (tmp_path / "exchange.log").write_text("ready\nno snapshot could be made: \x1b[2Jx\n", encoding="utf-8")
    code, out, err = carried_out(tmp_path, "logs", "--data", ".")
    assert (code, out, err) == (0, "ready\nno snapshot could be made: \\x1b[2Jx\n", "")
    assert carried_out(tmp_path, "logs", "--data", ".", "--lines", "1")[1].startswith("no snapshot")
    assert "--lines must be 1 or more, found 0" in carried_out(tmp_path, "logs", "--data", ".", "--lines", "0")[2]


def test_an_exchange_that_one_serves_oneself_has_no_log(tmp_path: Path) -> None:
    code, out, err = carried_out(tmp_path, "logs", "--data", ".")
    assert (code, out) == (2, "")
    assert err == "haversack: there is no log in .: an exchange that you serve yourself says it where it runs\n"


@contextmanager
def answers_nothing(folder: Path) -> Iterator[None]:
    """A door that is closed as soon as somebody has come in and said something."""
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(SOCKET_NAME)
        door.listen()

        def shut() -> None:
            with door.accept()[0] as guest:
                guest.recv(65_536)

        thread = Thread(target=shut)
        thread.start()
        yield
        thread.join()
    (folder / SOCKET_NAME).unlink()


COMMANDS = ["clock", "clock advance", "clock speed", "seed", "market", "price", "state", "save", "load", "reset", "logs"]


@pytest.mark.parametrize("words", [*COMMANDS, "fault", "fault list", "fault clear"])
def test_every_help_page_has_an_example_of_itself(tmp_path: Path, words: str) -> None:
    assert f"Example: haversack exchange {words}" in carried_out(tmp_path, *words.split(), "--help")[1]


def test_every_kind_of_fault_can_be_asked_for() -> None:
    for words in (AnswerAction, FrameAction, ConnectionAction, ConditionKind):
        for word in words:
            assert KINDS.count(word.value) == 1


@pytest.mark.parametrize(("text", "us"), [("5s", 5_000_000), ("1.5ms", 1_500), ("1h", 3_600_000_000), ("-30s", -30_000_000)])
def test_spans_are_read(text: str, us: int) -> None:
    assert span_us(text, "it") == us


@pytest.mark.parametrize("text", ["", "5", "s", "5 s", "1e3s", "٣s", "5s5", "99999999999999s"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="it must be a number and its unit"):
        span_us(text, "it")

"""The command as a process, on the exchange that it starts itself: one for all commands, and ended in the end."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import msgspec
import pytest

from cli.command import COMMAND, TOO_LONG_S, environment, run, run_in_terminal
from cli.inside import Done
from haversack import Client, Credentials, DepthUpdate
from haversack.cli.here import Surroundings
from haversack.cli.main import run as command
from haversack.cli.profile import open_profile
from haversack.cli.profile.sim import PORT_NAME, SimUnavailable, ensure, stop
from haversack.exchange.control.place import ADDRESS_NAME, SOCKET_NAME, find, write_whereabouts
from haversack.exchange.journal import LOCK_NAME
from served import serve


class Machine:
    """A user's home, and processes in it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "data" / "haversack" / "sim"
        names = {name.lower(): str(home / name.lower()) for name in ("Config", "Data", "State")}
        self.env = environment(home, **{f"XDG_{name.upper()}_HOME": path for name, path in names.items()})

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """To its end."""
        return run(*arguments, cwd=self.home, env=self.env)

    def say(self, *arguments: str) -> Done:
        """To its end, in this process, where a process of its own adds nothing."""
        out, err = StringIO(), StringIO()
        code = command(list(arguments), Surroundings(self.env, StringIO(), out, err))
        return Done(code, out.getvalue(), err.getvalue())

    def begin(self, *arguments: str, stdout: int = subprocess.PIPE) -> subprocess.Popen[str]:
        """And do not wait."""
        return subprocess.Popen([*COMMAND, *arguments], env=self.env, stdout=stdout, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    made = Machine(tmp_path_factory.mktemp("home"))
    yield made
    stop(made.folder)


def test_two_commands_at_once_start_one_exchange_and_the_next_one_finds_it(machine: Machine) -> None:
    both = [machine.begin("markets", "-o", "json") for _ in range(2)]
    told = [process.communicate(timeout=TOO_LONG_S) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert sum("starting the local exchange of the profile sim" in errors for _, errors in told) == 1
    found = find(machine.folder)
    assert found is not None
    assert found.url.startswith("http://127.0.0.1:")
    assert all(f"[sim] a local exchange, invented prices: {found.url}\n" in errors for _, errors in told)
    assert told[0][0] == told[1][0]
    # It has a session of its own, so that the end of a terminal is not its end.
    assert os.getsid(found.pid) == found.pid
    assert Client(base_url=found.url).system.ping() == "pong"


def test_ticker_and_help_load_neither_the_library_of_words_nor_that_of_colours(machine: Machine) -> None:
    ensure(open_profile("sim", environ=machine.env).settings)
    for arguments in (["ticker", "SOL_USDC"], ["markets", "--help"], ["order", "place", "SOL_USDC", "bid", "1", "--price", "90"]):
        program = (
            "import sys, atexit\n"
            "atexit.register(lambda: print([name for name in ('cyclopts', 'rich', 'aiohttp') if name in sys.modules]))\n"
            f"sys.argv[1:] = {arguments!r}\n"
            "from haversack.cli.main import main\n"
            "main()\n"
        )
        done = subprocess.run([sys.executable, "-c", program], check=False, env=machine.env, capture_output=True, text=True)
        assert done.stdout.endswith("\n[]\n"), done


def test_an_exchange_that_starts_again_has_its_port_again_unless_that_is_taken(machine: Machine) -> None:
    settings = open_profile("sim", environ=machine.env).settings
    before = ensure(settings)
    assert stop(machine.folder)
    assert ensure(settings) == before
    assert stop(machine.folder)
    with socket.create_server(("127.0.0.1", int(before.url.rpartition(":")[2]))):
        assert ensure(settings).url != before.url


@pytest.mark.parametrize("text", ["", "0x1f", "99999999", "-1"])
def test_a_port_of_last_time_that_makes_no_sense_is_as_good_as_none(text: str, machine: Machine) -> None:
    settings = open_profile("sim", environ=machine.env).settings
    stop(machine.folder)
    (machine.folder / PORT_NAME).write_text(text)
    assert ensure(settings).url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_were_closed_beforehand_are_no_traceback(closed: str, machine: Machine) -> None:
    ensure(open_profile("sim", environ=machine.env).settings)
    done = subprocess.run(
        ["sh", "-c", f'"$@" {closed}', "sh", *COMMAND, "ticker", "SOL_USDC"],
        check=False,
        env=machine.env,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done
    assert ("Last day" in done.stdout) == (">&-" not in closed.replace("2>&-", ""))


def test_nobody_is_asked_where_standard_input_is_closed(machine: Machine) -> None:
    done = subprocess.run(
        ["sh", "-c", '"$@" <&-', "sh", *COMMAND, "init", "-p", "live"],
        check=False,
        env={name: value for name, value in machine.env.items() if not name.startswith("BACKPACK_")},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr.count("\n")) == (3, 1), done


def test_a_dry_run_names_the_port_of_an_exchange_that_runs(machine: Machine) -> None:
    url = ensure(open_profile("sim", environ=machine.env).settings).url
    done = machine.say("order", "place", "SOL_USDC", "bid", "1", "--price", "90", "--dry-run")
    assert f"{url}/api/v1/order\n" in done.out


def test_ctrl_c_ends_a_stream_cleanly(machine: Machine) -> None:
    with machine.begin("stream", "depth.SOL_USDC") as process:
        assert process.stdout is not None
        line = msgspec.json.decode(process.stdout.readline())
        assert (line["profile"], line["stream"], line["data"]["e"]) == ("sim", "depth.SOL_USDC", "depth")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=TOO_LONG_S)
    assert process.returncode == 130
    assert errors.startswith("[sim] a local exchange, invented prices")
    assert errors.count("\n") == 1


def test_a_stream_ends_after_so_many_messages_and_signs_what_is_private(machine: Machine) -> None:
    done = machine.run("stream", "depth.SOL_USDC", "account.orderUpdate", "--count", "3")
    assert (done.returncode, done.stdout.count("\n")) == (0, 3)


def test_a_reader_who_goes_is_no_traceback(machine: Machine) -> None:
    with machine.begin("stream", "depth.SOL_USDC") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        process.wait(TOO_LONG_S)
        assert (process.returncode, process.stderr.read().count("\n")) == (1, 1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_no_space_is_one_line(machine: Machine) -> None:
    with open("/dev/full", "w") as full, machine.begin("markets", stdout=full.fileno()) as process:
        _, errors = process.communicate(timeout=TOO_LONG_S)
    assert process.returncode == 1
    assert errors.splitlines()[-1] == "haversack: No space left on device"


def test_a_character_that_cannot_be_written_is_written_out(machine: Machine) -> None:
    done = run("ticker", "Ü_USDC", cwd=machine.home, env=machine.env | {"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr.isascii()) == (6, True)
    done = run("help", "Ü", cwd=machine.home, env=machine.env | {"PYTHONIOENCODING": "ascii"})
    assert done.stderr.startswith("haversack: there is no help on '\\xdc'")


def test_a_terminal_gets_colour_unless_it_wants_none(machine: Machine) -> None:
    coloured = run_in_terminal("ticker", "SOL_USDC", cwd=machine.home, env=machine.env)
    plain = run_in_terminal("ticker", "SOL_USDC", cwd=machine.home, env=machine.env | {"NO_COLOR": "1"})
    assert (coloured[0], plain[0]) == (0, 0)
    assert "\x1b[1mLast day\x1b[0m" in coloured[1]
    assert "Last day  [sim]" in plain[1]
    assert "\x1b" not in plain[1]


def test_a_long_read_shows_a_bar_on_a_terminal(machine: Machine) -> None:
    code, written = run_in_terminal("export", "orders", "--csv", cwd=machine.home, env=machine.env)
    assert code == 0
    assert "reading" in written
    assert "profile,created,symbol" in written


def test_an_exchange_that_was_killed_is_started_anew_and_remembers(machine: Machine) -> None:
    ensure(open_profile("sim", environ=machine.env).settings)
    found = find(machine.folder)
    assert found is not None
    placed = machine.say("order", "place", "SOL_USDC", "bid", "1", "--price", "90", "--client-id", "3")
    assert placed.code == 0, placed.err
    os.kill(found.pid, signal.SIGKILL)
    while find(machine.folder) is not None:
        os.sched_yield()
    # The address is still there, and says nothing without somebody who opens the door.
    assert (machine.folder / ADDRESS_NAME).exists()
    done = machine.say("orders", "-o", "json")
    assert (done.code, find(machine.folder) in (None, found)) == (0, False), done.err
    assert 3 in [order["clientId"] for order in done.json["data"]]


def test_sim_says_where_it_is_and_stops(machine: Machine) -> None:
    assert machine.say("sim", "start").code == 0
    shown = machine.say("sim", "-o", "json").json["data"]
    assert (shown["running"], shown["folder"]) == (True, str(machine.folder))
    assert machine.say("exchange", "clock", "--data", shown["folder"]).code == 0
    assert "ready http://127.0.0.1:" in machine.run("exchange", "logs", "--data", shown["folder"]).stdout
    assert "stopped" in machine.say("sim", "stop").err
    assert machine.say("sim", "-o", "json").json["data"]["running"] is False
    assert "it did not run" in machine.say("sim", "stop").err
    assert f"no exchange runs on {machine.folder}" in machine.run("exchange", "stop", "--data", str(machine.folder)).stdout


def test_an_exchange_ends_when_nobody_uses_it_and_not_while_somebody_listens(tmp_path: Path) -> None:
    with serve(tmp_path / "data", "--idle", "1s") as served:
        with (
            Client(Credentials.generate(), base_url=served.url, stream_url=served.stream_url) as client,
            client.streams() as streams,
        ):
            first_us = 0
            for message in streams.subscribe("depth.SOL_USDC", "depth.BTC_USDC"):
                assert isinstance(message.event, DepthUpdate)
                first_us = first_us or message.event.engine_us
                if message.event.engine_us - first_us > 2_500_000:
                    break
            assert served.process.poll() is None
        assert served.process.wait(TOO_LONG_S) == 0
    assert find(tmp_path / "data") is None


@pytest.mark.parametrize("idle", ["0s", "-1s", "soon"])
def test_an_idle_time_that_makes_no_sense_is_refused(idle: str, tmp_path: Path) -> None:
    done = run("exchange", "--data", str(tmp_path / "data"), f"--idle={idle}", cwd=tmp_path, env=environment(tmp_path))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "--idle must be" in done.stderr


def test_an_address_without_a_door_is_nobodys(tmp_path: Path) -> None:
    write_whereabouts(tmp_path, "http://127.0.0.1:1", "ws://127.0.0.1:1")
    assert find(tmp_path) is None


def test_an_exchange_that_cannot_start_is_told_in_one_line_with_its_reason(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.folder.mkdir(parents=True)
    (machine.folder / "journal.db").write_text("this is no journal")
    done = machine.say("markets")
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert done.err.startswith("haversack: the local exchange did not start: ")
    assert "is damaged or not a journal" in done.err
    assert str(machine.folder / "exchange.log") in done.err


def test_a_folder_that_cannot_be_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    done = Machine(tmp_path).say("markets")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert "cannot be used: Not a directory" in done.err


def test_an_exchange_that_does_not_stop_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("haversack.cli.profile.sim.STOP_S_MAX", 0)
    # Signal 0 only asks whether there is such a process.
    monkeypatch.setattr("haversack.cli.profile.sim.END", 0)
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(SOCKET_NAME)
        door.listen()
        write_whereabouts(tmp_path, "http://127.0.0.1:1", "ws://127.0.0.1:1")
        with pytest.raises(SimUnavailable, match=f"process {os.getpid()}.* did not stop within 0 s"):
            stop(Path("."))


def test_an_exchange_is_stopped_when_its_folder_is_free_and_not_when_its_door_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("haversack.cli.profile.sim.STOP_S_MAX", 0)
    monkeypatch.chdir(tmp_path)
    for is_held in (True, False):
        with socket.socket(socket.AF_UNIX) as door, open(LOCK_NAME, "w") as lock:

            def closes_its_door(_process: int, _signal: int) -> None:
                Path(SOCKET_NAME).unlink()

            monkeypatch.setattr("haversack.cli.profile.sim.os.kill", closes_its_door)
            fcntl.flock(lock, fcntl.LOCK_EX if is_held else fcntl.LOCK_UN)
            door.bind(SOCKET_NAME)
            door.listen()
            write_whereabouts(tmp_path, "http://127.0.0.1:1", "ws://127.0.0.1:1")
            if is_held:
                with pytest.raises(SimUnavailable, match="and still holds"):
                    stop(Path("."))
            else:
                assert stop(Path("."))

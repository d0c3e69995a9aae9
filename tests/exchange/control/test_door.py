"""The control plane's door: its user comes in, and nobody else; what makes no sense ends the conversation and nothing more."""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import pytest

from exchange.control.running import Running
from haversack.errors import UsageError
from haversack.exchange.control import door
from haversack.exchange.control.call import NoExchange, call
from haversack.exchange.control.door import control_door, has_room_for_a_socket
from haversack.exchange.control.place import SOCKET_NAME, TOKEN_NAME
from haversack.exchange.control.words import Answer, Ask, ClearFaults, ClockState, ReadClock, Reset

A = TypeVar("A", bound=Answer)

READ = b'{"ask":{"type":"readClock"}}\n'


@asynccontextmanager
async def opened(*, socket: bool = True) -> AsyncIterator[tuple[Path, Running]]:
    """A folder with a door, behind a socket or, since the folder's name is too long for one, behind a token."""
    with TemporaryDirectory() as short:
        folder = Path(short, "x" if socket else "x" * 120)
        os.mkdir(folder)
        running = Running()
        async with control_door(folder, running):
            yield folder, running


async def called(folder: Path, ask: Ask[A]) -> A:
    return await asyncio.to_thread(call, folder, ask)


async def connected(folder: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if SOCKET_NAME in os.listdir(folder):
        return await asyncio.open_unix_connection(folder / SOCKET_NAME)
    return await asyncio.open_connection("127.0.0.1", json.loads((folder / TOKEN_NAME).read_text())["port"])


async def answered(folder: Path, sent: bytes) -> bytes:
    """All that comes back before the door is shut."""
    reader, writer = await connected(folder)
    writer.write(sent)
    writer.write_eof()
    async with asyncio.timeout(10):
        try:
            return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()


@pytest.mark.parametrize("socket", [True, False])
async def test_the_folders_user_is_answered(socket: bool) -> None:
    async with opened(socket=socket) as (folder, running):
        clock = await called(folder, ReadClock())
        assert clock == ClockState(now_us=running.operator.clock.now_us(), speed=0)
        with pytest.raises(UsageError, match="no fault has the number 4"):
            await called(folder, ClearFaults(number=4))


@pytest.mark.parametrize(("socket", "name"), [(True, SOCKET_NAME), (False, TOKEN_NAME)])
async def test_the_door_is_the_users_alone_whatever_the_umask(socket: bool, name: str) -> None:
    mask = os.umask(0)
    try:
        async with opened(socket=socket) as (folder, _):
            assert os.listdir(folder) == [name]
            assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    finally:
        os.umask(mask)


async def test_what_a_killed_exchange_left_behind_is_replaced() -> None:
    with TemporaryDirectory() as short:
        folder = Path(short)
        (folder / SOCKET_NAME).touch()
        (folder / TOKEN_NAME).write_text('{"port":1,"token":"old"}')
        with pytest.raises(NoExchange, match="no exchange runs on the folder"):
            call(folder, ReadClock())
        async with control_door(folder, Running()):
            assert (await called(folder, ReadClock())).speed == 0
        assert os.listdir(folder) == []


@pytest.mark.parametrize("left", [{}, {TOKEN_NAME: '{"port":1,"token":"old"}'}, {TOKEN_NAME: "{"}, {SOCKET_NAME: ""}])
def test_a_folder_on_which_none_runs_says_so_in_one_line(left: dict[str, str]) -> None:
    with TemporaryDirectory() as short:
        for name, content in left.items():
            Path(short, name).write_text(content)
        with pytest.raises(NoExchange) as raised:
            call(Path(short), ReadClock())
        assert str(raised.value) == f"no exchange runs on the folder {short}: start one with haversack exchange --data {short}"


@pytest.mark.parametrize(
    "token", [None, "", "0" * 64, "wrong", "Ω" * 32, 7, ["a"]], ids=["none", "empty", "zeros", "short", "greek", "number", "list"]
)
async def test_without_the_word_nothing_is_done_and_nothing_is_said(token: object) -> None:
    async with opened(socket=False) as (folder, running):
        venue = running.operator.venue
        line = json.dumps({"ask": {"type": "reset"}} | ({} if token is None else {"token": token})).encode() + b"\n"
        assert await answered(folder, line + line) == b""
        assert running.operator.venue is venue


async def test_a_word_that_is_nearly_right_is_wrong() -> None:
    async with opened(socket=False) as (folder, running):
        venue, token = running.operator.venue, json.loads((folder / TOKEN_NAME).read_text())["token"]
        assert len(token) == 64
        for wrong in (token[:-1], token + "0", token.upper() if token.upper() != token else "0", token[::-1]):
            line = json.dumps({"ask": {"type": "reset"}, "token": wrong}).encode() + b"\n"
            assert await answered(folder, line) == b""
        assert running.operator.venue is venue


async def test_after_a_line_that_makes_no_sense_the_right_word_opens_nothing_either() -> None:
    async with opened(socket=False) as (folder, running):
        venue, token = running.operator.venue, json.loads((folder / TOKEN_NAME).read_text())["token"]
        line = json.dumps({"ask": {"type": "reset"}, "token": token}).encode() + b"\n"
        assert await answered(folder, b"GET / HTTP/1.1\r\n" + line) == b""
        assert running.operator.venue is venue
        assert await answered(folder, line) == b'{"type":"done"}\n'
        assert running.operator.venue is not venue


def test_words_are_compared_in_constant_time() -> None:
    tree = ast.parse(inspect.getsource(door))
    calls = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert calls.count("hmac.compare_digest") == 1
    compared = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Compare)]
    assert all(text.endswith(("is None", "is not None")) for text in compared if "token" in text)


@pytest.mark.parametrize("socket", [True, False])
@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" + READ,
        b'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n\r\n{"ask":{"type":"reset"}}\n',
        b"\x00\xff\n" + READ,
        b"[" * 200_000 + b"\n" + READ,
        b"x" * (door.LINE_BYTES_MAX + 10) + b"\n" + READ,
        b'{"ask":{"type":"reset","more":1}}\n',
        b'{"ask":{"type":"explode"}}\n',
        b'{"ask":null}\n',
        b'{"ask":{"type":"addFault","fault":{"type":"answer","action":"explode"}}}\n',
        READ.rstrip() + b"\x00\n",
    ],
    ids=["get", "post", "bytes", "deep", "long", "more", "unknown", "null", "fault", "tail"],
)
async def test_what_makes_no_sense_is_not_done(socket: bool, sent: bytes) -> None:
    async with opened(socket=socket) as (folder, running):
        venue = running.operator.venue
        said = await answered(folder, sent)
        assert said.count(b"\n") <= 1
        assert said == b"" or said.startswith(b'{"type":"refusal","text":"not understood')
        assert said == b"" or socket
        assert running.operator.venue is venue
        assert (await called(folder, ReadClock())).speed == 0


async def test_one_caller_may_ask_several_things() -> None:
    async with opened() as (folder, _):
        lines = (await answered(folder, READ * 3)).splitlines()
        assert [json.loads(line)["type"] for line in lines] == ["clock"] * 3


async def test_callers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "CALLERS_MAX", 2)
    async with opened() as (folder, _):
        waiting = [await connected(folder) for _ in range(2)]
        for _, writer in waiting:
            writer.write(READ)
        for reader, _ in waiting:
            await reader.readline()
        assert await answered(folder, READ) == b""
        for _, writer in waiting:
            writer.close()


async def test_a_caller_that_says_nothing_is_shown_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "LINE_S_MAX", 0.01)
    async with opened() as (folder, _):
        reader, writer = await connected(folder)
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        writer.close()


async def test_a_mistake_of_ours_is_told_and_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened() as (folder, running):

        async def stumble(*_: object, **__: object) -> None:
            raise RuntimeError("a private text")

        monkeypatch.setattr(running.operator, "renew", stumble)
        with pytest.raises(UsageError, match="the exchange made a mistake") as raised:
            await called(folder, Reset())
        assert "private" not in str(raised.value)
        assert (await called(folder, ReadClock())).speed == 0


def test_a_socket_needs_a_path_that_every_system_takes() -> None:
    assert has_room_for_a_socket(Path("/" + "x" * 99))
    assert not has_room_for_a_socket(Path("/" + "x" * 100))

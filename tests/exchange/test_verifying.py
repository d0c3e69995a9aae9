"""Signatures that are checked here or in a process of their own: the same verdicts, each for the one who asked."""

from __future__ import annotations

import asyncio
import base64
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest

from haversack.credentials import Credentials
from haversack.exchange import verifying as module
from haversack.exchange.signatures import Claim, SignatureProcess
from haversack.exchange.verifying import Verifying

KEYS = Credentials("zDIJj9qneWIY0IYZ5aXoHcNMCm+XDhVcTssiT0HyY0A=", "4odxgSUxFrC/zsKWZF4OQwYAgnNu9hnWH3NxWfLAPz4=")
FORGED = {number for number in range(40) if number % 3 == 0}


def claim(text: str, *, signed: str | None = None) -> Claim:
    signature = KEYS.sign((text if signed is None else signed).encode())
    return Claim(KEYS.public_key, text.encode(), base64.b64encode(signature).decode())


async def verdicts(verifying: Verifying) -> list[bool]:
    claims = [claim(str(number), signed="another" if number in FORGED else None) for number in range(40)]
    return await asyncio.gather(*map(verifying.is_true, claims))


RIGHT = [number not in FORGED for number in range(40)]


def process_of(verifying: Verifying) -> subprocess.Popen[bytes] | None:
    """What runs beside this one."""
    beside = verifying._process
    return None if beside is None else beside._process


async def started(verifying: Verifying) -> subprocess.Popen[bytes]:
    await verdicts(verifying)
    assert verifying._start is not None
    await verifying._start
    process = process_of(verifying)
    assert process is not None
    return process


@pytest.fixture(params=["here", "beside"])
async def verifying(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Verifying]:
    """One that checks in this process, and one that has another check all that does not come alone."""
    monkeypatch.setattr(module, "WORTH_A_PROCESS", 2 if request.param == "beside" else 10**9)
    monkeypatch.setattr(module, "PATIENCE_S", 60)
    verifying = Verifying()
    if request.param == "beside":
        await started(verifying)
    yield verifying
    assert (process_of(verifying) is not None) == (request.param == "beside")
    verifying.close()


@pytest.fixture
async def beside(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Verifying]:
    """One whose process starts at once, and may end."""
    monkeypatch.setattr(module, "WORTH_A_PROCESS", 2)
    monkeypatch.setattr(module, "PATIENCE_S", 60)
    verifying = Verifying()
    yield verifying
    verifying.close()


async def test_a_claim_that_comes_alone_is_checked(verifying: Verifying) -> None:
    assert await verifying.is_true(claim("a"))
    assert not await verifying.is_true(claim("a", signed="b"))


async def test_claims_that_come_together_get_each_its_own_verdict(verifying: Verifying) -> None:
    assert await verdicts(verifying) == RIGHT


async def test_claims_are_answered_in_the_order_in_which_they_came(verifying: Verifying) -> None:
    answered: list[int] = []

    async def ask(number: int) -> None:
        if await verifying.is_true(claim(str(number))):
            answered.append(number)

    await asyncio.gather(*(ask(number) for number in range(20)))
    assert answered == list(range(20))


async def test_one_who_asks_alone_while_others_are_checked_is_answered_after_them(verifying: Verifying) -> None:
    answered: list[str] = []

    async def ask(text: str) -> None:
        assert await verifying.is_true(claim(text))
        answered.append(text)

    others = [asyncio.create_task(ask(text)) for text in "ab"]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await ask("c")
    await asyncio.gather(*others)
    assert answered == ["a", "b", "c"]


async def test_one_who_asks_again_and_again_is_answered(verifying: Verifying) -> None:
    async def ask_often(number: int) -> list[bool]:
        return [await verifying.is_true(claim(f"{number}-{turn}")) for turn in range(3)]

    assert await asyncio.gather(*map(ask_often, range(5))) == [[True] * 3] * 5


async def test_one_who_no_longer_waits_keeps_no_other_waiting(verifying: Verifying) -> None:
    gone, stays = (asyncio.create_task(verifying.is_true(claim(text))) for text in "ab")
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays


async def test_process_is_started_when_enough_came_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WORTH_A_PROCESS", 80)
    verifying = Verifying()
    for _ in range(100):
        await verifying.is_true(claim("alone"))
    await verdicts(verifying)
    assert verifying._start is None
    assert (await started(verifying)).poll() is None
    verifying.close()


async def test_what_a_process_that_ends_was_asked_is_checked_here(beside: Verifying, caplog: pytest.LogCaptureFixture) -> None:
    process = await started(beside)
    process.send_signal(signal.SIGSTOP)
    asked = asyncio.create_task(verdicts(beside))
    await asyncio.sleep(0)
    process.kill()
    assert await asyncio.wait_for(asked, 5) == RIGHT
    assert await verdicts(beside) == RIGHT
    assert process_of(beside) is None
    assert [record.getMessage() for record in caplog.records] == [
        "signatures are checked in this process from now on, the one beside it failed: it ended"
    ]


async def test_process_that_answers_nothing_is_given_up(
    beside: Verifying, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = await started(beside)
    monkeypatch.setattr(module, "PATIENCE_S", 0.05)
    process.send_signal(signal.SIGSTOP)
    assert await asyncio.wait_for(verdicts(beside), 5) == RIGHT
    assert process.returncode == -signal.SIGKILL
    assert caplog.records[0].getMessage().endswith("failed: it answered nothing in 0 s")


async def test_process_that_answers_slowly_is_kept(beside: Verifying) -> None:
    process, loop = await started(beside), asyncio.get_running_loop()
    process.send_signal(signal.SIGSTOP)
    asked = asyncio.create_task(verdicts(beside))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    # What was the oldest question when it was looked at before has been answered since.
    beside._look(loop, loop.create_future())
    assert process.poll() is None
    process.send_signal(signal.SIGCONT)
    assert await asyncio.wait_for(asked, 5) == RIGHT
    assert process_of(beside) is process


@pytest.mark.parametrize(
    ("program", "says"), [("/no/such/python", "No such file or directory"), ("/bin/false", "it ended at its start")]
)
async def test_process_that_does_not_start_is_done_without(
    program: str, says: str, beside: Verifying, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", program)
    assert await verdicts(beside) == RIGHT
    assert beside._start is not None
    await beside._start
    assert await verdicts(beside) == RIGHT
    assert says in caplog.text


async def test_close_ends_the_process(beside: Verifying) -> None:
    process = await started(beside)
    beside.close()
    assert process.returncode == -signal.SIGKILL


async def test_close_keeps_nobody_waiting(beside: Verifying) -> None:
    (await started(beside)).send_signal(signal.SIGSTOP)
    asked = asyncio.create_task(verdicts(beside))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    beside.close()
    assert await asyncio.wait_for(asked, 5) == RIGHT


async def test_close_while_the_process_starts_leaves_none(beside: Verifying) -> None:
    await verdicts(beside)
    starting = beside._start
    assert starting is not None
    beside.close()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert process_of(beside) is None


async def test_answer_that_nobody_asked_for_is_a_failure() -> None:
    told: list[bytes] = []
    failures: list[str] = []
    process = SignatureProcess(told.append, failures.append)
    await process.start()
    process.data_received(b"\1")
    process.close()
    assert (told, failures) == ([], ["it answered what nobody asked"])


@pytest.mark.parametrize(
    "sent", [b"", b"\0\0", b"\0\0\1\0beginning", b"\0\0\0\1?"], ids=["nothing", "length", "piece", "nonsense"]
)
def test_process_ends_with_who_asks_it(sent: bytes) -> None:
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-P", "-m", "haversack.exchange.signatures"]
    with ours, subprocess.Popen(command, stdin=theirs.fileno(), stderr=subprocess.PIPE) as process:
        theirs.close()
        assert ours.recv(1) == b"+"
        ours.sendall(sent)
        ours.shutdown(socket.SHUT_WR)
        assert process.wait(10) in {0, 1}
        assert process.stderr is not None
        assert process.stderr.read() == b""

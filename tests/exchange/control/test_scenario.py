"""A state as a file: it leads another exchange to the same state, and a damaged one leads nowhere."""

from __future__ import annotations

import json
import os
import stat
from decimal import Decimal
from pathlib import Path

import pytest

from exchange.control.running import KEY, OTHER_KEY, Running
from haversack.clock import ManualClock
from haversack.errors import UsageError
from haversack.exchange.control.words import Advance, LoadScenario, ReadState, SaveScenario, Seed, SetMarket
from haversack.exchange.venue import FIRST_ORDER_ID


async def saved(path: Path) -> Running:
    """An exchange with a crowd, an account and a closed market, and its file."""
    running = Running(crowd=True)
    await running.carry_out(Seed(key=KEY, amounts={"USDC": Decimal(100)}))
    await running.carry_out(SetMarket(symbol="SOL_USDC", state="Closed"))
    await running.carry_out(Advance(step_us=2_000_000))
    await running.carry_out(SaveScenario(path=str(path)))
    return running


async def test_a_scenario_leads_to_the_same_state_and_the_same_time(tmp_path: Path) -> None:
    path = tmp_path / "scenario"
    running = await saved(path)
    other = Running(crowd=True, clock=ManualClock(1_700_000_000_000_000))
    await other.carry_out(Seed(key=OTHER_KEY, amounts={"SOL": Decimal(1)}))
    state = await other.carry_out(LoadScenario(path=str(path)))
    assert state.hash == running.hash
    assert state.now_us == running.operator.clock.now_us()
    assert state.problems == []
    assert [account.key for account in state.accounts if not account.is_house] == [KEY]


async def test_an_exchange_goes_on_from_a_scenario(tmp_path: Path) -> None:
    path = tmp_path / "scenario"
    await saved(path)
    other = Running(crowd=True)
    await other.carry_out(LoadScenario(path=str(path)))
    await other.carry_out(Advance(step_us=5_000_000))
    state = await other.carry_out(ReadState())
    assert state.problems == []
    assert state.commands > json.loads(path.read_bytes().splitlines()[0])["commands"]


async def test_the_file_is_its_owners_alone_and_holds_no_signature(tmp_path: Path) -> None:
    path = tmp_path / "scenario"
    path.write_text("what stood there before")
    await saved(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"nonce" not in path.read_bytes()
    assert os.listdir(tmp_path) == [path.name]


async def test_a_link_in_the_way_is_not_written_through(tmp_path: Path) -> None:
    victim, path = tmp_path / "victim", tmp_path / "scenario"
    victim.write_text("precious")
    path.symlink_to(victim)
    (tmp_path / "scenario.part").symlink_to(victim)
    await saved(path)
    assert victim.read_text() == "precious"
    assert not path.is_symlink()


def with_header(content: bytes, **changed: object) -> bytes:
    first, rest = content.split(b"\n", 1)
    return json.dumps({**json.loads(first), **changed}).encode() + b"\n" + rest


async def test_a_file_that_is_damaged_or_of_another_exchange_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    path = tmp_path / "scenario"
    running = await saved(path)
    content = path.read_bytes()
    lines = content.splitlines()
    other_amount = content.replace(b"1000000000000", b"1000000000001", 1)
    stranger = f'[1,["cancel",99,"SOL_USDC",{FIRST_ORDER_ID},null]]'.encode()
    assert other_amount != content
    damaged: list[tuple[bytes, str]] = [
        (b"", "no scenario, or is damaged"),
        (b"\xff\xfe", "no scenario, or is damaged"),
        (b"[" * 100_000, "no scenario, or is damaged"),
        (content[: len(content) // 2], "damaged"),
        (b"\n".join(lines[:-1]), "do not lead to the state"),
        (other_amount, "do not lead to the state"),
        (with_header(content + stranger, commands=len(lines)), "do not lead to the state"),
        (with_header(content, hash="0"), "do not lead to the state"),
        (with_header(content, genesis="another"), "other markets, assets or another seed"),
        (with_header(content, format="haversack scenario 9"), "this version reads"),
    ]
    before, venue = running.hash, running.operator.venue
    for number, (written, says) in enumerate(damaged):
        path.write_bytes(written)
        with pytest.raises(UsageError, match=says):
            await running.carry_out(LoadScenario(path=str(path)))
        assert (running.hash, running.operator.venue) == (before, venue), number

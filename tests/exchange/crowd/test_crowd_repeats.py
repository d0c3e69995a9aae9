"""The same seed and the same clock give the same crowd; another seed, or another start, another one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from exchange.crowd.stage import SECOND_US, Stage, fingerprint
from haversack.exchange.engine.command import Cancel

SEED, SECONDS = 7, 60


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_same_seed_gives_the_same_commands_in_another_process(hash_seed: str) -> None:
    tests = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(tests)}
    arguments = [sys.executable, "-m", "exchange.crowd.stage", str(SEED), str(SECONDS)]
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == fingerprint(SEED, SECONDS)


def test_another_seed_gives_other_commands() -> None:
    assert fingerprint(7, 10) != fingerprint(8, 10)


def test_crowd_that_starts_again_takes_up_its_orders_and_prices() -> None:
    stage = Stage(seed=7)
    stage.run(120)
    before = stage.looks["SOL_USDC"][-1]
    stage.enter(seed=7)
    stage.sent.clear()
    stage.run(10)
    after = stage.looks["SOL_USDC"][-1]
    assert len(stage.sent) < 10 * 80, "the books were not filled again"
    assert after.resting <= 80
    assert abs(after.bids[-1][0] - before.bids[-1][0]) < 30
    assert not stage.rejections


def test_after_a_pause_nothing_piles_up() -> None:
    stage = Stage(seed=7)
    stage.run(60)
    stage.now_us += 8 * 3_600 * SECOND_US
    stage.sent.clear()
    stage.run(10)
    assert len(stage.sent) < 2_000
    assert not stage.rejections
    look = stage.looks["SOL_USDC"][-1]
    assert len(look.bids) >= 20
    assert len(look.asks) >= 20


def test_slower_crowd_sends_less() -> None:
    counts = []
    for pace in (0.25, 1.0):
        stage = Stage(seed=7, pace=pace)
        stage.run(1)
        stage.sent.clear()
        stage.run(120)
        counts.append(len(stage.sent))
    assert counts[0] < counts[1] / 2


def test_makers_fill_a_book_that_was_emptied() -> None:
    stage = Stage(seed=7)
    stage.run(30)
    for account in stage.accounts.values():
        for order in stage.engine.open_orders(account, "SOL_USDC"):
            stage.apply(cancel_of(account, order.order.order_id))
    assert stage.view.top("SOL_USDC") == (None, None)
    stage.run(2)
    bids, asks, _ = stage.engine.depth("SOL_USDC")
    assert len(bids) >= 20
    assert len(asks) >= 20


def cancel_of(account: int, order_id: int) -> Cancel:
    return Cancel(account=account, symbol="SOL_USDC", order_id=order_id)

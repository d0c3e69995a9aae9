"""Balances and positions: a frame says when, an answer does not, and the later of the two holds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from account.said import T0_MS, balance_frame
from haversack.account.balances import Balances
from haversack.account.positions import FLAT, Positions
from haversack.account.stamped import ANSWER_AGE_US
from haversack.wire.capital import Balance
from haversack.wire.events import PositionUpdate
from haversack.wire.markets import MarginFunction
from haversack.wire.positions import Position

T0_US = T0_MS * 1_000
SQRT = msgspec.convert({"base": "0.02", "factor": "0.0001", "type": "sqrt"}, MarginFunction)


def balance(available: str) -> Balance:
    return Balance(available=Decimal(available), locked=Decimal(0), staked=Decimal(0))


def held(balances: Balances, asset: str = "USDC") -> Decimal | None:
    found = balances.get(asset)
    return None if found is None else found.available


def position_frame(quantity: str, *, engine_us: int = T0_US, event: str | None = "positionAdjusted") -> PositionUpdate:
    said = {"e": event, "E": engine_us + 9, "T": engine_us, "s": "SOL_USDC_PERP", "i": 5, "q": quantity, "B": "150"}
    rest = dict.fromkeys(("M", "P", "Q", "b", "f", "m", "n", "p"), "0")
    return msgspec.convert({key: value for key, value in (said | rest).items() if value is not None}, PositionUpdate)


def position_row(quantity: str) -> Position:
    numbers = [field.name for field in msgspec.structs.fields(Position) if field.type is Decimal]
    said: dict[str, Any] = dict.fromkeys(numbers, Decimal(0))
    said |= {"net_quantity": Decimal(quantity), "entry_price": Decimal(150), "position_id": "5", "symbol": "SOL_USDC_PERP"}
    return Position(imf_function=SQRT, mmf_function=SQRT, user_id=1, **said)


def test_frame_says_all_of_an_asset() -> None:
    balances = Balances()
    assert balances.framed(balance_frame("10"))
    assert not balances.framed(balance_frame("10", engine_us=T0_US + 1))
    assert held(balances) == 10


def test_frame_that_is_older_changes_nothing() -> None:
    balances = Balances()
    balances.framed(balance_frame("10"))
    assert not balances.framed(balance_frame("9", engine_us=T0_US - 1))
    assert held(balances) == 10


def test_of_two_frames_of_one_microsecond_the_one_that_was_sent_last_holds() -> None:
    balances = Balances()
    balances.framed(balance_frame("10"))
    assert balances.framed(balance_frame("9"))
    assert held(balances) == 9


ANSWERS = [
    # How long before the question the frame was made, and what holds afterwards.
    (-1, "10", True),
    (0, "10", True),
    (ANSWER_AGE_US, "10", True),
    (ANSWER_AGE_US + 1, "7", False),
]


@pytest.mark.parametrize(("age_us", "holds", "is_open"), ANSWERS)
def test_answer_overrules_only_frames_that_are_certainly_older(age_us: int, holds: str, is_open: bool) -> None:
    balances = Balances()
    balances.framed(balance_frame("10"))
    merged = balances.answered({"USDC": balance("7")}, asked_us=T0_US + age_us)
    assert held(balances) == Decimal(holds)
    assert (merged.open, merged.changed) == ((("USDC",), ()) if is_open else ((), ("USDC",)))


def test_young_frame_that_agrees_leaves_nothing_open() -> None:
    balances = Balances()
    balances.framed(balance_frame("10"))
    assert balances.answered({"USDC": balance("10")}, asked_us=T0_US).open == ()


def test_frame_that_was_made_before_an_answer_and_comes_after_it_changes_nothing() -> None:
    balances = Balances()
    balances.answered({"USDC": balance("7")}, asked_us=T0_US)
    assert not balances.framed(balance_frame("10", engine_us=T0_US - ANSWER_AGE_US - 1))
    assert held(balances) == 7


def test_asset_that_an_answer_leaves_out_is_empty() -> None:
    balances = Balances()
    balances.framed(balance_frame("10"))
    merged = balances.answered({"SOL": balance("1")}, asked_us=T0_US + 2 * ANSWER_AGE_US)
    assert set(merged.changed) == {"SOL", "USDC"}
    assert held(balances) == 0


def test_assets_that_were_never_held_are_no_news() -> None:
    balances = Balances()
    assert balances.answered({"SOL": balance("0")}, asked_us=T0_US).changed == ()
    assert balances.get("BTC") is None


def test_all_three_parts_of_a_balance_are_kept() -> None:
    balances = Balances()
    balances.answered({"SOL": Balance(available=Decimal(1), locked=Decimal(2), staked=Decimal(3))}, asked_us=T0_US)
    sol = balances.all()["SOL"]
    assert (sol.asset, sol.available, sol.locked, sol.staked) == ("SOL", Decimal(1), Decimal(2), Decimal(3))


def test_position_follows_its_frames() -> None:
    positions = Positions()
    assert positions.framed(position_frame("0.5", event=None))
    assert positions.get("SOL_USDC_PERP").net_quantity == Decimal("0.5")
    assert positions.get("SOL_USDC_PERP").position_id == "5"
    assert positions.framed(position_frame("0", engine_us=T0_US + 1, event="positionClosed"))
    assert positions.get("SOL_USDC_PERP") == FLAT
    assert positions.all() == {}


def test_position_that_no_answer_shows_is_closed() -> None:
    positions = Positions()
    positions.framed(position_frame("0.5"))
    assert positions.answered([], asked_us=T0_US).open == ("SOL_USDC_PERP",)
    assert positions.answered([], asked_us=T0_US + 2 * ANSWER_AGE_US).changed == ("SOL_USDC_PERP",)
    assert positions.all() == {}


def test_position_of_an_answer_and_of_a_frame_are_the_same() -> None:
    positions = Positions()
    assert positions.answered([position_row("-0.5")], asked_us=T0_US).changed == ("SOL_USDC_PERP",)
    assert not positions.framed(position_frame("-0.5", engine_us=T0_US))


def test_older_answer_does_not_bring_a_closed_position_back() -> None:
    positions = Positions()
    positions.framed(position_frame("0.5"))
    positions.framed(position_frame("0", engine_us=T0_US + 1, event="positionClosed"))
    assert positions.answered([position_row("0.5")], asked_us=T0_US).open == ("SOL_USDC_PERP",)
    assert positions.get("SOL_USDC_PERP") == FLAT


def test_position_frame_that_comes_late_changes_nothing() -> None:
    positions = Positions()
    positions.framed(position_frame("0.5", engine_us=T0_US + 1))
    assert not positions.framed(position_frame("0.4"))
    assert positions.get("SOL_USDC_PERP").net_quantity == Decimal("0.5")


def test_snapshot_of_a_subscription_brings_a_position_that_was_missed() -> None:
    positions = Positions()
    positions.framed(position_frame("0.5"))
    assert positions.framed(position_frame("0.7", engine_us=T0_US + 9, event=None))
    assert not positions.framed(position_frame("0.6", engine_us=T0_US + 5))
    assert positions.get("SOL_USDC_PERP").net_quantity == Decimal("0.7")

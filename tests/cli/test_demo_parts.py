"""The parts of the demo that can be wrong in silence: the arithmetic, the choice of colour, and what stops it."""

from __future__ import annotations

import io
import sys
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest

from haversack.cli.demo import bargain, host, story
from haversack.cli.demo.host import DemoStopped
from haversack.cli.demo.reckoning import Match, Statement, statements
from haversack.cli.demo.teller import PlainTeller, aligned, teller_for_this_terminal
from haversack.cli.demo.words import even
from haversack.wire.capital import Balance
from haversack.wire.enums import Side

MARKETS = {"SOL_USDC": SimpleNamespace(base_symbol="SOL", quote_symbol="USDC")}


def has(available: str, locked: str = "0") -> Balance:
    return Balance(available=Decimal(available), locked=Decimal(locked), staked=Decimal(0))


def fill(side: Side, quantity: str, price: str, *, fee: str, of: str) -> Match:
    return Match(1, "7", "SOL_USDC", side, Decimal(price), Decimal(quantity), Decimal(fee), of)


def reckoned(before: dict[str, Balance], after: dict[str, Balance], *matches: Match) -> dict[str, Statement]:
    found = statements(before, after, matches, MARKETS)  # type: ignore[arg-type]
    return {statement.asset: statement for statement in found}


def test_bid_brings_base_less_the_fee_and_costs_quote() -> None:
    match = fill(Side.BID, "1.5", "100.67", fee="0.0015", of="SOL")
    found = reckoned({"USDC": has("1000")}, {"USDC": has("848.995"), "SOL": has("1.4985")}, match)
    assert {asset: (row.expected, row.agrees) for asset, row in found.items()} == {
        "SOL": (Decimal("1.4985"), True),
        "USDC": (Decimal("848.995"), True),
    }


def test_ask_costs_base_and_brings_quote_less_the_fee() -> None:
    match = fill(Side.ASK, "1.25", "100.67", fee="0.125838", of="USDC")
    found = reckoned({"SOL": has("2", "1"), "USDC": has("0")}, {"SOL": has("1.75"), "USDC": has("125.711662")}, match)
    assert all(row.agrees for row in found.values())


def test_last_digit_decides() -> None:
    match = fill(Side.ASK, "1.25", "100.67", fee="0.125838", of="USDC")
    found = reckoned({"SOL": has("2"), "USDC": has("0")}, {"SOL": has("0.75"), "USDC": has("125.711663")}, match)
    assert [asset for asset, row in found.items() if not row.agrees] == ["USDC"]


def test_asset_that_changed_for_no_reason_does_not_agree() -> None:
    found = reckoned({"BTC": has("2")}, {"BTC": has("1")})
    assert not found["BTC"].agrees


def test_numbers_stand_below_each_other() -> None:
    assert aligned(["  500", "- 1.25", "= 498.75"]) == ["  500   ", "-   1.25", "= 498.75"]
    assert even([Decimal("165.6"), Decimal("956.51"), Decimal(5)]) == ["165.60", "956.51", "5.00"]
    assert even([]) == []


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("names", "is_plain"),
    [({"TERM": "xterm"}, False), ({"TERM": "dumb"}, True), ({}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, True)],
)
def test_colour_is_for_terminals_that_want_it(names: dict[str, str], is_plain: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Terminal())
    for name in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    assert isinstance(teller_for_this_terminal(), PlainTeller) is is_plain


def test_balances_that_do_not_agree_are_told_loudly(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def one_digit_off(*arguments: object) -> list[Statement]:
        right = statements(*arguments)  # type: ignore[arg-type]
        return [right[0]._replace(after=right[0].after + Decimal("0.00000001")), *right[1:]]

    monkeypatch.setattr(story, "statements", one_digit_off)
    monkeypatch.setattr(story, "LISTEN_S", 0.1)
    monkeypatch.setattr(bargain, "ROOM_S", 0.1)
    monkeypatch.setattr(bargain, "MORE_S", 0.0)
    with pytest.raises(DemoStopped, match="the balances of BTC do not follow from fills and fees"):
        story.run(PlainTeller(), seed=7)
    output = capsys.readouterr().out
    assert "!!! THE BALANCES DO NOT AGREE" in output
    assert "on the exchange: DIFFERENT" in output


def test_exchange_that_cannot_start_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(DemoStopped, match="the local exchange cannot be started"):
        story.run(PlainTeller(), seed=7)


def test_exchange_that_ends_is_named_as_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = host.local_exchange

    @contextmanager
    def short_lived(seed: int):  # type: ignore[no-untyped-def]
        with whole(seed) as served:
            served.process.kill()
            served.process.wait()
            yield served

    monkeypatch.setattr(story, "local_exchange", short_lived)
    with pytest.raises(DemoStopped, match="the local exchange ended with status -9"):
        story.run(PlainTeller(), seed=7)


def test_modules_of_the_demo_are_short() -> None:
    long = [path.name for path in Path(story.__file__).parent.glob("*.py") if len(path.read_text().splitlines()) > 250]
    assert long == []

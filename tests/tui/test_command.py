"""`haversack top`: what is said before the screen opens, what a profile allows, and the picture of the README."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import picture
from cli.command import COMMAND, TOO_LONG_S, environment, run
from haversack import cli
from haversack.cli.profile import open_profile
from haversack.cli.spending import OverLimit
from haversack.cli.top import Counted, top, trading_of
from haversack.credentials import Credentials
from haversack.errors import UsageError
from haversack.tui.permit import Trading
from haversack.wire.orders import PlaceOrder
from served import serve


def profile(folder: Path, name: str, settings: str = "") -> Any:
    """A profile with these settings, in a folder of its own."""
    (folder / "config.toml").write_text(settings, encoding="utf-8")
    names = {"HAVERSACK_CONFIG": str(folder / "config.toml"), "XDG_STATE_HOME": str(folder), "HOME": str(folder)}
    return open_profile(name, environ=names)


def terminal(*, is_one: bool = True) -> Any:
    return SimpleNamespace(
        around=SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: is_one), stdout=SimpleNamespace(isatty=lambda: is_one))
    )


def test_without_a_terminal_it_says_what_else_there_is(tmp_path: Path) -> None:
    done = run("top", cwd=tmp_path, env=environment(tmp_path, HOME=str(tmp_path)))
    assert (done.returncode, done.stdout) == (2, "")
    assert "the live view needs a terminal" in done.stderr


def test_without_textual_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.top, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r'^the live view needs one more library: pip install "haversack\[tui\]"$'):
        top(here=terminal())


def test_help_shows_an_example_without_importing_textual(tmp_path: Path) -> None:
    done = run("top", "--help", cwd=tmp_path, env=environment(tmp_path, PYTHONVERBOSE="1"))
    assert done.returncode == 0
    assert "haversack top BTC_USDC -p live" in done.stdout
    assert "import 'cyclopts'" not in done.stderr
    assert "import 'textual" not in done.stderr


def test_unknown_symbol_and_absent_exchange_are_one_line_before_the_screen_opens(tmp_path: Path) -> None:
    with serve(tmp_path / "exchange") as served:
        address = served.url
        code, output = in_terminal(tmp_path, address, "NOPE_USDC")
        assert (code, output) == (
            2,
            "haversack: no market is called 'NOPE_USDC'; there are SOL_USDC, PYTH_USDC, JTO_USDC, HNT_USDC, BONK_USDC and others",
        )
    code, output = in_terminal(tmp_path, address, "SOL_USDC")
    assert code == 5
    assert f"no connection to {address}" in output
    assert len(output.splitlines()) == 1


def in_terminal(folder: Path, url: str, symbol: str) -> tuple[int, str]:
    """How the command ends in a pseudo terminal, and what it says."""
    (folder / "config.toml").write_text(f'[profiles.sim]\nurl = "{url}"\ntimeout_s = 5\n', encoding="utf-8")
    env = environment(folder, HAVERSACK_CONFIG=str(folder / "config.toml"), HOME=str(folder))
    try:
        ours, theirs = pty.openpty()
    except OSError:
        pytest.skip("this system lends no pseudo terminal: /dev/pts is missing")
    done = subprocess.run(
        [*COMMAND, "top", symbol, "-p", "sim"],
        check=False,
        cwd=folder,
        env=env,
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
        timeout=TOO_LONG_S,
    )
    os.close(theirs)
    os.close(ours)
    return done.returncode, done.stderr.strip()


@pytest.mark.parametrize(
    ("name", "settings", "has_keys", "trading"),
    [
        ("sim", "", True, Trading.FREE),
        ("live", "", True, Trading.READ_ONLY),
        ("live", "[profiles.live]\ntop_orders = true\n", True, Trading.CONFIRMED),
        ("live", "[profiles.live]\ntop_orders = true\n", False, Trading.NO_KEYS),
        ("desk", '[profiles.desk]\nkind = "live"\n', True, Trading.READ_ONLY),
    ],
)
def test_profile_says_what_may_be_sent(tmp_path: Path, name: str, settings: str, has_keys: bool, trading: Trading) -> None:
    assert trading_of(profile(tmp_path, name, settings), has_keys=has_keys) is trading


async def test_order_that_is_worth_more_than_the_profile_allows_is_not_sent(tmp_path: Path) -> None:
    limited = profile(tmp_path, "live", '[profiles.live]\norder_notional_max = "100"\n')
    order = PlaceOrder(symbol="SOL_USDC", side="Bid", order_type="Limit", price="90", quantity="2")
    sent: list[PlaceOrder] = []

    async def send(order: PlaceOrder) -> PlaceOrder:
        sent.append(order)
        return order

    client: Any = SimpleNamespace(send=send)
    with pytest.raises(OverLimit, match="the order is worth 180, and order_notional_max of the profile live is 100"):
        await Counted(limited).place(client, order)
    assert sent == []
    small = PlaceOrder(symbol="SOL_USDC", side="Bid", order_type="Limit", price="90", quantity="1")
    await Counted(limited).place(client, small)
    assert sent == [small]
    assert '"notional":"90"' in (tmp_path / "haversack" / "spent-live.json").read_text(encoding="utf-8")


def test_picture_of_the_readme_fetches_nothing_and_says_what_it_shows() -> None:
    svg = picture.PATH.read_text(encoding="utf-8")
    assert "invented" in svg
    assert "SOL_USDC_PERP" in svg
    assert picture.without_hosts(svg) == svg
    assert "url(http" not in svg
    assert re.findall(r'(?:href|src)="?http', svg) == []
    assert Credentials.__name__ not in svg

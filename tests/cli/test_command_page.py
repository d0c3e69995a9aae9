"""The page about the command keeps its word: its shell blocks run from top to bottom, and what it lists is so."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import msgspec
import pytest

from cli.command import TOO_LONG_S, environment
from haversack.cli.exits import MEANINGS
from haversack.cli.profile.config import read_config
from haversack.cli.profile.places import places
from haversack.cli.profile.sim import stop
from haversack.exchange.control.place import find

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "command.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def test_shell_blocks_run_from_top_to_bottom(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("home")
    command = home / "bin" / "haversack"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m haversack "$@"\n')
    command.chmod(stat.S_IRWXU)
    names = {f"XDG_{name.upper()}_HOME": str(home / name) for name in ("config", "data", "state")}
    env = environment(home, **names)
    script = "set -eu\n" + "\n".join(BLOCKS).replace("haversack init\n", "haversack init --replace\n")
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", script],
            check=False,
            env=env | {"PATH": f"{command.parent}:{env['PATH']}"},
            cwd=home,
            capture_output=True,
            text=True,
            timeout=2 * TOO_LONG_S,
        )
        assert done.returncode == 0, done.stderr
        assert find(home / "data" / "haversack" / "sim") is None
    finally:
        stop(home / "data" / "haversack" / "sim")
    for promise in ("Book of SOL_USDC  [sim]", "Cancelled", "signing string", "profiles.live.order_notional_max", "signed read"):
        assert promise in done.stdout
    assert (home / "fills.csv").read_text().count("\n") >= 2
    error = msgspec.json.decode((home / "error.json").read_text().splitlines()[-1])["error"]
    assert set(error) >= {"category", "code", "message", "retryable", "hint"}


def test_exit_codes_are_those_of_the_command() -> None:
    rows = re.findall(r"^\| (\d+) \| ([\w-]+) \| (.*) \|$", PAGE, re.MULTILINE)
    assert rows == [(str(int(code)), code.name.lower().replace("_", "-"), text) for code, text in MEANINGS.items()]


def test_settings_are_read_and_those_with_a_default_have_it(tmp_path: Path) -> None:
    (text,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    environ = {"HOME": str(tmp_path), "HAVERSACK_CONFIG": str(tmp_path / "config.toml")}
    plain = read_config(places(environ), environ)
    (tmp_path / "config.toml").write_text(text)
    said = read_config(places(environ), environ)
    assert said.of("second").kind == "live"
    for name, table in tomllib.loads(text)["profiles"].items():
        for key in table:
            if key not in ("kind", "data"):
                assert said.of(name)[key] == plain.of(name)[key]

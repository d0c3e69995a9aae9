"""The pages of the documentation keep their word: programs run, links lead somewhere, and the site has all of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from served import Served, serve

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path.name for path in DOCS.glob("*.md"))
# The address that the pages tell to start an exchange at; the tests start theirs elsewhere.
ADDRESS = "127.0.0.1:8787"
# These bring their own exchanges, or run elsewhere: tests/local, tests/cli and tests/test_notebook.py.
ELSEWHERE = ("local-exchange.md", "command.md", "notebooks.md")


def programs(page: str) -> list[str]:
    """The programs of a page."""
    return re.findall(r"^```python\n(.*?)^```$", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


RUN = [page for page in PAGES if programs(page) and page not in ELSEWHERE]

# Lines, or what one of them begins with, that a reader is promised.
PROMISED = {
    "client.md": ("price must be a Decimal, str or int, not float: write price='141.2'", "GET /api/v1/ticker 200 "),
    "orders.md": ("price 20.005 is not a multiple of tick size 0.01",),
    "errors.md": ("400 INVALID_CLIENT_REQUEST Order not found False", "INSUFFICIENT_FUNDS", "price must be a Decimal"),
    "guides.md": (
        *("SOL_USDC_PERP ", "depth.SOL_USDC", "New", "local-exchange-do-not-send-"),
        "instruction=depositAddressQuery&blockchain=Solana&timestamp=1750793021519&window=5000",
    ),
    "keys.md": (),
    "index.md": ("Filled ", "501.4985"),
    "streams.md": ("depth.SOL_USDC",),
    "books.md": (),
    "account.md": (
        *("OrderState.FILLED [] {}", "['TRIGGER_PENDING', 'TRIGGER_PENDING']"),
        *("['FILLED', 'EXPIRED', 'EXPIRED', 'FILLED']", "-0."),
    ),
}


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("exchange")) as served:
        yield served


def run(page: str, served: Served, folder: Path) -> str:
    """The output of all programs of a page, joined to one, in a process that finds nothing but the local exchange."""
    program = "\n".join(programs(page)).replace(ADDRESS, served.url.removeprefix("http://"))
    path = folder / "program.py"
    path.write_text(program + '\nif "client" in globals():\n    client.close()\n', encoding="utf-8")
    command = [sys.executable, "-W", "error", str(path)]
    done = subprocess.run(command, check=False, env=os.environ, cwd=folder, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("page", RUN)
def test_programs_of_a_page_run_from_top_to_bottom(page: str, exchange: Served, tmp_path: Path) -> None:
    output = run(page, exchange, tmp_path)
    for promise in PROMISED[page]:
        assert any(line.startswith(promise) for line in output.splitlines()), output
    if page == "books.md":
        assert "BookCounters(applied=" in output
    if page == "account.md":
        # Health without trouble, and what a new account has, with a trade in it, after haircuts.
        told = re.search(r"\n501\.\d+\n\(\)\n(\d+\.\d+)\n", output)
        assert told is not None, output
        assert 200_000 < Decimal(told[1]) < 600_000


@pytest.mark.parametrize("page", [*(f"docs/{page}" for page in PAGES), "README.md"])
def test_links_lead_to_files_and_to_headings(page: str) -> None:
    path = ROOT / page
    for target, _, heading in re.findall(r"\]\(([^)#]*)(#?)([^)]*)\)", path.read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        file = path.parent / target if target else path
        assert file.exists(), f"{page} points to {target}"
        if heading:
            assert heading in headings(file), f"{page} points to {target}#{heading}"


def headings(file: Path) -> set[str]:
    """The names by which a page's headings are linked to."""
    titles = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def test_every_page_has_its_place_in_the_site() -> None:
    site = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]
    assert sorted(_pages(site["nav"])) == PAGES


def _pages(nav: Any) -> Iterator[str]:
    for entry in nav:
        for place in entry.values():
            if isinstance(place, str):
                yield place
            else:
                yield from _pages(place)

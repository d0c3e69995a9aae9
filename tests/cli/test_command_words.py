"""How a command is called: what is read quickly means what the library would have read, and every help page has an example."""

from __future__ import annotations

import shlex
import subprocess
from importlib.metadata import version
from pathlib import Path
from shutil import which

import pytest

from cli.inside import Inside
from haversack.cli.app import app
from haversack.cli.asked import Asked, _thoroughly, function_of
from haversack.cli.commands import APART, GROUPS, ROWS, Row, find
from haversack.cli.exits import MEANINGS, Exit
from haversack.cli.pages import told_by
from haversack.cli.quick import read

CALLS = [
    "ticker",
    "ticker SOL_USDC --interval 1w",
    "depth SOL_USDC --limit=5",
    "trades SOL_USDC --limit 7",
    "markets --kind perp",
    "order place SOL_USDC bid 1.5 --price 95.20 --post-only --client-id 7 --time-in-force GTC",
    "order place SOL_USDC ask --market --quote-quantity 9 --no-post-only --yes",
    "order cancel SOL_USDC 123",
    "stream depth.SOL_USDC trade.SOL_USDC --count 2",
    "api get_depth symbol=SOL_USDC limit=5 --dry-run",
    "api --list",
    "export fills --csv --since 2026-11-01 --file fills.csv",
    "init --stdin --replace",
    "config show --origin",
]
NOT_PLAIN = [
    "ticker A B",
    "ticker --bar",
    "ticker -x",
    "depth",
    "depth SOL_USDC --limit 7",
    "trades SOL_USDC --limit many",
    "trades SOL_USDC --limit -7",
    "trades SOL_USDC --limit",
    "trades SOL_USDC --limit 1 --limit 2",
    "markets --kind=",
    "order place SOL_USDC buy 1",
    "order cancel -- SOL_USDC",
    "api --list=true",
    "balances everything",
]


def split(call: str) -> tuple[Row, list[str]]:
    row, rest = find(shlex.split(call))
    assert row is not None
    return row, rest


def examples() -> list[tuple[Row, str]]:
    return [(row, example) for row in ROWS for example in told_by(function_of(row)).examples]


@pytest.mark.parametrize("call", CALLS)
def test_what_is_read_quickly_is_what_the_library_reads(call: str) -> None:
    row, rest = split(call)
    function = function_of(row)
    quick = read(function, rest)
    assert quick is not None
    assert (quick.positional, quick.named) == _thoroughly(row, function, rest)


@pytest.mark.parametrize("call", NOT_PLAIN)
def test_what_is_not_plain_is_left_to_the_library(call: str) -> None:
    row, rest = split(call)
    assert read(function_of(row), rest) is None


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.words)
def test_a_command_is_summed_up_as_in_the_list_and_every_page_has_an_example(row: Row) -> None:
    told = told_by(function_of(row))
    assert told.summary.startswith(row.summary.removesuffix("."))
    assert told.examples
    assert row.group in GROUPS


@pytest.mark.parametrize(("row", "example"), examples(), ids=lambda value: value if isinstance(value, str) else "")
def test_an_example_is_a_call_of_its_command(row: Row, example: str) -> None:
    words = shlex.split(example.partition(" > ")[0])
    assert words[0] == "haversack"
    found, rest = find(Asked.of(words[1:]).words)
    assert found == row
    assert read(function_of(row), rest) is not None


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.words)
def test_a_help_page_tells_of_every_parameter_in_at_most_96_columns(row: Row, inside: Inside) -> None:
    done = inside.run(*row.words.split(), "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: haversack {row.words}")
    assert "\nExample: haversack " in done.out
    assert all(len(line) <= 96 for line in done.out.splitlines() if not line.startswith("Example: "))
    assert done.out == inside.run("help", *row.words.split()).out
    assert inside.http.sent == []


def test_the_first_page_lists_every_command(inside: Inside) -> None:
    for call in ((), ("--help",), ("-h",), ("help",)):
        done = inside.run(*call)
        assert done.code == 0
        assert all(f"  {name} " in done.out for name in [*(row.words for row in ROWS), *APART])


def test_commands_with_words_of_their_own_are_listed_apart() -> None:
    assert {name for name in app if not name.startswith("-")} | {"help"} == set(APART)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_learns_the_commands(shell: str, inside: Inside) -> None:
    done = inside.run("completion", shell)
    assert done.code == 0
    assert all(word in done.out for word in ("cancel-all", "open-interest", "doctor", "post-only", "profile", "advance"))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_flag_of_an_order_is_completed_as_its_help_page_has_it(shell: str, inside: Inside) -> None:
    script = inside.run("completion", shell).out
    assert "reduce-only" in script
    assert "no-reduce-only" not in script


def test_a_shell_proposes_files_where_a_file_is_wanted(inside: Inside) -> None:
    lines = inside.run("completion", "fish").out.splitlines()
    assert any("-l file" in line and "-F" in line for line in lines if "export" in line), lines


@pytest.mark.skipif(which("bash") is None, reason="this system has no bash")
def test_bash_completes_words(inside: Inside, tmp_path: Path) -> None:
    script = tmp_path / "completion.bash"
    script.write_text(inside.run("completion", "bash").out)
    ask = (
        f". {script}; COMP_WORDS=(haversack order pl); COMP_CWORD=2; _haversack haversack pl order; echo ${{COMPREPLY[*]}}; "
        "COMP_WORDS=(haversack depth X -o ''); COMP_CWORD=4; _haversack haversack '' -o; echo ${COMPREPLY[*]}"
    )
    done = subprocess.run(["bash", "--norc", "-c", ask], check=True, capture_output=True, text=True)
    assert done.stdout == "place\ntable json ndjson csv\n"


def test_the_version_is_that_of_the_package(inside: Inside) -> None:
    assert inside.run("--version").out == version("haversack") + "\n"


def test_the_exit_codes_are_listed(inside: Inside) -> None:
    listed = inside.run("help", "exit-codes").out
    assert set(MEANINGS) == set(Exit)
    assert all(f" {int(code)}  {code.name.lower().replace('_', '-')}" in listed for code in Exit)


def test_help_on_help_is_the_list_of_all(inside: Inside) -> None:
    assert inside.run("help", "help") == inside.run("help")


def test_help_on_a_command_apart_is_its_page(inside: Inside, capsys: pytest.CaptureFixture[str]) -> None:
    assert inside.run("help", "exchange", "nav").code == 0
    assert "haversack exchange nav [OPTIONS] VAULT WORTH" in capsys.readouterr().out


@pytest.mark.parametrize("topic", ["profiles", "output"])
def test_a_topic_is_explained(topic: str, inside: Inside) -> None:
    done = inside.run("help", topic)
    assert (done.code, done.out.splitlines()[0]) == (0, topic.capitalize())


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ("tickr", "there is no command 'tickr': is it ticker?"),
        ("--nope ticker", "there is no option '--nope' before a command"),
        ("ticker SOL_USDC BTC_USDC", "'BTC_USDC' is not expected here (haversack ticker --help"),
        ("exchange frobnicate", "'frobnicate' is not expected here (haversack exchange --help"),
        ("exchange clock -o json", "-o is of no use here"),
        ("-p live exchange clock", "--profile is of no use here"),
        ("config shwo", "config knows no 'shwo': there is show"),
        ("init --stdin --file x", "give --file or --stdin, not both"),
        ("order plce", "order knows no 'plce': there are place, cancel, cancel-all, status"),
        ("help nothing", "there is no help on 'nothing'"),
        ("depth", "SYMBOL is missing (haversack depth --help"),
        ("depth SOL_USDC --limit", "--limit needs a value (haversack depth --help"),
        ("exchange seed --asset USDC=1", "--key is missing (haversack exchange seed --help"),
        ("ticker -o", "-o needs a value"),
        ("-p sim ticker -p live", "-p is given twice: 'sim' and 'live'"),
        ("stream", "subscribe needs at least one stream"),
        ("stream x --count 0", "--count must be 1 or more"),
        ("order cancel SOL_USDC", "give an order id or --client-id, one of them"),
        ("export fills --since soon", "--since must be a time such as"),
        ("-p live sim stop", "live is a live profile"),
        ("completion csh", "Invalid value"),
    ],
)
def test_a_wrong_call_is_told_in_one_line(call: str, says: str, inside: Inside) -> None:
    done = inside.run(*call.split())
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith("haversack: ")
    assert says in done.err


def test_commands_apart_read_the_common_options_themselves() -> None:
    assert Asked.of(["-p", "live", "exchange", "state"]).words == ["exchange", "--profile", "live", "state"]
    assert Asked.of(["exchange", "-p", "live"]).words == ["exchange", "-p", "live"]
    assert Asked.of(["ticker", "-p", "live"]) == (["ticker"], {"profile": "live"})
    assert Asked.of(["stream", "a", "--", "-p"]).words == ["stream", "a", "--", "-p"]


@pytest.mark.parametrize("call", ["stream trade.SOL_USDC -o csv", "export fills --csv -o json"])
def test_a_form_that_cannot_be_is_refused(call: str, inside: Inside) -> None:
    done = inside.run(*call.split())
    assert (done.code, done.out, '"usage"' in done.err or "usage" in done.err) == (2, "", True)
    assert inside.http.sent == []

"""`haversack help`: a command's page, or what the exit codes, profiles and forms of output mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from haversack.cli import commands, pages
from haversack.cli.commands import FAMILIES
from haversack.cli.exits import MEANINGS
from haversack.cli.here import Surroundings
from haversack.cli.output.printing import Style
from haversack.errors import UsageError


def explain(words: list[str], around: Surroundings) -> None:
    """Print the page of a command or of a topic; that of all commands if none is named."""
    style = around.style_of(around.stdout)
    around.stdout.writelines(line + "\n" for line in _page([word for word in words if not word.startswith("-")], style))


def _page(words: list[str], style: Style) -> Iterator[str]:
    if words in ([], ["help"]):
        return pages.page_of_all(style)
    row, rest = commands.find(words)
    if row is not None and not rest:
        from haversack.cli.asked import function_of

        return pages.page_of(row, function_of(row), style)
    if len(words) == 1 and words[0] in FAMILIES:
        return pages.page_of_family(words[0], style)
    if len(words) == 1 and words[0] in _TOPICS:
        return _TOPICS[words[0]](style)
    raise UsageError(f"there is no help on {' '.join(words)!r}: there are the commands, and {', '.join(_TOPICS)}")


def _exit_codes(style: Style) -> Iterator[str]:
    yield style.bold("Exit codes")
    for code, meaning in MEANINGS.items():
        yield f"  {int(code):>3}  {code.name.lower().replace('_', '-'):<16} {meaning}"


def _profiles(style: Style) -> Iterator[str]:
    yield style.bold("Profiles")
    yield """\
  sim    A local exchange on this machine, started when a command needs it, with invented prices and play money.
         It stops after a quarter of an hour in which nobody uses it, or by `haversack sim stop`, and continues
         where it was when it is needed again. This is the default of the command.
  live   The real exchange, with real money: -p live. Orders are echoed and confirmed (--yes for scripts), and bounded
         by order_notional_max and day_notional_max in the settings. Cancelling is always allowed.

  Settings are in one TOML file (haversack config show says where); keys are in files of their own, made by
  `haversack init`. Both kinds of keys are kept apart: a live key goes to the real exchange and nowhere else.
  HAVERSACK_PROFILE and HAVERSACK_OUTPUT choose for one shell."""


def _output(style: Style) -> Iterator[str]:
    yield style.bold("Output")
    yield """\
  Data is on standard output, everything else on standard error, also what went wrong.

  -o table    for people; columns that do not fit the terminal are left out, and it is said which;
              where too little fits, each row is a block of its fields
  -o json     one document {"profile": ..., "data": ...}, with the exchange's own names
  -o ndjson   one JSON object a line, each with "profile", as they come
  -o csv      a line of names, then one line a row, each with the profile

  Messages of streams are JSON objects, one a line; with -o table a line of words each.
  Decimals are strings in JSON, with all their digits. Errors come in the same form, with category, code, message,
  retryable and hint. NO_COLOR is heeded. Times are UTC."""


_TOPICS: dict[str, Callable[[Style], Iterator[str]]] = {
    "exit-codes": _exit_codes,
    "profiles": _profiles,
    "output": _output,
}

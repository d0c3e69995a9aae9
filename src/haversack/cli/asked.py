"""What was asked for: which command, on which profile, in which form; and its carrying out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from logging import NullHandler, getLogger
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from haversack.cli import commands, quick
from haversack.cli.commands import APART, FAMILIES, Row
from haversack.cli.here import Here, Surroundings
from haversack.cli.profile.config import FORMATS
from haversack.errors import HaversackError, UsageError

if TYPE_CHECKING:
    from cyclopts import CycloptsError

    from haversack.cli.output.printing import Form

_HELP, _VERSION = ("--help", "-h"), "--version"
_COMMON = {"-p": "profile", "--profile": "profile", "-o": "output", "--output": "output"}


_FORMS: dict[str, Form] = {"table": "table", "json": "json", "ndjson": "ndjson", "csv": "csv"}


class Asked(NamedTuple):
    """One call of the command."""

    words: list[str]
    """Without the options that every command has."""
    common: dict[str, str]

    @staticmethod
    def of(arguments: list[str]) -> Asked:
        """What the arguments ask for. A command apart reads the common options itself, if it has them."""
        front: dict[str, str] = {}
        rest = list(arguments)
        while rest and rest[0].partition("=")[0] in _COMMON:
            _take_common(rest, front)
        if rest and rest[0] in APART:
            back = [part for name, value in front.items() for part in (f"--{name}", value)]
            return Asked(rest[:1] + back + rest[1:], {})
        words: list[str] = []
        while rest and rest[0] != "--":
            if rest[0].partition("=")[0] in _COMMON:
                _take_common(rest, front)
            else:
                words.append(rest.pop(0))
        return Asked(words + rest, front)

    def carry_out(self, around: Surroundings) -> None:
        """Do it."""
        form = self.common.get("output")
        if form is not None and form not in FORMATS:
            raise UsageError(f"-o must be one of {', '.join(FORMATS)}, found {form!r}")
        here = Here(around, profile=self.common.get("profile"), form=form)
        row, rest = commands.find(self.words)
        if self.words == [_VERSION]:
            from importlib.metadata import version

            around.stdout.write(version("haversack") + "\n")
        elif len(self.words) > 1 and self.words[0] == "help" != self.words[1] and self.words[1] in APART:
            _apart([*self.words[1:], *_HELP[:1]])
        elif not self.words or self.words[0] in ("help", *_HELP):
            from haversack.cli.help import explain

            explain(self.words[1:], around)
        elif row is not None and any(word in _HELP for word in rest):
            from haversack.cli.help import explain

            explain(row.words.split(), around)
        elif row is not None:
            _call(row, rest, here)
        elif self.words[0] in FAMILIES:
            _family(self.words, around)
        else:
            _apart(self.words)

    def form_of_errors(self, around: Surroundings) -> Form:
        """The form in which errors are told: the one that was asked for, if it can be known."""
        form = self.common.get("output") or around.environ.get("HAVERSACK_OUTPUT") or _form_of_settings(around)
        return _FORMS.get(form, "table")

    def profile_of_errors(self, around: Surroundings) -> str:
        """The profile, if it can be known when everything else may be wrong."""
        return self.common.get("profile") or around.environ.get("HAVERSACK_PROFILE") or _chosen(around)


def function_of(row: Row) -> Callable[..., None]:
    """The function of a command, imported now."""
    module, _, name = row.target.partition(":")
    return cast("Callable[..., None]", getattr(import_module(f"haversack.cli.{module}"), name))


def _chosen(around: Surroundings) -> str:
    try:
        return Here(around).profile.name
    except HaversackError:
        return "sim"


def _form_of_settings(around: Surroundings) -> str:
    try:
        return Here(around).form
    except HaversackError:
        return "table"


def _take_common(rest: list[str], into: dict[str, str]) -> None:
    """Take a common option and its value off the front."""
    written, equals, value = rest.pop(0).partition("=")
    name = _COMMON[written]
    if not equals:
        if not rest:
            raise UsageError(f"{written} needs a value")
        value = rest.pop(0)
    if name in into and into[name] != value:
        raise UsageError(f"{written} is given twice: {into[name]!r} and {value!r}")
    into[name] = value


def _call(row: Row, rest: list[str], here: Here) -> None:
    function = function_of(row)
    call = quick.read(function, rest)
    log = getLogger("haversack")
    if not log.handlers:
        # What goes wrong is told at the end, in one line; that a read is repeated on the way is not.
        log.addHandler(NullHandler())
    positional, named = call if call is not None else _thoroughly(row, function, rest)
    function(*positional, **named, here=here)


def _thoroughly(row: Row, function: Callable[..., None], rest: list[str]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What unusual arguments mean, or what is wrong with them."""
    from cyclopts import App, CycloptsError, Parameter

    app = App(name=f"haversack {row.words}", default_parameter=Parameter(parse=f"^(?!{quick.OWN}$)", negative_iterable=()))
    app.default(function)
    try:
        _, bound, _ = app.parse_args(rest, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        raise UsageError(f"{_what_is_wrong(error)} (haversack {row.words} --help shows how it is used)") from None
    return bound.args, bound.kwargs


def _what_is_wrong(error: CycloptsError) -> str:
    """The library's text in one line; in words where it would show its own parts."""
    from cyclopts import MissingArgumentError, UnknownOptionError, UnusedCliTokensError

    if isinstance(error, MissingArgumentError) and error.argument is not None and not error.tokens_so_far:
        return f"{error.keyword} needs a value" if error.keyword else f"{error.argument.name} is missing"
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        return f"{error.unused_tokens[0]!r} is not expected here"
    if isinstance(error, UnknownOptionError) and error.token.keyword in _COMMON:
        return f"{error.token.keyword} is of no use here: this command has no profile and one form of output"
    return " ".join(str(error).split())


def _family(words: list[str], around: Surroundings) -> None:
    from haversack.cli.help import explain

    others = [word for word in words[1:] if word not in _HELP]
    if others:
        known = [row.words.split()[1] for row in commands.ROWS if row.words.startswith(words[0] + " ")]
        are = "there are" if len(known) > 1 else "there is"
        raise UsageError(f"{words[0]} knows no {others[0]!r}: {are} {', '.join(known)} (haversack {words[0]} --help)")
    explain(words[:1], around)


def _near(word: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word, dict.fromkeys([*(row.words.split()[0] for row in commands.ROWS), *FAMILIES, *APART]), n=2)
    return f": is it {' or '.join(near)}?" if near else ""


def _apart(words: list[str]) -> None:
    from cyclopts import CycloptsError

    from haversack.cli.app import app

    if words[0] not in set(app):
        if words[0].startswith("-"):
            raise UsageError(f"there is no option {words[0]!r} before a command (haversack --help lists what there is)")
        raise UsageError(f"there is no command {words[0]!r}{_near(words[0])} (haversack --help lists them)")
    try:
        app(words, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        asked = " ".join(["haversack", *(error.command_chain or ())])
        raise UsageError(f"{_what_is_wrong(error)} ({asked} --help shows how it is used)") from None
    finally:
        sys.stdout.flush()

"""`haversack completion`: what a shell needs to complete words."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_type_hints

import cyclopts

from haversack.cli.asked import function_of
from haversack.cli.commands import FAMILIES, ROWS
from haversack.cli.here import Here
from haversack.cli.quick import OWN

_Form = Literal["table", "json", "ndjson", "csv"]
_FILES = ("file", "to")
"""Options of all commands whose values are files."""


def completion(shell: Literal["bash", "zsh", "fish"], /, *, here: Here) -> None:
    """Print the shell's completion script.

    Example: haversack completion bash > ~/.local/share/bash-completion/completions/haversack

    Parameters
    ----------
    shell
        Which shell.
    """
    here.around.stdout.write(_app().generate_completion(prog_name="haversack", shell=shell) + "\n")


def _app() -> cyclopts.App:
    """The commands with the options that all of them have, which are read elsewhere."""
    from haversack.cli.app import app

    families = {name: cyclopts.App(name=name, help=summary) for name, summary in FAMILIES.items()}
    whole = cyclopts.App(name="haversack", help=app.help, version_flags=app.version_flags)
    for name in app:
        if not name.startswith("-"):
            whole.command(app[name])
    for family in families.values():
        whole.command(family)
    for row in ROWS:
        first, _, name = row.words.rpartition(" ")
        if row.words in families:
            families[row.words].default(_with_common(function_of(row)))
        else:
            families.get(first, whole).command(_with_common(function_of(row)), name=name, help=row.summary)
    return whole


def _with_common(function: Callable[..., Any]) -> Callable[..., Any]:
    """A stand-in with the function's parameters, and those of every command."""

    def stand_in() -> None:
        """Never called: only its parameters are looked at."""

    hints = get_type_hints(function)
    own = [
        each.replace(annotation=_kind(each.name, hints[each.name]))
        for each in inspect.signature(function).parameters.values()
        if each.name != OWN
    ]
    profile: Any = cyclopts.Parameter(name=("--profile", "-p"))
    form: Any = cyclopts.Parameter(name=("--output", "-o"))
    common = [
        inspect.Parameter("profile", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_annotated(str | None, profile)),
        inspect.Parameter("output", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_annotated(_Form | None, form)),
    ]
    parameters = [*own, *common]
    stand_in.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    stand_in.__annotations__ = {each.name: each.annotation for each in parameters}
    stand_in.__name__ = function.__name__
    return stand_in


def _kind(name: str, kind: Any) -> Any:
    """What a parameter may be; of a flag only the word that the help page has, and not `--no-market` besides."""
    if kind is bool:
        return _annotated(bool, cyclopts.Parameter(negative=""))
    return Path | None if name in _FILES else kind


def _annotated(kind: Any, parameter: Any) -> Any:
    from typing import Annotated

    return Annotated[kind, parameter]

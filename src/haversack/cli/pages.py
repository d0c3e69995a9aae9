"""Help pages, made of what stands in the source: a function's parameters and its docstring."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from haversack.cli.commands import APART, FAMILIES, GROUPS, ROWS, Row
from haversack.cli.output.printing import Style
from haversack.cli.quick import OWN, given_kind, option_of

_WIDTH, _WIDTH_LEAST = 96, 36
_COMMON = (
    ("-p, --profile NAME", "sim (a local exchange, invented prices: the default), live (the real one), or one of your own."),
    ("-o, --output FORM", "table (the default), json, ndjson or csv."),
)
_BEGIN = "Usage: haversack "
_HELD = "\0"
"""Stands for a space at which a line is not broken."""
_PARAMETERS = re.compile(r"\n *Parameters\n *-+\n")
_EXAMPLE = re.compile(r"^Example: (.*)$", re.MULTILINE)


_SHARED = {
    "symbol": "Such as SOL_USDC.",
    "order_id": "The exchange's id of the order.",
    "dry_run": "Print the exact request and what would be signed, and send nothing.",
    "yes": "Confirm it beforehand, for scripts.",
    "csv": "The same as -o csv.",
    "file": "Write to this file, which must not be there yet, instead of standard output.",
}
"""What several commands have, where they say nothing of it themselves."""


class Told(NamedTuple):
    """What a docstring tells."""

    summary: str
    more: tuple[str, ...]
    examples: tuple[str, ...]
    parameters: dict[str, str]


def told_by(function: Callable[..., Any]) -> Told:
    """What the docstring of a command tells of it."""
    text, *listed = _PARAMETERS.split("\n" + (inspect.getdoc(function) or "") + "\n", maxsplit=1)
    paragraphs = [" ".join(part.split()) for part in _EXAMPLE.sub("", text).split("\n\n") if part.strip()]
    return Told(paragraphs[0], tuple(paragraphs[1:]), tuple(_EXAMPLE.findall(text)), _parameters("".join(listed)))


def page_of(row: Row, function: Callable[..., Any], style: Style) -> Iterator[str]:
    """The help page of one command."""
    told = told_by(function)
    hints, notes = get_type_hints(function), get_type_hints(function, include_extras=True)
    parameters = [each for each in inspect.signature(function).parameters.values() if each.name != OWN]
    usage = " ".join([row.words, *(_usage(each, hints[each.name]) for each in parameters)])
    first, *others = textwrap.wrap(usage, _width(style) - len(_BEGIN), break_on_hyphens=False, break_long_words=False)
    yield f"{style.bold('Usage:')} haversack {first.replace(_HELD, ' ')}"
    yield from (" " * len(_BEGIN) + other.replace(_HELD, " ") for other in others)
    yield ""
    for paragraph in (told.summary, *told.more):
        yield from _wrapped(paragraph, style)
        yield ""
    rows = [
        (_written(each, hints[each.name]), _meaning(each.name, told, notes[each.name]) + _default(each)) for each in parameters
    ]
    if rows:
        yield from _listed(rows, style)
        yield ""
    yield style.bold("With every command:")
    yield from _listed(list(_COMMON), style)
    yield ""
    for example in told.examples:
        yield f"{style.bold('Example:')} {example}"
    members = [each for each in ROWS if each.words.startswith(row.words + " ")]
    if members:
        yield ""
        yield from _commands(members, style)


def page_of_all(style: Style) -> Iterator[str]:
    """The first help page: every command with its summary."""
    yield f"{style.bold('Usage:')} haversack COMMAND ..."
    yield ""
    yield from _wrapped("Trade on Backpack Exchange, or on an exchange of your own on this machine.", style)
    for group in GROUPS:
        yield ""
        yield style.bold(group)
        rows = [(each.words, each.summary) for each in ROWS if each.group == group]
        rows += [(name, summary) for name, (summary, of_group) in APART.items() if of_group == group]
        yield from _listed(rows, style, indent="  ")
    yield ""
    yield style.bold("With every command:")
    yield from _listed([*_COMMON, ("--help", "How it is used, with an example."), ("--version", "Of the package.")], style)
    yield ""
    yield f"{style.bold('Example:')} haversack ticker SOL_USDC"


def page_of_family(name: str, style: Style) -> Iterator[str]:
    """What begins with the same word."""
    members = [row for row in ROWS if row.words.startswith(name + " ")]
    yield f"{style.bold('Usage:')} haversack {name} {'|'.join(row.words.split()[1] for row in members)} ..."
    yield ""
    yield FAMILIES[name]
    yield ""
    yield from _commands(members, style)
    yield ""
    yield f"{style.bold('Example:')} haversack {members[0].words} --help"


def _commands(members: list[Row], style: Style) -> Iterator[str]:
    yield style.bold("Commands:")
    yield from _listed([(row.words, row.summary) for row in members], style)


def _usage(parameter: inspect.Parameter, kind: Any) -> str:
    written = _written(parameter, kind)
    if parameter.kind is parameter.VAR_POSITIONAL:
        return f"[{written}...]"
    return written if parameter.default is parameter.empty else f"[{written}]".replace(" ", _HELD)


def _written(parameter: inspect.Parameter, kind: Any) -> str:
    if parameter.kind is not parameter.KEYWORD_ONLY:
        choices = _choices(kind)
        return choices or parameter.name.upper()
    option = option_of(parameter.name)
    if kind is bool:
        return option
    return f"{option} {_choices(kind) or _metavar(kind)}"


def _metavar(kind: Any) -> str:
    return "N" if given_kind(kind) is int else "TEXT"


def _choices(kind: Any) -> str:
    inner = given_kind(kind)
    return "|".join(get_args(inner)) if get_origin(inner) is Literal else ""


def _meaning(name: str, told: Told, kind: Any) -> str:
    """What a parameter is for: from the docstring, from the text beside its type, or what all commands say of it."""
    beside = get_args(kind)[1] if get_origin(kind) is Annotated else ""
    return told.parameters.get(name) or beside or _SHARED[name]


def _default(parameter: inspect.Parameter) -> str:
    is_said = parameter.default not in (None, False, parameter.empty)
    return f" [default: {parameter.default}]" if is_said else ""


def _listed(rows: list[tuple[str, str]], style: Style, *, indent: str = "  ") -> Iterator[str]:
    """Names, and beside them what they mean; below them where a name is long."""
    column = min(max(len(name) for name, _ in rows), 26, _width(style) // 3)
    space = " " * (len(indent) + column + 2)
    for name, text in rows:
        first, *others = textwrap.wrap(text, _width(style) - len(space)) or [""]
        if len(name) > column:
            yield indent + name
            yield space + first
        else:
            yield f"{indent}{name.ljust(column)}  {first}"
        yield from (space + other for other in others)


def _wrapped(text: str, style: Style) -> Iterator[str]:
    yield from textwrap.wrap(text, _width(style))


def _width(style: Style) -> int:
    return max(min(style.width or _WIDTH, _WIDTH), _WIDTH_LEAST)


def _parameters(text: str) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if line and not line.startswith(" "):
            name = line.strip()
            found[name] = []
        elif line.strip():
            found[name].append(line.strip())
    return {name: " ".join(lines) for name, lines in found.items()}

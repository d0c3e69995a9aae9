"""Reads arguments as they are usually written, without the library that reads everything: that one takes longer to load than
most commands to run. What is not understood here, or seems wrong, is left to it, and to its error texts.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

OWN = "here"
"""The parameter that is no argument: what the command runs in."""


class Call(NamedTuple):
    """What a command's function is called with."""

    positional: tuple[Any, ...]
    named: dict[str, Any]


class _StrangeError(Exception):
    """Not understood."""


def read(function: Callable[..., Any], arguments: Sequence[str]) -> Call | None:
    """What the arguments mean to the function; None if that is not plain."""
    try:
        return _Reader(function).read(list(arguments))
    except _StrangeError:
        return None


def option_of(name: str) -> str:
    """How a parameter is written: `--time-in-force`."""
    return "--" + name.replace("_", "-")


def given_kind(kind: Any) -> Any:
    """The type of a value that is given: what may also be None is not None then."""
    if get_origin(kind) in (Union, UnionType):
        return next(part for part in get_args(kind) if part is not NoneType)
    return kind


class _Reader:
    def __init__(self, function: Callable[..., Any]) -> None:
        hints = get_type_hints(function)
        parameters = [each for each in inspect.signature(function).parameters.values() if each.name != OWN]
        self._kinds = {each.name: hints[each.name] for each in parameters}
        self._places = [each for each in parameters if each.kind is each.POSITIONAL_ONLY]
        self._rest = next((each for each in parameters if each.kind is each.VAR_POSITIONAL), None)
        self._options = {option_of(each.name): each for each in parameters if each.kind is each.KEYWORD_ONLY}

    def read(self, arguments: list[str]) -> Call:
        positional: list[str] = []
        named: dict[str, Any] = {}
        while arguments:
            word = arguments.pop(0)
            if word.startswith("--"):
                self._option(word, arguments, named)
            elif word.startswith("-") or not word:
                raise _StrangeError
            else:
                positional.append(word)
        required = [each for each in self._places if each.default is each.empty]
        has_room = self._rest is not None or len(positional) <= len(self._places)
        needs = [each.name for each in self._options.values() if each.default is each.empty]
        if not (len(required) <= len(positional) and has_room and all(name in named for name in needs)):
            raise _StrangeError
        return Call(tuple(self._placed(positional)), named)

    def _option(self, word: str, arguments: list[str], named: dict[str, Any]) -> None:
        written, equals, value = word.partition("=")
        parameter = self._options.get(written)
        denied = self._options.get("--" + written.removeprefix("--no-")) if written.startswith("--no-") else None
        if parameter is None and denied is not None and self._kinds[denied.name] is bool and not equals:
            parameter, given = denied, False
        elif parameter is None:
            raise _StrangeError
        elif self._kinds[parameter.name] is bool:
            if equals:
                raise _StrangeError
            given = True
        else:
            if not equals:
                value = arguments.pop(0) if arguments else ""
            if not value or (value.startswith("-") and not equals):
                raise _StrangeError
            given = _converted(value, self._kinds[parameter.name])
        if parameter.name in named:
            raise _StrangeError
        named[parameter.name] = given

    def _placed(self, words: list[str]) -> list[Any]:
        names = [each.name for each in self._places]
        rest = self._rest.name if self._rest is not None else ""
        return [_converted(word, self._kinds[names[at] if at < len(names) else rest]) for at, word in enumerate(words)]


def _converted(word: str, kind: Any) -> Any:
    kind = given_kind(kind)
    if kind is str:
        return word
    if kind is int and word.isascii() and word.isdigit():
        return int(word)
    if get_origin(kind) is Literal and word in get_args(kind):
        return word
    raise _StrangeError

"""Sizes, names and docstrings."""

import ast
import re
from collections.abc import Iterator

from tidy.source import Finding, Source, annotations_of, name_of

MODULE_LINES_MAX = 400
WIRE_MODULE_LINES_MAX = 500
FUNCTION_LINES_MAX = 50
POSITIONAL_MAX = 4
BANNED_MODULES = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}

TIME_WORDS = {"timestamp", "time", "timeout", "delay", "interval", "window"}
TIME_UNIT = re.compile(r"_(s|ms|us|ns)(_(min|max))?$", re.IGNORECASE)


def module_is_small(source: Source) -> Iterator[Finding]:
    """A module has at most 400 lines; a file of wire types 500."""
    lines_max = WIRE_MODULE_LINES_MAX if source.matches("wire/*") else MODULE_LINES_MAX
    lines = len(source.text.splitlines())
    if lines > lines_max:
        yield source.finding(lines_max + 1, f"found {lines} lines; wanted at most {lines_max}")


def module_says_what_it_is_for(source: Source) -> Iterator[Finding]:
    """Every module has a docstring."""
    if not ast.get_docstring(source.tree):
        yield source.finding(1, "found no docstring; wanted one that says what the module is for")


def module_is_named_for_an_idea(source: Source) -> Iterator[Finding]:
    """No module or folder is called utils, helpers, common or manager."""
    for part in source.inside.removesuffix(".py").split("/"):
        if part.strip("_") in BANNED_MODULES:
            yield source.finding(1, f"found the name {part}; wanted the name of an idea")


def functions_are_small(source: Source) -> Iterator[Finding]:
    """A function has at most 50 lines."""
    for function in source.functions():
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > FUNCTION_LINES_MAX:
            yield source.finding(function, f"found {function.name} with {lines} lines; wanted {FUNCTION_LINES_MAX}")


def parameters_are_named(source: Source) -> Iterator[Finding]:
    """At most four parameters may be given by position, besides self."""
    for function in source.functions():
        positional = [arg.arg for arg in (*function.args.posonlyargs, *function.args.args)]
        count = len(positional) - (positional[:1] in (["self"], ["cls"]))
        if count > POSITIONAL_MAX:
            text = f"found {function.name} with {count} positional parameters; wanted at most {POSITIONAL_MAX}"
            yield source.finding(function, f"{text}, and the rest after *")


def times_end_in_their_unit(source: Source) -> Iterator[Finding]:
    """A parameter or field that is a time in numbers says its unit: _s, _ms, _us or _ns."""
    functions = {function.name for function in source.functions()}
    for name, annotation in annotations_of(source.tree):
        is_number = any(name_of(node) in ("int", "float") for node in ast.walk(annotation))
        is_time = name not in functions and TIME_WORDS & set(name.lower().split("_"))
        if is_number and is_time and not TIME_UNIT.search(name):
            yield source.finding(annotation, f"found {name}; wanted its unit at the end: {name}_ms, {name}_us ...")


def only_the_command_prints(source: Source) -> Iterator[Finding]:
    """Nothing outside cli/ prints."""
    if source.matches("cli/*"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            yield source.finding(node, "found print(); wanted an answer, an error or a log record")


def operations_cite_their_source(source: Source) -> Iterator[Finding]:
    """Every operation's docstring has a `Source:` line; a generic base of operations is none itself."""
    if not source.matches("wire/*"):
        return
    for node in source.classes():
        bases = {name_of(base) for base in node.bases}
        is_operation = ("Operation" in bases and "Generic" not in bases) or (bases and "path" in assigned_in(node))
        if is_operation and not re.search(r"\bSource: \S", ast.get_docstring(node) or ""):
            yield source.finding(node, f"found {node.name} without one; wanted a line `Source: GET /api/v1/...`")


def assigned_in(node: ast.ClassDef) -> set[str]:
    """Names that a class body gives a value to, one by one or several at once."""
    targets = [target for statement in node.body if isinstance(statement, ast.Assign) for target in statement.targets]
    return {name_of(inner) for target in targets for inner in ast.walk(target)}

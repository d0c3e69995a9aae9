"""A source file, read once; a finding; and the pieces of syntax that several rules ask for."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple, TypeAlias

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "src/haversack/"

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


class Finding(NamedTuple):
    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the project's root, with slashes, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def inside(self) -> str:
        """The path within the package: `book/ladder.py`; the whole path for other files."""
        return self.path.removeprefix(PACKAGE)

    def finding(self, node: ast.AST | int, text: str) -> Finding:
        return Finding(self.path, node if isinstance(node, int) else getattr(node, "lineno", 1), text)

    def matches(self, *patterns: str) -> bool:
        return any(fnmatch(self.inside, pattern) for pattern in patterns)

    def functions(self) -> Iterator[Function]:
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))

    def classes(self) -> Iterator[ast.ClassDef]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef))


@cache
def sources(folder: str) -> list[Source]:
    """Every Python file below a folder of the project; read and parsed once for all rules."""
    return [
        Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]


def arguments_of(function: Function) -> list[ast.arg]:
    """All named parameters of a function."""
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def annotations_of(tree: ast.AST) -> list[tuple[str, ast.expr]]:
    """Each annotated name (parameter, field, variable; a function for its answer) with its annotation."""
    found: list[tuple[str, ast.expr]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.annotation:
            found.append((node.arg, node.annotation))
        elif isinstance(node, ast.AnnAssign):
            found.append((name_of(node.target), node.annotation))
        elif isinstance(node, Function) and node.returns:
            found.append((node.name, node.returns))
    return found


def name_of(node: ast.AST) -> str:
    """The last part of a name: `depth` of `self.depth`; nothing for other expressions."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=value):
            return name_of(value)
        case _:
            return ""


def bound_names(tree: ast.AST) -> dict[str, str]:
    """What each imported name stands for: {"now": "time.time"} for `from time import time as now`."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                names[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def dotted(node: ast.AST, names: dict[str, str]) -> str:
    """The full name that an expression such as `dt.datetime.now` stands for; nothing if it is not imported."""
    match node:
        case ast.Name(id=name):
            return names.get(name, "")
        case ast.Attribute(value=value, attr=attr):
            prefix = dotted(value, names)
            return f"{prefix}.{attr}" if prefix else ""
        case _:
            return ""

"""Who may import whom: a room knows only the rooms above it, and the local exchange only a few of those."""

import ast
from collections.abc import Iterator

from tidy.source import PACKAGE, Finding, Source

ROOMS = (
    "clock",
    "errors",
    "tables",
    "wire",
    "units",
    "signing",
    "credentials",
    "rest",
    "book",
    "streams",
    "account",
    "record",
    "client",
    "pictures",
    "exchange",
    "local",
    "tui",
    "cli",
)
# The client and the local exchange know nothing of each other, so that each can prove the other.
NARROW = {"exchange": ("clock", "errors", "wire", "units", "signing", "record")}
# The package's own face, and what `python -m haversack` runs.
FRONT = ("__init__", "__main__")


def room_of(path: str) -> str:
    """The first part of a module's place in the package: `book` for `src/haversack/book/ladder.py`."""
    return path.removeprefix(PACKAGE).partition("/")[0].removesuffix(".py")


def allowed_to(room: str) -> tuple[str, ...]:
    if room in FRONT:
        return ROOMS
    return (*NARROW.get(room, ROOMS[: ROOMS.index(room)]), room)


def imported_rooms(source: Source) -> Iterator[tuple[ast.stmt, str]]:
    """Each import of the package's own modules, as the room it reaches; the package itself is `__init__`."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = absolute(source, node)
            rooms_named = [alias.name for alias in node.names if alias.name in ROOMS]
            beside = len(rooms_named) < len(node.names)
            modules = [f"{module}.{name}" for name in rooms_named] if module == "haversack" else [module]
            modules += [module] if module == "haversack" and beside else []
        else:
            continue
        for parts in (module.split(".") for module in modules):
            if parts[0] == "haversack":
                yield node, parts[1] if len(parts) > 1 else "__init__"


def absolute(source: Source, node: ast.ImportFrom) -> str:
    """The full name of the module that a `from` names, relative or not."""
    if not node.level:
        return node.module or ""
    here = source.path.removeprefix("src/").split("/")[: -node.level]
    return ".".join([*here, *([node.module] if node.module else [])])


def imports_go_up(source: Source) -> Iterator[Finding]:
    """A room imports only the rooms above it."""
    room = room_of(source.path)
    if room not in ROOMS + FRONT:
        yield source.finding(1, f"found a module that is in no room, {room}; wanted one of {', '.join(ROOMS)}")
        return
    allowed = allowed_to(room)
    for node, reached in imported_rooms(source):
        if reached not in allowed:
            wanted = ", ".join(allowed[:-1]) if room not in FRONT else ", ".join(ROOMS)
            yield source.finding(node, f"found {room} importing {reached}; wanted only {wanted or 'nothing of ours'}")

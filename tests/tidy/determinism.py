"""What would make a run differ from the one before it, or a sum from the exchange's: floats, clocks, randomness."""

import ast
from collections.abc import Iterator

from tidy.source import Finding, Function, Source, annotations_of, arguments_of, bound_names, dotted, name_of

EXACT = ("units.py", "signing.py", "book/*", "exchange/*")
FLOATS_ALLOWED = {
    "exchange/crowd*": "the crowd imagines prices; they become ticks before an order is made of them",
}

UNREPEATABLE = (
    *("time." + name for name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")),
    *("time." + name for name in ("process_time", "process_time_ns", "gmtime", "localtime", "ctime")),
    *("datetime.datetime." + name for name in ("now", "utcnow", "today")),
    *("datetime.date.today", "os.urandom", "os.getrandom"),
)
UNREPEATABLE_FAMILIES = ("random.", "secrets.", "uuid.uuid")
CLOCKS_ALLOWED = {
    "clock.py": "the one reader of time and the one source of randomness",
}


def in_seconds(name: str) -> bool:
    return name.lower().endswith("_s")


def everything_in(*nodes: ast.AST | None) -> set[ast.AST]:
    return {inner for node in nodes if node is not None for inner in ast.walk(node)}


def excused_floats(tree: ast.AST) -> set[ast.AST]:
    """Nodes that may say float: a time in seconds, or a test for a float that is about to be refused."""
    excused = everything_in(*(annotation for name, annotation in annotations_of(tree) if in_seconds(name)))
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[target], value=value) if in_seconds(name_of(target)):
                excused |= everything_in(value)
            case ast.AnnAssign(target=target, value=value) | ast.AugAssign(target=target, value=value):
                excused |= everything_in(value) if in_seconds(name_of(target)) else set()
            case ast.keyword(arg=str(name), value=value) if in_seconds(name):
                excused |= everything_in(value)
            case ast.Compare(left=left, comparators=others) if any(in_seconds(name_of(n)) for n in (left, *others)):
                excused |= everything_in(node)
            case ast.Call(func=ast.Name(id="isinstance"), args=[_, kinds]):
                excused |= everything_in(kinds)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                excused |= everything_in(*defaults_in_seconds(node))
    return excused


def defaults_in_seconds(function: Function) -> list[ast.expr | None]:
    """The defaults of the parameters that are times in seconds."""
    positional = [*function.args.posonlyargs, *function.args.args]
    defaults: list[ast.expr | None] = [*function.args.defaults]
    missing: list[ast.expr | None] = [None] * (len(positional) - len(defaults))
    all_defaults = [*missing, *defaults, *function.args.kw_defaults]
    return [default for arg, default in zip(arguments_of(function), all_defaults, strict=True) if in_seconds(arg.arg)]


def money_has_no_floats(source: Source) -> Iterator[Finding]:
    """No float where money, a book or the engine is; only a time in seconds (a name ending in _s) may be one."""
    if not source.matches(*EXACT) or source.matches(*FLOATS_ALLOWED):
        return
    excused = excused_floats(source.tree)
    for node in ast.walk(source.tree):
        if node in excused:
            continue
        match node:
            case ast.Constant(value=float(number)):
                yield source.finding(node, f"found the float {number}; wanted an integer or a Decimal")
            case ast.Name(id="float"):
                yield source.finding(node, "found float; wanted int or Decimal, or a time whose name ends in _s")


def clocks_and_chance_have_one_home(source: Source) -> Iterator[Finding]:
    """Only clock.py reads the time or rolls a die; to name the type of a seeded source is no reading."""
    if source.matches(*CLOCKS_ALLOWED):
        return
    names = bound_names(source.tree)
    annotations = everything_in(*(annotation for _, annotation in annotations_of(source.tree)))
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute | ast.Name) and node not in annotations:
            full = dotted(node, names)
            if full in UNREPEATABLE or full.startswith(UNREPEATABLE_FAMILIES):
                yield source.finding(node, f"found {full}; wanted it asked of haversack.clock")
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr="time"), args=[]) if "loop" in ast.unparse(owner):
                yield source.finding(node, "found the event loop's clock; wanted it asked of haversack.clock")

"""What tests must not do, and what no file of the project may say."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tidy.source import ROOT, Finding, Source, bound_names, dotted

SLEEPS = ("time.sleep", "asyncio.sleep", "anyio.sleep")
SKIPS = ("pytest.skip", "pytest.xfail", "pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail")

# Spelt in parts, so that this file does not say them either.
FOREIGN = {
    "a place on a developer's machine": r"\.\./" + r"shared\b|(?<![\w.-])/" + r"work/",
    "a host of packages": r"pypi\." + r"org|python" + r"hosted\.|registry\.npm" + r"js|index\.crates\." + r"io",
}
FOREIGN_ALLOWED = {".ci/run": "it may look for recordings beside the clone"}
NOT_OURS = ("build", "dist", "data", "__pycache__", "htmlcov")
DOTTED_BUT_OURS = (".ci", ".github", ".gitignore", ".editorconfig")
BYTES_MAX = 5_000_000


def tests_do_not_sleep(source: Source) -> Iterator[Finding]:
    """No test waits for time to pass; sleep(0) only lets others run."""
    names = bound_names(source.tree)
    for node in ast.walk(source.tree):
        if not (isinstance(node, ast.Call) and dotted(node.func, names) in SLEEPS):
            continue
        if [ast.unparse(arg) for arg in node.args] != ["0"]:
            yield source.finding(node, f"found {ast.unparse(node)}; wanted a clock that is moved by hand")


def skips_give_a_reason(source: Source) -> Iterator[Finding]:
    """A skipped test, or one that is expected to fail, says why."""
    names = bound_names(source.tree)
    called = {node.func: node for node in ast.walk(source.tree) if isinstance(node, ast.Call)}
    for node in ast.walk(source.tree):
        full = dotted(node, names)
        if full in SKIPS and not (node in called and gives_reason(called[node], full)):
            yield source.finding(node, f"found {full} without a reason; wanted reason=... with words in it")


def gives_reason(call: ast.Call, full: str) -> bool:
    """Whether the call holds a text that is not empty, where the reason stands."""
    by_name = [keyword.value for keyword in call.keywords if keyword.arg in ("reason", "msg")]
    by_position = call.args[:1] if full in ("pytest.skip", "pytest.xfail", "pytest.mark.skip") else []
    return any(not (isinstance(value, ast.Constant) and not value.value) for value in (*by_name, *by_position))


def nothing_foreign(source: Source) -> Iterator[Finding]:
    """No file names a place on somebody's machine or a host of packages."""
    if source.path in FOREIGN_ALLOWED:
        return
    for number, line in enumerate(source.text.splitlines(), start=1):
        for what, pattern in FOREIGN.items():
            if found := re.search(pattern, line):
                yield source.finding(number, f"found {found.group()}, {what}; wanted nothing of that kind")


def project_files(root: Path = ROOT) -> list[Source]:
    """Every text of the project, found without git: a downloaded archive has none."""
    found: list[Source] = []
    for path in sorted(root.iterdir()):
        if path.name in NOT_OURS or (path.name.startswith(".") and path.name not in DOTTED_BUT_OURS):
            continue
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and "__pycache__" not in file.parts and file.stat().st_size <= BYTES_MAX:
                content = file.read_bytes()
                if b"\0" not in content:
                    found.append(Source(file.relative_to(root).as_posix(), content.decode(errors="replace")))
    return found

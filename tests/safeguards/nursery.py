"""Runs tests against a package with one safeguard switched off, without touching any file.

One process imports the libraries, and nothing of ours, once. For each request it forks a child, in which one module is compiled
from another text; the child runs one test and ends. Requests and replies are lines of JSON: `python -m safeguards.nursery`.
"""

from __future__ import annotations

import contextlib
import importlib.machinery
import io
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple, Self

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "haversack"
LIBRARIES = (
    *("pytest", "hypothesis", "msgspec", "aiohttp.web", "urllib3", "nacl.bindings", "cryptography.hazmat.primitives.asymmetric"),
    *("anyio.pytest_plugin", "anyio._backends._asyncio", "hypothesis.strategies", "sqlite3", "requests", "websockets"),
)
# Not for a single test that is run again and again.
_PLUGINS = ("no:cacheprovider", "anyio.pytest_plugin", "_hypothesis_pytestplugin", "pytest_timeout")
_OUTPUT_MAX = 4_000


class Outcome(NamedTuple):
    """How a test ended: pytest's exit code, and the end of what it printed."""

    code: int
    output: str

    @property
    def passed(self) -> bool:
        return self.code == 0

    @property
    def failed(self) -> bool:
        """Tests ran, and at least one failed; a module that cannot be imported is no failed test."""
        return self.code == 1


class Nursery:
    """The process that forks; use it as a context."""

    def __init__(self) -> None:
        search = os.pathsep.join(map(str, (ROOT / "src", ROOT / "tests", ROOT / "tools")))
        self._storage = tempfile.TemporaryDirectory()
        # Plugins that are found by themselves have their packages rewritten, and ours would be one of them.
        alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        settings = alone | {"PYTHONPATH": search, "HYPOTHESIS_STORAGE_DIRECTORY": self._storage.name, "HAVERSACK_DEPTH": "quick"}
        # In CI pytest writes out whole differences, which takes it longer than to find them.
        outer = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_") and name != "CI"}
        command = [sys.executable, "-m", "safeguards.nursery"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, env=outer | settings, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)

    def run(self, nodes: Sequence[str], *, module: str = "", source: str = "", options: Sequence[str] = ("-x",)) -> Outcome:
        """Run tests with one module of the package made from another source; without one, as it is."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"nodes": list(nodes), "module": module, "source": source, "options": list(options)}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return Outcome(*json.loads(self._process.stdout.readline()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._storage.cleanup()


def module_of(file: str) -> str:
    """The module in a file below the package: `rest/flow.py` is haversack.rest.flow."""
    return ".".join(("haversack", *Path(file).with_suffix("").parts))


class _Other(importlib.machinery.SourceFileLoader):
    """Loads one module from another text."""

    def __init__(self, module: str, path: str, source: str) -> None:
        super().__init__(module, path)
        self._source = source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._source, self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    def __init__(self, module: str, source: str) -> None:
        self._module = module
        self._source = source

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target) if fullname == self._module else None
        if spec is not None and spec.origin is not None:
            spec.loader = _Other(fullname, spec.origin, self._source)
        return spec


def _serve() -> None:
    for name in LIBRARIES:
        __import__(name)
    assert not [name for name in sys.modules if name.partition(".")[0] == "haversack"], "our own modules are loaded too early"
    for line in sys.stdin:
        print(json.dumps(_forked(json.loads(line))), flush=True)


def _forked(request: dict[str, Any]) -> tuple[int, str]:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        code, text = 70, ""
        try:
            code, text = _run(request)
        except BaseException:  # noqa: BLE001  # whatever it is, the parent has to be told
            text = traceback.format_exc()
        finally:
            with os.fdopen(writer, "w", encoding="utf-8") as pipe:
                pipe.write(text[-_OUTPUT_MAX:])
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8", errors="replace") as pipe:
        output = pipe.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), output


def _run(request: dict[str, Any]) -> tuple[int, str]:
    import pytest

    # What is asked for next is none of the child's business, and its test may print to the descriptor of the replies.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(nowhere, descriptor)
    if request["module"]:
        sys.meta_path.insert(0, _Finder(request["module"], request["source"]))
    options = [option for plugin in _PLUGINS for option in ("-p", plugin)]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning", "--hypothesis-seed=0", "--tb=short", "--timeout=20"]
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        code = pytest.main([*options, *request["options"], *request["nodes"]])
    return int(code), told.getvalue()


if __name__ == "__main__":
    _serve()

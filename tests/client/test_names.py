"""What `import haversack` gives, and what it costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import haversack

HEAVY = {"aiohttp", "urllib3", "nacl", "msgspec", "asyncio", "ssl", "yarl", "importlib.metadata"}


def loaded_after(code: str) -> set[str]:
    script = f"import sys; before = set(sys.modules)\n{code}\nprint(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_import_loads_nothing_heavy() -> None:
    assert not loaded_after("import haversack") & HEAVY


def test_blocking_client_needs_no_event_loop_and_no_aiohttp() -> None:
    loaded = loaded_after("import haversack; haversack.Client()")
    assert "urllib3" in loaded
    assert not loaded & {"aiohttp", "asyncio"}


def test_client_with_a_transport_of_its_own_loads_neither_library() -> None:
    code = "import haversack as h; h.Client(h.Credentials.generate(), http=print); h.AsyncClient(http=print)"
    assert not loaded_after(code) & {"aiohttp", "urllib3"}


def test_every_name_is_where_it_is_said_to_be() -> None:
    for name in haversack.__all__:
        assert getattr(haversack, name).__name__ == name


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(haversack.__file__).with_suffix(".pyi").read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    seen = {alias.asname: node.module for node in imports for alias in node.names if alias.asname}
    assert sorted(seen) == sorted(haversack.__all__)
    for name, module in seen.items():
        assert getattr(import_module(str(module)), str(name)) is getattr(haversack, str(name))


def test_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(haversack, "Elephant")
    assert "Client" in dir(haversack)

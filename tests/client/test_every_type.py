"""What the type checker makes of every operation: its answer on a Client, an awaitable of it on an AsyncClient."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import types
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest

from haversack.client import groups
from haversack.client.blocking import Client
from haversack.client.endpoint import Group, endpoint
from haversack.wire.base import answer_type

NAMES: dict[str, Any] = {
    f"{name}.{method}": made.operation
    for name, group in vars(Client()).items()
    if isinstance(group, Group)
    for method, made in vars(type(group)).items()  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(made, endpoint)
}


def shown(answer: Any) -> str:
    """A type as mypy writes it, without the modules."""
    if answer in (None, types.NoneType):
        return "None"
    origin, parts = get_origin(answer), get_args(answer)
    if origin is types.UnionType:
        return " | ".join(shown(part) for part in parts)
    if origin is not None:
        return f"{origin.__name__}[{', '.join(shown(part) for part in parts)}]"
    return str(answer.__name__)


@pytest.fixture(scope="module")
def verdict(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """What mypy says of each line."""
    lines = ["from haversack import AsyncClient, Client", "client, later = Client(), AsyncClient()"]
    for name in NAMES:
        lines += [f"reveal_type(client.{name})", f"reveal_type(later.{name})", f"client.{name}(surely_not_a_parameter=1)"]
    file = tmp_path_factory.mktemp("types") / "program.py"
    file.write_text("\n".join(lines) + "\n")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", str(file.parent / "cache"), str(file)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert not done.stderr
    said: dict[int, str] = {}
    for line in done.stdout.splitlines():
        if found := re.match(r"[^:]+:(\d+): (?:note|error): (.*)", line):
            number = int(found[1])
            said[number] = said.get(number, "") + found[2]
    return said


@pytest.mark.parametrize("name", NAMES)
def test_operation_has_its_type_on_both_clients_and_no_other_parameter(name: str, verdict: dict[int, str]) -> None:
    first = 3 + 3 * list(NAMES).index(name)
    blocking, later, wrong = (re.sub(r"\b[a-z_]+\.", "", verdict[first + offset]) for offset in range(3))
    answer = shown(answer_type(NAMES[name]))
    # mypy writes nothing for a call that returns None.
    assert blocking.endswith((f'-> {answer}"', f"-> {answer}") if answer != "None" else ')"')
    assert later.endswith((f'-> Coroutine[Any, Any, {answer}]"', f"-> Coroutine[Any, Any, {answer}]"))
    assert 'Unexpected keyword argument "surely_not_a_parameter"' in wrong
    for parameter in inspect.signature(NAMES[name]).parameters:
        assert re.search(rf"\b{parameter}: ", blocking), f"{parameter} of {name} is not typed: {blocking}"


def test_all_groups_are_looked_at() -> None:
    kinds = [kind for kind in vars(groups).values() if isinstance(kind, type) and issubclass(kind, Group) and kind is not Group]
    assert len({name.partition(".")[0] for name in NAMES}) == len(kinds)

"""The parameters of an operation, as its source says them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any


def written_parameters(operation: Callable[..., Any]) -> list[inspect.Parameter]:
    """What an operation is called with, typed as in the source and not as on the wire."""
    bases = reversed(getattr(operation, "__mro__", ()))
    written = {name: note for base in bases for name, note in vars(base).get("__annotations__", {}).items()}
    return [
        parameter.replace(annotation=written.get(name, parameter.annotation))
        for name, parameter in inspect.signature(operation).parameters.items()
    ]

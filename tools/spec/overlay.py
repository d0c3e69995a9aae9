"""An OpenAPI document with later facts laid over it.

An overlay has the form of the document itself, and holds only what changed: what is new is added, a key that is null is removed,
`x-removed` names members of the lists and mappings beside it that are gone. Parameters are known by their names.
"""

from __future__ import annotations

from typing import Any

REMOVED = "x-removed"


def overlaid(document: Any, overlay: Any) -> Any:
    """The document with what the overlay says; neither is changed."""
    if isinstance(document, dict) and isinstance(overlay, dict):
        return _merged(document, overlay)
    if isinstance(document, list) and isinstance(overlay, list):
        return _joined(document, overlay)
    return overlay


def _merged(document: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    gone = set(overlay.get(REMOVED, ()))
    merged = {key: _without(value, gone) for key, value in document.items()}
    for key, value in overlay.items():
        if value is None:
            merged.pop(key, None)
        elif key != REMOVED:
            merged[key] = overlaid(merged[key], value) if key in merged else overlaid({}, value)
    return merged


def _without(value: Any, gone: set[str]) -> Any:
    if isinstance(value, list):
        return [item for item in value if _name(item) not in gone]
    if isinstance(value, dict):
        return {key: item for key, item in value.items() if key not in gone}
    return value


def _joined(document: list[Any], overlay: list[Any]) -> list[Any]:
    changes = {_name(item): item for item in overlay}
    kept = [overlaid(item, changes.pop(_name(item), item)) for item in document]
    return kept + [item for name, item in changes.items()]


def _name(item: Any) -> str:
    """What a member of a list is known by."""
    return str(item.get("name", item)) if isinstance(item, dict) else str(item)

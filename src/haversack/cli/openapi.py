"""`haversack openapi`: the API as this package knows it, for tools that read OpenAPI."""

from __future__ import annotations

import json
from importlib.metadata import version

from haversack.wire.openapi import document


def openapi() -> None:
    """Print what the client knows of the exchange's API as an OpenAPI 3.0 document, in JSON."""
    print(json.dumps(document(version=version("haversack")), indent=2, ensure_ascii=False))

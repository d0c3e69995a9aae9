"""`haversack openapi`: one JSON document on standard output."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

from cli.command import environment, run
from haversack.wire.openapi import document


def test_openapi_prints_the_document_of_this_version(tmp_path: Path) -> None:
    done = run("openapi", cwd=tmp_path, env=environment(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == document(version=version("haversack"))
    assert list(tmp_path.iterdir()) == []

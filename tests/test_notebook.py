"""The notebook of the examples, and the cells of the page on notebooks, run in a kernel, from top to bottom, without network."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "notebooks.md"
NOTEBOOK = ROOT / "examples" / "notebook.ipynb"
TOO_LONG_S = 60

# Put before the first cell: whatever would reach beyond this machine fails, and so does whatever is warned of.
GUARD = """
import socket, sys, warnings
def _refuse(event, arguments):
    if event == "socket.connect" and arguments[0].family != socket.AF_UNIX and arguments[1][0] not in ("127.0.0.1", "::1"):
        raise AssertionError(f"a notebook reached for {arguments[1]}")
sys.addaudithook(_refuse)
warnings.simplefilter("error")
"""


@pytest.fixture(autouse=True)
def kernels_own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))


def executed(notebook: Any, folder: Path) -> dict[str, Any]:
    """The outputs of every cell by its id, after all of them ran; a cell that raises is an error here."""
    import nbclient

    notebook.cells.insert(0, _nbformat().v4.new_code_cell(GUARD))
    with warnings.catch_warnings():
        # Those of the kernel's own machinery; what our cells warn of is an error inside the kernel.
        warnings.simplefilter("ignore")
        client = nbclient.NotebookClient(notebook, timeout=TOO_LONG_S, resources={"metadata": {"path": str(folder)}})
        client.execute()
    return {cell["id"]: cell.get("outputs", []) for cell in notebook.cells}


def _nbformat() -> Any:
    import nbformat

    return nbformat


def html(outputs: Any) -> str:
    """What a notebook shows of a cell that shows a table."""
    (output,) = outputs
    return str(output["data"]["text/html"])


def test_notebook_runs_and_shows_books_orders_frames_and_pictures(tmp_path: Path) -> None:
    outputs = executed(_nbformat().read(NOTEBOOK, as_version=4), tmp_path)
    assert "SOL_USDC" in html(outputs["ticker"])
    assert "best bid" in html(outputs["book"])
    assert "AsyncBook SOL_USDC is not in sync" in html(outputs["closed-book"])
    assert html(outputs["orders"]).count("<tr>") == 1 + 2
    assert "OPEN, rests in the book" in html(outputs["order"])
    assert "decimal" in html(outputs["frame"])
    for name in ("candles", "depth"):
        (output,) = outputs[name]
        assert "image/png" in output["data"]
    assert re.fullmatch(r"[\d.]+ [\d.]+ [\d.]+\n", outputs["blocking-book"][0]["text"])
    assert "Filled" in html(outputs["blocking-order"])
    assert html(outputs["fills"]).count("<tr>") >= 1 + 1
    assert list(tmp_path.glob("*.ipynb")) == []


def test_cells_of_the_page_run_from_top_to_bottom(tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    v4 = _nbformat().v4
    notebook = v4.new_notebook(cells=[v4.new_code_cell(block, id=str(place)) for place, block in enumerate(blocks)])
    outputs = executed(notebook, tmp_path)
    assert outputs["1"][0]["text"].startswith("best ")
    assert "Decimal('" in outputs["2"][0]["text"]
    assert "image/png" in outputs["3"][0]["data"]
    assert (tmp_path / "candles.svg").read_bytes().startswith(b"<?xml")
    assert len(blocks) == 5


def test_notebook_is_stored_without_outputs_and_without_paths() -> None:
    nbformat = _nbformat()
    text = NOTEBOOK.read_text(encoding="utf-8")
    notebook: Any = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert len(text) < 10_000
    assert not re.search(r"/home/|/tmp/|/root/|/Users/|[A-Z]:\\\\", text)

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


def nbformat() -> Any:
    # Half of its types are missing.
    import nbformat

    return nbformat


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the cells run."""
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture(scope="module")
def outputs(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The outputs of every cell by its id, after all of them ran; a cell that raises is an error here.

    Those of the page run in the same kernel, which takes seconds to start, after everything was forgotten.
    """
    import nbclient

    v4 = nbformat().v4
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    notebook = nbformat().read(NOTEBOOK, as_version=4)
    notebook.cells.insert(0, v4.new_code_cell(GUARD))
    notebook.cells.append(v4.new_code_cell("%reset -f"))
    notebook.cells += [v4.new_code_cell(block, id=f"page-{place}") for place, block in enumerate(blocks)]
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name.lower())))
        # Those of the kernel's own machinery; what our cells warn of is an error inside the kernel.
        warnings.simplefilter("ignore")
        nbclient.NotebookClient(notebook, timeout=TOO_LONG_S, resources={"metadata": {"path": str(folder)}}).execute()
    return {cell["id"]: cell.get("outputs", []) for cell in notebook.cells}


def html(outputs: Any) -> str:
    """What a notebook shows of a cell that shows a table."""
    (output,) = outputs
    return str(output["data"]["text/html"])


def test_notebook_runs_and_shows_books_orders_frames_and_pictures(outputs: dict[str, Any]) -> None:
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


def test_cells_of_the_page_run_from_top_to_bottom(outputs: dict[str, Any], folder: Path) -> None:
    assert outputs["page-1"][0]["text"].startswith("best ")
    assert "Decimal('" in outputs["page-2"][0]["text"]
    assert "image/png" in outputs["page-3"][0]["data"]
    assert [path.name for path in folder.iterdir()] == ["candles.svg"]
    assert "page-4" in outputs
    assert "page-5" not in outputs


def test_notebook_is_stored_without_outputs_and_without_paths() -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")
    notebook = nbformat().reads(text, as_version=4)
    nbformat().validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert len(text) < 10_000
    assert not re.search(r"/home/|/tmp/|/root/|/Users/|[A-Z]:\\\\", text)

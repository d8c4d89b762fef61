"""Every block of docs/python.md, in its order, and every cell of docs/python.ipynb does what it says."""

import ast
import json
import re
import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
CELLS: list[dict[str, Any]] = json.loads((DOCS / "python.ipynb").read_text(encoding="utf-8"))["cells"]


def run(code: str, names: dict[str, Any]) -> Any:
    """Run a cell, as a notebook does; returns the value of its last line."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names) if isinstance(last, ast.Expr) else None


@pytest.fixture
def home(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(photos, tmp_path / "Pictures")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_runs(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = BLOCK.findall((DOCS / "python.md").read_text(encoding="utf-8"))
    names: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # what a user should know about a question
        for block in blocks:
            run(block, names)
    assert len(blocks) >= 6
    assert names["hits"][0].path.name == "coffee.png"
    assert names["cats"][0].path.name == "chelsea.png"
    assert names["flowers"][0].path.name == "flower.jpg"
    assert names["scores"].shape == (len(names["photos"]), 2)
    assert len(names["table"]) == 3
    assert (home / "sheet.png").is_file()
    assert "not an image" in capsys.readouterr().out


def test_the_notebook_runs(home: Path) -> None:
    names: dict[str, Any] = {}
    shown = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for cell in CELLS:
            if cell["cell_type"] == "code":
                value = run("".join(cell["source"]), names)
                shown.append(value._repr_html_() if hasattr(value, "_repr_html_") else value)
    assert sum(isinstance(html, str) and "<svg" in html for html in shown) == 3
    assert names["scores"].shape == (8, 3)


def test_the_notebook_is_cleared() -> None:
    code = [cell for cell in CELLS if cell["cell_type"] == "code"]
    assert len(code) >= 8
    assert [cell for cell in code if cell["outputs"] or cell["execution_count"] is not None] == []

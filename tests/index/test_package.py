"""The shelf as a package: what it exports, and what importing it does not load."""

import ast
import subprocess
import sys
from pathlib import Path

import index

PACKAGE = Path(index.__file__).parent


def test_every_exported_name_exists_and_is_documented() -> None:
    assert sorted(set(index.__all__)) == sorted(index.__all__)
    for name in index.__all__:
        assert name in ("FLAT_LIMIT", "Generated") or getattr(index, name).__doc__


def test_every_error_is_an_engine_error() -> None:
    errors = [getattr(index, name) for name in index.__all__ if name.endswith("Error")]
    assert len(errors) == 7
    assert all(issubclass(error, index.EngineError) for error in errors)


def test_one_file_imports_faiss_and_none_imports_torch_engine_or_ui() -> None:
    importers = set()
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            roots = {name.split(".")[0] for name in names}
            assert not roots & {"torch", "engine", "ui"}, path
            if "faiss" in roots:
                importers.add(path.name)
    assert importers == {"faiss_store.py"}


def test_importing_the_shelf_loads_neither_faiss_nor_alembic() -> None:
    code = "import sys, index; sys.exit(' '.join({'faiss', 'alembic', 'torch'} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")

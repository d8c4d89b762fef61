"""The index as a package: what it exports, and what importing it does not load."""

import subprocess
import sys
from pathlib import Path

import index

PACKAGE = Path(index.__file__).parent


def test_every_exported_name_exists_and_is_documented() -> None:
    assert sorted(set(index.__all__)) == sorted(index.__all__)
    for name in index.__all__:
        assert name in ("FLAT_LIMIT", "Generated", "Copies", "DatePrecision", "Hidden") or getattr(index, name).__doc__


def test_every_error_is_an_engine_error() -> None:
    errors = [getattr(index, name) for name in index.__all__ if name.endswith("Error")]
    assert len(errors) == 11
    assert all(issubclass(error, index.EngineError) for error in errors)


def test_importing_the_index_loads_neither_faiss_nor_alembic() -> None:
    code = "import sys, index; sys.exit(' '.join({'faiss', 'alembic', 'torch'} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")

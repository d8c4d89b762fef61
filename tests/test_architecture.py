"""The house: ui → engine → index, each library in its place, every file with one stated reason to exist."""

import ast
import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("engine", "index", "ui")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
NAMES = [str(path.relative_to(ROOT)) for path in FILES]
LONGEST_FILE = 350

MAY_NOT_IMPORT = {
    "engine": {"ui", "faiss", "sqlalchemy", "alembic", "streamlit", "fastapi", "uvicorn", "typer", "rich"},
    "index": {"engine", "ui", "torch", "torchvision", "onnxruntime", "streamlit", "fastapi", "typer", "rich"},
    "ui": {"torch", "torchvision", "faiss", "sqlalchemy", "alembic", "onnxruntime"},
}
SQL_BUILDERS = {"select", "insert", "update", "delete", "text"}


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(tree: ast.AST, path: Path) -> Iterator[str]:
    """Every module imported in a file, inside functions too; relative imports by their full name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = path.relative_to(ROOT).parent.parts
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            yield ".".join([*base, *([node.module] if node.module else [])])
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield from (str(argument.value) for argument in node.args if isinstance(argument, ast.Constant))


def roots_of(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports_of(ast.parse(path.read_text(encoding="utf-8")), path)}


def test_there_is_something_to_check() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in FILES} == set(PACKAGES)
    assert len(FILES) > 50


def test_imports_inside_functions_and_relative_ones_are_seen() -> None:
    code = "def f():\n    import torch.nn\n    from . import cli\n    importlib.import_module('faiss')\n"
    found = set(imports_of(ast.parse(code), ROOT / "ui" / "present.py"))
    assert found == {"torch.nn", "ui", "faiss"}


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_arrows_run_one_way_and_libraries_stay_in_their_package(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    assert not roots_of(path) & MAY_NOT_IMPORT[package]


def test_one_file_imports_faiss() -> None:
    assert [name for path, name in zip(FILES, NAMES, strict=True) if "faiss" in roots_of(path)] == [
        str(Path("index", "faiss_store.py"))
    ]


def sql_in(tree: ast.AST) -> Iterator[str]:
    """Statements in a file: names of SQLAlchemy's builders that are imported, and texts that read like SQL."""
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sqlalchemy":
            yield from (alias.name for alias in node.names if alias.name in SQL_BUILDERS)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            words = node.value.split()
            starts = [
                ("SELECT",),
                ("INSERT", "INTO"),
                ("DELETE", "FROM"),
                ("UPDATE",),
                ("PRAGMA",),
                ("CREATE", "TABLE"),
            ]
            yield from (" ".join(start) for start in starts if tuple(words[: len(start)]) == start)


@pytest.mark.parametrize("name", [name for name in NAMES if Path(name).parts[0] != "index"])
def test_statements_are_written_in_the_index_only(name: str) -> None:
    assert list(sql_in(ast.parse((ROOT / name).read_text(encoding="utf-8")))) == []


def test_statements_are_recognised() -> None:
    assert list(sql_in(ast.parse("from sqlalchemy import select\nx = 'SELECT 1'"))) == ["select", "SELECT"]
    assert list(sql_in(ast.parse('"""SELECT is a word."""\nx = "Select a photo"'))) == []


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_every_file_says_what_it_is_for_and_is_short(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert (ast.get_docstring(ast.parse(source)) or "").strip(), "no docstring"
    assert len(source.splitlines()) <= LONGEST_FILE
    assert path.stem not in {"utils", "util", "helpers", "helper", "common", "misc"}


def test_migrations_do_not_hide_the_library_of_their_name() -> None:
    assert (ROOT / "alembic" / "env.py").is_file()
    assert not (ROOT / "alembic" / "__init__.py").exists()


@pytest.mark.parametrize("name", [name for name in map(module_of, FILES) if not name.startswith("ui.web.")])
def test_exported_names_exist_once(name: str) -> None:
    module = importlib.import_module(name)
    exported = getattr(module, "__all__", [])
    assert len(set(exported)) == len(exported)
    assert [entry for entry in exported if not hasattr(module, entry)] == []


def test_the_engine_and_the_index_say_what_they_export() -> None:
    import engine
    import index

    assert "Engine" in engine.__all__
    assert "LibraryReader" in index.__all__
    with pytest.raises(AttributeError, match="no attribute 'Motor'"):
        _ = engine.Motor


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("ui.cli.main", {"torch", "torchvision", "faiss", "onnxruntime", "fastapi", "uvicorn"}),
        ("engine", {"torch", "faiss"}),
    ],
)
def test_help_does_not_wait_for_heavy_libraries(module: str, heavy: set[str]) -> None:
    code = f"import sys, {module}; print(*sorted({heavy!r} & set(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == []

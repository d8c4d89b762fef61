"""The house: ui → engine → index, its rooms in order, each library in its place, one reason to exist for each file."""

import ast
import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LONGEST_FILE = 350

# Rooms from the ground up: a room uses what stands in earlier lines, and itself; rooms of one line know nothing of
# each other. A name is a folder or a file of the package; `.` stands for the files named nowhere else.
ORDER = {
    "index": [
        "choices", "errors values word_folding curated", "address", "store", "catalogue scoring", "candidates qdrant",
        ".", "server", "opening", "maintenance exchange", "__init__",
    ],
    "engine": [
        "errors types", "boxes pretrained", "runtime", "photos language vision drawing reading", "results", "alignment",
        "models", "encoders", "captioning search", "library", "checkup opened watching", "one_photo", "encoding", "api",
        "sharing", "__init__", "research",
    ],
    "ui": ["__init__", "shared", "service web mcp", "cli"],
}  # fmt: skip
MAY_IMPORT_RESEARCH = {"ui.cli.evaluate"}

MAY_NOT_IMPORT = {
    "engine": {"ui", "faiss", "sqlalchemy", "alembic", "streamlit", "fastapi", "uvicorn", "typer", "rich"},
    "index": {"engine", "ui", "torch", "torchvision", "onnxruntime", "streamlit", "fastapi", "typer", "rich"},
    "ui": {"torch", "torchvision", "faiss", "sqlalchemy", "alembic", "onnxruntime"},
}
SQL_BUILDERS = {"select", "insert", "update", "delete", "text"}
SQL_STARTS = [("SELECT",), ("INSERT", "INTO"), ("DELETE", "FROM"), ("UPDATE",), ("PRAGMA",), ("CREATE", "TABLE")]


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


TREES = {
    path: ast.parse(path.read_text(encoding="utf-8")) for package in ORDER for path in (ROOT / package).rglob("*.py")
}


def imports_of(tree: ast.AST, path: Path) -> Iterator[str]:
    """Every module imported in a file, inside functions and for type checkers too; relative imports by full name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = path.relative_to(ROOT).parent.parts
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield from (str(argument.value) for argument in node.args if isinstance(argument, ast.Constant))


def level_of(name: str) -> tuple[int, str]:
    """The line of ORDER that a module of ours stands in, and its room."""
    package, *rest = name.split(".")
    room = rest[0] if rest else "__init__"
    levels = {each: level for level, line in enumerate(ORDER[package]) for each in line.split()}
    if room not in levels and not (ROOT / package / room).is_dir() and not (ROOT / package / f"{room}.py").is_file():
        room = "__init__"  # a name that the package itself exports
    room = room if room in levels else "."
    return levels.get(room, -1), room


def against_the_order() -> Iterator[str]:
    for path, tree in TREES.items():
        name = module_of(path)
        package = name.split(".")[0]
        level, room = level_of(name)
        if level < 0:
            yield f"{name} stands in no room"
        for other in imports_of(tree, path):
            if other.split(".")[0] != package or room == "__init__":
                continue
            its_level, its_room = level_of(other)
            if its_room == "research" and room != "research":
                yield f"{name} → {other}: research is at the end of the house"
            elif its_level > level or (its_level == level and its_room != room):
                yield f"{name} → {other}"


def test_a_room_uses_only_what_stands_before_it() -> None:
    assert list(against_the_order()) == []


def test_only_evaluation_and_scripts_use_research() -> None:
    users = {
        module_of(path)
        for path, tree in TREES.items()
        for other in imports_of(tree, path)
        if other.startswith("engine.research") and not module_of(path).startswith("engine.research")
    }
    assert {user for user in users if not user.startswith(tuple(MAY_IMPORT_RESEARCH))} == set()


def test_no_two_files_need_each_other() -> None:
    modules = {module_of(path): path for path in TREES}
    arrows = {
        name: {
            known
            for other in imports_of(TREES[path], path)
            for known in (other, other.rpartition(".")[0])
            if known in modules and known != name and modules[known].name != "__init__.py"
        }
        for name, path in modules.items()
    }
    remaining = dict(arrows)
    while free := [name for name, others in remaining.items() if not others & remaining.keys()]:
        for name in free:
            del remaining[name]
    assert sorted(remaining) == []


def test_libraries_stay_in_their_package() -> None:
    offenders = [
        f"{module_of(path)} → {other}"
        for path, tree in TREES.items()
        for other in imports_of(tree, path)
        if other.split(".")[0] in MAY_NOT_IMPORT[module_of(path).split(".")[0]]
    ]
    assert offenders == []


def test_one_file_imports_faiss() -> None:
    users = {module_of(path) for path, tree in TREES.items() for name in imports_of(tree, path) if name[:5] == "faiss"}
    assert users == {"index.candidates.faiss_store"}


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
            yield from (" ".join(start) for start in SQL_STARTS if tuple(words[: len(start)]) == start)


def test_statements_are_written_in_the_catalogue_only() -> None:
    users = {module_of(path) for path, tree in TREES.items() if list(sql_in(tree))}
    assert {user for user in users if not user.startswith("index.catalogue.")} == set()


def test_statements_and_imports_are_recognised() -> None:
    assert list(sql_in(ast.parse("from sqlalchemy import select\nx = 'SELECT 1'"))) == ["select", "SELECT"]
    assert list(sql_in(ast.parse('"""SELECT is a word."""\nx = "Select a photo"'))) == []
    code = "def f():\n    import torch.nn\n    from . import cli\n    importlib.import_module('faiss')\n"
    assert set(imports_of(ast.parse(code), ROOT / "ui" / "present.py")) == {"torch.nn", "ui.cli", "faiss"}
    assert level_of("index.store.layout") < level_of("index.catalogue.photos") < level_of("index.reader")
    assert level_of("index.Query")[1] == "__init__"
    assert len(TREES) > 200


def test_every_file_says_what_it_is_for_and_is_short() -> None:
    offenders = []
    for path, tree in TREES.items():
        if not (ast.get_docstring(tree) or "").strip():
            offenders.append(f"{path}: no docstring")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE:
            offenders.append(f"{path}: {lines} lines")
        if path.stem in {"utils", "util", "helpers", "helper", "common", "misc"}:
            offenders.append(f"{path}: a name that says nothing")
    assert offenders == []


def test_migrations_do_not_hide_the_library_of_their_name() -> None:
    assert (ROOT / "alembic" / "env.py").is_file()
    assert not (ROOT / "alembic" / "__init__.py").exists()


def test_exported_names_exist_once() -> None:
    offenders = []
    for name in map(module_of, TREES):
        if name.startswith("ui.web."):  # Streamlit draws a page where it is imported
            continue
        module = importlib.import_module(name)
        exported = getattr(module, "__all__", [])
        offenders += [f"{name}.{entry} twice" for entry in set(exported) if exported.count(entry) > 1]
        offenders += [f"{name}.{entry} is not there" for entry in exported if not hasattr(module, entry)]
    assert offenders == []


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
        ("engine.search.opening", {"torch", "faiss", "sqlalchemy.orm", "sqlalchemy.dialects.postgresql"}),
    ],
)
def test_help_does_not_wait_for_heavy_libraries(module: str, heavy: set[str]) -> None:
    code = f"import sys, {module}; print(*sorted({heavy!r} & set(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == []

"""The extras of this project: whether one is here, and the command that brings it into the environment that runs."""

import re
import sys
from importlib.util import find_spec
from pathlib import Path

DISTRIBUTION = "visual-semantic-engine"
MODULES = {
    "encoders": ("open_clip",), "evaluation": ("pycocoevalcap",), "mcp": ("mcp",), "ocr": ("rapidocr",),
    "pandas": ("pandas",), "postgres": ("psycopg",), "preview": ("textual_image",), "qdrant": ("qdrant_client",),
    "raw": ("rawpy",), "remote": ("fsspec", "s3fs"), "scale": ("ray",), "web": ("streamlit",),
    "serve": ("fastapi", "prometheus_client", "python_multipart", "uvicorn"),
}  # fmt: skip
"""What is imported of each extra."""


def is_installed(extra: str) -> bool:
    """Whether every module of an extra can be imported."""
    return all(map(find_spec, MODULES[extra]))


def extra_command(extra: str) -> str:
    """A line for a shell that installs what an extra needs: its packages, since the project itself is on no index."""
    from importlib.metadata import PackageNotFoundError, requires  # 20 ms, and only bad news asks for it

    try:
        marked = [line.partition(";") for line in requires(DISTRIBUTION) or []]
    except PackageNotFoundError:
        marked = []
    packages = [name.strip() for name, _, marker in marked if re.search(rf"extra\s*==\s*['\"]{extra}['\"]", marker)]
    return install_command(*packages or [f".[{extra}]"])  # without metadata this runs in a checkout


def install_command(*packages: str, again: bool = False) -> str:
    """A line for a shell that installs packages beside this process's own, by pipx, pip or uv, whichever made it.

    With ``again`` they are installed even if they seem to be there, and nothing that they need is.
    """
    prefix = Path(sys.prefix)
    words = " ".join(map(_quoted, packages))
    if (prefix / "pipx_metadata.json").is_file():
        return f"pipx inject {'--force --pip-args=--no-deps ' * again}{_quoted(prefix.name)} {words}"
    pip = f"{_quoted(sys.executable)} -m pip" if find_spec("pip") else "uv pip"
    into = "" if find_spec("pip") else f" --python {_quoted(sys.executable)}"
    return f"{pip} install{into} {'--force-reinstall --no-deps ' * again}{words}"


def _quoted(word: str) -> str:
    """A word as shells of every system read it: none of the words here has a quote or a dollar sign."""
    return word if re.fullmatch(r"[\w./\\:=-]+", word) else f'"{word}"'

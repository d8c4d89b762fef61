"""Runs Python as a user who may read a library and not write it: what it prints, and what is done meanwhile."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

_BEGIN = """
import os, sys
from pathlib import Path
FOLDER = Path(sys.argv[1])
def become_another():  # root may write anywhere: give up its rights, once all is imported
    if os.geteuid() == 0:
        try:
            os.setgroups([]); os.setgid(65534); os.setuid(65534)
        except OSError as error:
            tell("skip:", error)
            raise SystemExit
def tell(*what):
    print(*what, flush=True)
def wait():
    sys.stdin.readline()
"""


@contextmanager
def public_folder() -> Iterator[Path]:
    """A folder that everybody may look into and only its owner may write to."""
    with tempfile.TemporaryDirectory() as base:
        Path(base).chmod(0o755)
        yield Path(base)


class OtherUser:
    """A process that runs `code`, in which FOLDER, become_another(), tell(…) and wait() are there; else a skip."""

    def __init__(self, code: str, folder: Path) -> None:
        if os.name == "nt":
            pytest.skip("permissions of folders are a matter of Unix")
        if os.geteuid() != 0:
            pytest.skip("only root can become another user: run the tests as root, as in a container")
        self._process = subprocess.Popen(
            [sys.executable, "-c", _BEGIN + code, str(folder)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def hear(self) -> str:
        """The next line that it tells."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline().rstrip("\n")
        if line.startswith("skip:"):
            self.end()
            pytest.skip(f"root cannot give up its rights here ({line})")
        if not line:
            raise AssertionError(self._process.communicate(timeout=60)[1])
        return line

    def go_on(self) -> None:
        """Let its wait() return."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def is_running(self) -> bool:
        """Whether it has not come to its end."""
        return self._process.poll() is None

    def end(self) -> list[str]:
        """The lines that are left, when it is over."""
        out, problems = self._process.communicate(timeout=120)
        assert self._process.returncode == 0, problems
        return out.splitlines()

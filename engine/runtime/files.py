"""Third-party files checked by their bytes."""

import hashlib
from pathlib import Path

from engine.errors import ModelError
from engine.runtime.extras import install_command


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checked(path: Path, expected: str, package: str) -> Path:
    """Return ``path`` when its SHA-256 is ``expected``.

    Small packages carry the third-party weights: the bytes are trusted, not the name.

    Raises:
        ModelError: the file is missing or is not the one that was measured.
    """
    if not path.is_file():
        raise ModelError(f"{path} is missing; install its package again: `{install_command(package, again=True)}`.")
    found = sha256(path)
    if found != expected:
        raise ModelError(
            f"{path} has the SHA-256 {found[:16]}…, expected {expected[:16]}…: it is damaged or another version. "
            f"Reinstall the version of {package} that constraints.txt names."
        )
    return path

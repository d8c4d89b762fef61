"""Which files and folders a person wants left out: ``.engineignore`` in any folder, in the syntax of gitignore."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from engine.errors import PhotoError
from engine.photos import object_storage
from engine.photos.access import opened, os_reason
from engine.photos.location import ObjectPath, is_remote, path_at
from engine.runtime.plain_files import why_not_plain

NAME = ".engineignore"

_NOT_FOR_PEOPLE = frozenset(
    {"@eadir", "#recycle", "__macosx", "$recycle.bin", "system volume information", "lost+found"}
)

_LARGEST = 64_000
"""Bytes: every pattern is tried on every file, so a file without end would make a walk without end."""

_MOST_STARS = 3
"""In one part of a path, and twice as many in all: each further one multiplies the ways in which a name can fail."""


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """The patterns of one folder's ignore file, which hold for the folder and all below it.

    Each pattern is an expression and whether what fits it is left out, or, with ``!``, taken after all.
    """

    folder: str
    patterns: tuple[tuple[re.Pattern[str], bool], ...]

    def verdict(self, path: str, is_folder: bool) -> bool | None:
        """Whether an entry below the folder is left out; None where no pattern fits it. The last that fits decides."""
        name = path[len(self.folder.rstrip(os.sep)) + 1 :].replace(os.sep, "/")
        return next((out for pattern, out in reversed(self.patterns) if _fits(pattern, name, is_folder)), None)


def _fits(pattern: re.Pattern[str], name: str, is_folder: bool) -> bool:
    """Whether a pattern means an entry itself, and not only a folder above it, which was asked before."""
    text = f"{name}/" if is_folder else name
    match = pattern.search(text)
    # pathspec names the slash behind a folder that a pattern means; here it has to be the last one.
    while match and match.groupdict().get("ps_d"):
        if match.end() == len(text):
            return True
        match = pattern.search(text, match.end())
    return match is not None and not (is_folder and match.end() == len(text))  # "a/**" is not the folder "a"


def is_hidden(name: str) -> bool:
    """Whether a name begins with a dot, or is that of a folder that systems keep for themselves."""
    return name.startswith(".") or name.lower() in _NOT_FOR_PEOPLE


def is_ignored(rules: Sequence[IgnoreRules], path: str, is_folder: bool) -> bool:
    """Whether an entry is left out by the rules of the folders above it, outermost first: the innermost decides."""
    for layer in reversed(rules):
        verdict = layer.verdict(path, is_folder)
        if verdict is not None:
            return verdict
    return False


def read_rules(folder: str) -> IgnoreRules:
    """Read the ignore file of a folder. Raises PhotoError where it cannot be read or understood."""
    path = str(path_at(folder) / NAME)
    if not is_remote(path):
        try:
            refused = why_not_plain(Path(path), _LARGEST)  # git follows no link to rules either
        except OSError as error:
            raise PhotoError(path, os_reason(error)) from error
        if refused is not None:
            raise PhotoError(path, f"{refused}; it holds a few patterns of gitignore")
    with opened(path) as file:
        content = file.read(_LARGEST)
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise PhotoError(path, f"it is not UTF-8 text ({error.reason} at byte {error.start}); save it so") from error
    patterns: list[tuple[re.Pattern[str], bool]] = []
    for number, line in enumerate(lines, 1):
        parts = line.split("/")
        if max(part.count("*") for part in parts) > _MOST_STARS or line.count("*") > 2 * _MOST_STARS:
            raise PhotoError(path, f"line {number} has too many stars: {line[:80]!r}; write several patterns")
        try:
            pattern = GitIgnoreSpecPattern(line)
        except Exception as error:  # of pathspec and of re, which it hands the pattern to
            raise PhotoError(path, f"line {number} is no pattern of gitignore: {line[:80]!r}") from error
        if pattern.regex and pattern.include is not None:  # not so of a comment
            patterns.append((pattern.regex, pattern.include))
    return IgnoreRules(folder, tuple(patterns))


def rules_above(folder: str) -> tuple[IgnoreRules, ...]:
    """The rules that hold for a folder because of the folders above it, outermost first.

    A file of rules that leaves this folder out does not count: who names the folder means it. Raises PhotoError as
    ``read_rules``.
    """
    path = path_at(folder)
    layers = []
    for parent in reversed(path.parents):
        if _is_there(parent / NAME):
            rules = read_rules(str(parent))
            way = [path, *path.parents][: len(path.parts) - len(parent.parts)]
            if not any(rules.verdict(str(step), is_folder=True) for step in way):
                layers.append(rules)
    return tuple(layers)


def _is_there(path: Path) -> bool:
    if not isinstance(path, ObjectPath):
        return os.path.lexists(path)
    return is_remote(str(path.parent)) and object_storage.is_there(str(path))

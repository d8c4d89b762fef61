"""Which folders a text means: the path or the name of one, or a glob; compared as people see names."""

import fnmatch
import os
import re
import unicodedata

MOST_LETTERS = 4096
"""Of a folder's path or glob; no file system knows a longer path."""


def as_seen(name: str) -> str:
    """A name in the form in which names that look alike are equal, whatever their case.

    >>> as_seen("Zu\u0308rich") == as_seen("Z\u00fcRICH")
    True
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


class FolderGlob:
    """A folder's path or name, or a glob of it as in gitignore; no text makes a comparison slow.

    A part of a path fits a name that is the same text, and else as a glob: a folder ``[2019] Rome`` is found by its own
    name, by ``*Rome``, and by one where a backslash takes the meaning from the brackets.
    """

    def __init__(self, text: str) -> None:
        path = as_seen(text)
        self._from_root = "/" in path.rstrip("/") or path == "/"
        self._names = _parts_of(path)
        self._parts = [_Part(name) for name in self._names]

    @property
    def may_be_either(self) -> bool:
        """Whether it depends on the folders that there are if the text is a path or a glob."""
        return self._from_root and any(sign in name for name in self._names for sign in "*?[\\")

    def is_path_of(self, folder: str) -> bool:
        """Whether the text, taken as a path and not as a glob, is the folder or one above it."""
        return self._from_root and _parts_of(as_seen(folder))[: len(self._names)] == self._names

    def fits(self, folder: str) -> bool:
        """Whether the folder fits, or one above it."""
        names = _parts_of(as_seen(folder))
        if not self._from_root:
            return any(part.fits(name) for part in self._parts for name in names)
        if not self._parts:
            return True
        last = len(self._parts) - 1
        reached = {0}  # parts that may fit the next name
        for name in names:
            reached |= {part + 1 for part in sorted(reached) if part < last and self._parts[part].is_any_way}
            here = {part for part in reached if self._parts[part].fits(name)}
            if last in here:
                return True
            reached = {part if self._parts[part].is_any_way else part + 1 for part in here}
        return False


def _parts_of(path: str) -> list[str]:
    parts: list[str] = []
    for part in path.replace(os.sep, "/").strip("/").split("/"):
        if part and not (part == "**" and parts[-1:] == ["**"]):
            parts.append(part)
    return parts


class _Part:
    """One name of a path, or a glob of one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.is_any_way = text == "**"
        # fnmatch's expressions never go back to an earlier star. It has no backslash: a class of one stands for it.
        plain = re.sub(r"\\(.)", lambda match: f"[{match[1]}]" if match[1] in "*?[\\" else match[1], text)
        self._expression = re.compile(fnmatch.translate(plain))

    def fits(self, name: str) -> bool:
        return self.text == name or self._expression.match(name) is not None

"""Where a photo lies: a path of this machine, or the address of an object in storage, such as ``s3://bucket/a.jpg``."""

import os
import re
from pathlib import Path, PosixPath
from urllib.parse import unquote, urlsplit

from engine.errors import PhotoPathError

_REMOTE = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]+)://(?P<rest>.*)", re.DOTALL)
_FLAT = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]+):/(?!/)")
_PLAIN = frozenset({"file", "local"})


def is_remote(text: str) -> bool:
    """Whether a text is the address of an object, or of several, and no path of this machine.

    >>> is_remote("s3://photos/a.jpg"), is_remote("/photos/a.jpg"), is_remote("C:/a.jpg"), is_remote("file:///a.jpg")
    (True, False, False, False)
    """
    found = _REMOTE.match(text)
    return found is not None and found["scheme"] not in _PLAIN


class ObjectPath(PosixPath):
    """The address of an object, with the parts that a path has. Paths write ``//`` as ``/``; this one does not.

    It names an object and does nothing else: ``engine.photos.access.opened`` opens it.

    >>> path = ObjectPath("s3://photos/2024/a.jpg")
    >>> str(path), path.name, str(path.parent)
    ('s3://photos/2024/a.jpg', 'a.jpg', 's3://photos/2024')
    """

    __slots__ = ()

    def __str__(self) -> str:
        return _FLAT.sub(r"\g<scheme>://", super().__str__(), count=1)

    def __fspath__(self) -> str:
        return str(self)

    def absolute(self) -> "ObjectPath":
        """It is so already."""
        return self


def photo_path(text: str | os.PathLike[str]) -> Path:
    """A place as a person or a library writes it: a path, or the address of an object.

    Raises:
        PhotoPathError: an address with a password, or one that no object can have.
    """
    if isinstance(text, Path):
        return text
    text = os.fspath(text)
    found = _REMOTE.match(text)
    if found is None:
        return Path(text)
    if found["scheme"] in _PLAIN:
        return Path(unquote(urlsplit(text).path))
    return ObjectPath(_checked(found["scheme"], found["rest"]))


def path_at(place: str) -> Path:
    """The path, or the address, that a library keeps."""
    return ObjectPath(place) if is_remote(place) else Path(place)


def normal_path(place: str | os.PathLike[str]) -> str:
    """A place as a library keeps it: an absolute path without ``..``, or an address. Raises as ``photo_path``.

    >>> normal_path("/photos/2019/../2020/"), normal_path("s3://photos/2020/")
    ('/photos/2020', 's3://photos/2020')
    """
    path = photo_path(place)
    return str(path) if isinstance(path, ObjectPath) else os.path.normpath(path.absolute())


def has_odd_part(address: str) -> bool:
    """Whether a part of an object's address is nothing that a path can hold: empty, or a dot or two."""
    return not {"", ".", ".."}.isdisjoint(address.partition("://")[2].split("/")[1:])


def _checked(scheme: str, rest: str) -> str:
    host, colon, port = rest.split("/", 1)[0].partition(":")
    if "@" in host or (colon and not port.isdecimal()):
        reason = (
            "it holds a user's name or password, which would be kept in the library; leave them out and put them into "
            "the environment or the configuration of fsspec"
        )
        raise PhotoPathError(f"{scheme}://…", reason)
    if scheme in ("http", "https") and "?" in rest:
        reason = "it is signed or a question (there is a ? in it), and would be kept in the library; leave that out"
        raise PhotoPathError(f"{scheme}://{rest.partition('?')[0]}", reason)
    if os.name != "posix":
        raise PhotoPathError(f"{scheme}://{rest}", "objects in storage are read on Linux and macOS alone")
    address = f"{scheme}://{rest.rstrip('/')}"
    if not rest.strip("/") or (not host and scheme != "memory") or has_odd_part(address):
        reason = "it has a part that is empty, . or ..; write it as in s3://bucket/folder/photo.jpg"
        raise PhotoPathError(f"{scheme}://{rest}", reason)
    return address

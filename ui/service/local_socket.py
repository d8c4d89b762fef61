"""The socket at which ``engine serve`` answers the commands of its own user, and how a command asks there."""

import json
import logging
import os
import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

from engine.runtime.settings import APPLICATION
from index.address import LibraryAddress
from ui.shared.photo_search import Found, PhotoSearch, as_json

logger = logging.getLogger(__name__)

NAME = "service.socket"

BEGIN_S = 0.3
"""How long a service may take to begin; a command then answers by itself."""

_ANSWER_S = 30.0  # once it has begun
_PRIVATE = 0o600


@cache
def this_version() -> str:
    """The version of this program; another one may answer otherwise."""
    from importlib.metadata import version

    return version("visual-semantic-engine")


def name_of(library: LibraryAddress) -> str:
    """What tells a library from others."""
    return str(library.resolve() if isinstance(library, Path) else library)


def addresses(library: LibraryAddress) -> Iterator[Path]:
    """Where a socket of a library may lie: in its folder, or if that cannot have it in the user's runtime folder.

    A path of a socket has a hundred bytes at most, and some file systems have no sockets.
    """
    if isinstance(library, Path):
        yield library / NAME
    from hashlib import sha256

    name = sha256(os.fsencode(name_of(library))).hexdigest()[:16]
    yield Path(os.environ.get("XDG_RUNTIME_DIR") or "/tmp", f"{APPLICATION}-{os.geteuid()}-{name}.socket")


def is_answered(path: Path) -> bool:
    """Whether a process listens at a socket: what one that was killed has left behind is no answer."""
    try:
        with _connected(path):
            return True
    except OSError:
        return False


def ask(library: LibraryAddress, search: PhotoSearch) -> tuple[list[str], Found] | None:
    """What a service of this library and this user warns of, and what it finds; None where none answers."""
    if not hasattr(socket, "AF_UNIX"):
        return None
    for path in filter(_is_private, addresses(library)):
        request = {"version": this_version(), "library": name_of(library), "search": search}
        reply = _reply(path, f"{as_json(request)}\n".encode())
        if reply is not None:
            logger.info("The service at %s answered", path)
            return reply["told"], Found.of_json(reply["found"])
    return None


def _reply(path: Path, line: bytes) -> dict[str, Any] | None:
    try:
        with _connected(path) as connection:
            if not _is_of_this_user(connection):
                return None
            connection.sendall(line)
            received = [connection.recv(1)]  # comes at once where the question is taken
            connection.settimeout(_ANSWER_S)
            while received[-1]:
                received.append(connection.recv(1 << 16))
        reply: dict[str, Any] = json.loads(b"".join(received))
    except (OSError, ValueError) as error:
        logger.debug("No service at %s: %s", path, error)
        return None
    return reply


def _connected(path: Path) -> "closing[socket.socket]":
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(BEGIN_S)
    try:
        connection.connect(os.fsencode(path))
    except BaseException:
        connection.close()
        raise
    return closing(connection)


def _is_private(path: Path) -> bool:
    """Whether it is a socket that this user made, for nobody else."""
    try:
        status = path.lstat()
    except OSError:
        return False
    return stat.S_ISSOCK(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o077


def _is_of_this_user(connection: socket.socket) -> bool:
    """Whether who listens is this user too, where the system tells."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    of_other = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    user: int = struct.unpack("3i", of_other)[1]
    return user == os.geteuid()


def listening(library: LibraryAddress) -> tuple[socket.socket, Path] | None:
    """A socket that listens for a library, and where; None where there can be none, or another service has it."""
    if not hasattr(socket, "AF_UNIX"):
        return None
    for path in addresses(library):
        if path.is_socket() and not _is_private(path):
            continue  # another user's, of whom commands of this one do not ask
        if is_answered(path):
            return None
        try:
            return _bound(path), path
        except OSError as error:
            logger.info("No socket for commands at %s: %s", path, error)
    return None


def _bound(path: Path) -> socket.socket:
    """A listening socket, which appears under its name once nobody else can use it, in the place of any other."""
    made = path.with_name(f"{path.name}.{os.getpid()}")
    made.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        bound.bind(os.fsencode(made))
        made.chmod(_PRIVATE)
        bound.listen()
        made.replace(path)
    except BaseException:
        bound.close()
        made.unlink(missing_ok=True)
        raise
    return bound

"""Where a library is: a folder, or a database of a PostgreSQL server, whose vectors may be in Qdrant."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from index.errors import LibraryError

VECTORS_FOLDER = "file://"
"""The scheme of vectors in a folder, by Qdrant's client alone."""

_VECTORS = "vectors="
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]+)://")
_HOST = r"(?:\[[^\]@/?#]*\]|[^:@/?#,\[\]]*)(?::\d*)?"
_SERVER = re.compile(
    rf"(?:[^:@/?#]*(?P<password>:[^@/?#]*)?@)?{_HOST}(?:,{_HOST})*(?:/[^@/?#]*)?(?:\?(?P<options>.*))?", re.DOTALL
)
"""What follows the scheme. libpq reads other texts too, and takes parts of a password for a host or a port."""


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A library on a PostgreSQL server, by the URL that libpq understands; as text it shows no password.

    Its parameter ``vectors`` is ours: where the Qdrant is that has the vectors of photos, a server's address or, for
    trials, a folder as ``file://``.

    >>> print(ServerAddress("postgresql://me:secret@host/photos?password=secret"))
    postgresql://me@host/photos?password=***
    >>> print(ServerAddress("postgresql://host/photos?vectors=http://me:secret@vectors:6333"))
    postgresql://host/photos?vectors=http://***@vectors:6333
    >>> address = ServerAddress("postgresql://host/photos?vectors=http://vectors:6333&sslmode=require")
    >>> address.vectors, address.database_url
    ('http://vectors:6333', 'postgresql://host/photos?sslmode=require')
    """

    url: str = field(repr=False)

    def __post_init__(self) -> None:
        if self._parts is None:
            raise LibraryError(
                "The URL of the library cannot be read; expected postgresql://user@host:port/database?name=value. In a "
                "user, a password or a database write : as %3A, / as %2F, ? as %3F, # as %23, @ as %40; a password "
                "stands better in ~/.pgpass."
            )

    @property
    def _parts(self) -> re.Match[str] | None:
        return _SERVER.fullmatch(self.url, self.url.index("://") + 3)

    @property
    def vectors(self) -> str | None:
        """Where the vectors of photos are; None where they are in the same database."""
        found = next((part for part in self._parameters if part.startswith(_VECTORS)), None)
        return None if found is None else unquote(found.removeprefix(_VECTORS))

    @property
    def lets_many_write(self) -> bool:
        """Whether several processes may write at once: a folder of vectors is open in one.

        >>> ServerAddress("postgresql:///photos?vectors=file:///vectors").lets_many_write
        False
        """
        return not (self.vectors or "").startswith(VECTORS_FOLDER)

    @property
    def database_url(self) -> str:
        """The URL as libpq understands it."""
        kept = "&".join(part for part in self._parameters if not part.startswith(_VECTORS))
        return self.url.partition("?")[0] + (f"?{kept}" if kept else "")

    @property
    def _parameters(self) -> list[str]:
        return [part for part in self.url.partition("?")[2].split("&") if part]

    def __str__(self) -> str:
        parts = self._parts
        assert parts is not None
        begin, end = parts.span("password")
        options = parts["options"]
        before = self.url[: len(self.url) - len(options or "")]
        return before[: max(begin, 0)] + before[max(end, 0) :] + "&".join(map(_shown, (options or "").split("&")))


def _shown(option: str) -> str:
    name, equals, value = option.partition("=")
    is_secret = re.search("pas|pwd", unquote(name).lower()) and name != "passfile"  # misspelt ones too
    if value and is_secret:
        return f"{name}{equals}***"
    return re.sub(r"(//|%2f%2f).*(@|%40)", r"\1***\2", option, flags=re.IGNORECASE)  # a URL in it


LibraryAddress = Path | ServerAddress


def is_url(named: str) -> bool:
    """Whether a text begins with a scheme, and names no folder.

    >>> is_url("postgresql://host/photos"), is_url("photos/library")
    (True, False)
    """
    return _SCHEME.match(named) is not None


def address_of(named: str | LibraryAddress) -> LibraryAddress:
    """The library of that name: a folder, unless it begins with the scheme of a server.

    Raises LibraryError for a scheme that no library has.

    >>> address_of("photos/library"), address_of("postgres://host/photos")
    (PosixPath('photos/library'), ServerAddress())
    """
    if isinstance(named, ServerAddress):
        return named
    scheme = None if isinstance(named, Path) else _SCHEME.match(named)
    if scheme is None:
        return Path(named).expanduser()
    if scheme[1] not in ("postgresql", "postgres"):
        raise LibraryError(
            f"A library cannot be at {scheme[0]}: name a folder, or a database as postgresql://user@host/database."
        )
    return ServerAddress(f"postgresql://{str(named)[scheme.end() :]}")


def has_password(named: str) -> bool:
    """Whether a password stands in the URL of a library. Raises as `address_of`.

    >>> has_password("postgresql://me:secret@host/photos"), has_password("postgresql://me@host/photos")
    (True, False)
    """
    address = address_of(named)
    return isinstance(address, ServerAddress) and str(address) != address.url


def require_folder(library: LibraryAddress, why: str) -> Path:
    """The folder of a library; LibraryError with a reason for one on a server."""
    if isinstance(library, ServerAddress):
        raise LibraryError(f"{library} is a library on a server: {why}")
    return library

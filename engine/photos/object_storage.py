"""Objects in storage, read by fsspec: the one file that knows it.

Credentials and endpoints come from the environment and from fsspec's own configuration alone. Whatever goes wrong is a
StorageError, in one line without secrets; what is not there is a FileNotFoundError too.
"""

import errno
import hashlib
import os
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from engine.runtime.extras import extra_command, install_command

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

LARGEST = 1_000_000_000
"""Bytes of an object that is read: it is held in memory."""

READERS = 32
"""Threads that read at the same time; they wait, and compute nothing."""

_S3 = {"max_pool_connections": READERS, "connect_timeout": 10, "retries": {"max_attempts": 0}}  # we try again ourselves
_TRIES = 5
_FIRST_WAIT_S = 0.25  # doubled each time
_LASTING = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, NotImplementedError, ValueError)
_WORDS_OF_CREDENTIALS = ("credential", "accessdenied", "access denied", "forbidden", "signature", "invalidaccesskey")

Result = TypeVar("Result")


class StorageError(OSError):
    """Why a storage did not give what was asked for: ``strerror`` says it in one line."""

    strerror: str


class ObjectMissingError(StorageError, FileNotFoundError):
    """There is no such object."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as a listing has it: its address, its size in bytes, when it changed in nanoseconds, its version.

    ``version`` is a number made of its hash or its ETag; 0 where the storage has neither.
    """

    url: str
    size: int
    mtime_ns: int
    version: int


def status(url: str) -> StoredObject | None:
    """The object at an address; None where a folder of objects is. Raises StorageError."""
    system, path = _opened(url)
    info = _tried(lambda: system.info(path))
    return None if info.get("type") == "directory" else _object(url, info)


def required(url: str) -> StoredObject:
    """As ``status``, where a folder will not do."""
    found = status(url)
    if found is None:
        raise StorageError(errno.EISDIR, "it is a folder; expected a photo's file")
    return found


def is_there(url: str) -> bool:
    """Whether there is an object, or a folder of some, at an address. Raises StorageError where nobody can say."""
    try:
        status(url)
    except FileNotFoundError:
        return False
    return True


def objects_below(url: str) -> Iterator[StoredObject]:
    """All objects in a folder and in those below it, in order of their addresses; one request for a thousand of them.

    Raises StorageError.
    """
    system, path = _opened(url)
    found: Mapping[str, dict[str, Any]] = _tried(lambda: system.find(path, detail=True))
    start = len(path.rstrip("/"))
    for name in sorted(found):
        yield _object(url + name[start:], found[name])


def read(url: str) -> bytes:
    """The whole content of an object. Raises StorageError."""
    system, path = _opened(url)
    content: bytes = _tried(lambda: system.cat_file(path))
    return content


@lru_cache(maxsize=64)
def _system(root: str, _pid: int) -> "AbstractFileSystem":
    """What reads the objects of a bucket or host; a process that was forked has one of its own."""
    scheme = root.partition("://")[0]
    try:
        from fsspec.config import conf
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise StorageError(errno.ENOPKG, _without("fsspec", scheme)) from error
    try:
        # A listing that is kept would hide what changed since.
        options: dict[str, Any] = {"use_listings_cache": False}
        if scheme in ("s3", "s3a"):
            # With more than one it would ask for the size of each object first.
            options |= {"max_concurrency": 1, "config_kwargs": _S3 | conf.get(scheme, {}).get("config_kwargs", {})}
        system, _ = url_to_fs(root, **options)
        if hasattr(system, "retries"):
            system.retries = 1  # those of s3fs would multiply with ours
    except ImportError as error:
        raise StorageError(errno.ENOPKG, _without(_package(scheme, error), scheme)) from error
    except ValueError as error:
        raise StorageError(
            errno.EPROTONOSUPPORT, f"fsspec knows no {scheme}://; expected s3://, gs:// or the like"
        ) from error
    except Exception as error:  # each kind of storage has its own
        raise _as_os_error(error) from error
    return system


def _opened(url: str) -> tuple["AbstractFileSystem", str]:
    scheme, _, rest = url.partition("://")
    system = _system(f"{scheme}://{rest.partition('/')[0]}", os.getpid())
    return system, str(system._strip_protocol(url))


def _without(package: str, scheme: str) -> str:
    if scheme == "s3" or package == "fsspec":
        return f"{scheme}:// is read by {package}, which is not installed; run `{extra_command('remote')}`"
    if named := re.search(r"(?i)\binstall ([\w-]+)", package):
        return f"{scheme}:// is read by {named[1]}, which is not installed; run `{install_command(named[1])}`"
    return f"{scheme}:// is read by a package that is not installed: {package}"


def _package(scheme: str, error: ImportError) -> str:
    return "s3fs" if scheme in ("s3", "s3a") else " ".join(str(error).split())


def _tried(work: Callable[[], Result]) -> Result:
    """Do it, several times where the network is in the way."""
    for number in range(1, _TRIES + 1):
        try:
            return work()
        except Exception as error:  # each kind of storage has its own
            if number == _TRIES or isinstance(error, _LASTING) or _is_refusal(error):
                raise _as_os_error(error) from error
            # Many threads that failed together do not come back together.
            time.sleep(_FIRST_WAIT_S * 2 ** (number - 1) * random.uniform(0.5, 1.5))
    raise AssertionError


def _as_os_error(error: Exception) -> StorageError:
    if isinstance(error, FileNotFoundError):
        return ObjectMissingError(errno.ENOENT, "there is no such object or folder in the storage; was it moved?")
    text = re.sub(r"//[^/@\s]+@", "//…@", " ".join(str(error).split())) or type(error).__name__
    if isinstance(error, PermissionError) or _is_refusal(error):
        reason = f"access was refused ({text}); check the credentials in the environment or in fsspec's configuration"
        return StorageError(errno.EACCES, reason)
    return StorageError(errno.EIO, f"the storage cannot be reached or does not answer ({type(error).__name__}: {text})")


def _is_refusal(error: Exception) -> bool:
    text = f"{type(error).__name__} {error}".lower()
    return isinstance(error, PermissionError) or any(word in text for word in _WORDS_OF_CREDENTIALS)


def _object(url: str, info: Mapping[str, Any]) -> StoredObject:
    etag = next((str(info[name]).strip('"') for name in ("md5Hash", "ETag", "etag") if info.get(name)), "")
    version = int.from_bytes(hashlib.blake2b(etag.encode(), digest_size=8).digest()) >> 1 if etag else 0
    return StoredObject(url, int(info.get("size") or 0), _mtime_ns(info), version)


def _mtime_ns(info: Mapping[str, Any]) -> int:
    """When it changed, in whole seconds: a listing may know more of them than a single answer."""
    for name in ("LastModified", "last_modified", "mtime", "updated", "modified", "created"):
        when = info.get(name)
        if isinstance(when, str):
            with suppress(ValueError):
                when = datetime.fromisoformat(when)
        if isinstance(when, datetime):
            return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()) * 10**9
        if isinstance(when, int | float):
            return int(when) * 10**9
    return 0

"""How much memory this process may still take: what the machine has free, and what its container leaves it."""

import ctypes
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

import psutil  # type: ignore[import-untyped]

_GROUPS = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")
_UNLIMITED = 1 << 60  # version 1 writes the largest number of pages where there is no limit


def free_memory() -> int:
    """Bytes that are free for this process, by the machine and by its own limits."""
    return min(int(psutil.virtual_memory().available), memory_within_limits())


def memory_within_limits() -> int:
    """Bytes that every control group that it is in, and its address space (``ulimit -v``), leave this process.

    Where the machine is short it gets slow; who goes beyond these is killed, or gets nothing.
    """
    return max(0, min([_address_space_left(), *(_left(*group) for group in _limits())]))


def return_freed_memory() -> None:
    """Have glibc, which keeps for each thread what was freed there, give it back to the system."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def _address_space_left() -> int:
    if sys.platform != "linux":
        return _UNLIMITED
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return _UNLIMITED if limit == resource.RLIM_INFINITY else limit - int(psutil.Process().memory_info().vms)


@cache
def _limits() -> list[tuple[Path, str, str]]:
    """The folders of the control groups of this process that may limit its memory, with their files' names."""
    try:
        lines = [line.split(":", 2) for line in _OWN.read_text().splitlines()]
    except (OSError, ValueError):  # no Linux
        return []
    found = []
    for _, controllers, path in (line for line in lines if len(line) == 3):
        if not controllers:
            base, names = _GROUPS, ("memory.max", "memory.current")
        elif "memory" in controllers.split(","):
            base, names = _GROUPS / "memory", ("memory.limit_in_bytes", "memory.usage_in_bytes")
        else:
            continue
        own = base / path.lstrip("/")
        # In a container the path may be that of the host; then its own group is the topmost that is seen.
        found += [(folder, *names) for folder in (own, *own.parents) if folder.is_relative_to(base)]
    return found


def _left(folder: Path, limit_name: str, used_name: str) -> int:
    """What a group leaves; files that are kept in memory only because there is room count as free."""
    try:
        limit = int((folder / limit_name).read_text())
        if limit >= _UNLIMITED:
            return _UNLIMITED
        used = int((folder / used_name).read_text())
        counts = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):  # "max", or nothing that could be read
        return _UNLIMITED
    return limit - used + int(counts.get("total_inactive_file", counts.get("inactive_file", 0)))

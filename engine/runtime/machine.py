"""What this machine has, read without loading anything: processor, GPUs, kinds of disks, versions of packages."""

import ctypes
import os
import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

REMOTE = frozenset(
    {"9p", "afs", "ceph", "cifs", "fuse.rclone", "fuse.sshfs", "glusterfs", "nfs", "nfs4", "smb3", "smbfs"}
)
"""Kinds of file systems that are reached over a network."""


def installed(package: str) -> str | None:
    """The version of a package by its metadata; None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def processor() -> str:
    """Its name."""
    found = re.search(r"^model name\s*:\s*(.+)$", _read("/proc/cpuinfo"), re.MULTILINE)
    return found[1] if found else platform.processor() or platform.machine()


def has_bfloat16_instructions() -> bool | None:
    """Whether the processor has instructions for bfloat16; None where the system does not say."""
    known = _read("/proc/cpuinfo")
    return " avx512_bf16 " in known if known else None


def has_gpu_driver() -> bool:
    """Whether the library of NVIDIA's driver can be loaded, which does not say that there is a GPU."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def gpus() -> list[str]:
    """The names of NVIDIA GPUs, as their driver lists them on Linux."""
    files = sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))
    return [found[1] for file in files if (found := re.search(r"^Model:\s*(.+)$", _read(file), re.MULTILINE))]


def kind_of_disk(path: Path) -> str | None:
    """The file system that a path lies on, or would: ``ext4``, ``nfs4``; None where the system does not say."""
    place = os.path.realpath(path)
    best, kind = "", None
    for line in _read("/proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        at = re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), before.split()[4])
        if len(at) >= len(best) and (place == at or place.startswith(at.rstrip("/") + "/")):
            best, kind = at, after.split()[0]
    return kind


def _read(path: str | Path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""

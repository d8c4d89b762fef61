"""What is free is what the machine, and every control group around the process, leaves."""

import sys
from pathlib import Path

import psutil
import pytest

from engine.runtime import free_memory as module

FREE = 8_000_000_000


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Control groups in a folder, on a machine with eight gigabytes free."""

    class Memory:
        available = FREE

    monkeypatch.setattr("psutil.virtual_memory", lambda: Memory)
    monkeypatch.setattr(module, "_GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(module, "_OWN", tmp_path / "own")
    module._limits.cache_clear()
    yield tmp_path
    module._limits.cache_clear()


def write(folder: Path, **files: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(f"{content}\n")


def test_without_groups_the_machine_decides(groups: Path) -> None:
    assert module.free_memory() == FREE


@pytest.mark.parametrize("path", ["/docker/abc", "/"])
def test_version_2(path: str, groups: Path) -> None:
    (groups / "own").write_text(f"0::{path}\n")
    own = groups / "cgroup" / path.lstrip("/")
    write(own, memory__max=2_000_000_000, memory__current=1_500_000_000, memory__stat="anon 5\ninactive_file 300000000")
    assert module.free_memory() == 800_000_000
    write(own, memory__max="max")
    assert module.free_memory() == FREE
    write(own, memory__max=1_000_000_000)
    assert module.free_memory() == 0


def test_a_group_above_counts_and_so_does_one_that_is_seen_as_the_topmost(groups: Path) -> None:
    (groups / "own").write_text("0::/pod/container\n")
    write(groups / "cgroup" / "pod" / "container", memory__max="max", memory__current=5, memory__stat="inactive_file 0")
    write(groups / "cgroup", memory__max=3_000_000_000, memory__current=1_000_000_000, memory__stat="inactive_file 0")
    assert module.free_memory() == 2_000_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to its address space")
def test_an_address_space_that_is_limited_counts(groups: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    vms = psutil.Process().memory_info().vms
    monkeypatch.setattr(resource, "getrlimit", lambda _: (vms + 500_000_000, resource.RLIM_INFINITY))
    assert 400_000_000 < module.free_memory() <= 500_000_000
    assert module.memory_within_limits() < FREE


def test_version_1(groups: Path) -> None:
    (groups / "own").write_text("5:cpu,cpuacct:/a\n4:memory:/a\n0::/\n")
    write(
        groups / "cgroup" / "memory" / "a",
        memory__limit_in_bytes=2_000_000_000,
        memory__usage_in_bytes=500_000_000,
        memory__stat="inactive_file 1\ntotal_inactive_file 100000000",
    )
    assert module.free_memory() == 1_600_000_000
    write(groups / "cgroup" / "memory" / "a", memory__limit_in_bytes=9223372036854771712)
    assert module.free_memory() == FREE

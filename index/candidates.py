"""Keeps the FAISS file in step with the photo store: loads it, catches it up, or makes it again from the vectors."""

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from index.layout import FAISS_FILES
from index.manifest import MANIFEST, Manifest, problem_with, read_manifest, write_manifest
from index.values import BuildInfo
from index.vectors import VectorStore

if TYPE_CHECKING:
    from index.faiss_store import FaissStore

FAISS_LOCK = "faiss.lock"


@dataclass(frozen=True, slots=True)
class Freshness:
    """What the manifest says about the FAISS file: usable or not, and what a person should hear about it.

    `damaged` tells a loss from the ordinary course of things, such as a library that was never finished.
    """

    manifest: Manifest | None
    usable: bool
    note: str | None = None
    damaged: bool = False


def freshness(folder: Path, build: BuildInfo, num_records: int) -> Freshness:
    """Compare the manifest and the file with the photo store, without loading FAISS."""
    manifest = read_manifest(folder)
    if manifest is None:
        damaged = (folder / MANIFEST).exists()
        found = f"{MANIFEST} could not be read" if damaged else "There was no FAISS index"
        return Freshness(None, usable=False, note=f"{found}; it was made from the vectors.", damaged=damaged)
    if manifest.build_id != build.build_id or manifest.fingerprint != build.fingerprint:
        note = "The FAISS index was of another model; it was made again from the vectors."
        return Freshness(manifest, usable=False, note=note)
    problem = problem_with(folder, manifest)
    if problem is not None:
        note = f"The FAISS file {manifest.faiss_file} {problem}; it was rebuilt from the vectors."
        return Freshness(manifest, usable=False, note=note, damaged=True)
    if manifest.num_records < num_records:
        note = f"The FAISS file covered {manifest.num_records} of {num_records} photo records; the rest were added."
        return Freshness(manifest, usable=True, note=note)
    return Freshness(manifest, usable=True)


def current_index(
    folder: Path, build: BuildInfo, store: VectorStore, state: Freshness, *, flat_limit: int
) -> tuple["FaissStore", Freshness]:
    """An index that covers the whole photo store, and what was found; nothing is written."""
    from index.faiss_store import FaissFileError, FaissStore

    num_records = store.num_rows // build.rows_per_photo
    if state.usable and state.manifest is not None:
        manifest = state.manifest
        try:
            index = FaissStore.load(folder / manifest.faiss_file, build, manifest.num_records)
        except FaissFileError as error:
            note = f"The FAISS file {manifest.faiss_file} {error}; it was rebuilt from the vectors."
            state = Freshness(manifest, usable=False, note=note, damaged=True)
        else:
            if not index.outgrown(num_records, flat_limit=flat_limit):
                index.catch_up(store, build)
                return index, state
            state = Freshness(manifest, usable=False, note="The FAISS index was made again for a larger library.")
    return FaissStore.build(store, build, flat_limit=flat_limit), state


def publish(folder: Path, build: BuildInfo, index: "FaissStore", *, wait_s: float) -> None:
    """Write the index and the manifest that names it, and remove older ones.

    One process does so at a time. Raises filelock.Timeout after `wait_s`, or OSError.
    """
    with FileLock(folder / FAISS_LOCK, timeout=wait_s):
        before = read_manifest(folder)
        generation = 1 if before is None else before.generation + 1
        # The random part: an index that was never published must not be taken for the one in a manifest.
        name = f"regions-{generation:06d}-{secrets.token_hex(4)}.faiss"
        size, crc = index.save(folder / name)
        manifest = Manifest(generation, build.build_id, build.fingerprint, name, index.num_records, size, crc)
        write_manifest(folder, manifest)
        for path in folder.glob(FAISS_FILES):
            if path.name != name:
                with suppress(OSError):
                    path.unlink()


def forget_index(folder: Path, is_stale: Callable[[Manifest], bool]) -> None:
    """Remove the manifest where it describes vectors that are no longer the library's. Raises OSError."""
    manifest = read_manifest(folder)
    if manifest is not None and is_stale(manifest):
        (folder / MANIFEST).unlink(missing_ok=True)

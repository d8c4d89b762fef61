"""Keeps the FAISS file in step with the photo store: loads it, catches it up, or makes it again from the vectors."""

import logging
import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from index.candidates.manifest import MANIFEST, Manifest, problem_with, read_manifest, write_manifest
from index.candidates.recall_calibration import GROWN, ROWS_TO_ASK, calibrated, sampled_queries
from index.candidates.recall_curve import RecallCalibration
from index.errors import LibraryLockedError
from index.store.layout import FAISS_FILES
from index.store.segments import StoredSentences, VectorStore
from index.values import BuildInfo, VectorKind

if TYPE_CHECKING:
    from index.candidates.candidate_index import CandidateIndex

logger = logging.getLogger(__name__)

FAISS_LOCK = "faiss.lock"
SENTENCE_ROWS = 5  # for each region vector up to which photos are scanned, sentences are scanned up to so many rows


@dataclass(frozen=True, slots=True)
class Freshness:
    """What the manifest says about the FAISS file: usable or not, what is wrong with it, and what is done about that.

    `damaged` tells a loss from the ordinary course of things, such as a library that was never finished.
    """

    manifest: Manifest | None
    usable: bool
    found: str | None = None
    done: str = "it was made again from the vectors"
    damaged: bool = False

    @property
    def note(self) -> str | None:
        """What a person should hear."""
        return None if self.found is None else f"{self.found}; {self.done}."


def freshness(folder: Path, build: BuildInfo, num_records: int) -> Freshness:
    """Compare the manifest and the file with the photo store, without loading FAISS."""
    manifest = read_manifest(folder)
    if manifest is None:
        damaged = (folder / MANIFEST).exists()
        found = f"{MANIFEST} could not be read" if damaged else "There was no FAISS index"
        return Freshness(None, usable=False, found=found, done="it was made from the vectors", damaged=damaged)
    if manifest.build_id != build.build_id or manifest.fingerprint != build.fingerprint:
        return Freshness(manifest, usable=False, found="The FAISS index was of another model")
    if manifest.vectors_generation != build.vectors_generation:
        found = "The FAISS index was of the vectors before or after a compaction"
        return Freshness(manifest, usable=False, found=found)
    problem = problem_with(folder, manifest)
    if problem is not None:
        if read_manifest(folder) != manifest:  # another process has put a newer file in its place
            return freshness(folder, build, num_records)
        return _unusable(manifest, problem)
    if manifest.num_records < num_records:
        found = f"The FAISS file covered {manifest.num_records} of {num_records} photo records"
        return Freshness(manifest, usable=True, found=found, done="the rest were added")
    return Freshness(manifest, usable=True)


def _unusable(manifest: Manifest, problem: object) -> Freshness:
    found = f"The FAISS file {manifest.faiss_file} {problem}"
    return Freshness(manifest, usable=False, found=found, done="it was rebuilt from the vectors", damaged=True)


def stored_index(folder: Path, build: BuildInfo, state: Freshness) -> tuple["CandidateIndex | None", Freshness]:
    """The index in the file, with what it covers, and what was found; None where it cannot be used."""
    from index.candidates.candidate_index import CandidateIndex
    from index.candidates.faiss_store import FaissFileError

    manifest = state.manifest
    if manifest is None or not state.usable:
        return None, state
    path = folder / manifest.faiss_file
    try:
        index = CandidateIndex.load(path, build, manifest.num_records, manifest.num_sentence_rows)
    except FaissFileError as error:
        return None, _unusable(manifest, error)
    index.calibration = RecallCalibration.of_stored(manifest.difficulty_records, manifest.difficulty)
    logger.info("Loaded %s with %d photo records", manifest.faiss_file, index.num_records)
    return index, state


def current_index(
    folder: Path,
    build: BuildInfo,
    store: VectorStore,
    state: Freshness,
    *,
    flat_limit: int,
    keep: Callable[["CandidateIndex"], None] | None = None,
) -> tuple["CandidateIndex", Freshness]:
    """An index that covers the whole photo store, and what was found; nothing is written, unless by `keep`.

    `keep` is called from time to time with an index that covers a part of a large store.
    """
    from index.candidates.candidate_index import CandidateIndex

    index, state = stored_index(folder, build, state)
    if index is not None and not index.photos.outgrown(store, flat_limit):
        index.catch_up(store, keep)
        return index, state
    sentences = None
    if index is not None:
        sentences = index.sentences
        found, done = "The library has outgrown its FAISS index", "it was made again"
        state = Freshness(state.manifest, usable=False, found=found, done=done)
    logger.info("Building the FAISS index: %s", state.note)
    return CandidateIndex.build(store, build, sentences=sentences, flat_limit=flat_limit, keep=keep), state


def bring_up_to_date(
    folder: Path,
    build: BuildInfo,
    stores: Mapping[VectorKind, VectorStore],
    sentences: Callable[[], StoredSentences],
    *,
    flat_limit: int,
) -> str | None:
    """Make the FAISS file cover the photos and, where they are very many, the sentences.

    Returns what a person should hear about the old one. Of a large store parts are written on the way: a process that
    is killed goes on where the last of them ended.
    Raises LibraryLockedError, or OSError.
    """
    store, num_rows = stores["photos"], stores["sentences"].num_rows
    num_records = store.num_rows // build.rows_per_photo
    num_sentence_rows = num_rows if num_rows > SENTENCE_ROWS * flat_limit else 0
    if not num_records:
        (folder / MANIFEST).unlink(missing_ok=True)
        remove_stale_files(folder)
        return None
    state = freshness(folder, build, num_records)
    covered = 0 if state.manifest is None else state.manifest.num_sentence_rows
    can_be_measured = num_records * build.num_regions > flat_limit and num_rows >= ROWS_TO_ASK

    def is_due(measured_among: int) -> bool:
        return can_be_measured and num_records >= GROWN * measured_among

    due = is_due(0 if state.manifest is None else state.manifest.difficulty_records)
    if state.usable and state.note is None and covered == num_sentence_rows and not due:
        remove_stale_files(folder)
        return None
    stored = cache(sentences)
    try:
        write = partial(publish, folder, build, wait_s=600)
        index, state = current_index(folder, build, store, state, flat_limit=flat_limit, keep=write)
        if num_sentence_rows:
            index.catch_up_sentences(stored(), build, keep=write)
        else:
            index.sentences = None
        if is_due(index.calibration.num_records):
            index.calibration = calibrated(index.photos, store, build, sampled_queries(stored(), build))
        write(index)
    except Timeout as error:
        raise LibraryLockedError(
            f"Another process has been writing the FAISS index in {folder} for ten minutes. Stop it and run the "
            "command again; the vectors are safe."
        ) from error
    return state.note if state.damaged else None


def publish(folder: Path, build: BuildInfo, index: "CandidateIndex", *, wait_s: float) -> None:
    """Write the index and the manifest that names it, and remove older ones.

    One of vectors that were compacted meanwhile is not written. One process does so at a time. Raises
    filelock.Timeout after `wait_s`, or OSError.
    """
    with FileLock(folder / FAISS_LOCK, timeout=wait_s):
        before = read_manifest(folder)
        if (
            before is not None
            and before.build_id == build.build_id
            and before.vectors_generation > build.vectors_generation
        ):
            return
        generation = 1 if before is None else before.generation + 1
        # The random part: an index that was never published must not be taken for the one in a manifest.
        name = f"regions-{generation:06d}-{secrets.token_hex(4)}.faiss"
        size, crc = index.save(folder / name)
        manifest = Manifest(
            generation,
            build.build_id,
            build.fingerprint,
            name,
            index.num_records,
            size,
            crc,
            build.vectors_generation,
            index.num_sentence_rows,
            index.calibration.num_records,
            list(index.calibration.factors),
        )
        write_manifest(folder, manifest)
        _remove(stale_files(folder))


def stale_files(folder: Path) -> list[Path]:
    """FAISS files that no manifest names, and what an interrupted process had begun to write.

    Some may belong to a process that is writing them; while the lock of the FAISS files is held there is none.
    """
    manifest = read_manifest(folder)
    if manifest is None and (folder / MANIFEST).exists():
        unnamed = []  # it cannot be read: any file may be the one that it names
    else:
        unnamed = [path for path in folder.glob(FAISS_FILES) if manifest is None or path.name != manifest.faiss_file]
    return sorted([*unnamed, *folder.glob(f"{FAISS_FILES}.*.tmp"), *folder.glob(f"{MANIFEST}.*.tmp")])


def remove_stale_files(folder: Path) -> None:
    """Remove them, unless another process is writing."""
    if stale_files(folder):
        with suppress(Timeout), FileLock(folder / FAISS_LOCK, timeout=0):
            _remove(stale_files(folder))


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        with suppress(OSError):  # a reader may hold it, where systems do not let go of such files
            path.unlink()


def forget_index(folder: Path, is_stale: Callable[[Manifest], bool]) -> None:
    """Remove the manifest where it describes vectors that are no longer the library's. Raises OSError."""
    manifest = read_manifest(folder)
    if manifest is not None and is_stale(manifest):
        (folder / MANIFEST).unlink(missing_ok=True)

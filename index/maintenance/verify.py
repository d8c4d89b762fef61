"""Looks at every byte of a library and says what is wrong with it; mends what can be mended without loss."""

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, nullcontext
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from index.candidates.freshness import FAISS_LOCK, bring_up_to_date, stale_files
from index.candidates.manifest import MANIFEST, problem_with, read_manifest
from index.catalogue.builds import BuildRepository
from index.catalogue.connection import DATABASE, ReadDatabase, open_for_reading, open_for_writing
from index.catalogue.consistency import UpkeepRepository
from index.catalogue.full_text import FullTextRepository, undo
from index.catalogue.seal import is_sealed, problem_with_catalogue, seal
from index.catalogue.sentences import stored_sentences
from index.catalogue.sqlite_errors import explained
from index.errors import LibraryDamagedError
from index.maintenance.build_checks import KINDS, BuildCheck, committed_stores
from index.maintenance.problems import Problem
from index.store.checksums import SEEN
from index.store.layout import other_build_folders, store_folder
from index.store.lock import WriterLock
from index.store.segments import VectorStore
from index.values import FLAT_LIMIT, BuildInfo, VectorKind

_SEGMENT = re.compile(r"\d{6}\.f16((\.\d+)?\.tmp)?")
_NEXT_RUN = "the next run removes it, and so does `engine verify --repair`."


def verify_library(
    folder: Path, *, repair: bool = False, timeout_s: float = 10.0, flat_limit: int = FLAT_LIMIT
) -> list[Problem]:
    """Check every checksum, foreign key and number of a library, and that no file is there that does not belong.

    Nobody writes to it meanwhile. With `repair`, stale files are removed, the FAISS file is made again, and records of
    damaged or missing vectors are dropped, so that the next `engine index` embeds those photos and sentences again; the
    catalogue of photos and captions is kept. Raises LibraryMissingError, LibraryLockedError when a writer holds it for
    `timeout_s`, LibraryReadOnlyError when it is to be repaired and cannot be written, or LibraryError.
    """
    problems: list[Problem] = []
    SEEN.forget()
    with ExitStack() as held:
        try:
            open_for_reading(folder).dispose()
            with explained(folder, DATABASE):
                try:
                    held.callback(WriterLock(folder, timeout_s).release)
                except OSError:  # in a folder that cannot be written there is no writer to keep out
                    if repair:
                        raise
                database = open_for_writing(folder) if repair else open_for_reading(folder)
                reading = database.reading() if isinstance(database, ReadDatabase) else nullcontext()
                with reading, database.connect() as connection:
                    # Those before it are kept when a check meets a page that SQLite cannot read.
                    problems.extend(_Verification(folder, connection, repair, flat_limit).problems())
                    if repair:
                        seal(connection, folder, whole=True)
        except LibraryDamagedError as error:
            problems.append(Problem("catalogue", str(error)))
    return problems


class _Verification:
    def __init__(self, folder: Path, connection: Connection, repair: bool, flat_limit: int) -> None:
        self._folder = folder
        self._connection = connection
        self._repair = repair
        self._flat_limit = flat_limit
        self._damaged = False  # vectors, which then cannot be opened

    def problems(self) -> Iterator[Problem]:
        # Before anything is mended: what is written has no seal until the end.
        rotten, sealed = (
            problem_with_catalogue(self._connection, self._folder),
            is_sealed(self._connection, self._folder),
        )
        broken = self._broken_pages()
        if broken is not None:
            yield broken
            if not broken.repaired:
                return  # nothing that it says can be relied on
        if broken is None or sealed:
            yield from self._seal(rotten, sealed=sealed)
        yield from self._orphans()
        yield from self._full_text()
        with self._connection.begin():
            builds = BuildRepository(self._connection).all_builds()
        for build in builds:
            with self._connection.begin():
                found = list(BuildCheck(self._folder, self._connection, build, repair=self._repair).problems())
            self._damaged |= any(problem.kind == "vectors" and not problem.repaired for problem in found)
            yield from found
        for build in builds:
            yield from self._unfinished(build)
        yield from self._index()
        yield from self._files(builds)

    def _broken_pages(self) -> Problem | None:
        with self._connection.begin():
            lines = UpkeepRepository(self._connection).integrity_problems()
        if not lines:
            return None
        mended = self._repair and self._reindexed()
        done = "its indexes were made again." if mended else "Restore it from a backup, or index the photos again."
        return Problem("catalogue", f"{self._folder / DATABASE} is damaged: {'; '.join(lines)}. {done}", mended)

    def _seal(self, problem: str | None, *, sealed: bool) -> Iterator[Problem]:
        """The bytes of SQLite's file; with `repair` they are sealed at the end as they are then."""
        if problem is not None:
            if self._repair:
                with self._connection.begin():
                    UpkeepRepository(self._connection).read_metadata_again()
            done = " What can be read in it was kept, and the next `engine index` reads all metadata again."
            yield Problem("catalogue", problem + (done if self._repair else ""), self._repair)
        elif not sealed:
            done = "it was written" if self._repair else "the next run writes it, and so does `engine verify --repair`"
            found = f"{self._folder / DATABASE} has no checksum, as after a run that was interrupted"
            yield Problem("leftover", f"{found}; {done}.", self._repair)

    def _reindexed(self) -> bool:
        rows = UpkeepRepository(self._connection)
        try:
            with self._connection.begin():
                rows.rebuild_indexes()
                return not rows.integrity_problems()
        except IntegrityError:  # two rows have what only one may have
            return False

    def _orphans(self) -> Iterator[Problem]:
        with self._connection.begin():
            rows = UpkeepRepository(self._connection)
            for table, parent, number in rows.orphans():
                done = "they were removed." if self._repair else "`engine verify --repair` removes them."
                text = f"{number} rows of the table {table} belong to nothing in the table {parent}; {done}"
                yield Problem("catalogue", text, self._repair)
            if self._repair:
                rows.delete_orphans()

    def _full_text(self) -> Iterator[Problem]:
        """The tables of full-text search against those that they are made of."""
        with self._connection.begin():
            rows = FullTextRepository(self._connection)
            if not rows.is_complete():
                found = "The tables of full-text search are damaged"
            elif number := len(rows.out_of_step()):
                found = f"Full-text search does not know what is written about {number} photos"
            else:
                return
            undo(self._connection)
        if self._repair:
            with self._connection.begin():
                rows.rebuild()
        done = "they were" if self._repair else "`engine index` or `engine verify --repair` has them"
        yield Problem("index", f"{found}; {done} made again.", self._repair)

    def _unfinished(self, build: BuildInfo) -> Iterator[Problem]:
        """What an interrupted writer appended and did not commit, and segments that it began."""
        for kind in KINDS:
            with self._connection.begin():
                builds = BuildRepository(self._connection)
                states = builds.segments_of(build.build_id, kind)
                folder = store_folder(self._folder, build, kind)
                store = VectorStore(folder, build.dimension, states, max_rows=0)
                found = [
                    f"{path} ends with {rest} bytes that were never committed" for path, rest in store.unfinished()
                ]
                known = {f"{state.number:06d}.f16" for state in states}
                begun = [path for path in sorted(folder.glob("*")) if _SEGMENT.fullmatch(path.name)]
                found += [f"{path} was never committed" for path in begun if path.name not in known]
                if found and self._repair:
                    for path in folder.glob("*.f16*.tmp"):
                        path.unlink()
                    if not self._damaged:
                        opened = VectorStore.open_for_writing(folder, build.dimension, states)
                        builds.save_segments(build.build_id, kind, opened.states)
                        opened.close()
                yield from (self._leftover(text) for text in found)

    def _index(self) -> Iterator[Problem]:
        """The FAISS file against its manifest and the vectors; a file that is behind or not there is no problem."""
        with self._connection.begin():
            builds = BuildRepository(self._connection)
            build = builds.current_build()
            if build is None:
                return
            stores = committed_stores(self._folder, build, builds)
        found = self._wrong_index(build, stores)
        if found is None:
            return
        mended = self._repair and not self._damaged
        if mended:
            (self._folder / MANIFEST).unlink(missing_ok=True)
            sentences = partial(stored_sentences, self._connection, build.build_id, stores["sentences"])
            bring_up_to_date(self._folder, build, stores, sentences, flat_limit=self._flat_limit)
            for store in stores.values():
                store.close()
        done = "it was" if mended else "`engine index` or `engine verify --repair` has it"
        yield Problem("index", f"{found}; {done} made again from the vectors.", mended)

    def _wrong_index(self, build: BuildInfo, stores: Mapping[VectorKind, VectorStore]) -> str | None:
        from index.candidates.candidate_index import CandidateIndex
        from index.candidates.faiss_store import FaissFileError

        manifest = read_manifest(self._folder)
        if manifest is None:
            return f"{MANIFEST} could not be read" if (self._folder / MANIFEST).exists() else None
        if (manifest.build_id, manifest.fingerprint) != (build.build_id, build.fingerprint):
            return None  # another model's, as after a change of model: it is never used
        if manifest.vectors_generation != build.vectors_generation:
            return None  # that of the vectors before they were compacted: it is never used
        if (problem := problem_with(self._folder, manifest)) is not None:
            return f"The FAISS file {manifest.faiss_file} {problem}"
        num_records = stores["photos"].num_rows // build.rows_per_photo
        num_rows = stores["sentences"].num_rows
        if manifest.num_sentence_rows > num_rows:
            return f"{MANIFEST} speaks of {manifest.num_sentence_rows} rows of sentences, and there are {num_rows}"
        if manifest.num_records > num_records:
            return f"{MANIFEST} speaks of {manifest.num_records} photo records, and there are {num_records}"
        try:
            CandidateIndex.load(
                self._folder / manifest.faiss_file, build, manifest.num_records, manifest.num_sentence_rows
            )
        except FaissFileError as error:
            return f"The FAISS file {manifest.faiss_file} {error}"
        return None

    def _files(self, builds: list[BuildInfo]) -> Iterator[Problem]:
        others = other_build_folders(self._folder, builds)
        for path in others:
            if self._repair:
                shutil.rmtree(path)
            yield self._leftover(f"{path} holds vectors of no model of this library")
        for path in self._stale_files():
            yield self._leftover(f"{path} belongs to nothing")
        stores = {store_folder(self._folder, build, kind) for build in builds for kind in KINDS}
        known = {self._folder / "vectors", *(store.parent for store in stores), *stores}
        for path in sorted(path for folder in known for path in folder.glob("*")):
            is_segment = path.parent in stores and _SEGMENT.fullmatch(path.name) and path.is_file()
            if path not in known and path not in others and not is_segment and not path.name.startswith("."):
                yield Problem("strange", f"{path} is not of this library; move it away. It was not touched.")

    def _stale_files(self) -> list[Path]:
        """FAISS files and temporary files that nothing names; removed with `repair`."""
        try:
            with FileLock(self._folder / FAISS_LOCK, timeout=0):
                found = stale_files(self._folder)
                if self._repair:
                    for path in found:
                        path.unlink()
                return found
        except Timeout:  # a reader is writing them now
            return []
        except OSError:
            if self._repair:
                raise
            return stale_files(self._folder)

    def _leftover(self, text: str) -> Problem:
        return Problem("leftover", f"{text}; {'it was removed.' if self._repair else _NEXT_RUN}", self._repair)

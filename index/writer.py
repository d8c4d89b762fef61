"""Writes to a library: one process at a time, each batch in one transaction of vectors and rows."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from index.candidates.freshness import bring_up_to_date
from index.catalogue.builds import BuildRepository
from index.catalogue.captions import CaptionRepository
from index.catalogue.connection import DATABASE, open_for_writing
from index.catalogue.photos import PhotoRepository
from index.catalogue.roots import RootRepository
from index.catalogue.saving import (
    hide_missing,
    move_photos,
    remove_photos,
    save_captions,
    save_copy,
    save_photos,
)
from index.catalogue.sentences import SentenceRepository
from index.catalogue.sqlite_errors import explained
from index.errors import LibraryError
from index.scoring.shape_checks import require_boxes, require_finite, require_same_model, require_shape
from index.store.layout import remove_other_build_folders
from index.store.lock import WriterLock, require_locks_for
from index.texts_writer import TextsWriter
from index.transactions import Transactions
from index.values import (
    FLAT_LIMIT,
    BuildInfo,
    BuildSpec,
    CaptionRow,
    KnownPhoto,
    Move,
    PhotoRow,
    PhotoText,
)


class LibraryWriter(TextsWriter):
    """The one writer of a library. Killed at any instant, the next one goes on with nothing lost and nothing twice.

    Every method that writes raises LibraryReadOnlyError where the folder cannot be written and LibraryError when the
    disk is full; the batch is then undone. Methods that need a build raise RuntimeError before `use_build`.
    """

    def __init__(self, folder: Path, lock: WriterLock, work: Transactions, flat_limit: int) -> None:
        self._folder = folder
        self._lock = lock
        super().__init__(work)
        self._flat_limit = flat_limit

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        timeout_s: float = 10.0,
        max_rows: int | None = None,
        flat_limit: int = FLAT_LIMIT,
    ) -> Self:
        """Open or make the library in `folder`. `max_rows` limits the rows of a segment (by default to 256 MB).

        Raises LibraryLockedError when another writer holds it for `timeout_s`, LibraryDamagedError,
        LibraryReadOnlyError or LibraryError.
        """
        with explained(folder, DATABASE):
            folder.mkdir(parents=True, exist_ok=True)
            lock = WriterLock(folder, timeout_s)
            try:
                connection = open_for_writing(folder).connect()
            except BaseException:
                lock.release()
                raise
        writer = cls(folder, lock, Transactions(folder, connection, max_rows), flat_limit)
        try:
            writer.mend_full_text()
        except BaseException:
            writer.close()
            raise
        return writer

    @staticmethod
    def require_possible(folder: Path) -> None:
        """Raise a LibraryError where no library can be written: a disk without locks, or one that may not be used."""
        with explained(folder, DATABASE):
            require_locks_for(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the files and let others write."""
        self._work.close()
        self._lock.release()

    def use_build(self, spec: BuildSpec, *, discard_vectors: bool = False, current: bool = True) -> BuildInfo:
        """Find or begin the build of a model, to write to, and make it the current one.

        With `current` False another one that is goes on answering searches, until `make_current`. `discard_vectors`
        begins it anew and keeps the catalogue: the repair of damaged segments. Raises WrongModelError when the
        fingerprint is known with another shape, and LibraryDamagedError.
        """
        self._work.close_build()
        with self._work.transaction() as connection:
            builds = BuildRepository(connection)
            found = builds.build_with_fingerprint(spec.fingerprint)
            if found is not None and discard_vectors:
                builds.delete_build(found.build_id)
                found = None
            if found is not None:
                require_same_model(found, spec)
            build_id = builds.add_build(spec) if found is None else found.build_id
            if current or builds.current_build() is None:
                builds.let_answer(build_id)
            build = builds.build_with_fingerprint(spec.fingerprint)
            known = builds.all_builds()
        if build is None:
            raise LibraryError(f"The build of {spec.fingerprint} disappeared while it was written; run it again.")
        with explained(self._folder, DATABASE):
            remove_other_build_folders(self._folder, known)
        self._work.open_build(build)
        return build

    def current_model(self) -> str:
        """The name of the model whose build answers searches; empty where there is none."""
        with self._work.transaction() as connection:
            build = BuildRepository(connection).current_build()
        return "" if build is None else build.model_name

    def make_current(self) -> None:
        """Let the build in use answer searches from now on."""
        build = self._work.build()
        with self._work.transaction() as connection:
            BuildRepository(connection).let_answer(build.build_id)

    def drop_other_builds(self) -> None:
        """Remove the vectors and rows of every build but the current one; the catalogue is kept."""
        build = self._work.build()
        with self._work.transaction() as connection:
            BuildRepository(connection).delete_other_builds(build.build_id)
        with explained(self._folder, DATABASE):
            remove_other_build_folders(self._folder, [build])

    def known_photos(self, fingerprint: str | None = None) -> dict[str, KnownPhoto]:
        """Every photo of the catalogue by its path, as seen by the build in use, or by that of a fingerprint."""
        with self._work.transaction() as connection:
            build_id = self._work.build_id
            if fingerprint is not None:
                build = BuildRepository(connection).build_with_fingerprint(fingerprint)
                build_id = None if build is None else build.build_id
            return PhotoRepository(connection).known_photos(build_id)

    def record_with_content(self, content_hash: str) -> int | None:
        """The record of the current build that holds a photo with this content."""
        build = self._work.build()
        with self._work.transaction() as connection:
            found = PhotoRepository(connection).record_with_content(build.build_id, content_hash)
        return None if found is None else found[0]

    def add_photos(
        self,
        batch: Sequence[PhotoRow],
        vectors: NDArray[np.float16],
        boxes: NDArray[np.float32],
        objectness: NDArray[np.float32],
        texts: Sequence[Sequence[PhotoText]] | None = None,
    ) -> list[int]:
        """Add or replace photos with their vectors (n, S, D), boxes (n, R, 4) and objectness (n, R), all or none.

        Returns their numbers. `texts` are those of each; a photo without any has none from now on. One whose content
        changed loses its captions and what was read in it. Raises WrongModelError for other
        shapes, ValueError for a vector that is not finite, a box outside of its photo or a path given twice.
        """
        build = self._work.build()
        require_shape("vectors", vectors, (len(batch), build.rows_per_photo, build.dimension))
        require_shape("boxes", boxes, (len(batch), build.num_regions, 4))
        require_shape("objectness", objectness, (len(batch), build.num_regions))
        require_finite(vectors)
        require_boxes(boxes, objectness)
        paths = [photo.path for photo in batch]
        if len(set(paths)) < len(paths):
            raise ValueError("a path was given twice in one batch; each photo belongs in it once")
        if not batch:
            return []
        with self._work.transaction() as connection:
            rows = vectors.reshape(-1, build.dimension)  # (n·S, D)
            starts = self._work.append("photos", rows, [build.rows_per_photo] * len(batch))
            ids = save_photos(connection, build.build_id, batch, [()] * len(batch) if texts is None else texts)
            photos = PhotoRepository(connection)
            photos.add_records(build.build_id, ids, [start // build.rows_per_photo for start in starts])
            photos.add_regions(build.build_id, ids, boxes, objectness)
        return ids

    def link_photo(self, path: str, size: int, mtime_ns: int, content_hash: str, ctime_ns: int = 0) -> int | None:
        """Add a copy, or the new name, of a photo that the build has embedded: it shares record, regions, captions and
        the text that was read in it; its metadata too, until they are read again, as its stamp says.

        Returns the photo's number; None, and nothing is written, when no photo of the build has this content (any
        more), and it has to be embedded like a new one.
        """
        build = self._work.build()
        with self._work.transaction() as connection:
            return save_copy(connection, build.build_id, path, size, mtime_ns, ctime_ns, content_hash)

    def note_changes(self, *, moved: Sequence[Move], returned: Sequence[int], gone: Sequence[int]) -> None:
        """Note photos whose file has another path now, is back, or has disappeared; all or none.

        Photos that are gone are hidden from readers, and keep their vectors and captions.
        """
        if moved or returned or gone:
            with self._work.transaction() as connection:
                PhotoRepository(connection).mark_missing(returned, None)
                move_photos(connection, moved)
                hide_missing(connection, gone)

    def roots(self) -> list[str]:
        """The paths that were indexed by name."""
        with self._work.transaction() as connection:
            return RootRepository(connection).roots()

    def replace_roots(self, paths: Sequence[str]) -> None:
        """Let these be all the roots."""
        with self._work.transaction() as connection:
            RootRepository(connection).replace_roots(paths)

    def remove_photos(self, photo_ids: Sequence[int]) -> None:
        """Remove photos from the catalogue and from every build, and their captions with them."""
        with self._work.transaction() as connection:
            remove_photos(connection, photo_ids)

    def texts_to_embed(self, texts: Iterable[str]) -> list[str]:
        """Those of some texts that the current build has not embedded, whoever wrote them, each once."""
        build = self._work.build()
        wanted = list(dict.fromkeys(texts))
        with self._work.transaction() as connection:
            known = SentenceRepository(connection).embedded_among(build.build_id, wanted)
        return [text for text in wanted if text not in known]

    def add_sentences(
        self,
        texts: Sequence[str],
        sources: Sequence[str],
        word_rows: NDArray[np.float16],
        num_words: NDArray[np.int64],
        *,
        generated: bool = False,
        of_photos: Sequence[bool] | None = None,
    ) -> None:
        """Add sentences with their word rows, one after the other, all or none. `num_words` is (N,).

        `of_photos` says of each whether it stands beside a photo and in no file of sentences.

        A sentence has T rows of D, and with a global term its sentence vector after them. A text that is known keeps
        its number and source, but one that a person wrote takes the place of a `generated` one. Raises
        WrongModelError, or ValueError for a vector that is not finite.
        """
        self._require_sentences_fit(word_rows, num_words)
        if texts:
            with self._work.transaction() as connection:
                self._save_sentences(connection, texts, sources, word_rows, num_words, generated, of_photos)

    def photos_without_captions(self, captioner: str) -> dict[str, KnownPhoto]:
        """The photos of the current build that have no caption by the caption model of this fingerprint, by path."""
        build = self._work.build()
        with self._work.transaction() as connection:
            return CaptionRepository(connection).photos_without_captions(build.build_id, captioner)

    def add_captions(
        self,
        captioner: str,
        captions: Mapping[int, Sequence[CaptionRow]],
        texts: Sequence[str],
        word_rows: NDArray[np.float16],
        num_words: NDArray[np.int64],
    ) -> None:
        """Give photos, by number, their captions, best first, in the place of those they had; all or none.

        `texts` with `word_rows` and `num_words` as in `add_sentences` are the captions that the current build has not
        embedded, see `texts_to_embed`. Generated sentences that are no photo's caption any more go. `captioner` is the
        fingerprint of the caption model. Raises WrongModelError, or ValueError for a vector that is not finite or a
        caption without vectors.
        """
        self._require_sentences_fit(word_rows, num_words)
        written = {caption.text for own in captions.values() for caption in own}
        if missing := set(self.texts_to_embed(written)) - set(texts):
            raise ValueError(f"the caption {min(missing)!r} comes without vectors; embed what texts_to_embed names")
        with self._work.transaction() as connection:
            if texts:
                sources = [f"caption model {captioner[:8]}"] * len(texts)
                self._save_sentences(connection, texts, sources, word_rows, num_words, True)
            save_captions(connection, captioner, captions)

    def _require_sentences_fit(self, word_rows: NDArray[np.float16], num_words: NDArray[np.int64]) -> None:
        build = self._work.build()
        num_rows = int(num_words.sum()) + len(num_words) * build.has_global
        require_shape("word_rows", word_rows, (num_rows, build.dimension))
        require_finite(word_rows)

    def _save_sentences(
        self,
        connection: Connection,
        texts: Sequence[str],
        sources: Sequence[str],
        word_rows: NDArray[np.float16],
        num_words: NDArray[np.int64],
        generated: bool,
        of_photos: Sequence[bool] | None = None,
    ) -> None:
        build = self._work.build()
        counts = [int(count) for count in num_words]
        starts = self._work.append("sentences", word_rows, [count + build.has_global for count in counts])
        sentences = SentenceRepository(connection)
        sentences.save_sentences(texts, sources, of_photos or [False] * len(texts), generated=generated)
        ids = sentences.ids_of_texts(texts)
        sentences.save_records(build.build_id, [ids[text] for text in texts], starts, counts)

    def finish(self) -> list[str]:
        """Bring the FAISS file up to date with the photos; return what a person should know about the old one."""
        build = self._work.build()
        with explained(self._folder, DATABASE):
            note = bring_up_to_date(
                self._folder, build, self._work.stores, self._work.sentences, flat_limit=self._flat_limit
            )
        return [*self.notes, *([] if note is None else [note])]

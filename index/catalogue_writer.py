"""What a writer does with photos and sentences: the same for a library in a folder and on a server."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from index.catalogue.builds import BuildRepository
from index.catalogue.captions import CaptionRepository
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
from index.scoring.shape_checks import require_boxes, require_finite, require_shape
from index.texts_writer import TextsWriter
from index.values import CaptionRow, KnownPhoto, Move, PhotoRow, PhotoText


class CatalogueWriter(TextsWriter):
    """The part of a writer that knows photos and sentences: each method is one transaction, and all or nothing of it.

    Methods that need a build raise RuntimeError before one is in use.
    """

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

    def known_photos(self, fingerprint: str | None = None) -> Iterator[tuple[str, KnownPhoto]]:
        """Every photo of the catalogue with its path, in order of their numbers, as seen by the build in use, or by
        that of a fingerprint. Read some thousand at a time: no more of a library is in memory.
        """
        after = 0
        while True:
            with self._work.transaction() as connection:
                build_id = self._work.build_id
                if fingerprint is not None:
                    build = BuildRepository(connection).build_with_fingerprint(fingerprint)
                    build_id = None if build is None else build.build_id
                page = PhotoRepository(connection).known_photos(build_id, after)
            if not page:
                return
            yield from page
            after = page[-1][1].photo_id

    def embedded_contents(self, sizes: Collection[int]) -> set[str]:
        """The contents that the build in use has embedded, of files of some sizes: what new ones may be copies of."""
        build = self._work.build()
        with self._work.transaction() as connection:
            return PhotoRepository(connection).embedded_contents(build.build_id, list(sizes))

    def photos_below(self, path: str) -> list[int]:
        """The numbers of the photo at a path and of all in the folder of that name, those that are missing too."""
        with self._work.transaction() as connection:
            return PhotoRepository(connection).ids_below(path)

    def missing_photos(self) -> dict[str, int]:
        """The number of each photo whose file has disappeared, by path."""
        with self._work.transaction() as connection:
            return PhotoRepository(connection).missing_photos()

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
            records = self._work.store_photos([photo.content_hash for photo in batch], vectors)
            ids = save_photos(connection, build.build_id, batch, [()] * len(batch) if texts is None else texts)
            photos = PhotoRepository(connection)
            photos.add_records(build.build_id, ids, records)
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

    def replace_roots(self, paths: Sequence[str], known: Sequence[str] | None = None) -> None:
        """Let these be the roots, in the place of those that were known; of all where that is None."""
        with self._work.transaction() as connection:
            RootRepository(connection).replace_roots(paths, known)

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
        sentences = SentenceRepository(connection)
        sentences.save_sentences(texts, sources, of_photos or [False] * len(texts), generated=generated)
        known = sentences.ids_of_texts(texts)
        ids = [known[text] for text in texts]
        starts = self._work.store_sentences(ids, word_rows, counts)
        sentences.save_records(build.build_id, ids, starts, counts)

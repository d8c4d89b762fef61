"""Photos and sentences → vectors → the library, a batch at a time; what is done is kept whenever it stops."""

import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from engine.errors import PhotoError, QueryError
from engine.language.tokens import Tokens
from engine.library.changes import Changes, find_changes, left_behind, require_present, without_covered
from engine.library.cost import cost_elsewhere, cost_of
from engine.library.describing import describe
from engine.library.report import PHOTO_BATCH, IndexReport, Progress, Report
from engine.library.storing import link, store, store_found
from engine.models.protocol import EmbeddingModel
from engine.photos.hashing import content_hash
from engine.photos.loading import KnownContent, LoadedPhoto, ReadPhoto, load_photos
from engine.photos.location import path_at
from engine.photos.sidecars import Sidecars
from engine.photos.walk import Failure, FoundPhoto, Scan
from index import BuildInfo, BuildSpec, Writer

if TYPE_CHECKING:
    from engine.library.ray_workers import RayWorkers
    from engine.library.stored_captions import LibraryCaptions
    from engine.library.texts_in_photos import LibraryTexts

logger = logging.getLogger(__name__)

SENTENCE_BATCH = 64
Item = TypeVar("Item")


def build_spec(model: EmbeddingModel) -> BuildSpec:
    """What the library must know of a model.

    Raises:
        ModelError: it scores by eq. 7, which no index searches by.
    """
    model.require_searchable()
    return BuildSpec(
        model_name=model.name,
        fingerprint=model.fingerprint,
        num_regions=model.num_regions,
        dimension=model.dimension,
        has_global=model.has_global,
    )


class Indexer:
    """One run over photos and sentences.

    Args:
        writer: the library, open for writing.
        model: makes the vectors.
        report: called as the run goes on.
        max_pixels: the largest photo taken; None for a limit that the memory of the machine gives.
        captions: gives the photos captions; None to leave them as they are.
        texts: reads the text in the photos; None to leave it as it was read.
        workers: embed the photos elsewhere; None to embed them here.
    """

    def __init__(
        self,
        writer: Writer,
        model: EmbeddingModel,
        report: Report,
        max_pixels: int | None = None,
        captions: "LibraryCaptions | None" = None,
        texts: "LibraryTexts | None" = None,
        workers: "RayWorkers | None" = None,
    ) -> None:
        self._writer = writer
        self._model = model
        self._report = report
        self._max_pixels = max_pixels
        self._captions = captions
        self._texts = texts
        self._workers = workers
        self._changes = Changes()
        self._before = ""
        self._is_announced = True
        self._sidecars = Sidecars()
        self.result = IndexReport()

    def run(
        self,
        scan: Scan,
        sentences: Mapping[str, Sequence[str]],
        *,
        rebuild_vectors: bool = False,
        check_content: bool = False,
        allow_missing: bool = False,
    ) -> IndexReport:
        """Bring the library up to date with the photos of ``scan`` and with the sentences of files, by path.

        Everything that an earlier model embedded is embedded again when the model has changed, and everything that
        this one did with ``rebuild_vectors``. The earlier one answers searches until the run is over.

        Raises:
            PhotosGoneError: photos disappeared, more than may be hidden without ``allow_missing``; nothing is changed.
        """
        spec = build_spec(self._model)
        with self.result.timed("compare"):
            changes = find_changes(
                self._writer, spec.fingerprint, scan, _content_hashes,
                check_content=check_content, embed_again=rebuild_vectors,
            )  # fmt: skip
        self._changes = changes
        logger.info(
            "%d photos found: %d to be read, %d moved, %d back, %d gone, %d unchanged",
            len(scan), len(changes.to_read), len(changes.moves), len(changes.returned), len(changes.gone),
            changes.unchanged,
        )  # fmt: skip
        if not allow_missing:
            require_present(scan, changes)
        self._before = self._writer.current_model()
        build = self._writer.use_build(spec, discard_vectors=rebuild_vectors, current=changes.is_covered)
        self._is_announced = build.current
        known_roots = self._writer.roots()
        roots = without_covered([*known_roots, *scan.roots])
        self._writer.replace_roots(roots, known_roots)
        self._writer.note_changes(moved=changes.moves, returned=changes.returned, gone=list(changes.gone))
        self.result.failed.extend(scan.failures)
        self.result.skipped = scan.skipped
        self.result.unchanged = changes.unchanged
        self.result.moved, self.result.missing = len(changes.moves), len(changes.gone)
        self.result.found_again = len(changes.returned)
        behind, others = left_behind(changes.behind, roots)
        self._tell_of(others)
        self._sidecars = Sidecars((), scan.sidecars)
        to_read = [*changes.to_read, *behind]
        self._photos(to_read, self._writer.embedded_contents({photo.size for photo in to_read}))
        describe(self._writer, scan, changes.last_known, self._report, self.result)
        if self._captions is not None:
            self._captions.write_missing(self._report, self.result)
        if self._texts is not None:
            self._texts.read_missing(self._report, self.result)
        for file, own in sentences.items():
            self._writer.replace_sentence_file([os.path.abspath(file), file], own)  # noqa: PTH100 - no link is resolved
        self._writer.forget_unknown_texts()
        self._writer.settle_sentences()
        self._sentences(self._writer.sentences_to_embed())
        # After the others: what a person wrote as well is a person's by now.
        self._sentences(self._writer.generated_to_embed(), generated=True)
        self._let_answer(build)  # until here the model of before has answered
        with self.result.timed("finish"):
            self.result.warnings.extend(self._writer.finish())
        return self.result

    def _let_answer(self, build: BuildInfo) -> None:
        """Let the model answer searches, unless others who wrote at the same time would lose photos by it."""
        if build.current:
            if (answers := self._writer.current_model()) != build.model_name:
                self.result.warnings.append(
                    f"The model {answers} took the place of {build.model_name} while this ran: searches leave out what "
                    f"it has not embedded. Run `engine index --model {answers}` to embed that too."
                )
            return
        awaited = self._changes.awaited
        late = sum(
            photo.photo_id not in awaited and not photo.embedded and not photo.missing
            for _, photo in self._writer.known_photos()
        )
        if not late:
            self._writer.make_current()
            return
        self.result.warnings.append(
            f"Others added {late} photos with another model while this ran, and {self._before} goes on answering "
            "searches. Run the same command again to embed these too."
        )

    def _photos(self, files: Sequence[FoundPhoto], stored: set[str]) -> None:
        """Embed photos whose content is not ``stored``, and the descriptions inside them."""
        if self._workers is not None and len(files) > PHOTO_BATCH:  # fewer are done before workers have begun
            self._photos_elsewhere(self._workers, files, stored)
            return
        batch: list[LoadedPhoto] = []
        copies: list[KnownContent] = []  # of a photo of the batch
        orphaned: list[FoundPhoto] = []  # copies of a photo whose own file was changed since
        workers = os.cpu_count() or 1
        loaded = load_photos(
            files,
            self._model.image_size,
            workers,
            self._max_pixels,
            lambda _, content: content in stored,
            self._sidecars,
        )
        try:
            for number, item in enumerate(self._waiting_for(loaded), start=1):
                if isinstance(item, Failure):
                    self.result.failed.append(item)
                elif isinstance(item, KnownContent) or item.content_hash in stored:
                    if not self._link(item):
                        orphaned.append(item.file)
                elif any(item.content_hash == photo.content_hash for photo in batch):
                    copies.append(KnownContent(item.file, item.content_hash))
                else:
                    batch.append(item)
                if batch and (len(batch) == PHOTO_BATCH or number == len(files)):
                    if not self._is_announced:
                        images, done = [photo.image for photo in batch], number - len(batch)
                        self._announce(cost_of(self._model, images, len(files) - done, self._before), done, len(files))
                    stored |= self._write(batch)
                    orphaned += [copy.file for copy in copies if not self._link(copy)]
                    batch, copies = [], []
                self._report(Progress("photos", number, len(files)))
        finally:
            loaded.close()
        if orphaned:
            self._photos(orphaned, set())

    def _announce(self, note: str, done: int, total: int) -> None:
        """Say what embedding with another model takes, before it begins."""
        self._is_announced = True
        self._report(Progress("photos", done, total, note))

    def _photos_elsewhere(self, workers: "RayWorkers", files: Sequence[FoundPhoto], stored: set[str]) -> None:
        """The same, by workers, which write as well where the library lets several; what two of them embedded at the
        same time is kept once.
        """
        orphaned: list[FoundPhoto] = []
        done = 0
        if not self._is_announced:
            self._announce(cost_elsewhere(self._model, len(files), self._before), 0, len(files))
        with closing(workers.embedded(files, stored)) as batches:
            for found in self._waiting_for(batches, "workers"):
                if not found.is_stored:
                    with self.result.timed("write"):
                        store_found(self._writer, found, stored)
                stored |= {photo.content_hash for photo in found.photos}
                self.result.failed.extend(found.failed)
                self._count_stored(found.photos)
                for copy in found.known:
                    self._count_linked(copy)
                orphaned += found.orphaned
                done += found.num_files
                self._report(Progress("photos", done, len(files)))
        if orphaned:
            self._photos(orphaned, set())

    def _link(self, copy: KnownContent | ReadPhoto) -> bool:
        """Let a photo share the vectors of an equal one; False where the library no longer has them."""
        if not link(self._writer, copy):
            return False
        self._count_linked(copy)
        return True

    def _count_linked(self, copy: KnownContent | ReadPhoto) -> None:
        before = self._changes.known.get(copy.file.path)
        if before is None or before.content_hash != copy.content_hash:
            self.result.added += 1
        elif not before.embedded:
            self.result.embedded_again += 1
        elif before.missing:
            self.result.found_again += 1
        else:
            self.result.unchanged += 1  # only its time of change is another

    def _waiting_for(self, loaded: Iterator[Item], stage: str = "decode") -> Iterator[Item]:
        """Pass items on, timing how long they are waited for."""
        while True:
            with self.result.timed(stage):
                item = next(loaded, None)
            if item is None:
                return
            yield item

    def _write(self, batch: Sequence[LoadedPhoto]) -> set[str]:
        """Embed and store a batch in one transaction; return its content hashes."""
        with self.result.timed("resize"):
            pixels = self._model.pixels_of([photo.image for photo in batch])
        with self.result.timed("backbone"):
            maps = self._model.extract(pixels)
        with self.result.timed("regions"):
            vectors = self._model.embed_maps(pixels, maps)
        with self.result.timed("write"):
            photo_ids = store(self._writer, batch, vectors)
        self._count_stored(batch)
        if self._captions is not None and self._captions.sees_with(self._model):
            self._captions.write([[photo_id] for photo_id in photo_ids], pixels, maps, self.result)
        return {photo.content_hash for photo in batch}

    def _count_stored(self, photos: Sequence[ReadPhoto]) -> None:
        befores = [(self._changes.known.get(photo.file.path), photo.content_hash) for photo in photos]
        again = sum(before is not None and before.content_hash == content for before, content in befores)
        self.result.embedded_again += again
        self.result.added += len(photos) - again
        self.result.warnings.extend(f"{photo.file.path}: {warning}" for photo in photos for warning in photo.warnings)

    def _sentences(self, sentences: Iterable[tuple[str, str, bool]], *, generated: bool = False) -> None:
        """Embed sentences, each with where it stands and whether it is a photo's."""
        readable = [
            (text, source, own, tokens)
            for text, source, own in sentences
            if (tokens := self._usable(text, source, own)) is not None
        ]
        readable.sort(key=lambda item: len(item[3].words))  # sentences alike in length need little padding
        total = self.result.sentences_added + len(readable)
        for start in range(0, len(readable), SENTENCE_BATCH):
            texts, sources, of_photos, usable = zip(*readable[start : start + SENTENCE_BATCH], strict=True)
            with self.result.timed("sentences"):
                stored = [vector.stored for vector in self._model.embed_texts(usable)]
            rows = np.concatenate([rows for rows, _ in stored]).astype(np.float16)
            with self.result.timed("write"):
                counts = np.array([num_words for _, num_words in stored])
                self._writer.add_sentences(texts, sources, rows, counts, generated=generated, of_photos=of_photos)
            logger.debug("Wrote %d sentences", len(texts))
            self.result.sentences_added += len(texts)
            self._report(Progress("sentences", self.result.sentences_added, total))

    def _usable(self, text: str, source: str, of_photo: bool) -> Tokens | None:
        try:
            return self._model.usable(text)
        except QueryError as error:
            if not of_photo:  # names and other languages are found by their words
                self.result.warnings.append(f"{source}: {error}")
            return None

    def _tell_of(self, others: Sequence[str]) -> None:
        """Say which photos are found no more: not embedded by this model, and in no folder that was named."""
        if others:
            self.result.warnings.append(
                f"{len(others)} photos of the library lie in no folder that was indexed, as after an import, and this "
                f"model has not embedded them: searches leave them out. Index their folders, such as "
                f"{path_at(others[0]).parent}."
            )


def _content_hashes(paths: Sequence[str]) -> list[str | None]:
    def hashed(path: str) -> str | None:
        try:
            return content_hash(path)
        except PhotoError:  # said when it is read as a new photo
            return None

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(hashed, paths))

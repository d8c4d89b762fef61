"""What a writer does with texts and metadata of photos, and with sentences as far as texts say them."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from index.catalogue.photos import PhotoRepository
from index.catalogue.saving import describe_photos, save_read_texts
from index.catalogue.sentences import SentenceRepository
from index.catalogue.texts import TextRepository
from index.values import BuildInfo, KnownPhoto, PhotoMetadata, PhotoText


class Work(Protocol):
    """The transactions of a writer, and where vectors go in one of them."""

    @property
    def build_id(self) -> int | None:
        """The number of the build in use, None before there is one."""
        ...

    def build(self) -> BuildInfo:
        """The build in use. Raises RuntimeError before there is one."""
        ...

    def transaction(self) -> AbstractContextManager[Connection]:
        """A transaction that is committed at the end of the block, and undone when the block raises."""
        ...

    def store_photos(self, content_hashes: Sequence[str], vectors: NDArray[np.float16]) -> list[int]:
        """Keep the vectors (n, S, D) of contents, inside a transaction; returns their records."""
        ...

    def store_sentences(
        self, sentence_ids: Sequence[int], word_rows: NDArray[np.float16], num_words: Sequence[int]
    ) -> list[int]:
        """Keep the vectors of sentences, inside a transaction; returns where those of each begin."""
        ...


class TextsWriter:
    """The part of a writer that knows texts; ``notes`` say what it mended, for a person."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self.notes: list[str] = []

    def describe_photos(self, described: Mapping[int, PhotoMetadata]) -> None:
        """Give photos, by number, other metadata and texts; what was read in them stays. All or none."""
        if described:
            with self._work.transaction() as connection:
                describe_photos(connection, described)

    def photos_without_text(self, text_reader: str) -> dict[str, KnownPhoto]:
        """The photos of the current build in which this reader has not read any text yet, by path."""
        build = self._work.build()
        with self._work.transaction() as connection:
            return PhotoRepository(connection).photos_without_text(build.build_id, text_reader)

    def add_read_texts(self, text_reader: str, texts: Mapping[int, Sequence[PhotoText]]) -> None:
        """Give photos, by number, and all of the same content the texts that this reader read in them; all or none."""
        with self._work.transaction() as connection:
            save_read_texts(connection, text_reader, texts)

    def replace_sentence_file(self, names: Sequence[str], sentences: Sequence[str]) -> None:
        """Let these be the sentences of a file, the first of `names`; it had one of the others before."""
        with self._work.transaction() as connection:
            texts = TextRepository(connection)
            for name in names[1:]:
                texts.replace_file(name, ())
            texts.replace_file(names[0], sentences)

    def forget_sentence_file(self, name: str) -> int:
        """Forget the sentences of a file, as far as nothing else says them; returns how many it had."""
        with self._work.transaction() as connection:
            texts = TextRepository(connection)
            number = texts.replace_file(name, ())
            texts.settle_sentences()
        return number

    def sentence_files(self) -> list[str]:
        """The files of sentences that the library holds."""
        with self._work.transaction() as connection:
            return TextRepository(connection).files()

    def forget_unknown_texts(self) -> None:
        """Forget what earlier versions kept of photos that are not known any more, once all others were read again."""
        with self._work.transaction() as connection:
            TextRepository(connection).forget_unknown_places()

    def settle_sentences(self) -> None:
        """Forget the sentences that no text and no caption says any more."""
        with self._work.transaction() as connection:
            TextRepository(connection).settle_sentences()

    def sentences_to_embed(self) -> list[tuple[str, str, bool]]:
        """(text, where it stands, whether it is a photo's) of the sentences of persons that the build lacks."""
        build = self._work.build()
        with self._work.transaction() as connection:
            return TextRepository(connection).sentences_to_embed(build.build_id)

    def generated_to_embed(self) -> list[tuple[str, str, bool]]:
        """The same for sentences that a caption model wrote, after a change of model."""
        build = self._work.build()
        with self._work.transaction() as connection:
            return SentenceRepository(connection).generated_without_record(build.build_id)

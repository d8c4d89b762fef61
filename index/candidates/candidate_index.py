"""The derived file that proposes what is worth re-ranking: photos for a query, and sentences for a photo."""

import zlib
from collections.abc import Callable
from pathlib import Path

from index.candidates.faiss_store import FaissFileError, read_codes
from index.candidates.photo_index import PhotoIndex
from index.candidates.recall_curve import UNCALIBRATED
from index.candidates.sentence_index import SentenceIndex
from index.store.atomic import replace_file
from index.store.segments import StoredSentences, VectorStore
from index.values import FLAT_LIMIT, BuildSpec

Keep = Callable[["CandidateIndex"], object]
"""Called from time to time with what is ready of an index whose making takes long."""


class CandidateIndex:
    """An index of photos and, where there are very many, of sentences."""

    def __init__(self, photos: PhotoIndex, sentences: SentenceIndex | None = None) -> None:
        self.photos = photos
        self.sentences = sentences
        self.calibration = UNCALIBRATED

    @classmethod
    def build(
        cls,
        store: VectorStore,
        spec: BuildSpec,
        *,
        sentences: SentenceIndex | None = None,
        flat_limit: int = FLAT_LIMIT,
        keep: Keep | None = None,
    ) -> "CandidateIndex":
        """An index of all photo records in `store`, and of the sentences that another one knew, if it is given."""
        built = cls(PhotoIndex.trained(store, spec, flat_limit), sentences)
        built.catch_up(store, keep)
        return built

    @classmethod
    def load(cls, path: Path, spec: BuildSpec, num_records: int, num_sentence_rows: int = 0) -> "CandidateIndex":
        """Read an index. Raises FaissFileError when it is not one of so many records and rows of this build."""
        codes = read_codes(path)
        num_for_sentences = 0 if not num_sentence_rows else 3 if spec.has_global else 1
        split = len(codes) - num_for_sentences
        photos = PhotoIndex.of_codes(codes[: max(0, split)], spec)
        sentences = SentenceIndex.of_codes(codes[split:]) if num_for_sentences else None
        if photos is None or (num_for_sentences and sentences is None):
            raise FaissFileError("is of an older kind")
        if any(each.dimension != spec.dimension for each in codes):
            raise FaissFileError(f"holds vectors of dimension {codes[0].dimension}, expected {spec.dimension}")
        photos.require(num_records)
        if sentences is not None and sentences.num_rows != num_sentence_rows:
            raise FaissFileError(f"knows {sentences.num_rows} rows of sentences, expected {num_sentence_rows}")
        return cls(photos, sentences)

    @property
    def num_records(self) -> int:
        """The photo records that it covers."""
        return self.photos.num_records

    @property
    def num_sentence_rows(self) -> int:
        """The rows of sentences that it covers."""
        return 0 if self.sentences is None else self.sentences.num_rows

    def catch_up(self, store: VectorStore, keep: Keep | None = None) -> None:
        """Add the photo records that it lacks."""
        self.photos.catch_up(store, None if keep is None else lambda: keep(self))

    def catch_up_sentences(self, sentences: StoredSentences, spec: BuildSpec, keep: Keep | None = None) -> None:
        """Add the sentences that it lacks."""
        if self.sentences is None or self.sentences.outgrown(sentences):
            self.sentences = SentenceIndex.trained(sentences, spec)
        self.sentences.catch_up(sentences, None if keep is None else lambda: keep(self))

    def save(self, path: Path) -> tuple[int, int]:
        """Write the index in one step; return the bytes and the CRC-32 of the file. Raises OSError."""
        size, crc = 0, 0

        def write(temporary: Path) -> None:
            def write_some(data: bytes) -> None:
                nonlocal size, crc
                size, crc = size + len(data), zlib.crc32(data, crc)
                file.write(data)

            with temporary.open("wb") as file:
                for codes in [*self.photos.codes, *([] if self.sentences is None else self.sentences.codes)]:
                    codes.write(write_some)

        replace_file(path, write)
        return size, crc

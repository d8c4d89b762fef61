"""Small libraries of random vectors for the tests of the index."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from index import BuildSpec, LibraryReader, LibraryWriter, PhotoRow, Query


@dataclass
class Maker:
    """Makes photos and vectors, and remembers the vectors it gave to each path."""

    folder: Path
    spec: BuildSpec
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))
    vectors: dict[str, NDArray[np.float16]] = field(default_factory=dict)
    boxes: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def row(self, path: str, content: str | None = None) -> PhotoRow:
        return PhotoRow(
            path, 100, 200, content or f"content of {path}".encode("utf-8", "replace").decode(), 640, 480, "JPEG"
        )

    def add(self, writer: LibraryWriter, paths: Sequence[str], content: str | None = None) -> None:
        spec = self.spec
        vectors = self.rng.standard_normal((len(paths), spec.rows_per_photo, spec.dimension)).astype(np.float16)
        boxes = self.rng.random((len(paths), spec.num_regions, 4), dtype=np.float32)
        scores = self.rng.random((len(paths), spec.num_regions), dtype=np.float32)
        writer.add_photos([self.row(path, content) for path in paths], vectors, boxes, scores)
        self.vectors.update(zip(paths, vectors, strict=True))
        self.boxes.update(zip(paths, boxes, strict=True))

    def fill(self, num_photos: int, **options: Any) -> None:
        with LibraryWriter.open(self.folder, **options) as writer:
            writer.use_build(self.spec)
            for start in range(0, num_photos, 16):
                self.add(writer, [f"/photos/{number}.jpg" for number in range(start, min(start + 16, num_photos))])
            assert writer.finish() == []

    def query(self, num_words: int = 3) -> Query:
        words = self.rng.standard_normal((num_words, self.spec.dimension)).astype(np.float32)
        sentence = self.rng.standard_normal(self.spec.dimension).astype(np.float32) if self.spec.has_global else None
        return Query(words, sentence)

    def slow_score(self, path: str, query: Query) -> float:
        """The definition of the score, as loops."""
        record = self.vectors[path].astype(np.float64)
        regions = record[: self.spec.num_regions]
        score = sum(max(float(region @ word) for region in regions) for word in query.words)
        return score + (float(record[-1] @ query.sentence) if query.sentence is not None else 0.0)

    def slow_search(self, query: Query) -> list[tuple[str, float]]:
        scored = [(path, self.slow_score(path, query)) for path in self.vectors]
        return sorted(scored, key=lambda pair: -pair[1])

    def reader(self, **options: Any) -> LibraryReader:
        return LibraryReader.open(self.folder, self.warnings.append, **options)

    def assert_holds_what_was_added(self) -> None:
        """Every photo is there once, with its own vectors and boxes."""
        with self.reader(verify=True) as reader:
            assert reader.num_photos == len(self.vectors)
            for path, vectors in self.vectors.items():
                photo_id = reader.photo_id_of_path(path)
                assert photo_id is not None
                np.testing.assert_array_equal(reader.photo_vectors([photo_id])[0], vectors.astype(np.float32))
                np.testing.assert_array_equal(reader.boxes([photo_id])[0], self.boxes[path])


@pytest.fixture(params=[True, False], ids=["global", "local"])
def maker(request: pytest.FixtureRequest, tmp_path: Path) -> Maker:
    return Maker(tmp_path / "library", BuildSpec("tiny", "f1" * 32, 5, 12, has_global=request.param))


@pytest.fixture
def plain(tmp_path: Path) -> Maker:
    return Maker(tmp_path / "library", BuildSpec("tiny", "f1" * 32, 5, 12, has_global=True))


@pytest.fixture(scope="session")
def maker_class() -> type[Maker]:
    """The maker itself, for fixtures that live longer than a test."""
    return Maker

"""Themes of libraries of which the clusters are known."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from engine import Engine
from engine.captioning.describe import judge_of
from engine.captioning.folder import load_captioner
from engine.library import browsing
from engine.library.browsing import LEAST_SHARE, themes
from index import BuildSpec, LibraryReader, LibraryWriter, PhotoRow, read_photos
from index.scoring.maxsim import at_unit_length

SIZES = (40, 25, 10)
SPEC = BuildSpec("tiny", "f1" * 32, 3, 12, has_global=True)
LOCAL = BuildSpec("tiny", "f1" * 32, 3, 12, has_global=False)


def row(number: int) -> PhotoRow:
    return PhotoRow(f"/{number}.jpg", 100, 200, f"{number}", 640, 480, "JPEG")


def make(folder: Path, spec: BuildSpec, vectors: np.ndarray, texts: Sequence[str] = ()) -> LibraryReader:
    """A library of photos with these vectors (n, D) and of sentences; the word of the i-th points along the i-th axis.

    Where there is a photo vector, the regions are noise.
    """
    rng = np.random.default_rng(2)
    count, parts = len(vectors), spec.num_regions
    records = np.repeat(vectors[:, None], spec.rows_per_photo, axis=1)
    if spec.has_global:
        records[:, :parts] = 0.01 * rng.standard_normal((count, parts, spec.dimension))
    words = np.repeat(np.eye(spec.dimension, dtype=np.float16)[: len(texts)], 1 + spec.has_global, axis=0)
    with LibraryWriter.open(folder) as writer:
        writer.use_build(spec)
        if count:
            boxes, scores = rng.random((count, parts, 4), np.float32), rng.random((count, parts), np.float32)
            writer.add_photos([row(number) for number in range(count)], records.astype(np.float16), boxes, scores)
        writer.add_sentences(texts, ["by hand"] * len(texts), words, np.ones(len(texts), np.int64))
        writer.finish()
    return LibraryReader.open(folder, pytest.fail)


def clusters(lengths: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Vectors (n, D) around the first axes, in random order, and the number of the axis of each."""
    rng = np.random.default_rng(1)
    owners = rng.permutation(np.repeat(np.arange(len(SIZES)), SIZES))
    vectors = np.eye(12)[owners] + 0.05 * rng.standard_normal((len(owners), 12))
    return vectors * (rng.uniform(1, 50, (len(owners), 1)) if lengths else 1), owners


@pytest.mark.parametrize("sampled", [20_000, 30], ids=["all", "sampled"])
@pytest.mark.parametrize("spec", [SPEC, LOCAL], ids=["global", "local"])
def test_themes_are_the_clusters_named_by_words_of_their_sentences(
    spec: BuildSpec, sampled: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsing, "MOST_SAMPLED", sampled)
    monkeypatch.setattr(browsing, "records_per_block", lambda *_: 7)
    vectors, owners = clusters(lengths=True)
    texts = ["a cat", "a dog", "a boat", "a house"]
    with make(tmp_path / "library", spec, vectors, texts) as reader:
        found = themes(reader, 3)
        numbers = {photo_id: int(reader.photos([photo_id])[0].path[1:-4]) for photo_id in reader.photo_ids.tolist()}
        assert themes(reader, 3) == found
    assert [group.name for group in found] == ["cat", "dog", "boat"]
    unit = at_unit_length(vectors)
    for theme, group in enumerate(found):
        rows = [numbers[photo_id] for photo_id in group.photo_ids]
        assert sorted(rows) == np.flatnonzero(owners == theme).tolist()
        if sampled > len(owners):  # the centre is the mean then
            distances = np.linalg.norm(unit[rows] - unit[rows].mean(axis=0), axis=1)
            assert (np.diff(distances) > -1e-3).all()


def test_a_library_without_sentences_has_themes_without_names(tmp_path: Path) -> None:
    with make(tmp_path / "library", SPEC, clusters()[0]) as reader:
        found = themes(reader, 3)
    assert [(group.name, len(group.photo_ids)) for group in found] == [(None, size) for size in SIZES]


def test_photos_that_are_alike_are_fewer_themes_than_asked_for(tmp_path: Path) -> None:
    with make(tmp_path / "equal", SPEC, np.ones((9, 12))) as reader:
        assert [len(group.photo_ids) for group in themes(reader, 5)] == [9]
    with make(tmp_path / "zeros", SPEC, np.zeros((2, 12))) as reader:
        assert [len(group.photo_ids) for group in themes(reader)] == [2]
    with make(tmp_path / "few", SPEC, np.eye(12)[:2]) as reader:
        assert [len(group.photo_ids) for group in themes(reader, 5)] == [1, 1]
    with make(tmp_path / "none", SPEC, np.empty((0, 12))) as reader:
        assert themes(reader) == []


def test_missing_photos_belong_to_no_theme(tmp_path: Path) -> None:
    with make(tmp_path / "library", SPEC, clusters()[0]) as reader:
        gone = reader.photo_ids[::2].tolist()
    with LibraryWriter.open(tmp_path / "library") as writer:
        writer.note_changes(moved=[], returned=[], gone=gone)
    with LibraryReader.open(tmp_path / "library", pytest.fail) as reader:
        found = [photo_id for group in themes(reader) for photo_id in group.photo_ids]
    assert sorted(found) == sorted(photo.photo_id for photo in read_photos(tmp_path / "library"))
    assert not set(found) & set(gone)


def test_photos_of_which_nothing_is_written_are_named_by_what_they_show(photos: Path, tmp_path: Path) -> None:
    with Engine.open(tmp_path / "library", device="cpu") as engine:
        engine.index([photos])
        judge = judge_of(engine.model, load_captioner("default"))
        ids = engine.reader.photo_ids.tolist()
        found = themes(engine.reader, len(ids), judge=judge)
        cat = next(row for row in ids if engine.reader.photos([row])[0].path.endswith("chelsea.png"))
        assert judge is not None
        said = [name.text for name in judge.seen_among(engine.reader.photo_vectors([cat]), LEAST_SHARE)]
    names = {group.photo_ids: group.name for group in found}
    assert "cat" in said
    assert names[cat,].split(", ")[0] == "cat"


def test_the_themes_of_a_real_library_hold_every_photo_once(library: Path) -> None:
    stored = read_photos(library)
    ids = sorted(photo.photo_id for photo in stored)
    with LibraryReader.open(library, pytest.fail) as reader:
        found = themes(reader, len(ids))
        one = themes(reader, 1)
    assert sorted(photo_id for group in found for photo_id in group.photo_ids) == ids
    assert sorted(one[0].photo_ids) == ids
    names = {Path(photo.path).name: photo.photo_id for photo in stored}
    of_cat = next(group for group in found if group.photo_ids == (names["chelsea.png"],))
    assert of_cat.name == "camera, cat, looks"

"""Compaction: dead vectors go, every answer stays, whoever reads and whenever it is killed."""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kills import killing

from index import (
    BuildSpec,
    CaptionRow,
    LibraryDamagedError,
    LibraryLockedError,
    LibraryMissingError,
    LibraryReader,
    LibraryWriter,
    Query,
    SearchParams,
    compact_library,
    read_current_build,
    verify_library,
)
from index.candidates.manifest import read_manifest

ROOT = Path(__file__).resolve().parents[3]
APPROXIMATE = SearchParams("approximate", num_candidates=10**6)


def add_sentences(maker: Any, writer: LibraryWriter, texts: Sequence[str], *, generated: bool = False) -> None:
    """Sentences of as many words as they have; an empty one has none."""
    counts = np.array([len(text.split()) for text in texts], np.int64)
    num_rows = int(counts.sum()) + len(texts) * maker.spec.has_global
    rows = maker.rng.standard_normal((num_rows, maker.spec.dimension)).astype(np.float16)
    writer.add_sentences(texts, ["by hand"] * len(texts), rows, counts, generated=generated)


def wear(maker: Any, num_photos: int = 40, max_rows: int | None = None) -> None:
    """A library with dead vectors of all kinds: photos changed and removed, captions written anew; copies share."""
    maker.fill(num_photos, max_rows=max_rows)
    with LibraryWriter.open(maker.folder, max_rows=max_rows) as writer:
        writer.use_build(maker.spec)
        add_sentences(maker, writer, ["one", "", "two words", "three words here"])
        for captioner in ("first", "second"):
            text = f"caption of the {captioner} model"
            rows = np.full((5 + maker.spec.has_global, maker.spec.dimension), len(captioner), np.float16)
            writer.add_captions(captioner, {5: [CaptionRow(text, -1.5)]}, [text], rows, np.array([5]))
        changed = [f"/photos/{number}.jpg" for number in range(0, num_photos, 3)]
        maker.add(writer, changed, content="edited")
        writer.link_photo("/copy.jpg", 1, 2, "content of /photos/1.jpg")
        maker.vectors["/copy.jpg"], maker.boxes["/copy.jpg"] = (
            maker.vectors["/photos/1.jpg"],
            maker.boxes["/photos/1.jpg"],
        )
        known = dict(writer.known_photos())
        for path in [path for path in known if path.endswith("5.jpg")]:
            writer.remove_photos([known[path].photo_id])
            del maker.vectors[path]
        add_sentences(maker, writer, ["one more at the end"])
        writer.note_changes(moved=[], returned=[], gone=[known["/photos/2.jpg"].photo_id])
        writer.finish()


def answers(folder: Path, queries: Sequence[Query], record: Any) -> list[Any]:
    """What a library answers: rankings with scores, exact and approximate, sentences, captions, boxes."""
    with LibraryReader.open(folder, lambda _: None) as reader:
        found = [
            search
            for query in queries
            for search in (reader.search_photos(query, 999), reader.search_photos(query, 999, APPROXIMATE))
        ]
        captioned = [scores.tolist() for query in queries for scores in reader.caption_scores(query)]
        ids = reader.photo_ids.tolist()
        return [found, reader.search_sentences(record, 99), captioned, reader.boxes(ids).tolist(), ids]


def asked(maker: Any) -> tuple[list[Query], Any]:
    record = maker.rng.standard_normal((maker.spec.rows_per_photo, maker.spec.dimension)).astype(np.float32)
    return [maker.query(), maker.query(1)], record


@pytest.mark.parametrize("max_rows", [None, 40])
def test_dead_vectors_go_and_every_answer_stays(maker: Any, max_rows: int | None) -> None:
    wear(maker, max_rows=max_rows)
    questions = asked(maker)
    before = answers(maker.folder, *questions)
    report = compact_library(maker.folder, max_rows=max_rows)
    assert report.rows_dropped > 0
    assert report.bytes_after < report.bytes_before
    assert answers(maker.folder, *questions) == before
    assert verify_library(maker.folder) == []
    with LibraryReader.open(maker.folder, maker.warnings.append) as reader:
        live = {*reader.photo_ids.tolist()}
    (folder,) = (maker.folder / "vectors").iterdir()
    assert folder.name.endswith("-1")
    size = sum(path.stat().st_size for path in folder.glob("photos/*.f16"))
    # The missing photo keeps its vectors, and a copy shares those of its original.
    assert size == len(live) * maker.spec.rows_per_photo * maker.spec.dimension * 2
    assert maker.warnings == []
    again = compact_library(maker.folder)
    assert (again.rows_dropped, again.bytes_before) == (0, again.bytes_after)


def test_a_missing_photo_comes_back_with_its_vectors(plain: Any) -> None:
    wear(plain)
    compact_library(plain.folder)
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        known = dict(writer.known_photos())
        writer.note_changes(moved=[], returned=[known["/photos/2.jpg"].photo_id], gone=[])
        plain.add(writer, ["/new.jpg"])
        writer.finish()
    plain.assert_holds_what_was_added()
    assert verify_library(plain.folder) == []


def test_other_models_are_compacted_too_or_go(plain: Any, maker_class: Any) -> None:
    wear(plain)
    other = BuildSpec("other", "0e" * 32, 3, 7, has_global=False)
    newer = maker_class(plain.folder, other)
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(other)
        newer.add(writer, ["/photos/1.jpg", "/photos/4.jpg"])
        writer.finish()
    compact_library(plain.folder)
    assert sorted(path.name[-4:] for path in (plain.folder / "vectors").iterdir()) == ["0e0e", "f1-1"]
    report = compact_library(plain.folder, drop_other_models=True)
    assert (report.builds_dropped, report.rows_dropped) == (1, 0)
    assert [path.name[-4:] for path in (plain.folder / "vectors").iterdir()] == ["0e0e"]
    assert verify_library(plain.folder) == []


def test_a_library_of_which_nothing_is_left(plain: Any) -> None:
    plain.fill(5)
    with LibraryWriter.open(plain.folder) as writer:
        writer.remove_photos([photo.photo_id for _, photo in writer.known_photos()])
    assert compact_library(plain.folder).rows_dropped == 5 * 6
    assert list(plain.folder.rglob("*.f16")) == list(plain.folder.glob("*.faiss")) == []
    assert verify_library(plain.folder) == []
    plain.vectors.clear()
    plain.boxes.clear()
    plain.fill(3)
    plain.assert_holds_what_was_added()


def test_a_library_that_is_not_there_damaged_or_in_use_is_left_alone(plain: Any) -> None:
    with pytest.raises(LibraryMissingError):
        compact_library(plain.folder)
    assert not plain.folder.exists()
    wear(plain)
    with LibraryWriter.open(plain.folder), pytest.raises(LibraryLockedError):
        compact_library(plain.folder, timeout_s=0.1)
    segment = next(plain.folder.rglob("photos/*.f16"))
    data, times = bytearray(segment.read_bytes()), segment.stat()
    data[1] ^= 1
    segment.write_bytes(data)
    os.utime(segment, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(LibraryDamagedError, match=r"000000\.f16.*Nothing was compacted"):
        compact_library(plain.folder)
    assert [path.name[-2:] for path in (plain.folder / "vectors").iterdir()] == ["f1"]


def test_readers_that_are_open_keep_their_numbers_and_their_index_stays_theirs(plain: Any) -> None:
    wear(plain)
    (query, _), record = asked(plain)
    loaded, lazy = (LibraryReader.open(plain.folder, plain.warnings.append) for _ in range(2))
    with loaded, lazy:
        exact = lazy.search_photos(query, 99)
        assert loaded.search_photos(query, 99, APPROXIMATE) == exact
        sentences = lazy.search_sentences(record, 99)
        compact_library(plain.folder)
        assert lazy.changed()
        manifest = read_manifest(plain.folder)
        assert manifest is not None
        assert manifest.vectors_generation == 1
        for reader in (loaded, lazy):
            assert reader.search_photos(query, 99) == exact
            assert reader.search_photos(query, 99, APPROXIMATE) == exact
            assert reader.search_sentences(record, 99) == sentences
        assert read_manifest(plain.folder) == manifest  # the index of the old numbers was not put in its place
    with plain.reader() as reader:
        assert reader.search_photos(query, 99, APPROXIMATE) == exact


def test_a_catalogue_from_before_two_compactions_does_not_trust_their_index(plain: Any) -> None:
    wear(plain)
    (query, _), _ = asked(plain)
    with plain.reader() as reader:
        before = reader.search_photos(query, 99)
    backup = {path: path.read_bytes() for path in [plain.folder / "library.sqlite3", *plain.folder.rglob("*.f16")]}
    compact_library(plain.folder)
    for path, data in backup.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        assert read_manifest(plain.folder) is None
        writer.finish()
    with plain.reader() as reader:
        assert reader.search_photos(query, 99, APPROXIMATE) == before


CHANGES = st.lists(st.tuples(st.sampled_from(["add", "change", "copy", "remove"]), st.integers(0, 9)), max_size=12)


@settings(deadline=None, max_examples=10)
@given(lives=st.lists(CHANGES, min_size=1, max_size=3), max_rows=st.integers(6, 40))
def test_any_life_of_a_library_survives(
    tmp_path_factory: pytest.TempPathFactory, maker_class: Any, lives: Any, max_rows: int
) -> None:
    spec = BuildSpec("tiny", "f1" * 32, 2, 3, has_global=True)
    maker = maker_class(tmp_path_factory.mktemp("life") / "library", spec)
    for life in lives:
        with LibraryWriter.open(maker.folder, max_rows=max_rows) as writer:
            writer.use_build(maker.spec)
            for count, (change, number) in enumerate(life):
                path, known = f"/{number}.jpg", dict(writer.known_photos())
                if change in ("add", "change"):
                    maker.add(writer, [path], content=f"{len(maker.vectors)} {count} {life}")
                elif change == "copy" and path in known:
                    writer.link_photo(f"/copy{path}", 1, 2, known[path].content_hash)
                    maker.vectors[f"/copy{path}"] = maker.vectors[path]
                    maker.boxes[f"/copy{path}"] = maker.boxes[path]
                elif change == "remove" and path in known:
                    writer.remove_photos([known[path].photo_id])
                    del maker.vectors[path]
            writer.finish()
        compact_library(maker.folder, max_rows=max_rows)
        maker.assert_holds_what_was_added()
        assert verify_library(maker.folder) == []


COMPACT = """
import os
import index.candidates.faiss_store
from index import compact_library

def work(folder):
    compact_library(folder, max_rows=60)

def call_before(_, count):
    def counting(call):
        def counted(*arguments, **options):
            count()
            return call(*arguments, **options)
        return counted
    for name in ("fsync", "replace", "unlink", "rmdir"):
        setattr(os, name, counting(getattr(os, name)))
"""


@pytest.fixture
def killed_compaction() -> Iterator[Callable[[str, float, Path], bool]]:
    """Compacts in a process that is killed after a time, or before the n-th call that reaches the disk."""
    with killing(COMPACT) as kill:
        yield kill


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a matter of Unix")
def test_killed_at_any_instant_it_is_the_old_library_or_the_new_one(
    plain: Any, tmp_path: Path, killed_compaction: Callable[[str, float, Path], bool]
) -> None:
    wear(plain, 20, max_rows=60)
    questions = asked(plain)
    before = answers(plain.folder, *questions)

    def killed(when: str, value: float, trial: int) -> int | None:
        """The generation that a killed compaction left behind; None when it had ended before."""
        folder = shutil.copytree(plain.folder, tmp_path / f"{when} {value}")
        if not killed_compaction(when, value, folder):
            return None
        problems = verify_library(folder)
        assert all(problem.harmless for problem in problems), problems
        build = read_current_build(folder)
        if trial % 3 == 0:
            assert all(problem.repaired for problem in verify_library(folder, repair=True))
        elif trial % 3 == 1:
            compact_library(folder, max_rows=60)
        else:
            with LibraryWriter.open(folder, max_rows=60) as writer:
                writer.use_build(plain.spec)
                writer.finish()
        assert verify_library(folder) == []
        assert answers(folder, *questions) == before
        assert build is not None
        return build.vectors_generation

    generations: list[int] = []
    while (generation := killed("call", len(generations) + 1, len(generations))) is not None:
        generations.append(generation)
    assert generations == sorted(generations)
    assert {*generations} == {0, 1}
    started = time.perf_counter()
    killed_compaction("call", 10**6, shutil.copytree(plain.folder, tmp_path / "whole"))
    whole_s = time.perf_counter() - started
    chance = random.Random(0)
    at_random = [killed("time", chance.uniform(0, whole_s), trial) for trial in range(8)]
    assert {*at_random} <= {0, 1, None}
    assert len(generations) + len(at_random) >= 30


READER = """
import json, sys
from pathlib import Path
import numpy as np
from index import LibraryReader, Query, SearchParams
folder, questions = Path(sys.argv[1]), np.load(sys.argv[2])
query = Query(questions["words"], questions["sentence"])
expected, rounds, opened = None, 0, 0
print("ready", flush=True)
while opened < 8:
    with LibraryReader.open(folder, lambda text: None) as reader:
        opened += 1
        while True:
            rounds += 1
            for params in (SearchParams("exact"), SearchParams("approximate", num_candidates=10**6)):
                found = [pair for pair in reader.search_photos(query, 999, params) if pair[0] != int(sys.argv[3])]
                expected = expected or found
                assert found == expected, (found, expected)
            if reader.changed():
                break
print(json.dumps([rounds, opened]))
"""


def test_readers_in_other_processes_notice_nothing(plain: Any, tmp_path: Path) -> None:
    wear(plain)
    query = plain.query()
    np.savez(tmp_path / "questions.npz", words=query.words, sentence=query.sentence)
    with LibraryWriter.open(plain.folder) as writer:  # a photo that changes and goes, and that no reader asks about
        writer.use_build(plain.spec)
        plain.add(writer, ["/short.jpg"])
        short = dict(writer.known_photos())["/short.jpg"].photo_id
    arguments = [sys.executable, "-c", READER, plain.folder, tmp_path / "questions.npz", str(short)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    readers = [subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
    num_generations = 0
    while any(reader.poll() is None for reader in readers):
        with LibraryWriter.open(plain.folder) as writer:
            writer.use_build(plain.spec)
            plain.add(writer, ["/short.jpg"])
            writer.note_changes(moved=[], returned=[], gone=[short])
        num_generations += compact_library(plain.folder).rows_dropped > 0
    results = [json.loads(reader.communicate(timeout=60)[0]) for reader in readers]
    assert [reader.returncode for reader in readers] == [0, 0]
    assert num_generations > 3
    assert all(rounds >= opened == 8 for rounds, opened in results)
    assert all(problem.harmless for problem in verify_library(plain.folder))  # a reader may have kept it from its seal

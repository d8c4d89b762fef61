"""Photos of equal content are found as one, or each: against the slow loop over all photos."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import LibraryWriter, SearchParams
from index.search import Searcher
from index.snapshot import Snapshot

NUM_RECORDS = 12
CONTENTS = st.lists(st.integers(0, NUM_RECORDS - 1), min_size=1, max_size=30)


@pytest.fixture(scope="module")
def few(maker_class: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Snapshot]]:
    """A dozen photos and what a reader knows of them."""
    from index import BuildSpec

    maker = maker_class(tmp_path_factory.mktemp("few") / "library", BuildSpec("tiny", "f1" * 32, 5, 12, True))
    maker.fill(NUM_RECORDS)
    with maker.reader() as reader:
        yield maker, reader._snapshot


def slowly_one_each(found: list[tuple[int, float]], records: dict[int, int], limit: int) -> list[tuple[int, float]]:
    """The first photo of each record."""
    kept: dict[int, tuple[int, float]] = {}
    for photo, score in found:
        kept.setdefault(records[photo], (photo, score))
    return list(kept.values())[:limit]


@given(CONTENTS, st.integers(0, 15), st.booleans(), st.data())
def test_one_of_each_content_is_found_as_in_a_loop_over_all_photos(
    few: tuple[Any, Snapshot], contents: list[int], limit: int, filtered: bool, data: st.DataObject
) -> None:
    maker, made = few
    ids = np.arange(len(contents)) * 3 + 1
    snapshot = replace(made, photo_ids=ids, records=np.array(contents))
    allowed = np.array(sorted(data.draw(st.sets(st.sampled_from(ids.tolist())))), np.int64) if filtered else None
    passing = [number for number in ids.tolist() if allowed is None or number in allowed]
    of_photo = dict(zip(ids.tolist(), contents, strict=True))
    searcher, query = Searcher(snapshot, lambda: None, 10**6, None), maker.query(2)
    scores = {record: maker.slow_score(f"/photos/{record}.jpg", query) for record in range(NUM_RECORDS)}
    ranked = sorted(((number, scores[of_photo[number]]) for number in passing), key=lambda pair: (-pair[1], pair[0]))
    one = slowly_one_each(ranked, of_photo, limit)
    for copies, expected in (("one", one), ("all", ranked[:limit])):
        found = searcher.photos(query, limit, SearchParams(copies=copies), allowed)
        assert [number for number, _ in found] == [number for number, _ in expected]
        np.testing.assert_allclose([s for _, s in found], [s for _, s in expected], rtol=1e-4, atol=1e-4)
    every = searcher.regions(query, 10**6, SearchParams(copies="all"), allowed)
    firsts = {photo for photo, _ in slowly_one_each(ranked, of_photo, len(ranked))}
    assert searcher.regions(query, limit, SearchParams(), allowed) == [hit for hit in every if hit[0] in firsts][:limit]


def test_a_filter_finds_the_first_copy_that_passes_and_every_copy_is_named(plain: Any) -> None:
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        plain.add(writer, ["/a/cup.jpg"], "a cup")
        plain.add(writer, ["/a/dog.jpg"])
        for folder in ("/b", "/c"):
            assert writer.link_photo(f"{folder}/cup.jpg", 100, 200, "a cup")
        writer.finish()
    with plain.reader() as reader:
        query = plain.query()
        assert sorted(photo for photo, _ in reader.search_photos(query, 9)) == [1, 2]
        assert [photo for photo, _ in reader.search_photos(query, 9, allowed=np.array([3, 4]))] == [3]
        assert reader.copies([3, 2, 1]) == [[1, 4], [], [3, 4]]
        assert reader.first_copies(np.array([2, 3, 4])).tolist() == [2, 3]


def test_a_choice_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="'some', expected one or all"):
        SearchParams(copies="some")  # type: ignore[arg-type]

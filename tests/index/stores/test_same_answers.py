"""A library on a server answers as one in a folder does, and both as slow loops over what was put into them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from synthetic_library import CAPTIONS, NOT_UTF_8, NUM_PHOTOS, SPEC, SyntheticLibrary, best_of, photo_row

from index import (
    Allowed,
    LibraryAddress,
    LibraryMissingError,
    Move,
    PhotoFilter,
    Query,
    SearchParams,
    UnknownNameError,
    WrittenPhrase,
    WrongModelError,
    curating,
    open_reader,
    open_writer,
    read_album,
    read_marks,
    read_photos,
    read_roots,
    read_status,
)
from index.catalogue.groups import (
    count_by_camera,
    count_by_folder,
    count_by_month,
    count_by_shape,
    newest_photos,
    photos_below,
)
from index.curated import MarkChange

ALL = SearchParams(copies="all")
QUESTIONS = {
    "sentence": {"num_words": 4},
    "one word": {"num_words": 1},
    "not": {"num_words": 3, "weights": (1.0, 0.7, -0.5)},
}
FILTERS = {
    "camera": PhotoFilter(camera="nikon d1"),
    "dates": PhotoFilter(after=datetime(2017, 1, 1), before=datetime(2019, 6, 1)),
    "place": PhotoFilter(near=(10.0, 30.0), within_km=4000.0),
    "folder": PhotoFilter(folder="/photos/3"),
    "glob": PhotoFilter(folder="[12]"),
    "size": PhotoFilter(orientation="portrait"),
    "pixels": PhotoFilter(min_size=(640, 480)),
    "album": PhotoFilter(albums=("trip",)),
    "rating": PhotoFilter(rating=(4, 5)),
}


def assert_same(found: Sequence[tuple[Any, float]], expected: Sequence[tuple[Any, float]]) -> None:
    assert [key for key, _ in found] == [key for key, _ in expected]
    np.testing.assert_allclose([score for _, score in found], [score for _, score in expected], atol=1e-3)


@pytest.mark.parametrize("kind", QUESTIONS)
def test_photos_are_ranked_by_the_definition_of_the_score(filled: SyntheticLibrary, kind: str) -> None:
    query = filled.query(**QUESTIONS[kind])
    assert_same(filled.reader.search_photos(query, 25), best_of(filled.slow_scores(query), 25))


@pytest.mark.parametrize("kind", FILTERS)
def test_a_filter_leaves_the_photos_that_a_loop_leaves(filled: SyntheticLibrary, kind: str) -> None:
    query, reader = filled.query(), filled.reader
    passing = reader.passing_photos(FILTERS[kind])
    assert passing is not None
    assert 0 < len(passing) < NUM_PHOTOS
    assert reader.num_passing(FILTERS[kind]) == len(passing)
    allowed = reader.allowed_photos(FILTERS[kind])
    expected = {number: score for number, score in filled.slow_scores(query).items() if number in set(passing.tolist())}
    assert_same(reader.search_photos(query, 10, SearchParams(), allowed), best_of(expected, 10))
    numbers = np.arange(1, NUM_PHOTOS + 1)
    assert numbers[reader.which_pass(numbers, allowed)].tolist() == sorted(expected)


EXPECTED: Mapping[str, Callable[[int], bool]] = {
    "camera": lambda number: number % 3 != 0 and number % 2 == 1,
    "dates": lambda number: (
        number % 4 != 0
        and datetime(2017, 1, 1) <= datetime(2015 + number % 8, 1 + number % 12, 3) < datetime(2019, 6, 1)
    ),
    "folder": lambda number: number % 6 == 3,
    "glob": lambda number: number % 6 in (1, 2),
    "size": lambda number: number % 5 == 0,
    "rating": lambda number: number % 6 >= 4,
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_filters_mean_the_same(filled: SyntheticLibrary, kind: str) -> None:
    passing = filled.reader.passing_photos(FILTERS[kind])
    assert passing is not None
    own = [number for number in passing.tolist() if number != filled.copy]
    assert own == [number for number in range(1, NUM_PHOTOS + 1) if EXPECTED[kind](number)]


def test_an_album_that_is_not_there_is_said_with_the_nearest_name(filled: SyntheticLibrary) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'Trip'"):
        filled.reader.allowed_photos(PhotoFilter(albums=("tripp",)))


def test_regions_are_ranked_by_what_each_scores_alone(filled: SyntheticLibrary) -> None:
    query = filled.query(2, weights=(1.0, -0.4))
    found = filled.reader.search_regions(query, 30)
    assert_same(
        [((photo, region), score) for photo, region, score in found], best_of(filled.slow_region_scores(query), 30)
    )


def test_one_of_equal_photos_stands_for_all_or_each_is_found(filled: SyntheticLibrary) -> None:
    query = Query(filled.records[2, :5].astype(np.float32), filled.records[2, 5].astype(np.float32))  # photo 3
    assert filled.copy is not None
    assert next(photo for photo, _ in filled.reader.search_photos(query, 2)) == 3
    assert [photo for photo, _ in filled.reader.search_photos(query, 2, ALL)] == [3, filled.copy]
    assert filled.reader.copies([3, 4, filled.copy]) == [[filled.copy], [], [3]]


def test_sentences_are_ranked_for_a_photo(filled: SyntheticLibrary) -> None:
    record = filled.records[9].astype(np.float32)
    scores = filled.slow_sentence_scores(record)
    found = filled.reader.search_sentences(record, 12)
    ids = [number for number, _ in found]
    texts = filled.reader.sentence_texts(ids)
    expected = best_of(scores, 12)
    assert texts == [text for text, _ in expected]
    np.testing.assert_allclose([score for _, score in found], [score for _, score in expected], atol=1e-3)
    generated = filled.reader.search_sentences(record, 10, "only")
    assert sorted(filled.reader.sentence_texts([number for number, _ in generated])) == sorted(CAPTIONS)
    assert filled.reader.are_generated([number for number, _ in generated]) == [True] * len(CAPTIONS)
    persons = filled.reader.search_sentences(record, 100, "exclude")
    assert len(persons) == len(filled.sentences)


def test_sentences_come_back_as_queries(filled: SyntheticLibrary) -> None:
    found = filled.reader.search_sentences(filled.records[0].astype(np.float32), 3, "exclude")
    ids = [number for number, _ in found]
    for text, query in zip(filled.reader.sentence_texts(ids), filled.reader.sentence_queries(ids), strict=True):
        rows = filled.words[int(text.split()[1])].astype(np.float32)
        np.testing.assert_array_equal(query.words, rows[:-1])
        assert query.sentence is not None
        np.testing.assert_array_equal(query.sentence, rows[-1])


@pytest.mark.parametrize("allowed", [None, np.arange(1, 60)], ids=["all", "some"])
def test_captions_are_scored_as_by_loops(filled: SyntheticLibrary, allowed: Allowed | None) -> None:
    query = filled.query(3, weights=(1.0, 0.5, -0.5))
    scores = filled.slow_caption_scores(query)
    if isinstance(allowed, np.ndarray):
        scores = {number: score for number, score in scores.items() if number in allowed}
    ranked = filled.reader.ranked_captions(query, SearchParams(), allowed)
    assert ranked is not None
    assert_same(ranked.best(15), best_of(scores, 15))
    some = ranked.of([1, 2, 4, 40])
    assert sorted(some) == [1, 4, 40]
    for number, score in some.items():
        assert score == pytest.approx(scores[number], abs=1e-3)


def test_what_is_written_is_found_folded_as_plural_as_beginning_and_as_a_phrase(filled: SyntheticLibrary) -> None:
    reader = filled.reader
    odd = [number for number in range(1, NUM_PHOTOS + 1) if number % 2]
    for word in ("zurich", "lakes", "zuri"):
        found = reader.photos_with_word(word)
        assert found is not None
        assert found.tolist() == odd, word
    assert reader.photos_with_word("lake", most=10) is None
    assert reader.photos_with_phrase(["zurich", "lake"]).tolist() == odd
    assert reader.photos_with_phrase(["lake", "zurich"]).tolist() == []
    assert reader.photos_with_phrase(["3", "zurich"]).tolist() == []  # no phrase goes from one text into the next
    assert reader.photos_with_words(["holiday", "3"]).tolist() == [
        number for number in range(1, NUM_PHOTOS + 1) if number % 7 == 3 or number % 6 == 3
    ]
    words = reader.written_words()
    assert words["zurich"] == len(odd)
    assert "3" not in words
    phrase = WrittenPhrase(("zurich", "lake"), wanted=False)
    allowed = reader.allowed_photos(PhotoFilter(camera="nikon d1"), [phrase])
    assert reader.search_photos(filled.query(), 10, SearchParams(), allowed) == []


def test_names_that_are_not_utf_8_are_kept(filled: SyntheticLibrary) -> None:
    number = filled.reader.photo_id_of_path(NOT_UTF_8)
    assert number == 7
    assert filled.reader.photos([7])[0].row() == photo_row(7)
    assert photos_below(filled.address, "/photos/1")[-1] == 7


def test_vectors_and_boxes_are_what_was_put_in(filled: SyntheticLibrary) -> None:
    ids = [400, 1, 7]
    rows = [number - 1 for number in ids]
    np.testing.assert_array_equal(filled.reader.photo_vectors(ids), filled.records[rows].astype(np.float32))
    np.testing.assert_array_equal(filled.reader.boxes(ids), filled.boxes[rows])
    with pytest.raises(ValueError, match="photo 9999 is not in this library"):
        filled.reader.photo_vectors([9999])


def test_a_library_is_counted_and_looked_through(filled: SyntheticLibrary) -> None:
    status = read_status(filled.address)
    assert (status.photos, status.sentences, status.generated_sentences) == (NUM_PHOTOS + 1, 64, 4)
    assert status.total_bytes > 0
    assert filled.reader.num_photos == NUM_PHOTOS + 1
    assert filled.reader.sample(100) == list(range(1, NUM_PHOTOS + 2, 5))
    folders = {counted.name: counted.photos for counted in count_by_folder(filled.address)}
    assert folders["/photos/2"] == sum(number % 6 == 2 for number in range(1, NUM_PHOTOS + 1))
    months = count_by_month(filled.address)
    assert months[0].name == "2022-12"
    assert months[-1].name is None
    assert filled.reader.coverage().dated == 300 + 1
    photos = read_photos(filled.address)
    assert count_by_camera(filled.address) == Counter(photo.camera for photo in photos if photo.camera)
    assert sum(count_by_shape(filled.address).values()) == len(photos)
    written = {photo.photo_id: datetime.fromtimestamp(photo.mtime_ns // 10**9) for photo in photos}
    dates = {photo.photo_id: photo.taken_at or written[photo.photo_id] for photo in photos}
    found = [dates[number] for number in newest_photos(filled.address)]
    assert found == sorted(found, reverse=True)
    assert len(found) == len(photos)


def test_a_query_of_another_model_is_refused(filled: SyntheticLibrary) -> None:
    with pytest.raises(WrongModelError):
        filled.reader.search_photos(Query(np.zeros((2, 31), np.float32), np.zeros(31, np.float32)), 3)


class TestChanges:
    """Moves, marks, albums, disappearance and removal: what readers see of them."""

    def test_a_library_follows_its_photos(self, new_address: Callable[[], LibraryAddress]) -> None:
        address = new_address()
        with pytest.raises(LibraryMissingError):
            read_status(address)
        library = SyntheticLibrary(address)
        query = library.query()
        first, second, third = (photo for photo, _ in library.reader.search_photos(query, 3))
        self._hide(address, first)
        assert library.reader.changed()
        with open_reader(address, lambda text: None) as reader:
            assert [photo for photo, _ in self._visible(reader, query)][:2] == [second, third]
        with open_writer(address) as writer:
            writer.use_build(SPEC)
            writer.note_changes(moved=[Move(third, "/elsewhere/moved.jpg", 1, 2)], returned=[], gone=[second])
            writer.replace_roots(["/photos", "/caf\udce9"])
        with open_reader(address, lambda text: None) as reader:
            assert not reader.holds_photo(second)
            found = self._visible(reader, query)
            assert found[0][0] == third
            assert reader.photos([third])[0].path == "/elsewhere/moved.jpg"
            found_by_name = reader.photos_with_word("elsewhere")
            assert found_by_name is not None
            assert found_by_name.tolist() == [third]
        assert read_roots(address) == ["/caf\udce9", "/photos"] or read_roots(address) == ["/photos", "/caf\udce9"]
        with open_writer(address) as writer:
            writer.use_build(SPEC)
            writer.note_changes(moved=[], returned=[second], gone=[])
            writer.remove_photos([third, 3])
        with open_reader(address, lambda text: None) as reader:
            assert self._visible(reader, query)[0][0] == second
            assert reader.num_photos == NUM_PHOTOS + 1 - 2
            assert reader.photo_id_of_path("/elsewhere/moved.jpg") is None
        assert read_album(address, "trip").photos == (2 if third in (50, 77, 200) else 3)
        assert len(read_photos(address)) == NUM_PHOTOS + 1 - 2
        with open_writer(address) as writer:
            assert len(list(writer.known_photos())) == NUM_PHOTOS + 1 - 2

    @staticmethod
    def _hide(address: LibraryAddress, photo: int) -> None:
        with curating(address) as curation:
            assert curation.mark([photo], MarkChange(hidden=True, rating=5)) == 1
        assert read_marks(address, [photo])[photo][1].hidden

    @staticmethod
    def _visible(reader: Any, query: Query) -> list[tuple[int, float]]:
        found: list[tuple[int, float]] = reader.search_photos(
            query, 5, SearchParams(), reader.allowed_photos(PhotoFilter())
        )
        return found

"""A search in the service's parameters, which is how it is saved, and back."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.errors import CollectionError
from ui.service.requests import SearchParameters
from ui.shared.filter_syntax import Kept
from ui.shared.photo_search import PhotoSearch
from ui.shared.search_form import form_of, search_of

PLAIN = PhotoSearch(
    "a dog", (), (), (), None, False, None, None, None, None, None, None, None, None, None, "include", "both", 10,
    "one", False, False,
)  # fmt: skip
FULL = PhotoSearch(
    None, ("0.5:red",), ("snow",), (Path("/7.jpg"), Path("/9.jpg")), (0.0, 1.5, 2.25, 300.0), True,
    datetime(2019, 5, 1), datetime(2020, 1, 1, tzinfo=UTC), "nikon", (48.85, -2.35), 0.5, "/a/*", "square", (20, 10),
    0.0, "exclude", "seen", 3, "all", True, False, Kept(("Rome", "Zürich"), True, (-1, 3), ("Red",), "only"),
)  # fmt: skip


@pytest.mark.parametrize("search", [PLAIN, FULL], ids=["plain", "full"])
def test_a_saved_search_is_the_search_and_one_that_the_service_takes(search: PhotoSearch) -> None:
    form = form_of(search, [int(path.stem) for path in search.like])
    assert search_of(form, lambda number: Path(f"/{number}.jpg")) == search
    asked = SearchParameters.model_validate(form)
    assert (asked.limit, asked.where.albums) == (search.limit, search.kept.albums or None)
    assert asked.where.rating == search.kept.rating


def test_what_is_usual_is_not_kept() -> None:
    assert form_of(PLAIN, []) == {"q": "a dog", "limit": 10}


@pytest.mark.parametrize("form", [
    {"q": "a dog", "sound": "loud"}, {"after": "soon"}, {"rating": "many"}, {"near": 3}, {"album": 3},
])  # fmt: skip
def test_what_cannot_be_read_is_refused(form: dict[str, object]) -> None:
    with pytest.raises(CollectionError, match="saved search"):
        search_of(form, lambda number: Path(f"/{number}.jpg"))

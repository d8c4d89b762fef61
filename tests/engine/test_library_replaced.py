"""A library that is replaced or removed under whoever has it open: the next question says so, or is of the new one."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine import Engine
from engine.errors import LibraryDamagedError, LibraryMissingError
from engine.sharing import SharedEngine
from index import LibraryWriter

Count = Callable[[], int]
PHOTOS = 8


@pytest.fixture
def other(library: Path, tmp_path: Path) -> Path:
    """A library like the first one, of a photo less."""
    folder = shutil.copytree(library, tmp_path / "another library")
    with LibraryWriter.open(folder) as writer:
        writer.remove_photos([min(photo.photo_id for _, photo in writer.known_photos())])
    return folder


@pytest.fixture(params=["Engine", "SharedEngine"])
def count(request: pytest.FixtureRequest, own_library: Path) -> Iterator[Count]:
    """Asks how many photos there are, of an Engine that is open."""
    if request.param == "Engine":
        with Engine.open(own_library, device="cpu") as engine:
            yield lambda: len(engine.search("a cat", 100))
    else:
        shared = SharedEngine(own_library, device="cpu")
        yield lambda: shared.ask(lambda lease: len(lease.engine.search("a cat", 100)))
        shared.close()


def another_folder(folder: Path, other: Path) -> None:
    folder.rename(folder.with_name("moved away"))
    other.rename(folder)


def restored_from_a_copy(folder: Path, other: Path) -> None:
    shutil.rmtree(folder)
    shutil.copytree(other, folder)


def another_database(folder: Path, other: Path) -> None:
    (other / "library.sqlite3").replace(folder / "library.sqlite3")


@pytest.mark.parametrize("replace", [another_folder, restored_from_a_copy, another_database])
def test_the_next_question_is_of_the_library_that_is_there(
    own_library: Path, other: Path, count: Count, replace: Callable[[Path, Path], None]
) -> None:
    assert count() == PHOTOS
    replace(own_library, other)
    assert count() == PHOTOS - 1


def test_a_library_that_was_removed_is_missed_and_found_again(own_library: Path, other: Path, count: Count) -> None:
    assert count() == PHOTOS
    shutil.rmtree(own_library)
    for _ in range(2):
        with pytest.raises(LibraryMissingError, match=r"There is no library in .*own library"):
            count()
    other.rename(own_library)
    assert count() == PHOTOS - 1


def test_one_that_cannot_be_opened_is_not_answered_for_by_the_one_before(
    own_library: Path, other: Path, count: Count
) -> None:
    assert count() == PHOTOS
    for path in other.rglob("photos/*.f16"):
        path.unlink()
    another_folder(own_library, other)
    for _ in range(2):
        with pytest.raises(Exception, match=r"000000\.f16") as caught:
            count()
        assert isinstance(caught.value, LibraryDamagedError) or "is missing" in str(caught.value)


def test_a_vector_file_that_was_cut_is_named_and_ends_no_process(own_library: Path, count: Count) -> None:
    assert count() == PHOTOS
    (path,) = own_library.rglob("photos/*.f16")
    with path.open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(LibraryDamagedError, match=r"000000\.f16 are damaged: the file holds 1000 bytes"):
        count()

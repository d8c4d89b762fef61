"""What happened to photos: told by size and time first, by content where a file may have moved."""

import random
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import PhotosGoneError
from engine.library.changes import find_changes, is_below, require_present, without_covered
from engine.photos.walk import Failure, FoundPhoto, Scan
from index import KnownPhoto

ROOT = "/photos"


def scan_of(files, roots=(ROOT,), failures=()):
    """A scan of files given as path → (content, time); the size is that of the content."""
    photos = tuple(FoundPhoto(path, len(content), time) for path, (content, time) in sorted(files.items()))
    return Scan(roots, photos, tuple(Failure(path, "unreadable") for path in failures), {})


def library_of(files, missing=(), not_embedded=()):
    return {
        path: KnownPhoto(number, len(content), time, f"hash of {content}", path not in not_embedded, path in missing)
        for number, (path, (content, time)) in enumerate(sorted(files.items()), start=1)
    }


def hashes_of(files, asked=None):
    """Hash as `library_of` does, and remember what was asked for."""

    def hashes(paths):
        if asked is not None:
            asked.extend(paths)
        return [f"hash of {files[path][0]}" for path in paths]

    return hashes


class Library:
    """The photos of a library, in memory."""

    def __init__(self, photos):
        self._photos = photos

    def known_photos(self, fingerprint=None):
        return iter(self._photos.items())


def changes(before, after, *, asked=None, missing=(), not_embedded=(), failures=(), roots=(ROOT,)):
    known = library_of(before, missing, not_embedded)
    return known, find_changes(Library(known), "", scan_of(after, roots, failures), hashes_of(after, asked))


def test_a_file_that_is_as_it_was_is_not_read():
    asked = []
    _, found = changes({"/photos/a": ("x", 1)}, {"/photos/a": ("x", 1)}, asked=asked)
    assert found.unchanged == 1
    assert not (found.to_read)
    assert not (found.moves)
    assert not (found.gone)
    assert not (found.returned)
    assert not asked


@pytest.mark.parametrize("now", [("longer", 1), ("x", 2)])
def test_another_size_or_time_is_looked_at(now):
    _, found = changes({"/photos/a": ("x", 1)}, {"/photos/a": now})
    assert [photo.path for photo in found.to_read] == ["/photos/a"]


def test_a_moved_file_keeps_its_number_whatever_its_new_name_and_time():
    known, found = changes(
        {"/photos/a": ("x", 1), "/photos/b": ("y", 1)}, {"/photos/c": ("x", 9), "/photos/b": ("y", 1)}
    )
    (move,) = found.moves
    assert (move.photo_id, move.path, move.size, move.mtime_ns) == (known["/photos/a"].photo_id, "/photos/c", 1, 9)
    assert not (found.to_read)
    assert not (found.gone)


def test_of_equal_photos_each_goes_to_the_name_that_it_had():
    before = {f"/photos/{folder}/{name}": ("same", 1) for folder in "ab" for name in ("1.jpg", "2.jpg")}
    after = {path.replace("/photos", "/photos/new"): value for path, value in before.items()}
    known, found = changes(before, after)
    name_of = {photo.photo_id: PurePosixPath(path).name for path, photo in known.items()}
    assert len({move.photo_id for move in found.moves}) == 4
    assert all(name_of[move.photo_id] == PurePosixPath(move.path).name for move in found.moves)


def test_a_new_file_that_is_as_large_as_a_lost_one_is_new_when_its_content_differs():
    known, found = changes({"/photos/a": ("x", 1)}, {"/photos/b": ("y", 1)})
    assert [photo.path for photo in found.to_read] == ["/photos/b"]
    assert found.gone == {known["/photos/a"].photo_id: "/photos/a"}


def test_only_files_that_may_have_moved_are_hashed():
    asked = []
    changes({"/photos/a": ("xx", 1)}, {"/photos/b": ("y", 1), "/photos/c": ("zz", 1)}, asked=asked)
    assert asked == ["/photos/c"]


def test_a_copy_is_no_move():
    _, found = changes({"/photos/a": ("x", 1)}, {"/photos/a": ("x", 1), "/photos/b": ("x", 1)})
    assert [photo.path for photo in found.to_read] == ["/photos/b"]
    assert not found.moves


def test_a_missing_photo_is_back_where_it_was_or_elsewhere():
    before = {"/photos/a": ("x", 1), "/photos/b": ("yy", 1)}
    known, found = changes(before, {"/photos/a": ("x", 1), "/photos/z": ("yy", 1)}, missing=before)
    assert found.returned == [known["/photos/a"].photo_id]
    assert [(move.photo_id, move.path) for move in found.moves] == [(known["/photos/b"].photo_id, "/photos/z")]


def test_what_lies_outside_the_roots_is_left_alone():
    _, found = changes({"/photos2/a": ("x", 1), "/b": ("y", 1)}, {})
    assert not found.gone


@pytest.mark.parametrize("failed", ["/photos/locked", "/photos/locked/a", "/photos"])
def test_what_could_not_be_looked_at_is_not_gone(failed):
    known, found = changes({"/photos/locked/a": ("x", 1), "/photos/open/b": ("y", 1)}, {}, failures=[failed])
    assert list(found.gone) == ([] if failed == "/photos" else [known["/photos/open/b"].photo_id])


def test_a_moved_photo_that_this_model_never_saw_is_read():
    _, found = changes({"/photos/a": ("x", 1)}, {"/photos/b": ("x", 1)}, not_embedded=["/photos/a"])
    assert [move.path for move in found.moves] == ["/photos/b"]
    assert [photo.path for photo in found.to_read] == ["/photos/b"]


def test_a_file_that_cannot_be_hashed_is_read_as_a_new_one():
    known = library_of({"/photos/a": ("x", 1)})
    found = find_changes(Library(known), "", scan_of({"/photos/b": ("x", 1)}), lambda paths: [None] * len(paths))
    assert [photo.path for photo in found.to_read] == ["/photos/b"]


@given(st.integers(0, 10**9))
def test_every_photo_has_exactly_one_fate(seed):
    """Random files are moved, changed, deleted, copied: nothing is lost, nothing is twice."""
    chance = random.Random(seed)
    before = {f"/photos/{number}": (chance.choice("abc") * chance.randint(1, 3), 1) for number in range(8)}
    missing = {path for path in before if chance.random() < 0.2}
    after = {}
    for path, (content, time) in before.items():
        fate = chance.choice(["stays", "moves", "changes", "goes", "is copied"])
        if fate in ("stays", "is copied"):
            after[path] = (content, time)
        if fate in ("moves", "is copied"):
            after[f"{path} new"] = (content, chance.choice([1, 2]))
        if fate == "changes":
            after[path] = (content + "d", 2)
    known, found = changes(before, after, missing=missing)
    moved_to = {move.path for move in found.moves}
    to_read = {photo.path for photo in found.to_read}
    returned = {path for path, photo in known.items() if photo.photo_id in found.returned}
    gone = {path for path, photo in known.items() if photo.photo_id in found.gone}
    moved_from = {path for path, photo in known.items() if photo.photo_id in {move.photo_id for move in found.moves}}
    # Every file of the scan is unchanged, returned, moved or read; every photo is there, moved, gone or still missing.
    still = {path for path in after if after[path] == before.get(path)}
    assert moved_to | to_read | still == set(after)
    assert not (moved_to & to_read)
    assert not (moved_to & set(known))
    assert returned == still & missing
    assert found.unchanged == len(still - missing)
    assert gone | moved_from | (set(before) & set(after)) | missing == set(before)
    assert not (gone & moved_from)
    assert not (gone & set(after))
    assert not (moved_from & set(after))
    assert not (gone & missing)
    content_of = {photo.photo_id: before[path][0] for path, photo in known.items()}
    assert all(after[move.path][0] == content_of[move.photo_id] for move in found.moves)
    # No copy of a lost photo is left unused while a file with its content is taken for a new one.
    new_contents = {after[path][0] for path in to_read - set(before)}
    assert not new_contents & {before[path][0] for path in (gone | (missing - set(after))) - moved_from}


def many(count):
    return {f"/photos/{number:03}": (f"{number}", 1) for number in range(count)}


@pytest.mark.parametrize(("lost", "refused"), [(1, False), (10, False), (11, True), (99, True)])
def test_more_than_a_tenth_is_not_hidden_without_being_told_to(lost, refused):
    before = many(100)
    after = dict(list(before.items())[lost:])
    _, found = changes(before, after)
    assert len(found.gone) == lost
    if refused:
        with pytest.raises(PhotosGoneError, match=f"{lost} of the library's 100 photos.*--allow-missing"):
            require_present(scan_of(after), found)
    else:
        require_present(scan_of(after), found)


def test_a_root_without_its_photos_is_refused_however_few_they_are():
    before = many(100) | {"/card/a": ("zzz", 1)}
    _, found = changes(before, many(100), roots=(ROOT, "/card"))
    with pytest.raises(PhotosGoneError, match=r"/card is not there; the library knows 1 photos in it.*mounted"):
        require_present(scan_of(many(100), (ROOT, "/card")), found)


def test_moved_photos_are_not_gone():
    before = many(100)
    after = {path.replace("/photos", "/photos/all"): value for path, value in before.items()}
    _, found = changes(before, after)
    assert len(found.moves) == 100
    require_present(scan_of(after), found)


def test_roots_in_other_roots_are_no_roots_of_their_own():
    assert without_covered(["/a/b", "/a", "/ab", "/a"]) == ["/a", "/ab"]
    assert without_covered(["/a", "/"]) == ["/"]
    assert not is_below("/a", "/a/b")

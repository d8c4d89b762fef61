"""What counts as the same picture, on hashes that are given and on real photos that were encoded again."""

import io
import itertools
import random
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine.library.duplicates import duplicates_of, find_duplicates
from engine.photos.appearance import FEWEST_SET, MOST_BITS, RATIO
from index import StoredPhoto


def photo(number, content="", pixels=None, perceptual=None, size=(400, 300), num_bytes=1000):
    return StoredPhoto(
        path=f"/{number}.jpg", size=num_bytes, mtime_ns=0, content_hash=content or f"content {number}",
        width=size[0], height=size[1], format="JPEG", pixel_hash=pixels, perceptual_hash=perceptual,
        photo_id=number, added_at=datetime(2026, 1, 1),
    )  # fmt: skip


def groups_of(photos):
    return [(group.reason, [photo.photo_id for photo in group.photos]) for group in duplicates_of(photos)]


CLEAR = 0x0F0F_3333_5555_00FF


def flipped(bits):
    return f"{CLEAR ^ ((1 << bits) - 1):016x}"


def test_each_reason_is_named():
    photos = [
        photo(1, "a", "p", flipped(0)), photo(2, "a", "p", flipped(0)),
        photo(3, "b", "q", "f" * 8 + "0" * 8), photo(4, "c", "q", "f" * 8 + "0" * 8),
        photo(5, "d", "r", "0f" * 8), photo(6, "e", "s", "0f" * 8, size=(200, 150)),
    ]  # fmt: skip
    assert groups_of(photos) == [("same bytes", [1, 2]), ("same pixels", [3, 4]), ("resized or re-encoded", [5, 6])]


def test_a_group_is_as_alike_as_its_least_alike():
    photos = [photo(1, "a", "p", flipped(0)), photo(2, "a", "p", flipped(0)), photo(3, "b", "q", flipped(1))]
    assert groups_of(photos) == [("resized or re-encoded", [1, 2, 3])]


def test_the_best_comes_first():
    photos = [
        photo(1, "a", size=(200, 150), perceptual=flipped(0)),
        photo(2, "b", size=(400, 300), perceptual=flipped(0), num_bytes=10),
        photo(3, "c", size=(400, 300), perceptual=flipped(0), num_bytes=20),
    ]
    assert groups_of(photos) == [("resized or re-encoded", [3, 2, 1])]


@pytest.mark.parametrize("bits", [0, MOST_BITS, MOST_BITS + 1])
def test_a_few_bits_may_differ(bits):
    found = groups_of([photo(1, perceptual=flipped(0)), photo(2, perceptual=flipped(bits))])
    assert bool(found) == (bits <= MOST_BITS)


def test_another_shape_is_another_picture():
    assert not groups_of([photo(1, perceptual=flipped(0)), photo(2, perceptual=flipped(0), size=(300, 400))])
    assert groups_of([photo(1, perceptual=flipped(0)), photo(2, perceptual=flipped(0), size=(133, 100))])


def test_pictures_of_one_colour_say_nothing():
    assert not groups_of([photo(1, perceptual="8000000000000000"), photo(2, perceptual="8000000000000000")])


def test_photos_of_an_older_library_have_no_hashes_but_those_of_their_bytes():
    assert groups_of([photo(1, "a"), photo(2, "a"), photo(3, "b")]) == [("same bytes", [1, 2])]


@given(st.integers(0, 10**9))
def test_the_groups_are_those_of_the_obvious_loop(seed):
    chance = random.Random(seed)
    photos = [
        photo(
            number, chance.choice("abcdefgh"), chance.choice(["p", "q", "r", "s", None]),
            f"{CLEAR ^ (chance.getrandbits(4) << chance.choice([0, 8, 40])):016x}" if chance.random() < 0.8 else None,
            size=chance.choice([(400, 300), (404, 300), (300, 400)]),
        )
        for number in range(12)
    ]  # fmt: skip

    def same(one, other):
        if one.content_hash == other.content_hash or (one.pixel_hash and one.pixel_hash == other.pixel_hash):
            return True
        if not (one.perceptual_hash and other.perceptual_hash):
            return False
        hashes = [int(it.perceptual_hash, 16) for it in (one, other)]
        if min(value.bit_count() for value in hashes) < FEWEST_SET:
            return False
        ratio = (one.width / one.height) / (other.width / other.height)
        return (hashes[0] ^ hashes[1]).bit_count() <= MOST_BITS and abs(ratio - 1) <= RATIO

    groups = [{number} for number in range(12)]
    for one, other in itertools.combinations(range(12), 2):
        if same(photos[one], photos[other]):
            mine, theirs = (next(group for group in groups if number in group) for number in (one, other))
            if mine is not theirs:
                groups.remove(theirs)
                mine |= theirs
    expected = sorted(sorted(group) for group in groups if len(group) > 1)
    assert sorted(sorted(numbers) for _, numbers in groups_of(photos)) == expected


def test_real_photos_encoded_again_are_found_and_others_are_not(cli, own_photos, tmp_path):
    cat = Image.open(own_photos / "chelsea.png").convert("RGB")
    cat.save(own_photos / "again.jpg", quality=60)
    cat.resize((cat.width // 2, cat.height // 2)).save(own_photos / "small.webp")
    (own_photos / "copy.png").write_bytes((own_photos / "coffee.png").read_bytes())
    buffer = io.BytesIO()
    Image.open(own_photos / "astronaut.png").save(buffer, "PNG", compress_level=1)  # the same pixels in other bytes
    (own_photos / "repacked.png").write_bytes(buffer.getvalue())
    cli("index", own_photos, library=tmp_path / "library")
    found = {
        frozenset(photo.path.rsplit("/")[-1] for photo in group.photos): group.reason
        for group in find_duplicates(tmp_path / "library")
    }
    assert found == {
        frozenset({"chelsea.png", "again.jpg", "small.webp"}): "resized or re-encoded",
        frozenset({"coffee.png", "copy.png"}): "same bytes",
        frozenset({"astronaut.png", "repacked.png"}): "same pixels",
    }
    spare = {photo.path for group in find_duplicates(tmp_path / "library") for photo in group.photos[1:]}
    result = cli("duplicates", "--print0", library=tmp_path / "library")
    assert {path for path in result.stdout.split("\0") if path} == spare
    assert len(spare) == 4

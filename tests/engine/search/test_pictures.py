"""One hit a picture: copies stand with the best of them, and almost equal photos do where they are grouped."""

import json
import os
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageChops, ImageEnhance, PngImagePlugin
from typer.testing import Result

from engine import Engine
from engine.photos.appearance import FEWEST_SET, MOST_BITS, RATIO
from engine.search.caption_ranking import RankedPhoto
from engine.search.grouping import BURST, BURST_BITS, with_alike
from engine.search.pictures import MOST_RANKED, SPARE, rank_pictures
from index import BuildSpec, LibraryReader, LibraryWriter, PhotoFilter, PhotoRow, SearchParams, StoredPhoto

Cli = Callable[..., Result]
EACH = SearchParams(copies="all")
ALL = 1000
OTHERS = ("chelsea.png", "rocket.jpg")


@pytest.fixture(scope="module")
def albums(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos, a cup of which stands in twelve albums, and once more with a description and the same pixels."""
    folder = tmp_path_factory.mktemp("albums")
    for name in ("chelsea.png", "coffee.png", "rocket.jpg"):
        (folder / name).write_bytes((photos / name).read_bytes())
    for number in range(11):
        (folder / f"album {number:02}").mkdir()
        os.link(folder / "coffee.png", folder / f"album {number:02}" / "cup.png")
    described = PngImagePlugin.PngInfo()
    described.add_text("Description", "My cup")
    Image.open(folder / "coffee.png").save(folder / "described.png", pnginfo=described)
    return folder


@pytest.fixture(scope="module")
def engine(albums: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    told: list[str] = []
    with Engine.open(tmp_path_factory.mktemp("indexed") / "library", device="cpu", warn=told.append) as opened:
        opened.index([albums])
        opened.told = told  # type: ignore[attr-defined]
        yield opened


def test_twelve_links_and_a_described_one_are_one_hit_with_twelve_copies(engine: Engine, albums: Path) -> None:
    answer = engine.answer("a cup of coffee", ALL, min_probability=0)
    assert len(answer.hits) == 3
    best = answer.hits[0]
    cups = {*albums.glob("album */cup.png"), albums / "coffee.png", albums / "described.png"}
    assert {best.path, *best.copies} == cups
    assert list(best.copies) == sorted(cups - {best.path})
    assert [hit.copies for hit in answer.hits[1:]] == [(), ()]


def test_the_limit_counts_pictures(engine: Engine) -> None:
    everything = [(hit.path, hit.copies) for hit in engine.search("a cup of coffee", ALL)]
    for limit in (1, 2, 3):
        assert [(hit.path, hit.copies) for hit in engine.search("a cup of coffee", limit)] == everything[:limit]
        assert len({hit.path for hit in engine.search_regions("a cup of coffee", limit)}) <= limit


def test_every_copy_is_a_hit_where_all_are_asked_for(engine: Engine, albums: Path) -> None:
    hits = engine.search("a cup of coffee", ALL, EACH)
    assert sorted(hit.path for hit in hits) == sorted([*albums.glob("*.*"), *albums.glob("album */*")])
    assert not any(hit.copies for hit in hits)
    ids = [
        photo
        for photo, _ in engine.reader.search_photos(engine.rank("a cup of coffee").texts[0].vector.query, ALL, EACH)
    ]
    assert [hit.photo_id for hit in hits] == ids


def test_a_filter_finds_the_copy_that_passes_and_the_others_are_named(engine: Engine, albums: Path) -> None:
    (hit,) = engine.search("a cup of coffee", where=PhotoFilter(folder="album 07"))
    assert hit.path == albums / "album 07" / "cup.png"
    assert len(hit.copies) == 11  # the one with other metadata did not answer
    assert albums / "coffee.png" in hit.copies


def test_regions_are_those_of_one_file(engine: Engine) -> None:
    hits = engine.search_regions("a cup of coffee", 40)
    each = engine.search_regions("a cup of coffee", ALL, EACH)
    assert len({hit.path for hit in hits}) == 3
    assert len({hit.path for hit in each}) == 15
    assert {len(hit.copies) for hit in hits} == {0, 12}
    assert not any(hit.copies for hit in each)
    (one, *_) = (hit for hit in hits if hit.copies)
    of_one = [(hit.box, hit.score) for hit in hits if hit.path == one.path]
    assert of_one == [(hit.box, hit.score) for hit in each if hit.path == one.path][: len(of_one)]


def test_copies_of_an_example_are_no_answer_and_are_told_of(engine: Engine, albums: Path) -> None:
    engine.told.clear()  # type: ignore[attr-defined]
    hits = engine.similar(albums / "album 03" / "cup.png", ALL)
    assert {hit.path.name for hit in hits} == {"chelsea.png", "rocket.jpg"}
    (said,) = engine.told  # type: ignore[attr-defined]
    assert said.startswith(f"The library has 12 copies of {albums / 'album 03' / 'cup.png'}: ")
    assert said.endswith(" and 9 more.")
    assert len(engine.similar(albums / "album 03" / "cup.png", ALL, EACH)) == 14
    engine.told.clear()  # type: ignore[attr-defined]
    assert len(engine.similar(albums / "rocket.jpg", ALL)) == 2
    assert engine.told == []  # type: ignore[attr-defined]


def test_an_example_from_outside_finds_its_copy(engine: Engine, photos: Path) -> None:
    hits = engine.similar(photos / "coffee.png", ALL)
    assert (hits[0].score, len(hits[0].copies)) == (pytest.approx(1, abs=0.01), 12)


def frame(source: Path, target: Path, shift: int, brightness: float, second: int, camera: str = "Acme One") -> None:
    """A frame of a burst: the camera moved, the light changed."""
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = camera
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = f"2024:05:01 10:00:{second:02}"
    with Image.open(source) as opened:
        picture = ImageEnhance.Brightness(ImageChops.offset(opened.convert("RGB"), shift, shift // 2)).enhance(
            brightness
        )
    width, height = picture.size
    picture.crop((16, 16, width - 16, height - 16)).save(target, quality=90, exif=exif)


@pytest.fixture(scope="module")
def burst(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Path]]:
    folder = tmp_path_factory.mktemp("burst") / "photos"
    folder.mkdir()
    for number, (shift, brightness) in enumerate([(0, 1.0), (9, 0.95), (-8, 1.06)]):
        frame(photos / "chelsea.png", folder / f"cat {number}.jpg", shift, brightness, number)
    frame(photos / "chelsea.png", folder / "cat later.jpg", 18, 0.9, 40)
    frame(photos / "chelsea.png", folder / "cat by another.jpg", -20, 1.1, 1, camera="Other")
    frame(photos / "coffee.png", folder / "cup.jpg", 0, 1.0, 1)
    with Engine.open(folder.parent / "library", device="cpu", warn=lambda text: None) as opened:
        opened.index([folder])
        yield opened, folder


def test_a_burst_is_one_hit_and_another_photo_of_the_same_second_is_not_of_it(burst: tuple[Engine, Path]) -> None:
    engine, _ = burst
    hits = engine.search("a cat", ALL, group=True)
    groups = {frozenset(path.name for path in (hit.path, *hit.group)) for hit in hits}
    frames = frozenset(f"cat {number}.jpg" for number in range(3))
    assert groups == {frames, *(frozenset({f"{name}.jpg"}) for name in ("cup", "cat later", "cat by another"))}
    best = next(hit for hit in hits if hit.group and hit.path.name in frames)
    alone = [hit.path for hit in engine.search("a cat", ALL) if hit.path.name in frames]
    assert [best.path, *best.group] == alone  # the best first, the others in their order
    assert [hit.path for hit in engine.search("a cat", 2, group=True)] == [hit.path for hit in hits[:2]]


def test_copies_of_those_that_are_almost_the_same_stand_behind_them(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for name in ("one", "copy"):
        (tmp_path / "photos" / f"{name}.png").write_bytes((photos / "chelsea.png").read_bytes())
    with Image.open(photos / "chelsea.png") as picture:
        picture.resize((picture.width // 2, picture.height // 2)).save(tmp_path / "photos" / "small.png")
    with Engine.open(tmp_path / "library", device="cpu", warn=lambda text: None) as engine:
        engine.index([tmp_path / "photos"])
        (hit,) = engine.search("a cat", group=True)
    assert sorted(path.stem for path in (hit.path, *hit.copies, *hit.group)) == ["copy", "one", "small"]


MOMENT = datetime(2024, 5, 1, 10)
CLEAR = 0x0F0F_3333_5555_00FF


def some_photo(chance: random.Random, number: int) -> StoredPhoto:
    """One whose hash, camera, time and shape are often almost those of another."""
    bits = chance.choice([0, MOST_BITS, MOST_BITS + 1, BURST_BITS, BURST_BITS + 1])
    size = chance.choice([(400, 300), (404, 300), (300, 400)])
    return StoredPhoto(
        path=f"/{number}.jpg", size=1, mtime_ns=0, content_hash=f"{number}", width=size[0], height=size[1],
        format="JPEG", photo_id=number, added_at=MOMENT, camera=chance.choice(["A", "B", None]),
        taken_precision=chance.choice(["time", "time", "day"]),
        taken_at=chance.choice([None, *(MOMENT + timedelta(seconds=second) for second in (0, 5, 6))]),
        perceptual_hash=chance.choice([f"{CLEAR ^ ((1 << bits) - 1):016x}"] * 4 + ["8000000000000000", None]),
    )  # fmt: skip


def is_almost(one: StoredPhoto, other: StoredPhoto) -> bool:
    hashes = [int(photo.perceptual_hash or "0", 16) for photo in (one, other)]
    if min(value.bit_count() for value in hashes) < FEWEST_SET:
        return False
    if abs(other.width / other.height / (one.width / one.height) - 1) > RATIO:
        return False
    times = [photo.taken_at if photo.taken_precision == "time" else None for photo in (one, other)]
    apart = None if times[0] is None or times[1] is None else abs((times[0] - times[1]).total_seconds())
    is_burst = (
        apart is not None and apart <= BURST.astype(int) and one.camera is not None and one.camera == other.camera
    )
    return (hashes[0] ^ hashes[1]).bit_count() <= (BURST_BITS if is_burst else MOST_BITS)


@given(st.integers(0, 10**9))
def test_groups_are_those_of_the_obvious_loop(seed: int) -> None:
    chance = random.Random(seed)
    photos = [some_photo(chance, number) for number in range(chance.randrange(15))]
    expected: list[list[StoredPhoto]] = []
    for photo in photos:
        group = next((group for group in expected if is_almost(group[0], photo)), None)
        if group is None:
            expected.append([photo])
        else:
            group.append(photo)
    ranked = [RankedPhoto(photo.photo_id, -photo.photo_id, 0) for photo in photos]
    found = [[picture.photo_id, *picture.group] for picture in with_alike(ranked, photos)]
    assert found == [[photo.photo_id for photo in group] for group in expected]


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LibraryReader]:
    """120 photos of which the first hundred have the pixels of two pictures, by turns, and the others their own."""
    spec, count = BuildSpec("tiny", "f1" * 32, 2, 4, has_global=False), 120
    rows = [
        PhotoRow(f"/{number}.jpg", 1, 2, f"{number}", 4, 3, "JPEG",
                 pixel_hash=f"{'twins' if number < 100 else 'own'} {number % 2 if number < 100 else number}")
        for number in range(count)
    ]  # fmt: skip
    folder = tmp_path_factory.mktemp("twins") / "library"
    with LibraryWriter.open(folder) as writer:
        writer.use_build(spec)
        zeros = np.zeros((count, 2, 4))
        writer.add_photos(rows, zeros.astype(np.float16), zeros.astype(np.float32), np.zeros((count, 2), np.float32))
        writer.finish()
    with LibraryReader.open(folder, lambda text: None) as reader:
        yield reader


@pytest.mark.parametrize("limit", [1, 2, 3, 22, 30])
def test_more_photos_are_ranked_until_there_are_enough_pictures(twins: LibraryReader, limit: int) -> None:
    asked = []

    def rank(count: int) -> list[RankedPhoto]:
        asked.append(count)
        return [RankedPhoto(number, -number, 0) for number in range(1, 121)][:count]

    pictures, _ = rank_pictures(twins, rank, limit, SearchParams(), (), group=False)
    assert [picture.photo_id for picture in pictures] == [1, 2, *range(101, 121)][:limit]
    assert asked[0] == limit + SPARE
    assert asked == sorted(set(asked))
    assert all(count <= MOST_RANKED for count in asked)
    if limit > 2:
        assert [len(picture.copies) for picture in pictures[:3]] == [49, 49, 0]
    without, of_example = rank_pictures(twins, rank, limit, SearchParams(), (120,), group=False)
    assert [picture.photo_id for picture in without] == [1, 2, *range(101, 120)][:limit]
    assert of_example == {120: []}


def test_the_command_names_copies_or_lists_them(cli: Cli, engine: Engine, albums: Path) -> None:
    asked = ("search", "a cup of coffee", "--min-probability", "0", "-n", "99")
    plain = cli(*asked, library=engine.folder).stdout
    assert plain.count(" 12 copies: ") == 1
    assert len(plain.splitlines()) < 20
    each = cli(*asked, "--copies", "all", "--print0", library=engine.folder).stdout.split("\0")[:-1]
    assert len(each) == 15
    (first, *_) = json.loads(cli(*asked, "--json", library=engine.folder).stdout)
    assert {first["path"], *first["copies"]} == {path for path in each if Path(path).name not in OTHERS}
    similar = cli("similar", albums / "coffee.png", "--copies", "all", "--json", "-n", "99", library=engine.folder)
    assert len(json.loads(similar.stdout)) == 14
    assert "12 copies of" in cli("similar", albums / "coffee.png", library=engine.folder).stderr


def test_the_command_groups_photos_and_refuses_to_group_regions(cli: Cli, burst: tuple[Engine, Path]) -> None:
    library = burst[0].folder
    grouped = cli("search", "a cat", "--group", "--min-probability", "0", library=library).stdout
    assert " 2 almost the same: " in grouped
    similar = json.loads(cli("similar", burst[1] / "cup.jpg", "--group", "--json", library=library).stdout)
    groups = [{Path(path).name for path in (hit["path"], *hit["group"])} for hit in similar]
    assert {f"cat {number}.jpg" for number in range(3)} in groups
    refused = cli("search", "a cat", "--group", "--regions", library=library)
    assert refused.exit_code == 2
    assert "Photos are grouped, not regions" in refused.stderr

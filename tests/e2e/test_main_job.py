"""The main job: photos go in once, text finds them in the order that the slow, obvious loop gives."""

import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from typer.testing import Result

from engine import Engine
from index import LibraryReader, Query, SearchParams

Cli = Callable[..., Result]
Start = Callable[..., "subprocess.Popen[str]"]

QUERIES = (
    "a cat looking at the camera",
    "a rocket",
    "two people walking along the beach at sunset with their dog",
    "red",
    "coffee on a table",
)
FULL_PROBE = SearchParams("approximate", num_candidates=10**6)


def quiet(text: str) -> None:
    """Warnings of no interest to a test."""


def vector_bytes(library: Path) -> int:
    return sum(path.stat().st_size for path in library.rglob("*.f16"))


def stored(reader: LibraryReader) -> dict[int, NDArray[np.float32]]:
    """Every photo's record (S, D) by its number."""
    return {int(photo): reader.photo_vectors([int(photo)])[0] for photo in reader.photo_ids}


def slow_score(record: NDArray[np.float32], query: Query) -> float:
    """The definition of the score, as loops."""
    regions = record if query.sentence is None else record[:-1]
    score = sum(max(float(region @ word) for region in regions) for word in query.words)
    return score if query.sentence is None else score + float(record[-1] @ query.sentence)


def slow_scores(record: NDArray[np.float32], query: Query) -> np.float32:
    """The same in single precision, a photo at a time: what the order is judged by."""
    regions = record if query.sentence is None else record[:-1]
    score = (regions @ query.words.T).max(axis=0).sum()
    return np.float32(score if query.sentence is None else score + record[-1] @ query.sentence)


def require_oracle_order(
    found: list[tuple[int, float]], records: dict[int, NDArray[np.float32]], query: Query, limit: int
) -> None:
    """The photos, the order and the scores are those of the slow loop; equal scores stand in order of their number."""
    slow = {photo: slow_score(record, query) for photo, record in records.items()}
    assert [score for _, score in found] == pytest.approx([slow[photo] for photo, _ in found], abs=2e-5)
    assert found == sorted(found, key=lambda pair: (-pair[1], pair[0]))
    single = {photo: slow_scores(record, query) for photo, record in records.items()}
    expected = sorted(single, key=lambda photo: (-single[photo], photo))[:limit]
    # Sums of floats may differ in the last place with the order of adding: only what lies that close may swap.
    for (photo, _), wanted in zip(found, expected, strict=True):
        assert photo == wanted or abs(slow[photo] - slow[wanted]) < 2e-6


def test_a_second_run_embeds_nothing(cli: Cli, own_library: Path, photos: Path, sentence_file: Path) -> None:
    count, size = len(list(photos.iterdir())), vector_bytes(own_library)
    result = cli("index", photos, "--sentences", sentence_file, library=own_library)
    assert f"0 photos added, {count} unchanged, 0 failed; 0 sentences added." in result.stdout
    assert vector_bytes(own_library) == size


def test_photos_of_other_folders_stay(cli: Cli, own_library: Path, photos: Path, tmp_path: Path) -> None:
    Image.new("RGB", (40, 30), "green").save(tmp_path / "green.png")
    result = cli("index", tmp_path / "green.png", library=own_library)
    assert f"1 photo added, 0 unchanged, 0 failed; 0 sentences added. The library in {own_library} holds" in (
        result.stdout
    )
    assert json.loads(cli("status", "--json", library=own_library).stdout)["photos"] == len([*photos.iterdir()]) + 1


def test_a_copied_photo_shares_its_vectors(cli: Cli, own_photos: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    cli("index", own_photos, library=library)
    count, size = len(list(own_photos.iterdir())), vector_bytes(library)
    shutil.copyfile(own_photos / "chelsea.png", own_photos / "the same cat.png")
    result = cli("index", own_photos, library=library)
    assert f"1 photo added, {count} unchanged, 0 failed" in result.stdout
    assert vector_bytes(library) == size
    every = ("search", "a cat", "--min-probability", "0", "--json", "-n", "99")
    assert len(json.loads(cli(*every, library=library).stdout)) == count
    hits = json.loads(cli(*every, "--copies", "all", library=library).stdout)
    twins = [hit for hit in hits if Path(hit["path"]).name in ("chelsea.png", "the same cat.png")]
    assert len(twins) == 2
    assert twins[0]["score"] == twins[1]["score"]
    assert twins[0]["phrases"] == twins[1]["phrases"]


def test_a_moved_photo_shares_its_vectors(cli: Cli, own_photos: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    cli("index", own_photos, library=library)
    size = vector_bytes(library)
    (own_photos / "cats").mkdir()
    (own_photos / "chelsea.png").rename(own_photos / "cats" / "chelsea.png")
    result = cli("index", own_photos, library=library)
    assert "0 photos added" in result.stdout
    assert "1 moved" in result.stdout
    assert vector_bytes(library) == size
    hits = json.loads(cli("search", "a cat", "--min-probability", "0", "--json", "-n", "99", library=library).stdout)
    assert str(own_photos / "cats" / "chelsea.png") in {hit["path"] for hit in hits}


def test_a_changed_photo_is_embedded_again(cli: Cli, own_photos: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    cli("index", own_photos, library=library)
    count = len(list(own_photos.iterdir()))

    def score_of_changed() -> float:
        hits = json.loads(
            cli(
                "search", "a cat", "--min-probability", "0", "--json", "-n", "99", "--copies", "all", library=library
            ).stdout
        )
        assert len(hits) == count
        (score,) = [hit["score"] for hit in hits if hit["path"] == str(own_photos / "coffee.png")]
        return float(score)

    def cat_score() -> float:
        hits = json.loads(
            cli(
                "search", "a cat", "--min-probability", "0", "--json", "-n", "99", "--copies", "all", library=library
            ).stdout
        )
        return next(float(hit["score"]) for hit in hits if hit["path"] == str(own_photos / "chelsea.png"))

    assert score_of_changed() != cat_score()
    shutil.copyfile(own_photos / "chelsea.png", own_photos / "coffee.png")
    assert f"{count - 1} unchanged" in cli("index", own_photos, library=library).stdout
    assert score_of_changed() == cat_score()
    Image.new("RGB", (300, 200), "blue").save(own_photos / "coffee.png")
    size = vector_bytes(library)
    assert f"1 photo added, {count - 1} unchanged" in cli("index", own_photos, library=library).stdout
    assert vector_bytes(library) > size
    assert score_of_changed() != cat_score()


def test_a_touched_photo_is_not_embedded_again(cli: Cli, own_photos: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    cli("index", own_photos, library=library)
    size = vector_bytes(library)
    os.utime(own_photos / "coffee.png", ns=(1, 1))
    count = len(list(own_photos.iterdir()))
    for _ in range(2):
        assert f"0 photos added, {count} unchanged" in cli("index", own_photos, library=library).stdout
    assert vector_bytes(library) == size


def test_sentences_come_from_everywhere(cli: Cli, own_photos: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    (own_photos / "chelsea.txt").write_text("A ginger cat, close up.\n\n  It has   green eyes. \n")
    (own_photos / "coffee.png.txt").write_text("A cup and a spoon.\n")
    (own_photos / "README.txt").write_text("This lies beside no photo.\n")
    exif = Image.Exif()
    exif[0x010E] = "Grandma's garden in June"
    Image.new("RGB", (64, 48), "green").save(own_photos / "garden.jpg", exif=exif)
    captions = {"images": [{"filename": "x.jpg", "split": "train", "sentences": [{"raw": "A dog in the snow ."}]}]}
    (tmp_path / "dataset.json").write_text(json.dumps(captions))
    (tmp_path / "lines.txt").write_text("First line\r\nSecond line\r\n\r\nFirst line\r\n!!!\r\n", encoding="utf-8-sig")
    run = ["index", own_photos, "--sentences", tmp_path / "dataset.json", "--sentences", tmp_path / "lines.txt"]
    first = cli(*run, library=library)
    every = ("sentences", own_photos / "chelsea.png", "--json", "-n", "99")
    hits = json.loads(cli(*every, "--others", library=library).stdout)
    assert sorted(hit["sentence"] for hit in hits) == [
        "A cup and a spoon.",
        "A dog in the snow .",
        "A ginger cat, close up.",
        "First line",
        "Grandma's garden in June",
        "It has green eyes.",
        "Second line",
    ]
    own, of_files = hits[:2], ["A dog in the snow .", "First line", "Second line"]
    assert [hit["sentence"] for hit in own] == ["A ginger cat, close up.", "It has green eyes."]
    assert [hit["own"] for hit in hits] == [True] * 2 + [False] * 5
    alone = json.loads(cli(*every, library=library).stdout)
    assert sorted(hit["sentence"] for hit in alone) == sorted([*(hit["sentence"] for hit in own), *of_files])
    assert "7 sentences added" in first.stdout
    assert "lines.txt: There is no word in '!!!'" in first.stderr
    assert "0 sentences added" in cli(*run, library=library).stdout


def test_a_sidecar_that_comes_later_is_found(cli: Cli, own_photos: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    cli("index", own_photos, library=library)
    (own_photos / "chelsea.txt").write_text("My neighbour's cat.")
    assert "1 sentence added" in cli("index", own_photos, library=library).stdout


@pytest.mark.parametrize("text", QUERIES)
def test_the_ranking_is_the_oracles(text: str, library: Path, model: Any) -> None:
    vector = model.read(text).vector
    query = Query(vector.words, vector.sentence)
    with LibraryReader.open(library, quiet) as reader:
        records = stored(reader)
        for limit in (1, 3, len(records), 100):
            require_oracle_order(reader.search_photos(query, limit), records, query, limit)
        exact = reader.search_photos(query, 100, SearchParams("exact"))
        approximate = reader.search_photos(query, 100, FULL_PROBE)
    assert [photo for photo, _ in approximate] == [photo for photo, _ in exact]
    assert [score for _, score in approximate] == pytest.approx([score for _, score in exact], abs=1e-6)


def test_the_sentence_ranking_is_the_oracles(library: Path, photos: Path, model: Any, sentence_file: Path) -> None:
    with Engine.open(library, device="cpu", warn=quiet) as engine:
        hits = engine.sentences(photos / "chelsea.png", 100)
        photo = engine.reader.photo_id_of_path(str(photos / "chelsea.png"))
        assert photo is not None
        record = engine.reader.photo_vectors([photo])[0]
    expected = {}
    for sentence in sentence_file.read_text().splitlines():
        (vector,) = model.embed_sentences([model.usable(sentence).words])
        half = vector.stored[0].astype(np.float16).astype(np.float32)
        whole = vector.sentence is not None
        expected[sentence] = slow_score(record, Query(half[:-1], half[-1]) if whole else Query(half))
    assert {hit.sentence: hit.score for hit in hits} == pytest.approx(expected, abs=3e-3)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_the_library_and_the_command_line_agree(cli: Cli, library: Path, photos: Path) -> None:
    with Engine.open(library, device="cpu", warn=quiet) as engine:
        for text in QUERIES:
            hits = engine.search(text, 5)
            printed = json.loads(
                cli("search", text, "--json", "--min-probability", "0", "-n", "5", library=library).stdout
            )
            assert [str(hit.path) for hit in hits] == [hit["path"] for hit in printed]
            assert [hit.score for hit in hits] == pytest.approx([hit["score"] for hit in printed], abs=5e-5)
            assert [[phrase.text for phrase in hit.phrases] for hit in hits] == [
                [phrase["text"] for phrase in hit["phrases"]] for hit in printed
            ]


def test_approximate_search_with_full_probe_is_exact(many_library: Path) -> None:
    with Engine.open(many_library, device="cpu", warn=quiet) as engine:
        for text in QUERIES:
            exact = engine.search(text, 20, SearchParams("exact"))
            full = engine.search(text, 20, FULL_PROBE)
            assert [hit.score for hit in full] == pytest.approx([hit.score for hit in exact], abs=1e-6)
            assert [hit.path for hit in full] == [hit.path for hit in exact]


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a matter of Unix")
def test_a_run_that_was_killed_thrice_ends_like_one_that_was_not(
    start: Start, cli: Cli, wait_for_batches: Callable[..., None], many_photos: Path, many_library: Path, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    for num_batches in (1, 3, 2):
        process = start("index", many_photos, library=library)
        wait_for_batches(process, library, num_batches)
        process.kill()
        process.communicate(timeout=60)
    result = cli("index", many_photos, library=library)
    assert result.exit_code == 0
    total = len(list(many_photos.iterdir()))
    assert f"holds {total} photos" in result.stdout
    with (
        Engine.open(library, device="cpu", warn=quiet) as killed,
        Engine.open(many_library, device="cpu", warn=quiet) as whole,
    ):
        vectors = [
            {photo.path: engine.reader.photo_vectors([photo.photo_id])[0] for photo in photos_in(engine.reader)}
            for engine in (killed, whole)
        ]
        assert killed.status().sentences == whole.status().sentences == total // 8  # in the photos' metadata
        assert vectors[0].keys() == vectors[1].keys()
        assert len(vectors[0]) == total
        for path, record in vectors[0].items():
            np.testing.assert_allclose(record, vectors[1][path], atol=2e-3)
        for text in QUERIES:
            found, expected = (
                {hit.path: hit.score for hit in engine.search(text, total)} for engine in (killed, whole)
            )
            assert found == pytest.approx(expected, abs=2e-3)
    assert vector_bytes(library) == vector_bytes(many_library)


def photos_in(reader: LibraryReader) -> Iterable[Any]:
    return reader.photos([int(photo) for photo in reader.photo_ids])


@pytest.mark.data
def test_the_ranking_is_the_oracles_on_flickr8k(
    flickr8k: Path, cli: Cli, model: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    library = tmp_path_factory.mktemp("flickr8k") / "library"
    entries = [
        entry for entry in json.loads((flickr8k / "dataset.json").read_text())["images"] if entry["split"] == "val"
    ]
    chosen = entries[:200]
    queries = [(entry["filename"], entry["sentences"][0]["raw"]) for entry in random.Random(0).sample(chosen, 50)]
    with Engine.open(library, device="cpu", warn=quiet) as engine:
        engine.index([flickr8k / "images" / "val" / entry["filename"] for entry in chosen])
        records = stored(engine.reader)
        assert len(records) == 200
        ids = {Path(photo.path): photo.photo_id for photo in photos_in(engine.reader)}
        own_first = 0
        for number, (name, text) in enumerate(queries):
            vector = model.read(text).vector
            query = Query(vector.words, vector.sentence)
            require_oracle_order(engine.reader.search_photos(query, 200), records, query, 200)
            hits = engine.search(text, 10)
            require_oracle_order([(ids[hit.path], hit.score) for hit in hits], records, query, 10)
            own_first += name in [hit.path.name for hit in hits]
            if number < 3:
                printed = json.loads(
                    cli("search", "--json", "--min-probability", "0", "-n", "10", "--", text, library=library).stdout
                )
                assert [hit["path"] for hit in printed] == [str(hit.path) for hit in hits]
    assert own_first > 25  # 2.5 by chance: half of the sentences find their photo among the first ten of 200


@pytest.mark.gpu
def test_embeddings_on_a_gpu_equal_those_on_the_cpu(photos: Path, model: Any) -> None:

    from engine.alignment.folder import load_model
    from engine.models.multimodal import MultimodalModel
    from engine.photos.decode import decode

    on_gpu = MultimodalModel(load_model("default"), "cuda")
    images = [decode(path, target=model.image_size).image for path in sorted(photos.iterdir())]
    expected, found = model.embed_photos(images), on_gpu.embed_photos(images)
    np.testing.assert_allclose(found.records, expected.records, atol=1e-2)
    np.testing.assert_allclose(found.boxes, expected.boxes, atol=1e-2)
    words = [model.usable(text).words for text in QUERIES]
    for one, other in zip(on_gpu.embed_sentences(words), model.embed_sentences(words), strict=True):
        np.testing.assert_allclose(one.stored[0], other.stored[0], atol=1e-2)


@pytest.mark.gpu
def test_indexing_on_a_gpu(cli: Cli, photos: Path, library: Path, tmp_path: Path) -> None:
    result = cli("index", photos, "--device", "cuda", library=tmp_path / "library")
    count = len(list(photos.iterdir()))
    assert result.exit_code == 0, result.stderr
    assert f"{count} photos added, 0 unchanged, 0 failed" in result.stdout
    for device in ("cuda", "cpu"):
        found, expected = (
            json.loads(
                cli("search", "a cat", "--min-probability", "0", "--json", "--device", device, library=folder).stdout
            )
            for folder in (tmp_path / "library", library)
        )
        scores = {hit["path"]: hit["score"] for hit in expected}
        assert {hit["path"]: hit["score"] for hit in found} == pytest.approx(scores, abs=5e-2)

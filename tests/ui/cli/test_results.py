"""Results go to stdout and nothing else does; JSON has exactly the promised shape."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import Result

from engine import Engine

Cli = Callable[..., Result]

FIELDS = ["path", "score", "probability", "phrases", "caption", "likely", "written", "copies", "group"]


def require_phrases(phrases: list[dict[str, Any]], size: tuple[int, int], text: str) -> None:
    """Phrases with boxes inside a photo of this size, in the order of the text."""
    assert phrases
    at = 0
    for phrase in phrases:
        assert list(phrase) == ["text", "box", "score", "boxes"]
        x0, y0, x1, y1 = phrase["box"]
        assert 0 <= x0 < x1 <= size[0]
        assert 0 <= y0 < y1 <= size[1]
        assert isinstance(phrase["score"], float)
        at = text.index(phrase["text"], at) + len(phrase["text"])


def test_search_prints_an_array_of_photos(cli: Cli, library: Path, photos: Path) -> None:
    text = "a cat looking at the camera"
    result = cli("search", text, "--json", "-n", "4", "--min-probability", "0", library=library)
    assert (result.exit_code, result.stderr) == (0, "")
    hits = json.loads(result.stdout)
    assert len(hits) == 4
    for hit in hits:
        assert list(hit) == FIELDS
        assert hit["caption"] is None  # no caption model has looked at this library
        assert Path(hit["path"]).parent == photos
        with Image.open(hit["path"]) as photo:
            require_phrases(hit["phrases"], photo.size, text)
    scores = [hit["score"] for hit in hits]
    assert scores == sorted(scores, reverse=True)


def test_words_need_no_quotes(cli: Cli, library: Path) -> None:
    anyway = ("--min-probability", "0")
    assert cli("search", *anyway, "a", "red", "flower", library=library).stdout == cli(
        "search", *anyway, "a red flower", library=library
    ).stdout  # fmt: skip


def test_search_finds_no_more_than_there_is(cli: Cli, library: Path, photos: Path) -> None:
    everything = ("search", "a cat", "--json", "--min-probability", "0", "-n")
    hits = json.loads(cli(*everything, "1000", library=library).stdout)
    assert sorted(Path(hit["path"]) for hit in hits) == sorted(photos.iterdir())
    assert hits[:3] == json.loads(cli(*everything, "3", library=library).stdout)


def test_search_in_plain_text(cli: Cli, library: Path) -> None:
    query = ("search", "a pink flower", "-n", "3", "--min-probability", "0")
    hits = json.loads(cli(*query, "--json", library=library).stdout)
    result = cli(*query, library=library)
    ranked = [line.split() for line in result.stdout.splitlines() if line.lstrip()[:2] in ("1.", "2.", "3.")]
    assert [Path(words[-1]).name for words in ranked] == [Path(hit["path"]).name for hit in hits]
    assert [float(words[1]) for words in ranked] == pytest.approx([hit["score"] for hit in hits], abs=1e-3)
    assert all(phrase["text"] in result.stdout for hit in hits for phrase in hit["phrases"])
    assert "\x1b" not in result.stdout  # no colours where there is no terminal


def test_min_score_leaves_out_what_is_worse(cli: Cli, library: Path) -> None:
    everything = ("search", "a cat", "--json", "--min-probability", "0")
    hits = json.loads(cli(*everything, library=library).stdout)
    between = (hits[1]["score"] + hits[2]["score"]) / 2
    result = cli(*everything, "--min-score", str(between), library=library)
    assert (result.exit_code, json.loads(result.stdout)) == (0, hits[:2])


def test_min_probability_leaves_out_what_is_less_likely(cli: Cli, library: Path) -> None:
    hits = json.loads(cli("search", "a cat", "--json", "--min-probability", "0", library=library).stdout)
    if hits[0]["probability"] is None:
        pytest.skip("the model has no calibration: scripts/calibrate makes one")
    probabilities = [hit["probability"] for hit in hits]
    assert probabilities == sorted(probabilities, reverse=True)
    assert all(0 <= probability <= 1 for probability in probabilities)
    between = (probabilities[0] + probabilities[1]) / 2
    result = cli("search", "a cat", "--json", "--min-probability", str(between), library=library)
    assert (result.exit_code, json.loads(result.stdout)) == (0, hits[:1])
    with Engine.open(library, device="cpu") as engine:
        cut = engine.default_min_probability
        assert 0 < cut < 1
        found = engine.search("a cat", min_probability=cut)
    by_default = json.loads(cli("search", "a cat", "--json", library=library).stdout)
    assert [str(hit.path) for hit in found] == [hit["path"] for hit in by_default]
    assert [hit for hit in hits if hit["probability"] > cut + 1e-4] == by_default
    assert [hit for hit in hits if hit["likely"]] == by_default


def test_where_nothing_is_likely_the_closest_are_printed_and_called_that(cli: Cli, library: Path) -> None:
    search = ("search", "three dogs in a swimming pool", "-n", "3")
    result = cli(*search, library=library, columns=200)
    assert result.exit_code == 0
    assert result.stderr.startswith(
        "Nothing matches 'three dogs in a swimming pool': these are the closest photos, at best"
    )
    assert result.stderr.count("\n") == 1
    assert [line.split()[4] for line in result.stdout.splitlines() if ".png" in line or ".jpg" in line] == [
        "unlikely"
    ] * 3
    as_json = cli(*search, "--json", library=library)
    assert (as_json.exit_code, as_json.stderr) == (0, result.stderr)
    assert [hit["likely"] for hit in json.loads(as_json.stdout)] == [False] * 3
    lines = cli(*search, "--format", "{likely} {path}", library=library).stdout.splitlines()
    assert lines == [f"false {hit['path']}" for hit in json.loads(as_json.stdout)]
    assert cli("search", "a cat", "--format", "{likely}", "-n", "1", library=library).stdout == "true\n"


def test_a_probability_does_not_depend_on_the_library(cli: Cli, library: Path, photos: Path, tmp_path: Path) -> None:
    assert cli("index", photos / "chelsea.png", library=tmp_path / "one").exit_code == 0
    found = [
        next(hit["probability"] for hit in json.loads(result.stdout) if hit["path"] == str(photos / "chelsea.png"))
        for result in (
            cli("search", "a cat", "--json", "--min-probability", "0", library=folder)
            for folder in (library, tmp_path / "one")
        )
    ]
    if found[0] is None:
        pytest.skip("the model has no calibration: scripts/calibrate makes one")
    assert found[0] == pytest.approx(found[1], abs=1e-3)


def test_sentences_prints_an_array_of_sentences(cli: Cli, library: Path, photos: Path, sentence_file: Path) -> None:
    result = cli("sentences", photos / "chelsea.png", "--json", "-n", "3", library=library)
    assert (result.exit_code, result.stderr) == (0, "")
    hits = json.loads(result.stdout)
    assert [list(hit) for hit in hits] == [["sentence", "score", "probability", "generated", "own"]] * 3
    assert not any(hit["generated"] for hit in hits)
    assert {hit["sentence"] for hit in hits} <= set(sentence_file.read_text().splitlines())
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)
    plain = cli("sentences", photos / "chelsea.png", "-n", "3", library=library).stdout
    assert all(hit["sentence"] in plain for hit in hits)


def test_a_photo_need_not_be_indexed_to_find_its_sentences(
    cli: Cli, library: Path, photos: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "not indexed.png"
    copy.write_bytes((photos / "chelsea.png").read_bytes())
    known, unknown = (
        json.loads(cli("sentences", path, "--json", library=library).stdout) for path in (photos / "chelsea.png", copy)
    )
    assert {hit["sentence"]: hit["score"] for hit in unknown} == pytest.approx(
        {hit["sentence"]: hit["score"] for hit in known}, abs=2e-3
    )


def test_similar_prints_an_array_of_other_photos(cli: Cli, library: Path, photos: Path) -> None:
    result = cli("similar", photos / "chelsea.png", "--json", "-n", "1000", library=library)
    assert (result.exit_code, result.stderr) == (0, "")
    hits = json.loads(result.stdout)
    assert [list(hit) for hit in hits] == [FIELDS] * len(hits)
    assert sorted(Path(hit["path"]) for hit in hits) == sorted(set(photos.iterdir()) - {photos / "chelsea.png"})


def test_a_copy_of_a_photo_is_the_most_similar(cli: Cli, library: Path, photos: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.png"
    copy.write_bytes((photos / "chelsea.png").read_bytes())
    best = json.loads(cli("similar", copy, "--json", "-n", "1", library=library).stdout)[0]
    assert Path(best["path"]) == photos / "chelsea.png"
    assert best["score"] == pytest.approx(1, abs=1e-2)


def test_align_prints_an_array_of_one_and_needs_no_library(cli: Cli, photos: Path, tmp_path: Path) -> None:
    photo, text = photos / "chelsea.png", "A cat looks at the camera ."
    result = cli("align", photo, text, "--json", library=tmp_path / "none")
    assert (result.exit_code, result.stderr) == (0, "")
    (alignment,) = json.loads(result.stdout)
    assert list(alignment) == ["path", "score", "probability", "phrases"]
    assert Path(alignment["path"]) == photo
    with Image.open(photo) as picture:
        require_phrases(alignment["phrases"], picture.size, text)
    assert not (tmp_path / "none").exists()


def test_align_agrees_with_search(cli: Cli, library: Path, photos: Path) -> None:
    text = "a cat looks at the camera"
    (alignment,) = json.loads(cli("align", photos / "chelsea.png", text, "--json", library=library).stdout)
    hits = json.loads(cli("search", text, "--json", "--min-probability", "0", library=library).stdout)
    (hit,) = [hit for hit in hits if Path(hit["path"]) == photos / "chelsea.png"]
    assert hit["score"] == pytest.approx(alignment["score"], abs=5e-3)  # stored vectors have half precision


def test_align_writes_a_picture_of_the_photo(cli: Cli, photos: Path, tmp_path: Path) -> None:
    output = tmp_path / "aligned.png"
    result = cli("align", photos / "chelsea.png", "a cat", "--json", "--output", output)
    assert result.exit_code == 0
    json.loads(result.stdout)
    assert str(output) in result.stderr
    with Image.open(output) as drawn, Image.open(photos / "chelsea.png") as photo:
        drawn.load()
        assert drawn.format == "PNG"
        assert drawn.width >= photo.width
        assert drawn.height >= photo.height


def test_status_prints_what_the_library_holds(cli: Cli, library: Path, photos: Path, sentence_file: Path) -> None:
    result = cli("status", "--json", library=library)
    assert (result.exit_code, result.stderr) == (0, "")
    status = json.loads(result.stdout)
    count = len(list(photos.iterdir()))
    assert {"photos", "regions", "sentences", "model", "bytes"} <= set(status)
    assert status["photos"] == count
    assert status["regions"] == count * 20
    assert status["sentences"] == len(sentence_file.read_text().splitlines())
    assert status["generated_sentences"] == 0
    assert status["model"] == "default"
    assert status["bytes"] == sum(status["bytes_by_part"].values()) > 0
    plain = cli("status", library=library).stdout
    assert str(library) in plain
    assert f"photos     {count}\n" in plain
    assert f"sentences  {status['sentences']} (0 generated)\n" in plain


def test_status_says_that_an_earlier_model_made_the_library(cli: Cli, library: Path, own_library: Path) -> None:
    assert json.loads(cli("status", "--json", library=library).stdout)["model_is_earlier"] is False
    assert "earlier" not in cli("status", library=library).stdout
    with sqlite3.connect(own_library / "library.sqlite3") as connection:
        connection.execute("UPDATE builds SET fingerprint = 'f00d'")
    connection.close()
    assert json.loads(cli("status", "--json", library=own_library).stdout)["model_is_earlier"] is True
    assert "an earlier one than here" in cli("status", library=own_library).stdout


def test_the_library_can_be_named_by_an_option(cli: Cli, library: Path, tmp_path: Path) -> None:
    named = cli("status", "--json", "--library", library, library=tmp_path / "another")
    assert named.stdout == cli("status", "--json", library=library).stdout


@pytest.fixture
def captioned(photos: Path, tmp_path: Path) -> Path:
    """A captioned set of four photos with two sentences each, in Karpathy's format."""
    folder = tmp_path / "captioned"
    (folder / "images" / "val").mkdir(parents=True)
    entries = []
    for number, photo in enumerate(sorted(photos.iterdir())[:4]):
        (folder / "images" / "val" / photo.name).write_bytes(photo.read_bytes())
        sentences = [{"raw": f"Photo {'abcd'[number]} of a {photo.stem}."}, {"raw": f"This shows {photo.stem}."}]
        entries.append({"filename": photo.name, "split": "val", "imgid": number, "sentences": sentences})
    (folder / "dataset.json").write_text(json.dumps({"images": entries}), encoding="utf-8")
    return folder


def test_evaluate_retrieval_prints_figures(
    cli: Cli, captioned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = cli("evaluate", "retrieval", "--data", captioned, "--json")
    assert first.exit_code == 0
    figures = json.loads(first.stdout)
    assert {"image_to_sentence", "sentence_to_image", "images", "sentences", "model"} <= set(figures)
    assert (figures["images"], figures["sentences"], figures["model"]) == (4, 8, "default")
    for side in (figures["image_to_sentence"], figures["sentence_to_image"]):
        assert list(side) == ["r1", "r5", "r10", "median_rank"]
        assert 0 <= side["r1"] <= side["r5"] <= side["r10"] <= 100
        assert side["median_rank"] >= 1
    assert figures["sentence_to_image"]["r5"] == 100  # there are four photos
    plain = cli("evaluate", "retrieval", "--data", captioned).stdout
    assert "4 photos, 8 sentences" in plain
    assert f"{figures['image_to_sentence']['r1']:.1f}" in plain


def test_evaluate_says_what_is_wrong_with_the_data(cli: Cli, captioned: Path, tmp_path: Path) -> None:
    missing = cli("evaluate", "retrieval", "--data", tmp_path / "nowhere")
    assert (missing.exit_code, missing.stdout) == (1, "")
    assert "dataset.json" in missing.stderr
    split = cli("evaluate", "retrieval", "--data", captioned, "--split", "dev")
    assert (split.exit_code, split.stdout) == (1, "")
    assert "no split 'dev'; it has val" in split.stderr


def test_warnings_stay_out_of_the_results(cli: Cli, library: Path) -> None:
    result = cli("search", "a cat 猫", "--json", "--min-probability", "0", library=library)
    assert result.exit_code == 0
    assert len(json.loads(result.stdout)) > 0
    assert "warning" in result.stderr
    assert "猫" in result.stderr


def test_index_says_what_it_did(cli: Cli, own_photos: Path, tmp_path: Path) -> None:
    (own_photos / "broken.jpg").write_bytes(b"not a photo at all")
    count = len(list(own_photos.iterdir())) - 1
    library = tmp_path / "library"
    result = cli("index", own_photos, library=library)
    assert result.exit_code == 0
    assert f"{count} photos added, 0 unchanged, 1 failed; 0 sentences added." in result.stdout
    assert f"holds {count} photos and 0 sentences" in result.stdout
    assert "broken.jpg: not an image" in result.stderr
    assert "broken.jpg" not in result.stdout


def test_a_picture_of_one_colour_has_finite_scores(cli: Cli, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((1, 1, 3), np.uint8)).save(tmp_path / "dot.png")
    assert cli("index", tmp_path / "dot.png", library=tmp_path / "library").exit_code == 0
    (hit,) = json.loads(cli("search", "black", "--json", "--min-probability", "0", library=tmp_path / "library").stdout)
    assert hit["phrases"][0]["box"][2] <= 1


def test_no_name_steers_a_terminal_or_ends_a_line(cli: Callable[..., Result], photos: Path, tmp_path: Path) -> None:
    name = "a\n\x1b[31m\x9b31m\u202egnp.png"
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / name).write_bytes((photos / "coffee.png").read_bytes())
    library = tmp_path / "library"
    assert cli("index", tmp_path / "odd", library=library).exit_code == 0
    ask = ("search", "a cup", "--min-probability", "0")
    for options in ((), ("--format", "{path}")):
        shown = cli(*ask, *options, library=library).stdout
        assert r"\x1b[31m\x9b31m\u202egnp.png" in shown
        assert not set(shown) & {"\x1b", "\x9b", "\u202e"}
    as_json = cli(*ask, "--json", library=library).stdout
    assert as_json.isascii()
    assert json.loads(as_json)[0]["path"] == str(tmp_path / "odd" / name)
    assert name in cli(*ask, "-0", library=library).stdout

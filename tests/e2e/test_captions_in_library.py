"""Captions in a library: written as photos are indexed or later, found in both directions, kept apart from persons'."""

import json
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from photo_folders import copy_some
from PIL import Image
from typer.testing import Result

from engine import Engine, EngineError
from engine.library.report import PHOTO_BATCH, Progress

Cli = Callable[..., Result]
Start = Callable[..., "subprocess.Popen[str]"]

ANYTHING = ("--min-probability", "0", "--json", "-n", "999")


def rows(library: Path, statement: str) -> list[Any]:
    with closing(sqlite3.connect(f"{(library / 'library.sqlite3').as_uri()}?mode=ro", uri=True, timeout=30)) as opened:
        return opened.execute(statement).fetchall()


def captions_of(library: Path) -> dict[str, str]:
    """Each captioned photo's name with its caption; there is one at most."""
    found = rows(library, "SELECT path, text FROM captions c JOIN photos p ON p.id = c.photo_id "
                          "JOIN sentences s ON s.id = c.sentence_id")  # fmt: skip
    assert len(dict(found)) == len(found)
    return {Path(path).name: text for path, text in found}


def vector_bytes(library: Path, kind: str) -> int:
    return sum(path.stat().st_size for path in library.rglob(f"{kind}/*.f16"))


def search(cli: Cli, library: Path, *arguments: str) -> list[dict[str, Any]]:
    result = cli("search", "a dog on the grass", *ANYTHING, *arguments, library=library)
    assert result.exit_code == 0, result.stderr
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def require_whole(library: Path, num_photos: int) -> None:
    """Every photo has one caption, every sentence one place among the vectors, and nothing is left over."""
    assert rows(library, "SELECT count(*), count(DISTINCT photo_id) FROM captions") == [(num_photos, num_photos)]
    assert rows(library, "SELECT count(*) FROM photo_records") == [(num_photos,)]
    assert (
        rows(library, "SELECT id FROM sentences WHERE generated AND id NOT IN (SELECT sentence_id FROM captions)") == []
    )
    ((needed, embedded, all_sentences, dimension),) = rows(
        library,
        "SELECT sum(num_words + has_global), count(*), (SELECT count(*) FROM sentences), max(dimension) "
        "FROM sentence_records JOIN builds ON builds.id = build_id",
    )
    assert embedded == all_sentences
    assert vector_bytes(library, "sentences") == needed * dimension * 2


@pytest.fixture(scope="module")
def captioned(
    photos: Path, sentence_file: Path, small_captioner: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A library of the photos with sentences of persons and captions. Read it only."""
    folder = tmp_path_factory.mktemp("captioned") / "library"
    with Engine.open(folder, device="cpu") as engine:
        report = engine.index([photos], [sentence_file], captions=True, captioner=str(small_captioner))
    count = len(list(photos.iterdir()))
    assert (report.added, report.captions_added) == (count, count)
    assert report.seconds["captions"] > 0
    return folder


@pytest.fixture
def own_captioned(captioned: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    return shutil.copytree(captioned, tmp_path / "own captioned")


def test_captions_are_those_of_the_caption_model(captioned: Path, photos: Path, small_captioner: Path) -> None:
    require_whole(captioned, len(list(photos.iterdir())))
    with Engine.open(captioned, device="cpu") as engine:
        for path in photos.iterdir():
            (described,) = engine.caption(path, captioner=str(small_captioner))
            photo_id = engine.reader.photo_id_of_path(str(path))
            assert photo_id is not None
            ((own,),) = engine.reader.captions([photo_id])
            assert own.text == described.captions[0].text
            assert own.log_probability == pytest.approx(described.captions[0].log_probability, abs=1e-4)


def test_photos_that_were_indexed_before_are_captioned_and_not_embedded_again(
    cli: Cli, own_library: Path, captioned: Path, photos: Path, small_captioner: Path
) -> None:
    count, size = len(list(photos.iterdir())), vector_bytes(own_library, "photos")
    run = ("index", photos, "--captions", "--captioner", small_captioner)
    result = cli(*run, library=own_library)
    assert result.exit_code == 0, result.stderr
    assert f"0 photos added, {count} unchanged, 0 failed; 0 sentences added; {count} photos captioned." in result.stdout
    assert captions_of(own_library) == captions_of(captioned)
    assert vector_bytes(own_library, "photos") == size
    require_whole(own_library, count)
    sentences = vector_bytes(own_library, "sentences")
    assert "; 0 photos captioned." in cli(*run, library=own_library).stdout
    assert vector_bytes(own_library, "sentences") == sentences


def test_the_progress_of_captions_is_told(own_library: Path, photos: Path, small_captioner: Path) -> None:
    steps: list[Progress] = []
    with Engine.open(own_library, device="cpu") as engine:
        engine.index([photos], captions=True, captioner=str(small_captioner), report=steps.append)
    count = len(list(photos.iterdir()))
    assert steps == [Progress("captions", number, count) for number in range(1, count + 1)]


def test_photos_are_found_by_what_is_seen_by_captions_or_by_both(cli: Cli, library: Path, captioned: Path) -> None:
    captions = captions_of(captioned)
    exclude = search(cli, captioned, "--generated", "exclude")
    assert exclude == search(cli, library)
    assert not any(hit["caption"] for hit in exclude)
    include, only = search(cli, captioned), search(cli, captioned, "--generated", "only")
    assert search(cli, captioned, "--generated", "include") == include
    for hits in (include, only):
        assert {Path(hit["path"]).name: hit["caption"] for hit in hits} == captions
        assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)
    probabilities = [{hit["path"]: hit["probability"] for hit in hits} for hits in (exclude, include, only)]
    assert probabilities[1] == pytest.approx(probabilities[0], abs=2e-4)
    assert probabilities[2] == pytest.approx(probabilities[0], abs=2e-4)
    alike: dict[str, set[float]] = {}
    for hit in only:  # photos with one caption answer alike
        alike.setdefault(hit["caption"], set()).add(hit["score"])
    assert all(len(scores) == 1 for scores in alike.values())


def test_the_caption_itself_finds_its_photo_first(captioned: Path) -> None:
    with Engine.open(captioned, device="cpu", warn=lambda text: None) as engine:
        for text in set(captions_of(captioned).values()):
            assert engine.search(text, 1, generated="only")[0].caption == text


def test_a_hit_shows_its_caption_marked(cli: Cli, captioned: Path) -> None:
    shown = cli("search", "a dog", "--min-probability", "0", library=captioned).stdout.splitlines()
    for text in captions_of(captioned).values():
        assert f"      {text} (generated)" in shown


def test_sentences_of_persons_and_of_the_caption_model_are_told_apart(
    cli: Cli, captioned: Path, photos: Path, sentence_file: Path
) -> None:
    written, generated = set(sentence_file.read_text().splitlines()), set(captions_of(captioned).values())

    def found(*arguments: str) -> dict[str, bool]:
        result = cli("sentences", photos / "chelsea.png", "--json", "-n", "999", *arguments, library=captioned)
        return {hit["sentence"]: hit["generated"] for hit in json.loads(result.stdout)}

    assert found("--generated", "exclude") == dict.fromkeys(written, False)
    assert found("--generated", "only") == dict.fromkeys(generated, True)
    assert found() == found("--generated", "exclude") | found("--generated", "only")
    shown = cli("sentences", photos / "chelsea.png", "-n", "999", library=captioned, columns=200).stdout
    for line in shown.splitlines():
        assert line.endswith(" (generated)") == any(f"  {text} (generated)" in line for text in generated)
    status = json.loads(cli("status", "--json", library=captioned).stdout)
    assert status["generated_sentences"] == len(generated)
    assert status["sentences"] == len(generated) + len(written)
    assert f"({len(generated)} generated)" in cli("status", library=captioned).stdout


def test_a_library_without_captions_answers_as_it_did(cli: Cli, library: Path, photos: Path) -> None:
    for question in (("search", "a cat", *ANYTHING), ("sentences", photos / "chelsea.png", "--json")):
        answers = [cli(*question, "--generated", choice, library=library) for choice in ("include", "exclude")]
        assert answers[0].stdout == answers[1].stdout == cli(*question, library=library).stdout
        only = cli(*question, "--generated", "only", library=library)
        assert (only.exit_code, only.stdout) == (1, "[]\n" if question[0] == "search" else "")
        assert "engine index --captions" in only.stderr


def test_a_person_who_writes_the_same_has_written_it(
    cli: Cli, own_captioned: Path, captioned: Path, photos: Path, small_captioner: Path, tmp_path: Path
) -> None:
    text = captions_of(captioned)["chelsea.png"]
    (tmp_path / "mine.txt").write_text(text)
    result = cli("index", photos, "--sentences", tmp_path / "mine.txt", library=own_captioned)
    assert "1 sentence added" in result.stdout
    assert rows(own_captioned, f"SELECT generated, source FROM sentences WHERE text = '{text}'") == [
        (0, str(tmp_path / "mine.txt"))
    ]
    assert captions_of(own_captioned) == captions_of(captioned)
    again = ("index", photos, "--captions", "--captioner", small_captioner, "--rebuild-vectors")
    assert cli(*again, library=own_captioned).exit_code == 0
    generated = {text for (text,) in rows(own_captioned, "SELECT text FROM sentences WHERE generated")}
    assert generated == set(captions_of(captioned).values()) - {text}


def test_a_changed_photo_loses_its_caption_until_it_is_captioned_again(
    cli: Cli, own_photos: Path, small_captioner: Path, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    run = ("index", own_photos, "--captions", "--captioner", small_captioner)
    assert cli(*run, library=library).exit_code == 0
    before = captions_of(library)
    Image.new("RGB", (300, 200), "blue").save(own_photos / "coffee.png")
    assert "1 photo added" in cli("index", own_photos, library=library).stdout
    assert captions_of(library) == {name: text for name, text in before.items() if name != "coffee.png"}
    (hit,) = [hit for hit in search(cli, library) if Path(hit["path"]).name == "coffee.png"]
    assert hit["caption"] is None
    assert "; 1 photo captioned." in cli(*run, library=library).stdout
    assert captions_of(library).keys() == before.keys()


def test_copies_share_a_caption_and_files_that_are_gone_are_passed_by(
    cli: Cli, own_photos: Path, small_captioner: Path, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    run = ("index", own_photos, "--captions", "--captioner", small_captioner)
    cli("index", own_photos, library=library)
    shutil.copyfile(own_photos / "chelsea.png", own_photos / "a copy.png")
    cli("index", own_photos, library=library)
    (own_photos / "chelsea.png").unlink()
    (own_photos / "coins.png").unlink()
    first = cli(*run, "--allow-missing", library=library)
    assert first.exit_code == 0, first.stderr
    captions = captions_of(library)
    assert captions["a copy.png"]  # the content is there, under one of its names
    assert not {"chelsea.png", "coins.png"} & set(captions)
    for name in ("b copy.png", "c copy.png"):  # the first is the photo that was gone, under another name
        shutil.copyfile(own_photos / "a copy.png", own_photos / name)
    cli("index", own_photos, library=library)
    assert captions_of(library)["c copy.png"] == captions["a copy.png"]
    assert "; 1 photo captioned." in cli(*run, library=library).stdout
    assert captions_of(library)["b copy.png"] == captions["a copy.png"]


def test_another_caption_model_replaces_the_captions(
    own_captioned: Path, photos: Path, model: Any, tmp_path: Path
) -> None:
    other = untrained(tmp_path / "other", model.fingerprint, ("zebra", "piano"))
    with Engine.open(own_captioned, device="cpu") as engine:
        report = engine.index([photos], captions=True, captioner=str(other))
    assert (report.added, report.captions_added) == (0, len(list(photos.iterdir())))
    assert {word for text in captions_of(own_captioned).values() for word in text.split()} <= {"zebra", "piano"}
    assert rows(own_captioned, "SELECT count(DISTINCT captioner) FROM captions") == [(1,)]
    generated = {text for (text,) in rows(own_captioned, "SELECT text FROM sentences WHERE generated")}
    assert generated == set(captions_of(own_captioned).values())


def test_a_caption_model_for_another_alignment_model_is_refused_before_anything_is_written(
    cli: Cli, library: Path, photos: Path, tmp_path: Path
) -> None:
    foreign = untrained(tmp_path / "foreign", "0123abcd" * 8, ("zebra", "piano"))
    before = {path: path.read_bytes() for path in library.rglob("*") if path.is_file()}
    for folder in (tmp_path / "new", library):
        result = cli("index", photos, "--captions", "--captioner", foreign, library=folder)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "made for the alignment model 0123abcd" in result.stderr
    assert not (tmp_path / "new").exists()
    assert {path: path.read_bytes() for path in library.rglob("*") if path.is_file()} == before
    with pytest.raises(EngineError, match="no caption model 'nowhere'"), Engine.open(tmp_path / "new") as engine:
        engine.index([photos], captions=True, captioner="nowhere")
    assert not (tmp_path / "new").exists()


def untrained(folder: Path, alignment: str, words: tuple[str, ...]) -> Path:
    """A small caption model without training, made for an alignment model."""
    import torch

    from engine.captioning.config import CaptionArchitecture, CaptionConfig
    from engine.captioning.folder import create_decoder, save_captioner
    from engine.language.vocabulary import Vocabulary

    architecture = CaptionArchitecture(decoder="recurrent", width=32, max_words=4)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(8)
        decoder = create_decoder(architecture, torch.randn(len(words) + 1))
    save_captioner(
        folder, CaptionConfig("untrained", alignment, architecture), decoder, Vocabulary(dict.fromkeys(words, 5))
    )
    return folder


def num_captions(library: Path) -> int:
    try:
        ((count,),) = rows(library, "SELECT count(*) FROM captions")
    except sqlite3.OperationalError:  # there is no library, or no table, yet
        return 0
    return int(count)


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a matter of Unix")
@pytest.mark.parametrize("embedded", [False, True], ids=["new photos", "photos that were indexed before"])
def test_killed_while_captioning_the_next_run_goes_on(
    embedded: bool, start: Start, cli: Cli, many_photos: Path, small_captioner: Path, tmp_path: Path
) -> None:
    library, total = tmp_path / "library", 4 * PHOTO_BATCH
    folder = copy_some(many_photos, total, tmp_path / "photos")
    if embedded:
        with Engine.open(library, device="cpu") as engine:
            engine.index([folder])
    size = vector_bytes(library, "photos")
    run = ("index", folder, "--captions", "--captioner", small_captioner)
    before = 0
    for _ in range(2):
        process = start(*run, library=library)
        deadline = time.monotonic() + 240
        while num_captions(library) <= before:  # a batch more
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.kill()
        process.communicate(timeout=60)
        before = num_captions(library)
        assert before < total
    result = cli(*run, library=library)
    assert result.exit_code == 0, result.stderr
    assert f"; {total - before} photos captioned." in result.stdout
    require_whole(library, total)
    if embedded:
        assert vector_bytes(library, "photos") == size
    with Engine.open(library, device="cpu") as engine:
        ids = engine.reader.photo_ids.tolist()
        sample = engine.reader.photos(ids[:: max(1, len(ids) // 5)])
        for photo in sample:
            (described,) = engine.caption(photo.path, captioner=str(small_captioner))
            assert captions_of(library)[Path(photo.path).name] == described.captions[0].text
        assert np.unique([len(own) for own in engine.reader.captions(ids)]).tolist() == [1]

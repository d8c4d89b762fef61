"""What cannot be done is said in a sentence with status 1; odd questions are answered as well as they can be."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import Result

from engine.runtime.extras import extra_command

Cli = Callable[..., Result]


def require_failure(result: Result, *words: str) -> None:
    """Status 1, nothing on stdout, and a message that holds these words."""
    assert (result.exit_code, result.stdout) == (1, ""), result.stderr
    assert result.stderr.startswith("error:")
    assert "Traceback" not in result.stderr
    assert "should not happen" not in result.stderr
    for word in words:
        assert word in result.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("!!!", "no word"),
        ("☃ ♥", "no word"),
        ("猫 字", "is known to the model"),
    ],
)
def test_a_query_without_words_is_explained(text: str, said: str, cli: Cli, library: Path, photos: Path) -> None:
    require_failure(cli("search", text, library=library), said, "write")
    require_failure(cli("align", next(photos.iterdir()), text, library=library), said, "write")


def test_a_query_of_500_words_is_answered(cli: Cli, library: Path) -> None:
    text = " ".join(["a dog on the green grass of a long field"] * 50)
    result = cli("search", text, "--json", "--min-probability", "0", library=library)
    assert (result.exit_code, result.stderr) == (0, "")
    assert sum(len(phrase["text"].split()) for phrase in json.loads(result.stdout)[0]["phrases"]) == 500


def test_a_query_of_500_long_words_is_shortened_and_said_so(cli: Cli, library: Path) -> None:
    result = cli(
        "search", " ".join(["skateboarders somersaults"] * 250), "--json", "--min-probability", "0", library=library
    )
    assert result.exit_code == 0
    used = sum(len(phrase["text"].split()) for phrase in json.loads(result.stdout)[0]["phrases"])
    assert 50 < used < 500
    assert f"its last {500 - used} words are left out" in result.stderr


def test_one_endless_word_is_answered(cli: Cli, library: Path) -> None:
    result = cli("search", "x" * 20_000, "--json", "--min-probability", "0", library=library)
    assert result.exit_code in (0, 1)
    assert "should not happen" not in result.stderr


@pytest.mark.parametrize("text", ["-- -n", "a\0b", "DROP TABLE photos; --", "%s {} \\", "Ünïcödé 猫", "a [red]dog[/]"])
def test_odd_characters_do_no_harm(text: str, cli: Cli, library: Path) -> None:
    result = cli("search", "--json", "--min-probability", "0", "--", text, library=library)
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)


def test_no_match_says_the_best_score(cli: Cli, library: Path) -> None:
    anyway = ("search", "a cat", "--min-probability", "0")
    best = json.loads(cli(*anyway, "--json", "-n", "1", library=library).stdout)[0]["score"]
    result = cli(*anyway, "--min-score", "2", library=library)
    require_failure(result, "Nothing matches", "the best has 0.")
    (said,) = re.findall(r"the best has (\d\.\d+)", result.stderr)
    assert float(said) == pytest.approx(best, abs=2e-3)  # each is rounded
    as_json = cli(*anyway, "--min-score", "2", "--json", library=library)
    assert (as_json.exit_code, json.loads(as_json.stdout)) == (1, [])


def test_no_match_as_likely_as_asked_says_the_best_probability(cli: Cli, library: Path) -> None:
    text = "a rocket on its launch pad"
    closest = json.loads(cli("search", text, "--json", "--min-probability", "0", library=library).stdout)[0]
    if closest["probability"] is None:
        pytest.skip("the model has no calibration: scripts/calibrate makes one")
    never = ("search", text, "--min-probability", "1")
    said = f"the closest photo has a probability of {100 * closest['probability']:.0f} %"
    require_failure(cli(*never, library=library), f"Nothing matches '{text}'", said, "Lower the least probability")
    as_json = cli(*never, "--json", library=library)
    assert (as_json.exit_code, json.loads(as_json.stdout)) == (1, [])


def test_a_model_without_probabilities_says_that_it_leaves_nothing_out(
    cli: Cli, photos: Path, other_model: Path, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    assert cli("index", photos, "--model", other_model, library=library).exit_code == 0
    result = cli("search", "a cat", "--json", "--min-probability", "0.9", "--model", other_model, library=library)
    assert result.exit_code == 0
    assert [hit["probability"] for hit in json.loads(result.stdout)] == [None] * len(list(photos.iterdir()))
    assert "other knows no probabilities" in result.stderr


def test_an_unknown_model_is_refused_with_the_names(cli: Cli, library: Path) -> None:
    result = cli("search", "a cat", "--model", "defualt", library=library)
    require_failure(result, "'defualt'", "default", "paper", "config.json")


def test_an_unknown_device_is_refused_with_the_names(cli: Cli, library: Path, photos: Path) -> None:
    for command in (["search", "a cat"], ["index", str(photos)], ["align", str(next(photos.iterdir())), "a cat"]):
        require_failure(cli(*command, "--device", "nonsense", library=library), "nonsense", "auto", "cpu", "cuda")


@pytest.mark.parametrize("command", [["search", "a cat"], ["status"], ["status", "--json"]], ids=" ".join)
def test_a_library_that_does_not_exist_is_explained(command: list[str], cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "no library"
    require_failure(cli(*command, library=folder), str(folder), "Index some photos first")
    assert not folder.exists()


def test_questions_about_a_photo_need_a_library_too(cli: Cli, photos: Path, tmp_path: Path) -> None:
    for command in ("sentences", "similar"):
        require_failure(cli(command, photos / "chelsea.png", library=tmp_path / "none"), "There is no library")
    assert not (tmp_path / "none").exists()


def test_an_empty_library_says_that_it_is_empty(cli: Cli, photos: Path, tmp_path: Path) -> None:
    folder, library = tmp_path / "empty", tmp_path / "library"
    folder.mkdir()
    indexed = cli("index", folder, library=library)
    assert indexed.exit_code == 1
    assert "No readable photo" in indexed.stderr
    require_failure(cli("search", "a cat", library=library), "holds no photos", "engine index")
    require_failure(cli("similar", photos / "chelsea.png", library=library), "no other photos", "engine index")
    require_failure(cli("sentences", photos / "chelsea.png", library=library), "holds no sentences", "--sentences")
    status = cli("status", "--json", library=library)
    assert (status.exit_code, json.loads(status.stdout)["photos"]) == (0, 0)


def test_a_library_without_sentences_says_how_to_add_some(cli: Cli, photos: Path, tmp_path: Path) -> None:
    cli("index", photos / "chelsea.png", library=tmp_path / "library")
    require_failure(
        cli("sentences", photos / "chelsea.png", library=tmp_path / "library"), "holds no sentences", "--sentences"
    )


@pytest.mark.parametrize("command", ["sentences", "similar", "align"])
def test_a_file_that_is_no_photo_is_explained(command: str, cli: Cli, library: Path, tmp_path: Path) -> None:
    more = ["a cat"] if command == "align" else []
    text = tmp_path / "notes.txt"
    text.write_text("These are notes.")
    require_failure(cli(command, text, *more, library=library), str(text), "not an image", "expected JPEG")
    require_failure(cli(command, tmp_path / "lost.jpg", *more, library=library), "lost.jpg", "no such file")
    require_failure(cli(command, tmp_path, *more, library=library), "it is a folder")


def test_a_path_that_does_not_exist_is_not_indexed(cli: Cli, tmp_path: Path) -> None:
    require_failure(cli("index", tmp_path / "lost", library=tmp_path / "library"), "lost", "no such file")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("latin.txt", b"caf\xe9", "UTF-8"),
        ("broken.json", b"{", "caption file"),
        ("other.json", b'{"pictures": []}', "caption file"),
        ("entries.json", b'{"images": [{"sentences": [{"text": "no raw"}]}]}', "readable sentences"),
        ("flat.json", b'{"images": ["a", "b"]}', "readable sentences"),
    ],
)
def test_a_file_of_sentences_that_cannot_be_read_is_explained(
    name: str, content: bytes, said: str, cli: Cli, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    result = cli("index", photos, "--sentences", tmp_path / name, library=tmp_path / "library")
    require_failure(result, name, said)
    require_failure(
        cli("index", photos, "--sentences", tmp_path / "lost", library=tmp_path / "library"), "lost", "cannot be read"
    )


def test_align_refuses_a_picture_that_it_cannot_write(cli: Cli, photos: Path, tmp_path: Path) -> None:
    photo = photos / "chelsea.png"
    wrong = cli("align", photo, "a cat", "--output", tmp_path / "picture.txt")
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert ".png" in wrong.stderr
    nowhere = cli("align", photo, "a cat", "--output", tmp_path / "missing" / "picture.png")
    assert nowhere.exit_code == 1
    assert "cannot be written" in nowhere.stderr
    assert list(tmp_path.iterdir()) == []


def test_align_cuts_a_tiny_photo(cli: Cli, tmp_path: Path) -> None:
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    result = cli("align", tmp_path / "dot.png", "a cat", "--output", tmp_path / "aligned.png")
    assert result.exit_code == 0, result.stderr
    with Image.open(tmp_path / "aligned.png") as drawn:
        drawn.load()


def test_a_model_folder_that_is_damaged_is_explained(
    cli: Cli, library: Path, other_model: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for path in other_model.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "weights.safetensors").write_bytes((folder / "weights.safetensors").read_bytes()[:1000])
    require_failure(cli("search", "a cat", "--model", folder, library=library), str(folder), "cannot be loaded")
    (folder / "config.json").write_text("{")
    require_failure(cli("search", "a cat", "--model", folder, library=library), "config.json")


def test_reading_text_without_the_extra_says_what_to_install(
    cli: Cli, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.reading.networks.find_spec", lambda name: None)
    result = cli("index", photos, "--text", library=tmp_path / "library")
    require_failure(result, "rapidocr", extra_command("ocr"))
    assert not (tmp_path / "library").exists()

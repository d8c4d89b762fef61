"""Whatever is wrong with a library: it is named, and nothing false is answered."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from damage import cut, flip, scramble, scribble
from PIL import Image
from typer.testing import Result

Cli = Callable[..., Result]
FoundBy = Callable[..., list[str]]
RequireRefused = Callable[..., None]
ROOT = Path(__file__).resolve().parents[2]
unix_only = pytest.mark.skipif(os.name == "nt", reason="a matter of Unix")


READ_ONLY = """
import os, shutil, sys
from pathlib import Path
from typer.testing import CliRunner
from ui.cli.main import app

def run(*arguments):
    result = CliRunner().invoke(app, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result

library, scratch, model, photo = sys.argv[1:]
for folder in (scratch,):  # imports whatever the commands import, while all of it can be read
    run("search", "a cat", "--min-probability", "0", "--library", folder, "--model", model)
    run("index", photo, "--library", folder, "--model", model)
    run("status", "--library", folder)
if os.geteuid() == 0:  # root may write anywhere: give up its rights
    try:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    except OSError as error:
        print("skip:", error)
        raise SystemExit
for arguments in (["search", "a cat", "--min-probability", "0", "--json"], ["index", photo]):
    result = run(*arguments, "--library", library, "--model", model)
    print(result.exit_code, len(result.stdout) > 2, " ".join(result.stderr.split()) or "nothing said")
result = run("status", "--library", library)
print(result.exit_code, len(result.stdout) > 2, " ".join(result.stderr.split()) or "nothing said")
"""


@unix_only
def test_a_disk_without_locks_is_named_before_a_model_is_loaded(
    cli: Cli, photos: Path, tmp_path: Path, require_refused: RequireRefused, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    from engine import opened

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    loaded: list[object] = []
    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr(opened, "open_model", lambda name, _: loaded.append(name))
    require_refused(cli("index", photos, library=tmp_path / "share" / "library"), "refuses to lock files")
    assert (loaded, list(tmp_path.iterdir())) == ([], [])


@unix_only
def test_a_library_that_cannot_be_written_can_be_searched(library: Path, photos: Path) -> None:
    from engine.alignment.folder import find_model
    from engine.runtime.settings import cache_folder

    with tempfile.TemporaryDirectory() as base:
        Path(base).chmod(0o755)
        places = {name: Path(base) / name for name in ("library", "scratch", "model")}
        shutil.copytree(library, places["library"])
        shutil.copytree(library, places["scratch"])
        shutil.copytree(find_model("default"), places["model"])
        # The networks that were exported: the cache of all tests is root's alone.
        shutil.copytree(cache_folder() / "onnx", Path(base) / "cache" / "onnx")
        photo = Path(base) / "photo.png"
        Image.new("RGB", (64, 48), "green").save(photo)
        for path in Path(base).rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        for path in [places["library"], *places["library"].rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        files = sorted(places["library"].rglob("*"))
        done = subprocess.run(
            [sys.executable, "-c", READ_ONLY, *places.values(), photo],
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "ENGINE_CONFIG": str(Path(base) / "no settings.toml"),
                "ENGINE_CACHE": str(Path(base) / "cache"),
            },
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert sorted(places["library"].rglob("*")) == files
        for path in [places["library"], *places["library"].rglob("*")]:
            path.chmod(0o755)
    assert done.returncode == 0, done.stderr
    if done.stdout.startswith("skip:"):
        pytest.skip(f"root cannot give up its rights here ({done.stdout.strip()})")
    searched, indexed, counted = done.stdout.splitlines()
    assert searched == "0 True nothing said"
    assert counted == "0 True nothing said"
    assert indexed.startswith(f"1 False error: The library in {places['library']} cannot be written")


def test_a_library_of_another_model_is_refused_and_can_be_embedded_again(
    cli: Cli,
    own_library: Path,
    photos: Path,
    other_model: Path,
    sentence_file: Path,
    found_by: FoundBy,
    require_refused: RequireRefused,
) -> None:
    paths = sorted(found_by(own_library))
    num_sentences = len(sentence_file.read_text().splitlines())
    photo = photos / "chelsea.png"
    for command in (["search", "a cat", "--min-probability", "0"], ["sentences", photo], ["similar", photo]):
        refused = cli(*command, "--model", other_model, library=own_library)
        require_refused(refused, "made by the model 'default'", "'other'", f"engine index --model {other_model}")
    again = cli("index", photo, "--model", other_model, library=own_library)
    assert again.exit_code == 0
    said = f"0 photos added, 0 unchanged, {len(paths)} embedded again, 0 failed; {num_sentences} sentences added."
    assert said in again.stdout
    status = json.loads(cli("status", "--json", library=own_library).stdout)
    assert (status["photos"], status["sentences"], status["model"]) == (len(paths), num_sentences, "other")
    assert sorted(found_by(own_library, "--model", other_model)) == paths
    require_refused(
        cli("search", "a cat", "--min-probability", "0", "--model", "default", library=own_library),
        "made by the model 'other'",
    )
    back = cli("index", photo, "--model", "default", library=own_library)
    assert f"0 photos added, {1} unchanged" in back.stdout  # its vectors were kept
    assert sorted(found_by(own_library)) == paths


def test_a_library_of_a_models_folder_says_to_name_the_folder(
    cli: Cli, photos: Path, other_model: Path, tmp_path: Path, require_refused: RequireRefused
) -> None:
    photo = photos / "chelsea.png"
    cli("index", photo, "--model", other_model, library=tmp_path / "library")
    for command in (
        ["search", "a cat", "--min-probability", "0"],
        ["index", photo],
        ["sentences", photo],
        ["similar", photo],
    ):
        result = cli(*command, library=tmp_path / "library")
        require_refused(result, str(tmp_path / "library"), "'other'", "--model")


@pytest.mark.parametrize("damage", [scribble, scramble, cut])
def test_a_damaged_catalogue_is_named(
    damage: Callable[[Path], None], cli: Cli, own_library: Path, photos: Path, require_refused: RequireRefused
) -> None:
    damage(own_library / "library.sqlite3")
    for command in (
        ["search", "a cat", "--min-probability", "0"],
        ["status"],
        ["index", photos],
        ["sentences", photos / "chelsea.png"],
    ):
        result = cli(*command, library=own_library)
        require_refused(result, "library.sqlite3", "backup")


def lose(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize(("damage", "said"), [(lose, "is missing"), (cut, "holds"), (flip, "has checksum")])
@pytest.mark.parametrize("by", ["search", "index"])
def test_a_damaged_faiss_file_is_rebuilt_and_said_so(
    by: str, damage: Callable[[Path], None], said: str, cli: Cli, own_library: Path, photos: Path
) -> None:
    expected = cli("search", "a cat", "--min-probability", "0", "--json", library=own_library)
    (file,) = own_library.glob("regions-*.faiss")
    damage(file)
    first = cli(
        *(["search", "a cat", "--min-probability", "0", "--json"] if by == "search" else ["index", photos]),
        library=own_library,
    )
    assert first.exit_code == 0
    (warning,) = [line for line in first.stderr.splitlines() if "FAISS" in line]
    assert said in warning
    assert "rebuilt from the vectors" in warning
    second = cli("search", "a cat", "--min-probability", "0", "--json", library=own_library)
    assert (second.exit_code, second.stdout, second.stderr) == (0, expected.stdout, "")
    assert len(list(own_library.glob("regions-*.faiss"))) == 1


@pytest.mark.parametrize("damage", [lose, cut, flip])
def test_damaged_vectors_are_named_not_used_and_made_again_on_request(
    damage: Callable[[Path], None], cli: Cli, own_library: Path, photos: Path, require_refused: RequireRefused
) -> None:
    expected = cli("search", "a cat", "--min-probability", "0", "--json", library=own_library)
    (segment,) = own_library.rglob("photos/*.f16")
    damage(segment)
    name = str(segment.relative_to(own_library / "vectors").name)
    for command in (
        ["search", "a cat", "--min-probability", "0"],
        ["similar", photos / "chelsea.png"],
        ["index", photos],
    ):
        require_refused(cli(*command, library=own_library), name, "engine index --rebuild-vectors")
    checked = cli("verify", library=own_library)
    assert checked.exit_code == 1
    assert name in checked.stdout
    assert cli("status", library=own_library).exit_code == 0  # it asks the catalogue alone
    repaired = cli("index", photos, "--rebuild-vectors", library=own_library)
    assert repaired.exit_code == 0, repaired.stderr
    count = len(list(photos.iterdir()))
    assert f"0 photos added, 0 unchanged, {count} embedded again, 0 failed; 10 sentences added." in repaired.stdout
    found = cli("search", "a cat", "--min-probability", "0", "--json", library=own_library)
    assert [hit["path"] for hit in json.loads(found.stdout)] == [hit["path"] for hit in json.loads(expected.stdout)]
    assert found.stderr == ""
    assert len(list(own_library.rglob("photos/*.f16"))) == 1


def test_damaged_sentence_vectors_are_named(
    cli: Cli, own_library: Path, photos: Path, require_refused: RequireRefused
) -> None:
    (segment,) = own_library.rglob("sentences/*.f16")
    flip(segment)
    require_refused(cli("sentences", photos / "chelsea.png", library=own_library), "sentences", "--rebuild-vectors")
    assert cli("index", photos, "--rebuild-vectors", library=own_library).exit_code == 0
    assert cli("sentences", photos / "chelsea.png", library=own_library).exit_code == 0


def test_a_file_in_the_place_of_the_library_is_explained(
    cli: Cli, photos: Path, tmp_path: Path, require_refused: RequireRefused
) -> None:
    (tmp_path / "library").write_text("a file")
    require_refused(cli("index", photos, library=tmp_path / "library"), str(tmp_path / "library"))
    require_refused(
        cli("search", "a cat", "--min-probability", "0", library=tmp_path / "library"), str(tmp_path / "library")
    )


def test_a_photo_that_is_gone_is_still_found_until_it_is_looked_for(
    cli: Cli, own_photos: Path, tmp_path: Path, found_by: FoundBy, require_refused: RequireRefused
) -> None:
    """Searches answer from the library alone: the drive with the photos may be unplugged."""
    library = tmp_path / "library"
    cli("index", own_photos, library=library)
    paths = found_by(library)
    shutil.rmtree(own_photos)
    assert found_by(library) == paths
    require_refused(cli("index", own_photos, library=library), "is not there", "Nothing was changed")
    assert found_by(library) == paths

"""Ignore files leave out what git would leave out, and one that cannot be understood leaves nothing to chance."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.photos.ignore import is_ignored, read_rules
from engine.photos.walk import Scan, scan

LINES = (
    *("a", "b/", "/a", "*.jpg", "/*.jpg", "a*", "/*", "**/b", "a/**", "a/**/b.jpg", "a/b", "/a/*.jpg", "?.jpg"),
    *("[ab].jpg", "[!a].jpg", "# a", "", "a ", "\\#a", "b.jpg", "ab/", "*b*"),
)


def make(root: Path, **contents: str) -> None:
    """Files below a folder; a ``.jpg`` is made for each path given as a key's text."""
    for name, content in contents.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")


def names(found: Scan, root: Path) -> list[str]:
    return sorted(Path(os.path.relpath(photo.path, root)).as_posix() for photo in found)


def test_patterns_hold_for_a_folder_and_all_below_it(tmp_path: Path) -> None:
    photos = ["a.jpg", "a_thumb.jpg", "sub/b_thumb.jpg", "sub/c.png", "private/d.jpg", "sub/private/e.jpg"]
    make(tmp_path, **dict.fromkeys(photos, ""), **{".engineignore": "# small ones\n*_thumb.jpg\n/private/\n"})
    found = scan([tmp_path])
    assert names(found, tmp_path) == ["a.jpg", "sub/c.png", "sub/private/e.jpg"]
    assert found.skipped == {".jpg": 2, "/": 1}
    assert found.failures == ()


def test_an_inner_file_overrules_an_outer_one(tmp_path: Path) -> None:
    make(tmp_path, **dict.fromkeys(["a.png", "keep/b.png", "keep/deep/c.png"], ""))
    make(tmp_path, **{".engineignore": "*.png\n", "keep/.engineignore": "!*.png\n", "keep/deep/.engineignore": "c*"})
    assert names(scan([tmp_path]), tmp_path) == ["keep/b.png"]


def test_a_file_above_the_named_folder_holds_unless_it_ignores_the_folder(tmp_path: Path) -> None:
    make(tmp_path, **dict.fromkeys(["2019/a.jpg", "2019/a.png", "private/b.jpg", "private/b.png"], ""))
    make(tmp_path, **{".engineignore": "*.png\n/private\n"})
    assert names(scan([tmp_path / "2019"]), tmp_path) == ["2019/a.jpg"]
    assert names(scan([tmp_path / "private"]), tmp_path) == ["private/b.jpg", "private/b.png"]  # named, so it is meant
    assert names(scan([tmp_path / "2019" / "a.png"]), tmp_path) == ["2019/a.png"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"*.png\n!\n", "line 2 is no pattern of gitignore: '!'"),
        (b"[z-a].jpg", "line 1 is no pattern of gitignore"),
        (b"caf\xe9", "it is not UTF-8 text"),
        (b"a\n" * 40_000, "it is larger than 64,000 bytes"),
        (b"*a*a*a*a*a*b", "line 1 has too many stars"),
        (b"**/a/**/b/**/c/*/d", "line 1 has too many stars"),
    ],
)
def test_what_cannot_be_understood_keeps_its_folder_out(content: bytes, reason: str, tmp_path: Path) -> None:
    make(tmp_path, **dict.fromkeys(["open/a.jpg", "odd/a.jpg", "odd/deep/b.jpg"], ""))
    (tmp_path / "odd" / ".engineignore").write_bytes(content)
    found = scan([tmp_path])
    assert names(found, tmp_path) == ["open/a.jpg"]
    (failure,) = found.failures
    assert failure.path == str(tmp_path / "odd")
    assert reason in failure.reason
    assert "\n" not in failure.reason
    (failure,) = scan([tmp_path / "odd" / "deep"]).failures
    assert failure.path == str(tmp_path / "odd" / "deep")


def test_an_ignore_file_that_is_no_file(tmp_path: Path) -> None:
    make(tmp_path, **{"odd/.engineignore/a.jpg": "", "broken/a.jpg": ""})
    (tmp_path / "broken" / ".engineignore").symlink_to(tmp_path / "nothing")
    reasons = [failure.reason for failure in scan([tmp_path]).failures]
    assert f"{tmp_path}/broken/.engineignore: it is a symbolic link" in reasons[0]
    assert "it is a folder" in reasons[1]


def test_rules_are_not_read_through_a_link_or_from_a_pipe(tmp_path: Path) -> None:
    make(tmp_path, **{"linked/a.jpg": "", "piped/a.jpg": "", "secret.txt": "[z-a] a secret of the house"})
    (tmp_path / "linked" / ".engineignore").symlink_to(tmp_path / "secret.txt")
    os.mkfifo(tmp_path / "piped" / ".engineignore")
    found = scan([tmp_path])
    assert names(found, tmp_path) == []
    linked, piped = (failure.reason for failure in found.failures)
    assert "it is a symbolic link" in linked
    assert "secret of" not in linked
    assert "it is a device, pipe or socket" in piped


def test_no_pattern_that_is_allowed_takes_long(tmp_path: Path) -> None:
    make(tmp_path, **{".engineignore": "*a*a*b\n**/a*/**/a*b\n"})
    rules = read_rules(str(tmp_path))
    begin = time.monotonic()
    for name in ("a" * 255, "/".join(["a" * 20] * 40)):
        assert not is_ignored([rules], str(tmp_path / name), is_folder=False)
    assert time.monotonic() - begin < 2


@pytest.mark.skipif(not shutil.which("git"), reason="git is the oracle")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    outer=st.lists(st.tuples(st.sampled_from(["", "!"]), st.sampled_from(LINES)), max_size=4),
    inner=st.lists(st.tuples(st.sampled_from(["", "!"]), st.sampled_from(LINES)), max_size=3),
    inside=st.sampled_from(["a", "b", "a/b"]),
)
def test_it_leaves_out_what_git_leaves_out(
    outer: list[tuple[str, str]], inner: list[tuple[str, str]], inside: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("photos")
    files = [f"{folder}{name}.jpg" for folder in ("", "a/", "b/", "a/b/", "a/a/", "ab/") for name in ("a", "b", "ab")]
    make(root, **dict.fromkeys(files, ""))
    for folder, lines in ((root, outer), (root / inside, inner)):
        text = "".join(f"{sign}{line}\n" for sign, line in lines if line or not sign)
        for name in (".gitignore", ".engineignore"):
            (folder / name).write_text(text, encoding="utf-8")
    git = ["git", "-c", "core.excludesFile=", "-C", str(root)]
    subprocess.run([*git, "init", "-q"], check=True)
    listed = subprocess.run([*git, "ls-files", "-o", "--exclude-standard"], check=True, capture_output=True, text=True)
    expected = sorted(line for line in listed.stdout.splitlines() if line.endswith(".jpg"))
    assert names(scan([root]), root) == expected

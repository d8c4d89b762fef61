"""Settings in files: what may stand in them, which of them counts, and what a stranger's file cannot do."""

import os
import tomllib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import EngineError
from engine.runtime.device import DEVICES
from engine.runtime.setting_files import SettingFile, SettingPlaces, find_setting, project_file
from engine.runtime.settings import SETTINGS, Setting, cache_folder, library_address, user_file


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of the user's file, which is not there."""
    monkeypatch.setenv("ENGINE_CONFIG", str(tmp_path / "home" / "settings.toml"))
    monkeypatch.delenv("ENGINE_LIBRARY")
    (tmp_path / "home").mkdir()
    return user_file()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of a project's file, in the current folder."""
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project" / "engine.toml"


def found(name: str) -> tuple[object, str]:
    one = SettingPlaces.read().find(SETTINGS[name])
    return one.value, one.origin


def test_the_environment_goes_before_the_project_before_the_user(
    user: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found("limit") == (10, "default")
    user.write_text("limit = 20")
    assert found("limit") == (20, "user")
    project.write_text("limit = 30")
    assert found("limit") == (30, "project")
    monkeypatch.setenv("ENGINE_LIMIT", "40")
    assert found("limit") == (40, "environment")
    monkeypatch.setenv("ENGINE_LIMIT", "")
    assert found("limit") == (30, "project")


def test_the_nearest_project_counts(user: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write_text("limit = 30")
    deep = project.parent / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert found("limit") == (30, "project")
    (deep.parent / "engine.toml").write_text("generated = 'only'")
    assert found("limit") == (10, "default")
    assert found("generated") == ("only", "project")


def test_no_project_is_looked_for_above_the_home_folder(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write_text("limit = 30")
    home = project.parent / "me"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.chdir(home)
    assert project_file() is None


@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="only root can give a file away")
def test_a_project_of_another_user_is_passed_by(user: Path, project: Path) -> None:
    project.write_text("limit = 30")
    os.chown(project, 12345, 12345)
    assert found("limit") == (10, "default")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("limit = 0", "limit is '0'; expected a whole number of at least 1"),
        ("limit = 1.5", "whole number"),
        ("limit = true", "whole number"),
        ("limit = '7'", "whole number"),
        ("limit = [1]", "whole number"),
        ("min_probability = 2", "expected a number from 0 to 1"),
        ("min_probability = nan", "from 0 to 1"),
        ("generated = 'maybe'", "one of include, exclude, only"),
        ("device = 1979-05-27", "one of auto, cpu, cuda"),
        ("model = ''", "not empty"),
        ('model = "a\\u0000b"', "not empty"),
        ("modle = 'x'", "no setting 'modle'; did you mean model?"),
        ("sentences = 'x'", "no setting 'sentences'; there are library, model"),
        ("[library]\npath = 'x'", "expected a text"),
        ("limit = ", "is not TOML"),
        ("limit = 1\nlimit = 2", "is not TOML"),
        ("limit = " + "[" * 20_000, "is not TOML"),
        ("#" * 70_000, "larger than 65,536 bytes"),
    ],
)
def test_what_may_not_stand_in_a_file_is_explained(text: str, said: str, user: Path) -> None:
    user.write_text(text)
    with pytest.raises(EngineError) as caught:
        SettingPlaces.read()
    assert said in str(caught.value)
    assert str(user) in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.skipif(os.name == "nt", reason="pipes are a matter of Unix")
def test_a_projects_file_is_a_plain_one_and_the_users_may_be_a_link(
    user: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept elsewhere.toml"
    kept.write_text("limit = 7")
    user.symlink_to(kept)
    assert found("limit") == (7, "user")
    project.symlink_to(kept)
    with pytest.raises(EngineError, match=r"engine\.toml is not read: it is a symbolic link"):
        SettingPlaces.read()
    project.unlink()
    os.mkfifo(project)
    with pytest.raises(EngineError, match="pipe"):
        SettingPlaces.read()
    project.unlink()
    user.unlink()
    os.mkfifo(user)
    with pytest.raises(EngineError, match="pipe"):
        SettingPlaces.read()
    monkeypatch.setenv("ENGINE_CONFIG", os.devnull)
    assert found("limit") == (10, "default")


def test_a_file_that_is_no_text_is_explained(user: Path) -> None:
    user.write_bytes(b"\xff\xfe")
    with pytest.raises(EngineError, match="not UTF-8"):
        SettingPlaces.read()


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_file_is_understood_or_refused(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any settings.toml"
    path.write_bytes(content)
    with suppress(EngineError):
        assert set(SettingFile(path, project=True).read()) <= set(SETTINGS)


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
@pytest.mark.parametrize("where", ["/etc", "..", "../other", "inside/../../other", "~", "link/library"])
@pytest.mark.parametrize("name", ["library", "model", "captioner"])
def test_a_project_names_no_folder_outside_it(where: str, name: str, user: Path, project: Path) -> None:
    (project.parent / "link").symlink_to(project.parent.parent)
    project.write_text(f"{name} = '{where}{'' if '/' in where else '/'}'")
    with pytest.raises(EngineError, match="a project may come from anybody"):
        SettingPlaces.read()


def test_a_project_does_not_allow_larger_photos(user: Path, project: Path) -> None:
    project.write_text("max_pixels = 1_000_000_000_000")
    with pytest.raises(EngineError, match="max_pixels may not be set by a project"):
        SettingPlaces.read()
    project.unlink()
    user.write_text("max_pixels = 90_000_000")
    assert found("max_pixels") == (90_000_000, "user")


def test_paths_belong_to_the_folder_of_their_file(user: Path, project: Path) -> None:
    user.write_text("library = 'lib'\nmodel = './mine'\ncaptioner = 'paper'")
    assert found("library") == (str(user.parent / "lib"), "user")
    assert found("model") == (str(user.parent / "mine"), "user")
    assert found("captioner") == ("paper", "user")
    project.write_text("library = 'photos/lib'\nmodel = 'paper'")
    assert found("library") == (str(project.parent / "photos" / "lib"), "project")
    assert found("model") == ("paper", "project")
    assert found("captioner") == ("paper", "user")


def test_writing_keeps_comments_and_what_it_does_not_know(user: Path) -> None:
    user.write_text("# mine\nlimit = 4  # few\nodd = 1  # of a later version\n")
    file = SettingFile(user, project=False)
    assert file.write(SETTINGS["limit"], 5)
    assert file.write(SETTINGS["device"], "cpu")
    assert user.read_text() == '# mine\nlimit = 5  # few\nodd = 1  # of a later version\ndevice = "cpu"\n'
    assert file.write(SETTINGS["limit"], None)
    assert not file.write(SETTINGS["limit"], None)
    assert user.read_text() == '# mine\nodd = 1  # of a later version\ndevice = "cpu"\n'


def test_what_would_be_refused_is_not_written(user: Path, project: Path) -> None:
    for setting, value in (("max_pixels", 5), ("library", "/etc")):
        with pytest.raises(EngineError, match="for yourself"):
            SettingFile(project, project=True).write(SETTINGS[setting], value)
    with pytest.raises(EngineError, match="expected"):
        SettingFile(user, project=False).write(SETTINGS["limit"], 0)
    assert not project.exists()
    assert not user.exists()


def test_a_written_path_means_the_same_from_everywhere(
    user: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SettingFile(user, project=False).write(SETTINGS["library"], "lib")
    SettingFile(project, project=True).write(SETTINGS["model"], "models/mine")
    assert tomllib.loads(project.read_text()) == {"model": "./models/mine"}
    (project.parent / "deep").mkdir()
    monkeypatch.chdir(project.parent / "deep")
    assert found("library") == (str(project.parent / "lib"), "user")
    assert found("model") == (str(project.parent / "models" / "mine"), "project")


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_file_that_is_a_link_stays_one(user: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept elsewhere.toml"
    kept.write_text("# mine\n")
    user.symlink_to(kept)
    SettingFile(user, project=False).write(SETTINGS["limit"], 5)
    assert user.is_symlink()
    assert tomllib.loads(kept.read_text()) == {"limit": 5}


EXAMPLES = {
    "folder": st.just("/a/b"),
    "model": st.just("paper"),
    "whole number": st.integers(1, 10**12),
    "number": st.floats(0, 1),
}


@settings(max_examples=15, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("setting", SETTINGS.values(), ids=list(SETTINGS))
def test_a_value_is_the_same_in_the_environment_and_in_a_file(
    setting: Setting, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    value = data.draw(st.sampled_from(setting.choices) if setting.choices else EXAMPLES[setting.kind])
    path = tmp_path_factory.getbasetemp() / "settings.toml"
    SettingFile(path, project=False).write(setting, value)
    assert SettingFile(path, project=False).read()[setting.name] == setting.parse(str(value), "here") == value
    assert setting.default is None or setting.check(setting.default, "here") == setting.default


def test_every_setting_has_a_default_or_says_on_what_it_depends() -> None:
    assert all((setting.default is None) == bool(setting.otherwise) for setting in SETTINGS.values())
    assert SETTINGS["device"].choices == DEVICES
    with pytest.raises(EngineError, match="did you mean min_probability"):
        find_setting("min_probabilty", "here")


def test_the_api_knows_the_environment_and_no_files(
    user: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = library_address()
    user.write_text("library = 'lib'")
    assert library_address() == usual
    monkeypatch.setenv("ENGINE_LIBRARY", str(tmp_path))
    assert library_address() == tmp_path
    monkeypatch.setenv("ENGINE_CACHE", str(tmp_path / "cache"))
    assert cache_folder() == tmp_path / "cache"

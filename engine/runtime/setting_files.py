"""Settings in TOML files, one of the user and one of the project, and which of all places each value comes from.

Only the command line reads them; ``engine.Engine`` takes arguments and the environment.
"""

import difflib
import logging
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engine.errors import EngineError
from engine.runtime.plain_files import why_not_plain
from engine.runtime.settings import SETTINGS, Setting, Value, from_environment, user_file
from index.address import address_of, has_password, is_url
from index.store.atomic import replace_file

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

logger = logging.getLogger(__name__)

PROJECT_FILE = "engine.toml"
LARGEST_FILE = 65_536  # bytes; a file of every setting has some hundred

Origin = Literal["environment", "project", "user", "default"]


@dataclass(frozen=True, slots=True)
class SettingFile:
    """A file of settings, there or not. In a ``project`` one, folders have to lie beside it or deeper."""

    path: Path
    project: bool

    def read(self) -> dict[str, Value]:
        """Its settings, paths made absolute; none where there is no such file.

        Raises:
            EngineError: it cannot be read, is not TOML, or sets something that does not exist or may not be.
        """
        content = self._parse(self._text())
        return {name: self._value(name, value) for name, value in content.items()}

    def write(self, setting: Setting, value: Value | None) -> bool:
        """Set a setting, or with None take it out. Comments and the rest stay. False if there was nothing to take out.

        Raises:
            EngineError: it may not have this value here, or the file cannot be read.
            OSError: the file cannot be written.
        """
        text = self._text()
        self._parse(text)
        from tomlkit import parse

        document: TOMLDocument = parse(text)
        if value is None:
            if setting.name not in document:
                return False
            del document[setting.name]
        else:
            if isinstance(value, str) and _is_path(setting, value):
                value = self._portable(value)
            elif setting.kind == "folder" and has_password(str(value)):
                raise EngineError(
                    f"The URL of the {setting.name} holds a password, which is not written to {self.path}: leave it "
                    "out, and put it into ~/.pgpass."
                )
            self._value(setting.name, value)
            document[setting.name] = value
        # A file that is a link, as of people who keep their settings elsewhere, stays one.
        replace_file(self.path.resolve(), lambda new: new.write_text(document.as_string(), encoding="utf-8"))
        return True

    def _text(self) -> str:
        try:
            # A user may keep settings elsewhere, or name the null device to have none.
            path = self.path if self.project else Path(os.path.realpath(self.path))
            if not self.project and path == Path(os.devnull):
                return ""
            if refused := why_not_plain(path, LARGEST_FILE):
                raise EngineError(f"The settings file {self.path} is not read: {refused}.")
            logger.info("Reading settings from %s", self.path)
            return path.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except OSError as error:
            raise EngineError(f"The settings file {self.path} cannot be read: {error.strerror}.") from error
        except UnicodeDecodeError as error:
            raise EngineError(f"The settings file {self.path} is not UTF-8 text; write it again.") from error

    def _parse(self, text: str) -> dict[str, object]:
        try:
            return tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise EngineError(
                f"The settings file {self.path} is not TOML ({error}); expected lines like limit = 20."
            ) from error

    def _value(self, name: str, value: object) -> Value:
        setting = find_setting(name, str(self.path))
        if self.project and not setting.in_projects:
            raise EngineError(
                f"{self.path}: {name} may not be set by a project; set it for yourself, in {user_file()} or with "
                f"{setting.variable}."
            )
        checked = setting.check(value, str(self.path))
        is_server = setting.kind == "folder" and isinstance(checked, str) and is_url(checked)
        if not isinstance(checked, str) or not (_is_path(setting, checked) or (self.project and is_server)):
            return checked
        here = self.path.parent.absolute()
        folder = here / _expanded(checked)
        if self.project and (is_server or not folder.resolve().is_relative_to(here.resolve())):
            raise EngineError(
                f"{self.path}: {name} is {'a URL' if is_server else repr(checked)}; expected a folder in {here}, since "
                f"a project may come from anybody. Set it for yourself, in {user_file()} or with {setting.variable}."
            )
        return str(folder)

    def _portable(self, path: str) -> str:
        """A path as it is best written here: beside the project's file relative to it, else absolute."""
        folder = Path(_expanded(path)).absolute()
        here = self.path.parent.absolute()
        if self.project and folder.is_relative_to(here):
            return f"./{folder.relative_to(here).as_posix()}"
        return str(folder)


@dataclass(frozen=True, slots=True)
class Found:
    """The value that a setting has, None where it depends on something, and where it comes from.

    ``place`` is a file or an environment variable, and None of a default.
    """

    setting: Setting
    value: Value | None
    origin: Origin
    place: str | None = None

    @property
    def folder(self) -> Path | None:
        """The folder that is set; None for what is none."""
        is_folder = self.setting.kind == "folder" and not is_url(str(self.value))
        return Path(str(self.value)) if is_folder else None

    @property
    def shown(self) -> Value | None:
        """The value, without a password."""
        is_server = self.setting.kind == "folder" and is_url(str(self.value))
        return str(address_of(str(self.value))) if is_server else self.value


@dataclass(frozen=True, slots=True)
class SettingPlaces:
    """What the files say, read once; the environment goes before them."""

    project: SettingFile | None
    user: SettingFile
    _values: tuple[tuple[Origin, SettingFile, dict[str, Value]], ...]

    @classmethod
    def read(cls) -> "SettingPlaces":
        """Read the files.

        Raises:
            EngineError: a file that ``SettingFile.read`` refuses.
        """
        project, user = project_file(), SettingFile(user_file(), project=False)
        files: list[tuple[Origin, SettingFile]] = [] if project is None else [("project", project)]
        files.append(("user", user))
        return cls(project, user, tuple((origin, file, file.read()) for origin, file in files))

    def find(self, setting: Setting) -> Found:
        """The value of a setting, by the environment, the project, the user, or its default, in this order.

        Raises:
            EngineError: the environment has a value that may not be set.
        """
        if (value := from_environment(setting)) is not None:
            return Found(setting, value, "environment", setting.variable)
        for origin, file, values in self._values:
            if setting.name in values:
                return Found(setting, values[setting.name], origin, str(file.path))
        return Found(setting, setting.default, "default")


def project_file() -> SettingFile | None:
    """The nearest ``engine.toml`` in the current folder and those above it, up to the home folder; None without one.

    One that belongs to another user is passed by, so that nobody can leave one for others in a folder above theirs.
    """
    try:
        here = Path.cwd()
    except FileNotFoundError:  # the current folder was removed
        return None
    for folder in (here, *here.parents):
        path = folder / PROJECT_FILE
        if os.path.lexists(path):
            if _is_ours(path):
                return SettingFile(path, project=True)
            logger.info("Passing by %s, which belongs to another user", path)
        if folder == Path(_expanded("~")):
            break
    return None


def find_setting(name: str, place: str) -> Setting:
    """The setting of a name.

    Raises:
        EngineError: there is none; the text begins with ``place`` and suggests a name.
    """
    if name in SETTINGS:
        return SETTINGS[name]
    near = difflib.get_close_matches(name, SETTINGS, 1)
    suggestion = f"did you mean {near[0]}?" if near else f"there are {', '.join(SETTINGS)}."
    raise EngineError(f"{place}: there is no setting {name[:80]!r}; {suggestion}")


def _expanded(path: str) -> str:
    return os.path.expanduser(path)  # noqa: PTH111 (Path.expanduser fails for users that do not exist)


def _is_path(setting: Setting, value: str) -> bool:
    if setting.kind == "folder":
        return not is_url(value)
    return setting.kind == "model" and ("/" in value or os.sep in value)


def _is_ours(path: Path) -> bool:
    return os.name == "nt" or path.lstat().st_uid in (os.getuid(), 0)

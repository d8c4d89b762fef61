"""What may be set, in one table; the files, the environment and ``engine config`` follow it. Where things live."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from platformdirs import user_cache_path, user_config_path, user_data_path

from engine.errors import EngineError
from engine.runtime.extras import extra_command, is_installed
from index.address import LibraryAddress, ServerAddress, address_of
from index.choices import Generated

APPLICATION = "visual-semantic-engine"
USER_FILE_VARIABLE = "ENGINE_CONFIG"

Value = str | int | float
Kind = Literal["folder", "model", "choice", "whole number", "number"]


@dataclass(frozen=True, slots=True)
class Setting:
    """Something that verbs share and that may be set for good.

    ``default`` is None where it depends on something, which ``otherwise`` says. A ``model`` is a name, or a folder
    written with a slash. Bounds are inclusive. Files of projects, which may come from anybody, set only what is
    ``in_projects``.
    """

    name: str
    help: str
    kind: Kind
    default: Value | None = None
    otherwise: str = ""
    choices: tuple[str, ...] = ()
    smallest: float = float("-inf")
    largest: float = float("inf")
    in_projects: bool = True

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"ENGINE_{self.name.upper()}"

    @property
    def expected(self) -> str:
        """What a value has to be, in words."""
        if self.kind == "choice":
            return f"one of {', '.join(self.choices)}"
        if self.kind in ("folder", "model"):
            return "a text that is not empty: the path of a folder" + (", or a name" if self.kind == "model" else "")
        bounds = f" from {self.smallest:g} to {self.largest:g}" if self.largest < float("inf") else " of at least 1"
        return f"a {self.kind}{bounds}"

    def check(self, value: object, place: str) -> Value:
        """Return a value if it may be set; ``place`` says in errors where it stands.

        Raises:
            EngineError: it is of another kind, or out of bounds.
        """
        numbers = {"whole number": int, "number": int | float}
        if self.kind in numbers:
            if isinstance(value, numbers[self.kind]) and not isinstance(value, bool):
                number: int | float = value
                if self.smallest <= number <= self.largest:
                    return number
        elif isinstance(value, str) and "\0" not in value and (value in self.choices if self.choices else value):
            return value
        raise EngineError(f"{place}: {self.name} is {str(value)[:80]!r}; expected {self.expected}.")

    def parse(self, text: str, place: str) -> Value:
        """Read a value from the environment or a command.

        Raises:
            EngineError: as ``check``.
        """
        value: object = text
        try:
            if self.kind == "whole number":
                value = int(text)
            elif self.kind == "number":
                value = float(text)
        except ValueError:
            pass  # said by the check
        return self.check(value, place)


SETTINGS: Mapping[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting(
            "library", "Folder of the library, or URL of its database.", "folder",
            str(user_data_path(APPLICATION) / "library"),
        ),
        Setting(
            "model", "default, paper, a model that was added, or the folder of one.", "model",
            otherwise="the one that made the library",
        ),
        Setting("device", "What computes.", "choice", "auto", choices=("auto", "cpu", "cuda")),
        Setting("captioner", "default, paper, or the folder of a caption model.", "model", "default"),
        Setting("region_captioner", "The same for regions.", "model", "regions"),
        Setting("limit", "How many results at most.", "whole number", 10, smallest=1),
        Setting(
            "min_probability", "Leave out photos that match with a lower probability.", "number",
            otherwise="the model's own cut", smallest=0, largest=1,
        ),
        Setting(
            "generated", "Whether captions of the library are searched.", "choice", "include",
            choices=get_args(Generated),
        ),
        Setting(
            "max_pixels", "Largest photo taken, in pixels.", "whole number", otherwise="from the free memory",
            smallest=1, in_projects=False,  # a project could bring a photo that is too large for the machine
        ),
    )
}  # fmt: skip


def from_environment(setting: Setting) -> Value | None:
    """The value of a setting's environment variable; None where it is not set, or empty.

    Raises:
        EngineError: it is nothing that may be set.
    """
    text = os.environ.get(setting.variable, "")
    return setting.parse(text, setting.variable) if text.strip() else None


def _folder(variable: str, default: Path) -> Path:
    value = os.environ.get(variable)
    return Path(value).expanduser() if value else default


def library_address(named: str | LibraryAddress | None = None) -> LibraryAddress:
    """The library that was named, else ``ENGINE_LIBRARY``, or one in the user's data folder; a folder, or a server's.

    Raises:
        LibraryError: the URL is of no server that can hold a library.
        EngineError: it is of one, whose driver is not installed.
    """
    library = address_of(named or os.environ.get("ENGINE_LIBRARY") or user_data_path(APPLICATION) / "library")
    if isinstance(library, ServerAddress) and not is_installed("postgres"):
        raise EngineError(
            f"A library on a server needs psycopg, which is not installed; run `{extra_command('postgres')}`."
        )
    if isinstance(library, ServerAddress) and library.vectors is not None and not is_installed("qdrant"):
        raise EngineError(
            f"Vectors in Qdrant need qdrant-client, which is not installed; run `{extra_command('qdrant')}`."
        )
    return library


def cache_folder() -> Path:
    """Files that can be made again (exported networks, features): ``ENGINE_CACHE``, or the user's cache folder."""
    return _folder("ENGINE_CACHE", user_cache_path(APPLICATION))


def models_folder() -> Path:
    """Models that were added by name: ``ENGINE_MODELS``, or a folder in the user's data folder."""
    return _folder("ENGINE_MODELS", user_data_path(APPLICATION) / "models")


def user_file() -> Path:
    """The user's settings file, whether it exists or not: ``ENGINE_CONFIG``, or one in the user's settings folder."""
    return _folder(USER_FILE_VARIABLE, user_config_path(APPLICATION) / "settings.toml")

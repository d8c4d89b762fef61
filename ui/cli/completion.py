"""What the shell offers after an option: names of the library and the settings, at once, and nothing on errors."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.runtime.setting_files import SettingPlaces
from engine.runtime.settings import SETTINGS, library_address, models_folder

MODELS = ("default", "paper")
CAPTIONERS = ("default", "paper", "regions")

Completion = Callable[[Any, list[str], str], list[str]]


def _silent(offer: Callable[[Any, str], Iterable[str]]) -> Completion:
    """What is offered; nothing where that fails, as a message would stand in the middle of a command line."""

    def completion(ctx: Any, args: list[str], incomplete: str) -> list[str]:  # Typer knows them by these names
        with suppress(Exception):
            return list(offer(ctx, incomplete))
        return []

    return completion


def _library(context: Any) -> Path:
    """The library of the command line so far, else of the environment or the settings."""
    named = context.params.get("library")
    from index.address import require_folder

    library = library_address(named or str(SettingPlaces.read().find(SETTINGS["library"]).value))
    return require_folder(library, "its names are not asked for over a network while somebody types.")


def _added() -> list[str]:
    return sorted(path.parent.name for path in models_folder().glob("[!.]*/config.json"))


@_silent
def cameras(context: Any, _: str) -> Iterable[str]:
    """Cameras of the library's photos."""
    from index.catalogue import at_a_glance

    return at_a_glance.cameras(_library(context))


@_silent
def folders(context: Any, incomplete: str) -> Iterable[str]:
    """Folders of the library's photos: paths once a path was begun, else names."""
    from index.catalogue import at_a_glance

    found = at_a_glance.folders(_library(context), incomplete if "/" in incomplete else "")
    return found if "/" in incomplete else sorted({Path(folder).name for folder in found})


@_silent
def albums(context: Any, _: str) -> Iterable[str]:
    """Albums of the library."""
    from index.catalogue import at_a_glance

    return at_a_glance.albums(_library(context))


@_silent
def saved_searches(context: Any, _: str) -> Iterable[str]:
    """Saved searches of the library."""
    from index.catalogue import at_a_glance

    return at_a_glance.saved_searches(_library(context))


@_silent
def sentence_files(context: Any, _: str) -> Iterable[str]:
    """Files of sentences that were indexed."""
    from index.catalogue import at_a_glance

    return at_a_glance.sentence_files(_library(context))


@_silent
def models(context: Any, _: str) -> Iterable[str]:
    """Models that are packaged or were added; the shell itself completes folders."""
    return (*MODELS, *_added())


@_silent
def added_models(context: Any, _: str) -> Iterable[str]:
    """Models that were added by name."""
    return _added()


@_silent
def captioners(context: Any, _: str) -> Iterable[str]:
    """The packaged caption models."""
    return CAPTIONERS


@_silent
def devices(context: Any, _: str) -> Iterable[str]:
    """What may compute."""
    return SETTINGS["device"].choices


@_silent
def settings(context: Any, _: str) -> Iterable[str]:
    """Names of settings."""
    return SETTINGS


@_silent
def setting_values(context: Any, _: str) -> Iterable[str]:
    """The choices of the setting that was named before."""
    return SETTINGS[context.params["name"]].choices

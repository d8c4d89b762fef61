"""What options have when they are not given: the environment, then the files of settings."""

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Never

import typer
from typer.core import TyperGroup

from engine.errors import EngineError
from engine.runtime.setting_files import SettingPlaces
from engine.runtime.settings import SETTINGS, Setting


def use_settings(context: typer.Context) -> None:
    """Give each setting's value to the options of that name of every verb.

    What is wrong with a file or a variable is said by the verbs that need it, so that help and `engine config path`
    work whatever is in them.
    """
    values = _values()
    group = context.command
    assert isinstance(group, TyperGroup)
    context.default_map = {
        word: {parameter.name: values[parameter.name] for parameter in command.params if parameter.name in values}
        for word, command in group.commands.items()
        if word != "doctor"  # which says itself what is wrong with them
    }
    _let_photos_be_as_large(context, values.get("max_pixels"))


def _values() -> Mapping[str, Any]:
    """Each setting that is set, by name; where it cannot be had, a function that says why."""
    try:
        places = SettingPlaces.read()
    except EngineError as error:
        return dict.fromkeys(SETTINGS, _refusing(error))
    values = {name: _value(places, setting) for name, setting in SETTINGS.items()}
    return {name: value for name, value in values.items() if value is not None}


def _value(places: SettingPlaces, setting: Setting) -> Any:
    try:
        found = places.find(setting)
    except EngineError as error:
        return _refusing(error)
    return None if found.origin == "default" else found.value


def _refusing(error: EngineError) -> Callable[[], Never]:
    def refuse() -> Never:
        raise error

    return refuse


def _let_photos_be_as_large(context: typer.Context, pixels: Any) -> None:
    """Verbs without --max-pixels read photos too: for them, the engine takes it from the environment."""
    variable = SETTINGS["max_pixels"].variable
    if isinstance(pixels, int) and variable not in os.environ:
        os.environ[variable] = str(pixels)
        context.call_on_close(partial(os.environ.pop, variable, None))

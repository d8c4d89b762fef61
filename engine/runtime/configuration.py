"""Configurations as JSON files, read into dataclasses whose settings pydantic checks by name and kind."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from engine.errors import ModelError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Config = TypeVar("Config", bound="DataclassInstance")


def read_configuration(path: Path, kind: type[Config]) -> Config:
    """Read a configuration as the dataclass ``kind``, which has a name and sections of settings.

    Raises:
        ModelError: no such file, not JSON, a setting that does not exist, or a value of the wrong kind.
    """
    try:
        return TypeAdapter(kind).validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise ModelError(f"{path} does not exist; a model folder holds config.json.") from error
    except ValidationError as error:
        first = error.errors()[0]
        if len(first["loc"]) < 2:
            wrong = ": ".join(map(str, (*first["loc"], first["msg"])))
            raise ModelError(f"{path} is not a model configuration ({wrong}); expected JSON with a name.") from error
        section, setting = first["loc"][:2]
        if first["type"] == "unexpected_keyword_argument":
            kinds: dict[object, Any] = {field.name: field.type for field in dataclasses.fields(kind)}
            settings = ", ".join(field.name for field in dataclasses.fields(kinds[section]))
            raise ModelError(f"{path}: there is no setting {setting!r}; the settings are {settings}.") from error
        expected = first["msg"].removeprefix("Input should be ")
        raise ModelError(f"{path}: {setting} is {first['input']!r}; expected {expected}.") from error

"""Configurations as JSON files: a name, and sections of settings that are checked by name and kind."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from engine.errors import ModelError


def read_sections(path: Path, sections: Mapping[str, type]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read a configuration: its content, which has a name, and each of ``sections`` as the dataclass given for it.

    Raises:
        ModelError: no such file, not JSON, a setting that does not exist, or a value of the wrong kind.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        made = {key: _section(kind, content.get(key, {}), path) for key, kind in sections.items()}
        content["name"]
    except FileNotFoundError as error:
        raise ModelError(f"{path} does not exist; a model folder holds config.json.") from error
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, AttributeError) as error:
        raise ModelError(f"{path} is not a model configuration ({error}); expected JSON with a name.") from error
    return content, made


def _section(kind: type, values: dict[str, Any], path: Path) -> Any:
    fields = {field.name: field.type for field in dataclasses.fields(kind)}
    for name, value in values.items():
        if name not in fields:
            raise ModelError(f"{path}: there is no setting {name!r}; the settings are {', '.join(fields)}.")
        expected = fields[name]
        if get_origin(expected) is Literal:
            right, wanted = value in get_args(expected), f"one of {', '.join(get_args(expected))}"
        else:
            # A whole number will do for a fraction; a truth value, which Python counts as a number, will not.
            right = type(value) is expected or (expected is float and type(value) is int)
            wanted = f"a value of type {getattr(expected, '__name__', expected)}"
        if not right:
            raise ModelError(f"{path}: {name} is {value!r}; expected {wanted}.")
    return kind(**values)

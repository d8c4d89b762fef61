"""Configurations as JSON files, read into dataclasses whose settings pydantic checks by name and kind."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, TypeAdapter, ValidationError

from engine.errors import ModelError

# Configurations come with models of strangers: what is allowed here fits into memory, in any number of a model's parts.
Size = Annotated[int, Field(ge=1, le=2**16)]
Count = Annotated[int, Field(ge=0, le=2**16)]
Few = Annotated[int, Field(ge=1, le=64)]
Side = Annotated[int, Field(ge=32, le=2048)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class Configuration:
    """A name; subclasses add sections of settings, each a dataclass."""

    name: str

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read it from JSON.

        Raises:
            ModelError: no such file, not JSON, a setting that does not exist, or a value of the wrong kind.
        """
        try:
            return TypeAdapter(cls).validate_json(path.read_bytes())
        except FileNotFoundError as error:
            raise ModelError(f"{path} does not exist; a model folder holds config.json.") from error
        except ValidationError as error:
            first = error.errors()[0]
            if len(first["loc"]) < 2:
                wrong = ": ".join(map(str, (*first["loc"], first["msg"])))
                raise ModelError(
                    f"{path} is not a model configuration ({wrong}); expected JSON with a name."
                ) from error
            section, setting = first["loc"][:2]
            if first["type"] == "unexpected_keyword_argument":
                kinds: dict[object, Any] = {field.name: field.type for field in dataclasses.fields(cls)}
                settings = ", ".join(field.name for field in dataclasses.fields(kinds[section]))
                raise ModelError(f"{path}: there is no setting {setting!r}; the settings are {settings}.") from error
            expected = first["msg"].removeprefix("Input should be ")
            raise ModelError(f"{path}: {setting} is {first['input']!r}; expected {expected}.") from error

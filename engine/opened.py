"""An open library: its folder, its model and its reader, each opened when it is first needed."""

import warnings
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from engine.alignment.folder import PRETRAINED, load_model
from engine.errors import LibraryMissingError, ModelError, WrongModelError
from engine.models.multimodal import MultimodalModel
from engine.runtime.device import choose_device
from engine.runtime.settings import library_folder
from engine.search.exhaustive import open_reader
from engine.types import Warn
from index import LibraryReader

if TYPE_CHECKING:
    from engine.captioning.describe import Describer

DEFAULT_MODEL = "default"


def _warn(text: str) -> None:
    warnings.warn(text, stacklevel=3)


class OpenedLibrary:
    """A photo library with the model that reads it.

    Networks are loaded when they are first needed, and stay.
    """

    def __init__(self, folder: Path, model: str | None, device: str, warn: Warn) -> None:
        self.folder = folder
        self._model_name = model
        self._device = device
        self._warn = warn
        self._reader: LibraryReader | None = None
        self._told: set[str] = set()
        self._describers: dict[tuple[str, str], Describer] = {}

    @classmethod
    def open(
        cls,
        library: str | Path | None = None,
        *,
        model: str | None = None,
        device: str = "auto",
        warn: Warn = _warn,
    ) -> Self:
        """Open a library; nothing is read or made yet.

        ``library`` is its folder; None for ``ENGINE_LIBRARY`` or the user's data folder. ``model`` is ``default``,
        ``paper`` or a model folder; None for the one that made the library, else ``default``. ``device`` is ``auto``,
        ``cpu`` or ``cuda``. ``warn`` is told what a user should know, a sentence at a time.
        """
        return cls(library_folder(library), model, device, warn)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def beside(self) -> Self:
        """Another Engine on the same library, with the same networks in memory, for another thread."""
        other = type(self)(self.folder, self._model_name, self._device, self._warn)
        other.__dict__["model"] = self.model  # as if it had been loaded there
        other._describers = self._describers
        return other

    def close(self) -> None:
        """Let go of the library's files."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    @cached_property
    def model(self) -> MultimodalModel:
        """The model, loaded on first use.

        Raises:
            ModelError: there is no such model, or its files are damaged.
        """
        return MultimodalModel(load_model(self._model_name or self._library_model()), choose_device(self._device))

    def _library_model(self) -> str:
        try:
            build = LibraryReader.current_build(self.folder)
        except LibraryMissingError:
            return DEFAULT_MODEL
        if build is not None and build.model_name not in PRETRAINED:
            raise ModelError(
                f"The library in {self.folder} was made by the model {build.model_name!r}, which is not one of "
                f"{', '.join(PRETRAINED)}: name its folder with --model, or run `engine index --model {DEFAULT_MODEL}` "
                "to embed the photos again."
            )
        return DEFAULT_MODEL if build is None else build.model_name

    @property
    def reader(self) -> LibraryReader:
        """The library, open for reading, as it is now: a later run is seen the next time this is asked for.

        Raises:
            LibraryMissingError: there is none in the folder.
        """
        if self._reader is not None and self._reader.changed():
            self.close()
        if self._reader is None:
            self._reader = open_reader(self.folder, self._warn, self._device)
        for text in set(self._reader.damage) - self._told:
            self._told.add(text)
            self._warn(text)
        return self._reader

    def _fitting_reader(self) -> LibraryReader:
        """The library, if the model made its vectors."""
        reader = self.reader
        build = reader.build
        if build is not None and build.fingerprint != self.model.fingerprint:
            raise WrongModelError(
                f"The library in {self.folder} was made by the model {build.model_name!r} ({build.fingerprint[:8]}), "
                f"and this is {self.model.name!r} ({self.model.fingerprint[:8]}): their vectors cannot be compared. "
                f"Use the library's model, or run `engine index --model {self._model_name or DEFAULT_MODEL}` on it "
                "to embed its photos again."
            )
        return reader
